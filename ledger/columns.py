"""Column types that all tables share: UTC moments, enumerations as text, JSON, and exact numbers in it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Integer, TypeDecorator
from sqlalchemy import Enum as SqlEnum
from sqlmodel import Field


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, UTC on the way in and out, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC; refuses naive ones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment, aware again where the database forgot the zone."""
        return value if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(*, nullable: bool = False) -> Any:
    """A column for a moment in time."""
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def enum(kind: type[StrEnum], default: StrEnum | None = None) -> Any:
    """A column that keeps an enumeration's value as text and gives the member back."""
    values = SqlEnum(kind, native_enum=False, length=30, values_callable=lambda members: [m.value for m in members])
    return Field(default=default, sa_column=Column(values, nullable=False))


def large(default: int = 0, *, primary_key: bool = False) -> Any:
    """A column for a number that others decide on, as a file's size; every integer of SQLite has 64 bits."""
    kind = BigInteger().with_variant(Integer(), "sqlite")
    return Field(default=default, sa_column=Column(kind, nullable=False, primary_key=primary_key))


def json() -> Any:
    """A column for a JSON value; NULL where there is none."""
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))


def texts(numbers: Mapping[str, Decimal]) -> dict[str, str] | None:
    """Numbers by name as JSON keeps them exactly; None where there are none but zeros."""
    return {name: str(number) for name, number in sorted(numbers.items()) if number} or None


def numbers(texts: Mapping[str, str] | None) -> dict[str, Decimal]:
    """The numbers of `texts`."""
    return {name: Decimal(text) for name, text in (texts or {}).items()}
