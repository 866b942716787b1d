"""Opening the ledger: one class for SQLite and PostgreSQL, with the durability that the books need."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteOperationalError
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session

BUSY_MS = 10_000


class LedgerUnavailableError(Exception):
    """The ledger's database did not take or give data: nothing was changed, the same step may be tried again."""


class Ledger:
    """The ledger's database.

    `url` is SQLAlchemy's: `sqlite:///PATH` or `postgresql+psycopg://...` (plain `postgresql://` means the same).
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(_with_driver(url))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._engine()
        self._reading = self.engine.execution_options(waybill_read=True)
        self._durable = self.engine.execution_options(waybill_durable=True)

    def _engine(self) -> Engine:
        # Parameters are bodies with names and addresses: no error of the database may tell them.
        common: dict[str, Any] = {"pool_size": 20, "max_overflow": 20, "hide_parameters": True}
        if not self.is_sqlite:
            return create_engine(self.url, pool_pre_ping=True, **common)
        engine = create_engine(self.url, connect_args={"timeout": BUSY_MS / 1000}, **common)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        return engine

    @property
    def is_missing(self) -> bool:
        """Whether there is no file at all where a SQLite ledger should be; nothing is made by asking."""
        return self.is_sqlite and bool(self.url.database) and not Path(self.url.database or "").exists()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session whose changes are committed at the end of the block, or not at all.

        Raises:
            LedgerUnavailableError: the database is locked, full or out of reach.
        """
        with self._session(self.engine) as session:
            yield session

    @contextmanager
    def durable(self) -> Iterator[Session]:
        """Like `writing`; the commit returns when the data is on disk, whatever happens to the power."""
        with self._session(self._durable) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading only; it never waits for a writer on SQLite."""
        with self._session(self._reading) as session:
            yield session

    @contextmanager
    def statements(self) -> Iterator[Connection]:
        """Like `writing`, for plain statements: no objects, and half the price."""
        with self._outages_told(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        with self._outages_told(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _outages_told(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if _is_outage(error):
                raise LedgerUnavailableError(_explain(error.orig, self.url.render_as_string())) from error
            raise
        except PoolTimeoutError as error:
            raise LedgerUnavailableError(_explain(error, self.url.render_as_string())) from error

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def _with_driver(url: str) -> str:
    for plain in ("postgresql://", "postgres://"):
        if url.startswith(plain):
            return "postgresql+psycopg://" + url.removeprefix(plain)
    return url


def _is_outage(error: DBAPIError) -> bool:
    return isinstance(error, (InterfaceError, OperationalError))


def _explain(error: BaseException | None, where: str) -> str:
    """What an operator reads; the statement and its parameters stay out, they may carry personal data."""
    return f"the ledger at {where} did not answer: {error}. Free the disk or the lock; the step is tried again"


def _set_pragmas(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None
    _write_ahead(connection)
    # What is deleted here is the stage of a file: to overwrite its pages with zeros would be to write it once more.
    for pragma in ("foreign_keys=ON", f"busy_timeout={BUSY_MS}", "secure_delete=FAST"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: SqliteConnection) -> None:
    """Keep a write-ahead log; SQLite's own wait for locks does not cover the first switch to it."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except SqliteOperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    """Take the write lock at once: a transaction that reads first and writes later could fail in the middle.

    An effect must be on disk before its request leaves; a feed event lost with the power is read again.
    """
    options = connection.get_execution_options()
    if options.get("waybill_read", False):
        connection.exec_driver_sql("BEGIN")
        return
    wanted = "FULL" if options.get("waybill_durable", False) else "NORMAL"
    if connection.info.get("synchronous") != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous={wanted}")
        connection.info["synchronous"] = wanted
    connection.exec_driver_sql("BEGIN IMMEDIATE")
