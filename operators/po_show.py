"""Everything about one purchase order, read from the ledger for a screen."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from activities.po_assess import plan_of
from domain.base import Frozen
from domain.keys import upload_key
from domain.po_commands import po_sight
from domain.po_plan import is_unverified
from domain.po_standing import Standing
from domain.purchase_order import ZERO, ImportState, PoLine, PoPolicy, ReceiptState
from domain.seen import Sight
from domain.stages import EffectKind, Hold
from ledger import holding, journal, purchase_orders, receipts
from ledger.journal import Flow
from ledger.po_tables import PoFileRow, PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow
from operators.po_queries import FileView, PoListing
from operators.queries import Happening

STANDING: Mapping[ReceiptState, str] = {
    ReceiptState.NEW: "not promised yet",
    ReceiptState.PROMISED: "goes with the next run",
    ReceiptState.SENT: "sent, no answer yet",
    ReceiptState.UNVERIFIED: "accepted, unverified",
    ReceiptState.UNKNOWN: "in doubt",
    ReceiptState.REJECTED: "rejected",
    ReceiptState.CREATED: "created in NetSuite",
}
"""Where a receipt stands, in words."""


class PoLineView(Frozen):
    """One line on both sides, everything in pieces; None where a side does not have it, or does not tell."""

    line_id: str
    sku: str
    unit: str | None
    ordered: Decimal | None
    imported: Decimal | None
    received_in_hotwax: Decimal
    received_in_netsuite: Decimal | None
    on_the_way: Decimal
    """In receipts that NetSuite may have, and has not confirmed."""
    closed_in_netsuite: bool
    closed_in_hotwax: bool
    facility: str
    arrival: date | None


class ReceiptView(Frozen):
    """One act of receiving on its way into NetSuite."""

    receipt_id: str
    received_at: datetime
    state: ReceiptState
    standing: str
    pieces: Mapping[str, str]
    """Line id -> accepted pieces."""
    sent: Mapping[str, str]
    """Line id -> what went to NetSuite, in the line's own unit."""
    held_back: Mapping[str, str]
    rejected: Mapping[str, str]
    unplanned: Mapping[str, str]
    file_name: str | None
    sent_at: datetime | None
    due_at: datetime | None
    answered_at: datetime | None
    item_receipt_id: str | None
    problem: str


class UploadView(Frozen):
    """One upload into HotWax that carries a purchase order, and perhaps others."""

    key: str
    state: str
    file_name: str
    upload_id: str | None
    attempts: int
    problem: str


class PoView(Frozen):
    """Everything an operator may know of one purchase order."""

    po: PoListing
    hold: Hold | None
    hold_since: datetime | None
    seen: str | None
    """What marks this hold for a `resume` that goes on without what it names; None where it names nothing of the kind,
    or is just about to change."""
    goes_on_without: tuple[str, ...]
    """All that a `resume` goes on without, in words; the evidence of the hold tells the first few."""
    cancel_wanted: bool
    close_wanted: bool
    unverified: bool
    """Whether NetSuite has told neither by an answer nor by a later file that it has our receipts."""
    told_at: datetime | None
    hotwax_id: str | None
    import_state: ImportState
    import_problem: str
    status_after: str | None
    """NetSuite's status by the newest answer to a receipt."""
    bad_rows: tuple[str, ...]
    acknowledged: tuple[str, ...]
    """What an operator said to go on without."""
    lines: tuple[PoLineView, ...]
    receipts: tuple[ReceiptView, ...]
    files: tuple[FileView, ...]
    uploads: tuple[UploadView, ...]
    timeline: tuple[Happening, ...]


