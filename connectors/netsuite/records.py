"""Purchase orders and item receipts as the record service tells them (netsuite 8)."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from connectors.errors import place_of
from connectors.netsuite.errors import BadRecord
from connectors.netsuite.orders import is_sensible
from domain.purchase_order import PoStatus

T = TypeVar("T")


def _amount(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number expected")  # noqa: TRY004 - pydantic collects value errors
    return value


def _bounded(value: Decimal) -> Decimal:
    if not is_sensible(value):
        raise ValueError("a number that can be written in plain digits expected")
    return value


Amount = Annotated[Decimal, BeforeValidator(_amount), AfterValidator(_bounded)]


class Wire(BaseModel):
    """A part of a record; unknown keys are ignored, and ids may come as numbers."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, coerce_numbers_to_str=True, frozen=True, extra="ignore"
    )


class WireRef(Wire):
    """A reference to another record."""

    id: str | None = None


class WireSublist(Wire):
    """Lines of a record; of more than 1,000 a collection has the first ones only (netsuite 8)."""

    items: tuple[Wire, ...] = ()
    has_more: bool = False
    total_results: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether all lines are here."""
        return not self.has_more and (self.total_results or 0) <= len(self.items)


class WireOrderLine(Wire):
    """A line of a purchase order, its quantities in its own unit."""

    line: str
    quantity: Amount = Decimal(0)
    quantity_received: Amount = Decimal(0)
    is_closed: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a receipt of the order has this line."""
        return not self.is_closed and self.quantity > self.quantity_received


class WireOrderLines(WireSublist):
    """The sublist of items."""

    items: tuple[WireOrderLine, ...] = ()


class WireExpenseLine(Wire):
    """A line of a purchase order that is no goods."""

    is_closed: bool = False


class WireExpenseLines(WireSublist):
    """The sublist of expenses."""

    items: tuple[WireExpenseLine, ...] = ()


class WireOrder(Wire):
    """A purchase order with its lines."""

    id: str
    order_status: WireRef | None = None
    item: WireOrderLines = WireOrderLines()
    expense: WireExpenseLines = WireExpenseLines()

    @property
    def status(self) -> PoStatus | None:
        """Its status; None where it tells a letter that nobody knows."""
        letter = self.order_status.id if self.order_status else None
        return PoStatus(letter) if letter in set(PoStatus) else None

    @property
    def open_lines(self) -> frozenset[str]:
        """The ids of the lines that a receipt would have."""
        return frozenset(line.line for line in self.item.items if line.is_open)


class WireReceiptLine(Wire):
    """A line of an item receipt."""

    order_line: str | None = None
    line: str | None = None
    quantity: Amount = Decimal(0)
    item_receive: bool = True


class WireReceiptLines(WireSublist):
    """The sublist of items."""

    items: tuple[WireReceiptLine, ...] = ()


class WireReceipt(Wire):
    """An item receipt with its lines."""

    id: str
    external_id: str | None = None
    created_from: WireRef | None = None
    item: WireReceiptLines = WireReceiptLines()

    @property
    def quantities(self) -> Mapping[str, Decimal]:
        """What it received, by line of the purchase order."""
        received = [line for line in self.item.items if line.item_receive and line.quantity]
        return {line.order_line or line.line or "": line.quantity for line in received}


class StoredReceipt(BaseModel):
    """The body of a receipt as the ledger keeps it: whose it is, and the exact object that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    po_id: str
    receipt: dict[str, Any]
    received: dict[str, Decimal] = {}
    """Line id -> what the purchase order has received, where the receipt is to be sent only while that is so."""
    unreadable: frozenset[str] = frozenset()
    """Lines that could not be read when it was promised: it names those that are open when it is sent."""

    @property
    def external_id(self) -> str:
        """The name by which it is found again."""
        return str(self.receipt["externalId"])

    @property
    def quantities(self) -> Mapping[str, Decimal | None]:
        """Line id -> what is received of it; None for the lines that are named and not received."""
        lines = self.receipt["item"]["items"]
        return {str(line[self._line_key]): Decimal(line["quantity"]) if line["itemReceive"] else None for line in lines}

    def beside(self, open_lines: Collection[str]) -> "StoredReceipt":
        """The same, that receives nothing on those of these lines that could not be read."""
        lines = self.receipt["item"]["items"]
        hidden = sorted(self.unreadable.intersection(open_lines), key=int)
        not_received = [{self._line_key: int(line_id), "itemReceive": False} for line_id in hidden]
        receipt = {**self.receipt, "item": {"items": [*lines, *not_received]}}
        return self.model_copy(update={"receipt": receipt})

    @property
    def _line_key(self) -> str:
        """How it names its lines."""
        return "orderLine" if "orderLine" in self.receipt["item"]["items"][0] else "line"


def read(system: str, operation: str, shape: type[T], value: object) -> T:
    """The value in this shape.

    Raises:
        BadRecord: it has another; says where.
    """
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = place_of("record", first["loc"])
        raise BadRecord(system, operation, place=place, expected=first["msg"]) from None
