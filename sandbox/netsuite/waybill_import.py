"""The importer that speaks Waybill's own format: each receipt once, each file answered, none in the way of another."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sandbox.clock import now_ms
from sandbox.netsuite import receipts
from sandbox.netsuite.orders import find_order, internal_id, plain_number
from sandbox.netsuite.receipts import NetSuiteError
from sandbox.netsuite.scripts import (
    DOWNLOAD_UNITS,
    LIST_UNITS,
    LOAD_UNITS,
    MOVE_UNITS,
    RECEIPT,
    SAVE_UNITS,
    SEARCH_UNITS,
    TRANSFORM_UNITS,
    UPLOAD_UNITS,
    iso_moment,
)
from sandbox.netsuite.sftp import MissingFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.database import Row
    from sandbox.netsuite.receipts import Draft
    from sandbox.netsuite.scripts import Context

MEMO: Final = "Received in the OMS"
_MAX_BYTES: Final = 10 * 1024 * 1024
_RECEIPT_UNITS: Final = SEARCH_UNITS + TRANSFORM_UNITS + SAVE_UNITS
"""More than to find one and to look into it."""
_FILE_UNITS: Final = UPLOAD_UNITS + 2 * MOVE_UNITS
"""What it takes to answer a file and put it away."""


class _UnreadableError(Exception):
    """The whole file makes no sense."""


class _RejectedError(Exception):
    """One receipt cannot be made as it is."""


async def run(context: Context) -> None:
    """Read every `*.json` by name; with too few units left, the rest waits for the next run."""
    context.spend(LIST_UNITS)
    entries = [entry for entry in await context.files.list(RECEIPT) if not entry.is_folder]
    for entry in sorted(entries, key=lambda entry: entry.name):
        if not entry.name.endswith(".json"):
            continue
        if not _affords(context, DOWNLOAD_UNITS + _FILE_UNITS + _RECEIPT_UNITS):
            context.note("left", entry.name)
            continue
        context.spend(DOWNLOAD_UNITS)
        try:
            body = await context.files.read(f"{RECEIPT}/{entry.name}")
        except MissingFileError:
            context.note("vanished", entry.name)
            continue
        await _file(context, entry.name, body)


async def _file(context: Context, name: str, body: bytes) -> None:
    """Make a file's receipts, answer it, then put it away; a run that ends in between is repeated without harm."""
    problem, results, place = None, [], "archive"
    try:
        for entry in _parsed(body):
            if not _affords(context, _RECEIPT_UNITS + _FILE_UNITS):
                context.note("left", name)
                return
            results.append(_result(context, entry))
    except _UnreadableError as error:
        problem, place = str(error), "error"
    context.crash("crash_before_ack")
    await _acknowledge(context, name, body, problem, results)
    context.crash("crash_before_move")
    context.spend(MOVE_UNITS)
    await context.files.move(f"{RECEIPT}/{name}", await _free_place(context, place, name))
    context.note("files", name)


def _affords(context: Context, units: int) -> bool:
    return context.units_used + units <= context.units_limit


async def _acknowledge(context: Context, name: str, body: bytes, problem: str | None, results: list[Row]) -> None:
    head = {"version": 1, "file": name, "sha256": hashlib.sha256(body).hexdigest()}
    answer = {**head, "processed_at": iso_moment(now_ms()), "problem": problem, "results": results}
    path = f"{RECEIPT}/ack/{name.removesuffix('.json')}.ack.json"
    await context.upload(f"{path}.tmp", json.dumps(answer).encode())
    context.crash("crash_before_rename")
    context.spend(MOVE_UNITS)
    await context.files.replace(f"{path}.tmp", path)


async def _free_place(context: Context, folder: str, name: str) -> str:
    """Return a path in a folder that is not taken: the same name may come again."""
    number, path = 1, f"{RECEIPT}/{folder}/{name}"
    while await context.files.exists(path):
        number += 1
        path = f"{RECEIPT}/{folder}/{name.removesuffix('.json')}.{number}.json"
    return path


def _parsed(body: bytes) -> list[Any]:
    if len(body) > _MAX_BYTES:
        raise _UnreadableError(f"the file has {len(body)} bytes, more than {_MAX_BYTES}")
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"the file is no JSON: {error}") from error
    if not isinstance(found, list):
        raise _UnreadableError("the top level must be a list of receipts")
    return found


