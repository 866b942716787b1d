"""Queries of SuiteQL: the bounded part of the language that is answered, translated for SQLite.

Whatever lies outside is refused by name: a clause, a table, a column, a function.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from sandbox.netsuite.sql_expressions import Column, Expressions
from sandbox.netsuite.sql_tables import TABLES, TYPE_PERMISSIONS
from sandbox.netsuite.sql_words import SqlError, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.netsuite.sql_expressions import Pieces
    from sandbox.netsuite.sql_tables import Table

_Part = TypeVar("_Part")
_REFUSED: Final = ("UNION", "INTERSECT", "MINUS", "LIMIT", "OFFSET", "FOR", "WINDOW", "CONNECT", "START")
_JOINS: Final = {("JOIN",): "JOIN", ("INNER", "JOIN"): "JOIN", ("LEFT", "JOIN"): "LEFT JOIN"}
_OUTER: Final = ("LEFT", "OUTER", "JOIN")
_SHOWN_DATE: Final = "ns_shown_date"
_REMEMBERED: Final = 512
"""Callers send the same queries again and again: so many of them are translated once."""


@dataclass(frozen=True)
class Source:
    """A table of the FROM clause."""

    join: str
    table: str
    alias: str
    on: Pieces


@dataclass
class Query:
    """A SELECT, read and not yet checked against the tables."""

    distinct: bool = False
    selected: list[tuple[Pieces, str | None]] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    where: Pieces = field(default_factory=list)
    group: list[Pieces] = field(default_factory=list)
    having: Pieces = field(default_factory=list)
    order: list[tuple[Pieces, str]] = field(default_factory=list)
    fetch: int | None = None


@dataclass(frozen=True)
class Translated:
    """A query that SQLite can answer, its result columns being named as SuiteQL names them."""

    sql: str
    fetch: int | None


@lru_cache(_REMEMBERED)
def translate(text: str, permissions: frozenset[str]) -> Translated:
    """Return a query for the mirror's tables.

    Raises:
        SqlError: It is none, or it names what SuiteQL does not know, or what the role may not see.
    """
    words = Words(text)
    query = _Reader(words).query()
    if words.now.kind != "end":
        raise SqlError(f"{words.now.text} is not understood here")
    return Translated(_Writer(query, permissions).sql(), query.fetch)


class _Reader:
    """Reads a query from its words."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._expressions = Expressions(words, self._inner)

    def query(self) -> Query:
        """Return the query that comes next."""
        query = Query()
        self._words.expect("SELECT")
        query.distinct = self._words.accept("DISTINCT")
        query.selected = list(self._listed(self._selected))
        self._words.expect("FROM")
        query.sources = list(self._sources())
        if self._words.accept("WHERE"):
            query.where = self._expressions.condition()
        if self._words.accept("GROUP", "BY"):
            query.group = list(self._listed(self._expressions.any))
            query.having = self._expressions.condition() if self._words.accept("HAVING") else []
        if self._words.accept("ORDER", "BY"):
            query.order = list(self._listed(self._ordered))
        query.fetch = self._fetch() if self._words.accept("FETCH") else None
        if self._words.now.upper in _REFUSED:
            raise SqlError(f"the clause {self._words.now.upper} is not supported")
        return query

    def _inner(self) -> Query:
        return _Reader(self._words).query()

    def _listed(self, read: Callable[[], _Part]) -> Iterator[_Part]:
        yield read()
        while self._words.accept(","):
            yield read()

    def _selected(self) -> tuple[Pieces, str | None]:
        if self._words.follows("*"):
            raise SqlError("SELECT * is not supported: name the columns")
        pieces = self._expressions.any()
        if self._words.accept("AS"):
            return pieces, self._words.name()
        return pieces, self._words.name() if self._is_name() else None

    def _ordered(self) -> tuple[Pieces, str]:
        pieces = self._expressions.any()
        if self._words.accept("DESC"):
            return pieces, " DESC"
        self._words.accept("ASC")
        return pieces, ""

    def _sources(self) -> Iterator[Source]:
        yield self._source("", on=False)
        while True:
            if self._words.accept(","):
                yield self._source(", ", on=False)
            elif join := self._join():
                yield self._source(f" {join} ", on=True)
            else:
                return

    def _join(self) -> str | None:
        if self._words.accept(*_OUTER):
            return "LEFT JOIN"
        return next((join for words, join in _JOINS.items() if self._words.accept(*words)), None)

    def _source(self, join: str, *, on: bool) -> Source:
        table = self._words.name()
        self._words.accept("AS")
        alias = self._words.name() if self._is_name() else table
        if on:
            self._words.expect("ON")
        return Source(join, table, alias, self._expressions.condition() if on else [])

    def _is_name(self) -> bool:
        word = self._words.now
        return word.kind == "quoted" or (word.kind == "name" and word.upper not in _CLAUSES)

    def _fetch(self) -> int:
        """Return the number of FETCH FIRST n ROWS ONLY."""
        if not self._words.accept("FIRST"):
            self._words.expect("NEXT")
        number = self._words.take()
        if number.kind != "number" or not number.text.isdigit():
            raise SqlError(f"FETCH FIRST takes a whole number, not {number.text}")
        if not self._words.accept("ROWS"):
            self._words.expect("ROW")
        self._words.expect("ONLY")
        return int(number.text)


