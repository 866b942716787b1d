"""What the bench found, as a file and as a table."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import Any

import psutil

from bench.costs import Costs
from bench.memory import Waiting
from bench.restart import Restart
from bench.runs import Run
from bench.stand import SLOTS
from bench.waiting import say
from operators.temporal_release import find_temporal

PACKAGES = ("temporalio", "pydantic", "sqlalchemy", "sqlmodel", "httpx", "structlog")
Targets = Mapping[str, tuple[str, float]]
TARGETS: Targets = {
    "ratio": (">=", 0.5),
    "cpu_ratio": (">=", 0.7),
    "actions_single": ("<=", 10),
    "events_single": ("<=", 35),
    "actions_three_store": ("<=", 16),
    "events_three_store": ("<=", 60),
    "waiting_10k_rss_mb": ("<=", 200),
    "restart_1000_s": ("<=", 30),
}
"""What each figure must reach, at full size."""

Figures = dict[str, Any]


def speed_figures(costs: Costs, runs: Sequence[Run]) -> Figures:
    """The figures of the runs in turns: medians, and their ratios."""
    real, floor = ([run for run in runs if run.sort == sort] for sort in ("real", "floor"))
    per_s, floor_per_s = (median(run.per_s for run in some) for some in (real, floor))
    cpu, floor_cpu = (median(run.cpu_ms for run in some) for some in (real, floor))
    return {
        "orders_per_s": per_s,
        "floor_per_s": floor_per_s,
        "ratio": round(per_s / floor_per_s, 3),
        "cpu_ms_per_order": round(cpu, 2),
        "floor_cpu_ms_per_order": round(floor_cpu, 2),
        "cpu_ratio": round(floor_cpu / cpu, 3),
        "worker_cpu_ms_per_order": median(run.worker_cpu_ms for run in real),
        "floor_worker_cpu_ms_per_order": median(run.worker_cpu_ms for run in floor),
        "server_cpu_ms_per_order": median(run.server_cpu_ms for run in real),
        "floor_server_cpu_ms_per_order": median(run.server_cpu_ms for run in floor),
        "sandbox_cpu_ms_per_order": median(run.sandbox_cpu_ms for run in real),
        "actions_single": costs.single.actions,
        "events_single": costs.single.events,
        "payload_bytes_single": costs.single.payload_bytes,
        "actions_three_store": costs.three_store.actions,
        "events_three_store": costs.three_store.events,
        "peak_rss_mb": max(run.peak_rss_mb for run in real),
        "shape": costs.shape.counts,
        "runs": [run.model_dump() for run in runs],
    }


def waiting_figures(found: Waiting) -> Figures:
    """How a worker grew under waiting orders."""
    return {"waiting_10k_rss_mb": found.growth_mb, "waiting": found.model_dump()}


def restart_figures(found: Restart) -> Figures:
    """How long everything took to go on."""
    return {"restart_1000_s": found.progressed_s, "restart": found.model_dump()}


def circumstances(orders: int, rounds: int) -> Figures:
    """When, where and with what it was measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "N": orders,
        "rounds": rounds,
        "slots_per_system": SLOTS,
        "machine": machine(),
        "versions": versions(PACKAGES),
    }


def machine() -> Figures:
    """What it was measured on, and how busy that was."""
    return {
        "cpus": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "load_at_start": round(psutil.getloadavg()[0], 2),
    }


def versions(packages: Sequence[str]) -> Figures:
    """Of Python, the Temporal server, and these packages."""
    return {
        "python": platform.python_version(),
        "temporal": _temporal_version(),
        **{name: version(name) for name in packages},
    }


def _temporal_version() -> str:
    command = [str(find_temporal(say)), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()  # noqa: S603


def table(figures: Figures, targets: Targets = TARGETS) -> str:
    """The figures for people, with their targets."""
    return "\n".join(_line(name, value, targets) for name, value in figures.items() if isinstance(value, int | float))


def _line(name: str, value: float, targets: Targets) -> str:
    line = f"{name:32} {value:10g}"
    if name not in targets:
        return line
    sign, target = targets[name]
    met = value >= target if sign == ">=" else value <= target
    return f"{line}   {sign} {target:g}: {'met' if met else 'MISSED'}"
