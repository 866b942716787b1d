"""How one purchase order looks on a screen."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from rich.console import RenderableType

from domain.po_plan import UNVERIFIED
from domain.po_units import plain
from operators.cli.commanding import ways_on
from operators.cli.tables import age, shown, table, warning, wrong
from operators.cli.visible import Text
from operators.po_show import PoLineView, PoView, ReceiptView


def view_of(view: PoView, link: str) -> list[RenderableType]:
    """The whole screen."""
    return [*_head(view, link), _lines(view), *_receipts(view), *_carriers(view), _timeline(view)]


def _head(view: PoView, link: str) -> Iterator[RenderableType]:
    po = view.po
    name = f"Purchase order {po.number or '(number not told)'}, NetSuite id {po.po_id}, tenant {po.tenant}"
    yield Text(name, style="bold")
    yield Text(f"{po.stage} since {shown(po.since)} ({age(po.since)})")
    if view.hold:
        yield wrong(f"HELD: {view.hold.key} since {shown(view.hold_since)}")
        yield Text(f"  evidence: {view.hold.evidence}")
        yield warning(f"  what to do: {view.hold.next_action}")
    yield from ways_on(f"po resume {po.number or po.po_id}", view.seen, view.goes_on_without)
    if po.waiting_for:
        yield Text(po.waiting_for)
    if view.unverified and UNVERIFIED not in po.waiting_for:
        yield warning(UNVERIFIED)
    yield from _wishes(view)
    yield from _sides(view)
    yield Text(f"Temporal: {link}\n")


def _wishes(view: PoView) -> Iterator[RenderableType]:
    """What operators asked of it."""
    if view.cancel_wanted:
        yield warning("an operator asked to cancel it")
    if view.close_wanted:
        yield warning("an operator asked to close the remainder")
    if view.acknowledged:
        yield Text(f"an operator said to go on without: {', '.join(view.acknowledged)}")


def _sides(view: PoView) -> Iterator[RenderableType]:
    """How each system has it."""
    after = f"; {view.status_after} by its newest answer" if view.status_after else ""
    status = view.po.status_word or "not told by the file, taken for pending"
    yield Text(f"NetSuite: {status}{after}, told {shown(view.told_at) or 'never'}")
    problem = f": {view.import_problem}" if view.import_problem else ""
    yield Text(f"HotWax: {view.hotwax_id or 'does not have it yet'}, import {view.import_state}{problem}")
    for reason in view.bad_rows:
        yield wrong(f"  bad row: {reason}")


def _lines(view: PoView) -> RenderableType:
    columns = ["line", "SKU", ">ordered", ">imported", ">received", ">in NetSuite", ">on the way", "unit", "closed"]
    return table("Lines (pieces)", [*columns, "facility", "arrival"], map(_line, view.lines))


def _line(line: PoLineView) -> tuple[object, ...]:
    by = [name for name, is_closed in _closed_by(line) if is_closed]
    numbers = (
        *(line.ordered, line.imported, line.received_in_hotwax),
        *(line.received_in_netsuite, line.on_the_way or None),
    )
    return (line.line_id, line.sku, *map(_number, numbers), line.unit, ", ".join(by), line.facility, line.arrival)


def _closed_by(line: PoLineView) -> tuple[tuple[str, bool], ...]:
    return ("NetSuite", line.closed_in_netsuite), ("HotWax", line.closed_in_hotwax)


def _number(pieces: Decimal | None) -> str:
    return "" if pieces is None else plain(pieces)


def _receipts(view: PoView) -> Iterator[RenderableType]:
    if not view.receipts:
        return
    columns = ["receipt", "received at", "pieces by line", "sent to NetSuite by line", "state", "file", "item receipt"]
    yield table("\nReceipts", columns, map(_receipt, view.receipts))
    for receipt in view.receipts:
        yield from (Text(f"  {receipt.receipt_id}: {text}") for text in _remarks(receipt))


def _receipt(receipt: ReceiptView) -> tuple[object, ...]:
    pieces, sent = _by_line(receipt.pieces), _by_line(receipt.sent)
    state = Text(receipt.standing, _STYLES.get(receipt.state, ""))
    return receipt.receipt_id, receipt.received_at, pieces, sent, state, receipt.file_name, receipt.item_receipt_id


_STYLES: Mapping[str, str] = {"unverified": "yellow", "unknown": "bold red", "rejected": "bold red", "created": "green"}


def _remarks(receipt: ReceiptView) -> Iterator[str]:
    """What the table has no room for."""
    if receipt.problem:
        yield receipt.problem
    if receipt.held_back:
        yield f"not passed on: {_by_line(receipt.held_back)} pieces"
    if receipt.rejected:
        yield f"refused by the store: {_by_line(receipt.rejected)} pieces"
    if receipt.unplanned:
        yield f"not on the purchase order: {_by_line(receipt.unplanned)} pieces"
    if receipt.due_at:
        yield f"NetSuite's answer is due by {shown(receipt.due_at)}"


def _by_line(numbers: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {plain(Decimal(number))}" for name, number in numbers.items())


def _carriers(view: PoView) -> Iterator[RenderableType]:
    """The file that told it, and the uploads that carry it."""
    if view.files:
        columns = ["id", "file", "state", ">rows", ">bad", "taken at", "archived as", "note"]
        rows = [(f.id, f.name, f.state, f.rows, f.bad_rows, f.taken_at, f.archived_as, f.note) for f in view.files]
        yield table("\nFile from NetSuite", columns, rows)
    if view.uploads:
        columns = ["upload", "state", "file", "id in HotWax", ">tries", "problem"]
        uploads = [(u.key, u.state, u.file_name, u.upload_id, u.attempts, u.problem) for u in view.uploads]
        yield table("\nUploads into HotWax", columns, uploads)


def _timeline(view: PoView) -> RenderableType:
    rows = [(h.at, h.kind, h.actor, h.text) for h in view.timeline]
    return table("\nTimeline", ["at", "what", "who", ""], rows)
