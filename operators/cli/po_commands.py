"""`waybill po resume|cancel|close|resend-receipt`: what an operator may ask of a purchase order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from activities.po_assess import plan_of
from domain.po_commands import po_sight
from domain.po_messages import GivenPoCommand
from domain.purchase_order import PoVerb
from ledger.po_tables import PurchaseOrderRow
from operators import commands
from operators.cli.command import Answer, operator_command
from operators.cli.commanding import Request, Subject, asked, command_of, rehearsed, resumed, told
from operators.cli.finding import PoName, the_po
from operators.cli.inputs import Seen, one_of
from operators.cli.office import Office, office
from operators.po_commands import known_answer, rehearse
from operators.queries import name_of


@dataclass(frozen=True, kw_only=True)
class Given(Request):
    """What every command to a purchase order needs."""

    po: PoName


def add_to(app: typer.Typer) -> None:
    """Add the commands to `waybill po`."""
    for name, command in {
        "resume": resume,
        "cancel": cancel,
        "close": close,
        "resend-receipt": resend_receipt,
    }.items():
        app.command(name)(command)


@operator_command
def resume(given: Given, seen: Seen = None) -> Answer:
    """Let a held purchase order go on: after what held it was mended, or without what the hold names, all of it.

    Without a hold it takes back an earlier cancel or close.

    Example: waybill po resume PO10023 --seen 3f9a0c1d --reason "excess returned to the vendor"
    """
    return _give(PoVerb.RESUME, given, {"seen": seen})


@operator_command
def cancel(given: Given) -> Answer:
    """End a purchase order before any goods came; what HotWax has of it is closed there. NetSuite is not written to.

    Example: waybill po cancel PO10023 --reason "ordered twice"
    """
    return _give(PoVerb.CANCEL, given)


@operator_command
def close(given: Given) -> Answer:
    """Expect no more goods: the remainder is closed in HotWax, and what was received still goes into NetSuite.

    NetSuite's own remainder stays open until somebody closes it there.

    Example: waybill po close PO10023 --reason "vendor will not deliver the rest"
    """
    return _give(PoVerb.CLOSE, given)


@operator_command
def resend_receipt(
    given: Given,
    receipt: Annotated[
        str | None, typer.Option("--receipt", help="Which receipt; needed where several are in question.")
    ] = None,
) -> Answer:
    """Send a receipt again after somebody looked: NetSuite has no item receipt for it.

    Example: waybill po resend-receipt PO10023 --receipt 4410021-SH100 --reason "not in NetSuite, looked"
    """
    return _give(PoVerb.RESEND_RECEIPT, given, {"effect": receipt})


def _give(verb: PoVerb, given: Given, details: Mapping[str, str | None] | None = None) -> Answer:
    command = command_of(given, details or {})
    with office() as it:
        with it.ledger.reading() as session:
            row = the_po(session, it.settings, given.tenant, given.po)
            one_of("tenant", row.tenant, it.settings.tenants)
            known = known_answer(session, row, verb, command)
            sight = po_sight(plan_of(session, row, it.po_policy(row.tenant)))
        subject = _subject(it, row)
        if known is not None:
            return told(subject, command, known)
        it.netsuite(row.tenant)
        if given.dry_run:
            return rehearsed(subject, _rehearse(it, row, GivenPoCommand(verb=verb, command=command)))
        if verb is PoVerb.RESUME:
            return resumed(subject, command, sight, given.wait)
        return asked(subject, verb, command, given.wait)


def _subject(it: Office, row: PurchaseOrderRow) -> Subject[PurchaseOrderRow]:
    name = name_of(row)
    ids = {"po": name, "po_id": row.po_id, "tenant": row.tenant}
    return Subject("purchase order", name, ids, row, lambda client: it.po_starter(client, row.tenant))


def _rehearse(it: Office, row: PurchaseOrderRow, given: GivenPoCommand) -> commands.DryRun:
    with it.systems(row.tenant) as systems:
        return rehearse(it.ledger, systems.purchasing, row, given)
