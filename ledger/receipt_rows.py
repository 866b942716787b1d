"""HotWax's receipt rows in the ledger, each as it was read last, and the receipts that they add up to."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, delete, select

from domain.base import Frozen, Moment
from domain.purchase_order import ZERO, UnreadableRow
from ledger.columns import texts
from ledger.po_tables import ReceiptPartRow, ReceiptRow
from ledger.receipts import plan_otherwise, waits_for_a_write

_NOBODY = ""
"""The purchase order of rows that name none."""


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

    `read_at` is when HotWax was asked: a row that was read later by another worker stays as that one found it. A row
    that was another purchase order's moves, and that one's receipt is summed anew without it; one that is told of
    another shipment now stays its receipt's.
    """
    left = _places(session, tenant, [part.part_id for part in parts])
    named = [(receipt_id_of(po_id, part.shipment_id) if part.shipment_id else po_id, part) for part in parts]
    news = [part for receipt_id, part in named if _keep(session, (tenant, po_id, receipt_id), part, read_at)]
    session.flush()
    now = _places(session, tenant, [part.part_id for part in news])
    sums = {now[part.part_id] for part in news if not part.problem}
    sums |= {left[part.part_id] for part in news if left.get(part.part_id, (po_id, ""))[0] != po_id}
    for of, receipt_id in sorted(sums):
        _sum_up(session, (tenant, of, receipt_id), read_at)
    return bool(news)


def owners(session: Session, tenant: str, part_ids: Collection[str]) -> set[str]:
    """The purchase orders that had these rows when they were read last; "" for rows that nobody could place."""
    return {po_id for po_id, _ in _places(session, tenant, part_ids).values()}


def _places(session: Session, tenant: str, part_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Row -> the purchase order and the receipt that it was read for last, of those that are known."""
    mine = select(ReceiptPartRow).where(
        ReceiptPartRow.tenant == tenant, col(ReceiptPartRow.part_id).in_(list(part_ids))
    )
    return {row.part_id: (row.po_id, row.receipt_id) for row in session.exec(mine)}


def count_gone(session: Session, tenant: str, po_id: str, told: Collection[str], read_at: datetime) -> int:
    """Have rows count as nothing that HotWax, asked at `read_at`, does not tell any more; how many.

    `told` are the ids of all rows that it has of the purchase order. Rows that could never be read are forgotten.
    """
    mine = select(ReceiptPartRow).where(ReceiptPartRow.tenant == tenant, ReceiptPartRow.po_id == po_id)
    gone = [row for row in session.exec(mine) if row.part_id not in told and row.read_at <= read_at and _tells(row)]
    for row in gone:
        if row.accepted:
            row.accepted, row.rejected, row.problem, row.read_at = str(ZERO), str(ZERO), "", read_at
        else:
            session.delete(row)
    for receipt_id in sorted({row.receipt_id for row in gone if row.accepted}):
        _sum_up(session, (tenant, po_id, receipt_id), read_at)
    return len(gone)


def forget_rows(session: Session, tenant: str, po_id: str) -> None:
    """Forget the rows of the purchase order's receipts, which stay as they are; not those from before us."""
    of = ReceiptPartRow
    mine = (col(of.tenant) == tenant, col(of.po_id) == po_id, col(of.receipt_id) != "")
    session.exec(delete(of).where(*mine))


def _tells(row: ReceiptPartRow) -> bool:
    """Whether the row says anything: numbers, or why it has none."""
    return bool(row.problem) or any(Decimal(number) for number in (row.accepted, row.rejected) if number)


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


def keep_unplaced(session: Session, tenant: str, part: ReceiptPart, read_at: datetime) -> None:
    """Keep a row of which nobody can tell whose it is; what is known of it otherwise stays."""
    if session.get(ReceiptPartRow, (tenant, part.part_id)) is None:
        _keep(session, (tenant, _NOBODY, ""), part, read_at)


def unplaced(session: Session, tenant: str) -> Sequence[ReceiptPartRow]:
    """The rows that were kept since nobody could tell whose they are."""
    return _with_problems(session, tenant, _NOBODY)


def forget_unplaced(session: Session, tenant: str, part_ids: Collection[str]) -> None:
    """Forget those of these rows that are still nobody's: HotWax has none of that kind any more."""
    for row in unplaced(session, tenant):
        if row.part_id in part_ids:
            session.delete(row)


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


def known_rows(session: Session, tenant: str, part_ids: Collection[str]) -> set[str]:
    """Those of the rows that were read before, of whichever purchase order."""
    return set(_places(session, tenant, part_ids))


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
    has_moved, before = row.po_id != po_id, (row.accepted, row.rejected, row.line_id, row.problem)
    if has_moved:
        _move(row, po_id, receipt_id)
    row.read_at = read_at
    if part.problem:
        row.problem = part.problem
        return has_moved or before[-1] != part.problem
    said = (str(part.accepted), str(part.rejected), part.line_id, "")
    if before == said:
        return has_moved
    if not row.accepted:
        row.receipt_id, row.sku, row.received_at = receipt_id, part.sku, part.received_at
    row.accepted, row.rejected, row.line_id, row.problem = said
    return True


def _move(row: ReceiptPartRow, po_id: str, receipt_id: str) -> None:
    """The row is another purchase order's than before; what was received before us stays that."""
    row.po_id = po_id
    if row.receipt_id or not row.accepted:
        row.receipt_id = receipt_id


def _sum_up(session: Session, of: tuple[str, str, str], read_at: datetime) -> None:
    """Sum a receipt's rows up; rows from before us, or of nobody, are those of no receipt."""
    tenant, po_id, receipt_id = of
    session.flush()
    mine = select(ReceiptPartRow).where(ReceiptPartRow.tenant == tenant, ReceiptPartRow.receipt_id == receipt_id)
    parts = [part for part in session.exec(mine) if part.accepted] if receipt_id else []
    row = session.get(ReceiptRow, (tenant, receipt_id), with_for_update=True) if receipt_id else None
    if row is None and not parts:
        return
    pieces, unplanned, rejected = (defaultdict[str, Decimal](Decimal) for _ in range(3))
    for part in parts:
        accepted = pieces if part.line_id else unplanned
        accepted[part.line_id or part.sku] += Decimal(part.accepted)
        if part.line_id:
            rejected[part.line_id] += Decimal(part.rejected)
    if row is None:
        row = ReceiptRow(tenant=tenant, receipt_id=receipt_id, po_id=po_id, received_at=parts[0].received_at)
        session.add(row)
    row.unsettled_since = read_at
    row.received_at = min((part.received_at for part in parts), default=row.received_at)
    row.pieces, row.unplanned, row.rejected = texts(pieces), texts(unplanned), texts(rejected)
    if waits_for_a_write(row):
        plan_otherwise(row)  # it changed before it was sent
