"""The sandbox's only clock, and the one way to read a moment that somebody wrote down."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now_ms() -> int:
    """Return the present moment in epoch milliseconds, as Moqui writes times."""
    return time.time_ns() // 1_000_000


def to_ms(value: object) -> int:
    """Return a moment in epoch milliseconds.

    Args:
        value: Epoch milliseconds as a number or digits, or ISO-8601 text; text without a zone is UTC.

    Raises:
        ValueError: The value is none of these.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no moment: give epoch milliseconds or ISO-8601 text")  # noqa: TRY004 - as for text
    if isinstance(value, int | float):
        return int(value)
    if value.strip().lstrip("-").isdigit():
        return int(value)
    moment = datetime.fromisoformat(value.strip())
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