def _result(context: Context, entry: Any) -> Row:
    """Make one receipt, or tell that it is there already, or why it cannot be made."""
    told = entry if isinstance(entry, dict) else {}
    receipt_id, order_id = (_text(told.get(name)) for name in ("receipt_id", "order_id"))
    outcome, made, reason = "rejected", None, None
    try:
        outcome, made = _ensure(context, receipt_id, order_id, told)
    except _RejectedError as error:
        reason = str(error)
    except NetSuiteError as error:
        reason = f"{error.name}: {error.message}"
    context.note("receipts", {"receipt_id": receipt_id, "result": outcome})
    order = find_order(context.world.database, internal_id(order_id))
    return {
        "receipt_id": receipt_id,
        "order_id": order_id,
        "result": outcome,
        "item_receipt_id": made,
        "po_status": order.status if order else None,
        "reason": reason,
    }


def _ensure(context: Context, receipt_id: str, order_id: str, told: Row) -> tuple[str, str]:
    """Return `created` or `already` with the internal id of the item receipt."""
    if not receipt_id or not order_id:
        raise _RejectedError("receipt_id and order_id must be texts")
    wanted, day = _wanted(told.get("items")), _day(context, told.get("received_at"))
    context.spend(SEARCH_UNITS)
    external_id = f"WB-RCPT-{receipt_id}"
    known = receipts.by_external_id(context.world.database, external_id)
    if known:
        context.spend(LOAD_UNITS)
        if differs := "; ".join(_differences(context, known, order_id, wanted)):
            name = f"item receipt {known['id']} has the external id {external_id} already"
            raise _RejectedError(f"{name}, and {differs}")
        return "already", str(known["id"])
    context.spend(TRANSFORM_UNITS)
    draft = receipts.transform(context.world.database, order_id)
    _set_lines(draft, wanted)
    context.spend(SAVE_UNITS)
    made = receipts.save(context.world, draft, receipts.Stamp("waybill", MEMO, external_id, day))
    context.receipt_saved()
    return "created", str(made)


def _differences(context: Context, known: Row, order_id: str, wanted: dict[str, Decimal | None]) -> Iterator[str]:
    """Where an item receipt that is there is not the one that was asked for."""
    if str(known["orderId"]) != order_id:
        yield f"it is of purchase order {known['orderId']}, not {order_id}"
    lines = receipts.lines_of(context.world.database, known["id"])
    received = {str(line["line"]): Decimal(line["quantity"]) for line in lines}
    for line_id in wanted | received:
        got, meant = received.get(line_id, Decimal(0)), wanted.get(line_id) or Decimal(0)
        if got != meant:
            yield f"line {line_id} has {plain_number(got)} received, {plain_number(meant)} were promised"


def _set_lines(draft: Draft, wanted: dict[str, Decimal | None]) -> None:
    """Set every line of the receipt, those too that nobody named."""
    for line_id, quantity in wanted.items():
        if quantity is not None and draft.line(line_id) is None:
            raise _RejectedError(f"line {line_id} is unknown, closed, or has nothing left to receive")
    for line in draft.lines:
        quantity = wanted.get(line.orderline)
        line.itemreceive = quantity is not None
        line.quantity = quantity if quantity is not None else line.quantity


def _wanted(items: Any) -> dict[str, Decimal | None]:
    """Return what each line shall receive; None for nothing."""
    if not isinstance(items, list) or not items:
        raise _RejectedError("items must be a list with at least one line")
    wanted: dict[str, Decimal | None] = {}
    for item in items:
        line_id = _text(item.get("line_id")) if isinstance(item, dict) else ""
        if not line_id:
            raise _RejectedError("each item must have a line_id that is a text")
        if line_id in wanted:
            raise _RejectedError(f"line {line_id} is named twice")
        wanted[line_id] = _quantity(line_id, item.get("quantity"))
    if not any(wanted.values()):
        raise _RejectedError("no line has a quantity")
    return wanted


def _quantity(line_id: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0:
        raise _RejectedError(f"line {line_id}: the quantity {value!r} is no number, or is negative")
    return number or None


def _day(context: Context, value: Any) -> date | None:
    """Return the day of receiving in the account's zone; without a moment, the day of the import."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _RejectedError(f"received_at {value!r} is no moment in ISO 8601") from error
    if moment.tzinfo is None:
        raise _RejectedError(f"received_at {value!r} has no time zone")
    return moment.astimezone(ZoneInfo(context.world.settings.netsuite_zone)).date()


def _text(value: Any) -> str:
    """Return a text that can be kept; what is none, or holds control or half characters, is empty."""
    return value.strip() if isinstance(value, str) and value.isprintable() else ""
