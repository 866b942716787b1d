"""Single rows by their keys, locked and written; each statement is made once, since making costs more than running."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Update, bindparam, inspect, update
from sqlalchemy.orm.attributes import set_committed_value
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


def write(session: Session, row: SQLModel, **values: Any) -> None:
    """Give a row that was read in this session these values, at once: a third of the price of a flush."""
    key = {f"of_{column.name}": getattr(row, column.name) for column in inspect(type(row)).primary_key}
    session.connection().execute(_writing(type(row)), key | values)
    for name, value in values.items():
        set_committed_value(row, name, value)


@cache
def _locking(table: type[Row]) -> SelectOfScalar[Row]:
    key = [column == bindparam(column.name) for column in inspect(table).primary_key]
    return select(table).where(*key).with_for_update().execution_options(populate_existing=True)


@cache
def _writing(table: type[SQLModel]) -> Update:
    """The values are those that a call names."""
    return update(table).where(*(column == bindparam(f"of_{column.name}") for column in inspect(table).primary_key))
