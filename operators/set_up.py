"""Everything Waybill needs in its ledger and in Temporal, made by itself, on any server, and again without harm."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, RegisterNamespaceRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.attributes import REGISTERED
from domain.base import Frozen
from domain.keys import ORDER_FEED_WORKFLOW, ORDER_WORKFLOW, ORDERS_QUEUE, PO_RUN_WORKFLOW, order_feed_id, po_run_id
from domain.messages import FeedRequest
from domain.po_messages import PoRun, PoRunRequest
from ledger.database import Ledger
from ledger.migrate import migrate
from operators.settings import Settings, TenantSettings

SETTLE_SECONDS = 30.0
CATCH_UP = timedelta(minutes=1)
"""Missed polls are not made up for: the next one reads from the cursor anyway."""


@dataclass(frozen=True)
class Run:
    """A workflow that is started again and again."""

    workflow: str
    name: str
    request: Frozen
    every: timedelta


class SetUpError(Exception):
    """Temporal did not take what Waybill needs; the message says what, and who can give it."""


async def set_up(settings: Settings, client: Client) -> list[str]:
    """Make the ledger's schema, the namespace, its search attributes and the schedules; what was done, line by line.

    Raises:
        SetUpError: the server refused a part of it.
    """
    ledger = Ledger(settings.ledger_url)
    was_missing = ledger.is_missing
    done = [f"ledger at {ledger.url.render_as_string()}: schema {migrate(ledger)}"]
    ledger.close()
    done.append(await _namespace(client, settings))
    if was_missing and (orders := await _orders_in_temporal(client)):
        done.append(
            f"WARNING: this ledger is new, and Temporal knows {orders} orders. If the books were lost, stop every "
            "worker and restore the backup: a new ledger does not know what was invoiced"
        )
    done.append(await _search_attributes(client))
    for tenant, tenant_settings in settings.tenants.items():
        done += await _schedules(client, tenant, tenant_settings)
    return done


async def _orders_in_temporal(client: Client) -> int:
    return (await client.count_workflows(f"WorkflowType = '{ORDER_WORKFLOW}'")).count


async def _namespace(client: Client, settings: Settings) -> str:
    name = client.namespace
    if await _namespace_exists(client):
        return f"namespace {name}: there already"
    retention = Duration(seconds=int(settings.namespace_retention.total_seconds()))
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise SetUpError(
                f"namespace {name} could not be made ({error}): make it with your server's tools"
            ) from error
    await _until(_namespace_exists, client, f"namespace {name}")
    return f"namespace {name}: made"


async def _namespace_exists(client: Client) -> bool:
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _search_attributes(client: Client) -> str:
    missing = await _missing_attributes(client)
    if not missing:
        return "search attributes: there already"
    try:
        await _until(_can_add_attributes, client, "search attributes")
    except RPCError as error:
        raise SetUpError(
            f"search attributes {', '.join(missing)} (keyword) could not be made ({error}): make them with your "
            "server's tools, then run this again"
        ) from error
    await _until(_has_all_attributes, client, "search attributes")
    return f"search attributes: made {', '.join(missing)}"


async def _can_add_attributes(client: Client) -> bool:
    missing = await _missing_attributes(client)
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
    try:
        await client.operator_service.add_search_attributes(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise
    return True


async def _missing_attributes(client: Client) -> Mapping[str, IndexedValueType.ValueType]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    try:
        there = await client.operator_service.list_search_attributes(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return dict(REGISTERED)  # the namespace was made a moment ago, and not every part of the server knows it
        raise
    return {name: kind for name, kind in REGISTERED.items() if name not in there.custom_attributes}


async def _has_all_attributes(client: Client) -> bool:
    return not await _missing_attributes(client)


async def _until(holds: Callable[[Client], Awaitable[bool]], client: Client, what: str) -> None:
    """Wait until the server shows what it was told to make: its caches lag."""
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while not await holds(client):  # noqa: ASYNC110 - a server has no event to wait for
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise SetUpError(f"{what} did not appear within {SETTLE_SECONDS} s: run this again") from None


async def _schedules(client: Client, tenant: str, settings: TenantSettings) -> list[str]:
    feed = order_feed_id(tenant)
    poll = FeedRequest(tenant=tenant)
    sweep = FeedRequest(tenant=tenant, look_back=settings.feed.sweep_back)
    return [
        await _schedule(client, Run(ORDER_FEED_WORKFLOW, feed, poll, settings.feed.interval)),
        await _schedule(client, Run(ORDER_FEED_WORKFLOW, f"{feed}/sweep", sweep, settings.feed.sweep_interval)),
        *[await _schedule(client, run) for run in _po_runs(tenant, settings)],
    ]


def _po_runs(tenant: str, settings: TenantSettings) -> list[Run]:
    netsuite = settings.netsuite
    if netsuite is None:
        return []
    every = {PoRun.SWEEP: netsuite.sweep_interval}
    return [
        Run(
            PO_RUN_WORKFLOW,
            po_run_id(tenant, run),
            PoRunRequest(tenant=tenant, run=run),
            every.get(run, netsuite.interval),
        )
        for run in PoRun
    ]


async def _schedule(client: Client, run: Run) -> str:
    name, every = run.name, run.every
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            run.workflow,
            run.request,
            id=name,
            task_queue=ORDERS_QUEUE,
            static_summary=name,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(name).update(lambda known: _changed(known, schedule))
        return f"schedule {name}: up to date, every {every}"
    return f"schedule {name}: made, every {every}"


def _changed(known: ScheduleUpdateInput, schedule: Schedule) -> ScheduleUpdate:
    """The new schedule in the old one's state: a feed that an operator paused stays paused."""
    schedule.state = known.description.schedule.state
    return ScheduleUpdate(schedule=schedule)
