"""The process that runs everything durable: a Temporal worker for the orders, and one for each remote system.

Run it with `python worker.py`; it drains and ends on SIGTERM or SIGINT. Several may run side by side.
"""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorSimpleMaximum, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.books import LedgerActivities
from activities.effects import Effects
from activities.feed import FeedActivities
from activities.hotwax import HotWaxActivities
from activities.po_assess import PurchaseOrderActivities
from activities.po_imports import PoImportActivities
from activities.po_netsuite import NetSuiteActivities
from activities.po_news import PoNewsActivities
from activities.po_receipts import PoReceiptActivities
from activities.retailpro import RetailProActivities
from activities.starting import PoStarter, Starter
from activities.systems import Tenants
from domain.keys import ORDERS_QUEUE, hotwax_queue, netsuite_queue, retailpro_queue
from domain.po_messages import PoWaits
from ledger.database import Ledger, LedgerUnavailableError
from ledger.migrate import SchemaOutdatedError, check
from operators import logs
from operators.bootstrap import (
    LiveTenants,
    connect,
    longest_at_netsuite,
    longest_call,
    open_budget,
    spare_the_collector,
)
from operators.gauges import refresh_gauges
from operators.health import HealthServer
from operators.settings import ConfigurationError, Settings, config_path, load
from workflows import policies
from workflows.feed import OrderFeedWorkflow
from workflows.order import OrderWorkflow
from workflows.po_runs import PurchaseOrderRunWorkflow
from workflows.purchase_order import PurchaseOrderWorkflow

log = structlog.get_logger()

PASSED_THROUGH = (
    *("workflows", "activities", "connectors", "domain", "ledger"),
    *("sqlmodel", "sqlalchemy", "httpx", "structlog"),
)
"""Imported once for the process instead of once for each workflow (docs/decisions/0005)."""

LEDGER_SLOTS = 20
FEED_SLOTS = 2
PO_SLOTS = 4
"""Places for the runs of purchase orders beside the calls of a system's budget: a run lasts long, its calls do not."""

FAITHFUL_FOR = timedelta(seconds=5)
"""How long a workflow's next task waits for the process that has it in memory, before any other takes it: after a crash
all of its orders wait so long."""
WORKFLOWS = [OrderWorkflow, OrderFeedWorkflow, PurchaseOrderWorkflow, PurchaseOrderRunWorkflow]
RECONNECT_SECONDS = 2.0
PROBE_SECONDS = 2.0


def workflow_runner() -> SandboxedWorkflowRunner:
    """The sandbox of all workflows, with our own modules imported once."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))


@dataclass(frozen=True)
class Parts:
    """What workers are made of."""

    client: Client
    ledger: Ledger
    tenants: Tenants
    settings: Settings


def build_workers(parts: Parts) -> list[Worker]:
    """One worker for the orders, and one for each remote system of each tenant, with as many slots as its budget."""
    workers = [_orders_worker(parts)]
    for tenant in parts.settings.tenants:
        workers += _tenant_workers(parts, tenant)
        workers += _purchasing_workers(parts, tenant)
    return workers


def _orders_worker(parts: Parts) -> Worker:
    worker = parts.settings.worker
    return Worker(
        parts.client,
        task_queue=ORDERS_QUEUE,
        workflows=WORKFLOWS,
        activities=[
            LedgerActivities(parts.ledger).record_stage,
            PurchaseOrderActivities(parts.ledger, parts.tenants).assess_purchase_order,
        ],
        activity_executor=ThreadPoolExecutor(LEDGER_SLOTS, "ledger"),
        max_concurrent_activities=1,
        max_concurrent_local_activities=LEDGER_SLOTS,
        max_cached_workflows=worker.cached_workflows,
        sticky_queue_schedule_to_start_timeout=FAITHFUL_FOR,
        graceful_shutdown_timeout=worker.drain,
        workflow_runner=workflow_runner(),
        no_remote_activities=True,
    )


def _tenant_workers(parts: Parts, tenant: str) -> list[Worker]:
    settings = parts.settings.tenants[tenant]
    effects = Effects(parts.ledger, longest_call(settings))
    hotwax = HotWaxActivities(parts.ledger, parts.tenants, effects)
    retailpro = RetailProActivities(parts.tenants, effects)
    feed = FeedActivities(parts.ledger, parts.tenants, Starter(parts.client, settings.waits))
    drain = parts.settings.worker.drain
    at_hotwax: list[Callable[..., Any]] = [
        hotwax.assess_order,
        hotwax.ensure_invoice_number_in_oms,
        hotwax.await_confirmation,
        feed.poll_order_feed,
    ]
    at_retailpro = [retailpro.ensure_invoice, retailpro.ensure_slip]
    if settings.netsuite:
        at_hotwax += _runs_at_hotwax(parts, tenant, effects)
    slots = settings.hotwax.concurrency + FEED_SLOTS + (PO_SLOTS if settings.netsuite else 0)
    return [
        _remote_worker(parts.client, hotwax_queue(tenant), at_hotwax, slots, drain),
        _remote_worker(parts.client, retailpro_queue(tenant), at_retailpro, settings.retailpro.concurrency, drain),
    ]


def _runs_at_hotwax(parts: Parts, tenant: str, effects: Effects) -> list[Callable[..., Any]]:
    settings = parts.settings.tenants[tenant]
    imports = PoImportActivities(parts.ledger, parts.tenants, effects)
    receipts = PoReceiptActivities(parts.ledger, parts.tenants)
    waits = settings.netsuite.waits if settings.netsuite else PoWaits()
    news = PoNewsActivities(parts.ledger, PoStarter(parts.client, waits))
    return [
        imports.import_purchase_orders,
        receipts.poll_receipts,
        receipts.sweep_receipts,
        news.tell_purchase_orders,
    ]


def _purchasing_workers(parts: Parts, tenant: str) -> list[Worker]:
    """The worker for the runs at NetSuite, where the tenant has purchase orders."""
    settings = parts.settings.tenants[tenant]
    if settings.netsuite is None:
        return []
    netsuite = NetSuiteActivities(
        parts.ledger, parts.tenants, Effects(parts.ledger, longest_at_netsuite(settings.netsuite))
    )
    runs = [netsuite.take_purchase_orders, netsuite.send_receipts, netsuite.read_answers]
    return [_remote_worker(parts.client, netsuite_queue(tenant), runs, PO_SLOTS, parts.settings.worker.drain)]


def _remote_worker(client: Client, queue: str, activities: Sequence[object], slots: int, drain: timedelta) -> Worker:
    """A worker whose slots equal its threads: a start-to-close clock must not run while a call waits for a thread."""
    return Worker(
        client,
        task_queue=queue,
        activities=list(activities),  # type: ignore[arg-type]
        activity_executor=ThreadPoolExecutor(slots, queue),
        max_concurrent_activities=slots,
        activity_task_poller_behavior=PollerBehaviorSimpleMaximum(2),
        graceful_shutdown_timeout=drain,
        disable_eager_activity_execution=True,
        # By itself the SDK passes a heartbeat on only when four fifths of the silence that means death are over.
        max_heartbeat_throttle_interval=policies.SILENCE / 5,
    )


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then drain.

    Raises:
        SchemaOutdatedError: the ledger has to be set up first.
        RuntimeError: Temporal refused a worker for good.
    """
    ledger = Ledger(settings.ledger_url)
    check(ledger)
    tenants = LiveTenants(settings, open_budget(settings, ledger), config_path())
    client = await _connected(_runtime(settings), stop)
    if client is None:
        return
    workers = build_workers(Parts(client, ledger, tenants, settings))
    with _health(settings, Probes(workers, ledger, client, asyncio.get_running_loop())) as health:
        log.info("worker started", queues=[w.task_queue for w in workers], health=health.address)
        await _run_all(workers, stop)
    tenants.close()
    ledger.close()
    log.info("worker drained")


