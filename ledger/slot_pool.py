"""The slots that one process holds, and its threads that wait for one: live calls before backfill, in their order."""

import threading
from collections import deque
from collections.abc import Collection
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


class SlotPool:
    """Slots in memory. A slot that is given back goes straight to the next thread here, unless it is owed elsewhere."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[int] = []
        self._busy: dict[int, Lane] = {}
        self._lost: set[int] = set()
        self._returned: list[int] = []
        self._waiting: dict[Lane, deque[Waiter]] = {Lane.LIVE: deque(), Lane.BACKFILL: deque()}
        self._owed_live = self._owed_share = self._owed_turn = 0
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
        """Whether a slot that comes free is owed to another process; live calls here come before that."""
        if self._waiting[Lane.LIVE]:
            return False
        if self._owed_live:
            self._owed_live -= 1
            return True
        if self._owed_share:
            self._owed_share -= 1
            return True
        if self._owed_turn:
            self._owed_turn -= 1
            return True
        return False

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

    def owe(self, live: int, share: int) -> None:
        """How many slots go to other processes as calls end; idle ones go at once, those on their way count."""
        with self._lock:
            on_their_way = len(self._returned)
            self._owed_live, self._owed_share = max(0, live - on_their_way), max(0, share - on_their_way)
            while self._idle and not any(self._waiting.values()) and self._goes_elsewhere():
                self._returned.append(self._idle.pop())

    def owe_turn(self) -> None:
        """Give one slot back as soon as one comes free: it goes round."""
        with self._lock:
            self._owed_turn = 1

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
        """Forget slots that the ledger has given to others: this process was silent for longer than its lease."""
        with self._lock:
            self._idle = [slot for slot in self._idle if slot in mine]
            self._lost |= self._busy.keys() - {*mine}
