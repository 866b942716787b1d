"""`waybill holds`: what keeps orders from going on, one entry for each cause, and resuming them together."""

import asyncio
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text
from temporalio.service import RPCError

from domain.commands import Command
from ledger import orders
from ledger.orders import OrderFilter
from ledger.tables import OrderRow
from operators import commands
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import DryRun, HoldName, Operator, Reason, Tenant, checked_operator, hold_name, tenants_of
from operators.cli.office import Office, no_temporal, office, temporal
from operators.cli.tables import age, right, table, warning
from operators.queries import HoldGroup, hold_groups

app = typer.Typer()
HoldArgument = Annotated[str, typer.Argument(metavar="CAUSE[:SUBJECT]", help="As `waybill holds` prints it.")]
STEP = 500
"""How many orders pass between two words of progress."""


@app.callback(invoke_without_command=True)
@operator_command
def holds(context: typer.Context, tenant: Tenant = None) -> Answer | None:
    """List what keeps orders from going on, one entry for each cause and subject, the oldest first.

    Example: waybill holds
    """
    if context.invoked_subcommand is not None:
        return None
    with office() as it, it.ledger.reading() as session:
        groups = hold_groups(session, tenants_of(it.settings, tenant))
    return Answer([group.model_dump(mode="json") for group in groups], _screen(groups))


def _screen(groups: list[HoldGroup]) -> list[RenderableType]:
    if not groups:
        return [right("no order is held")]
    columns = ["tenant", "hold", ">orders", "since", "orders, for example", "what to do"]
    rows = [(g.tenant, g.hold, g.orders, age(g.since), ", ".join(g.order_numbers), g.next_action) for g in groups]
    return [table("", columns, rows), Text("Resume all of one: waybill holds resume CAUSE:SUBJECT --reason WHY")]


@app.command("resume")
@operator_command
def resume(
    hold: HoldArgument, reason: Reason, operator: Operator = "", tenant: Tenant = None, dry_run: DryRun = False
) -> Answer:
    """Resume every order that is held for this cause, or for this cause and subject.

    Example: waybill holds resume unmapped_store:DMA07 --reason "mapped to GT307"
    """
    command = Command(id=commands.new_id(), operator=checked_operator(operator), reason=reason)
    name = hold_name(hold)
    with office() as it:
        rows = [row for t in tenants_of(it.settings, tenant) for row in _held(it, t, name)]
        if not rows:
            raise Trouble(Exit.NOT_FOUND, f"no order is held for {hold}; `waybill holds` lists the causes there are")
        if not dry_run:
            asyncio.run(_resume(it, rows, command))
    return _told(hold, rows, dry_run=dry_run)


def _held(it: Office, tenant: str, name: HoldName) -> list[OrderRow]:
    with it.ledger.reading() as session:
        return list(orders.find(session, OrderFilter(tenant=tenant, hold=name.cause, subject=name.subject)))


async def _resume(it: Office, rows: list[OrderRow], command: Command) -> None:
    client = await temporal()
    try:
        for tenant in sorted({row.tenant for row in rows}):
            mine = [row for row in rows if row.tenant == tenant]
            await commands.resume_all(it.starter(client, tenant), mine, command, _progress)
    except RPCError as error:
        raise no_temporal(error) from None


def _progress(done: int) -> None:
    if done % STEP == 0:
        say(f"{done} orders resumed")


def _told(hold: str, rows: list[OrderRow], *, dry_run: bool) -> Answer:
    numbers = [row.order_no or row.order_id for row in rows]
    data = {"hold": hold, "orders": len(rows), "dry_run": dry_run, "order_numbers": numbers}
    if dry_run:
        return Answer(data, [warning(f"dry run: {len(rows)} orders would be resumed: {', '.join(numbers)}")])
    return Answer(data, [right(f"{len(rows)} orders held for {hold} were told to resume; `waybill holds` shows more")])
