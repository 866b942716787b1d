"""Files that came over SFTP: recognized by their bytes, and staged row by row until they are read to the end."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, delete, insert, select

from ledger.po_tables import PoFileRow, StagedRow


class FileKind(StrEnum):
    """What a file is for."""

    ORDERS = "orders"
    STOCK_ERRORS = "stock_errors"


class FileState(StrEnum):
    """Where a file stands."""

    READING = "reading"
    DONE = "done"
    REPEAT = "repeat"
    """The same bytes were read before: nothing was done with them."""
    REFUSED = "refused"


def taken(session: Session, tenant: str, kind: FileKind, name: str, claimed_as: str, now: datetime) -> PoFileRow:
    """The row of a claimed file; that of an earlier attempt, with an empty stage, where one has died over it."""
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant,
        PoFileRow.kind == kind,
        PoFileRow.claimed_as == claimed_as,
        PoFileRow.state == FileState.READING,
    )
    row = session.exec(mine).first()
    if row is None:
        row = PoFileRow(
            tenant=tenant, kind=kind, name=name, claimed_as=claimed_as, state=FileState.READING, taken_at=now
        )
        session.add(row)
        session.flush()
    session.exec(delete(StagedRow).where(col(StagedRow.file_id) == row.id))
    return row


def read_before(session: Session, tenant: str, kind: FileKind, sha256: str) -> PoFileRow | None:
    """The earlier file of the same bytes that was read to its end."""
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant,
        PoFileRow.kind == kind,
        PoFileRow.sha256 == sha256,
        PoFileRow.state == FileState.DONE,
    )
    return session.exec(mine).first()


def stage(session: Session, file_id: int, rows: Sequence[tuple[int, str, str]]) -> None:
    """Keep rows `(line number, purchase order, body)` until the whole file is read."""
    if rows:
        values = [{"file_id": file_id, "number": n, "po_id": po_id, "body": body} for n, po_id, body in rows]
        session.exec(insert(StagedRow), params=values)


def staged_ids(session: Session, file_id: int, after: str, limit: int) -> Sequence[str]:
    """The next purchase orders of a staged file, by id, from the one behind `after` on."""
    mine = select(StagedRow.po_id).where(StagedRow.file_id == file_id, col(StagedRow.po_id) > after)
    return session.exec(mine.distinct().order_by(col(StagedRow.po_id)).limit(limit)).all()


def staged_rows(session: Session, file_id: int, po_ids: Iterable[str]) -> Sequence[tuple[int, str, str]]:
    """The staged rows of these purchase orders as they were given, by purchase order and then by line number."""
    mine = select(StagedRow.number, StagedRow.po_id, StagedRow.body).where(
        StagedRow.file_id == file_id, col(StagedRow.po_id).in_(list(po_ids))
    )
    return session.exec(mine.order_by(col(StagedRow.po_id), col(StagedRow.number))).all()


def ended(session: Session, file_id: int, state: FileState, now: datetime, note: str = "") -> PoFileRow:
    """Note how a file ended; its stage is emptied."""
    row = session.get_one(PoFileRow, file_id)
    row.state, row.ended_at, row.note = state, now, note
    session.exec(delete(StagedRow).where(col(StagedRow.file_id) == file_id))
    return row


def latest(session: Session, tenant: str, limit: int) -> Sequence[PoFileRow]:
    """The files that came last, the newest first."""
    mine = select(PoFileRow).where(PoFileRow.tenant == tenant)
    return session.exec(mine.order_by(col(PoFileRow.id).desc()).limit(limit)).all()


def first_read(session: Session, tenant: str, kind: FileKind, name: str, sha256: str, now: datetime) -> bool:
    """Note that a small file was read; whether this was the first time that anybody saw these bytes."""
    if read_before(session, tenant, kind, sha256):
        return False
    row = PoFileRow(tenant=tenant, kind=kind, name=name, claimed_as=name, state=FileState.DONE, sha256=sha256)
    row.taken_at = row.ended_at = now
    session.add(row)
    return True
