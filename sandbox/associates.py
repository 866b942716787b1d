"""Store associates and the shop's back office: what they do to orders, now or at a planned moment.

The plan holds whatever the systems do later, NetSuite's asynchronous jobs too.
"""

# ruff: noqa: N815 - HotWax's own field names are what callers write

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import now_ms
from sandbox.hotwax import lifecycle, receiving_deeds
from sandbox.hotwax.numbers import orders_with_number
from sandbox.netsuite import jobs
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.world import World

_INVOICED = ("retailProStatus", "Invoiced")


class Deed(BaseModel):
    """One thing that somebody does to an order."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["fulfill", "cancel", "reject", "reopen", "confirm", "attribute"]
    orderId: str | None = None
    orderNo: str | None = None
    items: list[str] | None = None
    facilityId: str | None = None
    trackingNumber: str | None = None
    reason: str = "NO_VARIANCE_LOG"
    order_too: bool = False
    at: int | None = None
    name: str | None = None
    value: str | None = None
    after_s: Annotated[float, Field(ge=0)] | None = None


def perform(world: World, deed: Deed) -> Row:
    """Do it now and return what was touched.

    Raises:
        NotFoundError: The order does not exist.
        BadInputError: The deed makes no sense for these lines.
    """
    with world.database.transaction():
        if deed.action == "confirm":
            return {"orders": _confirm(world, deed)}
        order_id = _order_id(deed)
        lifecycle.order_row(world, order_id)
        items = _handle(world, order_id, deed)
        status = lifecycle.order_row(world, order_id)["statusId"]
    return {"orderId": order_id, "statusId": status, "items": items}


def _handle(world: World, order_id: str, deed: Deed) -> list[str]:
    match deed.action:
        case "fulfill":
            shipment = {"facility_id": deed.facilityId, "tracking_number": deed.trackingNumber}
            return lifecycle.fulfill(world, order_id, deed.items, at=deed.at, **shipment)
        case "cancel":
            return lifecycle.cancel(world, order_id, deed.items, reason=deed.reason, at=deed.at)
        case "reject":
            return lifecycle.reject(world, order_id, deed.items, to_facility_id=deed.facilityId)
        case "reopen":
            return lifecycle.reopen(world, order_id, deed.items, order_too=deed.order_too, at=deed.at)
        case _:
            if deed.name is None or deed.value is None:
                raise BadInputError("name, value", (deed.name, deed.value), "both are needed for an attribute")
            lifecycle.set_attribute(world, order_id, deed.name, deed.value)
            return []


def _confirm(world: World, deed: Deed) -> list[str]:
    """Set `retailProStatus` on the order, or on every order with that number."""
    found = [_order_id(deed)] if deed.orderId else orders_with_number(world, deed.orderNo or "")
    if not found:
        raise NotFoundError(f"no order has the number {deed.orderNo}")
    for order_id in found:
        lifecycle.order_row(world, order_id)
        lifecycle.set_attribute(world, order_id, *_INVOICED)
    return found


def _order_id(deed: Deed) -> str:
    if not deed.orderId:
        raise BadInputError("orderId", deed.orderId, "is needed")
    return deed.orderId


def schedule(world: World, action: dict[str, Any], after_s: float) -> int:
    """Plan a deed for later and return the plan's id."""
    due = now_ms() + int(after_s * 1000)
    row = {"due": due, "action": json.dumps(action), "state": "pending", "error": None, "doneAt": None}
    plan_id = world.database.insert("plan", row)
    world.plan_changed.set()
    return plan_id


async def work(world: World) -> None:
    """Do what is planned when it is due, for ever; a deed that fails is noted and stops nothing."""
    while True:
        world.plan_changed.clear()
        due = world.database.value("SELECT min(due) FROM plan WHERE state = 'pending'")
        wait_s = None if due is None else max(0.0, (due - now_ms()) / 1000)
        try:
            await asyncio.wait_for(world.plan_changed.wait(), wait_s)
        except TimeoutError:
            # One deed at a time: calls that wait are answered in between, however much is due.
            _do_next(world)


def _perform_planned(world: World, action: dict[str, Any]) -> None:
    if action["action"] == jobs.ACTION:
        jobs.perform(world, action["job"])
    elif action["action"] in receiving_deeds.ACTIONS:
        receiving_deeds.perform(world, receiving_deeds.PoDeed.model_validate(action))
    else:
        perform(world, Deed.model_validate(action))


def _do_next(world: World) -> None:
    sql = "SELECT * FROM plan WHERE state = 'pending' AND due <= ? ORDER BY due, id LIMIT 1"
    row = world.database.row(sql, (now_ms(),))
    if row is None:
        return
    error = None
    try:
        _perform_planned(world, json.loads(row["action"]))
    except (BadInputError, NotFoundError) as problem:
        error = str(problem)
    world.database.run(
        "UPDATE plan SET state = ?, error = ?, doneAt = ? WHERE id = ?",
        ("failed" if error else "done", error, now_ms(), row["id"]),
    )
