"""The audit trail of an order: written in the transaction of what it tells, never changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, col, select

from ledger.tables import JournalRow

ENGINE = "waybill"
"""The actor of everything that no person did."""

_ENTRY = insert(JournalRow)


def write(
    session: Session,
    row_of: tuple[str, str],
    at: datetime,
    kind: str,
    text: str,
    *,
    actor: str = ENGINE,
    command_id: str | None = None,
) -> None:
    """Add an entry for the order `(tenant, order_id)`; `kind` is a word, `text` one sentence without personal data."""
    tenant, order_id = row_of
    entry = {"tenant": tenant, "order_id": order_id, "at": at, "kind": kind, "actor": actor, "text": text}
    # Past the session: nobody needs the object, and what the session holds back need not be written for it.
    session.connection().execute(_ENTRY, {**entry, "command_id": command_id})


def timeline(session: Session, tenant: str, order_id: str) -> Sequence[JournalRow]:
    """Everything that happened to an order, oldest first."""
    mine = select(JournalRow).where(JournalRow.tenant == tenant, JournalRow.order_id == order_id)
    return session.exec(mine.order_by(col(JournalRow.id))).all()


def answer_to(session: Session, tenant: str, order_id: str, command_id: str) -> JournalRow | None:
    """The entry of a command that the order was given before, so that a repeat changes nothing."""
    mine = select(JournalRow).where(JournalRow.tenant == tenant, JournalRow.order_id == order_id)
    return session.exec(mine.where(JournalRow.command_id == command_id)).first()
