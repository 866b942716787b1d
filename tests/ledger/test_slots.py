"""Slots hold over all processes, keep busy while work waits, and go to live calls first."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from sqlalchemy import text

from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger
from ledger.slot_book import SlotBook
from ledger.slot_pool import Lane, SlotPool
from ledger.slots import SlotBudget, backfill

ERP = "netsuite-1"
PATIENCE_S = 60.0
Open = Callable[..., SlotBudget]


@pytest.fixture
def open_slots(ledger: Ledger) -> Iterator[Open]:
    """Budgets as several processes would open them: each on a connection of its own to the same ledger."""
    with contextlib.ExitStack() as stack:

        def opened(slots: int = 1, **more: float) -> SlotBudget:
            mine = stack.enter_context(contextlib.closing(Ledger(ledger.url.render_as_string(hide_password=False))))
            return stack.enter_context(
                contextlib.closing(SlotBudget(mine, {ERP: slots}, **{"patience_s": 20.0, **more}))
            )

        yield opened


class Server:
    """Counts who is inside at once, and for how long the places were taken."""

    def __init__(self, call_s: float = 0.05) -> None:
        self._lock, self._pause, self._call_s = threading.Condition(), threading.Event(), call_s
        self.inside, self.most, self.calls, self.busy_s = 0, 0, 0, 0.0

    def call(self) -> None:
        """One call."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        started = time.monotonic()
        self._pause.wait(self._call_s)
        with self._lock:
            self.inside -= 1
            self.calls += 1
            self.busy_s += time.monotonic() - started
            self._lock.notify_all()

    def until(self, calls: int) -> None:
        """Wait until so many calls have ended."""
        with self._lock:
            assert self._lock.wait_for(lambda: self.calls >= calls, PATIENCE_S), f"{self.calls} calls, not {calls}"


def flood(budget: SlotBudget, server: Server, stop: threading.Event, lane: Lane) -> None:
    """Calls, one after the other, until told to stop."""
    while not stop.is_set():
        with backfill() if lane is Lane.BACKFILL else contextlib.nullcontext(), budget.turn(ERP):
            server.call()


@contextlib.contextmanager
def flooded(work: Sequence[tuple[SlotBudget, Server]], threads: int, lane: Lane = Lane.BACKFILL) -> Iterator[None]:
    """Calls in every process for as long as the block lasts."""
    stop = threading.Event()
    with ThreadPoolExecutor(threads * len(work)) as pool:
        made = [pool.submit(flood, budget, server, stop, lane) for budget, server in work for _ in range(threads)]
        try:
            yield
        finally:
            stop.set()
        for each in made:
            each.result()


def test_calls_side_by_side_never_exceed_the_slots_over_three_processes(open_slots: Open) -> None:
    budgets, server = [open_slots(4) for _ in range(3)], Server(0.03)

    def call(number: int) -> None:
        with budgets[number % 3].turn(ERP):
            server.call()

    with ThreadPoolExecutor(18) as pool:
        list(pool.map(call, range(150)))
    assert (server.calls, server.inside) == (150, 0)
    assert 1 < server.most <= 4  # how many of the four meet is the machine's business


def test_while_work_waits_the_slots_are_busy(open_slots: Open) -> None:
    budgets, server = [open_slots(5), open_slots(5)], Server(0.1)
    with flooded([(budget, server) for budget in budgets], 6):
        server.until(20)
        busy, at = server.busy_s, time.monotonic()
        server.until(120)
        busy, seconds = server.busy_s - busy, time.monotonic() - at
    assert server.most == 5
    assert busy / (5 * seconds) > 0.6


def test_a_live_call_of_a_process_without_slots_gets_one_of_the_next_that_come_free(open_slots: Open) -> None:
    hog, other, server = open_slots(2), open_slots(2), Server(0.2)
    went_before = []
    with flooded([(hog, server)], 6):
        for _ in range(5):
            server.until(server.calls + 2)
            asked = server.calls
            with other.turn(ERP):
                went_before.append(server.calls - asked)
                server.call()
    assert server.most == 2
    assert max(went_before) <= 4, went_before


def test_a_live_call_goes_before_backfill_that_waits_longer() -> None:
    pool = SlotPool()
    backfill, live = pool.enter(Lane.BACKFILL), pool.enter(Lane.LIVE)
    pool.take_in([0])
    pool.hand_out(0.0, None)
    assert (live.slot, backfill.slot) == (0, None)
    pool.give(0)
    assert backfill.slot == 0


@pytest.mark.parametrize("lane", Lane)
def test_processes_with_work_share_the_slots_evenly(open_slots: Open, lane: Lane) -> None:
    budgets, servers = [open_slots(4), open_slots(4)], [Server(0.05), Server(0.05)]
    with flooded([(budgets[0], servers[0])], 6, lane):
        servers[0].until(20)
        with flooded([(budgets[1], servers[1])], 6, lane):
            servers[1].until(10)
            before = [server.calls for server in servers]
            servers[1].until(before[1] + 60)
            made = [server.calls - b for server, b in zip(servers, before, strict=True)]
    assert 0.4 < made[0] / made[1] < 2.5, made


