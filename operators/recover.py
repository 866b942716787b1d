"""Taking open work up again after Temporal lost it: the books know every order and purchase order (design 8)."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.starting import PoStarter, Starter, WorkflowStarter
from domain.base import Frozen
from ledger.database import Ledger
from operators.po_queries import open_pos
from operators.queries import open_orders

SIDE_BY_SIDE = 20

R = TypeVar("R")


class Recovery(Frozen):
    """What a recovery found and did for a tenant; in a dry run `started` counts what would be started."""

    tenant: str
    open_orders: int = 0
    started: int = 0
    running: int = 0


async def recover(
    ledger: Ledger, tenant: str, starter: Starter, told: Callable[[int], None], dry_run_on: Client | None = None
) -> Recovery:
    """Start a workflow for every open order of the tenant that has none; safe to repeat.

    With `dry_run_on` nothing is started: that connection is asked which ones are missing. `told` hears how many
    orders were looked at.
    """
    return await _recover(open_orders(ledger, tenant), tenant, starter, told, dry_run_on)


async def recover_pos(
    ledger: Ledger, tenant: str, starter: PoStarter, told: Callable[[int], None], dry_run_on: Client | None = None
) -> Recovery:
    """Start a workflow for every open purchase order of the tenant that has none; otherwise as `recover`."""
    return await _recover(open_pos(ledger, tenant), tenant, starter, told, dry_run_on)


async def _recover(
    batches: Iterable[Sequence[R]],
    tenant: str,
    starter: WorkflowStarter[R],
    told: Callable[[int], None],
    dry_run_on: Client | None,
) -> Recovery:
    done = Recovery(tenant=tenant)
    for rows in batches:
        started = await _start(rows, starter, dry_run_on)
        done = Recovery(
            tenant=tenant,
            open_orders=done.open_orders + len(rows),
            started=done.started + started,
            running=done.running + len(rows) - started,
        )
        told(done.open_orders)
    return done


async def _start(rows: Sequence[R], starter: WorkflowStarter[R], dry_run_on: Client | None) -> int:
    limit = asyncio.Semaphore(SIDE_BY_SIDE)

    async def start(row: R) -> bool:
        async with limit:
            if dry_run_on:
                return await _is_missing(dry_run_on, starter.start_of(row).id)
            return await starter.start_missing(row)

    return sum(await asyncio.gather(*(start(row) for row in rows)))


async def _is_missing(client: Client, workflow_id: str) -> bool:
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return True
        raise
    return found.status is not WorkflowExecutionStatus.RUNNING
