"""The stock exporter of purchase orders, with all its defects (reference hotwax.md 4.2 and 4.7, 1 to 6)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sandbox.netsuite.orders import orders_found, plain_number
from sandbox.netsuite.receipts import today
from sandbox.netsuite.scripts import FULFILLMENT, ScriptEndError, date_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.netsuite.orders import Line, PurchaseOrder
    from sandbox.netsuite.scripts import Context

HEADER: Final = "external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date"
_NEW_TODAY: Final = "SELECT id FROM nsOrder WHERE exported = 0 AND created >= ? AND created < ? ORDER BY id"


async def run(context: Context) -> None:
    """Export what was created today, is pending receipt and is not flagged; each line flags its order beforehand."""
    rows = dict(_mapped(context))
    if not rows:
        return
    text = "".join(f"{row}\n" for row in (HEADER, *(rows[key] for key in sorted(rows))))
    name = f"{date_string(context.world.settings)}-PurchaseOrder.csv"
    try:
        context.crash("crash_before_upload")
        await context.upload(f"{FULFILLMENT}/{name}", text.encode())
    except ScriptEndError:
        # The repair script that gets this list has no branch for purchase orders: the flags stay (4.7, 3).
        context.report["failedExport"] = sorted({key[0] for key in rows})
        raise
    context.note("files", name)


def _mapped(context: Context) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield a row per line, by text keys; the flag is set here, before there is any file."""
    database = context.world.database
    for order in orders_found(database, _NEW_TODAY, _bounds_of_today(context)):
        if order.status != "B":
            continue
        for line in order.lines:
            database.run("UPDATE nsOrder SET exported = 1 WHERE id = ?", (order.id,))
            if _is_lost(context, line):
                context.note("mapErrors", f"{order.id}/{line.line}")
                continue
            yield (str(order.id), str(line.line)), _row(order, line)


def _is_lost(context: Context, line: Line) -> bool:
    """Whether an error in the map stage drops this line, which nobody notices (4.7, 5)."""
    armed = context.armed("map_error")
    hit = armed is not None and armed.line in (None, line.line)
    return hit and context.fault("map_error") is not None


def _row(order: PurchaseOrder, line: Line) -> str:
    """Return a row without any quoting; the search tells quantities in base units."""
    location = "undefined" if line.location is None else line.location
    expected = f"{date.fromisoformat(line.expected):%m/%d/%Y}" if line.expected else ""
    quantity = plain_number(line.quantity * line.unit_rate)
    return ",".join((str(order.id), line.item, quantity, location, str(line.line), expected))


def _bounds_of_today(context: Context) -> tuple[int, int]:
    """Return the account's present day as epoch milliseconds."""
    settings = context.world.settings
    midnight = datetime.combine(today(settings), time(), ZoneInfo(settings.netsuite_zone))
    return int(midnight.timestamp() * 1000), int((midnight + timedelta(days=1)).timestamp() * 1000)
