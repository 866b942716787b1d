"""One budget of calls for each remote system, over all workers: a pace, and places side by side."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import structlog
from sqlalchemy import text

from domain.base import Frozen
from ledger.database import Ledger, LedgerUnavailableError

log = structlog.get_logger()

_NEW_PLACE = text(
    "INSERT INTO call_slots (system, slot, holder, until) VALUES (:system, :slot, '', 0) ON CONFLICT DO NOTHING"
)
_NEW_BUDGET = text("INSERT INTO call_budgets (system, next_at) VALUES (:system, 0) ON CONFLICT DO NOTHING")
_PLACE = text(
    "UPDATE call_slots SET holder = :holder, until = :until WHERE system = :system AND slot = ("
    " SELECT slot FROM call_slots WHERE system = :system AND slot < :places AND until < :now ORDER BY slot LIMIT 1"
    ") AND until < :now RETURNING slot"
)
_KEEP = text(
    "UPDATE call_slots SET until = :until"
    " WHERE system = :system AND slot = :slot AND holder = :holder AND until < :until"
)
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

    `lease` is how long a place is kept for a caller that died, while the others are renewed; `patience` how long a
    caller waits for one. Both in seconds.
    """

    def __init__(
        self, ledger: Ledger, allowances: dict[str, Allowance], *, lease: float = 15.0, patience: float = 60.0
    ) -> None:
        self._ledger, self._allowances = ledger, allowances
        self._lease, self._patience = lease, patience
        self._keeper = _Keeper(ledger, lease)
        self._poll = threading.Event()
        for system, allowance in allowances.items():
            self._prepare(system, allowance)

    def _prepare(self, system: str, allowance: Allowance) -> None:
        """Make what another worker, or an earlier run, has not made."""
        with self._ledger.statements() as connection:
            places = [{"system": system, "slot": number} for number in range(allowance.concurrency)]
            connection.execute(_NEW_PLACE, places)
            connection.execute(_NEW_BUDGET, {"system": system})

    @contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """One call's place and time, given back at the end of the block.

        Raises:
            BudgetExhaustedError: no place became free within the patience.
        """
        place, start_in = self._wait_for_place(system, uuid.uuid4().hex)
        try:
            with self._keeper.keeping(place):
                if start_in > 0:
                    self._poll.wait(start_in)
                yield
        finally:
            self._give_back(place)

    def pause(self, system: str, seconds: float) -> None:
        """Keep every worker from calling this system for a while: it asked for it."""
        with self._ledger.statements() as connection:
            connection.execute(_PAUSE, {"system": system, "until": time.time() + seconds})

    def close(self) -> None:
        """Renew nothing more: places of calls under way are kept until these, or their lease, end."""
        self._keeper.close()

    def _wait_for_place(self, system: str, holder: str) -> tuple["_Place", float]:
        deadline, wait = time.monotonic() + self._patience, 0.01
        while (taken := self._take_place(system, holder)) is None:
            if time.monotonic() > deadline:
                raise BudgetExhaustedError(f"{system}: no place among its calls within {self._patience} s")
            self._poll.wait(wait)
            wait = min(wait * 2, 0.25)
        return taken

    def _take_place(self, system: str, holder: str) -> tuple["_Place", float] | None:
        """A free place, and the seconds until its call may start; None when all places are taken.

        Raises:
            BudgetExhaustedError: the system is paused for longer than anybody waits; no place was taken.
        """
        allowance, now = self._allowances[system], time.time()
        wanted = {"system": system, "holder": holder, "now": now, "until": now + self._lease}
        gap = 1 / allowance.per_second if allowance.per_second else 0.0
        with self._ledger.statements() as connection:
            slot = connection.execute(_PLACE, {**wanted, "places": allowance.concurrency}).scalar()
            if slot is None:
                return None
            place = _Place(system, int(slot), holder)
            start = float(connection.execute(_PACE, {"system": system, "now": now, "gap": gap}).scalar_one())
            if start > now + self._patience:
                raise BudgetExhaustedError(f"{system}: no call for another {start - now:.0f} s, it asked for a pause")
            if start > now:
                connection.execute(_KEEP, {**place._asdict(), "until": start + self._lease})
        return place, start - now

    def _give_back(self, place: "_Place") -> None:
        with self._ledger.statements() as connection:
            connection.execute(_FREE, place._asdict())


class _Place(NamedTuple):
    system: str
    slot: int
    holder: str


class _Keeper:
    """Renews the places of calls under way: a call may be long, and those of a process that died are free soon."""

    def __init__(self, ledger: Ledger, lease: float) -> None:
        self._ledger, self._lease = ledger, lease
        self._lock = threading.Lock()
        self._kept = set[_Place]()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @contextmanager
    def keeping(self, place: _Place) -> Iterator[None]:
        """The place stays its holder's in this block, as long as this process lives."""
        with self._lock:
            self._kept.add(place)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="waybill-places", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._kept.discard(place)

    def close(self) -> None:
        """End the thread, and with it its use of the ledger; a ledger that does not answer is not waited for."""
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(self._lease)

    def _run(self) -> None:
        while not self._stop.wait(self._lease / 3):
            with self._lock:
                kept = list(self._kept)
                if not kept:
                    self._thread = None
                    return
            try:
                self._renew(kept)
            except LedgerUnavailableError as error:
                log.warning("places of calls are not renewed", problem=str(error))

    def _renew(self, kept: list[_Place]) -> None:
        until = time.time() + self._lease
        with self._ledger.statements() as connection:
            connection.execute(_KEEP, [{**place._asdict(), "until": until} for place in kept])
