"""Receipts in the ledger: complete, promised, sent, and answered by NetSuite."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, or_, select, update

from domain.purchase_order import PoStage, ReceiptFact, ReceiptState, ReceiptToSend, Settlement
from domain.stages import RECEIPT_FILES, EffectKind
from ledger.columns import numbers, texts
from ledger.po_locks import lock_orders
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow

_UNANSWERED = (ReceiptState.PROMISED, ReceiptState.SENT, ReceiptState.UNKNOWN)


def take_for_complete(session: Session, tenant: str, until: datetime) -> int:
    """Take receipts for complete whose rows stayed the same since then; how many. Their purchase orders have news."""
    settled = _locked(session, tenant, col(ReceiptRow.unsettled_since) <= until)
    for row in settled:
        row.unsettled_since = None
    of, po_ids = PurchaseOrderRow, sorted({row.po_id for row in settled})
    if po_ids:
        theirs = (col(of.tenant) == tenant, col(of.po_id).in_(po_ids))
        session.exec(update(of).where(*theirs).values(news=of.news + 1))
    return len(settled)


def _locked(session: Session, tenant: str, which: ColumnElement[bool]) -> Sequence[ReceiptRow]:
    """The receipts of which this holds, by id, locked behind their purchase orders.

    One of which it comes to hold while these are waited for is left to the next transaction.
    """
    of = ReceiptRow
    po_ids = set(session.exec(select(of.po_id).where(of.tenant == tenant, which)).all())
    lock_orders(session, tenant, po_ids)
    mine = select(of).where(of.tenant == tenant, which, col(of.po_id).in_(sorted(po_ids)))
    return session.exec(mine.order_by(col(of.receipt_id)).with_for_update()).all()


def of_po(session: Session, tenant: str, po_id: str) -> Sequence[ReceiptRow]:
    """All receipts of a purchase order, oldest first."""
    mine = select(ReceiptRow).where(ReceiptRow.tenant == tenant, ReceiptRow.po_id == po_id)
    return session.exec(mine.order_by(col(ReceiptRow.received_at), col(ReceiptRow.receipt_id))).all()


def fact_of(row: ReceiptRow) -> ReceiptFact:
    """The receipt as the rules see it."""
    promise = wanted(row) if row.wanted else None
    return ReceiptFact(
        receipt_id=row.receipt_id,
        received_at=row.received_at,
        pieces=numbers(row.pieces),
        unplanned=numbers(row.unplanned),
        rejected=numbers(row.rejected),
        state=_state_of(row),
        sent=numbers(row.sent),
        held_back=numbers(row.held_back),
        problem=row.problem,
        named=frozenset(promise.quantities) if promise else None,
        rates=promise.rates if promise else {},
        in_doubt=row.in_doubt,
        is_settling=row.unsettled_since is not None,
    )


def _state_of(row: ReceiptRow) -> ReceiptState:
    """A promised receipt that a write has taken along may reach NetSuite at any moment: it counts as sent."""
    is_taken = row.state is ReceiptState.PROMISED and row.effect_key is not None
    return ReceiptState.SENT if is_taken else row.state


def withdraw(session: Session, tenant: str, receipt_ids: Collection[str]) -> None:
    """Take back promises that no write has taken along."""
    for receipt_id in sorted(receipt_ids):
        row = session.get_one(ReceiptRow, (tenant, receipt_id), with_for_update=True)
        if waits_for_a_write(row):
            plan_otherwise(row)


def plan_otherwise(row: ReceiptRow) -> None:
    """Have a receipt planned anew that was promised; of one in doubt it stays known in which units it was sent."""
    row.state = ReceiptState.NEW
    if not row.in_doubt:
        row.wanted = ""


def promise(session: Session, tenant: str, owed: ReceiptToSend, now: datetime) -> bool:
    """Promise this receipt to NetSuite; the next write takes it along. False where one has it already.

    A time that was up while something else kept it from being promised counts no more: its attempts begin anew.
    """
    row = session.get_one(ReceiptRow, (tenant, owed.receipt_id), with_for_update=True)
    if row.effect_key is not None:
        return False
    if row.state is ReceiptState.NEW and row.due_at and row.due_at <= now:
        row.due_at = None
    row.state, row.wanted, row.effect_key, row.problem = ReceiptState.PROMISED, owed.model_dump_json(), None, ""
    row.sent = texts({line: quantity for line, quantity in owed.quantities.items() if quantity})
    row.held_back = texts(owed.held_back)
    return True


def promised(session: Session, tenant: str, limit: int, *, again: bool = False) -> Sequence[ReceiptRow]:
    """The receipts that wait to be sent, oldest first; `again`: those whose earlier file is looked for.

    None is locked: whoever changes them locks their purchase orders before they are read.
    """
    earlier = col(ReceiptRow.file_name)
    mine = select(ReceiptRow).where(
        ReceiptRow.tenant == tenant,
        ReceiptRow.state == ReceiptState.PROMISED,
        col(ReceiptRow.effect_key).is_(None),
        earlier.is_not(None) if again else earlier.is_(None),
    )
    return session.exec(mine.order_by(col(ReceiptRow.received_at)).limit(limit)).all()


def in_files(session: Session, tenant: str, file_names: Collection[str]) -> Sequence[ReceiptRow]:
    """The receipts that went into these files, locked."""
    return _locked(session, tenant, col(ReceiptRow.file_name).in_(sorted(file_names)))


def unanswered(session: Session, tenant: str, kinds: Collection[EffectKind]) -> Sequence[ReceiptRow]:
    """The receipts in files of these kinds that NetSuite has said nothing about."""
    mine = (
        select(ReceiptRow)
        .join(EffectRow, col(EffectRow.key) == col(ReceiptRow.effect_key))
        .where(
            ReceiptRow.tenant == tenant,
            col(ReceiptRow.state).in_(_UNANSWERED),
            col(EffectRow.kind).in_(kinds),
        )
    )
    return session.exec(mine.order_by(col(ReceiptRow.sent_at))).all()


def kinds_of_files(session: Session, tenant: str, since: datetime) -> set[EffectKind]:
    """The kinds of files that may still tell something, of receipts unanswered or accepted in silence since then."""
    in_silence = (col(ReceiptRow.state) == ReceiptState.UNVERIFIED) & (col(ReceiptRow.answered_at) >= since)
    mine = (
        select(EffectRow.kind)
        .join(ReceiptRow, col(EffectRow.key) == col(ReceiptRow.effect_key))
        .where(
            ReceiptRow.tenant == tenant,
            col(EffectRow.kind).in_(RECEIPT_FILES),
            or_(col(ReceiptRow.state).in_(_UNANSWERED), in_silence),
        )
    )
    return {EffectKind(kind) for kind in session.exec(mine.distinct())}


def way_of(session: Session, row: ReceiptRow) -> EffectKind | None:
    """By which kind of write it went into NetSuite last, or is about to; None where it did not."""
    effect = session.get(EffectRow, row.effect_key) if row.effect_key else None
    return effect.kind if effect else None


def any_sent(session: Session, tenant: str) -> bool:
    """Whether any receipt was ever sent, or is about to be."""
    sent = or_(col(ReceiptRow.sent_at).is_not(None), col(ReceiptRow.file_name).is_not(None))
    return (
        session.exec(select(ReceiptRow.receipt_id).where(ReceiptRow.tenant == tenant, sent).limit(1)).first()
        is not None
    )


def ever_sent(session: Session, tenant: str, po_id: str) -> Sequence[ReceiptRow]:
    """The receipts of a purchase order that were sent in files, or are about to be; the newest first."""
    sent = [row for row in of_po(session, tenant, po_id) if row.sent_at or row.file_name]
    mine = [row for row in sent if way_of(session, row) is not EffectKind.ITEM_RECEIPT]
    on_the_way = {ReceiptState.NEW, ReceiptState.PROMISED}
    return sorted(mine, key=lambda row: (row.state in on_the_way, row.sent_at or row.received_at), reverse=True)


def plan_anew(session: Session, tenant: str, fact: ReceiptFact, *, looks_first: bool = False) -> None:
    """Remember the receipt as this fact tells it, to be planned and sent again.

    `looks_first` keeps in mind which file had it, and when that was answered: it is looked for before another goes.
    """
    row = session.get_one(ReceiptRow, (tenant, fact.receipt_id), with_for_update=True)
    row.state, row.problem, row.in_doubt = fact.state, fact.problem, fact.in_doubt
    row.sent, row.held_back = texts(fact.sent), texts(fact.held_back)
    row.effect_key, row.due_at = None, None
    if not fact.in_doubt:
        row.wanted = ""
    if not (looks_first and row.file_name):
        forget_file(row)


def forget_file(row: ReceiptRow) -> None:
    """Let the receipt go without looking first: no earlier file has it that could still make it."""
    row.file_name, row.answered_at = None, None


def stays_in(row: ReceiptRow, effect_key: str, earlier: ReceiptToSend, problem: str) -> None:
    """Do not send the receipt again: its earlier file may still make it, or has made it. Its fate counts."""
    row.state, row.effect_key, row.problem, row.answered_at = ReceiptState.UNKNOWN, effect_key, problem, None
    row.wanted = earlier.model_dump_json()
    row.sent = texts({line: quantity for line, quantity in earlier.quantities.items() if quantity})


def count_as_sent(session: Session, tenant: str, settlement: Settlement) -> None:
    """Count so much of the receipt's line as sent: NetSuite was put right by hand."""
    row = session.get_one(ReceiptRow, (tenant, settlement.receipt_id), with_for_update=True)
    row.sent = texts(numbers(row.sent) | {settlement.line_id: settlement.sent})
    row.held_back = texts(numbers(row.held_back) | {settlement.line_id: settlement.held_back})
    if row.wanted:  # the number is in the line's unit of now
        rates = {line_id: rate for line_id, rate in wanted(row).rates.items() if line_id != settlement.line_id}
        row.wanted = wanted(row).model_copy(update={"rates": rates}).model_dump_json()


