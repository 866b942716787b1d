"""How the runs for purchase orders fare: one that cannot go on is held, as a purchase order would be."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from domain.stages import Hold
from ledger.po_tables import RunRow
from ledger.rows import locked_or_none


def went_well(
    session: Session, tenant: str, run: str, counts: Mapping[str, int], now: datetime, trouble: Hold | None = None
) -> None:
    """Note that a run ended, what it did, and what of its work it could not do."""
    row = _row(session, tenant, run)
    row.ended_at, row.counts = now, dict(counts)
    if trouble:
        _hold(row, trouble, now)
    else:
        row.hold_cause, row.hold_evidence, row.hold_since = None, "", None


def went_wrong(session: Session, tenant: str, run: str, hold: Hold, now: datetime) -> None:
    """Note why a run cannot go on."""
    _hold(_row(session, tenant, run), hold, now)


def _hold(row: RunRow, hold: Hold, now: datetime) -> None:
    """Hold a run; since when is kept while the cause stays the same."""
    row.hold_since = row.hold_since if row.hold_cause == hold.cause else now
    row.hold_cause, row.hold_evidence = str(hold.cause), hold.evidence


def _row(session: Session, tenant: str, run: str) -> RunRow:
    row = locked_or_none(session, RunRow, tenant=tenant, run=run)
    if row is None:
        row = RunRow(tenant=tenant, run=run)
        session.add(row)
    return row


def all_of(session: Session, tenant: str) -> Sequence[RunRow]:
    """The tenant's runs, those that are held first."""
    mine = select(RunRow).where(RunRow.tenant == tenant)
    return session.exec(mine.order_by(col(RunRow.hold_cause).is_(None), col(RunRow.run))).all()
