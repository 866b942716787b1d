"""The feeds from an operator's side: their schedules in Temporal, and backfills."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    ScheduleHandle,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from activities.starting import BACKFILL
from domain.base import Frozen
from domain.keys import ORDER_FEED_WORKFLOW, ORDERS_QUEUE, order_feed_id, po_run_id
from domain.messages import FeedReport, FeedRequest
from domain.po_messages import PoRun
from operators.settings import TenantSettings

RECENT = 3
"""How many of a schedule's last runs are shown."""


class NotFinishedError(Exception):
    """A backfill did not end in time; it goes on by itself."""


class NoScheduleError(Exception):
    """A schedule does not exist."""


class ScheduleState(Frozen):
    """What a schedule of a feed does."""

    name: str
    exists: bool
    paused: bool = False
    note: str = ""
    every: timedelta | None = None
    recent: tuple[str, ...] = ()
    """When its last runs started, the newest last."""
    next_run: datetime | None = None

    @property
    def word(self) -> str:
        """Its state in one word."""
        return "missing" if not self.exists else "PAUSED" if self.paused else "running"


class Backfill(Frozen):
    """A backfill of one tenant; its numbers are None while it runs."""

    tenant: str
    workflow_id: str
    events: int | None = None
    new_events: int | None = None
    orders: int | None = None


def order_schedules(tenant: str) -> list[str]:
    """The order feed's schedule, and that of the sweep for what the feed missed."""
    return [order_feed_id(tenant), f"{order_feed_id(tenant)}/sweep"]


def po_schedules(tenant: str, settings: TenantSettings) -> list[str]:
    """The schedules of the runs for purchase orders; none where the tenant has no purchase orders."""
    return [po_run_id(tenant, run) for run in PoRun] if settings.netsuite else []


async def schedules(client: Client, names: Sequence[str]) -> list[ScheduleState]:
    """What these schedules do."""
    return [await _state(client, name) for name in names]


async def _state(client: Client, name: str) -> ScheduleState:
    try:
        found = await client.get_schedule_handle(name).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return ScheduleState(name=name, exists=False)
        raise
    state, info = found.schedule.state, found.info
    return ScheduleState(
        name=name,
        exists=True,
        paused=state.paused,
        note=state.note or "",
        every=_interval(found),
        recent=tuple(f"{run.started_at:%H:%M:%SZ}" for run in info.recent_actions[-RECENT:] if _is_run(run.action)),
        next_run=info.next_action_times[0] if info.next_action_times and not state.paused else None,
    )


def _is_run(action: object) -> bool:
    return isinstance(action, ScheduleActionExecutionStartWorkflow)


def _interval(found: ScheduleDescription) -> timedelta | None:
    intervals = found.schedule.spec.intervals
    return intervals[0].every if intervals else None


async def switch(client: Client, names: Sequence[str], act: Callable[[ScheduleHandle], Awaitable[None]]) -> None:
    """Do this to each of these schedules.

    Raises:
        NoScheduleError: one of them does not exist.
    """
    for name in names:
        try:
            await act(client.get_schedule_handle(name))
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            raise NoScheduleError(f"schedule {name} does not exist: run `waybill setup`") from None


async def backfill(
    client: Client, tenants: Sequence[str], since: datetime, patience: timedelta | None
) -> list[Backfill]:
    """Start a backfill for each tenant, and wait for them unless `patience` is None; one that runs is joined.

    Raises:
        NotFinishedError: they did not end within the patience.
    """
    handles = [await _start(client, tenant, since) for tenant in tenants]
    if patience is None:
        return [Backfill(tenant=t, workflow_id=h.id) for t, h in zip(tenants, handles, strict=True)]
    try:
        async with asyncio.timeout(patience.total_seconds()):
            reports = await asyncio.gather(*(handle.result() for handle in handles))
    except TimeoutError:
        names = ", ".join(handle.id for handle in handles)
        raise NotFinishedError(
            f"{names} did not end within {patience}: it goes on while a worker runs; the same command waits again"
        ) from None
    return [
        Backfill(tenant=t, workflow_id=h.id, events=r.events, new_events=r.new_events, orders=r.orders)
        for t, h, r in zip(tenants, handles, reports, strict=True)
    ]


async def _start(client: Client, tenant: str, since: datetime) -> WorkflowHandle[Any, FeedReport]:
    return await client.start_workflow(
        ORDER_FEED_WORKFLOW,
        FeedRequest(tenant=tenant, since=since),
        id=f"{order_feed_id(tenant)}/backfill/{since:%Y-%m-%dT%H:%M:%SZ}",
        task_queue=ORDERS_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=f"backfill of {tenant} since {since:%Y-%m-%d %H:%M}Z",
        priority=BACKFILL,
        result_type=FeedReport,
    )
