"""What can be played: seeds, associates, sales at the till, wrong documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from starlette.routing import Route

from sandbox.admin.errors import telling
from sandbox.admin.inputs import Play, PosSale, Wrong, read
from sandbox.admin.wrongs import plant_wrong
from sandbox.associates import Deed, perform, schedule
from sandbox.chance import draw
from sandbox.hotwax import receiving_deeds, receiving_play
from sandbox.hotwax.lifecycle import OPEN_ITEM, items_of, order_row
from sandbox.hotwax.planting import plant
from sandbox.hotwax.receiving_deeds import PoDeed
from sandbox.hotwax.receiving_play import PoPlay
from sandbox.hotwax.seed import Seed
from sandbox.http import json_answer
from sandbox.retailpro import documents

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.world import World


_SALES_ITEMS: Final = """
SELECT i.* FROM OrderItem i JOIN OrderHeader h ON h.orderId = i.orderId AND h.orderTypeId <> 'PURCHASE_ORDER'
ORDER BY i.orderId, i.orderItemSeqId
"""


class PlayingApi:
    """The acts of the admin API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return its routes."""
        named = [
            ("POST", "seed", self._seed),
            ("POST", "deeds", self._deed),
            ("POST", "play", self._play),
            ("POST", "po-deeds", self._po_deed),
            ("POST", "po-play", self._po_play),
            ("GET", "plan", self._plan),
            ("DELETE", "plan", self._forget_plan),
            ("POST", "pos-sales", self._pos_sale),
            ("POST", "wrongs", self._wrong),
        ]
        return [Route(f"/admin/{path}", telling(handler), methods=[method]) for method, path, handler in named]

    async def _seed(self, request: Request) -> Response:
        seed = await read(request, Seed)
        return json_answer(plant(self._world, seed), 201)

    async def _deed(self, request: Request) -> Response:
        deed = await read(request, Deed)
        if deed.after_s is None:
            return json_answer(perform(self._world, deed))
        if deed.orderId:
            order_row(self._world, deed.orderId)
        action = deed.model_dump(exclude={"after_s"}, exclude_none=True)
        return json_answer({"planned": schedule(self._world, action, deed.after_s)}, 201)

    async def _play(self, request: Request) -> Response:
        wanted = await read(request, Play)
        with self._world.database.transaction():
            lines = list(self._open_lines(wanted))
            for order_id, item in lines:
                after_s = wanted.start_s + wanted.over_s * draw(wanted.seed, f"{order_id}/{item}")
                schedule(self._world, {"action": "fulfill", "orderId": order_id, "items": [item]}, after_s)
        return json_answer({"planned": len(lines)}, 201)

    async def _po_deed(self, request: Request) -> Response:
        deed = await read(request, PoDeed)
        if deed.after_s is None:
            return json_answer(receiving_deeds.perform(self._world, deed))
        action = deed.model_dump(exclude={"after_s"}, exclude_none=True)
        return json_answer({"planned": schedule(self._world, action, deed.after_s)}, 201)

    async def _po_play(self, request: Request) -> Response:
        wanted = await read(request, PoPlay)
        return json_answer({"planned": receiving_play.play(self._world, wanted)}, 201)

    def _open_lines(self, wanted: Play) -> list[tuple[str, str]]:
        """Return the open lines of the orders named, or of all."""
        if wanted.orders is None:
            items = self._world.database.rows(_SALES_ITEMS)
            return [(item["orderId"], item["orderItemSeqId"]) for item in items if item["statusId"] in OPEN_ITEM]
        for order_id in wanted.orders:
            order_row(self._world, order_id)
        items = [item for order_id in wanted.orders for item in items_of(self._world, order_id)]
        return [(item["orderId"], item["orderItemSeqId"]) for item in items if item["statusId"] in OPEN_ITEM]

    async def _plan(self, _: Request) -> Response:
        rows = self._world.database.rows("SELECT * FROM plan ORDER BY due, id")
        return json_answer({"plan": [_shown(row) for row in rows]})

    async def _forget_plan(self, _: Request) -> Response:
        gone = self._world.database.run("DELETE FROM plan WHERE state = 'pending'")
        self._world.plan_changed.set()
        return json_answer({"removed": gone})

    async def _pos_sale(self, request: Request) -> Response:
        sale = await read(request, PosSale)
        with self._world.database.transaction():
            if sale.orderId is not None:
                order_row(self._world, sale.orderId)
            for item in sale.items:
                documents.sell(self._world.database, sale.store, item.upc, item.quantity, sale.orderId)
        return json_answer({"sold": len(sale.items)}, 201)

    async def _wrong(self, request: Request) -> Response:
        wrong = await read(request, Wrong)
        return json_answer(plant_wrong(self._world, wrong), 201)


def _shown(row: Row) -> Row:
    return {**row, "action": json.loads(row["action"])}
