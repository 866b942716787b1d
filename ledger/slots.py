"""Slots for concurrent calls to a remote system, shared by all processes on one ledger, live calls first.

Where a system bounds calls side by side and not their rate, each slot that lies idle between two calls is lost. So a
process leases slots and passes them from thread to thread in memory, without the ledger; one agent thread per system
tells the other processes what is wanted here, sees what they want, and gives back what is theirs (`ledger.slot_rules`).
"""

import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

import structlog

from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger, LedgerUnavailableError
from ledger.slot_book import Pause, SlotBook, Wish
from ledger.slot_pool import Debts, Lane, SlotPool, Waiter
from ledger.slot_rules import Picture, claimable, is_my_turn_to_rotate, owed_to_live, owed_to_share

log = structlog.get_logger()

TICK_S, SHORTEST_TICK_S = 0.02, 0.004
"""How often a process that holds or wants slots looks at the others."""
LINGER_S = 0.25
"""How long a slot that nobody here wants is kept for the next call."""
ROTATE_S = 1.0
_SAY_AGAIN_S = 1.0
_TROUBLE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_CALM_S = 30.0
"""So long after a pause the next one is short again."""

_lane: ContextVar[Lane] = ContextVar("call_lane", default=Lane.LIVE)


@contextmanager
def backfill() -> Iterator[None]:
    """Calls inside this block, in this thread, give way to live ones."""
    token = _lane.set(Lane.BACKFILL)
    try:
        yield
    finally:
        _lane.reset(token)


def lane_here() -> Lane:
    """How urgent calls of this thread are."""
    return _lane.get()


class SlotBudget:
    """Turns at calling remote systems that bound calls side by side, shared by every process on this ledger.

    Args:
        ledger: where the slots are.
        slots: how many each system has.
        lease_s: how long the slots of a process that died are kept for it.
        patience_s: how long a caller waits for its turn.
    """

    def __init__(
        self, ledger: Ledger, slots: Mapping[str, int], *, lease_s: float = 15.0, patience_s: float = 60.0
    ) -> None:
        holder = uuid.uuid4().hex
        self._patience_s = patience_s
        self._agents = {
            system: _Agent(SlotBook(ledger, system, count, holder, lease_s), lease_s) for system, count in slots.items()
        }

    @contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """One call's slot, passed on at the end of the block.

        Raises:
            BudgetExhaustedError: no slot came free within the patience, or the system asked for a longer pause.
        """
        agent = self._agents[system]
        slot = self._slot(system, agent)
        try:
            yield
        finally:
            if agent.pool.give(slot):
                agent.wake()

    def pause(self, system: str, seconds: float) -> None:
        """Nobody calls the system for a while, longer each time that it asks again soon."""
        self._agents[system].pause(seconds)

    def close(self) -> None:
        """Give all slots back."""
        for agent in self._agents.values():
            agent.close()

    def _slot(self, system: str, agent: "_Agent") -> int:
        if (paused := agent.paused_s) > self._patience_s:
            raise BudgetExhaustedError(f"{system}: no call for another {paused:.0f} s, it asked for a pause")
        waiter = agent.pool.enter(lane_here())
        if waiter.slot is None:
            agent.serve(waiter)
            waiter.ready.wait(self._patience_s)
            if waiter.slot is None and agent.pool.abandon(waiter):
                raise BudgetExhaustedError(f"{system}: no slot among its calls within {self._patience_s:g} s")
        if waiter.slot is None:
            raise RuntimeError("a waiter that left the line had no slot")
        return waiter.slot