def is_awaited(row: ReceiptRow) -> bool:
    """Whether NetSuite's answer is due at some time: it was sent, or the attempts to send it come to nothing."""
    return row.state is ReceiptState.SENT or (row.state is ReceiptState.PROMISED and row.due_at is not None)


def is_doubted(row: ReceiptRow) -> bool:
    """Whether a word of NetSuite put it in doubt, which no silence settles: an operator has to look."""
    return row.state is ReceiptState.UNKNOWN and row.answered_at is not None


def wait_again(session: Session, tenant: str, po_id: str, due_at: datetime) -> None:
    """Wait for NetSuite's answers to this purchase order's receipts until then."""
    for row in of_po(session, tenant, po_id):
        if is_awaited(row):
            row.due_at = due_at


def wanted(row: ReceiptRow) -> ReceiptToSend:
    """The receipt as NetSuite shall make it."""
    return ReceiptToSend.model_validate_json(row.wanted)


def under_way(
    session: Session, tenant: str, kinds: Collection[EffectKind], states: Collection[ReceiptState]
) -> list[str]:
    """The keys of writes of these kinds whose receipts stand so, those tried least first.

    So the ones that come to nothing again and again keep no other waiting.
    """
    mine = (
        select(EffectRow.attempt, EffectRow.key)
        .join(ReceiptRow, col(EffectRow.key) == col(ReceiptRow.effect_key))
        .where(
            ReceiptRow.tenant == tenant,
            col(EffectRow.kind).in_(kinds),
            col(ReceiptRow.state).in_(states),
        )
    )
    return [key for _, key in sorted(session.exec(mine.distinct()).all())]


