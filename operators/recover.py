"""Taking open orders up again after Temporal lost them: the books know every one of them (design 8)."""

import asyncio
from collections.abc import Callable, Sequence

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.starting import Starter
from domain.base import Frozen
from domain.keys import order_workflow_id
from ledger.database import Ledger
from ledger.tables import OrderRow
from operators.queries import open_orders

SIDE_BY_SIDE = 20


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
    done = Recovery(tenant=tenant)
    for rows in open_orders(ledger, tenant):
        started = await _start(rows, starter, dry_run_on)
        done = Recovery(
            tenant=tenant,
            open_orders=done.open_orders + len(rows),
            started=done.started + started,
            running=done.running + len(rows) - started,
        )
        told(done.open_orders)
    return done


async def _start(rows: Sequence[OrderRow], starter: Starter, dry_run_on: Client | None) -> int:
    limit = asyncio.Semaphore(SIDE_BY_SIDE)

    async def start(row: OrderRow) -> bool:
        async with limit:
            return await (_is_missing(dry_run_on, row) if dry_run_on else starter.start_missing(row))

    return sum(await asyncio.gather(*(start(row) for row in rows)))


async def _is_missing(client: Client, row: OrderRow) -> bool:
    try:
        found = await client.get_workflow_handle(order_workflow_id(row.tenant, row.order_id)).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return True
        raise
    return found.status is not WorkflowExecutionStatus.RUNNING
