"""The benchmark of NetSuite's slots at a small size: what it writes, and that it leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = ("--seconds", "2", "--workers", "2", "--slots", "3", "--call", "0.1")


def test_a_small_bench_writes_what_the_server_counted_and_the_workers_saw(tmp_path: Path) -> None:
    results = tmp_path / "netsuite.json"
    command = [sys.executable, "-m", "bench.netsuite", *SMALL, "--results", str(results)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603 - our own module
    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text())
    counted = found["counted_3"]
    assert counted["limit"] == counted["peak"] == 3
    assert found["live_calls_3"] > 0
    assert found["backfill_calls_3"] > 0
    assert 0 < found["busy_ratio_3"] <= 1
    assert found["live_wait_max_ms_3"] >= found["live_wait_p50_ms_3"]
    assert "busy_ratio_3" in done.stdout
