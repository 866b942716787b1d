"""The sandbox's memory: one SQLite file, so that a restart finds everything as it was."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from sandbox.schema import DDL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Row = dict[str, Any]


class Database:
    """One connection, used by one thread: reads give dictionaries, writes outside a transaction commit at once."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = _as_dictionary
        # The operating system keeps what was written when the process is killed; only a power cut could lose it.
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + DDL)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return every row of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        """Return the first row of a query, or nothing."""
        found: Row | None = self._connection.execute(sql, parameters).fetchone()
        return found

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """Return the first column of the first row, or nothing."""
        found = self.row(sql, parameters)
        return next(iter(found.values())) if found else None

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Execute one statement and return how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def insert(self, table: str, row: Mapping[str, object]) -> int:
        """Add one row and return its row id; a key that exists already raises `sqlite3.IntegrityError`."""
        cursor = self._connection.execute(_insert_sql("INSERT", table, tuple(row)), tuple(row.values()))
        return cursor.lastrowid or 0

    def put(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows, replacing those whose key exists already."""
        for row in rows:
            self._connection.execute(_insert_sql("INSERT OR REPLACE", table, tuple(row)), tuple(row.values()))

    def empty(self, table: str) -> None:
        """Delete every row of a table."""
        self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - the tables are named in the schema

    def next_number(self, name: str) -> int:
        """Return the next number of a named sequence, starting at 1."""
        sql = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"
        return int(self.value(sql, (name,)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one commit; an exception undoes it; an inner transaction joins the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Write the log back into the file and close it."""
        self._connection.close()


def _as_dictionary(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@cache
def _insert_sql(verb: str, table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return " ".join([verb, "INTO", table, "(", ", ".join(columns), ") VALUES (", marks, ")"])