class _Agent:
    """Keeps one system's pool and the ledger in step."""

    def __init__(self, book: SlotBook, lease_s: float) -> None:
        self.pool = SlotPool()
        self._book, self._lease_s = book, lease_s
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._said: Wish | None = None
        self._said_at = self._renewed_at = self._stays_back_until = 0.0
        self._turn = 0
        self._paused_until, self._paused_for = 0.0, 0.0
        self._heard = Pause(0.0, 0.0)

    def serve(self, waiter: Waiter) -> None:
        """Care for a thread that waits: at once where it is in a hurry or has no slot to hope for."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="waybill-slots", daemon=True)
                self._thread.start()
        if waiter.lane is Lane.LIVE or self.pool.is_empty:
            self.wake()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def close(self) -> None:
        """Give everything back; calls under way keep their slots until the lease ends."""
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join()

    # ---- pauses ------------------------------------------------------------------------------------------------------

    @property
    def paused_s(self) -> float:
        """How long nobody calls."""
        return max(0.0, self._paused_until - monotonic())

    def pause(self, seconds: float) -> None:
        """Pause everybody; refusals of calls that were on the way together count once."""
        now = monotonic()
        with self._lock:
            if now < self._paused_until:
                self._paused_until = max(self._paused_until, now + seconds)
            else:
                again = now - self._paused_until < _CALM_S
                self._paused_for = min(
                    max(seconds, self._paused_for * 2 if again else 0.0), max(seconds, _LONGEST_PAUSE_S)
                )
                # Processes that were refused together must not come back together.
                self._paused_until = now + self._paused_for * random.uniform(1.0, 1.25)  # noqa: S311 - no secret
            until = self._paused_until
        self.pool.hand_out(until, 0)
        try:
            self._book.pause(until - now)
        except LedgerUnavailableError as error:
            log.warning("other processes do not know of a pause", problem=str(error))
        self.wake()

    # ---- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._tick()
                if self.pool.is_quiet:
                    self._rest()
            except LedgerUnavailableError as error:
                log.warning("slots of calls are not in step with the ledger", problem=str(error))
                self._wake.wait(_TROUBLE_S)
            except Exception:
                # Without this thread every call would wait until it loses patience, and nobody would know why.
                log.exception("slots of calls are not in step with the ledger")
                self._stop.wait(_TROUBLE_S)
            self._wait()
        self._end()

    def _wait(self) -> None:
        """Until the next look; a call that ended, or a thread that waits, may shorten it."""
        self._stop.wait(SHORTEST_TICK_S)
        self._wake.wait(None if self.pool.is_quiet and not self._stop.is_set() else TICK_S)
        self._wake.clear()

    def _rest(self) -> None:
        """Tell that nothing is wanted, and leave the ledger alone until a thread waits."""
        try:
            self._book.leave()
        except LedgerUnavailableError:
            return
        self._said = None

    def _end(self) -> None:
        try:
            self.pool.owe(Debts())
            self._book.say(Wish(), self.pool.to_return(-1.0))
            self._book.leave()
        except LedgerUnavailableError as error:
            log.warning("slots are given back when their lease ends", problem=str(error))

    def _tick(self) -> None:
        self._renew()
        seen = self._book.say(self._news(), self.pool.to_return(LINGER_S))
        self._take_over_pause(seen.pause)
        self._settle_debts(seen.picture)
        live, backfill = self.pool.wanted()
        is_back = monotonic() >= self._stays_back_until
        if (count := claimable(seen.picture, live, backfill if is_back else 0)) and not self.paused_s:
            self.pool.take_in(self._book.take(count))
            self._turn = _turn_now()
        # After a pause one call starts at a time: a herd would be refused again.
        is_calm = monotonic() > self._paused_until + self._paused_for
        self.pool.hand_out(self._paused_until, None if is_calm else 1)

    def _news(self) -> Wish | None:
        """What the others are to know now; None when they know it."""
        wish, now = self.pool.wish(), monotonic()
        if wish == self._said and now - self._said_at < _SAY_AGAIN_S:
            return None
        self._said, self._said_at = wish, now
        return wish

    def _renew(self) -> None:
        now = monotonic()
        if now - self._renewed_at > self._lease_s / 4:
            if self._renewed_at:
                self.pool.keep(self._book.renew())
            self._renewed_at = now

    def _take_over_pause(self, pause: Pause) -> None:
        """A pause that another process asked for: once, and for no longer than it asked, for its clock may be ahead."""
        if pause == self._heard:
            return
        self._heard, left = pause, min(pause.until - time.time(), pause.seconds)
        with self._lock:
            if left > TICK_S and monotonic() + left > self._paused_until + TICK_S:
                self._paused_until, self._paused_for = monotonic() + left, left

    def _settle_debts(self, picture: Picture) -> None:
        """Decide what is owed to others; with more processes than slots, slots go round."""
        turn = _turn_now()
        if turn != self._turn and is_my_turn_to_rotate(picture, turn):
            self._turn = turn
            is_live = is_my_turn_to_rotate(picture, turn, live_only=True)
            self.pool.owe_turn(Lane.LIVE if is_live else Lane.BACKFILL)
            self._stays_back_until = monotonic() + 5 * TICK_S
        self.pool.owe(Debts(owed_to_live(picture), owed_to_share(picture), owed_to_share(picture, live_only=True)))


def _turn_now() -> int:
    """The number of this stretch of time, the same for all processes: who took a slot in it keeps it to its end."""
    return int(time.time() / ROTATE_S)