def po_view(session: Session, row: PurchaseOrderRow, policy: PoPolicy) -> PoView:
    """Everything about one purchase order, by the tenant's rules."""
    plan, hold = plan_of(session, row, policy), holding.hold_of(row)
    sight = po_sight(plan) if plan.hold == hold else Sight()
    standing = purchase_orders.standing_of(session, row)
    memory = standing.memory
    return PoView(
        po=PoListing.of(row),
        hold=hold,
        hold_since=row.hold_since,
        seen=sight.to_name,
        goes_on_without=sight.waived,
        cancel_wanted=row.cancel_wanted,
        close_wanted=row.close_wanted,
        unverified=is_unverified(standing),
        told_at=row.told_at,
        hotwax_id=row.oms_id,
        import_state=row.import_state,
        import_problem=row.import_problem,
        status_after=row.status_after,
        bad_rows=memory.bad_rows,
        acknowledged=tuple(sorted(memory.acknowledged)),
        lines=tuple(_lines(standing)),
        receipts=tuple(_receipt(receipt) for receipt in receipts.of_po(session, row.tenant, row.po_id)),
        files=_files(session, row),
        uploads=tuple(_uploads(session, row)),
        timeline=tuple(
            Happening(at=entry.at, kind=entry.kind, actor=entry.actor, text=entry.text)
            for entry in journal.timeline(session, row.tenant, row.po_id, Flow.PURCHASE_ORDER)
        ),
    )


def _lines(standing: Standing) -> Iterator[PoLineView]:
    """NetSuite's lines, then those that only HotWax has."""
    memory = standing.memory
    for line in standing.lines.values():
        yield _line(line, standing)
    for line_id in sorted(memory.imported.keys() - standing.lines.keys()):
        had = memory.imported[line_id]
        yield PoLineView(
            line_id=line_id,
            sku=had.sku,
            unit=None,
            ordered=None,
            imported=had.pieces,
            received_in_hotwax=standing.pieces[line_id],
            received_in_netsuite=None,
            on_the_way=ZERO,
            closed_in_netsuite=True,
            closed_in_hotwax=had.closed or line_id in memory.closed_in_oms,
            facility=had.facility,
            arrival=had.arrival,
        )


def _line(line: PoLine, standing: Standing) -> PoLineView:
    memory, rate = standing.memory, standing.rate(line.line_id)
    had, confirmed = memory.imported.get(line.line_id), standing.confirmed(line)
    return PoLineView(
        line_id=line.line_id,
        sku=line.sku,
        unit=f"{line.unit or '?'} of {rate:f}" if line.unit_rate is not None else line.unit,
        ordered=line.quantity * rate,
        imported=had.pieces if had else None,
        received_in_hotwax=standing.pieces[line.line_id],
        received_in_netsuite=confirmed * rate,
        on_the_way=(standing.received(line) - confirmed) * rate,
        closed_in_netsuite=line.closed,
        closed_in_hotwax=bool(had and had.closed) or line.line_id in memory.closed_in_oms,
        facility=line.facility,
        arrival=line.arrival,
    )


def _receipt(row: ReceiptRow) -> ReceiptView:
    under_way = row.state is ReceiptState.PROMISED and row.effect_key is not None
    return ReceiptView(
        receipt_id=row.receipt_id,
        received_at=row.received_at,
        state=row.state,
        standing="it is being sent" if under_way else STANDING[row.state],
        pieces=row.pieces or {},
        sent=row.sent or {},
        held_back=row.held_back or {},
        rejected=row.rejected or {},
        unplanned=row.unplanned or {},
        file_name=row.file_name,
        sent_at=row.sent_at,
        due_at=row.due_at if row.state is ReceiptState.SENT else None,
        answered_at=row.answered_at,
        item_receipt_id=row.item_receipt_id,
        problem=row.problem,
    )


def _files(session: Session, row: PurchaseOrderRow) -> tuple[FileView, ...]:
    """The file that told it last."""
    found = session.get(PoFileRow, row.file_id) if row.file_id is not None else None
    return (FileView.of(found),) if found else ()


def _uploads(session: Session, row: PurchaseOrderRow) -> Iterator[UploadView]:
    """The newest uploads that carry it: one for what is to be there, one for what is to be closed."""
    if row.import_batch is None:
        return
    for kind in (EffectKind.PO_IMPORT, EffectKind.PO_CLOSE):
        made = session.get(EffectRow, upload_key(kind, row.tenant, row.import_batch))
        if made is not None:
            yield UploadView(
                key=made.key,
                state=made.state,
                file_name=made.remote_no,
                upload_id=made.number,
                attempts=made.attempt,
                problem=made.problem,
            )
