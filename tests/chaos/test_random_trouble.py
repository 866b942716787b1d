"""Sixty orders, faults and deaths at random: everything ends, and both sides agree."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.stages import Stage
from operators.temporal_server import TemporalServer
from tests.conftest import connect_and_set_up
from tests.support.sandbox import SandboxProcess
from tests.support.town import STORES, UPCS, Town, an_order, ledger_url, minutes_ago
from tests.support.workers import WorkerProcess, supervised

pytestmark = pytest.mark.anyio

ORDERS = 60
DEATHS = 4
TROUBLE: tuple[dict[str, Any], ...] = (
    {"kind": "drop", "system": "retailpro", "probability": 0.05},
    {"kind": "drop", "system": "retailpro", "when": "after", "probability": 0.1},
    {"kind": "status", "system": "retailpro", "status": 503, "probability": 0.05},
    {"kind": "status", "system": "retailpro", "status": 500, "when": "after", "probability": 0.05},
    {"kind": "garbage", "system": "retailpro", "garbage": "truncated", "when": "after", "probability": 0.05},
    {"kind": "status", "system": "hotwax", "status": 429, "retry_after": 0, "probability": 0.05},
    {"kind": "drop", "system": "hotwax", "probability": 0.03},
    {"kind": "drop", "system": "hotwax", "method": "POST", "when": "after", "probability": 0.05},
    {"kind": "latency", "seconds": 0.2, "probability": 0.1},
    {"kind": "delayed_visibility", "system": "hotwax", "seconds": 1, "probability": 0.2},
)


def _orders(dice: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(10_001, 10_001 + ORDERS):
        lines = [_line(dice) for _ in range(dice.randint(1, 4))]
        yield an_order(str(number), *lines, orderDate=minutes_ago(1))


def _line(dice: random.Random) -> dict[str, Any]:
    line = {"upc": dice.choice(list(UPCS.values())), "unitPrice": 10, "facilityId": dice.choice(list(STORES))}
    return {**line, "quantity": dice.randint(1, 2), "fulfill_after_s": dice.uniform(0, 10)}


async def _kill_now_and_then(workers: list[WorkerProcess], dice: random.Random) -> None:
    for _ in range(DEATHS):
        await asyncio.sleep(dice.uniform(1, 4))
        dice.choice([worker for worker in workers if not worker.is_dead]).kill()


async def _poll_for_ever(town: Town) -> None:
    while True:
        await town.poll()
        await asyncio.sleep(1)


async def test_everything_ends_and_both_sides_agree(
    temporal_server: TemporalServer, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    dice = random.Random(seed)  # noqa: S311 - a test that can be played again
    print(f"seed {seed}")  # noqa: T201 - to play it again
    limits = {"timeout_connect": 1, "timeout_read": 1.5, "concurrency": 10}
    waits = {"call": 4, "patience": 5, "hold_retry": 1, "retry_first": 0.1, "retry_longest": 0.5}
    client = await connect_and_set_up(temporal_server.address, tmp_path)
    town = Town(sandbox, client, ledger_url(tmp_path), hotwax=limits, retailpro=limits, waits=waits)
    town.seed(*_orders(dice))
    for trouble in TROUBLE:
        sandbox.fault(seed=dice.randrange(1_000_000), **trouble)
    configuration = town.write_configuration(tmp_path / "waybill.toml")
    workers = [WorkerProcess(configuration, temporal_server.address) for _ in range(2)]
    async with supervised(workers, lambda: None):
        feed = asyncio.create_task(_poll_for_ever(town))
        await _kill_now_and_then(workers, dice)
        await town.until_true(lambda: sandbox.get("/admin/counts")["planned"] == 0, "all lines have shipped")
        sandbox.heal()
        for number in range(10_001, 10_001 + ORDERS):
            await town.until_stage(str(number), Stage.DONE, patience=120)
        feed.cancel()
        await asyncio.gather(feed, return_exceptions=True)
    assert sum(worker.deaths for worker in workers) == DEATHS
    town.prove()
    town.ledger.close()
