"""Purchase orders in the ledger: told by NetSuite, found in HotWax, assessed, and word of them to their workflows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256

from pydantic import TypeAdapter
from sqlmodel import Session, col, select, update

from domain.purchase_order import (
    ImportedLine,
    ImportState,
    PoMemory,
    PoPlan,
    PoStage,
    PoStatus,
    PurchaseOrder,
)
from domain.stages import Hold, HoldCause
from ledger import journal, receipts
from ledger.journal import About, Flow
from ledger.po_tables import PurchaseOrderRow

_LINES = TypeAdapter(tuple[ImportedLine, ...])
_IMPORTED = TypeAdapter(dict[str, ImportedLine])


def about(row: PurchaseOrderRow) -> About:
    """What journal entries about this purchase order name."""
    return About(row.tenant, row.po_id, Flow.PURCHASE_ORDER)


def locked(session: Session, tenant: str, po_id: str) -> PurchaseOrderRow:
    """The purchase order's row, locked.

    Raises:
        NoResultFound: nobody told of it.
    """
    return session.get_one(PurchaseOrderRow, (tenant, po_id), with_for_update=True)


def rows_of(session: Session, tenant: str, po_ids: Collection[str]) -> dict[str, PurchaseOrderRow]:
    """The rows of those that are known, by id, locked."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, col(PurchaseOrderRow.po_id).in_(list(po_ids))
    )
    found = session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()
    return {row.po_id: row for row in found}


def hold_of(row: PurchaseOrderRow) -> Hold | None:
    """Why it is held, or None."""
    if row.hold_cause is None:
        return None
    return Hold(cause=HoldCause(row.hold_cause), subject=row.hold_subject, evidence=row.hold_evidence)


# ---- what NetSuite tells ---------------------------------------------------------------------------------------------


def record_told(
    session: Session,
    tenant: str,
    told: Sequence[PurchaseOrder],
    bad: Mapping[str, Sequence[str]],
    file_id: int,
    now: datetime,
) -> int:
    """Keep what a file told of these purchase orders; how many of them are new or changed.

    `bad` gives, by purchase order, why rows of it could not be read: its good rows change nothing then, unless the
    tenant allows that (such a purchase order stands in `told` as well). One that is told as it was before is no news,
    and one older than what is known is left aside.
    """
    known = rows_of(session, tenant, {po.po_id for po in told} | bad.keys())
    fresh = 0
    for po in told:
        row = known.get(po.po_id) or _new_row(session, tenant, po.po_id, now)
        known[po.po_id] = row
        fresh += _tell(session, row, po, tuple(bad.get(po.po_id, ())), file_id, now)
    for po_id, reasons in bad.items():
        row = known.get(po_id) or _new_row(session, tenant, po_id, now)
        if row.bad_rows != list(reasons):
            row.bad_rows, row.file_id, row.news = list(reasons), file_id, row.news + 1
            journal.write(session, about(row), now, "file", f"file {file_id} has {len(reasons)} bad rows of it")
            fresh += 1
    return fresh


def _new_row(session: Session, tenant: str, po_id: str, now: datetime) -> PurchaseOrderRow:
    row = PurchaseOrderRow(tenant=tenant, po_id=po_id, stage_since=now, seen_at=now)
    session.add(row)
    return row


def _tell(
    session: Session, row: PurchaseOrderRow, po: PurchaseOrder, bad: tuple[str, ...], file_id: int, now: datetime
) -> bool:
    body = po.model_dump_json(exclude={"modified_at"})
    digest = sha256(body.encode()).hexdigest()
    if _is_older(row, po) or (digest == row.told_digest and list(bad) == (row.bad_rows or [])):
        return False
    verb = "amended" if row.told_digest else "first told"
    row.told, row.told_digest, row.told_at = body, digest, po.modified_at or now
    row.number, row.status = po.number or row.number, po.status and str(po.status)
    row.bad_rows, row.file_id, row.news = list(bad) or None, file_id, row.news + 1
    journal.write(session, about(row), now, "file", f"{verb} by file {file_id}: {len(po.lines)} lines")
    return True


def _is_older(row: PurchaseOrderRow, po: PurchaseOrder) -> bool:
    """Whether the file tells an earlier state than the one that is known; only where it tells a time at all."""
    return bool(po.modified_at and row.told_at and po.modified_at < row.told_at and row.told_digest)


