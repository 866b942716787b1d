"""`waybill order force-invoice|cancel|resume|confirm|resend`: what an operator may ask of an order."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import RenderableType
from rich.text import Text
from temporalio.service import RPCError

from domain.commands import Command, CommandAnswer, Verb
from domain.messages import GivenCommand
from ledger.tables import OrderRow
from operators import commands
from operators.cli.command import Answer, operator_command
from operators.cli.exits import Exit, Trouble
from operators.cli.finding import OrderName, the_order
from operators.cli.inputs import DryRun, Operator, Reason, Tenant, checked_operator, one_of, span, store_of
from operators.cli.office import Office, no_temporal, office, temporal
from operators.cli.tables import right, warning, wrong
from operators.queries import pretty

Effect = Annotated[
    str | None, typer.Option("--effect", help="Which document, by its key; needed where several are in doubt.")
]


@dataclass(frozen=True)
class Given:
    """What every command to an order needs."""

    order: OrderName
    reason: Reason
    operator: Operator = ""
    tenant: Tenant = None
    dry_run: DryRun = False
    id: Annotated[
        str | None, typer.Option("--id", help="The id of the command; given again with it, it is done once.")
    ] = None
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for the answer.")] = "60s"


def add_to(app: typer.Typer) -> None:
    """Add the commands to `waybill order`."""
    for name, command in {
        "force-invoice": force_invoice,
        "cancel": cancel,
        "resume": resume,
        "confirm": confirm,
        "resend": resend,
    }.items():
        app.command(name)(command)


@operator_command
def force_invoice(
    given: Given,
    store: Annotated[str | None, typer.Option("--store", help="The invoicing store: a Retail Pro store code.")] = None,
) -> Answer:
    """Invoice what is fulfilled now; what is fulfilled later goes on a supplementary invoice at the same store.

    Example: waybill order force-invoice 1102 --store GT101 --reason "customer waits"
    """
    return _give(Verb.FORCE_INVOICE, given, store=store)


@operator_command
def cancel(given: Given) -> Answer:
    """End an order before it is invoiced. Nothing is written to Retail Pro or HotWax.

    Example: waybill order cancel 1102 --reason "invoiced by hand"
    """
    return _give(Verb.CANCEL, given)


@operator_command
def resume(given: Given) -> Answer:
    """Let a held order go on after what held it was mended.

    Example: waybill order resume 1102 --reason "store mapped"
    """
    return _give(Verb.RESUME, given)


@operator_command
def confirm(
    given: Given,
    number: Annotated[str, typer.Option("--number", help="The number that was found in the remote system.")],
    effect: Effect = None,
) -> Answer:
    """Say that a document whose outcome is unknown exists, with the number found for it.

    Example: waybill order confirm 1102 --number 700123 --reason "seen in Retail Pro"
    """
    return _give(Verb.CONFIRM, given, number=number, effect=effect)


@operator_command
def resend(given: Given, effect: Effect = None) -> Answer:
    """Send a document again after somebody looked and it does not exist.

    Example: waybill order resend 1102 --reason "not in Retail Pro, checked with the store"
    """
    return _give(Verb.RESEND, given, effect=effect)


def _give(verb: Verb, given: Given, **details: str | None) -> Answer:
    command = _command(given, details)
    with office() as it:
        with it.ledger.reading() as session:
            row = the_order(session, it.settings, given.tenant, given.order)
            one_of("tenant", row.tenant, it.settings.tenants)
            known = commands.known_answer(session, row, verb, command)
        if details.get("store"):
            store_of(it.settings, [row.tenant], details["store"] or "")
        if known is not None:
            return _told(row, command, known)
        if given.dry_run:
            return _rehearsed(it, row, GivenCommand(verb=verb, command=command))
        return _told(row, command, asyncio.run(_ask(it, row, verb, command, span(given.wait))))


def _command(given: Given, details: dict[str, str | None]) -> Command:
    try:
        return Command(
            id=given.id or commands.new_id(), operator=checked_operator(given.operator), reason=given.reason, **details
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Trouble(Exit.USAGE, f"--{first['loc'][0]}: {first['msg']}") from None


async def _ask(it: Office, row: OrderRow, verb: Verb, command: Command, patience: timedelta) -> CommandAnswer:
    starter = it.starter(await temporal(), row.tenant)
    try:
        return await commands.ask(starter, row, verb, command, patience)
    except commands.NoAnswerError as error:
        raise Trouble(Exit.OUT_OF_REACH, str(error)) from None
    except RPCError as error:
        raise no_temporal(error) from None


def _told(row: OrderRow, command: Command, answer: CommandAnswer) -> Answer:
    name = row.order_no or row.order_id
    data = {"order": name, "order_id": row.order_id, "tenant": row.tenant, "command_id": command.id}
    line = right(f"order {name}: {answer.message}") if answer.accepted else wrong(f"order {name}: {answer.message}")
    return Answer({**data, **answer.model_dump()}, [line], Exit.FINE if answer.accepted else Exit.REFUSED)


def _rehearsed(it: Office, row: OrderRow, given: GivenCommand) -> Answer:
    with it.systems(row.tenant) as systems:
        method = it.settings.tenants[row.tenant].retailpro.method
        rehearsal = commands.rehearse(it.ledger, systems, row, given, method)
    accepted = rehearsal.answer.accepted
    data = {"dry_run": True, "order_id": row.order_id, "tenant": row.tenant, **rehearsal.model_dump(mode="json")}
    return Answer(data, _screen(rehearsal), Exit.FINE if accepted else Exit.REFUSED)


def _screen(rehearsal: commands.DryRun) -> list[RenderableType]:
    """The rehearsal on a screen, with the bodies: the operator asked for them."""
    if not rehearsal.answer.accepted:
        return [wrong(f"would be refused: {rehearsal.answer.message}")]
    held = f", held: {rehearsal.hold}" if rehearsal.hold else ""
    parts: list[RenderableType] = [Text(f"{rehearsal.answer.message}; the order would be {rehearsal.stage}{held}")]
    for call in rehearsal.calls:
        parts.append(Text(f"\n{call.label}\n{call.method} {call.url}", style="bold"))
        parts += [warning(f"({call.note})")] if call.note else []
        parts.append(Text(pretty(call.body)))
    if not rehearsal.calls:
        parts.append(Text("no remote call would be made"))
    return [*parts, warning("dry run: nothing was changed")]
