"""The Moqui REST paths below `/rest/s1`, and the older ones below `/api`."""

from __future__ import annotations

import secrets
import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.routing import Route, Router

from sandbox.clock import now_ms, to_ms
from sandbox.hotwax.entities import BY_NAME, Query, paging, plain, rest_list
from sandbox.hotwax.orders import SUB_LISTS, detail, master
from sandbox.hotwax.purchase_rest import PurchaseApi
from sandbox.hotwax.refusals import HotWaxRefusalError, json_object, refusing
from sandbox.hotwax.uploads import UploadApi
from sandbox.http import json_answer, mark_applied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.hotwax.refusals import Handler
    from sandbox.world import World


class HotWaxApi:
    """Answers the calls that an integration makes to a Moqui OMS."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    def router(self) -> Router:
        """Return the ASGI application for every path of HotWax."""
        order = "/rest/s1/oms/orders/{order_id}"
        routes = [
            self._route("/rest/s1/oms/orders", self._orders, "GET"),
            self._route("/rest/s1/oms/entityData", self._entity_data, "POST"),
            self._route(f"{order}/identifications", self._add_identification, "POST"),
            self._route(f"{order}/identifications", self._expire_identification, "PUT"),
            self._route(f"{order}/{{part}}", self._sub_list, "GET"),
            self._route(order, self._order_detail, "GET"),
            self._route("/rest/s1/oms/facilities", self._facilities, "GET"),
            Route("/rest/s1/admin/login", refusing(self._login), methods=["POST"]),
        ]
        named = (*PurchaseApi(self._world).routes(), *UploadApi(self._world).routes())
        routes += [self._route(path, handler, method) for method, path, handler in named]
        return Router(routes, redirect_slashes=False)

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        return Route(path, refusing(self._signed_in(handler)), methods=[method])

    def _signed_in(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            self._check_token(request.headers)
            return await handler(request)

        return checked

    def _check_token(self, headers: Mapping[str, str]) -> None:
        given = headers.get("authorization", "").removeprefix("Bearer ").strip() or headers.get("api_key", "")
        if given and given == self._world.settings.static_token:
            return
        expires = self._database.value("SELECT expires FROM token WHERE token = ?", (given,))
        if expires is None:
            raise HotWaxRefusalError(401, "No authenticated user")
        if expires <= now_ms():
            raise HotWaxRefusalError(401, "The token has expired")

    async def _login(self, request: Request) -> Response:
        body = await json_object(request)
        settings = self._world.settings
        if (body.get("username"), body.get("password")) != (settings.username, settings.password):
            raise HotWaxRefusalError(401, "Username or password is wrong")
        token, expires = secrets.token_urlsafe(32), now_ms() + int(settings.token_lifetime_s * 1000)
        self._database.insert("token", {"token": token, "expires": expires})
        return json_answer({"token": token, "expirationTime": expires})

    async def _orders(self, request: Request) -> Response:
        parameters = request.query_params
        rows, total = rest_list(self._database, "OrderHeader", parameters)
        if parameters.get("dependentLevels", "0") not in ("", "0"):
            rows = [master(self._database, row) for row in rows]
        return json_answer(rows, headers={"x-total-count": str(total)})

    async def _order_detail(self, request: Request) -> Response:
        header = self._header(request)
        return json_answer({"orderDetail": detail(self._database, header)})

    async def _sub_list(self, request: Request) -> Response:
        part = request.path_params["part"]
        if part not in SUB_LISTS:
            raise HotWaxRefusalError(404, f"Resource {part} not valid")
        self._header(request)
        parameters = {**request.query_params, "orderId": request.path_params["order_id"]}
        rows, total = rest_list(self._database, SUB_LISTS[part], parameters)
        return json_answer(rows, headers={"x-total-count": str(total)})

    async def _facilities(self, request: Request) -> Response:
        rows, total = rest_list(self._database, "Facility", request.query_params)
        return json_answer(rows, headers={"x-total-count": str(total)})

    async def _entity_data(self, request: Request) -> Response:
        body = await json_object(request)
        name, parameters = body.get("selectedEntity"), body.get("customParametersMap") or {}
        if not isinstance(name, str) or name not in BY_NAME:
            return json_answer({"_ERROR_MESSAGE_": f"Entity {name} not found"})
        if not isinstance(parameters, dict):
            return json_answer({"_ERROR_MESSAGE_": "customParametersMap must be a map"})
        query = Query(BY_NAME[name], parameters, by_date=_is_true(body.get("filterByDate")))
        rows = query.rows(self._database, *paging(parameters))
        return json_answer({"entityValueList": rows})

    async def _add_identification(self, request: Request) -> Response:
        row = _identification(await json_object(request), self._header(request)["orderId"])
        row["fromDate"] = row["fromDate"] if row["fromDate"] is not None else now_ms()
        if not row["idValue"]:
            raise HotWaxRefusalError(400, "Field idValue is required")
        self._check_identification_type(row["orderIdentificationTypeId"])
        try:
            self._database.insert("OrderIdentification", row)
        except sqlite3.IntegrityError as error:
            status = self._world.settings.duplicate_key_status
            raise HotWaxRefusalError(status, "The record already exists: OrderIdentification") from error
        mark_applied(request.scope)
        return json_answer(plain(row))

    async def _expire_identification(self, request: Request) -> Response:
        row = _identification(await json_object(request), self._header(request)["orderId"])
        changed = self._database.run(
            "UPDATE OrderIdentification SET thruDate = coalesce(?, thruDate), idValue = coalesce(?, idValue)"
            " WHERE orderId = ? AND orderIdentificationTypeId = ? AND fromDate = ?",
            (row["thruDate"], row["idValue"], row["orderId"], row["orderIdentificationTypeId"], row["fromDate"]),
        )
        if not changed:
            raise HotWaxRefusalError(404, "OrderIdentification not found with that orderId, type and fromDate")
        mark_applied(request.scope)
        return json_answer(plain(row))

    def _check_identification_type(self, name: object) -> None:
        sql = "SELECT 1 FROM Enumeration WHERE enumId = ? AND enumTypeId = 'ORDER_IDENTITY'"
        if not self._database.row(sql, (name,)):
            raise HotWaxRefusalError(400, f"orderIdentificationTypeId {name} is no Enumeration of ORDER_IDENTITY")

    def _header(self, request: Request) -> dict[str, Any]:
        order_id = request.path_params["order_id"]
        found = self._database.row("SELECT * FROM OrderHeader WHERE orderId = ?", (order_id,))
        if found is None:
            raise HotWaxRefusalError(404, f"OrderHeader not found with orderId {order_id}")
        return plain(found)


def _identification(body: Mapping[str, Any], order_id: str) -> dict[str, Any]:
    times = {}
    for name in ("fromDate", "thruDate"):
        try:
            times[name] = to_ms(body[name]) if body.get(name) is not None else None
        except ValueError as error:
            raise HotWaxRefusalError(400, f"{name}: {error}") from error
    value = body.get("idValue")
    kind = body.get("orderIdentificationTypeId")
    text = None if value is None else str(value)
    return {"orderId": order_id, "orderIdentificationTypeId": kind, "idValue": text, **times}


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in {"y", "true"}
