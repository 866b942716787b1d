"""What happens to lines and, through them, to an order: reference hotwax.md 1.3 and 1.4."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.hotwax.defaults import NO_FACILITY
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sandbox.database import Row
    from sandbox.world import World

OPEN_ITEM: Final = ("ITEM_CREATED", "ITEM_APPROVED")
IGNORED_ITEM: Final = ("ITEM_REJECTED", "ITEM_CANCELLED")
_USER: Final = "associate"


def order_row(world: World, order_id: str) -> Row:
    """Return an order's header.

    Raises:
        NotFoundError: There is no such order.
    """
    found = world.database.row("SELECT * FROM OrderHeader WHERE orderId = ?", (order_id,))
    if found is None:
        raise NotFoundError(f"there is no order {order_id}")
    return found


def items_of(world: World, order_id: str) -> list[Row]:
    """Return all lines of an order."""
    return world.database.rows("SELECT * FROM OrderItem WHERE orderId = ? ORDER BY orderItemSeqId", (order_id,))


def choose_items(world: World, order_id: str, wanted: Sequence[str] | None, allowed: Sequence[str]) -> list[Row]:
    """Return the lines an action is about: those named, or every line in one of the allowed statuses.

    Raises:
        BadInputError: A named line does not exist or is not in an allowed status.
    """
    items = items_of(world, order_id)
    if wanted is None:
        return [item for item in items if item["statusId"] in allowed]
    by_id = {item["orderItemSeqId"]: item for item in items}
    for name in wanted:
        if name not in by_id:
            raise BadInputError("items", name, f"order {order_id} has no such line; it has {sorted(by_id)}")
        if by_id[name]["statusId"] not in allowed:
            raise BadInputError("items", name, f"the line is {by_id[name]['statusId']}, not one of {list(allowed)}")
    return [by_id[name] for name in wanted]


def fulfill(
    world: World,
    order_id: str,
    items: Sequence[str] | None = None,
    *,
    facility_id: str | None = None,
    tracking_number: str | None = None,
    at: int | None = None,
) -> list[str]:
    """Ship lines: they become `ITEM_COMPLETED`, then the order is evaluated; return the lines."""
    chosen, at = choose_items(world, order_id, items, OPEN_ITEM), now_ms() if at is None else at
    for item in chosen:
        if facility_id is not None and facility_of(world, item) != facility_id:
            move_item(world, item, facility_id)
        set_item_status(world, item, "ITEM_COMPLETED", at)
    if tracking_number is not None:
        _track(world, order_id, chosen, tracking_number)
    evaluate(world, order_id, at)
    return _names(chosen)


def cancel(
    world: World,
    order_id: str,
    items: Sequence[str] | None = None,
    *,
    reason: str = "NO_VARIANCE_LOG",
    at: int | None = None,
) -> list[str]:
    """Cancel open lines: `cancelQuantity`, a negative `SALES_TAX` row, `ITEM_CANCELLED`; `grandTotal` stays."""
    chosen, at = choose_items(world, order_id, items, OPEN_ITEM), now_ms() if at is None else at
    for item in chosen:
        key = (order_id, item["orderItemSeqId"])
        sql = "UPDATE OrderItem SET cancelQuantity = quantity WHERE orderId = ? AND orderItemSeqId = ?"
        world.database.run(sql, key)
        _take_back_tax(world, *key)
        set_item_status(world, item, "ITEM_CANCELLED", at, reason)
    evaluate(world, order_id, at)
    return _names(chosen)


def reject(
    world: World, order_id: str, items: Sequence[str] | None = None, *, to_facility_id: str | None = None
) -> list[str]:
    """Send open lines to another store, in a new ship group; without a store they wait at `_NA_`."""
    chosen = choose_items(world, order_id, items, OPEN_ITEM)
    for item in chosen:
        move_item(world, item, to_facility_id or NO_FACILITY)
    touch(world, order_id)
    return _names(chosen)


def reopen(
    world: World, order_id: str, items: Sequence[str] | None = None, *, order_too: bool = False, at: int | None = None
) -> list[str]:
    """Set completed lines back to `ITEM_APPROVED`; the header stays as it is unless asked."""
    chosen, at = choose_items(world, order_id, items, ("ITEM_COMPLETED",)), now_ms() if at is None else at
    for item in chosen:
        set_item_status(world, item, "ITEM_APPROVED", at, "REOPENED")
    if order_too and chosen:
        set_order_status(world, order_id, "ORDER_APPROVED", at)
    touch(world, order_id)
    return _names(chosen)


def evaluate(world: World, order_id: str, at: int | None = None) -> None:
    """Complete or cancel an order when its lines say so; rejected and cancelled lines are ignored."""
    statuses = [item["statusId"] for item in items_of(world, order_id)]
    remaining = [status for status in statuses if status not in IGNORED_ITEM]
    touch(world, order_id)
    if remaining and all(status == "ITEM_COMPLETED" for status in remaining):
        set_order_status(world, order_id, "ORDER_COMPLETED", at)
    elif statuses and not remaining:
        set_order_status(world, order_id, "ORDER_CANCELLED", at)


def set_order_status(world: World, order_id: str, status: str, at: int | None = None) -> None:
    """Change the header's status and write the event; nothing happens when it is so already."""
    if order_row(world, order_id)["statusId"] == status:
        return
    world.database.run("UPDATE OrderHeader SET statusId = ? WHERE orderId = ?", (status, order_id))
    write_status(world, order_id, None, status, at)


