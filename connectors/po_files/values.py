"""The values of a purchase order file: which texts are one, and what they mean."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

REMEMBERED = 4_096
"""Texts that a file repeats on many rows; each is read once."""
_US_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,12}(\.\d{1,8})?|\.\d{1,8})", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_NO_DATE = frozenset({"", "null"})


@lru_cache(REMEMBERED)
def us_date(text: str) -> date | None:
    """The date that the stock exporter writes as MM/DD/YYYY; None where it wrote nothing or `null`."""
    if text in _NO_DATE:
        return None
    if not (found := _US_DATE.fullmatch(text)):
        raise ValueError("is no date: expected MM/DD/YYYY, or nothing")
    return _date(int(found[3]), int(found[1]), int(found[2]))


@lru_cache(REMEMBERED)
def iso_date(text: str) -> date | None:
    """The date that our own exporter writes as YYYY-MM-DD; None where it wrote nothing."""
    if not text:
        return None
    if not _ISO_DATE.fullmatch(text):
        raise ValueError("is no date: expected YYYY-MM-DD, or nothing")
    return _date(int(text[:4]), int(text[5:7]), int(text[8:]))


def _date(year: int, month: int, day: int) -> date:
    _expect_our_time(year)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError("is a date that does not exist") from None


def _expect_our_time(year: int) -> None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")


@lru_cache(REMEMBERED)
def moment(text: str) -> datetime:
    """The moment of an ISO 8601 text that ends in Z."""
    if not _MOMENT.fullmatch(text):
        raise ValueError("is no moment: expected YYYY-MM-DDThh:mm:ssZ")
    _expect_our_time(int(text[:4]))
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise ValueError("is a moment that does not exist") from None


@lru_cache(REMEMBERED)
def amount(text: str) -> Decimal:
    """The amount of plain digits, zero or more.

    Raises:
        ValueError: it is negative, huge, or no number.
    """
    if _AMOUNT.fullmatch(text):
        return Decimal(text)
    if text.startswith("-") and _AMOUNT.fullmatch(text[1:]):
        raise ValueError("is negative")
    raise ValueError("is no amount: expected plain digits, at most 12 before the point and 8 after it")


@lru_cache(REMEMBERED)
def positive(text: str) -> Decimal:
    """An amount above zero."""
    if not (number := amount(text)):
        raise ValueError("is zero")
    return number


@lru_cache(REMEMBERED)
def optional_positive(text: str) -> Decimal | None:
    """An amount above zero, or None for an empty text."""
    return positive(text) if text else None


_DIGITS = "[1-9][0-9]{0,14}"
_IDENTIFIER = re.compile(_DIGITS)

Identifier = Annotated[str, StringConstraints(pattern=f"^{_DIGITS}$")]
"""An internal id as NetSuite gives them: digits, without leading zeros, so that no id has two spellings."""
OptionalIdentifier = Annotated[str, StringConstraints(pattern=f"^(?:{_DIGITS})?$")]
Name = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$", max_length=255)
]
"""A text with something to see in it, and nothing that a line cannot hold."""
OptionalName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=255)]
StatusLetter = Annotated[str, StringConstraints(pattern=r"^[A-HP]$")]
Flag = Annotated[str, StringConstraints(pattern=r"^[TF]$")]
UsDate = Annotated[str, AfterValidator(us_date)]
IsoDate = Annotated[str, AfterValidator(iso_date)]
MomentText = Annotated[str, AfterValidator(moment)]
Amount = Annotated[str, AfterValidator(amount)]
Positive = Annotated[str, AfterValidator(positive)]
OptionalPositive = Annotated[str, AfterValidator(optional_positive)]


def has_control_characters(text: str) -> bool:
    """Whether the text holds something that a line of a CSV cannot."""
    return _CONTROL.search(text) is not None


def is_identifier(text: str) -> bool:
    """Whether the text could be an internal id of NetSuite."""
    return _IDENTIFIER.fullmatch(text) is not None