def told(row: PurchaseOrderRow) -> PurchaseOrder | None:
    """The purchase order as NetSuite told it last; None while only broken rows of it were seen."""
    return PurchaseOrder.model_validate_json(row.told) if row.told else None


# ---- memory and plan -------------------------------------------------------------------------------------------------


def memory_of(session: Session, row: PurchaseOrderRow) -> PoMemory:
    """Everything the ledger remembers of it."""
    return PoMemory(
        stage=row.stage,
        import_state=row.import_state,
        import_problem=row.import_problem,
        imported=imported(row),
        asked=_asked(row),
        received_before={line: Decimal(number) for line, number in (row.received_before or {}).items()},
        receipts=tuple(receipts.fact_of(receipt) for receipt in receipts.of_po(session, row.tenant, row.po_id)),
        closed_in_oms=frozenset(row.closed_in_oms or ()),
        status_after=PoStatus(row.status_after) if row.status_after else None,
        bad_rows=tuple(row.bad_rows or ()),
        cancel_wanted=row.cancel_wanted,
        close_wanted=row.close_wanted,
        acknowledged=frozenset(row.acknowledged or ()),
    )


def imported(row: PurchaseOrderRow) -> dict[str, ImportedLine]:
    """Its lines as HotWax was last found to have them, by line id."""
    return _IMPORTED.validate_python(row.imported or {})


def wanted_lines(row: PurchaseOrderRow) -> tuple[ImportedLine, ...]:
    """Its lines as HotWax shall have them: what the next upload, or the one under way, tells."""
    return _LINES.validate_json(row.import_wanted) if row.import_wanted else ()


def _asked(row: PurchaseOrderRow) -> dict[str, ImportedLine]:
    """What the newest upload told; nothing while the next one is only wanted."""
    if row.import_state in {ImportState.NONE, ImportState.WANTED}:
        return {}
    return {line.line_id: line for line in wanted_lines(row)}


def record_plan(session: Session, row: PurchaseOrderRow, plan: PoPlan, now: datetime) -> None:
    """Write down what it owes: uploads take it from here."""
    row.waiting_for = plan.waiting_for
    if row.import_state not in {ImportState.SENT, ImportState.UNKNOWN}:
        _want(session, row, plan.import_lines, now)
    receipts.withdraw(session, row.tenant, plan.withdraw)
    if plan.send and receipts.promise(session, row.tenant, plan.send):
        text = f"receipt {plan.send.receipt_id} wanted in NetSuite"
        journal.write(session, about(row), now, "receipt", text)
    set_stage(session, row, plan.stage, plan.hold, now)


def _want(session: Session, row: PurchaseOrderRow, lines: tuple[ImportedLine, ...], now: datetime) -> None:
    """Have the next upload take these lines along, or none where nothing is owed any more."""
    if not lines:
        if row.import_state is ImportState.WANTED:
            row.import_state, row.import_wanted = ImportState.DONE if row.imported else ImportState.NONE, ""
        return
    wanted = _LINES.dump_json(lines).decode()
    if row.import_state is not ImportState.WANTED or row.import_wanted != wanted:
        row.import_wanted, row.import_state, row.import_problem = wanted, ImportState.WANTED, ""
        row.import_batch = None
        journal.write(session, about(row), now, "import", f"{len(lines)} lines wanted in HotWax")


def set_stage(session: Session, row: PurchaseOrderRow, stage: PoStage, hold: Hold | None, now: datetime) -> None:
    """Move it to this stage and hold; the journal tells what changed."""
    if row.stage is not stage:
        journal.write(session, about(row), now, "stage", f"{row.stage} -> {stage}")
        row.stage, row.stage_since = stage, now
    before = hold_of(row)
    if before == hold:
        return
    if hold is None:
        journal.write(session, about(row), now, "hold", f"{row.hold_cause} released")
        row.hold_cause, row.hold_subject, row.hold_evidence, row.hold_since = None, "", "", None
        return
    journal.write(session, about(row), now, "hold", f"held: {hold.key}: {hold.evidence}")
    row.hold_since = row.hold_since if before is not None and before.key == hold.key else now
    row.hold_cause, row.hold_subject, row.hold_evidence = str(hold.cause), hold.subject, hold.evidence


# ---- word to the workflows -------------------------------------------------------------------------------------------


def with_news(session: Session, tenant: str, after: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those whose workflow has not heard of all that happened, by id, from the one behind `after` on."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        col(PurchaseOrderRow.news) > col(PurchaseOrderRow.heard),
        col(PurchaseOrderRow.po_id) > after,
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).limit(limit)).all()


