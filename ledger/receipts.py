"""Receipts in the ledger: complete, promised, sent, and answered by NetSuite."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select, update

from domain.purchase_order import PoStage, ReceiptFact, ReceiptState, ReceiptToSend, Settlement
from domain.stages import EffectKind
from ledger.columns import numbers, texts
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow


def take_for_complete(session: Session, tenant: str, until: datetime) -> int:
    """Take receipts for complete whose rows stayed the same since then; how many. Their purchase orders have news."""
    mine = select(ReceiptRow).where(ReceiptRow.tenant == tenant, col(ReceiptRow.unsettled_since) <= until)
    settled = session.exec(mine.order_by(col(ReceiptRow.receipt_id)).with_for_update()).all()
    for row in settled:
        row.unsettled_since = None
    of, po_ids = PurchaseOrderRow, sorted({row.po_id for row in settled})
    if po_ids:
        theirs = (col(of.tenant) == tenant, col(of.po_id).in_(po_ids))
        session.exec(update(of).where(*theirs).values(news=of.news + 1))
    return len(settled)


def of_po(session: Session, tenant: str, po_id: str) -> Sequence[ReceiptRow]:
    """All receipts of a purchase order, oldest first."""
    mine = select(ReceiptRow).where(ReceiptRow.tenant == tenant, ReceiptRow.po_id == po_id)
    return session.exec(mine.order_by(col(ReceiptRow.received_at), col(ReceiptRow.receipt_id))).all()


def fact_of(row: ReceiptRow) -> ReceiptFact:
    """The receipt as the rules see it."""
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
        named=frozenset(wanted(row).quantities) if row.wanted else None,
        in_doubt=row.in_doubt,
        is_settling=row.unsettled_since is not None,
    )


def _state_of(row: ReceiptRow) -> ReceiptState:
    """A promised receipt that a file has taken along may be read by NetSuite at any moment: it counts as sent."""
    is_taken = row.state is ReceiptState.PROMISED and row.effect_key is not None
    return ReceiptState.SENT if is_taken else row.state


def withdraw(session: Session, tenant: str, receipt_ids: Collection[str]) -> None:
    """Take back promises that no file has taken along."""
    for receipt_id in sorted(receipt_ids):
        row = session.get_one(ReceiptRow, (tenant, receipt_id), with_for_update=True)
        if row.state is ReceiptState.PROMISED and row.effect_key is None:
            row.state, row.wanted = ReceiptState.NEW, ""


def promise(session: Session, tenant: str, owed: ReceiptToSend) -> bool:
    """Promise this receipt to NetSuite; the next file takes it along. False where a file has it already."""
    row = session.get_one(ReceiptRow, (tenant, owed.receipt_id), with_for_update=True)
    if row.effect_key is not None:
        return False
    row.state, row.wanted, row.effect_key, row.problem = ReceiptState.PROMISED, owed.model_dump_json(), None, ""
    row.sent = texts({line: quantity for line, quantity in owed.quantities.items() if quantity})
    row.held_back = texts(owed.held_back)
    return True


def promised(session: Session, tenant: str, limit: int) -> Sequence[ReceiptRow]:
    """The receipts that wait for a file, oldest first, locked."""
    mine = select(ReceiptRow).where(
        ReceiptRow.tenant == tenant,
        ReceiptRow.state == ReceiptState.PROMISED,
        col(ReceiptRow.effect_key).is_(None),
    )
    return session.exec(mine.order_by(col(ReceiptRow.received_at)).limit(limit).with_for_update()).all()


def in_file(session: Session, tenant: str, file_name: str) -> Sequence[ReceiptRow]:
    """The receipts that went into this file, locked."""
    mine = select(ReceiptRow).where(ReceiptRow.tenant == tenant, ReceiptRow.file_name == file_name)
    return session.exec(mine.order_by(col(ReceiptRow.receipt_id)).with_for_update()).all()


def unanswered(session: Session, tenant: str) -> Sequence[ReceiptRow]:
    """The receipts that NetSuite has said nothing about."""
    open_states = [ReceiptState.PROMISED, ReceiptState.SENT, ReceiptState.UNKNOWN]
    mine = select(ReceiptRow).where(
        ReceiptRow.tenant == tenant,
        col(ReceiptRow.state).in_(open_states),
        col(ReceiptRow.file_name).is_not(None),
    )
    return session.exec(mine.order_by(col(ReceiptRow.sent_at))).all()


def any_sent(session: Session, tenant: str) -> bool:
    """Whether any receipt was ever sent, or is about to be."""
    sent = or_(col(ReceiptRow.sent_at).is_not(None), col(ReceiptRow.file_name).is_not(None))
    return (
        session.exec(select(ReceiptRow.receipt_id).where(ReceiptRow.tenant == tenant, sent).limit(1)).first()
        is not None
    )


def ever_sent(session: Session, tenant: str, po_id: str) -> Sequence[ReceiptRow]:
    """The receipts of a purchase order that were sent, or are about to be; the newest first."""
    mine = [row for row in of_po(session, tenant, po_id) if row.sent_at or row.file_name]
    on_the_way = {ReceiptState.NEW, ReceiptState.PROMISED}
    return sorted(mine, key=lambda row: (row.state in on_the_way, row.sent_at or row.received_at), reverse=True)


def plan_anew(session: Session, tenant: str, fact: ReceiptFact, *, looks_first: bool = False) -> None:
    """Remember the receipt as this fact tells it, to be planned and sent again.

    `looks_first` keeps in mind which file had it, and when that was answered: it is looked for before another goes.
    """
    row = session.get_one(ReceiptRow, (tenant, fact.receipt_id), with_for_update=True)
    row.state, row.problem, row.in_doubt = fact.state, fact.problem, fact.in_doubt
    row.sent, row.held_back = texts(fact.sent), texts(fact.held_back)
    row.wanted, row.effect_key, row.due_at = "", None, None
    if not (looks_first and row.file_name):
        forget_file(row)


def forget_file(row: ReceiptRow) -> None:
    """The receipt may go into a file: no earlier one has it that could still make it."""
    row.file_name, row.answered_at = None, None


def stays_in(row: ReceiptRow, effect_key: str, earlier: ReceiptToSend, problem: str) -> None:
    """Do not send the receipt again: its earlier file may still make it, or has made it."""
    row.state, row.effect_key, row.problem = ReceiptState.UNKNOWN, effect_key, problem
    row.wanted = earlier.model_dump_json()
    row.sent = texts({line: quantity for line, quantity in earlier.quantities.items() if quantity})


def count_as_sent(session: Session, tenant: str, settlement: Settlement) -> None:
    """Count so much of the receipt's line as sent: NetSuite was put right by hand."""
    row = session.get_one(ReceiptRow, (tenant, settlement.receipt_id), with_for_update=True)
    row.sent = texts(numbers(row.sent) | {settlement.line_id: settlement.sent})
    row.held_back = texts(numbers(row.held_back) | {settlement.line_id: settlement.held_back})


