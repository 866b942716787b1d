"""Moqui's way of listing an entity: filters, order and pages from a map of parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.clock import now_ms, to_ms
from sandbox.schema import ENTITIES, Entity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.database import Database, Row

BY_NAME: Final = {name: entity for entity in ENTITIES for name in (entity.full_name, entity.name)}
DEFAULT_PAGE: Final = 20
UNPAGED_LIMIT: Final = 100
"""Where a REST entity list without paging parameters stops."""

_OPERATORS: Final = {
    "equals": "= ?",
    "not-equals": "<> ?",
    "like": "LIKE ?",
    "contains": "LIKE '%' || ? || '%'",
    "begins": "LIKE ? || '%'",
    "greater": "> ?",
    "greater-equals": ">= ?",
    "less": "< ?",
    "less-equals": "<= ?",
}


class QueryError(Exception):
    """A parameter has a value that HotWax cannot read."""


class Query:
    """A filtered list of one entity; the parameters are those of reference hotwax.md 2.2."""

    def __init__(self, entity: Entity, parameters: Mapping[str, Any], *, by_date: bool = False) -> None:
        self.entity = entity
        self._parameters = parameters
        self._conditions: list[str] = []
        self._values: list[object] = []
        for name in entity.fields:
            self._filter(name)
        if by_date:
            self._only_current()
        if "x_visible" in entity.hidden:
            self._add("coalesce(x_visible, 0) <= ?", now_ms())

    def rows(self, database: Database, limit: int, offset: int) -> list[Row]:
        """Return one page as HotWax shows it: no nulls, no columns of ours."""
        parts = ["SELECT * FROM", self.entity.name, self._where(), self._order(), "LIMIT ? OFFSET ?"]
        return [plain(row) for row in database.rows(" ".join(parts), [*self._values, limit, offset])]

    def total(self, database: Database) -> int:
        """Return how many rows there are without paging."""
        parts = ["SELECT count(*) FROM", self.entity.name, self._where()]
        return int(database.value(" ".join(parts), self._values))

    def _where(self) -> str:
        return "WHERE " + " AND ".join(self._conditions) if self._conditions else ""

    def _order(self) -> str:
        wanted = [_order_term(part, self.entity) for part in _as_list(self._parameters.get("orderByField"))]
        return "ORDER BY " + ", ".join([*filter(None, wanted), *self.entity.key])

    def _add(self, condition: str, *values: object) -> None:
        self._conditions.append(condition)
        self._values += values

    def _filter(self, name: str) -> None:
        """Add what the parameters say about one field: a value or operator hides `_from` and `_thru`."""
        given = self._parameters
        if name in given or f"{name}_op" in given:
            self._compare(name, str(given.get(f"{name}_op") or "equals"), given.get(name))
            return
        for suffix, sign in (("_from", ">= ?"), ("_thru", "<= ?")):
            if given.get(name + suffix) not in (None, ""):
                self._add(f"{name} {sign}", self._read(name, given[name + suffix]))

    def _compare(self, name: str, operator: str, value: Any) -> None:
        negated = str(self._parameters.get(f"{name}_not", "")).upper() in {"Y", "TRUE"}
        if operator == "in":
            self._one_of(name, _as_list(value), negated=negated)
        elif operator == "empty":
            self._add(f"{name} IS {'NOT ' if negated else ''}NULL")
        elif operator not in _OPERATORS:
            raise QueryError(f"{name}_op: {operator} is no operator")
        elif value not in (None, ""):
            condition = f"{name} {_OPERATORS[operator]}"
            self._add(f"NOT ({condition})" if negated else condition, self._read(name, value))

    def _one_of(self, name: str, wanted: list[Any], *, negated: bool) -> None:
        marks = ", ".join("?" * len(wanted))
        condition = f"({name} NOT IN ({marks}) OR {name} IS NULL)" if negated else f"{name} IN ({marks})"
        self._add(condition, *(self._read(name, value) for value in wanted))

    def _only_current(self) -> None:
        if not self.entity.dated:
            raise QueryError(f"filterByDate: {self.entity.name} has no fromDate and thruDate")
        now = now_ms()
        self._add("(fromDate IS NULL OR fromDate <= ?) AND (thruDate IS NULL OR thruDate > ?)", now, now)

    def _read(self, name: str, value: Any) -> object:
        try:
            if name in self.entity.times:
                return to_ms(value)
            return float(value) if name in self.entity.numbers else str(value)
        except (TypeError, ValueError) as error:
            raise QueryError(f"{name}: {value!r} cannot be read ({error})") from error


def paging(parameters: Mapping[str, Any], default: int = DEFAULT_PAGE) -> tuple[int, int]:
    """Return (limit, offset) from `pageIndex`, counted from 0, and `pageSize`.

    Raises:
        QueryError: One of them is no whole number, or is out of range.
    """
    try:
        size = int(parameters.get("pageSize") or default)
        index = int(parameters.get("pageIndex") or 0)
    except (TypeError, ValueError) as error:
        raise QueryError(f"pageIndex, pageSize: {error}") from error
    if size < 1 or index < 0:
        raise QueryError("pageIndex, pageSize: must not be negative")
    return size, index * size


def rest_list(database: Database, name: str, parameters: Mapping[str, Any]) -> tuple[list[Row], int]:
    """Return one page of a REST entity list and the total behind it; unpaged lists stop at 100."""
    paged = "pageIndex" in parameters or "pageSize" in parameters
    query = Query(BY_NAME[name], parameters)
    limit, offset = paging(parameters, DEFAULT_PAGE if paged else UNPAGED_LIMIT)
    return query.rows(database, limit, offset), query.total(database)


def plain(row: Row) -> Row:
    """Return a row as Moqui writes it: without nulls and without the sandbox's own columns."""
    return {name: _number(value) for name, value in row.items() if value is not None and not name.startswith("x_")}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _order_term(wanted: object, entity: Entity) -> str | None:
    text = str(wanted)
    name, _, direction = text.lstrip("+-").partition(" ")
    if name not in entity.fields:
        return None
    down = text.startswith("-") or direction.strip().upper() == "DESC"
    return f"{name} {'DESC' if down else 'ASC'}"