class _Writer:
    """Writes a query for SQLite; columns are looked up in its own tables, then in those of the query around it."""

    def __init__(self, query: Query, permissions: frozenset[str], outer: _Writer | None = None) -> None:
        self._query = query
        self._permissions = permissions
        self._outer = outer
        self._tables = {source.alias: self._table(source.table) for source in query.sources}
        if len(self._tables) < len(query.sources):
            raise SqlError("two tables of the FROM clause have the same name: give them aliases")
        self._aliases = {alias for _, alias in query.selected if alias}

    def sql(self, *, inner: bool = False) -> str:
        """Return the statement; that of an inner query has its own limit in it."""
        query = self._query
        parts = ["SELECT DISTINCT" if query.distinct else "SELECT", ", ".join(self._selected()), "FROM"]
        parts.append("".join(self._source(source) for source in query.sources))
        if query.where:
            parts.append(f"WHERE {self._text(query.where)}")
        if query.group:
            parts.append("GROUP BY " + ", ".join(self._text(pieces) for pieces in query.group))
        if query.having:
            parts.append(f"HAVING {self._text(query.having)}")
        if query.order:
            parts.append("ORDER BY " + ", ".join(self._order(pieces) + way for pieces, way in query.order))
        if inner and query.fetch is not None:
            parts.append(f"LIMIT {query.fetch}")
        return " ".join(parts)

    def _table(self, name: str) -> Table:
        table = TABLES.get(name)
        if table is None or (table.permission and table.permission not in self._permissions):
            raise SqlError(f"Record '{name}' was not found")
        return table

    def _selected(self) -> Iterator[str]:
        seen: set[str] = set()
        for number, (pieces, alias) in enumerate(self._query.selected, 1):
            only = pieces[0] if len(pieces) == 1 else None
            name = alias or (only.name if isinstance(only, Column) else f"expr{number}")
            if name in seen:
                raise SqlError(f"{name} is selected twice: give aliases")
            seen.add(name)
            is_date = isinstance(only, Column) and only.form == "raw" and self._is_date(only)
            # What is shown to people is shown in the account's date format; inside a query dates are ISO.
            is_shown = is_date and self._outer is None
            text = self._text(pieces)
            yield f'{_SHOWN_DATE}({text}) AS "{name}"' if is_shown else f'{text} AS "{name}"'

    def _source(self, source: Source) -> str:
        hidden = [kind for kind, permission in TYPE_PERMISSIONS.items() if permission not in self._permissions]
        table = f'"{source.table}"'
        if hidden and source.table.startswith("transaction"):
            names = ", ".join(f"'{kind}'" for kind in hidden)
            table = f"(SELECT * FROM {table} WHERE x_type NOT IN ({names}))"  # noqa: S608 - of our own words
        on = f" ON {self._text(source.on)}" if source.on else ""
        return f'{source.join}{table} AS "{source.alias}"{on}'

    def _order(self, pieces: Pieces) -> str:
        [only, *rest] = pieces
        if not rest and isinstance(only, Column) and only.qualifier is None and only.name in self._aliases:
            return f'"{only.name}"'
        return self._text(pieces)

    def _text(self, pieces: Pieces) -> str:
        return "".join(self._piece(piece) for piece in pieces)

    def _piece(self, piece: str | Column | Query) -> str:
        if isinstance(piece, Query):
            return _Writer(piece, self._permissions, self).sql(inner=True)
        return self._column(piece) if isinstance(piece, Column) else piece

    def _column(self, column: Column) -> str:
        alias, table = self.found(column)
        if column.form == "raw" and column.filters and column.name in table.coded:
            raise SqlError(f"{column.name} must be filtered by BUILTIN.CF({column.name})")
        prefix = "x_cf_" if column.form == "cf" and column.name in table.coded else ""
        prefix = "x_df_" if column.form == "df" and column.name in table.labeled else prefix
        return f'"{alias}"."{prefix}{column.name}"'

    def _is_date(self, column: Column) -> bool:
        _, table = self.found(column)
        return column.name in (*table.dates, *table.moments)

    def found(self, column: Column) -> tuple[str, Table]:
        """Return the alias and the table of a column."""
        found = [
            (alias, table)
            for alias, table in self._tables.items()
            if column.qualifier in (None, alias) and column.name in table.columns
        ]
        if len(found) > 1:
            raise SqlError(f"the column {column.name} is ambiguous: name its table")
        if found:
            return found[0]
        if self._outer is None:
            told = f"{column.qualifier}.{column.name}" if column.qualifier else column.name
            raise SqlError(
                f"Field '{told}' was not found in {', '.join(source.table for source in self._query.sources)}"
            )
        return self._outer.found(column)


_CLAUSES: Final = {
    *("FROM", "WHERE", "GROUP", "HAVING", "ORDER", "FETCH", "ON", "AS", "JOIN", "INNER", "LEFT", "RIGHT", "FULL"),
    *("CROSS", "NATURAL", *_REFUSED),
}
"""Words that end a list of columns or tables and are no alias."""
