"""What can be read: documents, stock, shipments, identifications, calls, counts, the check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from starlette.routing import Route

from sandbox.admin.check import check, shipped
from sandbox.admin.errors import telling
from sandbox.hotwax.entities import plain
from sandbox.hotwax.lifecycle import order_row
from sandbox.hotwax.orders import master
from sandbox.http import json_answer
from sandbox.problems import BadInputError
from sandbox.retailpro import documents

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.world import World

_CALL_FILTERS: Final = {
    "system": "system = ?",
    "method": "method = ?",
    "path": "path LIKE ? || '%'",
    "status": "status = ?",
    "fault": "fault = ?",
    "applied": "applied = ?",
    "contains": "body LIKE '%' || ? || '%'",
    "since": "seq > ?",
}
_ORDER_FILTERS: Final = {"statusId": "statusId = ?", "channel": "salesChannelEnumId = ?", "name": "orderName = ?"}
_DOCUMENT_FILTERS: Final = {
    "number": "number = ?",
    "store": "store = ?",
    "toStore": "toStore = ?",
    "origin": "origin = ?",
}


class ReadingApi:
    """The GET half of the admin API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def routes(self) -> list[Route]:
        """Return its routes."""
        named = {
            "health": self._health,
            "orders": self._orders,
            "orders/{order_id}": self._order,
            "invoices": self._invoices,
            "slips": self._slips,
            "stock": self._stock,
            "shipped": self._shipped,
            "identifications": self._identifications,
            "calls": self._calls,
            "counts": self._counts,
            "check": self._check,
        }
        return [Route(f"/admin/{path}", telling(handler), methods=["GET"]) for path, handler in named.items()]

    async def _health(self, _: Request) -> Response:
        return json_answer({"status": "ok", "inFlight": self._world.calls.in_flight()})

    async def _orders(self, request: Request) -> Response:
        rows = self._filtered(request, "SELECT * FROM OrderHeader", _ORDER_FILTERS, "orderId")
        return json_answer({"orders": [plain(row) for row in rows]})

    async def _order(self, request: Request) -> Response:
        header = order_row(self._world, request.path_params["order_id"])
        return json_answer(master(self._database, plain(header)))

    async def _invoices(self, request: Request) -> Response:
        return self._documents(request, "invoice")

    async def _slips(self, request: Request) -> Response:
        return self._documents(request, "slip")

    def _documents(self, request: Request, kind: str) -> Response:
        filters = {**_DOCUMENT_FILTERS, "kind": "kind = ?"}
        rows = self._filtered(request, "SELECT * FROM document", filters, "id", {"kind": kind})
        return json_answer({f"{kind}s": [self._document(row) for row in rows]})

    def _document(self, row: Row) -> Row:
        lines = documents.lines_of(self._database, row["id"])
        shown = [{"upc": line.upc, "quantity": line.quantity, "storeOrig": line.store_orig} for line in lines]
        shown = [plain(line) for line in shown]
        return {**plain(row), "body": json.loads(row["body"]), "lines": shown}

    async def _stock(self, request: Request) -> Response:
        wanted = {name: request.query_params[name] for name in ("store", "upc") if name in request.query_params}
        rows = documents.stock(self._database)
        return json_answer({"stock": [row for row in rows if wanted.items() <= row.items()]})

    async def _shipped(self, _: Request) -> Response:
        return json_answer({"shipped": shipped(self._world)})

    async def _identifications(self, request: Request) -> Response:
        filters = {"orderId": "orderId = ?", "type": "orderIdentificationTypeId = ?"}
        rows = self._filtered(request, "SELECT * FROM OrderIdentification", filters, "orderId, fromDate")
        return json_answer({"identifications": [plain(row) for row in rows]})

    async def _calls(self, request: Request) -> Response:
        rows = self._filtered(request, "SELECT * FROM call", _CALL_FILTERS, "seq")
        return json_answer({"calls": [{**row, "applied": bool(row["applied"])} for row in rows]})

    async def _counts(self, _: Request) -> Response:
        calls = self._database.rows("SELECT * FROM callCount ORDER BY system, route, method, status")
        return json_answer({"calls": calls, **{name: self._database.value(sql) for name, sql in _COUNTS.items()}})

    async def _check(self, request: Request) -> Response:
        exclude = [part for part in request.query_params.get("exclude", "").split(",") if part]
        return json_answer(check(self._world, exclude))

    def _filtered(
        self, request: Request, select: str, filters: dict[str, str], order: str, fixed: dict[str, Any] | None = None
    ) -> list[Row]:
        """Return the rows that the query parameters ask for; `limit` and `offset` page, `limit` is 1000 by default."""
        given = {**request.query_params, **(fixed or {})}
        page = {name: _whole(given.pop(name, default), name) for name, default in (("limit", 1000), ("offset", 0))}
        for name in given.keys() - filters.keys():
            raise BadInputError(name, given[name], f"is no filter here; there are {sorted(filters)}, limit and offset")
        values = [_truth(value) for value in given.values()]
        where = " AND ".join(filters[name] for name in given) or "1"
        sql = f"{select} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return self._database.rows(sql, [*values, page["limit"], page["offset"]])


_COUNTS: Final = {
    "orders": "SELECT count(*) FROM OrderHeader WHERE orderTypeId <> 'PURCHASE_ORDER'",
    "invoices": "SELECT count(*) FROM document WHERE kind = 'invoice'",
    "slips": "SELECT count(*) FROM document WHERE kind = 'slip'",
    "identifications": "SELECT count(*) FROM OrderIdentification",
    "purchaseOrders": "SELECT count(*) FROM nsOrder",
    "itemReceipts": "SELECT count(*) FROM nsReceipt",
    "importedPurchaseOrders": "SELECT count(*) FROM OrderHeader WHERE orderTypeId = 'PURCHASE_ORDER'",
    "shipmentReceipts": "SELECT count(*) FROM ShipmentReceipt",
    "imports": "SELECT count(*) FROM DataManagerLog",
    "planned": "SELECT count(*) FROM plan WHERE state = 'pending'",
}


def _whole(value: Any, name: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise BadInputError(name, value, "must be a whole number") from error


def _truth(value: Any) -> Any:
    return {"true": 1, "false": 0}.get(value, value)
