"""Everything that runs for one demo: Temporal, the sandbox, the ledger, two workers; started and ended together."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from ledger.database import Ledger
from operators.bootstrap import connect
from operators.demo.branch import Branch
from operators.demo.depot import SSHD, Depot
from operators.demo.door import Door
from operators.demo.goods import TENANT
from operators.demo.picture import Lookout
from operators.demo.place import Place, point_at
from operators.demo.processes import BRANCH_SANDBOX, SANDBOX, WIRE, Crew, await_worker, start_sandbox, start_worker
from operators.demo.purchases import DayPo
from operators.set_up import set_up
from operators.settings import Settings, load
from operators.temporal_release import find_temporal
from operators.temporal_server import ExternalServer, ServerOptions, TemporalServer, external_address

WORKERS = ("worker-1", "worker-2")

_MARKS = {SANDBOX: "-m sandbox", BRANCH_SANDBOX: "-m sandbox", WIRE: "operators.demo.wire"}
"""What the command lines of processes that may be left running have; those of workers name `worker.py`."""

Say = Callable[[str], None]


class Town:
    """The running parts of one demo. `say` is told what takes time."""

    settings: Settings
    client: Client
    door: Door
    ledger: Ledger
    lookout: Lookout
    sandbox: str
    """The address of HotWax, Retail Pro and the admin API."""

    def __init__(self, place: Place, branch_pos: Sequence[DayPo], say: Say) -> None:
        self.place, self.crew = place, Crew(place)
        self.depot, self.branch = Depot(place, self.crew), Branch(branch_pos, place, self.crew)
        self.variables: dict[str, str] = {}
        self._say = say
        self._server: TemporalServer | ExternalServer | None = None
        self._namespace: str | None = None
        self.is_up = False

    @property
    def server(self) -> TemporalServer | ExternalServer:
        """The Temporal server, once it runs."""
        if self._server is None:
            raise RuntimeError("the Temporal server was not started yet")
        return self._server

    async def start(self) -> None:
        """Start everything, set it up as `waybill setup` does, and return when both workers take work.

        Raises:
            TemporalUnavailableError, TemporalStartError, SetUpError, ProcessError, SshdUnavailableError: a part of it
                did not start.
        """
        self.sandbox, _, _, _ = await asyncio.gather(
            asyncio.to_thread(start_sandbox, self.crew, self.place.folder / "sandbox"),
            asyncio.to_thread(self.branch.start),
            asyncio.to_thread(self._start_server),
            asyncio.to_thread(self.depot.start, self._say),
        )
        self.door = Door(self.sandbox)
        self.place.configure(self.sandbox, self.depot.table(TENANT), self.branch.tables(), self.server.ui_url)
        self.variables = point_at(self.place, self.server.address, self._namespace)
        settings = self.settings = load()
        self.client = await connect()
        for line in await set_up(settings, self.client):
            self._say(f"  {line}")
        self.ledger = Ledger(settings.ledger_url)
        self.lookout = Lookout(self.ledger)
        for name in WORKERS:
            start_worker(self.crew, name)
        await asyncio.gather(*(asyncio.to_thread(await_worker, self.crew, name) for name in WORKERS))
        self.is_up = True

    def _start_server(self) -> None:
        """Start a server, or take the one that TEMPORAL_ADDRESS names, in a namespace that no real worker polls."""
        if address := external_address():
            self._server = ExternalServer(address)
            self._namespace = f"waybill-{self.place.folder.name}".replace("_", "-")
            return
        options = ServerOptions(database=self.place.folder / "temporal.db", log=self.place.logs / "temporal.log")
        server = self._server = TemporalServer(options, find_temporal(self._say))
        server.start()

    async def end(self) -> None:
        """End everything that was started, as far as it was."""
        await self._close()
        await asyncio.to_thread(self.crew.stop)
        await asyncio.to_thread(self.depot.end)
        if isinstance(self._server, TemporalServer):
            await asyncio.to_thread(self._server.stop)
        elif self._namespace and hasattr(self, "client"):
            with contextlib.suppress(RPCError):
                request = DeleteNamespaceRequest(namespace=self._namespace)
                await self.client.operator_service.delete_namespace(request)

    async def leave_running(self) -> None:
        """Let everything go on when this process is gone, and note how to end it."""
        await self._close()
        pids = dict(self.crew.pids())
        marks = {name: _MARKS.get(name, "worker.py") for name in pids}
        pids[SSHD], marks[SSHD] = self.depot.leave_running(), SSHD
        if isinstance(self._server, TemporalServer):
            pids["temporal"], marks["temporal"] = self._server.pid, str(self.place.folder)
            self._server.leave_running()
        self.crew.leave_running()
        self.place.note({"pids": pids, "marks": marks, "sandbox": self.sandbox, "environment": self.variables})

    async def _close(self) -> None:
        if hasattr(self, "door"):
            await self.door.close()
            await self.branch.door.close()
        if hasattr(self, "ledger"):
            self.ledger.close()
