"""HotWax's Data Manager: files wait in a log, are imported row by row, and leave a file of the rows that failed."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.hotwax import purchase_import

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.world import World

WAITING: Final = "SERVICE_PENDING"
RUNNING: Final = "SERVICE_RUNNING"
FINISHED: Final = "SERVICE_FINISHED"
FAILED: Final = "SERVICE_FAILED"
_DUE_SQL: Final = "SELECT * FROM DataManagerLog WHERE x_due <= ? ORDER BY x_due, logId LIMIT 1"


def accept(world: World, config_id: str, file_name: str, body: bytes) -> str:
    """Keep an uploaded file for its import and return its content id."""
    database, settings = world.database, world.settings
    with database.transaction():
        content_id = _keep(world, file_name, body)
        delay_s = max(settings.visibility_delay_s, world.faults.visibility_delay_s(file_name, "DataManagerLog"))
        row = {
            "logId": str(30_000 + database.next_number("DataManagerLog")),
            "configId": config_id,
            "uploadFileContentId": content_id,
            "statusId": WAITING,
            "fileName": file_name,
            "createdDate": now_ms(),
            "x_visible": now_ms() + int(delay_s * 1000) if delay_s else 0,
            "x_due": _half_later(world),
        }
        database.insert("DataManagerLog", row)
    world.imports_changed.set()
    return content_id


async def work(world: World) -> None:
    """Import what waits when it is due, for ever."""
    while True:
        world.imports_changed.clear()
        due = world.database.value("SELECT min(x_due) FROM DataManagerLog WHERE x_due IS NOT NULL")
        wait_s = None if due is None else max(0.0, (due - now_ms()) / 1000)
        try:
            await asyncio.wait_for(world.imports_changed.wait(), wait_s)
        except TimeoutError:
            _step(world)


def _step(world: World) -> None:
    """Take the next file one step further: waiting, running, then finished."""
    row = world.database.row(_DUE_SQL, (now_ms(),))
    if row is None:
        return
    with world.database.transaction():
        if row["statusId"] == WAITING:
            changed: Row = {"statusId": RUNNING, "startDateTime": now_ms(), "x_due": _half_later(world)}
        else:
            changed = {**_import(world, row), "finishDateTime": now_ms(), "x_due": None}
        world.database.put("DataManagerLog", [{**row, **changed}])


def _half_later(world: World) -> int:
    """Return when a step is due: waiting and running take half of the delay each."""
    return now_ms() + int(world.settings.import_delay_s * 500)


def _import(world: World, log: Row) -> Row:
    """Import a file and return what its log says afterwards."""
    sql = "SELECT body FROM content WHERE contentId = ?"
    body: bytes = world.database.value(sql, (log["uploadFileContentId"],))
    kind = world.settings.import_configs.get(log["configId"], "orders")
    result = purchase_import.run(world, kind, body)
    row: Row = {
        "statusId": FINISHED if result.readable else FAILED,
        "totalRecordCount": result.total,
        "failedRecordCount": len(result.failed),
    }
    if result.failed:
        row["errorRecordContentId"] = _keep(world, f"error_{log['fileName']}", _error_file(result))
    return row


def _error_file(result: purchase_import.Result) -> bytes:
    """Return the failed rows as they came, with the reason as the last column."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*result.header, "error"])
    writer.writerows([*row, reason] for row, reason in result.failed)
    return text.getvalue().encode()


def _keep(world: World, name: str, body: bytes) -> str:
    content_id = str(60_000 + world.database.next_number("content"))
    world.database.insert("content", {"contentId": content_id, "name": name, "body": body})
    return content_id
