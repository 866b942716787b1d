"""What commands to a purchase order would do (`--dry-run`), and what the ledger can answer by itself."""

from collections.abc import Iterator, Sequence

from sqlmodel import Session

from activities.po_assess import assess, plan_of
from activities.systems import Purchasing
from connectors.po_files.import_csv import Batch, close_csv, import_csv
from connectors.po_files.limits import ReceiptLimits
from connectors.po_files.receipts import receipt_files
from domain.commands import Command, CommandAnswer
from domain.po_commands import PoSituation, po_sight, refusal, situation_of
from domain.po_messages import GivenPoCommand, PoAssessRequest
from domain.purchase_order import ImportState, NetSuiteMode, PoPlan, PoVerb, ReceiptToSend
from domain.seen import Sight
from ledger import holding, purchase_orders, receipts
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_tables import PurchaseOrderRow
from operators.commands import DryRun, RemoteCall, earlier_answer

SHARED = "goes with the next upload, beside the lines of others; the file's name is given then"
NEXT_RUN = "goes with the next run, while nobody else has received on the purchase order"
NEXT_FILE = "goes with the next file, beside the receipts of others; the file's name is given then"


def known_answer(session: Session, row: PurchaseOrderRow, verb: PoVerb, command: Command) -> CommandAnswer | None:
    """The answer that the ledger can give by itself: to a repeated command, and for one that has ended."""
    of = (row.tenant, row.po_id)
    if earlier := earlier_answer(session, of, Flow.PURCHASE_ORDER, command.id):
        return earlier
    reason = refusal(verb, _situation(session, row), command.effect) if row.stage.is_end else None
    return CommandAnswer(accepted=False, message=reason) if reason else None


def _situation(session: Session, row: PurchaseOrderRow) -> PoSituation:
    """Where an ended purchase order stands, as far as the ledger knows."""
    plan = PoPlan(stage=row.stage, hold=holding.hold_of(row))
    return situation_of(purchase_orders.memory_of(session, row), plan)


def rehearse(ledger: Ledger, systems: Purchasing, row: PurchaseOrderRow, given: GivenPoCommand) -> DryRun:
    """What this command would lead to: what the ledger would promise then; nothing is changed anywhere."""
    request = PoAssessRequest(tenant=row.tenant, po_id=row.po_id, commands=(given,))
    with ledger.writing() as session:
        plan = plan_of(session, purchase_orders.locked(session, row.tenant, row.po_id), systems.policy)
        seen = assess(session, request, systems)
        calls = tuple(_calls(session, systems, row)) if dict(seen.answers)[given.command.id].accepted else ()
        session.expunge_all()
        session.rollback()
    sight = po_sight(plan) if given.verb is PoVerb.RESUME else Sight()
    return DryRun(
        answer=dict(seen.answers)[given.command.id],
        stage=str(seen.stage),
        hold=seen.hold.key if seen.hold else None,
        calls=calls,
        goes_on_without=sight.waived,
        seen=sight.to_name,
    )


def _calls(session: Session, systems: Purchasing, row: PurchaseOrderRow) -> Iterator[RemoteCall]:
    """The remote writes that follow from what the ledger promises in this session."""
    fresh = purchase_orders.locked(session, row.tenant, row.po_id)
    if fresh.import_state is ImportState.WANTED:
        yield from _uploads(systems, {row.po_id: purchase_orders.wanted_lines(fresh)})
    mine = receipts.of_po(session, row.tenant, row.po_id)
    owed = [receipts.wanted(receipt) for receipt in mine if receipts.waits_for_a_write(receipt)]
    yield from (_item_receipts if systems.policy.netsuite_mode is NetSuiteMode.REST else _receipt_files)(systems, owed)


def _uploads(systems: Purchasing, lines: Batch) -> Iterator[RemoteCall]:
    oms = systems.oms
    for label, csv, body_of in (
        ("lines as HotWax shall have them", import_csv(lines), oms.import_body),
        ("lines to close in HotWax", close_csv(lines), oms.close_body),
    ):
        if csv is not None:
            method, _, url = oms.describe_upload(body_of("next.csv", csv)).removesuffix(" next.csv").partition(" ")
            yield RemoteCall(method=method, url=url, label=label, body=csv.decode(), note=SHARED)


def _item_receipts(systems: Purchasing, owed: Sequence[ReceiptToSend]) -> Iterator[RemoteCall]:
    for receipt in owed:
        body = systems.netsuite.receipt_body(receipt)
        method, url, name = systems.netsuite.describe_receipt(body).split(" ")
        yield RemoteCall(method=method, url=url, label=f"item receipt {name}", body=body, note=NEXT_RUN)


def _receipt_files(systems: Purchasing, owed: Sequence[ReceiptToSend]) -> Iterator[RemoteCall]:
    folder = systems.files.folders.receipts.path
    limits = ReceiptLimits(entries=systems.sizes.receipts_per_file, file_bytes=systems.sizes.bytes_per_file)
    for file in receipt_files(owed, limits):
        yield RemoteCall(
            method="write",
            url=f"{systems.files.address}/{folder.lstrip('/')}",
            label=f"receipt {', '.join(file.receipt_ids)} for NetSuite",
            body=file.content.decode(),
            note=NEXT_FILE,
        )
