"""`python -m bench.netsuite`: how well NetSuite's slots are used while live calls and backfill share them.

Several worker processes call the sandbox's NetSuite, which holds each call open for a while and refuses what is beyond
its slots. The sandbox itself adds up how busy its slots were. Backfill waits all the time; live calls come at random,
as a part of what the account can do. How long a live call waited for its slot is measured where it waits.
"""

import argparse
import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.netsuite_worker import WorkerReport, WorkerTask
from bench.processes import ROOT, Program, clean_environment, free_port
from bench.results import Figures, Targets, machine
from bench.sitting import hold, into
from bench.waiting import say
from ledger.database import Ledger
from ledger.migrate import migrate

RESULTS = Path(__file__).parent / "results" / "netsuite.json"
SLOTS = (5, 15)
BUSY, REFUSED, WAIT = (
    ("busy_ratio", (">=", 0.95)),
    ("refused_ratio", ("<=", 0.001)),
    ("live_wait_in_calls", ("<=", 2.0)),
)
TARGETS: Targets = {f"{name}_{slots}": target for slots in SLOTS for name, target in (BUSY, REFUSED, WAIT)}
"""What each figure must reach, with as many slots as its name ends with."""

CLIENT, CERTIFICATE = "bench", "bench-1"
ORDERS = 50
START_S, WARM_UP_S, MARGIN_S, READY_S = 4.0, 3.0, 1.0, 30.0
_PARTS_OF_A_CALL: tuple[Mapping[str, Any], ...] = ({}, {"probability": 0.5, "seed": 1}, {"probability": 0.5, "seed": 2})
"""Half a call's time always, and twice another half as chance has it. Calls that all took the same time would end and
begin together, which those of a real account do not."""
LIVE_PART = 0.25
"""How much of what the account can do comes as live calls."""


@dataclass(frozen=True)
class Options:
    """How long, how many processes, and what a call takes."""

    seconds: float
    workers: int
    call_s: float
    slots: tuple[int, ...]
    results: Path


