"""Stored sequences of numbers: never a hash, never a clock, so that no number is given twice (retailpro 9.1)."""

from sqlmodel import Session

from ledger.rows import locked_or_none
from ledger.tables import SequenceRow


def next_number(session: Session, tenant: str, name: str, start: int = 1) -> int:
    """The next number of the tenant's sequence of this name."""
    row = locked_or_none(session, SequenceRow, tenant=tenant, name=name)
    if row is None:
        row = SequenceRow(tenant=tenant, name=name, next_number=start)
        session.add(row)
    number, row.next_number = row.next_number, row.next_number + 1
    return number
