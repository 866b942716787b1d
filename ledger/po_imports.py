"""Uploads of purchase orders into HotWax: which are wanted, which one carries them, and what became of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, select

from domain.purchase_order import ImportState
from ledger import journal
from ledger.holding import about
from ledger.po_locks import lock_orders
from ledger.po_tables import PurchaseOrderRow

_UNDER_WAY = (ImportState.SENT, ImportState.UNKNOWN)


def wanting_import(session: Session, tenant: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those that wait for an upload and were looked for, locked; first those that may share it with few others only."""
    of = PurchaseOrderRow
    waiting = (of.tenant == tenant, of.import_state == ImportState.WANTED, col(of.looked_at).is_not(None))
    together = col(of.import_together)
    turn = ((together == 0).asc(), together.asc(), col(of.po_id))
    po_ids = session.exec(select(of.po_id).where(*waiting).order_by(*turn).limit(limit)).all()
    lock_orders(session, tenant, po_ids)
    return session.exec(select(of).where(*waiting, col(of.po_id).in_(po_ids)).order_by(*turn)).all()


def never_looked_for(session: Session, tenant: str, limit: int) -> list[str]:
    """The ids of those that wait for an upload, and nobody knows whether HotWax has them already."""
    is_wanted = PurchaseOrderRow.import_state == ImportState.WANTED
    return _ids(session, tenant, and_(is_wanted, col(PurchaseOrderRow.looked_at).is_(None)), limit)


def looked_for_again(session: Session, tenant: str, limit: int) -> list[str]:
    """The ids of those that were gone or never seen, and nobody knows whether HotWax has them by now."""
    is_gone = PurchaseOrderRow.import_state == ImportState.GONE
    return _ids(session, tenant, and_(is_gone, PurchaseOrderRow.import_problem == ""), limit)


def _ids(session: Session, tenant: str, which: ColumnElement[bool], limit: int) -> list[str]:
    mine = select(PurchaseOrderRow.po_id).where(PurchaseOrderRow.tenant == tenant, which)
    return list(session.exec(mine.order_by(PurchaseOrderRow.po_id).limit(limit)).all())


def carried_by(session: Session, tenant: str, batch: int) -> Sequence[PurchaseOrderRow]:
    """Those that still wait to learn what became of this upload, locked; what was settled is not settled anew."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        PurchaseOrderRow.import_batch == batch,
        col(PurchaseOrderRow.import_state).in_(_UNDER_WAY),
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()


def batches_under_way(session: Session, tenant: str) -> list[int]:
    """The numbers of uploads whose purchase orders still wait to learn what became of them."""
    under_way = col(PurchaseOrderRow.import_state).in_(_UNDER_WAY)
    mine = select(PurchaseOrderRow.import_batch).where(PurchaseOrderRow.tenant == tenant, under_way)
    return sorted({batch for batch in session.exec(mine.distinct()).all() if batch is not None})


def send_together(rows: Sequence[PurchaseOrderRow], batch: int) -> None:
    """Note that this upload carries them; committed with the promise of the upload."""
    for row in rows:
        row.import_batch, row.import_state, row.import_problem = batch, ImportState.SENT, ""


def record_import(
    session: Session, row: PurchaseOrderRow, state: ImportState, now: datetime, problem: str = ""
) -> None:
    """What became of its upload; its workflow is told."""
    if (row.import_state, row.import_problem) == (state, problem):
        return
    row.import_state, row.import_problem, row.news = state, problem, row.news + 1
    journal.write(session, about(row), now, "import", f"{state}{f': {problem}' if problem else ''}")


def retry_import(row: PurchaseOrderRow) -> None:
    """Plan a refused or doubtful upload anew, by itself: an operator mended what was wrong with it.

    One that is gone from HotWax is looked for first: it may be back there, or twice. So is one that was never seen
    there, which its batch tells.
    """
    row.import_problem = ""
    if row.import_state is not ImportState.GONE:
        row.import_state, row.import_together = ImportState.NONE, 1


def is_unseen(row: PurchaseOrderRow) -> bool:
    """Whether an upload carried it, and HotWax has not shown it since."""
    return row.oms_id is None and row.import_batch is not None