@pytest.mark.parametrize("lane", Lane)
def test_with_more_processes_than_slots_each_gets_its_turn_again_and_again(open_slots: Open, lane: Lane) -> None:
    budgets = [open_slots(1) for _ in range(3)]
    servers = [Server(0.02) for _ in budgets]
    with flooded(list(zip(budgets, servers, strict=True)), 2, lane):
        for turn in (1, 2):
            for server in servers:
                server.until(server.calls + turn)


def test_a_pause_asked_of_one_process_holds_for_the_other_and_grows_when_it_is_asked_again(open_slots: Open) -> None:
    one, other = open_slots(2), open_slots(2)
    with one.turn(ERP), other.turn(ERP):
        pass
    lengths = []
    for _ in range(2):
        asked = time.monotonic()
        one.pause(ERP, 0.3)
        with one.turn(ERP):
            lengths.append(time.monotonic() - asked)
    assert lengths[0] >= 0.29
    assert lengths[1] >= 0.58
    asked = time.monotonic()
    one.pause(ERP, 0.3)
    with one.turn(ERP), other.turn(ERP):
        assert time.monotonic() - asked >= 0.29


def test_a_pause_longer_than_the_patience_is_an_answer_at_once(open_slots: Open) -> None:
    budget = open_slots(1, patience_s=0.5)
    budget.pause(ERP, 3600)
    with pytest.raises(BudgetExhaustedError, match=r"no call for another \d+ s"), budget.turn(ERP):
        pass


def test_a_pause_by_a_clock_that_is_ahead_lasts_as_long_as_it_was_asked_and_hides_no_later_one(
    open_slots: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, one, other = time.time, open_slots(2), open_slots(2)
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: real() + 3600)
        open_slots(2).pause(ERP, 0.3)
    asked = time.monotonic()
    with one.turn(ERP), other.turn(ERP):
        assert time.monotonic() - asked < 5
    asked = time.monotonic()
    one.pause(ERP, 0.6)
    with open_slots(2).turn(ERP):
        assert time.monotonic() - asked >= 0.58


def test_a_caller_loses_patience_with_a_clear_error_and_leaves_the_line(open_slots: Open) -> None:
    budget = open_slots(1)
    impatient = pytest.raises(BudgetExhaustedError, match=r"netsuite-1: no slot among its calls within 0\.2 s")
    with budget.turn(ERP), pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "_patience_s", 0.2)
        with impatient, budget.turn(ERP):
            pass
    with budget.turn(ERP):
        pass


def test_the_slots_of_a_process_that_died_come_back(open_slots: Open, ledger: Ledger) -> None:
    open_slots(2)
    asked = time.monotonic()
    with ledger.statements() as connection:
        taken = {"system": ERP, "until": time.time() + 0.5}
        connection.execute(text("UPDATE call_slots SET holder = 'dead', until = :until WHERE system = :system"), taken)
    with open_slots(2).turn(ERP):
        assert time.monotonic() - asked > 0.49


def test_a_lease_is_renewed_while_a_call_lasts(open_slots: Open, ledger: Ledger) -> None:
    budget, pause, deadline = open_slots(1, lease_s=0.4), threading.Event(), time.monotonic() + PATIENCE_S
    with budget.turn(ERP):
        first = kept_until(ledger)
        while kept_until(ledger) < first + 0.4:
            assert time.monotonic() < deadline, "the lease was never renewed"
            pause.wait(0.02)


def kept_until(ledger: Ledger) -> float:
    """How long the one slot is leased."""
    with ledger.reading() as session:
        return float(session.execute(text("SELECT until FROM call_slots")).scalar_one())


def test_a_slot_is_given_back_when_the_call_fails_and_when_the_process_ends(open_slots: Open) -> None:
    budget = open_slots(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.turn(ERP):
            raise ZeroDivisionError
    budget.close()
    with open_slots(1).turn(ERP):
        pass


def test_a_process_at_rest_leaves_the_ledger_alone_and_holds_nothing(open_slots: Open, ledger: Ledger) -> None:
    budget = open_slots(2)
    with budget.turn(ERP):
        pass
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    while (left := _left_in(ledger)) != (0, 0) and time.monotonic() < deadline:
        pause.wait(0.02)
    assert left == (0, 0)


def test_an_error_that_nobody_foresaw_is_logged_and_calls_go_on(
    open_slots: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget, real, broken = open_slots(1, patience_s=5.0), SlotBook.take, [True]

    def take(book: SlotBook, count: int) -> list[int]:
        if broken:
            raise ZeroDivisionError(broken.pop())
        return real(book, count)

    monkeypatch.setattr(SlotBook, "take", take)
    with structlog.testing.capture_logs() as logs, budget.turn(ERP):
        pass
    assert [(entry["log_level"], entry["exc_info"]) for entry in logs] == [("error", True)]


def test_a_slot_that_could_not_be_given_back_is_idle_again_at_the_next_renewal() -> None:
    pool = SlotPool()
    pool.take_in([0, 1])
    assert pool.to_return(-1.0) == [0, 1]
    pool.keep({1})
    assert pool.enter(Lane.LIVE).slot == 1
    assert pool.enter(Lane.LIVE).slot is None


def _left_in(ledger: Ledger) -> tuple[int, int]:
    """How many slots are held, and how many processes want some."""
    with ledger.reading() as session:
        held = session.execute(text("SELECT COUNT(*) FROM call_slots WHERE until > 0")).scalar_one()
        return held, session.execute(text("SELECT COUNT(*) FROM call_claims")).scalar_one()
