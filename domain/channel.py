"""Which life an order leads: invoiced by us, or already invoiced at a point of sale."""

from enum import StrEnum

from domain.order import Line, Order

POS_CHANNELS = frozenset({"POS_SALES_CHANNEL", "POS_CHANNEL"})
EXCHANGE_CHANNELS = frozenset({"EXCHG_SALES_CHANNEL", "EXCHANGE_CHANNEL"})
CARRIED_OUT = "POS_COMPLETED"


class OrderKind(StrEnum):
    """What is owed for an order (hotwax 5.1)."""

    INVOICED = "invoiced"
    SEND_SALE = "send_sale"
    CARRIED_OUT = "carried_out"
    EXCHANGE = "exchange"


def kind_of(order: Order) -> OrderKind:
    """What kind of order this is; both spellings of a channel count (hotwax 1.2, two vocabularies).

    A POS order of which anything is shipped is a send sale: invoiced at the point of sale, still owing transfers.
    One that was carried out of the store owes nothing (hotwax 5.1, send-sale orders).
    """
    if order.channel in POS_CHANNELS:
        return OrderKind.SEND_SALE if any(map(_is_shipped, order.kept)) else OrderKind.CARRIED_OUT
    if order.channel in EXCHANGE_CHANNELS:
        return OrderKind.EXCHANGE
    return OrderKind.INVOICED


def _is_shipped(line: Line) -> bool:
    return line.shipment_method != CARRIED_OUT


def lines_to_transfer(order: Order) -> tuple[Line, ...]:
    """The lines of a send sale that another store may have shipped."""
    return tuple(line for line in order.fulfilled if _is_shipped(line) and not line.digital)


def selling_facility(order: Order, attribute: str) -> str | None:
    """The facility that sold a POS order, from an order attribute spelled either way (hotwax 5.1)."""
    wanted = attribute.lower()
    return next((value for name, value in order.attributes.items() if name.lower() == wanted and value), None)
