"""The audit trail: written in the transaction of what it tells, never changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import insert
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from ledger.tables import JournalRow


class Flow(StrEnum):
    """What an entry is about."""

    ORDER = "order"
    PURCHASE_ORDER = "po"
    UPLOAD = "upload"


class About(NamedTuple):
    """What an entry is about: whose it is, its id, and what it is."""

    tenant: str
    subject: str
    flow: Flow = Flow.ORDER


ENGINE = "waybill"
"""The actor of everything that no person did."""

_ENTRY = insert(JournalRow)


def write(
    session: Session,
    row_of: About | tuple[str, str],
    at: datetime,
    kind: str,
    text: str,
    *,
    actor: str = ENGINE,
    command_id: str | None = None,
) -> None:
    """Add an entry, about an order where `row_of` is a bare `(tenant, order_id)`.

    `kind` is a word, `text` one sentence without personal data.
    """
    entry = {**About(*row_of)._asdict(), "at": at, "kind": kind, "actor": actor, "text": text}
    # Past the session: nobody needs the object, and what the session holds back need not be written for it.
    session.connection().execute(_ENTRY, {**entry, "command_id": command_id})


def write_all(session: Session, at: datetime, kind: str, texts: Iterable[tuple[About, str]]) -> None:
    """Add an entry about each of these, as `write` does."""
    told = {"at": at, "kind": kind, "actor": ENGINE, "command_id": None}
    if entries := [{**told, **about._asdict(), "text": text} for about, text in texts]:
        session.connection().execute(_ENTRY, entries)


def timeline(session: Session, tenant: str, subject: str, flow: Flow = Flow.ORDER) -> Sequence[JournalRow]:
    """Everything that happened to it, oldest first."""
    return session.exec(_of(tenant, subject, flow).order_by(col(JournalRow.id))).all()


def answer_to(
    session: Session, tenant: str, subject: str, command_id: str, flow: Flow = Flow.ORDER
) -> JournalRow | None:
    """The entry of a command that was given before, so that a repeat changes nothing."""
    return session.exec(_of(tenant, subject, flow).where(JournalRow.command_id == command_id)).first()


def _of(tenant: str, subject: str, flow: Flow) -> SelectOfScalar[JournalRow]:
    return select(JournalRow).where(JournalRow.tenant == tenant, JournalRow.flow == flow, JournalRow.subject == subject)
