"""An order as the OMS tells it: what was ordered, what became of each line, and what it costs."""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from domain.base import Frozen, Moment


class LineStatus(StrEnum):
    """HotWax item statuses of a sales order (hotwax 1.2)."""

    CREATED = "ITEM_CREATED"
    APPROVED = "ITEM_APPROVED"
    COMPLETED = "ITEM_COMPLETED"
    REJECTED = "ITEM_REJECTED"
    CANCELLED = "ITEM_CANCELLED"
    EXPIRED = "ITEM_EXPIRED"


DROPPED = frozenset({LineStatus.REJECTED, LineStatus.CANCELLED, LineStatus.EXPIRED})
"""Statuses that take a line out of the order (hotwax 1.3, evaluation rule)."""


class AdjustmentType(StrEnum):
    """HotWax adjustment types that Waybill knows how to invoice (hotwax 1.2)."""

    SALES_TAX = "SALES_TAX"
    PROMOTION = "EXT_PROMO_ADJUSTMENT"
    SHIPPING = "SHIPPING_CHARGES"
    SHIPPING_TAX = "SHIPPING_SALES_TAX"
    SHIPPING_DISCOUNT = "EXT_SHIP_ADJUSTMENT"


class Adjustment(Frozen):
    """An amount added to a line or to the order; discounts are negative. `kind` is the OMS's own word."""

    kind: str
    amount: Decimal


class Line(Frozen):
    """One order line. `facility_id` is where it was or will be fulfilled; `upc` is None when the OMS gives none."""

    line_id: str
    product_id: str
    upc: str | None
    quantity: int = Field(gt=0)
    status: LineStatus
    unit_price: Decimal
    facility_id: str
    digital: bool = False
    pickup: bool = False
    shipment_method: str = ""
    completed_at: Moment | None = None
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether the line is no longer part of the order."""
        return self.status in DROPPED

    @property
    def fulfilled(self) -> bool:
        """Whether the line has shipped or was handed over."""
        return self.status is LineStatus.COMPLETED


class Party(Frozen):
    """A name and address on the invoice: personal data, never logged and never sent through Temporal."""

    name: str = ""
    email: str = ""
    phone: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    country: str = ""


class Order(Frozen):
    """A sales order with its lines, order-level adjustments and parties; amounts are in `currency`."""

    tenant: str
    order_id: str
    order_no: str
    channel: str
    status: str
    placed_at: Moment
    currency: str
    lines: tuple[Line, ...]
    adjustments: tuple[Adjustment, ...] = ()
    grand_total: Decimal | None = None
    attributes: Mapping[str, str] = Field(default_factory=dict)
    confirmed_at: Moment | None = None
    billing: Party = Party()
    shipping: Party = Party()
    payment_methods: tuple[str, ...] = ()

    @property
    def kept(self) -> tuple[Line, ...]:
        """The lines that are still part of the order."""
        return tuple(line for line in self.lines if not line.dropped)

    @property
    def fulfilled(self) -> tuple[Line, ...]:
        """The lines that have shipped or were handed over."""
        return tuple(line for line in self.lines if line.fulfilled)

    @property
    def open_lines(self) -> tuple[Line, ...]:
        """The lines that are still to be fulfilled."""
        return tuple(line for line in self.kept if not line.fulfilled)
