"""The end-to-end test of the suite: the demo as a person starts it, and beside it one with a difference planted."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT_S = 300.0


@dataclass(frozen=True)
class Run:
    """What a demo said, and how it ended."""

    status: int
    said: str

    @property
    def folder(self) -> Path:
        """Where it was."""
        return ROOT / self.said.split(" in ", 1)[1].split(":", 1)[0]


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "operators.demo", *arguments],
        cwd=ROOT,
        # A real ledger and a real configuration that the demo must not go near.
        env={**os.environ, "DATABASE_URL": "postgresql://nowhere.invalid/real", "WAYBILL_CONFIG": "/nowhere/real.toml"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _end(process: subprocess.Popen[str]) -> Run:
    try:
        said, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
        raise AssertionError(f"the demo did not end within {LIMIT_S:g} s:\n{said}") from None
    return Run(process.returncode, said)


@pytest.fixture(scope="module")
def demos() -> Iterator[tuple[Run, Run]]:
    """A demo, and beside it one with a planted difference in each flow."""
    clean, wrong = _start(), _start("--plant", "lost_invoice", "--plant", "doubled_receipt")
    try:
        runs = _end(clean), _end(wrong)
        yield runs
        shutil.rmtree(runs[1].folder, ignore_errors=True)
    finally:
        for process in (clean, wrong):
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=60)


@pytest.fixture
def clean(demos: tuple[Run, Run]) -> Run:
    """The demo as it is."""
    return demos[0]


@pytest.fixture
def wrong(demos: tuple[Run, Run]) -> Run:
    """The demo with a lost invoice and a doubled receipt."""
    return demos[1]


def test_the_demo_proves_a_mixed_day_with_faults(clean: Run) -> None:
    assert clean.status == 0, clean.said
    assert "PROVEN from both sides" in clean.said


def test_the_demo_tells_stages_negative_stock_and_the_temporal_ui(clean: Run) -> None:
    assert "Orders by stage: 2 AWAITING_LINES, 3 CANCELLED" in clean.said
    assert "Below zero until the slip was there: VASE at" in clean.said
    assert "Temporal UI: http://127.0.0.1:" in clean.said


def test_the_demo_proves_a_day_of_purchase_orders_with_lost_connections_and_repeated_files(clean: Run) -> None:
    assert "every received piece of 42 purchase orders" in clean.said
    assert "Purchase orders by stage: 1 CANCELLED, 1 CLOSED, 1 IMPORTED, 1 PENDING, 37 RECEIPT_SYNCED" in clean.said
    assert "1 refused, 2 repeat" in clean.said
    for lost in ("NetSuite's connection is lost", "Waybill's connection is lost"):
        assert f"Went wrong: {lost} in the middle of an upload (1 call)" in clean.said


def test_the_demo_carries_a_second_tenant_over_rest_with_lost_answers_and_ended_tokens(clean: Run) -> None:
    for trouble in (
        "NetSuite makes a receipt over REST and its answer is lost",
        "NetSuite's account has too many calls",
        "NetSuite's token ends in the middle of a receipt",
    ):
        assert f"Went wrong: {trouble} (1 call)" in clean.said
    assert "over REST: received in up to three visits" in clean.said


def test_a_successful_demo_leaves_nothing_behind(clean: Run) -> None:
    assert clean.status == 0, clean.said
    assert not clean.folder.exists()


def test_a_planted_difference_fails_the_demo_by_name(wrong: Run) -> None:
    assert wrong.status == 1, wrong.said
    assert "planted in Retail Pro: lost_invoice (orderNo 1001)" in wrong.said
    assert "the sandbox's own check: not_invoiced M1001" in wrong.said
    assert "1001" in wrong.said.split("waybill prove: ", 1)[1].splitlines()[0]
    assert "planted in NetSuite: doubled_receipt (PO5501)" in wrong.said
    assert "waybill prove: receipt_doubled PO5501:5501-SH" in wrong.said
    assert "NOT PROVEN" in wrong.said


def test_a_failed_demo_keeps_its_folder(wrong: Run) -> None:
    assert (wrong.folder / "logs" / "worker-1.log").exists()
    assert (wrong.folder / "ledger.db").exists()
