"""Files that came over SFTP: recognized by their bytes, and staged row by row until they are read to the end."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import accumulate, groupby
from typing import NamedTuple

from sqlmodel import Session, col, delete, func, insert, select

from ledger.po_tables import PoFileRow, StagedRow

StagedLine = tuple[int, str, str]
"""A row of a file: its line number, its purchase order, and its text, which is one line."""

_READ = 100
"""Staged rows that are fetched at once: one purchase order may have more than fit into memory."""


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
    CHANGED = "changed"
    """It was written to after it was read: it is read once more, and that reading counts."""


class SupersededError(Exception):
    """Another attempt began to read the file anew: this one may not touch what that one stages."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: another attempt reads this file")


def taken(session: Session, tenant: str, kind: FileKind, name: str, claimed_as: str, now: datetime) -> PoFileRow:
    """The row of a claimed file for a new attempt to read it; its stage is empty, whatever an earlier one has left.

    An earlier attempt that still lives, since it was only thought dead, finds itself superseded.
    """
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant,
        PoFileRow.kind == kind,
        PoFileRow.claimed_as == claimed_as,
        PoFileRow.state == FileState.READING,
    )
    row = session.exec(mine.with_for_update()).first()
    if row is None:
        row = PoFileRow(
            tenant=tenant, kind=kind, name=name, claimed_as=claimed_as, state=FileState.READING, taken_at=now
        )
        session.add(row)
    row.attempt += 1
    session.flush()
    session.exec(delete(StagedRow).where(col(StagedRow.file_id) == row.id))
    return row


def still_mine(session: Session, file_id: int, attempt: int) -> PoFileRow:
    """The file's row, locked: no other attempt begins before this transaction ends.

    Raises:
        SupersededError: another attempt has begun, or has ended the file.
    """
    row = session.get_one(PoFileRow, file_id, with_for_update=True)
    if row.attempt != attempt or row.state != FileState.READING:
        raise SupersededError(row.name)
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


def stage(session: Session, file_id: int, rows: Sequence[StagedLine]) -> None:
    """Keep rows until the whole file is read; those of one purchase order that follow each other are kept as one."""
    runs = (list(run) for _, run in groupby(enumerate(rows), key=_run_of))
    values = [
        {"file_id": file_id, "number": run[0][1][0], "po_id": run[0][1][1], "body": "\n".join(row[2] for _, row in run)}
        for run in runs
    ]
    if values:
        session.exec(insert(StagedRow), params=values)


def _run_of(indexed: tuple[int, StagedLine]) -> tuple[str, int]:
    """The same for all rows of a purchase order between which no line is missing."""
    index, (number, po_id, _) = indexed
    return po_id, number - index


def staged_ids(session: Session, file_id: int, after: str, limit: int, most_text: int) -> Sequence[str]:
    """The next purchase orders of a staged file, by id, from the one behind `after` on.

    At most `limit` of them, and no more than have `most_text` characters together, unless a single one has more.
    """
    size = func.sum(func.length(StagedRow.body))
    mine = select(StagedRow.po_id, size).where(StagedRow.file_id == file_id, col(StagedRow.po_id) > after)
    found = session.exec(mine.group_by(col(StagedRow.po_id)).order_by(col(StagedRow.po_id)).limit(limit)).all()
    until = accumulate(size for _, size in found)
    return [po_id for (po_id, _), text in zip(found, until, strict=True) if text <= most_text] or [
        po_id for po_id, _ in found[:1]
    ]


def staged_rows(session: Session, file_id: int, po_ids: Iterable[str]) -> Iterator[StagedLine]:
    """The staged rows of these purchase orders as they were given, by purchase order and then by line number."""
    mine = select(StagedRow.number, StagedRow.po_id, StagedRow.body).where(
        StagedRow.file_id == file_id, col(StagedRow.po_id).in_(list(po_ids))
    )
    runs = session.exec(mine.order_by(col(StagedRow.po_id), col(StagedRow.number)).execution_options(yield_per=_READ))
    for first, po_id, body in runs:
        for number, text in enumerate(body.split("\n"), first):
            yield number, po_id, text


def ended(session: Session, row: PoFileRow, state: FileState, now: datetime, note: str = "") -> None:
    """Note how a file ended; its stage is emptied."""
    row.state, row.ended_at, row.note = state, now, note
    session.exec(delete(StagedRow).where(col(StagedRow.file_id) == row.id))


def not_put_away(session: Session, tenant: str, kind: FileKind) -> Sequence[PoFileRow]:
    """The files that were read to the end, and of which nobody wrote down where they lie since."""
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant,
        PoFileRow.kind == kind,
        PoFileRow.state != FileState.READING,
        col(PoFileRow.archived_as).is_(None),
    )
    return session.exec(mine.order_by(col(PoFileRow.id))).all()


def put_away(session: Session, file_id: int, archived_as: str) -> None:
    """Note where a file lies now; empty where it was gone when it was to be put away."""
    session.get_one(PoFileRow, file_id).archived_as = archived_as


def changed(session: Session, file_id: int) -> None:
    """Note that a file was written to after it was read: what was read is not what it has."""
    row = session.get_one(PoFileRow, file_id)
    row.state, row.archived_as = FileState.CHANGED, ""
    row.note = "it changed before it was put away, and is read again"


def latest(session: Session, tenant: str, limit: int) -> Sequence[PoFileRow]:
    """The files that came last, the newest first."""
    mine = select(PoFileRow).where(PoFileRow.tenant == tenant)
    return session.exec(mine.order_by(col(PoFileRow.id).desc()).limit(limit)).all()


def refused(session: Session, tenant: str, since: datetime) -> Sequence[PoFileRow]:
    """The files that were refused since then, and not read since under the same name, the oldest first."""
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant, PoFileRow.state == FileState.REFUSED, col(PoFileRow.taken_at) >= since
    )
    read = select(PoFileRow.name, func.max(PoFileRow.id)).where(
        PoFileRow.tenant == tenant, PoFileRow.state == FileState.DONE
    )
    mended = dict(session.exec(read.group_by(col(PoFileRow.name))).all())
    rows = session.exec(mine.order_by(col(PoFileRow.id))).all()
    return [row for row in rows if (mended.get(row.name) or 0) < (row.id or 0)]


class SmallFile(NamedTuple):
    """A file that is read in one go and stays where it lies; `looks` are its name, size and time of change."""

    name: str
    looks: str
    sha256: str


def looks_of(session: Session, tenant: str, kind: FileKind) -> set[str]:
    """The looks of the small files that were read."""
    return set(session.exec(select(PoFileRow.claimed_as).where(PoFileRow.tenant == tenant, PoFileRow.kind == kind)))


def first_read(session: Session, tenant: str, kind: FileKind, file: SmallFile, now: datetime) -> bool:
    """Note that a small file was read; whether this was the first time that anybody saw these bytes under this name.

    The same bytes under another name are another word: NetSuite may refuse the same receipt twice for one reason.
    """
    same = (PoFileRow.tenant == tenant, PoFileRow.kind == kind, PoFileRow.sha256 == file.sha256)
    if row := session.exec(select(PoFileRow).where(*same, PoFileRow.name == file.name)).first():
        row.claimed_as = file.looks
        return False
    row = PoFileRow(tenant=tenant, kind=kind, name=file.name, claimed_as=file.looks, state=FileState.DONE)
    row.sha256, row.taken_at, row.ended_at = file.sha256, now, now
    session.add(row)
    return True