def mark_heard(session: Session, tenant: str, heard: Mapping[str, int]) -> None:
    """Note that these workflows, by purchase order, were told of so much news; what came since stays news."""
    for po_id, news in heard.items():
        mine = (col(PurchaseOrderRow.tenant) == tenant, col(PurchaseOrderRow.po_id) == po_id)
        session.exec(update(PurchaseOrderRow).where(*mine, col(PurchaseOrderRow.heard) < news).values(heard=news))


# ---- uploads into HotWax ---------------------------------------------------------------------------------------------


def wanting_import(session: Session, tenant: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those that wait for an upload, locked; first those that may share it with few others only."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, PurchaseOrderRow.import_state == ImportState.WANTED
    )
    together = col(PurchaseOrderRow.import_together)
    ordered = mine.order_by((together == 0).asc(), together.asc(), col(PurchaseOrderRow.po_id))
    return session.exec(ordered.limit(limit).with_for_update()).all()


def carried_by(session: Session, tenant: str, batch: int) -> Sequence[PurchaseOrderRow]:
    """Those that this upload carries, locked."""
    mine = select(PurchaseOrderRow).where(PurchaseOrderRow.tenant == tenant, PurchaseOrderRow.import_batch == batch)
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()


def batches_under_way(session: Session, tenant: str) -> list[int]:
    """The numbers of uploads whose purchase orders still wait to learn what became of them."""
    under_way = col(PurchaseOrderRow.import_state).in_([ImportState.SENT, ImportState.UNKNOWN])
    mine = select(PurchaseOrderRow.import_batch).where(PurchaseOrderRow.tenant == tenant, under_way)
    return sorted({batch for batch in session.exec(mine.distinct()).all() if batch is not None})


def send_together(rows: Sequence[PurchaseOrderRow], batch: int) -> None:
    """Note that this upload carries them; committed with the promise of the upload."""
    for row in rows:
        row.import_batch, row.import_state = batch, ImportState.SENT


def record_import(
    session: Session, row: PurchaseOrderRow, state: ImportState, now: datetime, problem: str = ""
) -> None:
    """What became of its upload; its workflow is told."""
    if (row.import_state, row.import_problem) == (state, problem):
        return
    row.import_state, row.import_problem, row.news = state, problem, row.news + 1
    journal.write(session, about(row), now, "import", f"{state}{f': {problem}' if problem else ''}")


def record_found(
    session: Session, row: PurchaseOrderRow, oms_id: str, lines: Mapping[str, ImportedLine], now: datetime
) -> None:
    """Keep what HotWax was found to have; news where it is not what was known."""
    found = _IMPORTED.dump_python(dict(lines), mode="json")
    if (row.oms_id, row.imported) == (oms_id, found):
        return
    row.oms_id, row.imported, row.news = oms_id, found, row.news + 1
    journal.write(session, about(row), now, "import", f"HotWax has it as {oms_id} with {len(found)} lines")


def by_oms_id(session: Session, tenant: str, oms_ids: Collection[str]) -> dict[str, PurchaseOrderRow]:
    """Those that HotWax knows by these ids, locked."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, col(PurchaseOrderRow.oms_id).in_(list(oms_ids))
    )
    found = session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()
    return {row.oms_id: row for row in found if row.oms_id}


def retry_import(row: PurchaseOrderRow) -> None:
    """Plan a refused or doubtful upload anew, by itself: an operator mended what was wrong with it."""
    row.import_state, row.import_problem, row.import_batch, row.import_together = ImportState.NONE, "", None, 1


def receivable(session: Session, tenant: str, after: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those that HotWax has and that have not ended, by id, from the one behind `after` on."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        col(PurchaseOrderRow.oms_id).is_not(None),
        col(PurchaseOrderRow.po_id) > after,
        col(PurchaseOrderRow.stage).in_([stage for stage in PoStage if not stage.is_end]),
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).limit(limit)).all()


def remember_received_before(row: PurchaseOrderRow, before: Mapping[str, Decimal]) -> None:
    """Remember what NetSuite had received before any receipt of ours."""
    row.received_before = {line: str(number) for line, number in sorted(before.items())} or None


def note(session: Session, tenant: str, po_id: str, kind: str, text: str, now: datetime) -> None:
    """Write down that something happened to it, and that its workflow is to hear of it."""
    row = locked(session, tenant, po_id)
    row.news += 1
    journal.write(session, about(row), now, kind, text)
