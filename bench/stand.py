"""The test stand: a Temporal server on a file, a sandbox, and sites with a ledger and a worker each."""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import func
from sqlmodel import col, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.double import Double
from bench.processes import Program, free_port
from bench.waiting import until
from domain.keys import ORDER_FEED_WORKFLOW, ORDERS_QUEUE, order_feed_id
from domain.messages import FeedReport, FeedRequest
from domain.stages import Stage
from ledger.database import Ledger
from ledger.tables import OrderRow
from operators.set_up import set_up
from operators.settings import Settings, load
from operators.temporal_server import ServerOptions, TemporalServer

SLOTS = 4
"""Calls side by side at each remote system, and so slots and threads for each."""

_CONFIG = """
ledger_url = "sqlite:///{folder}/ledger.db"
[worker]
http_port = {port}
[tenants.{tenant}]
stores = {{ GT101 = "GT101", GT205 = "GT205", GT307 = "GT307" }}
[tenants.{tenant}.hotwax]
base_url = "{url}"
token_file = "token"
calls_per_second = 100000
concurrency = {slots}
[tenants.{tenant}.retailpro]
base_url = "{url}"
repeat = "rejects"
concurrency = {slots}
identity_number_default = "0000"
identity_type_default = "dpi"
[tenants.{tenant}.policy]
write_back_type = "SHOPIFY_ORD_NO"
tax_mode = "excluded"
"""


class Site:
    """One tenant with its configuration file and ledger, worked by a worker process."""

    def __init__(self, stand: "Stand", tenant: str) -> None:
        self.tenant, self._stand, self._port = tenant, stand, free_port()
        self.folder = stand.folder / tenant
        self.config = self.folder / "waybill.toml"

    async def make(self) -> None:
        """Write the configuration and set up ledger, namespace and schedules; polls come on demand only."""
        self.folder.mkdir(parents=True)
        (self.folder / "token").write_text("sandbox-token")
        url = self._stand.double.url
        text = _CONFIG.format(folder=self.folder, port=self._port, tenant=self.tenant, url=url, slots=SLOTS)
        self.config.write_text(text)
        await set_up(self.settings, self._stand.client)
        for schedule in (order_feed_id(self.tenant), f"{order_feed_id(self.tenant)}/sweep"):
            await self._stand.client.get_schedule_handle(schedule).pause()

    @property
    def settings(self) -> Settings:
        """What the worker reads."""
        return load(self.config)

    @asynccontextmanager
    async def working(self, *arguments: str) -> AsyncIterator[Program]:
        """A worker process for as long as the block: the real one, or another program that answers `/readyz`."""
        variables = {"WAYBILL_CONFIG": str(self.config), "TEMPORAL_ADDRESS": self._stand.server.address}
        with Program("the worker", arguments or ("worker.py",), self.folder / "worker.log", variables) as worker:
            await worker.ready(f"http://127.0.0.1:{self._port}/readyz")
            yield worker

    async def poll(self) -> FeedReport:
        """Run the order feed once; what it saw and did."""
        report: FeedReport = await self._stand.client.execute_workflow(
            ORDER_FEED_WORKFLOW,
            FeedRequest(tenant=self.tenant),
            id=f"{order_feed_id(self.tenant)}/{time.time_ns()}",
            task_queue=ORDERS_QUEUE,
            result_type=FeedReport,
        )
        return report

    def start_poll(self) -> asyncio.Task[FeedReport]:
        """Run the order feed beside what the caller does."""
        return asyncio.create_task(self.poll())

    def count(self, *stages: Stage, assessed_past: int = 0) -> int:
        """How many orders the ledger shows in these stages, assessed more often than this."""
        ledger = Ledger(self.settings.ledger_url)
        query = select(func.count()).where(col(OrderRow.stage).in_(stages), col(OrderRow.epoch) > assessed_past)
        try:
            with ledger.reading() as session:
                return session.exec(query).one()
        finally:
            ledger.close()


@dataclass
class Stand:
    """What all measurements share."""

    folder: Path
    server: TemporalServer
    double: Double
    client: Client

    async def site(self, tenant: str) -> Site:
        """A fresh tenant on an empty sandbox."""
        await self.double.reset()
        site = Site(self, tenant)
        await site.make()
        return site

    async def closed(self, tenant: str) -> int:
        """How many workflows of this tenant have ended, well or not."""
        query = f"WaybillTenant = '{tenant}' AND ExecutionStatus != 'Running'"
        return (await self.client.count_workflows(query)).count

    async def last_close(self, tenant: str) -> float:
        """When the tenant's last workflow completed, as seconds since the epoch."""
        query = f"WaybillTenant = '{tenant}' AND ExecutionStatus = 'Completed'"
        async for workflow in self.client.list_workflows(query, limit=1):  # the last one comes first
            if workflow.close_time:
                return workflow.close_time.timestamp()
        raise RuntimeError(f"no workflow of {tenant} has completed")

    async def actions(self) -> float:
        """How many billable actions the server has counted since its start, once it counts no more.

        It publishes its counters about once a second: two readings further apart must agree.
        """
        last = -1.0

        async def settled() -> bool:
            nonlocal last
            before, last = last, await self._published_actions()
            return before == last

        await until(settled, "the server's counters to come to rest", limit_s=30, every_s=1.5)
        return last

    async def _published_actions(self) -> float:
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(self.server.metrics_url)).raise_for_status().text
        return sum(float(n) for n in re.findall(r"^action\{[^}]*\} (\S+)$", text, re.MULTILINE))


@contextmanager
def own_server_only() -> Iterator[None]:
    """Forget where somebody's real server is: the bench measures one that it started."""
    kept = {key: os.environ.pop(key) for key in list(os.environ) if key.startswith(("TEMPORAL_", "WAYBILL__"))}
    url = os.environ.pop("DATABASE_URL", None)
    try:
        yield
    finally:
        os.environ.update(kept | ({"DATABASE_URL": url} if url else {}))


@asynccontextmanager
async def open_stand(folder: Path) -> AsyncIterator[Stand]:
    """A server and a sandbox in this folder for as long as the block."""
    with (
        own_server_only(),
        TemporalServer(ServerOptions(database=folder / "temporal.db")) as server,
        Double(folder / "sandbox") as double,
    ):
        await double.up()
        client = await Client.connect(server.address, data_converter=pydantic_data_converter)
        yield Stand(folder, server, double, client)
