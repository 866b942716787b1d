"""The slots that one process holds, and its threads that wait for one: live calls before backfill, in their order."""

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic, time

from ledger.slot_book import Wish


class Lane(StrEnum):
    """How urgent a call is."""

    LIVE = "live"
    BACKFILL = "backfill"


class Waiter:
    """A thread that waits for a slot."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.ready = threading.Event()
        self.slot: int | None = None


@dataclass
class Debts:
    """How many slots are owed to other processes.

    `live` is for live calls, in the place of backfill here; `share` for those below their share, `share_of_live` the
    part of it that live calls wait for.
    """

    live: int = 0
    share: int = 0
    share_of_live: int = 0

    def less(self, paid: int) -> "Debts":
        """What is left when so many are on their way."""
        return Debts(*(max(0, owed - paid) for owed in (self.live, self.share, self.share_of_live)))


class SlotPool:
    """Slots in memory. A slot that is given back goes straight to the next thread here, unless it is owed elsewhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[int] = []
        self._busy: dict[int, Lane] = {}
        self._lost: set[int] = set()
        self._returned: list[int] = []
        self._waiting: dict[Lane, deque[Waiter]] = {Lane.LIVE: deque(), Lane.BACKFILL: deque()}
        self._owed = Debts()
        self._owed_turn: Lane | None = None
        self._paused_until = self._idle_since = self._without_since = 0.0

    # ---- threads that call -------------------------------------------------------------------------------------------

    def enter(self, lane: Lane) -> Waiter:
        """A waiter in line; ready at once where a slot is idle."""
        waiter = Waiter(lane)
        with self._lock:
            self._waiting[lane].append(waiter)
            if self._paused_until <= monotonic():
                self._hand_out()
        return waiter

    def abandon(self, waiter: Waiter) -> bool:
        """Whether the waiter left the line without a slot; false where it got one at the last moment."""
        with self._lock:
            if waiter.slot is not None:
                return False
            self._waiting[waiter.lane].remove(waiter)
            return True

    def give(self, slot: int) -> bool:
        """Take a slot back from a call that has ended, and pass it on; whether it waits to go to another process."""
        with self._lock:
            self._busy.pop(slot)
            if slot in self._lost:
                self._lost.discard(slot)
                return False
            if self._goes_elsewhere():
                self._returned.append(slot)
                return True
            self._put(slot)
            if self._paused_until <= monotonic():
                self._hand_out()
            return False

    def _goes_elsewhere(self) -> bool:
        """Whether a slot that comes free is owed to another process; while live calls wait here, only to live ones."""
        owed, live_here = self._owed, bool(self._waiting[Lane.LIVE])
        if owed.live and not live_here:
            owed.live -= 1
        elif owed.share_of_live if live_here else owed.share:
            owed.share, owed.share_of_live = owed.share - 1, max(0, owed.share_of_live - 1)
        elif self._owed_turn and (self._owed_turn is Lane.LIVE or not live_here):
            self._owed_turn = None
        else:
            return False
        return True

    def _put(self, slot: int) -> None:
        self._idle.append(slot)
        self._idle_since = monotonic()

    def _hand_out(self, most: int | None = None) -> None:
        for lane in Lane:
            while self._idle and self._waiting[lane] and most != 0:
                waiter = self._waiting[lane].popleft()
                waiter.slot = self._idle.pop()
                self._busy[waiter.slot] = lane
                waiter.ready.set()
                most = None if most is None else most - 1

    # ---- the agent ---------------------------------------------------------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is held, wanted, or to be given back."""
        with self._lock:
            return not (self._idle or self._busy or self._returned or any(self._waiting.values()))

    @property
    def is_empty(self) -> bool:
        """Whether this process holds no slot."""
        with self._lock:
            return not (self._idle or self._busy)

    def wish(self) -> Wish:
        """What the other processes are to know."""
        with self._lock:
            live, of_backfill = len(self._waiting[Lane.LIVE]), list(self._busy.values()).count(Lane.BACKFILL)
            backfill, waiting = bool(of_backfill or self._waiting[Lane.BACKFILL]), any(self._waiting.values())
            if not waiting or self._idle or self._busy:
                self._without_since = 0.0
            elif not self._without_since:
                self._without_since = time()
            live_short = max(0, live - of_backfill - len(self._idle))
            return Wish(waiting, self._without_since, live_short, backfill)

    def wanted(self) -> tuple[int, int]:
        """How many more slots the live calls and the backfill that wait could use."""
        with self._lock:
            idle = len(self._idle)
            live, backfill = len(self._waiting[Lane.LIVE]), len(self._waiting[Lane.BACKFILL])
        return max(0, live - idle), max(0, backfill - max(0, idle - live))

    def owe(self, debts: Debts) -> None:
        """What goes to other processes as calls end; idle slots go at once, those on their way count."""
        with self._lock:
            self._owed = debts.less(len(self._returned))
            while self._idle and not any(self._waiting.values()) and self._goes_elsewhere():
                self._returned.append(self._idle.pop())

    def owe_turn(self, lane: Lane) -> None:
        """Give one slot back as soon as one comes free: it goes round, and such a call waits for it elsewhere."""
        with self._lock:
            self._owed_turn = lane

    def take_in(self, slots: Collection[int]) -> None:
        """Slots that were taken from the ledger; one that was lost in mid-call is this process's again."""
        with self._lock:
            for slot in slots:
                if slot in self._lost:
                    self._lost.discard(slot)
                else:
                    self._put(slot)

    def hand_out(self, paused_until: float, most: int | None) -> None:
        """Give idle slots to threads that wait, at most so many, unless calls are paused (by the monotonic clock)."""
        with self._lock:
            self._paused_until = paused_until
            if paused_until <= monotonic():
                self._hand_out(most)

    def to_return(self, linger_s: float) -> list[int]:
        """The slots to give back now: those owed, and those that nobody here has wanted for a while."""
        with self._lock:
            if self._idle and monotonic() - self._idle_since > linger_s and not any(self._waiting.values()):
                self._returned += self._idle
                self._idle = []
            returned, self._returned = self._returned, []
            return returned

    def keep(self, mine: Collection[int]) -> None:
        """Forget slots that the ledger has given to others: this process was silent for longer than its lease.

        One of mine that is nowhere here was to be given back, and the ledger has not heard of it: it is idle again.
        """
        with self._lock:
            self._idle = [slot for slot in self._idle if slot in mine]
            self._lost |= self._busy.keys() - {*mine}
            for slot in {*mine} - {*self._idle, *self._busy, *self._returned}:
                self._put(slot)
