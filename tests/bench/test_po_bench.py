"""The benchmark of purchase order files at a small size: what it writes, and that it leaves nothing behind."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import psutil

from bench.po_file import write_file
from bench.po_results import Round
from bench.po_task import RealRun, Took
from connectors.po_files.reading import PoFileReader

ROOT = Path(__file__).parents[2]
SMALL = ("--lines", "120", "--large", "250", "--rounds", "2")
FIGURES = {
    *(
        "rows_per_s",
        "ratio_to_parts",
        "cpu_ratio_to_parts",
        "peak_rss_mb_100k",
        "peak_rss_mb_1m",
        "machine",
        "versions",
    ),
    *("transfer_s", "validate_s", "commit_s", "dispatch_s", "transfer_s_1m", "validate_s_1m", "commit_s_1m"),
}


def launch(*options: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.po", *options]
    return subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_small_bench_writes_every_figure_and_every_raw_number(tmp_path: Path) -> None:
    results = tmp_path / "po.json"
    bench = launch(*SMALL, "--results", results)
    output, errors = bench.communicate(timeout=400)
    assert bench.returncode == 0, errors
    found = json.loads(results.read_text())
    assert found.keys() >= FIGURES
    assert "ratio_to_parts" in output
    rounds = [*found["rounds"], *found["rounds_1m"]]
    assert [(each["real"]["rows"], each["real"]["purchase_orders"]) for each in rounds] == [(120, 3)] * 2 + [(250, 5)]
    for each in rounds:
        parts = (each["real"][name] for name in ("transfer_s", "validate_s", "commit_s"))
        assert abs(sum(parts) - each["real"]["took"]["wall_s"]) < 0.001
        assert all(each[name]["wall_s"] > 0 for name in ("pydantic", "insert", "transfer"))


def test_a_stopped_bench_leaves_no_process_and_no_results(tmp_path: Path) -> None:
    results = tmp_path / "po.json"
    bench = launch("--results", results)
    assert bench.stderr
    assert any("round 1" in line for line in bench.stderr)
    started = psutil.Process(bench.pid).children(recursive=True)
    bench.terminate()
    _, errors = bench.communicate(timeout=120)
    assert bench.returncode == 130, errors
    assert started
    assert psutil.wait_procs(started, timeout=30)[1] == []
    assert not results.exists()


def test_the_file_that_is_measured_is_good_to_its_last_row(tmp_path: Path) -> None:
    file = tmp_path / "po.csv"
    write_file(file, 2_345)
    reader = PoFileReader([file.read_bytes()])
    batches = list(reader.batches())
    assert len({po_id for batch in batches for _, po_id, _ in batch.rows}) == 47
    assert not any(batch.bad for batch in batches)
    assert reader.summary().sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_ratio_is_the_real_thing_beside_all_of_its_parts() -> None:
    real = RealRun(
        rows=100,
        purchase_orders=2,
        took=Took(wall_s=2.0, cpu_s=1.0),
        transfer_s=0.5,
        validate_s=0.5,
        commit_s=1.0,
        dispatch=Took(wall_s=9.0, cpu_s=9.0),
        peak_rss_mb=100,
        rss_before_mb=90,
    )
    parts = {name: Took(wall_s=0.4, cpu_s=0.1) for name in ("pydantic", "insert")}
    found = Round(real=real, transfer=Took(wall_s=0.2, cpu_s=0.05), **parts)
    assert (round(found.ratio, 6), round(found.cpu_ratio, 6)) == (2.0, 4.0)
