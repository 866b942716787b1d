"""The benchmark at a small size: what it writes, that it is honest, and that it leaves nothing behind."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import psutil
import pytest

from bench.floor import text_of
from bench.shapes import Kind, Shape, ShapeError, Step, same

ROOT = Path(__file__).parents[2]
FIGURES = {
    *("orders_per_s", "floor_per_s", "ratio", "cpu_ratio", "actions_single", "events_single", "actions_three_store"),
    *("events_three_store", "peak_rss_mb", "waiting_10k_rss_mb", "restart_1000_s"),
}
SHAPE = Shape(
    given=200,
    summary=20,
    signals=(17,),
    steps=(
        Step(kind=Kind.ACTIVITY, queue="waybill-hotwax-gt", given=50, result=500, summary=40),
        Step(kind=Kind.UPSERT, attributes={"WaybillStage": "INVOICING"}),
        Step(kind=Kind.LOCAL_ACTIVITY, result=4, summary=10),
    ),
    result=40,
    events=17,
)


def launch(*options: str | Path) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != "N"}
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "bench.orders", *options],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_small_bench_writes_every_figure(tmp_path: Path) -> None:
    results = tmp_path / "orders.json"
    sizes = ("--orders", "4", "--rounds", "1", "--waiting", "4", "--open", "3")
    bench = launch(*sizes, "--results", results)
    output, errors = bench.communicate(timeout=300)
    assert bench.returncode == 0, errors
    found = json.loads(results.read_text())
    assert found.keys() >= FIGURES | {"machine", "versions", "date", "N", "runs"}
    assert found["N"] == 4
    assert [(run["sort"], run["orders"]) for run in found["runs"]] == [("real", 4), ("floor", 4)]
    assert found["actions_single"] <= 10
    assert found["events_single"] <= 35
    assert found["actions_three_store"] <= 16
    assert found["events_three_store"] <= 60
    assert all(name in output for name in FIGURES)


def line_with(text: str, stream: IO[str] | None) -> None:
    assert stream
    assert any(text in line for line in stream), f"nothing said {text!r}"


def test_a_stopped_bench_leaves_no_process_and_no_results(tmp_path: Path) -> None:
    results = tmp_path / "orders.json"
    bench = launch("--only", "speed", "--results", results)
    line_with("counting actions", bench.stderr)
    started = psutil.Process(bench.pid).children(recursive=True)
    bench.terminate()
    _, errors = bench.communicate(timeout=120)
    assert bench.returncode == 130, errors
    assert started
    assert psutil.wait_procs(started, timeout=30)[1] == []
    assert not results.exists()


def test_a_part_measured_alone_keeps_the_figures_of_the_others(tmp_path: Path) -> None:
    results = tmp_path / "orders.json"
    results.write_text(json.dumps({"ratio": 0.6, "measured": {"speed": "then"}}))
    bench = launch("--only", "memory", "--waiting", "2", "--results", results)
    _, errors = bench.communicate(timeout=120)
    assert bench.returncode == 0, errors
    found = json.loads(results.read_text())
    assert found["ratio"] == 0.6
    assert found["measured"]["speed"] == "then"
    assert found["measured"]["memory"] == found["date"]
    assert found["waiting"]["orders"] == 2


@pytest.mark.parametrize(
    "other",
    [
        SHAPE.model_copy(update={"steps": SHAPE.steps[:2]}),
        SHAPE.model_copy(update={"signals": ()}),
        SHAPE.model_copy(update={"events": 18}),
        SHAPE.model_copy(update={"result": 400}),
    ],
    ids=["a step missing", "a signal missing", "an event more", "more bytes"],
)
def test_a_floor_of_another_shape_makes_the_bench_void(other: Shape) -> None:
    same(SHAPE, SHAPE)
    with pytest.raises(ShapeError, match="one shape"):
        same(SHAPE, other)


def test_the_floors_filling_has_the_bytes_it_was_asked_for() -> None:
    assert [len(json.dumps(text_of(size))) for size in (2, 4, 500)] == [2, 4, 500]
