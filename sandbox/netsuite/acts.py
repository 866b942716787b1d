"""What a buyer, an approver or the accounts department does to a purchase order in NetSuite's screens."""

# ruff: noqa: N815 - NetSuite's own field names are what callers write

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import now_ms
from sandbox.netsuite import receipts
from sandbox.netsuite.orders import Line, PurchaseOrder, find_order, plain_number, shown, the_line, the_order, touch
from sandbox.netsuite.seed import PoLineSeed, PoNumber, Positive, add_line
from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.world import World

Action = Literal[
    "amend", "add_line", "approve", "reject", "close", "reopen", "cancel", "delete", "bill", "receive", "copy"
]
_SET_CLOSED: Final = (
    "UPDATE nsLine SET closed = ? WHERE orderId = ? AND line = coalesce(?, line)",
    "UPDATE nsExpense SET closed = ? WHERE orderId = ? AND line = coalesce(?, line)",
)
NotNegative = Annotated[Decimal, Field(ge=0, max_digits=18)]


class PoAct(BaseModel):
    """One act; which fields it takes depends on the action (docs/sandbox.md)."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    action: Action
    poId: PoNumber
    line: PoNumber | None = None
    quantity: Positive | None = None
    item: str | None = None
    location: str | None = None
    expected: date | None = None
    new: PoLineSeed | None = None
    quantities: dict[PoNumber, NotNegative] | None = None


def perform(world: World, act: PoAct) -> Row:
    """Do it and return the purchase order as it is afterwards; one that was deleted as it was.

    Raises:
        NotFoundError: There is no such purchase order.
        BadInputError: The act makes no sense for it, or NetSuite's rules forbid it.
    """
    order = the_order(world.database, act.poId)
    with world.database.transaction():
        result = _do(world, order, act) or order.id
        touch(world.database, order.id)
    return shown(find_order(world.database, result) or order)


def _do(world: World, order: PurchaseOrder, act: PoAct) -> int | None:
    """Do one act; a new purchase order's id is returned."""
    match act.action:
        case "approve" | "reject":
            _set_approval(world, order, act.action)
        case "amend":
            _amend(world, order, act)
        case "add_line":
            add_line(world.database, order.id, _needed(act, "new", act.new))
        case "close" | "reopen":
            _set_closed(world, order, act)
        case "cancel":
            _cancel(world, order)
        case "delete":
            _delete(world, order)
        case "bill":
            _bill(world, order, act)
        case "receive":
            _receive(world, order, act)
        case "copy":
            return _copy(world, order)
    return None


def _needed(act: PoAct, name: str, value: PoLineSeed | None) -> PoLineSeed:
    if value is None:
        raise BadInputError(name, None, f"is needed for {act.action}")
    return value


def _set_approval(world: World, order: PurchaseOrder, action: str) -> None:
    approval = {"approve": "approved", "reject": "rejected"}[action]
    world.database.run("UPDATE nsOrder SET approval = ? WHERE id = ?", (approval, order.id))


def _amend(world: World, order: PurchaseOrder, act: PoAct) -> None:
    """Change what is given of one line, or the date or place of all; NetSuite takes a quantity below the received."""
    lines = order.lines if act.line is None else (the_line(order, act.line),)
    if act.line is None and (act.quantity is not None or act.item is not None):
        raise BadInputError("line", None, "is needed to change a quantity or an item")
    given: Row = {"item": act.item, "location": act.location}
    given["quantity"] = None if act.quantity is None else plain_number(act.quantity)
    given["expected"] = None if act.expected is None else act.expected.isoformat()
    for line in lines:
        world.database.run(
            "UPDATE nsLine SET item = coalesce(?, item), location = coalesce(?, location),"
            " quantity = coalesce(?, quantity), expected = coalesce(?, expected) WHERE orderId = ? AND line = ?",
            (*given.values(), order.id, line.line),
        )


def _set_closed(world: World, order: PurchaseOrder, act: PoAct) -> None:
    """Close or open again one line, or all; of goods or expenses."""
    is_expense = any(expense.line == act.line for expense in order.expenses)
    if act.line is not None and not is_expense:
        the_line(order, act.line)
    for sql in _SET_CLOSED:
        world.database.run(sql, (int(act.action == "close"), order.id, act.line))


def _cancel(world: World, order: PurchaseOrder) -> None:
    """Reject an order of which nothing was received; otherwise its remainder can only be closed."""
    if any(line.received for line in order.lines):
        raise BadInputError("poId", order.id, "has receipts: close it instead")
    _set_approval(world, order, "reject")


def _delete(world: World, order: PurchaseOrder) -> None:
    """Remove an order of which nothing was received; one with receipts is kept by them."""
    if any(line.received for line in order.lines):
        raise BadInputError("poId", order.id, "has receipts: NetSuite deletes no order that others depend on")
    world.database.run("DELETE FROM nsLine WHERE orderId = ?", (order.id,))
    world.database.run("DELETE FROM nsExpense WHERE orderId = ?", (order.id,))
    world.database.run("DELETE FROM nsOrder WHERE id = ?", (order.id,))


def _bill(world: World, order: PurchaseOrder, act: PoAct) -> None:
    """Bill what is given by line, or all that was received."""
    if act.quantities is None:
        billed = {line.line: line.received for line in order.lines}
    else:
        billed = {the_line(order, line).line: number for line, number in act.quantities.items()}
    for number, quantity in billed.items():
        sql = "UPDATE nsLine SET billed = ? WHERE orderId = ? AND line = ?"
        world.database.run(sql, (plain_number(quantity), order.id, number))


def _receive(world: World, order: PurchaseOrder, act: PoAct) -> None:
    """Receive by hand, past the OMS: what is given by line, or all that remains."""
    try:
        draft = receipts.transform(world.database, str(order.id))
        for line in draft.lines if act.quantities is not None else ():
            line.quantity = (act.quantities or {}).get(int(line.orderline), Decimal(0))
            line.itemreceive = line.quantity > 0
        receipts.save(world, draft, receipts.Stamp("by hand"))
    except receipts.NetSuiteError as error:
        raise BadInputError("poId", order.id, f"{error.name}: {error.message}") from error


def _copy(world: World, order: PurchaseOrder) -> int:
    """Make a copy: a new order with the same lines, nothing received, and the exported flag as it was."""
    copy_id = order.id + 1
    while world.database.row("SELECT 1 FROM nsOrder WHERE id = ?", (copy_id,)):
        copy_id += 1
    times = {"created": now_ms(), "modified": now_ms(), "version": 1, "exportedVersion": 0}
    head = {"id": copy_id, "tranid": f"PO{copy_id}", "approval": order.approval, "exported": int(order.exported)}
    world.database.insert("nsOrder", {**head, **times})
    for line in order.lines:
        add_line(world.database, copy_id, _as_seed(line))
    return copy_id


def _as_seed(line: Line) -> PoLineSeed:
    same = {"item": line.item, "quantity": line.quantity, "unit": line.unit, "location": line.location}
    return PoLineSeed.model_validate({**same, "unitRate": line.unit_rate, "expected": line.expected})
