"""The end-to-end test of the suite: the demo as a person starts it and keeps it, plants differences, and stops it."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from operators.demo.office import waybill_program

ROOT = Path(__file__).parents[2]
LIMIT_S = 900.0
PROOF_LIMIT_S = 300.0
DEMO = f"{shlex.quote(sys.executable)} -m operators.demo"
# A real ledger and a real configuration that the demo must not go near.
REAL = {**os.environ, "DATABASE_URL": "postgresql://nowhere.invalid/real", "WAYBILL_CONFIG": "/nowhere/real.toml"}


@dataclass(frozen=True)
class Run:
    """What a program said, and how it ended."""

    status: int
    said: str


@dataclass(frozen=True)
class Kept(Run):
    """A demo that was left running."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return ROOT / self.said.split(" in ", 1)[1].split(":", 1)[0]

    def shell(self, command: str) -> Run:
        """A command in a shell that was prepared as the demo tells."""
        told = self.said.split("In a shell, first:", 1)[1].split("then, for example:", 1)[0]
        ended = subprocess.run(  # noqa: S602 - our own commands
            f"{told}\n{command}",
            cwd=ROOT,
            env=REAL,
            shell=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PROOF_LIMIT_S,
            check=False,
        )
        return Run(ended.returncode, ended.stdout)


def _demo() -> Kept:
    process = subprocess.Popen(
        [sys.executable, "-m", "operators.demo", "--keep"],
        cwd=ROOT,
        env=REAL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        raise AssertionError(f"the demo did not end within {LIMIT_S:g} s:\n{said}") from None
    return Kept(process.returncode, said)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """A demo that was left running; stopped in the end if no test did."""
    kept = _demo()
    yield kept
    if kept.folder.exists():
        kept.shell(f"{DEMO} stop {kept.folder}")


def test_the_demo_proves_a_mixed_day_with_faults(kept: Kept) -> None:
    assert kept.status == 0, kept.said
    assert "PROVEN from both sides" in kept.said


def test_the_demo_tells_stages_negative_stock_and_the_temporal_ui(kept: Kept) -> None:
    assert "Orders by stage: 2 AWAITING_LINES, 3 CANCELLED" in kept.said
    assert re.search(r"Below zero until the slip was there: [A-Z]+ at ST\d+ \(-", kept.said)
    assert "Temporal UI: http://127.0.0.1:" in kept.said


def test_the_demo_proves_a_day_of_purchase_orders_with_lost_connections_and_repeated_files(kept: Kept) -> None:
    assert "every received piece of 42 purchase orders" in kept.said
    assert "Purchase orders by stage: 1 CANCELLED, 1 CLOSED, 1 IMPORTED, 1 PENDING, 37 RECEIPT_SYNCED" in kept.said
    assert "1 refused, 2 repeat" in kept.said
    for lost in ("NetSuite's connection is lost", "Waybill's connection is lost"):
        assert f"Went wrong: {lost} in the middle of an upload (1 call)" in kept.said


def test_the_demo_carries_a_second_tenant_over_rest_with_lost_answers_and_ended_tokens(kept: Kept) -> None:
    for trouble in (
        "NetSuite makes a receipt over REST and its answer is lost",
        "NetSuite's account has too many calls",
        "NetSuite's token ends in the middle of a receipt",
    ):
        assert f"Went wrong: {trouble} (1 call)" in kept.said
    assert "over REST: received in up to three visits" in kept.said


def _is_running(pid: int) -> bool:
    """Whether it runs; an ended process may be listed for want of a parent that asks for its status."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


# ---- one after the other: each test goes on where the one before left the demo ---------------------------------------


def test_the_proof_of_a_kept_demo_names_what_is_planted_in_it(kept: Kept) -> None:
    planted = kept.shell(f"{DEMO} plant lost_invoice {kept.folder} && {DEMO} plant doubled_receipt {kept.folder}")
    assert planted.status == 0, planted.said
    assert "planted in Retail Pro: lost_invoice (orderNo 1001)" in planted.said
    assert "planted in NetSuite: doubled_receipt (PO5501)" in planted.said
    proof = kept.shell(f"{waybill_program()} prove --json 2>/dev/null")
    assert proof.status == 1, proof.said
    found = {difference["kind"]: difference["key"] for difference in json.loads(proof.said)["differences"]}
    assert set(found) == {"lost_invoice", "stock", "receipt_doubled"}
    assert found["lost_invoice"] == "invoice 1001"
    assert found["receipt_doubled"].startswith("PO5501:5501-SH")


def test_a_kept_demo_that_is_stopped_leaves_no_process_and_no_folder(kept: Kept) -> None:
    pids = json.loads((kept.folder / "demo.json").read_text(encoding="utf-8"))["pids"]
    assert {"temporal", "sshd", "sandbox", "branch-sandbox", "wire"} <= set(pids)
    assert {"worker-1", "worker-2"} & set(pids)  # the demo kills the one that is about to write
    stopped = kept.shell(f"{DEMO} stop {kept.folder}")
    assert stopped.status == 0, stopped.said
    assert [name for name, pid in pids.items() if _is_running(pid)] == []
    assert not kept.folder.exists()
