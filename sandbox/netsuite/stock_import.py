"""The stock importer of receipts, with all its defects (reference hotwax.md 4.5, 4.6 and 4.7, 7 to 20)."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sandbox.netsuite import receipts
from sandbox.netsuite.receipts import NetSuiteError
from sandbox.netsuite.scripts import (
    DOWNLOAD_UNITS,
    LIST_UNITS,
    MOVE_UNITS,
    RECEIPT,
    SAVE_UNITS,
    TRANSFORM_UNITS,
    ScriptEndError,
    date_string,
)

if TYPE_CHECKING:
    from sandbox.netsuite.receipts import Draft
    from sandbox.netsuite.scripts import Context

MEMO: Final = "Item Receipt is created by HotWax"
_MAX_BYTES: Final = 10 * 1024 * 1024


async def run(context: Context) -> None:
    """Read every file of the folder, whatever its name; the first one that cannot be read ends the run."""
    context.spend(LIST_UNITS)
    for entry in await context.files.list(RECEIPT):
        if entry.is_folder:
            continue
        context.spend(DOWNLOAD_UNITS)
        body = await context.files.read(f"{RECEIPT}/{entry.name}")
        if body:
            await _file(context, entry.name, body)


async def _file(context: Context, name: str, body: bytes) -> None:
    errors = _entries(context, _parsed(name, body))
    if errors:
        text = "orderId,errorMessage\n" + ",".join(errors)
        error_name = f"{date_string(context.world.settings)}-ErrorPurchaseOrderReceipts.csv"
        await context.upload(f"{RECEIPT}/error/{error_name}", text.encode(errors="replace"))
    context.crash("crash_before_move")
    context.spend(MOVE_UNITS)
    await context.files.move(f"{RECEIPT}/{name}", f"{RECEIPT}/archive/{name}")
    context.note("files", name)


def _parsed(name: str, body: bytes) -> Any:
    if len(body) > _MAX_BYTES:
        raise ScriptEndError(f"SSS_FILE_CONTENT_SIZE_EXCEEDED: {name}")
    try:
        return json.loads(body.decode(errors="replace"), parse_constant=_no_constant)
    except ValueError as error:
        raise ScriptEndError(f"SyntaxError: {name}: {error}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"Unexpected token {name}")


def _entries(context: Context, content: Any) -> list[str]:
    """Return the error rows, each ending its own line, as they will be joined."""
    if content is None:
        raise ScriptEndError("TypeError: Cannot read property 'length' of null")
    errors = []
    # What is no array has no length, so that nothing is done.
    for entry in content if isinstance(content, list) else ():
        if entry is None:
            raise ScriptEndError("TypeError: Cannot read property 'order_id' of null")
        order_id = entry.get("order_id") if isinstance(entry, dict) else None
        if not order_id:
            continue
        try:
            _receipt(context, str(order_id), entry.get("items"))
        except NetSuiteError as error:
            errors.append(f"{order_id},{error.message}\n")
    return errors


def _receipt(context: Context, order_id: str, items: Any) -> None:
    """Make one receipt: lines that no item names stay as NetSuite filled them in."""
    context.spend(TRANSFORM_UNITS)
    draft = receipts.transform(context.world.database, order_id)
    if not isinstance(items, list):
        raise NetSuiteError("TypeError", "Cannot read property 'length' of undefined")
    positive: set[str] = set()
    for item in items:
        _set_line(draft, item, positive)
    context.spend(SAVE_UNITS)
    receipt_id = receipts.save(context.world, draft, receipts.Stamp("stock", MEMO))
    context.note("receipts", str(receipt_id))
    context.receipt_saved()


def _set_line(draft: Draft, item: Any, positive: set[str]) -> None:
    """Set one line: a later positive quantity replaces an earlier one, a later empty one leaves it as it was."""
    if not isinstance(item, dict):
        raise NetSuiteError("TypeError", "Cannot read property 'line_id' of null")
    line = draft.line(item.get("line_id"))
    if line is None:
        raise NetSuiteError("SSS_MISSING_REQD_ARGUMENT", "setSublistValue: Missing a required argument: line")
    quantity = _quantity(item.get("quantity"))
    if quantity > 0:
        line.itemreceive, line.quantity = True, quantity
        positive.add(line.orderline)
    elif line.orderline not in positive:
        line.itemreceive = False


def _quantity(value: Any) -> Decimal:
    """Return what JavaScript's `> 0` compares; what is no number is not greater."""
    if isinstance(value, bool) or value is None:
        return Decimal(1 if value else 0)
    try:
        number = Decimal(str(value).strip() or "0")
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
