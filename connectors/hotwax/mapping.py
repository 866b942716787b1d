"""From HotWax's master shape to an order of the domain: pure functions, strict where money or stock depends on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import Contract
from connectors.hotwax.parties import parties_of
from connectors.hotwax.wire import BROKEN, WireAdjustment, WireItem, WireOrder, WireShipGroup
from connectors.settings import HotWaxSettings
from domain.order import Adjustment, Line, LineStatus, Order

NOWHERE = "_NA_"
"""The facility of digital goods (hotwax 1.3), and the line of order-level rows (hotwax 1.1)."""

MOST_UNITS = 1_000_000_000
"""More than any line has, and fewer than a column of numbers keeps."""

PICKUP = "STOREPICKUP"
VIRTUAL = "VIRTUAL_FACILITY"


@dataclass(frozen=True)
class Lookups:
    """What an order refers to and does not contain: UPCs, parents of shipment methods, parents of facility types."""

    upcs: Mapping[str, str]
    method_parents: Mapping[str, str]
    facility_parents: Mapping[str, str]


@dataclass(frozen=True)
class _Mapping:
    """What every function below needs, besides its own part of the order."""

    system: str
    order: WireOrder
    lookups: Lookups
    settings: HotWaxSettings

    def wrong(self, place: str, expected: str, got: object = "nothing") -> Contract:
        """The error that names this place in the order."""
        return Contract(self.system, "read_order", place=f"orders[0].{place}", expected=expected, got=got)


def order_from(system: str, tenant: str, wire: WireOrder, lookups: Lookups, settings: HotWaxSettings) -> Order:
    """The order of the domain.

    Raises:
        Contract: something that decides about money, stock or the channel is missing or makes no sense.
    """
    it = _Mapping(system, wire, lookups, settings)
    billing, shipping = parties_of(wire)
    methods = (payment.payment_method_type_id for payment in wire.payment_preferences)
    return Order(
        tenant=tenant,
        order_id=wire.order_id,
        order_no=_order_no(it),
        channel=_channel(it),
        status=wire.status_id,
        placed_at=_placed_at(it),
        currency=wire.currency_uom,
        lines=_lines(it),
        adjustments=_adjustments(a for a in wire.adjustments if a.order_item_seq_id in {None, NOWHERE}),
        grand_total=wire.grand_total,
        attributes={row.attr_name: row.attr_value for row in wire.attributes},
        confirmed_at=_confirmed_at(it),
        billing=billing,
        shipping=shipping,
        payment_methods=tuple(dict.fromkeys(filter(None, methods))),
    )


def _order_no(it: _Mapping) -> str:
    source = it.settings.order_no_source
    if source == "orderName":
        found, place = it.order.order_name, "orderName"
    else:
        rows = [row for row in it.order.identifications if row.order_identification_type_id == source]
        current = [row for row in rows if row.thru_date is None]
        found, place = (current[-1].id_value if current else None), f"identifications[{source}]"
    number = (found or "").strip().strip(it.settings.order_no_strip).strip()
    if not number:
        raise it.wrong(place, "the order number (setting order_no_source)")
    if not number.isprintable() or BROKEN.search(number):
        raise it.wrong(place, "an order number without control characters and broken ones", repr(number))
    return number


def _channel(it: _Mapping) -> str:
    """The sales channel, by either of its names; without it a sale of the POS could be invoiced twice (hotwax 5.1)."""
    channel = it.order.sales_channel_enum_id or it.order.sales_channel
    if channel is None:
        raise it.wrong("salesChannelEnumId", "a sales channel")
    return channel


def _placed_at(it: _Mapping) -> datetime:
    moment = it.order.order_date or it.order.entry_date
    if moment is None:
        raise it.wrong("orderDate", "when the order was placed")
    return moment


def _confirmed_at(it: _Mapping) -> datetime | None:
    """When the store confirmed its invoice (hotwax 5.4); the order's own date where HotWax gives no time.

    That date is before any invoice, so that it confirms the order's first invoice and never a supplement.
    """
    wanted = (it.settings.confirmation_attribute, it.settings.confirmation_value)
    row = next((row for row in it.order.attributes if (row.attr_name, row.attr_value) == wanted), None)
    return (row.last_updated_stamp or _placed_at(it)) if row else None


def _adjustments(rows: Iterator[WireAdjustment]) -> tuple[Adjustment, ...]:
    """Amounts as the OMS names them; a row without an amount adds nothing."""
    return tuple(
        Adjustment(kind=row.order_adjustment_type_id, amount=row.amount) for row in rows if row.amount is not None
    )


# ---- lines -----------------------------------------------------------------------------------------------------------


def _lines(it: _Mapping) -> tuple[Line, ...]:
    """All lines of all ship groups, by line id. None at all would read as a cancelled order, so it is an error."""
    lines: dict[str, Line] = {}
    for at, group in enumerate(it.order.ship_groups):
        for number, item in enumerate(group.items):
            place = f"shipGroups[{at}].items[{number}]"
            if item.order_item_seq_id in lines:
                raise it.wrong(f"{place}.orderItemSeqId", "a line that no other ship group has", item.order_item_seq_id)
            lines[item.order_item_seq_id] = _line(it, place, group, item)
    if not lines:
        raise it.wrong("shipGroups", "a ship group with items")
    return tuple(line for _, line in sorted(lines.items()))


def _line(it: _Mapping, place: str, group: WireShipGroup, item: WireItem) -> Line:
    facility, method = group.facility_id or NOWHERE, group.shipment_method_type_id
    digital = facility == NOWHERE or it.lookups.facility_parents.get(facility) == VIRTUAL
    return Line(
        line_id=item.order_item_seq_id,
        product_id=item.product_id,
        upc=it.lookups.upcs.get(item.product_id),
        quantity=_quantity(it, place, item),
        status=item.status_id,
        unit_price=item.unit_price,
        facility_id=facility,
        digital=digital,
        pickup=PICKUP in {method, it.lookups.method_parents.get(method)},
        shipment_method=method,
        completed_at=_completed_at(it, place, item, required=not digital),
        adjustments=_adjustments(iter(item.adjustments)),
    )


def _quantity(it: _Mapping, place: str, item: WireItem) -> int:
    """The units that are still part of the order; all that were, for a line that was dropped as a whole."""
    left = item.quantity - item.cancel_quantity
    cancelled = item.status_id is LineStatus.CANCELLED
    units = item.quantity if cancelled or left == 0 else left
    if not 0 < units <= MOST_UNITS or units != units.to_integral_value():
        raise it.wrong(f"{place}.quantity", f"a whole number of units, 1 to {MOST_UNITS}", units)
    if left <= 0 and item.status_id in {LineStatus.COMPLETED, LineStatus.APPROVED, LineStatus.CREATED}:
        raise it.wrong(
            f"{place}.cancelQuantity", f"less than the quantity of an {item.status_id} line", item.cancel_quantity
        )
    return int(units)


def _completed_at(it: _Mapping, place: str, item: WireItem, *, required: bool) -> datetime | None:
    """When a fulfilled line was: its latest completion, since a line may be reopened (hotwax 1.2).

    Its history stands with the item or among the order's rows (hotwax 2.3).
    """
    if item.status_id is not LineStatus.COMPLETED:
        return None
    of_order = (row for row in it.order.statuses if row.order_item_seq_id == item.order_item_seq_id)
    rows = [row for row in (*item.statuses, *of_order) if row.status_id == LineStatus.COMPLETED]
    moments = [row.status_datetime for row in rows if row.status_datetime is not None]
    if not moments and required:
        raise it.wrong(f"{place}.statuses", "a row that says when the line became ITEM_COMPLETED")
    return max(moments, default=None)
