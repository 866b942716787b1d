"""One worker process of the benchmark of NetSuite's slots: `python -m bench.netsuite_worker TASK`."""

import contextlib
import logging
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from connectors.errors import Throttled
from connectors.netsuite.client import NetSuiteRest
from connectors.netsuite.settings import RestSettings
from domain.base import Frozen
from ledger.database import Ledger
from ledger.slot_pool import Lane
from ledger.slots import SlotBudget, backfill, lane_here

_LIVE_THREADS = 64


class WorkerTask(Frozen):
    """What one worker does: times are seconds since the epoch."""

    ledger_url: str
    settings: dict[str, Any]
    po_ids: tuple[str, ...]
    slots: int
    backfill_threads: int
    live_per_s: float
    seed: int
    starts_at: float
    counts_from: float
    ends_at: float


class WorkerReport(Frozen):
    """What one worker saw in the time that counts, in seconds."""

    live_waits: tuple[float, ...]
    backfill_waits: tuple[float, ...]
    calls: tuple[float, ...]
    refused: int
    cpu_s: float


class Clocked:
    """A budget that notes how long each call waited for its slot, by lane."""

    def __init__(self, budget: SlotBudget, counts_from: float, ends_at: float) -> None:
        self._budget, self._from, self._to = budget, counts_from, ends_at
        self._lock = threading.Lock()
        self.waits: dict[Lane, list[float]] = {lane: [] for lane in Lane}
        self.pauses = 0

    @contextlib.contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """A slot."""
        asked, asked_at = time.monotonic(), time.time()
        with self._budget.turn(system):
            waited = time.monotonic() - asked
            if self._from <= asked_at < self._to:
                with self._lock:
                    self.waits[lane_here()].append(round(waited, 4))
            yield

    def pause(self, system: str, seconds: float) -> None:
        """NetSuite refused a call."""
        with self._lock:
            self.pauses += 1
        self._budget.pause(system, seconds)


class Load:
    """Backfill that never ends, and live calls that come when they come."""

    def __init__(self, task: WorkerTask, client: NetSuiteRest) -> None:
        self._task, self._client = task, client
        self._pause = threading.Event()

    def run(self) -> None:
        """Until the task ends."""
        self._pause.wait(max(0.0, self._task.starts_at - time.time()))
        with ThreadPoolExecutor(self._task.backfill_threads + _LIVE_THREADS) as pool:
            made = [pool.submit(self._backfill, number) for number in range(self._task.backfill_threads)]
            made.extend(pool.submit(self._call, number) for number in self._arrivals())
        for each in made:
            each.result()

    def _arrivals(self) -> Iterator[int]:
        """A number for each live call, at the moment when it comes; the same seed plays the same traffic."""
        dice, number, at = random.Random(self._task.seed), 0, self._task.starts_at  # noqa: S311 - traffic
        while (at := at + dice.expovariate(self._task.live_per_s)) < self._task.ends_at:
            self._pause.wait(max(0.0, at - time.time()))
            number += 1
            yield number

    def _backfill(self, number: int) -> None:
        with backfill():
            while time.time() < self._task.ends_at:
                self._call(number)

    def _call(self, number: int) -> None:
        with contextlib.suppress(Throttled):
            self._client.orders([self._task.po_ids[number % len(self._task.po_ids)]])


def work(task: WorkerTask) -> WorkerReport:
    """The task done."""
    settings = RestSettings.model_validate(task.settings)
    calls: list[float] = []

    def on_call(_system: str, operation: str, result: str, seconds: float) -> None:
        """Note how long a call took."""
        if operation == "orders" and result == "ok":
            calls.append(round(seconds, 4))

    with (
        contextlib.closing(Ledger(task.ledger_url)) as ledger,
        contextlib.closing(SlotBudget(ledger, {settings.budget_name: task.slots})) as budget,
    ):
        clocked = Clocked(budget, task.counts_from, task.ends_at)
        before = time.process_time()
        with contextlib.closing(NetSuiteRest("bench", settings, clocked, on_call)) as client:
            Load(task, client).run()
    return WorkerReport(
        live_waits=tuple(clocked.waits[Lane.LIVE]),
        backfill_waits=tuple(clocked.waits[Lane.BACKFILL]),
        calls=tuple(calls),
        refused=clocked.pauses,
        cpu_s=time.process_time() - before,
    )


def main() -> None:
    """Do the task of the command line, and say what was seen."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    report = work(WorkerTask.model_validate_json(sys.argv[1]))
    sys.stdout.write(report.model_dump_json() + "\n")


if __name__ == "__main__":
    main()
