"""Expressions of SuiteQL: read by precedence into pieces of SQLite's language, columns not yet looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sandbox.netsuite.sql_words import SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.netsuite.sql_queries import Query
    from sandbox.netsuite.sql_words import Word, Words

Form = Literal["raw", "cf", "df"]


@dataclass(frozen=True)
class Column:
    """A column as a query names it."""

    qualifier: str | None
    name: str
    form: Form
    """Its bare value, or what BUILTIN.CF or BUILTIN.DF make of it."""
    filters: bool
    """Whether it stands in a condition."""


Pieces = list["str | Column | Query"]

FUNCTIONS: Final[dict[str, tuple[str, int, int]]] = {
    **{
        name: (name.lower(), 1, 1) for name in ("ABS", "COUNT", "LENGTH", "LOWER", "MAX", "MIN", "SUM", "TRIM", "UPPER")
    },
    **{name: (f"ns_{name.lower()}", 2, 2) for name in ("TO_CHAR", "TO_DATE", "TO_TIMESTAMP")},
    "COALESCE": ("coalesce", 2, 9),
    "NULLIF": ("nullif", 2, 2),
    "NVL": ("coalesce", 2, 2),
    "ROUND": ("round", 1, 2),
    "TO_NUMBER": ("ns_to_number", 1, 1),
}
"""What a query may call: the name in SQLite, and how many arguments."""

_COMPARISONS: Final = ("=", "<>", "!=", "<=", ">=", "<", ">")
_RESERVED: Final = {
    *("SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "IN", "IS", "LIKE", "BETWEEN", "ORDER", "GROUP", "HAVING", "BY"),
    *("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "OUTER", "ON", "AS", "UNION", "FETCH", "CASE", "WHEN", "THEN"),
    *("ELSE", "END", "EXISTS", "ASC", "DESC", "DISTINCT", "ALL", "WITH", "OVER"),
}


class Expressions:
    """Reads expressions from a query's words."""

    def __init__(self, words: Words, subquery: Callable[[], Query]) -> None:
        self._words = words
        self._subquery = subquery
        self._filters = False

    def condition(self) -> Pieces:
        """Return what a WHERE, ON or HAVING says."""
        before, self._filters = self._filters, True
        pieces = self.any()
        self._filters = before
        return pieces

    def any(self) -> Pieces:
        """Return any expression."""
        return self._chain(self._all, ("OR",))

    def _all(self) -> Pieces:
        return self._chain(self._negated, ("AND",))

    def _negated(self) -> Pieces:
        if self._words.accept("NOT"):
            return ["(NOT ", *self._negated(), ")"]
        return self._compared()

    def _compared(self) -> Pieces:
        left = self._sum()
        if self._words.accept("IS"):
            negated = "NOT " if self._words.accept("NOT") else ""
            self._words.expect("NULL")
            return ["(", *left, f" IS {negated}NULL)"]
        negated = "NOT " if self._words.accept("NOT") else ""
        if self._words.accept("IN"):
            return ["(", *left, f" {negated}IN (", *self._members(), "))"]
        if self._words.accept("LIKE"):
            return ["(", *left, f" {negated}LIKE ", *self._sum(), ")"]
        if self._words.accept("BETWEEN"):
            low = self._sum()
            self._words.expect("AND")
            return ["(", *left, f" {negated}BETWEEN ", *low, " AND ", *self._sum(), ")"]
        if negated:
            raise SqlError(f"NOT {self._words.now.text} is not understood")
        sign = next((sign for sign in _COMPARISONS if self._words.accept(sign)), None)
        return left if sign is None else ["(", *left, f" {sign} ", *self._sum(), ")"]

    def _members(self) -> Pieces:
        """Return what stands in the parentheses after IN."""
        self._words.expect("(")
        inner: Pieces = [self._subquery()] if self._words.follows("SELECT") else self._listed()
        self._words.expect(")")
        return inner

    def _listed(self) -> Pieces:
        pieces = self.any()
        while self._words.accept(","):
            pieces += [", ", *self.any()]
        return pieces

    def _sum(self) -> Pieces:
        return self._chain(self._product, ("+", "-", "||"))

    def _product(self) -> Pieces:
        return self._chain(self._signed, ("*", "/"))

    def _signed(self) -> Pieces:
        if self._words.accept("-"):
            return ["(-", *self._signed(), ")"]
        return self._single()

    def _chain(self, read: Callable[[], Pieces], signs: tuple[str, ...]) -> Pieces:
        pieces = read()
        while sign := next((sign for sign in signs if self._words.accept(sign)), None):
            # Oracle divides whole numbers into fractions; SQLite would cut them off.
            factor = " * 1.0" if sign == "/" else ""
            pieces = ["(", *pieces, f"{factor} {sign} ", *read(), ")"]
        return pieces

    def _single(self) -> Pieces:
        if self._words.accept("("):
            inner: Pieces = [self._subquery()] if self._words.follows("SELECT") else self.any()
            self._words.expect(")")
            return ["(", *inner, ")"]
        if self._words.accept("CASE"):
            return self._case()
        if self._words.accept("NULL"):
            return ["NULL"]
        word = self._words.take()
        if word.kind in ("text", "number"):
            return [word.text]
        if word.kind in {"end", "sign"} or word.upper in _RESERVED:
            raise SqlError(f"{word.text} is not understood here")
        if self._words.accept("("):
            return self._called(word)
        return self._named(word)

    def _case(self) -> Pieces:
        pieces: Pieces = ["CASE"]
        while self._words.accept("WHEN"):
            pieces += [" WHEN ", *self.condition()]
            self._words.expect("THEN")
            pieces += [" THEN ", *self.any()]
        if self._words.accept("ELSE"):
            pieces += [" ELSE ", *self.any()]
        self._words.expect("END")
        return [*pieces, " END"]

    def _called(self, word: Word) -> Pieces:
        """Return a function's call, its opening parenthesis already read."""
        known = FUNCTIONS.get(word.upper)
        if known is None:
            raise SqlError(f"the function {word.text} is unknown; there are {', '.join(sorted(FUNCTIONS))}")
        name, least, most = known
        if word.upper == "COUNT" and self._words.accept("*", ")"):
            return ["count(*)"]
        distinct = "DISTINCT " if word.upper == "COUNT" and self._words.accept("DISTINCT") else ""
        arguments = [self.any()]
        while self._words.accept(","):
            arguments.append(self.any())
        self._words.expect(")")
        if not least <= len(arguments) <= most:
            raise SqlError(f"{word.text} takes {least} to {most} arguments, not {len(arguments)}")
        joined = [piece for argument in arguments for piece in (", ", *argument)][1:]
        return [f"{name}({distinct}", *joined, ")"]

    def _named(self, word: Word) -> Pieces:
        """Return a column, or what BUILTIN makes of one."""
        first = word.text.strip('"').lower()
        if not self._words.accept("."):
            return [Column(None, first, "raw", self._filters)]
        if first == "builtin":
            return self._builtin()
        return [Column(first, self._words.name(), "raw", self._filters)]

    def _builtin(self) -> Pieces:
        name = self._words.name()
        if name not in ("cf", "df"):
            raise SqlError(f"the function BUILTIN.{name.upper()} is unknown; there are BUILTIN.CF and BUILTIN.DF")
        self._words.expect("(")
        [*rest, column] = self.any()
        self._words.expect(")")
        if rest or not isinstance(column, Column):
            raise SqlError(f"BUILTIN.{name.upper()} takes one column")
        return [Column(column.qualifier, column.name, "cf" if name == "cf" else "df", self._filters)]