def is_awaited(row: ReceiptRow) -> bool:
    """Whether NetSuite's answer is due at some time: it was sent, or the attempts to send it come to nothing."""
    return row.state is ReceiptState.SENT or (row.state is ReceiptState.PROMISED and row.due_at is not None)


def wait_again(session: Session, tenant: str, po_id: str, due_at: datetime) -> None:
    """Wait for NetSuite's answers to this purchase order's receipts until then."""
    for row in of_po(session, tenant, po_id):
        if is_awaited(row):
            row.due_at = due_at


def wanted(row: ReceiptRow) -> ReceiptToSend:
    """The receipt as NetSuite shall make it."""
    return ReceiptToSend.model_validate_json(row.wanted)


def under_way(session: Session, tenant: str, kind: EffectKind) -> list[str]:
    """The keys of writes of this kind whose receipts wait to learn what became of them, those tried least first.

    So the ones that come to nothing again and again keep no other waiting.
    A file is answered by others, so its receipts wait no more once it is sent.
    """
    waiting = [ReceiptState.PROMISED, *([ReceiptState.SENT] if kind is EffectKind.ITEM_RECEIPT else [])]
    mine = (
        select(EffectRow.attempt, EffectRow.key)
        .join(ReceiptRow, col(EffectRow.key) == col(ReceiptRow.effect_key))
        .where(
            ReceiptRow.tenant == tenant,
            EffectRow.kind == kind,
            col(ReceiptRow.state).in_(waiting),
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


def of_effect(session: Session, tenant: str, key: str) -> Sequence[ReceiptRow]:
    """The receipts of one file, locked."""
    mine = select(ReceiptRow).where(ReceiptRow.tenant == tenant, ReceiptRow.effect_key == key)
    return session.exec(mine.order_by(col(ReceiptRow.receipt_id)).with_for_update()).all()


def answer(
    row: ReceiptRow, state: ReceiptState, now: datetime, *, problem: str = "", item_receipt_id: str | None = None
) -> None:
    """Write NetSuite's answer down; what it confirmed once is never taken back by a later word."""
    if row.state is not ReceiptState.CREATED:
        row.state, row.problem, row.answered_at = state, problem, now
        row.item_receipt_id, row.in_doubt = item_receipt_id, False
