"""`waybill holds`: what keeps orders and purchase orders from going on, by cause, and resuming them together."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer
from rich.console import RenderableType
from temporalio.client import Client
from temporalio.service import RPCError

from activities.po_assess import plan_of
from activities.starting import WorkflowStarter
from domain.commands import Command, order_sight
from domain.keys import order_workflow_id, po_workflow_id
from domain.po_commands import po_sight
from domain.seen import Sight
from ledger import orders, po_runs
from ledger.holding import hold_of
from ledger.orders import OrderFilter
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import OrderRow
from operators import commands, po_queries
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import DryRun, HoldName, Operator, Reason, Tenant, checked_operator, hold_name
from operators.cli.office import Office, no_temporal, office, temporal
from operators.cli.tables import age, right, table, warning
from operators.cli.visible import Text
from operators.po_queries import PoFilter
from operators.queries import HoldGroup, Kind, hold_groups, name_of

Row = TypeVar("Row", OrderRow, PurchaseOrderRow)

app = typer.Typer()
HoldArgument = Annotated[str, typer.Argument(metavar="CAUSE[:SUBJECT]", help="As `waybill holds` prints it.")]
STEP = 500
"""How many orders pass between two words of progress."""

_NOUNS = {Kind.ORDER: "orders", Kind.PURCHASE_ORDER: "purchase orders", Kind.RUN: "runs", Kind.FILE: "files"}


@app.callback(invoke_without_command=True)
@operator_command
def holds(context: typer.Context, tenant: Tenant = None) -> Answer | None:
    """List what keeps orders and purchase orders from going on, by cause and subject, the oldest first.

    Example: waybill holds
    """
    if context.invoked_subcommand is not None:
        return None
    with office() as it, it.ledger.reading() as session:
        groups = hold_groups(session, it.tenants(tenant))
    return Answer([group.model_dump(mode="json") for group in groups], _screen(groups))


def _screen(groups: list[HoldGroup]) -> list[RenderableType]:
    if not groups:
        return [right("nothing is held")]
    columns = ["tenant", "hold", ">held", "", "since", "for example", "what to do"]
    return [
        table("", columns, map(_line, groups)),
        Text("Resume all of one: waybill holds resume CAUSE:SUBJECT --reason WHY"),
    ]


def _line(g: HoldGroup) -> tuple[object, ...]:
    return g.tenant, g.hold, g.orders, _NOUNS[g.kind], age(g.since), ", ".join(g.order_numbers), g.next_action


@dataclass(frozen=True)
class _Found:
    """Everything that is held for one thing."""

    orders: Sequence[OrderRow]
    purchase_orders: Sequence[PurchaseOrderRow]
    runs: Sequence[str]
    """These try again by themselves: there is nobody to be told."""
    sights: Mapping[str, Sight]
    """What each is held for, by its workflow: a `resume` goes on without this, and nothing else."""

    def __len__(self) -> int:
        return len(self.orders) + len(self.purchase_orders) + len(self.runs)

    @property
    def words(self) -> str:
        """How many of what there are."""
        counts = ((len(self.orders), Kind.ORDER), (len(self.purchase_orders), Kind.PURCHASE_ORDER))
        return " and ".join(f"{count} {_NOUNS[kind]}" for count, kind in counts if count)


@app.command("resume")
@operator_command
def resume(
    hold: HoldArgument, reason: Reason, operator: Operator = "", tenant: Tenant = None, dry_run: DryRun = False
) -> Answer:
    """Resume every order and purchase order that is held for this cause, or for this cause and subject.

    Example: waybill holds resume unmapped_store:DMA07 --reason "mapped to GT307"
    """
    command = Command(id=commands.new_id(), operator=checked_operator(operator), reason=reason)
    name = hold_name(hold)
    with office() as it:
        found = _held(it, it.tenants(tenant), name)
        if not found:
            raise Trouble(Exit.NOT_FOUND, f"no order is held for {hold}; `waybill holds` lists the causes there are")
        if found.words and not dry_run:
            asyncio.run(_resume(it, found, command))
    return _told(hold, found, dry_run=dry_run)


def _held(it: Office, tenants: list[str], name: HoldName) -> _Found:
    by = {"hold": name.cause, "subject": name.subject}
    with it.ledger.reading() as session:
        held = [row for t in tenants for row in orders.find(session, OrderFilter(tenant=t, **by))]
        pos = [row for t in tenants for row in po_queries.find(session, PoFilter(tenant=t, **by))]
        sights = {_workflow_of(row): order_sight(hold_of(row)) for row in held}
        sights |= {_workflow_of(row): po_sight(plan_of(session, row, it.po_policy(row.tenant))) for row in pos}
        runs = [row.run for t in tenants for row in po_runs.all_of(session, t) if row.hold_cause == name.cause]
        return _Found(held, pos, runs, sights)


def _workflow_of(row: OrderRow | PurchaseOrderRow) -> str:
    if isinstance(row, OrderRow):
        return order_workflow_id(row.tenant, row.order_id)
    return po_workflow_id(row.tenant, row.po_id)


async def _resume(it: Office, found: _Found, command: Command) -> None:
    client = await temporal()
    try:
        marks = {workflow: sight.mark for workflow, sight in found.sights.items()}
        await _resume_all(client, found.orders, it.starter, command, marks)
        await _resume_all(client, found.purchase_orders, it.po_starter, command, marks)
    except RPCError as error:
        raise no_temporal(error) from None


async def _resume_all(
    client: Client,
    rows: Sequence[Row],
    starter: Callable[[Client, str], WorkflowStarter[Row]],
    command: Command,
    marks: Mapping[str, str],
) -> None:
    for tenant in sorted({row.tenant for row in rows}):
        mine = [row for row in rows if row.tenant == tenant]
        await commands.resume_all(starter(client, tenant), mine, command, _progress, marks)


def _progress(done: int) -> None:
    if done % STEP == 0:
        say(f"{done} resumed")


def _told(hold: str, found: _Found, *, dry_run: bool) -> Answer:
    numbers, po_numbers = ([name_of(row) for row in rows] for rows in (found.orders, found.purchase_orders))
    data = {"hold": hold, "dry_run": dry_run, "orders": len(numbers), "order_numbers": numbers}
    data |= {"purchase_orders": len(po_numbers), "po_numbers": po_numbers, "runs": list(found.runs)}
    rows: list[OrderRow | PurchaseOrderRow] = [*found.orders, *found.purchase_orders]
    waived = {name_of(row): found.sights[_workflow_of(row)].waived for row in rows}
    without = {name: told for name, told in waived.items() if told}
    data |= {"goes_on_without": without}
    names = ", ".join(numbers + po_numbers)
    lines = [warning(f"the run {run} tries again by itself, with waybill.toml as it is then") for run in found.runs]
    if found.words and dry_run:
        lines.append(warning(f"dry run: {found.words} would be resumed: {names}"))
    elif found.words:
        lines.append(right(f"{found.words} held for {hold} were told to resume; `waybill holds` shows more"))
    lines += [warning(f"without, {name}: {words}") for name, told in without.items() for words in told]
    return Answer(data, lines)
