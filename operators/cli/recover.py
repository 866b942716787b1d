"""`waybill recover`: after Temporal lost its database, or some of its workflows."""

import asyncio

from temporalio.service import RPCError

from operators import recover as recovery
from operators.cli.command import Answer, operator_command, say
from operators.cli.inputs import DryRun, Tenant, tenants_of
from operators.cli.office import Office, no_temporal, office, temporal
from operators.cli.tables import table


@operator_command
def recover(tenant: Tenant = None, dry_run: DryRun = False) -> Answer:
    """Start a workflow for every open order in the ledger that has none. Safe to repeat; needs no worker.

    Example: waybill recover --dry-run
    """
    with office() as it:
        found = asyncio.run(_recover(it, tenants_of(it.settings, tenant), dry_run=dry_run))
    columns = ["tenant", ">open orders", ">would be started" if dry_run else ">started", ">running already"]
    rows = [(r.tenant, r.open_orders, r.started, r.running) for r in found]
    data = {"dry_run": dry_run, "tenants": [r.model_dump() for r in found]}
    return Answer(data, [table("", columns, rows)])


async def _recover(it: Office, tenants: list[str], *, dry_run: bool) -> list[recovery.Recovery]:
    client = await temporal()
    try:
        return [
            await recovery.recover(
                it.ledger,
                tenant,
                it.starter(client, tenant),
                lambda done, tenant=tenant: say(f"{tenant}: {done} open orders looked at"),  # type: ignore[misc]
                client if dry_run else None,
            )
            for tenant in tenants
        ]
    except RPCError as error:
        raise no_temporal(error) from None
