"""The real thing in a process of its own: `python -m bench.po_real TASK` takes one file, and starts its workflows.

It has taken a small file before, as a worker that runs has. The activities are those of the worker, on the
configuration as it is read everywhere; only the clock is added.
"""

import asyncio
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import structlog
from sqlalchemy import func
from sqlmodel import Session, select
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment

from activities.effects import Effects
from activities.po_netsuite import NetSuiteActivities
from activities.po_news import PoNewsActivities
from activities.starting import PoStarter
from activities.systems import FixedTenants, TenantSystems
from bench.po_task import RealRun, Task, Took, answer, peak_rss_mb, task_given, timed
from bench.processes import rss_mb
from connectors.sftp.client import SftpServer, SftpSession
from connectors.sftp.connection import connected
from connectors.sftp.models import RemoteFile
from connectors.sftp.places import below
from connectors.sftp.requests import Requests
from connectors.sftp.transfer import Download
from domain.po_messages import PoRun, PoRunReport, PoRunRequest
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from operators.bootstrap import longest_call, open_budget, spare_the_collector, systems_of
from operators.settings import Settings


@dataclass
class Clock:
    """The seconds spent in transfers and in the ledger's transactions."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count the block."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] += time.perf_counter() - started


class TimedLedger(Ledger):
    """A ledger that knows how long its transactions took, with all that is done inside them."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url)
        self._clock = clock

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """As always."""
        with self._clock.on("commit"), super().writing() as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """As always."""
        with self._clock.on("commit"), super().reading() as session:
            yield session


class TimedDownload(Download):
    """A file's bytes, and how long they were waited for."""

    def __init__(self, requests: Requests, path: str, listed: RemoteFile, clock: Clock) -> None:
        super().__init__(requests, path, listed)
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        """As always."""
        pieces = super().__iter__()
        while True:
            with self._clock.on("transfer"):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece


class TimedSession(SftpSession):
    """A connection whose downloads are timed."""

    clock: Clock

    def read(self, path: str, file: RemoteFile) -> Download:
        """As always."""
        return TimedDownload(self._requests, below(path, file.name), file, self.clock)


class TimedServer(SftpServer):
    """A server whose logins and downloads are timed."""

    clock: Clock

    @contextmanager
    def session(self, on_progress: Callable[[], None] | None = None) -> Iterator[SftpSession]:
        """As always."""
        with ExitStack() as stack:
            with self.clock.on("transfer"):
                wire = stack.enter_context(connected(self.name, self._settings, on_progress))
            session = TimedSession(self.name, self._settings, wire)
            session.clock = self.clock
            yield session


def real_run(task: Task) -> RealRun:
    """Take the file as a run of the worker does, then tell the purchase orders that have news."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    settings, clock = Settings.model_validate(task.settings), Clock()
    ledger = TimedLedger(settings.ledger_url, clock)
    systems = _timed(systems_of(task.tenant, settings.tenants[task.tenant], open_budget(settings, ledger)), task, clock)
    made = Effects(ledger, longest_call(settings.tenants[task.tenant]))
    activities = NetSuiteActivities(ledger, FixedTenants({task.tenant: systems}), made)
    request, reports = PoRunRequest(tenant=task.tenant, run=PoRun.FILES), list[PoRunReport]()

    def take() -> None:
        reports.append(ActivityEnvironment().run(activities.take_purchase_orders, request))

    spare_the_collector()
    task.warm_file_comes()
    take()
    task.file_comes()
    clock.seconds.clear()
    before = rss_mb(os.getpid())
    took = timed(take)
    seconds, counts = dict(clock.seconds), reports[-1].counts
    _check(ledger, reports)
    dispatch = asyncio.run(_dispatch(ledger, task, systems, request))
    return RealRun(
        rows=counts["rows"],
        purchase_orders=counts["changed"],
        took=took,
        transfer_s=round(seconds["transfer"], 4),
        validate_s=round(took.wall_s - sum(seconds.values()), 4),
        commit_s=round(seconds["commit"], 4),
        dispatch=dispatch,
        peak_rss_mb=peak_rss_mb(),
        rss_before_mb=round(before, 1),
    )


def _timed(systems: TenantSystems, task: Task, clock: Clock) -> TenantSystems:
    server = TimedServer("the bench's server", task.sftp)
    server.clock = clock
    return replace(systems, po=replace(systems.purchasing, sftp=server))


def _check(ledger: Ledger, reports: Sequence[PoRunReport]) -> None:
    """Make sure that both files were read whole, and are in the books.

    Raises:
        RuntimeError: the run is void.
    """
    with ledger.reading() as session:
        known = session.exec(select(func.count()).select_from(PurchaseOrderRow)).one()
    files = [(report.counts["files"], report.counts["bad_rows"]) for report in reports]
    if files != [(1, 0), (1, 0)] or known != sum(report.counts["changed"] for report in reports):
        told = [dict(report.counts) for report in reports]
        raise RuntimeError(f"the files did not go in whole: {told}, {known} purchase orders in the ledger")


async def _dispatch(ledger: Ledger, task: Task, systems: TenantSystems, request: PoRunRequest) -> Took:
    """What it takes to start the workflow of each purchase order; nobody works them."""
    client = await Client.connect(task.temporal, data_converter=pydantic_data_converter)
    news = PoNewsActivities(ledger, PoStarter(client, systems.purchasing.waits))
    wall, cpu = time.perf_counter(), time.process_time()
    await ActivityEnvironment().run(news.tell_purchase_orders, request)
    return Took(wall_s=round(time.perf_counter() - wall, 4), cpu_s=round(time.process_time() - cpu, 4))


if __name__ == "__main__":
    answer(real_run(task_given()))
