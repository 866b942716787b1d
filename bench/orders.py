"""`python -m bench.orders`: what orders cost beside a floor workflow that does nothing (docs/performance.md)."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.costs import count_costs
from bench.memory import wait_with
from bench.restart import restart_with
from bench.results import TARGETS, Figures, circumstances, restart_figures, speed_figures, waiting_figures
from bench.runs import Run, floor_run, real_run
from bench.shapes import Shape
from bench.sitting import hold
from bench.stand import Stand, open_stand
from bench.waiting import say

PARTS = ("speed", "memory", "restart")
RESULTS = Path(__file__).parent / "results" / "orders.json"


@dataclass(frozen=True)
class Options:
    """What to measure, and how big."""

    orders: int
    rounds: int
    waiting: int
    open: int
    parts: Sequence[str]
    results: Path


async def measure(options: Options, folder: Path) -> Figures:
    """All figures that were asked for."""
    figures = circumstances(options.orders, options.rounds)
    if "speed" in options.parts:
        async with open_stand(folder / "speed") as stand:
            costs = await count_costs(stand)
            figures |= speed_figures(costs, await _in_turns(stand, options, costs.shape))
    if "memory" in options.parts:
        async with open_stand(folder / "memory") as stand:
            figures |= waiting_figures(await wait_with(stand, options.waiting))
    if "restart" in options.parts:
        async with open_stand(folder / "restart") as stand:
            figures |= restart_figures(await restart_with(stand, options.open))
    return figures


async def _in_turns(stand: Stand, options: Options, shape: Shape) -> list[Run]:
    """Real and floor one after the other, each first as often as the other: a machine's drift hits both."""
    runs: list[Run] = []
    for number in range(options.rounds):
        say(f"round {number + 1} of {options.rounds}: {options.orders} orders, and as many floor workflows")
        both = [(real_run, f"r{number}"), (floor_run, f"f{number}")]
        for run, tenant in both if number % 2 == 0 else reversed(both):
            runs.append(await run(stand, tenant, options.orders, shape))
    return runs


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser("python -m bench.orders", description=__doc__)
    asked = int(os.environ.get("N") or 500)
    parser.add_argument("--orders", type=_positive, default=asked, help="orders in each run (default: N, or 500)")
    parser.add_argument("--rounds", type=_positive, default=3, help="runs of each sort (default: 3)")
    parser.add_argument("--waiting", type=_positive, default=10_000, help="waiting orders for the memory (10000)")
    parser.add_argument("--open", type=_positive, default=1_000, help="open orders for the restart (1000)")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this only; may be given again")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the results (default: %(default)s)")
    given = parser.parse_args(arguments)
    return Options(given.orders, given.rounds, given.waiting, given.open, given.only or PARTS, given.results)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 when a measurement was void, 130 when it was stopped."""
    options = _options(arguments)
    return hold(lambda folder: asyncio.run(measure(options, folder)), lambda found: _keep(found, options), TARGETS)


def _keep(figures: Figures, options: Options) -> Path:
    """Write the results; a part that was measured alone goes over what the file has of the others."""
    file = options.results
    file.parent.mkdir(parents=True, exist_ok=True)
    known: Figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    dates = {**known.get("measured", {}), **dict.fromkeys(options.parts, figures["date"])}
    others = known if set(options.parts) != set(PARTS) else {}
    file.write_text(json.dumps({**others, **figures, "measured": dates}, indent=1) + "\n", encoding="utf-8")
    return file


if __name__ == "__main__":
    sys.exit(main())
