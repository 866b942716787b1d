"""The newer resources `/oms/purchaseOrders`, which not every instance has (reference hotwax.md 2.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.hotwax import lifecycle
from sandbox.hotwax.entities import paging, plain, rest_list
from sandbox.hotwax.receiving import PURCHASE_ORDER, Received, purchase_order, receive
from sandbox.hotwax.refusals import HotWaxRefusalError, json_object
from sandbox.http import json_answer, mark_applied
from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.hotwax.refusals import Handler
    from sandbox.world import World

_LIST_SQL = """
SELECT h.* FROM OrderHeader h WHERE h.orderTypeId = 'PURCHASE_ORDER'
AND (?1 IS NULL OR EXISTS (SELECT 1 FROM OrderItemShipGroup g WHERE g.orderId = h.orderId AND g.facilityId = ?1))
AND (?2 IS NULL OR instr(',' || ?2 || ',', ',' || h.statusId || ','))
AND (?3 IS NULL OR instr(h.orderId, ?3) OR instr(h.externalId, ?3)) ORDER BY h.orderDate, h.orderId
"""


class PurchaseApi:
    """Answers the receiving app's calls."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Return method, path and handler of each."""
        one = "/rest/s1/oms/purchaseOrders/{order_id}"
        return [
            ("GET", "/rest/s1/oms/purchaseOrders", self._offered(self._list)),
            ("GET", one, self._offered(self._one)),
            ("GET", f"{one}/receipts", self._offered(self._receipts)),
            ("POST", f"{one}/receive", self._offered(self._receive)),
        ]

    def _offered(self, handler: Handler) -> Handler:
        async def switched(request: Request) -> Response:
            if not self._world.settings.purchase_orders_offered:
                raise HotWaxRefusalError(404, "Resource purchaseOrders not valid")
            return await handler(request)

        return switched

    async def _list(self, request: Request) -> Response:
        given = request.query_params
        wanted = [given.get(name) or None for name in ("facilityId", "orderStatusId", "keyword")]
        rows = self._database.rows(_LIST_SQL, wanted)
        limit, offset = paging({"pageSize": given.get("limit"), "pageIndex": given.get("pageIndex")})
        page = [_shown(row) for row in rows[offset : offset + limit]]
        return json_answer({"orders": page, "totalOrdersCount": len(rows)})

    async def _one(self, request: Request) -> Response:
        header = plain(purchase_order(self._world, request.path_params["order_id"]))
        items = [
            {**plain(item), "facilityId": lifecycle.facility_of(self._world, item)}
            for item in lifecycle.items_of(self._world, header["orderId"])
        ]
        return json_answer({"order": {**header, "orderStatusDesc": _described(header["statusId"]), "items": items}})

    async def _receipts(self, request: Request) -> Response:
        order_id = purchase_order(self._world, request.path_params["order_id"])["orderId"]
        parameters = {"pageSize": 20, "pageIndex": 0, **request.query_params, "orderId": order_id}
        rows, _ = rest_list(self._database, "ShipmentReceipt", parameters)
        return json_answer(rows)

    async def _receive(self, request: Request) -> Response:
        body = await json_object(request)
        items = body.get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise BadInputError("items", items, "must be a list of lines")
        order_id = purchase_order(self._world, request.path_params["order_id"])["orderId"]
        rows = [self._received(order_id, item) for item in items]
        done = receive(self._world, order_id, rows, facility_id=body.get("facilityId"))
        mark_applied(request.scope)
        return json_answer({"shipmentId": done["shipmentId"]} if done["shipmentId"] else {})

    def _received(self, order_id: str, item: Mapping[str, Any]) -> Received:
        name = item.get("orderItemSeqId")
        sql = "SELECT productId FROM OrderItem WHERE orderId = ? AND orderItemSeqId = ?"
        product = item.get("productId") or self._database.value(sql, (order_id, name))
        if not isinstance(product, str):
            raise BadInputError("productId", product, "is required where no line is named")
        accepted, rejected = (_number(item, key) for key in ("quantityAccepted", "quantityRejected"))
        close = item.get("statusId") == "ITEM_COMPLETED"
        return Received(name, product, accepted, rejected, close, item.get("locationSeqId"))


def _number(item: Mapping[str, Any], name: str) -> float:
    try:
        return float(item.get(name) or 0)
    except (TypeError, ValueError) as error:
        raise BadInputError(name, item.get(name), "must be a number") from error


def _shown(row: Row) -> Row:
    header = plain(row)
    named = {"orderExternalId": header.get("externalId"), "orderStatusId": header["statusId"]}
    return {"orderId": header["orderId"], **named, "orderDate": header["orderDate"], "orderTypeId": PURCHASE_ORDER}


def _described(status: str) -> str:
    return status.removeprefix("ORDER_").title()
