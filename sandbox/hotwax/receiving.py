"""Receiving in a store: shipments with receipts, closed lines, and receipts that are corrected afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.hotwax import lifecycle
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.database import Row
    from sandbox.world import World

PURCHASE_ORDER: Final = "PURCHASE_ORDER"


@dataclass(frozen=True)
class Received:
    """What came of one line, or of a product that is on none; in pieces."""

    item: str | None
    product_id: str
    accepted: float
    rejected: float = 0
    close: bool = False
    location: str | None = None


def purchase_orders(world: World, external_id: str) -> list[str]:
    """Return the orders that carry a NetSuite internal id, oldest first: several where imports doubled it."""
    sql = "SELECT orderId FROM OrderHeader WHERE externalId = ? AND orderTypeId = ? ORDER BY entryDate, orderId"
    return [row["orderId"] for row in world.database.rows(sql, (external_id, PURCHASE_ORDER))]


def purchase_order(world: World, order_id: str) -> Row:
    """Return a purchase order's header.

    Raises:
        NotFoundError: There is no such order, or it is of another kind.
    """
    found = lifecycle.order_row(world, order_id)
    if found["orderTypeId"] != PURCHASE_ORDER:
        raise NotFoundError(f"order {order_id} is no purchase order")
    return found


def items_with(world: World, order_id: str, external_id: str) -> list[Row]:
    """Return an order's lines with this external id."""
    sql = "SELECT * FROM OrderItem WHERE orderId = ? AND externalId = ? ORDER BY orderItemSeqId"
    return world.database.rows(sql, (order_id, external_id))


def accepted_of(world: World, item: Row) -> float:
    """Return how many pieces of a line were accepted so far, corrections included."""
    sql = "SELECT coalesce(sum(quantityAccepted), 0) FROM ShipmentReceipt WHERE orderId = ? AND orderItemSeqId = ?"
    return float(world.database.value(sql, (item["orderId"], item["orderItemSeqId"])))


def receive(
    world: World, order_id: str, rows: Sequence[Received], *, facility_id: str | None = None, at: int | None = None
) -> Row:
    """Receive what came in one shipment and close the lines that are to be closed; more than ordered is taken.

    Returns:
        `shipmentId` (nothing when lines were closed only) and `receiptIds`.

    Raises:
        NotFoundError: There is no such purchase order.
        BadInputError: A line is unknown or closed, or nothing is received or closed at all.
    """
    purchase_order(world, order_id)
    items = {item["orderItemSeqId"]: item for item in lifecycle.items_of(world, order_id)}
    _check(rows, items)
    with world.database.transaction():
        came = [row for row in rows if row.accepted or row.rejected]
        shipment = _shipment(world, order_id, facility_id, at) if came else None
        receipts = [_write(world, order_id, shipment or {}, row, items) for row in came]
        for row in rows:
            if row.item is not None and (row.close or _is_full(world, items[row.item])):
                lifecycle.set_item_status(world, items[row.item], "ITEM_COMPLETED", at)
        lifecycle.evaluate(world, order_id, at)
    return {"shipmentId": shipment["shipmentId"] if shipment else None, "receiptIds": receipts}


def correct(world: World, receipt_id: str, accepted: float, *, in_place: bool = True) -> Row:
    """Make a receipt count for another number of pieces; nothing but the row itself tells it.

    Args:
        world: HotWax.
        receipt_id: The receipt.
        accepted: The right number of pieces.
        in_place: The row is changed; else a further row of its shipment makes up the difference, also a negative one.

    Raises:
        NotFoundError: There is no such receipt.
    """
    row = world.database.row("SELECT * FROM ShipmentReceipt WHERE receiptId = ?", (receipt_id,))
    if row is None:
        raise NotFoundError(f"there is no receipt {receipt_id}")
    if in_place:
        world.database.put("ShipmentReceipt", [{**row, "quantityAccepted": accepted}])
        return {"receiptId": receipt_id, "accepted": accepted}
    delta = accepted - row["quantityAccepted"]
    new = {"receiptId": _receipt_id(world), "datetimeReceived": now_ms(), "quantityAccepted": delta}
    world.database.insert("ShipmentReceipt", {**row, **new, "quantityRejected": 0, "x_visible": 0})
    return {"receiptId": new["receiptId"], "accepted": delta}


def close(world: World, order_id: str, items: Sequence[Row]) -> list[str]:
    """Close lines, short or not; return them."""
    purchase_order(world, order_id)
    for item in items:
        lifecycle.set_item_status(world, item, "ITEM_COMPLETED")
    lifecycle.evaluate(world, order_id)
    return [item["orderItemSeqId"] for item in items]


def open_items(world: World, order_id: str) -> list[Row]:
    """Return the lines that may still be received."""
    return [item for item in lifecycle.items_of(world, order_id) if item["statusId"] in lifecycle.OPEN_ITEM]


def _check(rows: Sequence[Received], items: dict[str, Row]) -> None:
    if not any(row.accepted or row.rejected or row.close for row in rows):
        raise BadInputError("items", None, "nothing is received or closed")
    for row in rows:
        if row.accepted < 0 or row.rejected < 0:
            raise BadInputError("quantityAccepted", row.accepted, "must not be negative")
        if row.item is None:
            continue
        if row.item not in items:
            raise BadInputError("orderItemSeqId", row.item, f"is no line of this order; it has {sorted(items)}")
        if items[row.item]["statusId"] not in lifecycle.OPEN_ITEM:
            raise BadInputError("orderItemSeqId", row.item, f"the line is {items[row.item]['statusId']}")


def _is_full(world: World, item: Row) -> bool:
    return world.settings.complete_received_lines and accepted_of(world, item) >= item["quantity"]


def _shipment(world: World, order_id: str, facility_id: str | None, at: int | None) -> Row:
    row = {
        "shipmentId": f"SH{20_000 + world.database.next_number('Shipment')}",
        "shipmentTypeId": "PURCHASE_SHIPMENT",
        "statusId": "PURCH_SHIP_RECEIVED",
        "primaryOrderId": order_id,
        "destinationFacilityId": facility_id,
        "createdDate": now_ms() if at is None else at,
    }
    world.database.insert("Shipment", row)
    return row


def _write(world: World, order_id: str, shipment: Row, row: Received, items: dict[str, Row]) -> str:
    """Write one receipt and return its id."""
    settings = world.settings
    delay_s = max(settings.visibility_delay_s, world.faults.visibility_delay_s(order_id, "ShipmentReceipt"))
    at_line = lifecycle.facility_of(world, items[row.item]) if row.item is not None else None
    receipt = {
        "receiptId": _receipt_id(world),
        "shipmentId": shipment["shipmentId"],
        "orderId": order_id if row.item is not None or settings.unplanned_names_order else None,
        "orderItemSeqId": row.item,
        "productId": row.product_id,
        "facilityId": shipment["destinationFacilityId"] or at_line,
        "locationSeqId": row.location,
        "receivedByUserLoginId": "associate",
        "datetimeReceived": shipment["createdDate"],
        "quantityAccepted": row.accepted,
        "quantityRejected": row.rejected,
        "x_visible": now_ms() + int(delay_s * 1000) if delay_s else 0,
    }
    world.database.insert("ShipmentReceipt", receipt)
    return str(receipt["receiptId"])


def _receipt_id(world: World) -> str:
    return str(70_000 + world.database.next_number("ShipmentReceipt"))
