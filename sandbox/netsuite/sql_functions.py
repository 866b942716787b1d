"""What SuiteQL's functions do where SQLite has none of that name; dates are `YYYY-MM-DD HH:MM:SS` inside."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from sandbox.netsuite.sql_words import SqlError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_PARTS: Final = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "HH24": "%H", "MI": "%M", "SS": "%S"}
_FORMAT: Final = re.compile(r'YYYY|MM|DD|HH24|MI|SS|"([^"]*)"|[^A-Za-z"]')
_INSIDE: Final = "%Y-%m-%d %H:%M:%S"


def add_functions(connection: sqlite3.Connection, told: list[str]) -> None:
    """Make the functions known to a connection; why one fails is told, since SQLite keeps it to itself."""

    def telling(function: Callable[..., Any]) -> Callable[..., Any]:
        def told_function(*values: Any) -> Any:
            try:
                return function(*values)
            except (SqlError, ValueError, TypeError) as error:
                told.append(str(error))
                raise

        return told_function

    for name, arguments, function in _FUNCTIONS:
        connection.create_function(name, arguments, telling(function), deterministic=True)


def to_char(moment: str | None, form: str) -> str | None:
    """Return a date as a text of this form."""
    return None if moment is None else _moment(moment).strftime(_python_form(form))


def to_date(text: str | None, form: str) -> str | None:
    """Return the date that a text of this form writes."""
    return None if text is None else datetime.strptime(text, _python_form(form)).strftime(_INSIDE)  # noqa: DTZ007 - inside there are no zones


def to_number(text: object) -> int | float | None:
    """Return the number that a text writes."""
    if text is None:
        return None
    try:
        number = Decimal(str(text))
    except InvalidOperation as error:
        raise SqlError(f"{text!r} is no number") from error
    return int(number) if number == number.to_integral_value() else float(number)


def shown_date(moment: str | None) -> str | None:
    """Return a date in the account's format, month first, which every date takes that TO_CHAR does not form."""
    if moment is None:
        return None
    day = _moment(moment)
    return f"{day.month}/{day.day}/{day.year}"


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _INSIDE)  # noqa: DTZ007 - as above


def _python_form(form: str) -> str:
    """Return Python's way to write an Oracle date format; what is unknown in it is refused by name."""
    pieces, place = [], 0
    while place < len(form):
        found = _FORMAT.match(form, place)
        if found is None:
            raise SqlError(f"the date format {form[place:]} is unknown; there are {', '.join(_PARTS)}")
        literal = found[1] if found[1] is not None else found[0]
        pieces.append(_PARTS.get(found[0]) or literal.replace("%", "%%"))
        place = found.end()
    return "".join(pieces)


_FUNCTIONS: Final = (
    *(("ns_to_char", 2, to_char), ("ns_to_date", 2, to_date), ("ns_to_timestamp", 2, to_date)),
    *(("ns_to_number", 1, to_number), ("ns_shown_date", 1, shown_date)),
)
