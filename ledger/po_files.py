"""Files that came over SFTP: recognized by their bytes, and staged row by row until they are read to the end."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from sqlmodel import Session, col, delete, func, insert, select

from ledger.po_tables import PoFileRow, PurchaseOrderRow, StagedRow

StagedLine = tuple[int, str, str]
"""A row of a file: its line number, its purchase order, and its text, which is one line."""

_READ = 100
"""Staged rows that are fetched at once: one purchase order may have more than fit into memory."""
_NAMES = (
    (re.compile(r"WB-PO-(\d{8}T\d{6}Z)-"), "%Y%m%dT%H%M%S%z"),
    (
        re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} \d{1,2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4})"),
        "%b %d %Y %H:%M:%S GMT%z",
    ),
)
"""The moments after which exporters name their files: ours, and the stock one as JavaScript writes it (hotwax 4.2)."""

AHEAD = timedelta(hours=1)
"""A time that lies further ahead of our clock tells nothing: believed, it would make everything told since older."""


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


def exported_at(session: Session, file_id: int | None) -> datetime | None:
    """When NetSuite began to write the file, as its name says; None where the name says nothing."""
    file = session.get(PoFileRow, file_id) if file_id is not None else None
    return _named_after(file.name) if file else None


def read_before(session: Session, tenant: str, kind: FileKind, sha256: str) -> PoFileRow | None:
    """The earlier file of the same bytes that was read to its end."""
    mine = select(PoFileRow).where(
        PoFileRow.tenant == tenant,
        PoFileRow.kind == kind,
        PoFileRow.sha256 == sha256,
        PoFileRow.state == FileState.DONE,
    )
    return session.exec(mine).first()


def tells_any(session: Session, tenant: str, file_id: int) -> bool:
    """Whether this file told any purchase order last, in whole or in broken rows."""
    mine = (PurchaseOrderRow.tenant == tenant, PurchaseOrderRow.file_id == file_id)
    return session.exec(select(PurchaseOrderRow.po_id).where(*mine).limit(1)).first() is not None


def younger(session: Session, file_id: int | None, others: Collection[int | None]) -> set[int | None]:
    """Those of the others that are younger than this file."""
    found = session.exec(select(PoFileRow).where(col(PoFileRow.id).in_({file_id, *others} - {None}))).all()
    rows = {row.id: row for row in found}
    mine = rows.get(file_id)
    return {other for other in others if mine and other in rows and _is_older(mine, rows[other])}


def _is_older(file: PoFileRow, than: PoFileRow) -> bool:
    """By the SFTP server's time of change; where that is the same, or no time that can be, by their names.

    A backlog that was copied or restored may have one time for all its files, and a server's clock may be wrong.
    """
    changed, other_changed = _changed_at(file), _changed_at(than)
    if changed and other_changed and changed != other_changed:
        return changed < other_changed
    named, other_named = _named_after(file.name), _named_after(than.name)
    return bool(named and other_named and named < other_named)


def _changed_at(file: PoFileRow) -> str | None:
    """The server's time of change, which a claimed name begins with, as text; None where it lies ahead of our clock."""
    changed = file.claimed_as.partition("-")[0]
    return changed if changed <= f"{file.taken_at + AHEAD:%Y%m%dT%H%M%SZ}" else None


def _named_after(name: str) -> datetime | None:
    for pattern, form in _NAMES:
        if found := pattern.search(name):
            with suppress(ValueError):
                return datetime.strptime(found[1], form)  # noqa: DTZ007 - every form has its zone
    return None


def stage(session: Session, file_id: int, rows: Sequence[StagedLine]) -> None:
    """Keep rows until the whole file is read; those of one purchase order that follow each other are kept as one."""
    values = [
        {"file_id": file_id, "number": number, "po_id": po_id, "body": "\n".join(texts)}
        for number, po_id, texts in _runs_of(rows)
    ]
    if values:
        session.connection().execute(insert(StagedRow), values)


def _runs_of(rows: Iterable[StagedLine]) -> Iterator[tuple[int, str, Sequence[str]]]:
    """The rows of one purchase order between which no line is missing, named by the first of them."""
    first, of, texts = 0, "", list[str]()
    for number, po_id, text in rows:
        if po_id != of or number != first + len(texts):
            if texts:
                yield first, of, texts
            first, of, texts = number, po_id, []
        texts.append(text)
    if texts:
        yield first, of, texts


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
    mine = (PoFileRow.tenant == tenant, PoFileRow.kind == kind, PoFileRow.state != FileState.READING)
    return set(session.exec(select(PoFileRow.claimed_as).where(*mine)))


def first_read(session: Session, tenant: str, kind: FileKind, file: SmallFile, now: datetime) -> PoFileRow | None:
    """Note that a small file was read; None where somebody saw these bytes under this name before.

    The same bytes under another name are another word: NetSuite may refuse the same receipt twice for one reason.
    """
    same = (PoFileRow.tenant == tenant, PoFileRow.kind == kind, PoFileRow.sha256 == file.sha256)
    read = (PoFileRow.name == file.name, PoFileRow.state != FileState.READING)
    if row := session.exec(select(PoFileRow).where(*same, *read)).first():
        row.claimed_as = file.looks
        return None
    row = _seen(session, tenant, kind, file, now)
    row.state, row.sha256, row.ended_at, row.note = FileState.DONE, file.sha256, now, ""
    return row


def could_not_read(session: Session, tenant: str, kind: FileKind, file: SmallFile, now: datetime, why: str) -> None:
    """Note that a small file lies there that cannot be read, and since when."""
    _seen(session, tenant, kind, file, now).note = why


def _seen(session: Session, tenant: str, kind: FileKind, file: SmallFile, now: datetime) -> PoFileRow:
    """The row of a small file that was not read yet; `taken_at` is when it was first found to look so."""
    unread = (PoFileRow.tenant == tenant, PoFileRow.kind == kind, PoFileRow.state == FileState.READING)
    row = session.exec(select(PoFileRow).where(*unread, PoFileRow.name == file.name)).first()
    if row is None:
        row = PoFileRow(tenant=tenant, kind=kind, name=file.name, claimed_as=file.looks, state=FileState.READING)
        row.taken_at = now
        session.add(row)
    elif row.claimed_as != file.looks:
        row.claimed_as, row.taken_at = file.looks, now
    return row