def _runtime(settings: Settings) -> Runtime:
    port = settings.worker.sdk_metrics_port
    metrics = PrometheusConfig(bind_address=f"{settings.worker.http_host}:{port}") if port else None
    return Runtime(telemetry=TelemetryConfig(metrics=metrics))


async def _connected(runtime: Runtime, stop: asyncio.Event) -> Client | None:
    """The connection, tried until Temporal is there; None when the process was told to end first."""
    while not stop.is_set():
        try:
            return await connect(runtime)
        except (RPCError, RuntimeError) as error:
            log.warning("Temporal is out of reach, trying again", problem=str(error).splitlines()[0])
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RECONNECT_SECONDS)
    return None


@dataclass(frozen=True)
class Probes:
    """What the health endpoint asks, from its own threads."""

    workers: Sequence[Worker]
    ledger: Ledger
    client: Client
    loop: asyncio.AbstractEventLoop

    def dead(self) -> str | None:
        """Why the process should be started anew."""
        return next((f"worker {w.task_queue} ended" for w in self.workers if w.is_shutdown), None)

    def not_ready(self) -> str | None:
        """Why the process cannot work now."""
        starting = next((f"worker {w.task_queue} is starting" for w in self.workers if not w.is_running), None)
        return self.dead() or starting or self._ledger_silent() or self._temporal_silent()

    def _ledger_silent(self) -> str | None:
        try:
            check(self.ledger)
        except (LedgerUnavailableError, SchemaOutdatedError, DBAPIError) as error:
            return f"the ledger does not answer: {type(error).__name__}"
        return None

    def _temporal_silent(self) -> str | None:
        asked = asyncio.run_coroutine_threadsafe(self.client.service_client.check_health(), self.loop)
        try:
            return None if asked.result(PROBE_SECONDS) else "Temporal is not serving"
        except (RPCError, TimeoutError) as error:
            return f"Temporal does not answer: {type(error).__name__}"


def _health(settings: Settings, probes: Probes) -> HealthServer:
    return HealthServer(
        settings.worker.http_host,
        settings.worker.http_port,
        healthy=probes.dead,
        ready=probes.not_ready,
        refresh=lambda: refresh_gauges(probes.ledger),
    )


async def _run_all(workers: Sequence[Worker], stop: asyncio.Event) -> None:
    """Run until `stop`, or until one worker dies: then all end, and the supervisor starts the process anew."""
    running = [asyncio.create_task(worker.run()) for worker in workers]
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*running, stopping], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.shutdown() for worker in workers if worker.is_running))
    await asyncio.gather(*running, return_exceptions=True)
    stopping.cancel()
    for task in done - {stopping}:
        task.result()


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await run(settings, stop)


def main() -> int:
    """Run the worker; 0 after a drain, 2 for a configuration that cannot be used."""
    try:
        settings = load()
        logs.configure(settings.worker.log_format, logging.INFO)
        spare_the_collector()
        asyncio.run(_main(settings))
    except (ConfigurationError, SchemaOutdatedError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