def of_open_orders(session: Session, tenant: str) -> set[str]:
    """The purchase orders that have not ended and of which NetSuite has receipts."""
    order, receipt = PurchaseOrderRow, ReceiptRow
    mine = (
        select(receipt.po_id)
        .join(order, (col(order.tenant) == col(receipt.tenant)) & (col(order.po_id) == col(receipt.po_id)))
        .where(
            ReceiptRow.tenant == tenant,
            ReceiptRow.state == ReceiptState.CREATED,
            col(PurchaseOrderRow.stage).in_([stage for stage in PoStage if not stage.is_end]),
        )
    )
    return set(session.exec(mine.distinct()).all())


def unverified_orders(session: Session, tenant: str, since: datetime) -> set[str]:
    """The purchase orders with receipts that were accepted without a word since then."""
    mine = select(ReceiptRow.po_id).where(
        ReceiptRow.tenant == tenant,
        ReceiptRow.state == ReceiptState.UNVERIFIED,
        col(ReceiptRow.answered_at) >= since,
    )
    return set(session.exec(mine.distinct()).all())


def take_back(row: ReceiptRow) -> None:
    """Plan a receipt anew whose promise NetSuite surely has not; it is due when it was before."""
    row.state, row.wanted, row.effect_key, row.sent, row.held_back = ReceiptState.NEW, "", None, None, None
    row.sent_at, row.in_doubt = None, False


def waits_for_a_write(row: ReceiptRow) -> bool:
    """Whether it is promised, and no write has taken it along."""
    return row.state is ReceiptState.PROMISED and row.effect_key is None


def leave_write(row: ReceiptRow) -> None:
    """Have a receipt wait for another write, since NetSuite surely has not got it by the one that it had."""
    row.state, row.effect_key, row.problem = ReceiptState.PROMISED, None, ""
    forget_file(row)


def of_effect(session: Session, tenant: str, key: str) -> Sequence[ReceiptRow]:
    """The receipts that one write carries, locked."""
    return _locked(session, tenant, col(ReceiptRow.effect_key) == key)


def answer(
    row: ReceiptRow, state: ReceiptState, now: datetime, *, problem: str = "", item_receipt_id: str | None = None
) -> None:
    """Write NetSuite's answer down; what it confirmed once is never taken back by a later word."""
    if row.state is not ReceiptState.CREATED:
        row.state, row.problem, row.answered_at = state, problem, now
        row.item_receipt_id, row.in_doubt = item_receipt_id, False
