"""NetSuite's half of the admin API: seed, act, run the scripts, trouble them, read, check."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict
from starlette.routing import Route

from sandbox.admin.errors import telling
from sandbox.admin.inputs import read
from sandbox.admin.po_check import po_check
from sandbox.http import json_answer
from sandbox.netsuite import acts, certificates, seed
from sandbox.netsuite.orders import orders_found, shown, the_order
from sandbox.netsuite.receipts import receipts_of
from sandbox.netsuite.runner import Kind
from sandbox.netsuite.scripts import RunFault, Script, add_fault, faults
from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.netsuite.runner import Runner
    from sandbox.world import World


class RunOrder(BaseModel):
    """Which script to run now; the kind is the settings' unless named."""

    model_config = ConfigDict(extra="forbid")
    script: Script
    kind: Kind | None = None


class NetSuiteApi:
    """Everything below `/admin/netsuite`."""

    def __init__(self, world: World, runner: Runner) -> None:
        self._world = world
        self._runner = runner

    def routes(self) -> list[Route]:
        """Return its routes."""
        named = [
            ("POST", "seed", self._seed),
            ("POST", "acts", self._act),
            ("POST", "run", self._run),
            ("GET", "runs", self._runs),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._remove_faults),
            ("GET", "purchase-orders", self._orders),
            ("GET", "purchase-orders/{po_id:int}", self._order),
            ("GET", "receipts", self._receipts),
            ("GET", "check", self._check),
            ("GET", "certificates", self._certificates),
            ("POST", "certificates", self._add_certificate),
            ("PATCH", "certificates/{certificate_id}", self._change_certificate),
            ("DELETE", "certificates/{certificate_id}", self._revoke),
            ("GET", "concurrency", self._concurrency),
            ("DELETE", "concurrency", self._restart_concurrency),
        ]
        return [Route(f"/admin/netsuite/{path}", telling(handler), methods=[method]) for method, path, handler in named]

    async def _seed(self, request: Request) -> Response:
        wanted = await read(request, seed.NetSuiteSeed)
        return json_answer({"purchaseOrders": seed.plant(self._world.database, wanted)}, 201)

    async def _act(self, request: Request) -> Response:
        return json_answer(acts.perform(self._world, await read(request, acts.PoAct)))

    async def _run(self, request: Request) -> Response:
        wanted = await read(request, RunOrder)
        return json_answer(await self._runner.run(wanted.script, wanted.kind))

    async def _runs(self, _: Request) -> Response:
        rows = self._world.database.rows("SELECT * FROM nsRun ORDER BY id")
        return json_answer({"runs": [{**row, "report": json.loads(row["report"])} for row in rows]})

    async def _faults(self, _: Request) -> Response:
        return json_answer({"faults": faults(self._world)})

    async def _add_fault(self, request: Request) -> Response:
        return json_answer(add_fault(self._world, await read(request, RunFault)), 201)

    async def _remove_faults(self, _: Request) -> Response:
        return json_answer({"removed": self._world.database.run("DELETE FROM nsFault")})

    async def _orders(self, request: Request) -> Response:
        found = [shown(order) for order in orders_found(self._world.database)]
        statuses = _listed(request, "status")
        return json_answer({"purchaseOrders": [row for row in found if not statuses or row["status"] in statuses]})

    async def _order(self, request: Request) -> Response:
        order = the_order(self._world.database, request.path_params["po_id"])
        return json_answer({**shown(order), "receipts": self._receipts_of(order.id)})

    async def _receipts(self, request: Request) -> Response:
        wanted = _listed(request, "poId")
        orders = [order.id for order in orders_found(self._world.database) if not wanted or str(order.id) in wanted]
        rows = [row for order_id in orders for row in self._receipts_of(order_id)]
        return json_answer({"receipts": sorted(rows, key=lambda row: int(row["id"]))})

    async def _check(self, request: Request) -> Response:
        text = request.query_params.get("tolerance_percent", "0")
        try:
            tolerance = Decimal(text)
        except InvalidOperation as error:
            raise BadInputError("tolerance_percent", text, "must be a number") from error
        return json_answer(po_check(self._world, _listed(request, "exclude"), tolerance))

    async def _certificates(self, _: Request) -> Response:
        return json_answer({"certificates": certificates.shown(self._world.database)})

    async def _add_certificate(self, request: Request) -> Response:
        wanted = await read(request, certificates.CertificateSeed)
        return json_answer({"certificateId": certificates.register(self._world.database, wanted)}, 201)

    async def _change_certificate(self, request: Request) -> Response:
        wanted = await read(request, certificates.CertificateChange)
        certificates.change(self._world.database, request.path_params["certificate_id"], wanted)
        return await self._certificates(request)

    async def _revoke(self, request: Request) -> Response:
        certificates.revoke(self._world.database, request.path_params["certificate_id"])
        return await self._certificates(request)

    async def _concurrency(self, _: Request) -> Response:
        return json_answer(self._world.slots.shown(self._world.settings.netsuite_concurrency))

    async def _restart_concurrency(self, request: Request) -> Response:
        """Answer the counts up to now, and begin anew."""
        answer = await self._concurrency(request)
        self._world.slots.restart()
        return answer

    def _receipts_of(self, order_id: int) -> list[Row]:
        rows = receipts_of(self._world.database, order_id)
        return [
            {"id": str(row["id"]), "poId": str(row["orderId"])}
            | {name: row[name] for name in ("externalId", "tranDate", "memo", "origin", "at", "lines")}
            for row in rows
        ]


def _listed(request: Request, name: str) -> list[str]:
    return [part for part in request.query_params.get(name, "").split(",") if part]