def set_item_status(world: World, item: Row, status: str, at: int | None = None, reason: str | None = None) -> None:
    """Change a line's status and write the event."""
    key = (item["orderId"], item["orderItemSeqId"])
    world.database.run("UPDATE OrderItem SET statusId = ? WHERE orderId = ? AND orderItemSeqId = ?", (status, *key))
    write_status(world, *key, status, at, reason)


def write_status(
    world: World, order_id: str, item: str | None, status: str, at: int | None = None, reason: str | None = None
) -> None:
    """Add an OrderStatus row; its id has one of two forms, so that ids tell no order in time."""
    number = world.database.next_number("OrderStatus")
    delay_s = max(world.settings.visibility_delay_s, world.faults.visibility_delay_s(order_id))
    world.database.insert(
        "OrderStatus",
        {
            "orderStatusId": f"M{110_000 + number}" if number % 2 else str(10_000 + number),
            "orderId": order_id,
            "orderItemSeqId": item,
            "statusId": status,
            "statusUserLogin": _USER,
            "changeReason": reason,
            "statusDatetime": now_ms() if at is None else at,
            "x_visible": now_ms() + int(delay_s * 1000) if delay_s else 0,
        },
    )


def touch(world: World, order_id: str) -> None:
    """Move the header's `lastUpdatedStamp` to now."""
    world.database.run("UPDATE OrderHeader SET lastUpdatedStamp = ? WHERE orderId = ?", (now_ms(), order_id))


def facility_of(world: World, item: Row) -> str | None:
    """Return the facility of the ship group that a line is in."""
    sql = "SELECT facilityId FROM OrderItemShipGroup WHERE orderId = ? AND shipGroupSeqId = ?"
    found: str | None = world.database.value(sql, (item["orderId"], item["shipGroupSeqId"]))
    return found


def move_item(world: World, item: Row, facility_id: str) -> None:
    """Put a line into a new ship group at a facility; the old group stays, perhaps empty."""
    order_id = item["orderId"]
    sql = "SELECT * FROM OrderItemShipGroup WHERE orderId = ? AND shipGroupSeqId = ?"
    group = world.database.row(sql, (order_id, item["shipGroupSeqId"])) or {"orderId": order_id}
    last = world.database.value("SELECT max(shipGroupSeqId) FROM OrderItemShipGroup WHERE orderId = ?", (order_id,))
    new = {**group, "shipGroupSeqId": f"{int(last or 0) + 1:05}", "facilityId": facility_id, "trackingNumber": None}
    world.database.insert("OrderItemShipGroup", new)
    world.database.run(
        "UPDATE OrderItem SET shipGroupSeqId = ? WHERE orderId = ? AND orderItemSeqId = ?",
        (new["shipGroupSeqId"], order_id, item["orderItemSeqId"]),
    )


def add_adjustment(world: World, order_id: str, item: str, kind: str, amount: float) -> None:
    """Add an OrderAdjustment row; `_NA_` as the line means the order itself."""
    world.database.insert(
        "OrderAdjustment",
        {
            "orderAdjustmentId": str(50_000 + world.database.next_number("OrderAdjustment")),
            "orderId": order_id,
            "orderItemSeqId": item,
            "orderAdjustmentTypeId": kind,
            "amount": amount,
        },
    )


def set_attribute(world: World, order_id: str, name: str, value: str) -> None:
    """Write an order attribute, as Retail Pro's confirmation does with `retailProStatus`."""
    row = {"orderId": order_id, "attrName": name, "attrValue": value, "lastUpdatedStamp": now_ms()}
    world.database.put("OrderAttribute", [row])
    touch(world, order_id)


def _take_back_tax(world: World, order_id: str, item: str) -> None:
    sql = (
        "SELECT coalesce(sum(amount), 0) FROM OrderAdjustment"
        " WHERE orderId = ? AND orderItemSeqId = ? AND orderAdjustmentTypeId = 'SALES_TAX'"
    )
    tax = round(world.database.value(sql, (order_id, item)), 6)
    if tax:
        add_adjustment(world, order_id, item, "SALES_TAX", -tax)


def _track(world: World, order_id: str, items: Iterable[Row], number: str) -> None:
    for name in _names(items):
        world.database.run(
            "UPDATE OrderItemShipGroup SET trackingNumber = ? WHERE orderId = ? AND shipGroupSeqId ="
            " (SELECT shipGroupSeqId FROM OrderItem WHERE orderId = ? AND orderItemSeqId = ?)",
            (number, order_id, order_id, name),
        )


def _names(items: Iterable[Row]) -> list[str]:
    return [item["orderItemSeqId"] for item in items]
