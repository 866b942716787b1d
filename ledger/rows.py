"""Single rows by their keys, locked; each query is made once, since making one costs more than running it."""

from functools import cache
from typing import TypeVar

from sqlalchemy import bindparam, inspect
from sqlmodel import Session, SQLModel, select
from sqlmodel.sql.expression import SelectOfScalar

Row = TypeVar("Row", bound=SQLModel)


def locked(session: Session, table: type[Row], **key: str) -> Row:
    """The row with this key as it is now; nobody else changes it until the transaction ends.

    Raises:
        NoResultFound: there is none.
    """
    row: Row = session.exec(_locking(table), params=key).one()
    return row


def locked_or_none(session: Session, table: type[Row], **key: str) -> Row | None:
    """Like `locked`; None when there is no such row."""
    return session.exec(_locking(table), params=key).one_or_none()


@cache
def _locking(table: type[Row]) -> SelectOfScalar[Row]:
    key = [column == bindparam(column.name) for column in inspect(table).primary_key]
    return select(table).where(*key).with_for_update().execution_options(populate_existing=True)
