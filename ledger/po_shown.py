"""Purchase orders that HotWax shows before their import was seen to end, or does not show any more."""

from datetime import datetime

from sqlmodel import Session, case, col, select

from domain.purchase_order import ImportState
from ledger import journal, po_imports, receipt_rows
from ledger.holding import about
from ledger.po_tables import PurchaseOrderRow


def never_shown(session: Session, tenant: str, limit: int) -> list[str]:
    """The ids of those that an upload carried and HotWax has not shown: it may, before the upload's end or after.

    The oldest uploads first, as HotWax imports them one after another; behind them those that are not under way any
    more, the youngest first, for an old one that never came is the least likely to come.
    """
    batch = col(PurchaseOrderRow.import_batch)
    mine = select(PurchaseOrderRow.po_id).where(
        PurchaseOrderRow.tenant == tenant, batch.is_not(None), col(PurchaseOrderRow.oms_id).is_(None)
    )
    state = col(PurchaseOrderRow.import_state)
    under_way = state.in_([ImportState.SENT, ImportState.UNKNOWN])
    order = (state != ImportState.SENT, state != ImportState.UNKNOWN, case((under_way, batch), else_=-batch))
    return list(session.exec(mine.order_by(*order, col(PurchaseOrderRow.po_id)).limit(limit)).all())


def record_gone(session: Session, row: PurchaseOrderRow, problem: str, now: datetime) -> bool:
    """Note that HotWax does not tell it any more, unless it has ended or an upload decides; whether that is news.

    An upload in doubt decides while it is held for that: where nothing is owed any more, nobody would be told. One that
    is to be made anew is looked for by the run that uploads it.
    """
    told = (row.import_state, row.import_problem)
    is_held_in_doubt = row.import_state is ImportState.UNKNOWN and row.hold_cause is not None
    is_decided_elsewhere = row.import_state is ImportState.SENT or is_held_in_doubt or is_looked_for_again(row)
    if row.stage.is_end or is_decided_elsewhere:
        return False
    po_imports.record_import(session, row, ImportState.GONE, now, problem)
    return told != (row.import_state, row.import_problem)


def is_looked_for_again(row: PurchaseOrderRow) -> bool:
    """Whether it is gone or was never seen, and is to be made anew or ends: nobody knows yet whether HotWax has it."""
    return row.import_state is ImportState.GONE and not row.import_problem


def look_again(row: PurchaseOrderRow) -> None:
    """Have it looked for once more before anything else becomes of it; its workflow is told that it waits for that."""
    row.import_state, row.import_problem, row.news = ImportState.GONE, "", row.news + 1


def record_absent(session: Session, row: PurchaseOrderRow, now: datetime) -> None:
    """Note that HotWax surely does not have it: it may be made there anew. What stores had received stays as it was."""
    receipt_rows.forget_rows(session, row.tenant, row.po_id)
    row.oms_id, row.imported, row.closed_in_oms = None, None, None
    row.import_state, row.import_wanted, row.import_batch = ImportState.NONE, "", None
    row.import_together = row.import_together or 1
    row.news += 1
    journal.write(session, about(row), now, "import", "it was looked for: HotWax does not have it")


def record_back(session: Session, row: PurchaseOrderRow, now: datetime) -> None:
    """Note that HotWax tells it, again or at last; what it has otherwise now is uploaded afresh."""
    again = " again" if row.oms_id else ""
    row.import_state, row.import_problem, row.import_wanted, row.news = ImportState.NONE, "", "", row.news + 1
    journal.write(session, about(row), now, "import", f"HotWax tells it{again}")
