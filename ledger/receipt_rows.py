"""HotWax's receipt rows in the ledger, each as it was read last, and the receipts that they add up to."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from domain.base import Frozen, Moment
from domain.purchase_order import ReceiptState, UnreadableRow
from ledger.columns import texts
from ledger.po_tables import ReceiptPartRow, ReceiptRow

ZERO = Decimal(0)


class ReceiptPart(Frozen):
    """One receipt row as HotWax has it now. `line_id` is None for a product that is not on the purchase order.

    `problem` says why it cannot be read: then it has no numbers, and no shipment where not even that can be told.
    """

    part_id: str
    shipment_id: str | None
    line_id: str | None = None
    sku: str = ""
    accepted: Decimal = ZERO
    rejected: Decimal = ZERO
    received_at: Moment
    problem: str = ""


def receipt_id_of(po_id: str, shipment_id: str) -> str:
    """The name of one act of receiving: a shipment may bring goods of several purchase orders."""
    return f"{po_id}-{shipment_id}"


def record_parts(session: Session, tenant: str, po_id: str, parts: Sequence[ReceiptPart], read_at: datetime) -> bool:
    """Keep these rows of one purchase order and sum its receipts anew; whether any of them is new or changed.

    `read_at` is when HotWax was asked: a row that was read later by another worker stays as that one found it.
    """
    named = [(receipt_id_of(po_id, part.shipment_id) if part.shipment_id else po_id, part) for part in parts]
    news = [
        (receipt_id, part) for receipt_id, part in named if _keep(session, (tenant, po_id, receipt_id), part, read_at)
    ]
    for receipt_id in sorted({receipt_id for receipt_id, part in news if not part.problem}):
        _sum_up(session, tenant, po_id, receipt_id, read_at)
    return bool(news)


def forget_problems(session: Session, tenant: str, po_id: str, told: Collection[str], read_at: datetime) -> bool:
    """Forget rows that could not be read and that HotWax, asked at `read_at`, does not tell any more.

    `told` are the ids of all rows that it has of the purchase order. Whether there were any to forget.
    """
    gone = [row for row in _with_problems(session, tenant, po_id) if row.part_id not in told and row.read_at <= read_at]
    for row in gone:
        if row.accepted:
            row.problem = ""
        else:
            session.delete(row)
    return bool(gone)


def unreadable(session: Session, tenant: str, po_id: str) -> tuple[UnreadableRow, ...]:
    """The rows that could not be read when HotWax told them last."""
    found = ((row, row.receipt_id) for row in _with_problems(session, tenant, po_id))
    return tuple(
        UnreadableRow(told=row.problem, receipt_id=receipt_id if receipt_id not in {"", po_id} else None)
        for row, receipt_id in found
    )


def _with_problems(session: Session, tenant: str, po_id: str) -> Sequence[ReceiptPartRow]:
    mine = select(ReceiptPartRow).where(
        ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id, ReceiptPartRow.problem != ""
    )
    return session.exec(mine.order_by(col(ReceiptPartRow.part_id))).all()


def record_before(session: Session, tenant: str, po_id: str, parts: Sequence[ReceiptPart], read_at: datetime) -> int:
    """Remember rows that HotWax had before our first upload of the purchase order; how many of them are news.

    They belong to no receipt of ours: whoever brought receipts to NetSuite before has brought them, and NetSuite's own
    number of what is received has them in.
    """
    return sum(_keep(session, (tenant, po_id, ""), part, read_at) for part in parts)


def were_read_after(session: Session, tenant: str, po_id: str, read_at: datetime) -> bool:
    """Whether rows of the purchase order were read later than then."""
    mine = select(ReceiptPartRow.part_id).where(
        ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id, col(ReceiptPartRow.read_at) > read_at
    )
    return session.exec(mine.limit(1)).first() is not None


def parts_before(session: Session, tenant: str, po_id: str) -> set[str]:
    """The ids of the rows that HotWax had before our first upload."""
    mine = select(ReceiptPartRow.part_id).where(
        ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id, ReceiptPartRow.receipt_id == ""
    )
    return set(session.exec(mine).all())


def lines_of_parts(session: Session, tenant: str, po_id: str) -> dict[str, str]:
    """HotWax's receipt row -> line, as it was read: a line that is gone from HotWax had receipts too."""
    mine = select(ReceiptPartRow).where(ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id)
    return {part.part_id: part.line_id for part in session.exec(mine) if part.line_id}


def pieces_before(session: Session, tenant: str, po_id: str) -> dict[str, Decimal]:
    """Line id -> pieces in the rows that HotWax had before our first upload."""
    mine = select(ReceiptPartRow).where(
        ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id, ReceiptPartRow.receipt_id == ""
    )
    pieces = defaultdict[str, Decimal](Decimal)
    for part in session.exec(mine):
        if part.line_id and part.accepted:
            pieces[part.line_id] += Decimal(part.accepted)
    return dict(pieces)


def _keep(session: Session, of: tuple[str, str, str], part: ReceiptPart, read_at: datetime) -> bool:
    tenant, po_id, receipt_id = of
    row = session.get(ReceiptPartRow, (tenant, part.part_id), with_for_update=True)
    if row is None:
        row = ReceiptPartRow(
            tenant=tenant,
            part_id=part.part_id,
            receipt_id=receipt_id,
            po_id=po_id,
            sku=part.sku,
            accepted="",
            rejected="",
            received_at=part.received_at,
            read_at=read_at,
        )
        session.add(row)
    if row.read_at > read_at:
        return False
    row.read_at = read_at
    if part.problem:
        is_news, row.problem = row.problem != part.problem, part.problem
        return is_news
    said = (str(part.accepted), str(part.rejected), part.line_id, "")
    if (row.accepted, row.rejected, row.line_id, row.problem) == said:
        return False
    if not row.accepted:
        row.receipt_id, row.sku, row.received_at = receipt_id, part.sku, part.received_at
    row.accepted, row.rejected, row.line_id, row.problem = said
    return True


def _sum_up(session: Session, tenant: str, po_id: str, receipt_id: str, read_at: datetime) -> None:
    session.flush()
    mine = select(ReceiptPartRow).where(ReceiptPartRow.tenant == tenant, ReceiptPartRow.receipt_id == receipt_id)
    parts = [part for part in session.exec(mine) if part.accepted]
    pieces, unplanned, rejected = (defaultdict[str, Decimal](Decimal) for _ in range(3))
    for part in parts:
        accepted = pieces if part.line_id else unplanned
        accepted[part.line_id or part.sku] += Decimal(part.accepted)
        if part.line_id:
            rejected[part.line_id] += Decimal(part.rejected)
    row = session.get(ReceiptRow, (tenant, receipt_id), with_for_update=True)
    if row is None:
        row = ReceiptRow(tenant=tenant, receipt_id=receipt_id, po_id=po_id, received_at=parts[0].received_at)
        session.add(row)
    row.unsettled_since = read_at
    row.received_at = min(part.received_at for part in parts)
    row.pieces, row.unplanned, row.rejected = texts(pieces), texts(unplanned), texts(rejected)
    if row.state is ReceiptState.PROMISED and row.effect_key is None:
        row.state, row.wanted = ReceiptState.NEW, ""  # it changed before it was sent: it is planned anew
