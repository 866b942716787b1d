"""Planting what is wrong with purchase orders: receipts lost, doubled or falsified, orders and lines never imported."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.hotwax.receiving import items_with, purchase_orders
from sandbox.netsuite.orders import plain_number, touch
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from sandbox.admin.inputs import Wrong
    from sandbox.database import Row
    from sandbox.world import World

_ORDER_TABLES = ("OrderHeader", "OrderItem", "OrderItemShipGroup", "OrderStatus", "ShipmentReceipt")


def plant_po_wrong(world: World, wrong: Wrong) -> Row:
    """Do it and return what was changed.

    Raises:
        BadInputError: A field that this kind needs is missing.
        NotFoundError: There is no such receipt, order or line.
    """
    match wrong.kind:
        case "lost_po":
            return _lose_order(world, wrong)
        case "lost_po_line":
            return _lose_line(world, wrong)
        case "lost_receipt":
            return _lose_receipt(world, _receipt(world, wrong))
        case "doubled_receipt":
            return _double_receipt(world, _receipt(world, wrong))
        case _:
            return _falsify_receipt(world, wrong, _receipt(world, wrong))


def _po_id(wrong: Wrong) -> str:
    if wrong.poId is None:
        raise BadInputError("poId", None, f"is needed for {wrong.kind}")
    return wrong.poId


def _lose_order(world: World, wrong: Wrong) -> Row:
    """Take an order out of HotWax, as if it had never been imported."""
    found = purchase_orders(world, _po_id(wrong))
    if not found:
        raise NotFoundError(f"HotWax has no purchase order {wrong.poId}")
    for order_id in found:
        for table in _ORDER_TABLES:
            world.database.run(f"DELETE FROM {table} WHERE orderId = ?", (order_id,))  # noqa: S608 - named above
    return {"lost": found}


def _lose_line(world: World, wrong: Wrong) -> Row:
    """Take a line out of HotWax, as if its row had failed."""
    orders = purchase_orders(world, _po_id(wrong))
    items = [item for order_id in orders for item in items_with(world, order_id, str(wrong.line))]
    if not items:
        raise NotFoundError(f"HotWax has no purchase order {wrong.poId} with a line {wrong.line}")
    for item in items:
        key = (item["orderId"], item["orderItemSeqId"])
        world.database.run("DELETE FROM OrderItem WHERE orderId = ? AND orderItemSeqId = ?", key)
    return {"lost": [f"{item['orderId']}/{item['orderItemSeqId']}" for item in items]}


def _receipt(world: World, wrong: Wrong) -> Row:
    """Return the item receipt that is named, or the newest of a purchase order."""
    sql = (
        "SELECT * FROM nsReceipt WHERE ?1 IN (id, '') AND (?2 IS NULL OR orderId = CAST(?2 AS INTEGER))"
        " ORDER BY id DESC LIMIT 1"
    )
    if wrong.itemReceiptId is None:
        _po_id(wrong)
    named = "" if wrong.itemReceiptId is None else wrong.itemReceiptId
    found = world.database.row(sql, (named, wrong.poId))
    if found is None:
        raise NotFoundError(f"NetSuite has no item receipt of purchase order {wrong.poId}")
    return found


def _lose_receipt(world: World, receipt: Row) -> Row:
    world.database.run("DELETE FROM nsReceipt WHERE id = ?", (receipt["id"],))
    world.database.run("DELETE FROM nsReceiptLine WHERE receiptId = ?", (receipt["id"],))
    touch(world.database, receipt["orderId"])
    return {"lost": receipt["id"]}


def _double_receipt(world: World, receipt: Row) -> Row:
    """Make the same receipt again; an external id can only be given once, so that the copy has none."""
    copy_id = 990 + world.database.next_number("nsReceipt")
    world.database.insert("nsReceipt", {**receipt, "id": copy_id, "externalId": None, "origin": "planted"})
    world.database.run(
        "INSERT INTO nsReceiptLine SELECT ?, orderId, line, quantity FROM nsReceiptLine WHERE receiptId = ?",
        (copy_id, receipt["id"]),
    )
    touch(world.database, receipt["orderId"])
    return {"doubled": receipt["id"], "as": copy_id}


def _falsify_receipt(world: World, wrong: Wrong, receipt: Row) -> Row:
    """Make one line of a receipt count for more, or for less."""
    sql = "SELECT * FROM nsReceiptLine WHERE receiptId = ?1 AND (?2 IS NULL OR line = ?2) ORDER BY line LIMIT 1"
    line = world.database.row(sql, (receipt["id"], wrong.line))
    if line is None:
        raise NotFoundError(f"item receipt {receipt['id']} has no line {wrong.line}")
    quantity = plain_number(Decimal(line["quantity"]) + Decimal(str(wrong.delta)))
    sql = "UPDATE nsReceiptLine SET quantity = ? WHERE receiptId = ? AND line = ?"
    world.database.run(sql, (quantity, receipt["id"], line["line"]))
    touch(world.database, receipt["orderId"])
    return {"changed": receipt["id"], "line": line["line"], "quantity": quantity}
