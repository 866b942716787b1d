"""A receiving day by a seed: open purchase orders come in parts, over, short, broken, and are corrected afterwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from sandbox.associates import schedule
from sandbox.chance import draw
from sandbox.hotwax import receiving

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.world import World

Probability = Annotated[float, Field(ge=0, le=1)]
_CORRECTION_AFTER = 0.15
"""How much of the time passes between the last visit and a correction."""


class PoPlay(BaseModel):
    """Receive some purchase orders, or all open ones, spread over a time; probabilities are per line (or order)."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
    orders: list[str] | None = None
    over_s: Annotated[float, Field(ge=0)] = 10
    start_s: Annotated[float, Field(ge=0)] = 0
    seed: int = 0
    parts: Annotated[int, Field(ge=1, le=10)] = 2
    over: Probability = 0
    short: Probability = 0
    reject: Probability = 0
    unplanned: Probability = 0
    correct: Probability = 0
    unplanned_sku: str | None = None


def play(world: World, wanted: PoPlay) -> int:
    """Plan it all and return how many deeds were planned.

    Raises:
        NotFoundError: HotWax has no such purchase order.
    """
    with world.database.transaction():
        return sum(_Day(world, wanted, order_id).plan() for order_id in _orders(world, wanted))


def _orders(world: World, wanted: PoPlay) -> list[str]:
    if wanted.orders is not None:
        return [found for po_id in wanted.orders for found in receiving.purchase_orders(world, po_id)[:1]]
    sql = "SELECT orderId FROM OrderHeader WHERE orderTypeId = ? AND statusId = 'ORDER_APPROVED' ORDER BY orderId"
    return [row["orderId"] for row in world.database.rows(sql, (receiving.PURCHASE_ORDER,))]


@dataclass
class _Day:
    """What happens to one purchase order; draws are named by NetSuite's ids, which a repetition has again."""

    world: World
    wanted: PoPlay
    order_id: str

    def plan(self) -> int:
        """Plan the visits, and corrections after them."""
        name = receiving.purchase_order(self.world, self.order_id)["externalId"]
        visits = 1 + int(draw(self.wanted.seed, f"{name}/visits") * self.wanted.parts)
        items: list[list[Row]] = [[] for _ in range(visits)]
        for item in receiving.open_items(self.world, self.order_id):
            for visit, row in enumerate(self._line(item, visits, f"{name}/{item['externalId']}")):
                items[visit] += [row] if row["accepted"] or row["rejected"] or row["close"] else []
        if self._happens("unplanned", name) and self.wanted.unplanned_sku:
            items[-1].append({"sku": self.wanted.unplanned_sku, "accepted": 1})
        moments = sorted(draw(self.wanted.seed, f"{name}/at/{visit}") for visit in range(visits))
        planned = [self._receive(rows, at) for rows, at in zip(items, moments, strict=True) if rows]
        if planned and self._happens("correct", name):
            self._schedule(
                {"action": "correct", "orderId": self.order_id, "delta": -1}, moments[-1] + _CORRECTION_AFTER
            )
            return len(planned) + 1
        return len(planned)

    def _line(self, item: Row, visits: int, name: str) -> list[Row]:
        """Return what each visit finds of one line."""
        missing = max(0.0, item["quantity"] - receiving.accepted_of(self.world, item))
        over = max(1.0, math.floor(item["quantity"] * 0.1)) if self._happens("over", name) else 0.0
        short = 1.0 if not over and missing >= 1 and self._happens("short", name) else 0.0
        rejected = 1.0 if missing - short >= 1 and self._happens("reject", name) else 0.0
        total = missing + over - short - rejected
        parts = [math.floor(total / visits)] * (visits - 1)
        parts.append(total - sum(parts))
        name = item["orderItemSeqId"]
        rows: list[Row] = [{"orderItemSeqId": name, "accepted": part, "rejected": 0, "close": False} for part in parts]
        rows[-1] |= {"rejected": rejected, "close": bool(short)}
        return rows

    def _happens(self, kind: str, name: str) -> bool:
        probability: float = getattr(self.wanted, kind)
        return draw(self.wanted.seed, f"{name}/{kind}") < probability

    def _receive(self, items: list[Row], at: float) -> int:
        return self._schedule({"action": "receive", "orderId": self.order_id, "items": items}, at)

    def _schedule(self, action: Row, at: float) -> int:
        return schedule(self.world, action, self.wanted.start_s + self.wanted.over_s * at)
