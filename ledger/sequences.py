"""Stored sequences of numbers: never a hash, never a clock, so that no number is given twice (retailpro 9.1)."""

from sqlmodel import Session

from ledger.po_tables import SequenceRow


def next_number(session: Session, tenant: str, name: str, start: int = 1) -> int:
    """The next number of the tenant's sequence of this name."""
    row = session.get(SequenceRow, (tenant, name), with_for_update=True)
    if row is None:
        row = SequenceRow(tenant=tenant, name=name, next_number=start)
        session.add(row)
    number, row.next_number = row.next_number, row.next_number + 1
    return number
