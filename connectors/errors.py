# ruff: noqa: N818 - the names are the vocabulary of the whole product: a kind of trouble, not "...Error" five times
"""What can go wrong at a remote system, as one small tree that says whether a repeat is safe.

A message says what happened, where, and what to do next. It never has secrets, query strings or personal data.
"""

from collections.abc import Iterable
from datetime import timedelta

_SHOWN = 60


def shortened(value: object, limit: int = _SHOWN) -> str:
    """The value on one line, cut to `limit` characters, for use in a message."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def place_of(root: str, steps: Iterable[int | str]) -> str:
    """A place in a JSON value, as `orders[0].shipGroups[1]`: where these steps lead from `root`."""
    return root + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)


class ConnectorError(Exception):
    """Anything a connector raises on purpose: which system, which operation, and what to do next."""

    def __init__(self, system: str, operation: str, message: str) -> None:
        super().__init__(f"{system} {operation}: {message}")
        self.system = system
        self.operation = operation
        self.message = message


class Rejected(ConnectorError):
    """The remote understood and refused: the same request will be refused again, never retry."""


class Unreachable(ConnectorError):
    """Nothing was sent, or a read failed: safe to retry."""


class Throttled(ConnectorError):
    """The remote asks to come back later; nothing was applied. `retry_after` is None when it gave no time."""

    def __init__(self, system: str, operation: str, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(system, operation, message)
        self.retry_after = retry_after


class Ambiguous(ConnectorError):
    """A write was sent and no trustworthy answer came: it may be applied, look before any repeat."""


class Contract(ConnectorError):
    """The answer makes no sense. `place` says where in it, `got` what stands there (shortened).

    Whoever raises it leaves `got` empty, or names a type only, where the place holds personal data.
    """

    def __init__(self, system: str, operation: str, *, place: str, expected: str, got: object = "") -> None:
        self.place = place
        self.expected = expected
        self.got = shortened(got)
        seen = f", got {self.got}" if self.got else ""
        super().__init__(system, operation, f"{place}: expected {expected}{seen}; mend it at its source")


class NotFound(ConnectorError):
    """The remote does not have what was asked for."""


class NotASalesOrder(NotFound):
    """The order exists and is of a type that nobody invoices (a purchase or transfer order): nothing is owed."""


class Unauthorized(ConnectorError):
    """The remote does not accept our credentials (401) or does not permit the call (403); nothing was applied.

    `said` is its answer as it came, bounded, for the driver to explain; never a part of a message.
    """

    def __init__(self, system: str, operation: str, message: str, status: int, said: str = "") -> None:
        super().__init__(system, operation, message)
        self.status = status
        self.said = said
