"""`waybill order force-invoice|cancel|resume|confirm|resend`: what an operator may ask of an order."""

from dataclasses import dataclass
from typing import Annotated

import typer

from domain.commands import Verb, order_sight
from domain.messages import GivenCommand
from ledger.holding import hold_of
from ledger.tables import OrderRow
from operators import commands
from operators.cli.command import Answer, operator_command
from operators.cli.commanding import Request, Subject, asked, command_of, rehearsed, resumed, told
from operators.cli.finding import OrderName, the_order
from operators.cli.inputs import Seen, one_of, store_of
from operators.cli.office import Office, office
from operators.queries import name_of

Effect = Annotated[
    str | None, typer.Option("--effect", help="Which document, by its key; needed where several are in doubt.")
]


@dataclass(frozen=True, kw_only=True)
class Given(Request):
    """What every command to an order needs."""

    order: OrderName


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
def resume(given: Given, seen: Seen = None) -> Answer:
    """Let a held order go on after what held it was mended, or with the changed lines that the hold names as settled.

    Without a hold it takes back an earlier cancel.

    Example: waybill order resume 1102 --seen 3f9a0c1d --reason "the store took the goods back"
    """
    return _give(Verb.RESUME, given, seen=seen)


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
    command = command_of(given, details)
    with office() as it:
        with it.ledger.reading() as session:
            row = the_order(session, it.settings, given.tenant, given.order)
            one_of("tenant", row.tenant, it.settings.tenants)
            known = commands.known_answer(session, row, verb, command)
        if details.get("store"):
            store_of(it.settings, [row.tenant], details["store"] or "")
        subject = _subject(it, row)
        if known is not None:
            return told(subject, command, known)
        if given.dry_run:
            return rehearsed(subject, _rehearse(it, row, GivenCommand(verb=verb, command=command)))
        if verb is Verb.RESUME:
            return resumed(subject, command, order_sight(hold_of(row)), given.wait)
        return asked(subject, verb, command, given.wait)


def _subject(it: Office, row: OrderRow) -> Subject[OrderRow]:
    name = name_of(row)
    ids = {"order": name, "order_id": row.order_id, "tenant": row.tenant}
    return Subject("order", name, ids, row, lambda client: it.starter(client, row.tenant))


def _rehearse(it: Office, row: OrderRow, given: GivenCommand) -> commands.DryRun:
    with it.systems(row.tenant) as systems:
        method = it.settings.tenants[row.tenant].retailpro.method
        return commands.rehearse(it.ledger, systems, row, given, method)
