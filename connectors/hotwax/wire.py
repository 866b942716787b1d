"""HotWax's own shapes, read leniently: rows drop nulls, empty lists and keys shared with their parent (hotwax 2.2).

A missing key is no error where a null would be none; numbers may come as texts and ids as numbers.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from connectors.errors import Contract, place_of
from domain.order import LineStatus

_PERSONAL = frozenset({"attributes", "contactMechs", "paymentPreferences"})
"""Parts of an order whose values are never shown."""

_EPOCH = re.compile(r"-?\d+")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
BROKEN = re.compile("[\0\ufffd\ud800-\udfff]")
"""A character that was lost, or the mark in its place: two ids may differ in nothing else."""


def _moment(value: object) -> datetime:
    """A point in time from epoch milliseconds, or from ISO text that carries its zone."""
    text = "" if isinstance(value, bool) else str(value).strip()
    with suppress(ValueError, OverflowError, OSError):
        moment = (
            datetime.fromtimestamp(int(text) / 1000, UTC) if _EPOCH.fullmatch(text) else datetime.fromisoformat(text)
        )
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    raise ValueError("epoch milliseconds or ISO text with its zone")


def _of_our_time(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    return moment


def _whole(text: str) -> str:
    if BROKEN.search(text):
        raise ValueError("an id without broken characters")
    return text


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number expected")  # noqa: TRY004 - pydantic reports ValueErrors
    return value


Bound = Annotated[datetime, BeforeValidator(_moment)]
"""From or until when a row holds; systems write the first or the last of all years for ever."""
Time = Annotated[Bound, AfterValidator(_of_our_time)]
"""When something happened or is due: far enough from both ends of time to be told in any zone."""
Amount = Annotated[Decimal, BeforeValidator(_no_bool)]
Id = Annotated[str, AfterValidator(_whole)]
"""An id by which something is kept, or asked for again."""


class Wire(BaseModel):
    """A row of HotWax's; unknown keys are ignored, nulls and empty texts count as missing."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, coerce_numbers_to_str=True, frozen=True, extra="ignore"
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, row: Any) -> Any:
        if not isinstance(row, Mapping):
            return row
        return {key: value for key, value in row.items() if value is not None and value != ""}


class WireStatus(Wire):
    """A row of the status history."""

    order_item_seq_id: str | None = None
    status_id: str | None = None
    status_datetime: Time | None = None


class WireAdjustment(Wire):
    """An amount on a line or, with the line `_NA_` or none, on the order."""

    order_item_seq_id: str | None = None
    order_adjustment_type_id: str
    amount: Amount | None = None


class WireItem(Wire):
    """One order line inside its ship group."""

    order_item_seq_id: Id
    product_id: Id
    quantity: Amount
    cancel_quantity: Amount = Decimal(0)
    unit_price: Amount
    status_id: LineStatus
    adjustments: tuple[WireAdjustment, ...] = ()
    statuses: tuple[WireStatus, ...] = ()


class WireShipGroup(Wire):
    """Where and how some lines are fulfilled; groups of earlier routing attempts are empty (hotwax 1.3)."""

    facility_id: str | None = None
    shipment_method_type_id: str = ""
    contact_mech_id: str | None = None
    items: tuple[WireItem, ...] = ()


class WireAttribute(Wire):
    """A free key and value of the order."""

    attr_name: str
    attr_value: str = ""
    last_updated_stamp: Time | None = None


class WireIdentification(Wire):
    """An id of the order in another system; rows are expired, never edited."""

    order_identification_type_id: str
    id_value: str = ""
    from_date: Bound | None = None
    thru_date: Bound | None = None

    def is_active(self, now: datetime) -> bool:
        """Whether the row has not been expired."""
        return self.thru_date is None or self.thru_date > now


class WirePayment(Wire):
    """How the order is paid."""

    payment_method_type_id: str | None = None


