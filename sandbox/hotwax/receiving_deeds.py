"""Associates at the receiving desk: what they do to purchase orders, now or at a planned moment."""

# ruff: noqa: N815 - HotWax's own field names are what callers write

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.clock import to_ms
from sandbox.hotwax import lifecycle, receiving
from sandbox.hotwax.receiving import Received
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.database import Row
    from sandbox.world import World

ACTIONS = frozenset({"receive", "close", "correct", "reverse"})
Pieces = Annotated[float, Field(ge=0)]


class DeskItem(BaseModel):
    """What came of a line (by NetSuite's line id or by orderItemSeqId), or of a product that is on none."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    line: str | None = None
    orderItemSeqId: str | None = None
    sku: str | None = None
    accepted: Pieces = 0
    rejected: Pieces = 0
    close: bool = False


class PoDeed(BaseModel):
    """One thing that somebody does to a purchase order, named by its order id or by NetSuite's internal id."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    action: Literal["receive", "close", "correct", "reverse"]
    orderId: str | None = None
    poId: str | None = None
    facilityId: str | None = None
    items: list[DeskItem] | None = None
    share: Annotated[float, Field(gt=0, le=1)] = 1
    at: Annotated[int, BeforeValidator(to_ms)] | None = None
    receiptId: str | None = None
    accepted: Pieces | None = None
    delta: float | None = None
    in_place: bool | None = None
    after_s: Annotated[float, Field(ge=0)] | None = None


def perform(world: World, deed: PoDeed) -> Row:
    """Do it now and return what was touched.

    Raises:
        NotFoundError: The order, line, product or receipt does not exist.
        BadInputError: The deed makes no sense.
    """
    with world.database.transaction():
        if deed.action in ("correct", "reverse"):
            return _correct(world, deed)
        order_id = order_of(world, deed)
        if deed.action == "close":
            items = [_item(world, order_id, row) for row in deed.items or ()]
            return {"orderId": order_id, "items": _close(world, order_id, items)}
        rows = list(_rows(world, order_id, deed))
        return {
            "orderId": order_id,
            **receiving.receive(world, order_id, rows, facility_id=deed.facilityId, at=deed.at),
        }


def order_of(world: World, deed: PoDeed) -> str:
    """Return the order that a deed names; of doubled ones the oldest.

    Raises:
        BadInputError: It names none.
        NotFoundError: There is no such purchase order in HotWax.
    """
    if deed.orderId:
        return str(receiving.purchase_order(world, deed.orderId)["orderId"])
    if not deed.poId:
        raise BadInputError("poId", None, "is needed, or orderId")
    found = receiving.purchase_orders(world, deed.poId)
    if not found:
        raise NotFoundError(f"HotWax has no purchase order {deed.poId}")
    return found[0]


def _close(world: World, order_id: str, items: list[Row]) -> list[str]:
    return receiving.close(world, order_id, items or receiving.open_items(world, order_id))


def _rows(world: World, order_id: str, deed: PoDeed) -> Iterator[Received]:
    """Yield what is received: the items named, or a share of what is missing of every open line, in whole pieces."""
    for row in deed.items or ():
        if row.line is None and row.orderItemSeqId is None:
            yield Received(None, _product(world, row.sku), row.accepted, row.rejected)
        else:
            item = _item(world, order_id, row)
            yield Received(item["orderItemSeqId"], item["productId"], row.accepted, row.rejected, row.close)
    if deed.items is not None:
        return
    for item in receiving.open_items(world, order_id):
        missing = item["quantity"] - receiving.accepted_of(world, item)
        if missing > 0:
            yield Received(item["orderItemSeqId"], item["productId"], float(math.ceil(missing * deed.share)))


def _item(world: World, order_id: str, row: DeskItem) -> Row:
    items = lifecycle.items_of(world, order_id)
    wanted = {"orderItemSeqId": row.orderItemSeqId} if row.orderItemSeqId else {"externalId": row.line}
    found = next((item for item in items if wanted.items() <= item.items()), None)
    if found is None:
        raise BadInputError("items", wanted, f"order {order_id} has no such line")
    return found


def _product(world: World, sku: str | None) -> str:
    sql = "SELECT productId FROM GoodIdentification WHERE goodIdentificationTypeId = 'SKU' AND idValue = ?"
    found: str | None = world.database.value(sql, (sku,))
    if found is None:
        raise NotFoundError(f"there is no product with SKU {sku}")
    return found


def _correct(world: World, deed: PoDeed) -> Row:
    """Correct a receipt, or the newest one of the order's first item; a reversal is a further row unless asked."""
    row = _receipt(world, deed)
    reverse = deed.action == "reverse"
    accepted = 0.0 if reverse else deed.accepted
    if accepted is None:
        if deed.delta is None:
            raise BadInputError("accepted", None, "is needed to correct a receipt, or delta")
        accepted = max(0.0, row["quantityAccepted"] + deed.delta)
    in_place = not reverse if deed.in_place is None else deed.in_place
    return receiving.correct(world, row["receiptId"], accepted, in_place=in_place)


def _receipt(world: World, deed: PoDeed) -> Row:
    values: list[str | None] = [deed.receiptId]
    sql = "SELECT * FROM ShipmentReceipt WHERE receiptId = ?"
    if deed.receiptId is None:
        order_id = order_of(world, deed)
        item = _item(world, order_id, deed.items[0]) if deed.items else None
        sql = (
            "SELECT * FROM ShipmentReceipt WHERE orderId = ?1 AND (?2 IS NULL OR orderItemSeqId = ?2)"
            " AND quantityAccepted > 0 ORDER BY datetimeReceived DESC, receiptId DESC LIMIT 1"
        )
        values = [order_id, item["orderItemSeqId"] if item else None]
    found = world.database.row(sql, values)
    if found is None:
        raise NotFoundError("there is no such receipt")
    return found
