"""The exporter that speaks Waybill's own format: whole purchase orders that changed, complete files only."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import TYPE_CHECKING, Final

from sandbox.netsuite.orders import orders_found, plain_number
from sandbox.netsuite.scripts import FULFILLMENT, MOVE_UNITS, iso_moment, stamp_string

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.netsuite.orders import Line, PurchaseOrder
    from sandbox.netsuite.scripts import Context

HEADER: Final = (
    *("po_id", "po_number", "po_status", "line_id", "unique_key", "sku", "quantity", "unit", "unit_rate"),
    *("quantity_received", "line_closed", "facility_id", "arrival_date", "modified_at"),
)
_CHANGED: Final = "SELECT id FROM nsOrder WHERE version > exportedVersion ORDER BY id"


async def run(context: Context) -> None:
    """Export every purchase order that changed since it was last in a file, of whatever status.

    What was told is noted only after the rename: a run that ends before tells it again.
    """
    taken = {entry.name for entry in await context.files.list(FULFILLMENT)}
    for name in sorted(taken):
        if name.startswith("WB-PO-") and name.endswith(".tmp"):
            await context.files.remove(f"{FULFILLMENT}/{name}")
    stamp, number = stamp_string(), 0
    for batch in _batches(context):
        number += 1
        while f"WB-PO-{stamp}-{number}.csv" in taken:
            number += 1
        await _file(context, f"WB-PO-{stamp}-{number}.csv", batch)


def content(orders: Sequence[PurchaseOrder]) -> bytes:
    """Return a file of whole purchase orders: header, rows, and the trailer that counts and seals them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    rows = [_row(order, line) for order in orders for line in order.lines]
    writer.writerows(rows)
    body = text.getvalue().encode()
    return body + f"#end,{len(rows)},{hashlib.sha256(body).hexdigest()}\n".encode()


def _batches(context: Context) -> Iterator[list[PurchaseOrder]]:
    """Yield whole orders, as many as fit into a file; a single one may be longer."""
    batch: list[PurchaseOrder] = []
    for order in list(orders_found(context.world.database, _CHANGED)):
        rows = sum(len(each.lines) for each in (*batch, order))
        if batch and rows > context.world.settings.netsuite_rows_per_file:
            yield batch
            batch = []
        batch.append(order)
    if batch:
        yield batch


async def _file(context: Context, name: str, orders: Sequence[PurchaseOrder]) -> None:
    context.crash("crash_before_upload")
    await context.upload(f"{FULFILLMENT}/{name}.tmp", content(orders))
    context.crash("crash_before_rename")
    context.spend(MOVE_UNITS)
    await context.files.move(f"{FULFILLMENT}/{name}.tmp", f"{FULFILLMENT}/{name}")
    context.crash("crash_before_note")
    database = context.world.database
    for order in orders:
        database.run("UPDATE nsOrder SET exportedVersion = ? WHERE id = ?", (order.version, order.id))
    context.note("files", name)


def _row(order: PurchaseOrder, line: Line) -> tuple[object, ...]:
    numbers = [plain_number(number) for number in (line.quantity, line.unit_rate, line.received)]
    quantity, rate, received = numbers
    head = (order.id, order.tranid, order.status, line.line, line.unique_key, line.item)
    # The format knows no open line without a quantity, and there is nothing to receive of it.
    closed = "T" if line.closed or not line.quantity else "F"
    tail = (closed, line.location or "", line.expected or "", iso_moment(order.modified))
    return (*head, quantity, line.unit, rate, received, *tail)