class WireAddress(Wire):
    """A postal address; the master shape has one name only."""

    to_name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    country_geo_id: str = ""


class WirePhone(Wire):
    """A telephone number in its parts."""

    country_code: str = ""
    area_code: str = ""
    contact_number: str = ""


class WireMech(Wire):
    """The common part of a contact: an e-mail address stands here."""

    info_string: str = ""


class WireContact(Wire):
    """A way to reach the customer, for one purpose."""

    contact_mech_purpose_type_id: str | None = None
    contact_mech_id: str | None = None
    info_string: str = ""
    contact_mech: WireMech = WireMech()
    postal_address: WireAddress | None = None
    telecom_number: WirePhone | None = None


class WireOrder(Wire):
    """An order in the master shape (`dependentLevels=1`)."""

    order_id: Id
    order_name: str | None = None
    sales_channel_enum_id: str | None = None
    sales_channel: str | None = None
    order_date: Time | None = None
    entry_date: Time | None = None
    status_id: str
    currency_uom: str
    grand_total: Amount | None = None
    ship_groups: tuple[WireShipGroup, ...] = ()
    adjustments: tuple[WireAdjustment, ...] = ()
    attributes: tuple[WireAttribute, ...] = ()
    identifications: tuple[WireIdentification, ...] = ()
    statuses: tuple[WireStatus, ...] = ()
    payment_preferences: tuple[WirePayment, ...] = ()
    contact_mechs: tuple[WireContact, ...] = ()


class WireEvent(Wire):
    """A row of OrderStatus; without a line it is about the header (hotwax 1.1)."""

    order_status_id: Id
    order_id: Id
    order_item_seq_id: Id | None = None
    status_id: str
    status_datetime: Time


class WireGoodIdentification(Wire):
    """An id of a product, such as its UPC."""

    product_id: str
    id_value: str
    from_date: Bound | None = None
    thru_date: Bound | None = None


class WireMethod(Wire):
    """A shipment method; its parent tells pickup (hotwax 1.2)."""

    shipment_method_type_id: str
    parent_type_id: str | None = None


class WireFacility(Wire):
    """A facility with the parent of its type."""

    facility_id: str
    parent_type_id: str | None = None


class WireKey(Wire):
    """The body of an identification that we write (hotwax 2.8, option A)."""

    order_id: str
    order_identification_type_id: str
    id_value: str
    from_date: int = Field(gt=0)


Shape = TypeVar("Shape")

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(shape: type[Shape]) -> TypeAdapter[Shape]:
    """The validator of a shape, made once: making one costs more than using it."""
    if shape not in _ADAPTERS:
        _ADAPTERS[shape] = TypeAdapter(shape)
    return _ADAPTERS[shape]


def read(system: str, operation: str, shape: type[Shape], value: Any, place: str) -> Shape:
    """The value in the given shape.

    Raises:
        Contract: it is not; names the first place below `place`, and the value where it is not personal.
    """
    try:
        return _adapter(shape).validate_python(value)
    except ValidationError as error:
        raise _contract(system, operation, error, place) from None


def _contract(system: str, operation: str, error: ValidationError, place: str) -> Contract:
    first = error.errors(include_url=False, include_context=False)[0]
    got = _shown(first["input"], first["loc"], missing=first["type"] == "missing")
    return Contract(
        system, operation, place=place_of(place, first["loc"]), expected=_expectation(first["msg"]), got=got
    )


def _expectation(words: str) -> str:
    """Pydantic's message as what comes after "expected"."""
    for start in ("Input should be ", "Value error, "):
        words = words.removeprefix(start)
    return "the field" if words == "Field required" else words


def _shown(value: object, loc: Sequence[int | str], *, missing: bool) -> str:
    if missing:
        return "nothing"
    if isinstance(value, Mapping | list | tuple) or not _PERSONAL.isdisjoint(map(str, loc)):
        return f"a {type(value).__name__}"
    return repr(value) if isinstance(value, str) else str(value)
