"""`waybill recover`: after Temporal lost its database, or some of its workflows."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from temporalio.client import Client
from temporalio.service import RPCError

from operators import recover as recovery
from operators.cli.command import Answer, operator_command, say
from operators.cli.inputs import DryRun, Tenant
from operators.cli.office import Office, no_temporal, office, temporal
from operators.cli.tables import table


class _Found(NamedTuple):
    """What was found and done, by tenant."""

    orders: list[recovery.Recovery]
    purchase_orders: list[recovery.Recovery]


@operator_command
def recover(tenant: Tenant = None, dry_run: DryRun = False) -> Answer:
    """Start a workflow for every open order and purchase order in the ledger that has none.

    Safe to repeat; needs no worker.

    Example: waybill recover --dry-run
    """
    with office() as it:
        found = asyncio.run(_recover(it, it.tenants(tenant), dry_run=dry_run))
    columns = ["tenant", "", ">open", ">would be started" if dry_run else ">started", ">running already"]
    named = [*(("orders", r) for r in found.orders), *(("purchase orders", r) for r in found.purchase_orders)]
    rows = [(r.tenant, what, r.open_orders, r.started, r.running) for what, r in named]
    data = {
        "dry_run": dry_run,
        "tenants": [r.model_dump() for r in found.orders],
        "purchase_orders": [r.model_dump() for r in found.purchase_orders],
    }
    return Answer(data, [table("", columns, rows)])


async def _recover(it: Office, tenants: list[str], *, dry_run: bool) -> _Found:
    client = await temporal()
    ask = client if dry_run else None
    try:
        return _Found(
            [await _orders(it, client, name, ask) for name in tenants],
            [await _pos(it, client, name, ask) for name in tenants if it.settings.tenants[name].netsuite],
        )
    except RPCError as error:
        raise no_temporal(error) from None


async def _orders(it: Office, client: Client, tenant: str, ask: Client | None) -> recovery.Recovery:
    told = _telling(tenant, "open orders")
    return await recovery.recover(it.ledger, tenant, it.starter(client, tenant), told, ask)


async def _pos(it: Office, client: Client, tenant: str, ask: Client | None) -> recovery.Recovery:
    told = _telling(tenant, "open purchase orders")
    return await recovery.recover_pos(it.ledger, tenant, it.po_starter(client, tenant), told, ask)


def _telling(tenant: str, what: str) -> Callable[[int], None]:
    return lambda done: say(f"{tenant}: {done} {what} looked at")
