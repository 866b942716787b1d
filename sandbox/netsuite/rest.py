"""NetSuite's REST services below `/services/rest`: tokens, SuiteQL, records, asynchronous jobs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import Route, Router

from sandbox.associates import schedule
from sandbox.http import json_answer, mark_applied
from sandbox.netsuite import jobs, orders, receipts
from sandbox.netsuite.oauth import TOKEN_PATH, OAuth
from sandbox.netsuite.rest_errors import RestError, bad_request, refusing
from sandbox.netsuite.rest_records import RECORD_ROOT, order_record, receipt_record
from sandbox.netsuite.rest_transform import read_wanted, receive
from sandbox.netsuite.suiteql import SuiteQl

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sandbox.database import Row
    from sandbox.netsuite.oauth import Login
    from sandbox.netsuite.rest_transform import Wanted
    from sandbox.world import World

    LoggedIn = Callable[[Request, Login], Awaitable[Response]]

KEY_HEADER: Final = "X-NetSuite-Idempotency-Key"
_QL_PATH: Final = "/services/rest/query/v1/suiteql"
_RECEIVE: Final = ("TRAN_PURCHORDRECEIVE", "Transactions -> Receive Order")
_ORDERS: Final = ("TRAN_PURCHORD", "Transactions -> Purchase Order")
_RECEIPTS: Final = ("TRAN_ITEMRCPT", "Transactions -> Item Receipt")


class NetSuiteApi:
    """Answers the calls that an integration makes to SuiteTalk REST."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database
        self._oauth = OAuth(world)
        self._suiteql = SuiteQl(world)

    def router(self) -> Router:
        """Return the ASGI application for every path below `/services/rest`."""
        order, receipt = f"{RECORD_ROOT}/purchaseOrder/{{id}}", f"{RECORD_ROOT}/itemReceipt/{{id}}"
        job = f"{jobs.JOB_ROOT}/{{job:int}}"
        named: list[tuple[str, str, LoggedIn]] = [
            ("POST", _QL_PATH, self._query),
            ("GET", order, self._order),
            ("POST", f"{order}/!transform/itemReceipt", self._transform),
            ("GET", receipt, self._receipt),
            ("GET", job, self._job),
            ("GET", f"{job}/task", self._tasks),
            ("GET", f"{job}/task/1", self._task),
            ("GET", f"{job}/task/1/result", self._result),
        ]
        routes = [Route(path, refusing(self._logged_in(handler)), methods=[method]) for method, path, handler in named]
        return Router([Route(TOKEN_PATH, self._oauth.token, methods=["POST"]), *routes], redirect_slashes=False)

    def _logged_in(self, handler: LoggedIn) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            return await handler(request, self._oauth.login(request))

        return checked

    async def _query(self, request: Request, login: Login) -> Response:
        return await self._suiteql.answer(request, login)

    async def _order(self, request: Request, login: Login) -> Response:
        login.needs(*_ORDERS)
        expanded, fields = _shape(request)
        found = orders.find_order(self._database, orders.internal_id(request.path_params["id"]))
        if found is None:
            raise _no_such_record()
        return json_answer(_picked(order_record(self._database, found, _base(request), expanded=expanded), fields))

    async def _receipt(self, request: Request, login: Login) -> Response:
        login.needs(*_RECEIPTS)
        expanded, fields = _shape(request)
        found = self._found_receipt(request.path_params["id"])
        return json_answer(_picked(receipt_record(self._database, found, _base(request), expanded=expanded), fields))

    def _found_receipt(self, name: str) -> Row:
        """Return a receipt by internal id, or by `eid:` and its external id, where a new one shows later."""
        if not name.startswith("eid:"):
            found = receipts.find_receipt(self._database, orders.internal_id(name))
        else:
            found = receipts.by_external_id(self._database, name.removeprefix("eid:"))
            found = None if found and receipts.is_hidden(self._database, found["id"]) else found
        if found is None:
            raise _no_such_record()
        return found

    async def _transform(self, request: Request, login: Login) -> Response:
        login.needs(*_RECEIVE)
        login.needs(*_RECEIPTS)
        wanted = read_wanted(request.path_params["id"], await request.body(), request.headers)
        if "respond-async" in request.headers.get("prefer", ""):
            return self._taken_in(request, wanted)
        made = receive(self._world, wanted)
        self._suiteql.keep_up()
        mark_applied(request.scope)
        return Response(None, HTTPStatus.NO_CONTENT, {"location": f"{_base(request)}{RECORD_ROOT}/itemReceipt/{made}"})

    def _taken_in(self, request: Request, wanted: Wanted) -> Response:
        """Note a job for later; a key that came before is refused, and names the first job."""
        key = request.headers.get(KEY_HEADER)
        first = jobs.job_with_key(self._database, key)
        if first is not None:
            refusal = bad_request("IDEMPOTENCY_ERROR", "A request with this key was sent before.", header=KEY_HEADER)
            refusal.headers = {"location": f"{jobs.JOB_ROOT}/{first}"}
            raise refusal
        with self._database.transaction():
            job_id = jobs.add_job(self._database, wanted, key)
            delay_s = self._world.settings.netsuite_job_delay_s
            schedule(self._world, {"action": jobs.ACTION, "job": job_id}, delay_s)
        mark_applied(request.scope)
        headers = {"location": f"{jobs.JOB_ROOT}/{job_id}", "preference-applied": "respond-async"}
        return Response(None, HTTPStatus.ACCEPTED, headers, "application/json")

    async def _job(self, request: Request, _: Login) -> Response:
        return json_answer(jobs.job_shown(self._found_job(request), _base(request)))

    async def _tasks(self, request: Request, _: Login) -> Response:
        return json_answer(jobs.tasks_shown(self._found_job(request), _base(request)))

    async def _task(self, request: Request, _: Login) -> Response:
        return json_answer(jobs.task_shown(self._found_job(request), _base(request)))

    async def _result(self, request: Request, _: Login) -> Response:
        """Answer what the request would have been answered, had it not been asynchronous."""
        job = self._found_job(request)
        if job["ended"] is None:
            raise RestError(HTTPStatus.NOT_FOUND, "NONEXISTENT_ID", "The task is not completed: it has no result yet.")
        if job["location"] is None:
            return Response(job["body"], job["status"], None, "application/json")
        return Response(None, job["status"], {"location": f"{_base(request)}{job['location']}"})

    def _found_job(self, request: Request) -> Row:
        found = jobs.find_job(self._database, request.path_params["job"])
        if found is None:
            raise _no_such_record()
        return found


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _no_such_record() -> RestError:
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return RestError(HTTPStatus.NOT_FOUND, "NONEXISTENT_ID", detail, {"o:urlPath": "id"})


def _shape(request: Request) -> tuple[bool, list[str] | None]:
    """Return whether sub-resources are expanded, and which fields are asked for (None: all)."""
    for name in request.query_params:
        if name not in ("expandSubResources", "fields"):
            raise bad_request("INVALID_PARAMETER", f"Unknown query parameter: {name}.", query=name)
    expand = request.query_params.get("expandSubResources", "false").lower()
    if expand not in ("true", "false"):
        raise bad_request("INVALID_PARAMETER", "It must be true or false.", query="expandSubResources")
    fields = request.query_params.get("fields")
    return expand == "true", fields.split(",") if fields else None


def _picked(record: Row, fields: list[str] | None) -> Row:
    return record if fields is None else {name: record[name] for name in ("links", "id", *fields) if name in record}
