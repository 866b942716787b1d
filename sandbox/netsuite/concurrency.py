"""The account's slots: how many calls NetSuite answers at once, and how busy they were (reference netsuite.md 9)."""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sandbox.answers import Answer
from sandbox.netsuite.rest_errors import error_body

if TYPE_CHECKING:
    from sandbox.calls import Call
    from sandbox.database import Row

_TOKEN_ROOT: Final = "/services/rest/auth/"  # noqa: S105 - a path
_BLOCKED: Final = "Concurrent request limit exceeded. Request blocked."


class Slots:
    """Counts the calls that are being answered, and adds up for how long how many slots were taken."""

    def __init__(self) -> None:
        self._busy = 0
        self.restart()

    def restart(self) -> None:
        """Begin counting anew; calls that are being answered keep their slots."""
        self._began = self._since = time.perf_counter()
        self._busy_seconds = 0.0
        self._served = self._refused = 0
        self._peak = self._busy

    def enter(self, limit: int) -> bool:
        """Take a slot for a call; False when all are taken, and the call is counted as refused."""
        if self._busy >= limit:
            self._refused += 1
            return False
        self._add_up()
        self._busy += 1
        self._served += 1
        self._peak = max(self._peak, self._busy)
        return True

    def leave(self) -> None:
        """Give a call's slot back."""
        self._add_up()
        self._busy -= 1

    def shown(self, limit: int) -> Row:
        """Return the counts since the start or the last restart; busy slots times seconds is `busySlotSeconds`."""
        self._add_up()
        seconds = self._since - self._began
        return {
            "limit": limit,
            "busy": self._busy,
            "peak": self._peak,
            "served": self._served,
            "refused": self._refused,
            "seconds": round(seconds, 6),
            "busySlotSeconds": round(self._busy_seconds, 6),
            "utilization": round(self._busy_seconds / (seconds * limit), 6) if seconds else 0.0,
        }

    def _add_up(self) -> None:
        now = time.perf_counter()
        self._busy_seconds += self._busy * (now - self._since)
        self._since = now


def is_counted(call: Call) -> bool:
    """Whether a call takes a slot: every one to NetSuite but the one for a token."""
    return call.system == "netsuite" and not call.path.startswith(_TOKEN_ROOT)


def refused(status: int) -> Answer:
    """Return what a call beyond the limit is told: 429 as REST does, or 400 as a RESTlet does."""
    is_rest = status == HTTPStatus.TOO_MANY_REQUESTS
    code = "CONCURRENCY_LIMIT_EXCEEDED" if is_rest else "SSS_REQUEST_LIMIT_EXCEEDED"
    return Answer(status, json.dumps(error_body(status, code, _BLOCKED)).encode())