class Account:
    """The sandbox's NetSuite with a key, purchase orders, and calls that take their time."""

    def __init__(self, url: str, folder: Path, call_s: float) -> None:
        self._url, self._folder = url, folder
        self._admin = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self._wait_until_ready()
        key = rsa.generate_private_key(65537, 3072)
        form, sealed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, sealed))
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        public = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
        known = {"certificateId": CERTIFICATE, "clientId": CLIENT, "certificate": public}
        self._said("POST", "/admin/netsuite/certificates", known)
        line = {"item": "SKU", "quantity": 10, "location": 17}
        orders = self._said("POST", "/admin/netsuite/seed", {"purchaseOrders": [{"lines": [line] * 3}] * ORDERS})
        self.po_ids = tuple(map(str, next(iter(orders.values()))))
        for part in _PARTS_OF_A_CALL:
            slow = {"kind": "latency", "system": "netsuite", "path": "/services/rest/query", "seconds": call_s / 2}
            self._said("POST", "/admin/faults", {**slow, **part})

    def close(self) -> None:
        """Let go of the connection."""
        self._admin.close()

    @property
    def settings(self) -> Mapping[str, Any]:
        """How a worker reaches it."""
        key = {"private_key": str(self._folder / "key.pem"), "certificate_id": CERTIFICATE}
        return {"base_url": self._url, "account": "1", "client_id": CLIENT, "key": key}

    def take(self, slots: int) -> None:
        """So many calls at once from now on; single ones are not recorded."""
        self._said("PATCH", "/admin/settings", {"netsuite_concurrency": slots, "record": "counts"})

    def begin(self) -> None:
        """Begin to count anew."""
        self._said("DELETE", "/admin/netsuite/concurrency")

    def counted(self) -> Mapping[str, Any]:
        """What the slots did since then."""
        return self._said("GET", "/admin/netsuite/concurrency")

    def _said(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._admin.request(method, path, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        said: dict[str, Any] = answer.json()
        return said

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        while True:
            try:
                self._said("GET", "/admin/health")
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return


@contextlib.contextmanager
def account_in(folder: Path, call_s: float) -> Iterator[Account]:
    """A running sandbox."""
    port = free_port()
    arguments = ["-m", "sandbox", "--port", str(port)]
    with (
        Program("sandbox", arguments, folder / "sandbox.log", {}),
        contextlib.closing(Account(f"http://127.0.0.1:{port}", folder, call_s)) as account,
    ):
        yield account


def measure(options: Options, folder: Path) -> Figures:
    """All figures, with their raw numbers."""
    found: Figures = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": options.seconds,
        "workers": options.workers,
        "call_s": options.call_s,
        "machine": machine(),
    }
    with account_in(folder, options.call_s) as account:
        for slots in options.slots:
            say(f"{slots} slots, {options.workers} workers, {options.seconds:g} s")
            found |= _figures(slots, _run(options, account, folder, slots))
    return found


@dataclass(frozen=True)
class Run:
    """What the sandbox counted, and what the workers saw."""

    counted: Mapping[str, Any]
    reports: Sequence[WorkerReport]


def _run(options: Options, account: Account, folder: Path, slots: int) -> Run:
    account.take(slots)
    url = f"sqlite:///{folder}/{slots}.db"
    with contextlib.closing(Ledger(url)) as ledger:
        migrate(ledger)
    starts_at = time.time() + START_S
    counts_from = starts_at + WARM_UP_S
    task = WorkerTask(
        ledger_url=url,
        settings=dict(account.settings),
        po_ids=account.po_ids,
        slots=slots,
        backfill_threads=slots,
        live_per_s=LIVE_PART * slots / options.call_s / options.workers,
        seed=slots,
        starts_at=starts_at,
        counts_from=counts_from,
        ends_at=counts_from + options.seconds + MARGIN_S,
    )
    with contextlib.ExitStack() as stack:
        tasks = [task.model_copy(update={"seed": slots + 100 * number}) for number in range(options.workers)]
        workers = [stack.enter_context(_worker(each)) for each in tasks]
        time.sleep(max(0.0, counts_from - time.time()))
        account.begin()
        time.sleep(options.seconds)
        counted = account.counted()
        return Run(counted, [_report_of(worker, options.seconds) for worker in workers])


@contextlib.contextmanager
def _worker(task: WorkerTask) -> Iterator[subprocess.Popen[str]]:
    """A worker, which does not outlive the block."""
    command = [sys.executable, "-m", "bench.netsuite_worker", task.model_dump_json()]
    worker = subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with worker:
        try:
            yield worker
        finally:
            worker.kill()


def _report_of(worker: subprocess.Popen[str], seconds: float) -> WorkerReport:
    output, errors = worker.communicate(timeout=seconds + 60)
    if worker.returncode:
        raise RuntimeError(f"a worker ended with status {worker.returncode}:\n{errors[-2000:]}")
    return WorkerReport.model_validate_json(output)


def _figures(slots: int, run: Run) -> Figures:
    """The figures of one size, their names ending with the slots."""
    live = [wait for report in run.reports for wait in report.live_waits]
    behind = [wait for report in run.reports for wait in report.backfill_waits]
    calls = [seconds for report in run.reports for seconds in report.calls]
    call_s = median(calls)
    counted = run.counted
    figures = {
        "busy_ratio": round(counted["utilization"], 4),
        "refused_ratio": round(counted["refused"] / max(1, counted["served"] + counted["refused"]), 6),
        "live_wait_in_calls": round(max(live) / call_s, 3),
        "live_wait_p50_ms": round(1000 * median(live), 1),
        "live_wait_p99_ms": round(1000 * quantiles(live, n=100)[98], 1),
        "live_wait_max_ms": round(1000 * max(live), 1),
        "backfill_wait_p50_ms": round(1000 * median(behind), 1),
        "call_p50_ms": round(1000 * call_s, 1),
        "call_p99_ms": round(1000 * quantiles(calls, n=100)[98], 1),
        "call_max_ms": round(1000 * max(calls), 1),
        "calls_per_s": round(counted["served"] / counted["seconds"], 1),
        "live_calls": len(live),
        "backfill_calls": len(behind),
        "worker_cpu_ms_per_call": round(
            1000 * sum(r.cpu_s for r in run.reports) / max(1, sum(len(r.calls) for r in run.reports)), 2
        ),
        "counted": dict(counted),
    }
    return {f"{name}_{slots}": value for name, value in figures.items()}


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser("python -m bench.netsuite", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="time that counts, for each size (default: 60)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes (default: 2)")
    parser.add_argument("--call", type=float, default=0.2, help="mean seconds of a call at NetSuite (default: 0.2)")
    parser.add_argument("--slots", type=int, action="append", help="slots of the account, may be given again")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the results (default: %(default)s)")
    given = parser.parse_args(arguments)
    return Options(given.seconds, given.workers, given.call, tuple(given.slots or SLOTS), given.results)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 when a measurement was void, 130 when it was stopped."""
    options = _options(arguments)
    return hold(lambda folder: measure(options, folder), into(options.results), TARGETS)


if __name__ == "__main__":
    sys.exit(main())
