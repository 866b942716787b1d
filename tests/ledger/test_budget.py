"""One budget of calls holds over all workers: so many side by side, so many each second, and pauses for everybody."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from ledger.budget import Allowance, BudgetExhaustedError, CallBudget
from ledger.database import Ledger

POS = "retailpro"
Open = Callable[..., CallBudget]


@pytest.fixture
def open_budget(ledger: Ledger) -> Iterator[Open]:
    """Budgets as several processes would open them: each on a connection of its own to the same ledger."""
    with contextlib.ExitStack() as stack:

        def opened(concurrency: int = 1, per_second: float | None = None, **more: float) -> CallBudget:
            mine = stack.enter_context(contextlib.closing(Ledger(ledger.url.render_as_string(hide_password=False))))
            allowance = Allowance(concurrency=concurrency, per_second=per_second)
            budget = CallBudget(mine, {POS: allowance}, **{"patience": 20.0, **more})
            return stack.enter_context(contextlib.closing(budget))

        yield opened


class Gauge:
    """How many are inside at once, and the most there ever were."""

    def __init__(self) -> None:
        self._lock, self.inside, self.most, self.starts = threading.Lock(), 0, 0, list[float]()

    @contextlib.contextmanager
    def call(self) -> Iterator[None]:
        """One call."""
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.starts.append(time.monotonic())
        yield
        with self._lock:
            self.inside -= 1


def test_calls_side_by_side_never_exceed_the_allowance_over_two_processes(open_budget: Open) -> None:
    budgets, gauge, pause = [open_budget(2), open_budget(2)], Gauge(), threading.Event()

    def call(number: int) -> None:
        with budgets[number % 2].turn(POS), gauge.call():
            pause.wait(0.02)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(call, range(16)))
    assert (gauge.most, len(gauge.starts), gauge.inside) == (2, 16, 0)


def test_calls_keep_their_pace_over_two_processes(open_budget: Open) -> None:
    budgets, gauge, calls, pace = [open_budget(8, 20.0), open_budget(8, 20.0)], Gauge(), 8, 1 / 20

    def call(number: int) -> None:
        with budgets[number % 2].turn(POS), gauge.call():
            pass

    asked = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(calls)))
    assert max(gauge.starts) - asked >= (calls - 1) * pace * 0.99


def test_a_pause_asked_of_one_process_holds_for_the_other(open_budget: Open) -> None:
    one, other = open_budget(), open_budget()
    asked = time.monotonic()
    one.pause(POS, 0.4)
    with other.turn(POS):
        assert time.monotonic() - asked >= 0.39


def test_a_shorter_pause_does_not_cut_a_longer_one_short(open_budget: Open) -> None:
    budget = open_budget()
    asked = time.monotonic()
    budget.pause(POS, 0.4)
    budget.pause(POS, 0.0)
    with budget.turn(POS):
        assert time.monotonic() - asked >= 0.39


def test_a_pause_longer_than_the_patience_is_an_answer_at_once_and_takes_no_place(open_budget: Open) -> None:
    budget = open_budget(patience=10.0)
    budget.pause(POS, 3600)
    for _ in range(3):
        asked = time.monotonic()
        with pytest.raises(BudgetExhaustedError, match=r"no call for another 3[56][0-9][0-9] s"), budget.turn(POS):
            pass
        assert time.monotonic() - asked < 5


def test_a_place_is_kept_for_its_whole_call_also_when_the_call_starts_late(open_budget: Open, ledger: Ledger) -> None:
    budget = open_budget(lease=100.0)
    asked = time.time()
    budget.pause(POS, 0.3)
    with budget.turn(POS):
        assert kept_until(ledger) >= asked + 100.3


def test_a_caller_loses_patience_with_a_clear_error(open_budget: Open) -> None:
    budget, second = open_budget(patience=0.2), open_budget(patience=0.2)
    impatient = pytest.raises(BudgetExhaustedError, match=r"retailpro: no place among its calls within 0\.2 s")
    with budget.turn(POS), impatient, second.turn(POS):
        pass
    with second.turn(POS):
        pass


def test_the_place_of_a_caller_that_died_comes_back(open_budget: Open) -> None:
    dead, taken = open_budget(lease=0.3), time.monotonic()
    dead._wait_for_place(POS, "a process that is gone")
    with open_budget().turn(POS):  # whoever waited in vain would lose patience here
        assert time.monotonic() - taken > 0.29


def test_a_call_longer_than_its_lease_keeps_its_place(open_budget: Open, ledger: Ledger) -> None:
    slow, pause = open_budget(lease=0.3), threading.Event()
    for _ in range(2):
        with slow.turn(POS):
            first, deadline = kept_until(ledger), time.monotonic() + 30
            while kept_until(ledger) < first + 0.3:
                assert time.monotonic() < deadline, "the place was never renewed"
                pause.wait(0.02)


def kept_until(ledger: Ledger) -> float:
    """How long the one place is kept for its caller."""
    with ledger.reading() as session:
        return float(session.execute(text("SELECT until FROM call_slots")).scalar_one())


def test_a_budget_that_is_closed_renews_nothing_more(open_budget: Open) -> None:
    closed = open_budget(lease=0.3)
    with closed.turn(POS):
        closed.close()
        with open_budget().turn(POS):
            pass


def test_one_that_comes_back_from_the_dead_frees_no_others_place(open_budget: Open) -> None:
    slow, next_one = open_budget(lease=0.05), open_budget(patience=0.2)
    place, _ = slow._wait_for_place(POS, "a process that was stopped")
    with open_budget().turn(POS):
        slow._give_back(place)
        with pytest.raises(BudgetExhaustedError), next_one.turn(POS):
            pass


def test_a_place_is_given_back_when_the_call_fails(open_budget: Open) -> None:
    budget = open_budget(patience=0.5)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), budget.turn(POS):
            raise ZeroDivisionError


def test_a_smaller_allowance_holds_at_once_for_who_has_it(open_budget: Open) -> None:
    open_budget(3)
    smaller = open_budget(1, patience=0.2)
    with smaller.turn(POS), pytest.raises(BudgetExhaustedError), smaller.turn(POS):
        pass
