"""How one order looks on a screen."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType

from operators.cli.commanding import ways_on
from operators.cli.tables import age, right, shown, table, warning, wrong
from operators.cli.visible import Text
from operators.queries import EffectLine, OrderView


def view_of(view: OrderView, link: str) -> list[RenderableType]:
    """The whole screen."""
    return [*_head(view, link), _lines(view), _effects(view), *_proof(view), _timeline(view)]


def _head(view: OrderView, link: str) -> Iterator[RenderableType]:
    order = view.order
    name = f"Order {order.order_no or '(number not read yet)'}, HotWax id {order.order_id}, tenant {order.tenant}"
    yield Text(name, style="bold")
    yield Text(f"{order.stage} since {shown(order.since)} ({age(order.since)})")
    if view.hold:
        yield wrong(f"HELD: {view.hold.key} since {shown(view.hold_since)}")
        yield Text(f"  evidence: {view.hold.evidence}")
        yield warning(f"  what to do: {view.hold.next_action}")
        yield from ways_on(f"order resume {order.order_no or order.order_id}", view.seen, view.goes_on_without)
    elif order.waiting_for:
        yield Text(order.waiting_for)
    if view.cancel_wanted:
        yield warning("an operator asked to cancel it")
    if order.store:
        yield Text(f"invoicing store {order.store} ({view.store_reason}), total {shown(order.total)} {order.currency}")
    yield Text(f"channel {view.channel}, placed {shown(view.placed_at)}, last read from HotWax {shown(view.read_at)}")
    yield Text(f"Temporal: {link}\n")


def _lines(view: OrderView) -> RenderableType:
    columns = ["line", "product", "UPC", ">qty", "status", "facility", "store", ">unit price", "completed"]
    names = ("line_id", "product_id", "upc", "quantity", "status", "facility_id", "store", "unit_price", "completed_at")
    return table("Lines", columns, ([line[name] for name in names] for line in view.lines))


def _effects(view: OrderView) -> RenderableType:
    columns = ["document", "sent as", "state", "Retail Pro / HotWax no", "store", ">units", ">amount", ">tries", "at"]
    rows = [(e.kind, e.remote_no, e.state, e.number, _way(e), *_amounts(e), e.attempts, _last(e)) for e in view.effects]
    return table("\nInvoices, slips and write-backs", columns, rows)


def _way(e: EffectLine) -> str:
    return f"{e.store} -> {e.to_store}" if e.to_store else e.store


def _amounts(e: EffectLine) -> tuple[object, object]:
    return e.units or "", e.amount or ""


def _last(e: EffectLine) -> datetime | None:
    return e.settled_at or e.sent_at


def _proof(view: OrderView) -> Iterator[RenderableType]:
    if not view.balances:
        return
    columns = ["store", "UPC", ">shipped", ">change by documents", ""]
    rows = [(b.store, b.upc, b.shipped, b.booked, "even" if b.is_even else "not even yet") for b in view.balances]
    yield table("\nProof: what each store shipped, and what its documents did to Retail Pro's stock", columns, rows)
    if all(balance.is_even for balance in view.balances):
        yield right("every shipped unit is invoiced and transferred once")
    for b in view.negative_until_transferred:
        yield warning(f"stock of {b.upc} at {b.store} is {-b.shipped - b.booked} too low until the slips are made")


def _timeline(view: OrderView) -> RenderableType:
    rows = [(h.at, h.kind, h.actor, h.text) for h in view.timeline]
    return table("\nTimeline", ["at", "what", "who", ""], rows)
