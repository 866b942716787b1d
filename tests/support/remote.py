"""A remote system in memory, with the three things that systems do when the same document is sent again."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum

from activities.effects import Writer
from connectors.errors import Ambiguous, Unreachable
from domain.outcomes import Outcome, RepeatBehavior, WriteOutcome


class Cut(StrEnum):
    """Where an attempt ends too early."""

    BEFORE_SEND = "before send"
    AFTER_SEND = "after send"
    AFTER_APPLY = "after apply"
    AFTER_ANSWER = "after answer"


class Killed(BaseException):
    """The process was killed: no handler of ours runs any more."""


class Remote:
    """Documents by number, each with the bodies that were made of it; more than one is a double.

    `cut` is where the next attempt ends, `how` the error it ends with; both are used once. `before` runs before each
    send reaches the remote.
    """

    def __init__(self, repeat: RepeatBehavior, *, can_find: bool) -> None:
        self.repeat, self.can_find = repeat, can_find
        self.documents: list[str] = []
        self.sends = 0
        self.cut: Cut | None = None
        self.how: type[BaseException] = Killed
        self.before: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    def writer(self) -> Writer:
        """How the effect mechanism reaches it."""
        find = self._find if self.can_find else None
        return Writer("remote", nullcontext, self._send, find, repeat_safe=self.repeat.is_safe)

    def _send(self, body: str) -> WriteOutcome:
        self.before()
        with self._lock:
            self.sends += 1
            self._end_at(Cut.BEFORE_SEND, Unreachable)
            self._end_at(Cut.AFTER_SEND, Ambiguous)
            outcome = self._apply(body)
            self._end_at(Cut.AFTER_APPLY, Ambiguous)
        return outcome

    def _apply(self, body: str) -> WriteOutcome:
        known = body in self.documents
        if known and self.repeat is RepeatBehavior.REJECTS:
            return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number="D1", problem="there is one already")
        if not (known and self.repeat is RepeatBehavior.IGNORES):
            self.documents.append(body)
        return WriteOutcome(outcome=Outcome.CREATED, number="D1")

    def _find(self, body: str) -> WriteOutcome | None:
        return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number="D1") if body in self.documents else None

    def _end_at(self, cut: Cut, network_says: type[Unreachable | Ambiguous]) -> None:
        if self.cut is not cut:
            return
        self.cut = None
        raise self.how if self.how is Killed else network_says("remote", "create", "the network was cut")
