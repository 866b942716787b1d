"""One budget of calls for each remote system, over all workers: a pace, and places side by side."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from domain.base import Frozen
from ledger.database import Ledger
from ledger.tables import CallBudgetRow, CallSlotRow

_PLACE = text(
    "UPDATE call_slots SET holder = :holder, until = :until WHERE system = :system AND slot = ("
    " SELECT slot FROM call_slots WHERE system = :system AND slot < :places AND until < :now ORDER BY slot LIMIT 1"
    ") AND until < :now RETURNING slot"
)
_KEEP = text("UPDATE call_slots SET until = :until WHERE system = :system AND slot = :slot")
_FREE = text("UPDATE call_slots SET until = 0 WHERE system = :system AND slot = :slot AND holder = :holder")
_PACE = text(
    "UPDATE call_budgets SET next_at = CASE WHEN next_at > :now THEN next_at ELSE :now END + :gap"
    " WHERE system = :system RETURNING next_at - :gap"
)
_PAUSE = text(
    "UPDATE call_budgets SET next_at = CASE WHEN next_at > :until THEN next_at ELSE :until END WHERE system = :system"
)


class BudgetExhaustedError(Exception):
    """No call could start in time: the remote system is busy with calls of ours, or paused; try again later."""


class Allowance(Frozen):
    """What one remote system takes: calls side by side, and calls per second (None: as fast as they come)."""

    concurrency: int
    per_second: float | None = None


class CallBudget:
    """Turns at calling remote systems, shared by every worker on this ledger.

    `longest_call` is how long a place is kept for a caller that died; `patience` how long a caller waits for one.
    Both in seconds.
    """

    def __init__(
        self, ledger: Ledger, allowances: dict[str, Allowance], *, longest_call: float = 180.0, patience: float = 60.0
    ) -> None:
        self._ledger, self._allowances = ledger, allowances
        self._longest_call, self._patience = longest_call, patience
        self._poll = threading.Event()
        for system, allowance in allowances.items():
            self._prepare(system, allowance)

    def _prepare(self, system: str, allowance: Allowance) -> None:
        rows: list[SQLModel] = [CallSlotRow(system=system, slot=n) for n in range(allowance.concurrency)]
        for row in [*rows, CallBudgetRow(system=system, next_at=0)]:
            try:
                with self._ledger.writing() as session:
                    session.add(row)
            except IntegrityError:
                continue  # another worker, or an earlier run, made it

    @contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """One call's place and time, given back at the end of the block.

        Raises:
            BudgetExhaustedError: no place became free within the patience.
        """
        holder = uuid.uuid4().hex
        slot, start_in = self._wait_for_place(system, holder)
        try:
            if start_in > 0:
                self._poll.wait(start_in)
            yield
        finally:
            with self._ledger.statements() as connection:
                connection.execute(_FREE, {"system": system, "slot": slot, "holder": holder})

    def pause(self, system: str, seconds: float) -> None:
        """Keep every worker from calling this system for a while: it asked for it."""
        with self._ledger.statements() as connection:
            connection.execute(_PAUSE, {"system": system, "until": time.time() + seconds})

    def _wait_for_place(self, system: str, holder: str) -> tuple[int, float]:
        deadline, wait = time.monotonic() + self._patience, 0.01
        while (place := self._take_place(system, holder)) is None:
            if time.monotonic() > deadline:
                raise BudgetExhaustedError(f"{system}: no place among its calls within {self._patience} s")
            self._poll.wait(wait)
            wait = min(wait * 2, 0.25)
        return place

    def _take_place(self, system: str, holder: str) -> tuple[int, float] | None:
        """A free place, and the seconds until its call may start; None when all places are taken.

        Raises:
            BudgetExhaustedError: the system is paused for longer than anybody waits; no place was taken.
        """
        allowance, now = self._allowances[system], time.time()
        wanted = {"system": system, "holder": holder, "now": now, "until": now + self._longest_call}
        gap = 1 / allowance.per_second if allowance.per_second else 0.0
        with self._ledger.statements() as connection:
            place = connection.execute(_PLACE, {**wanted, "places": allowance.concurrency}).first()
            if place is None:
                return None
            start = float(connection.execute(_PACE, {"system": system, "now": now, "gap": gap}).scalar_one())
            if start > now + self._patience:
                raise BudgetExhaustedError(f"{system}: no call for another {start - now:.0f} s, it asked for a pause")
            if start > now:
                connection.execute(_KEEP, {"system": system, "slot": place[0], "until": start + self._longest_call})
        return int(place[0]), start - now
