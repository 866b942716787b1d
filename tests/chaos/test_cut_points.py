"""Every remote write, cut at every point: by the worker's death, and by the network. One effect, the same final state.

All cuts of a kind happen in one run, each to an order of its own; so each also meets the deaths that others die.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from domain.stages import EffectState, Stage
from operators.temporal_server import TemporalServer
from tests.conftest import connect_and_set_up
from tests.support.doomed_worker import mark_name
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, an_order, basics, ledger_url, minutes_ago, shipped
from tests.support.workers import WorkerProcess, supervised

pytestmark = pytest.mark.anyio

WRITES = ("invoice", "slip", "write_back")
DEATHS = ("before_send", "after_send", "after_apply", "after_answer")
CUTS: Mapping[str, dict[str, Any]] = {
    "turned_away_at_the_door": {"kind": "status", "status": 429, "retry_after": 0},
    "lost_before_it_arrived": {"kind": "drop"},
    "applied_and_never_answered": {"kind": "drop", "when": "after"},
    "answered_and_cut_short": {"kind": "garbage", "garbage": "truncated", "when": "after"},
}
QUICK: Mapping[str, Any] = {
    "hotwax": {"timeout_connect": 1, "timeout_read": 1.5, "concurrency": 20},
    "retailpro": {"timeout_connect": 1, "timeout_read": 1.5, "concurrency": 20},
    "waits": {"call": 4, "patience": 90, "retry_first": 0.1, "retry_longest": 0.5},
}


@dataclass(frozen=True)
class Cut:
    """One write of one order, and the point where it is cut; the order has stores of its own, to be told apart."""

    number: int
    write: str
    point: str

    @property
    def order_id(self) -> str:
        """The order's id, whose number is `W` and this."""
        return str(9000 + self.number)

    @property
    def stores(self) -> tuple[str, str]:
        """The invoicing store, and the one that transfers to it."""
        return f"A{self.number:02}", f"B{self.number:02}"

    @property
    def order(self) -> dict[str, Any]:
        """The order, as the sandbox takes it."""
        first, second = self.stores
        return an_order(self.order_id, shipped(first, statusDatetime=minutes_ago(5)), shipped(second, "P2"))

    @property
    def call(self) -> dict[str, Any]:
        """Which call it is, as the sandbox's faults describe it."""
        return {
            "invoice": {"system": "retailpro", "path": "/api/v1/Document", "body": f'"W{self.order_id}"'},
            "slip": {"system": "retailpro", "path": "/api/v1/Transfer", "body": f'"{self.stores[1]}"'},
            "write_back": {"system": "hotwax", "method": "POST", "path": f"/rest/s1/oms/orders/{self.order_id}/"},
        }[self.write]

    @property
    def trace(self) -> str:
        """Where the sandbox shows that the write was applied."""
        return {
            "invoice": f"/admin/invoices?number=W{self.order_id}",
            "slip": f"/admin/slips?store={self.stores[1]}",
            "write_back": f"/admin/identifications?orderId={self.order_id}",
        }[self.write]


def _enumerated(points: tuple[str, ...]) -> list[Cut]:
    return [Cut(n, write, point) for n, (write, point) in enumerate(product(WRITES, points), start=1)]


@dataclass(frozen=True)
class Aftermath:
    """What is left when all orders are done."""

    town: Town
    cuts: list[Cut]
    folder: Path
    deaths: int

    def sprung(self, cut: Cut) -> bool:
        """Whether the trap of this cut has sprung."""
        return (self.folder / mark_name(f"{cut.write}-W{cut.order_id}", cut.point)).exists()


async def _aftermath_of_deaths(sandbox: SandboxProcess, temporal: str, folder: Path, count: int) -> Aftermath:
    cuts = _enumerated(DEATHS)
    town = await _town(sandbox, temporal, folder, cuts)
    traps = folder / "traps.json"
    traps.write_text(json.dumps({f"{cut.write}-W{cut.order_id}": _trap(sandbox, cut) for cut in cuts}))
    configuration = town.write_configuration(folder / "waybill.toml")
    workers = [WorkerProcess(configuration, temporal, traps) for _ in range(count)]
    # A request that was on the wire when its sender died arrives late, or never.
    late = "drop" if count == 1 else "continue"
    async with supervised(workers, lambda: sandbox.post("/admin/release", {"outcome": late})):
        await town.poll()
        for cut in cuts:
            await town.until_stage(cut.order_id, Stage.DONE, patience=150)
    return Aftermath(town, cuts, folder, sum(worker.deaths for worker in workers))


def _trap(sandbox: SandboxProcess, cut: Cut) -> dict[str, Any]:
    trap = {"points": [cut.point], "see": sandbox.admin_url + cut.trace}
    if cut.point == "after_send":
        fault = sandbox.fault("stall", next=1, **cut.call)
        return {**trap, "see": f"{sandbox.admin_url}/admin/faults", "fault": str(fault["id"])}
    if cut.point == "after_apply":
        sandbox.fault("stall", when="after", next=1, **cut.call)
    return trap


async def _town(sandbox: SandboxProcess, temporal: str, folder: Path, cuts: list[Cut]) -> Town:
    stores = {store: store for cut in cuts for store in cut.stores}
    client = await connect_and_set_up(temporal, folder)
    town = Town(sandbox, client, ledger_url(folder), stores=stores, **QUICK)
    sandbox.post("/admin/reset", {"settings": True})
    sandbox.post("/admin/seed", {**basics(stores), "orders": [cut.order for cut in cuts]})
    return town


@pytest.fixture(scope="module", params=[1, 2], ids=["one_worker", "two_workers"])
def after_deaths(
    request: pytest.FixtureRequest,
    sandbox_process: SandboxProcess,
    temporal_server: TemporalServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Aftermath]:
    """All deaths died, all orders done."""
    folder = tmp_path_factory.mktemp("deaths")
    aftermath = asyncio.run(_aftermath_of_deaths(sandbox_process, temporal_server.address, folder, request.param))
    yield aftermath
    aftermath.town.ledger.close()


def _one_effect(town: Town, cut: Cut) -> None:
    effects = town.effects(cut.order_id)
    assert {effect.kind for effect in effects} == set(WRITES)
    assert {effect.state for effect in effects} == {EffectState.DONE}
    sandbox = town.sandbox
    assert len(sandbox.get("/admin/invoices", number=f"W{cut.order_id}")["invoices"]) == 1
    assert len(sandbox.get("/admin/slips", store=cut.stores[1])["slips"]) == 1
    assert len(town.numbers_in_hotwax(cut.order_id)) == 1


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("point", DEATHS)
def test_a_worker_killed_at_a_point_of_a_write_leaves_one_effect(
    after_deaths: Aftermath, write: str, point: str
) -> None:
    cut = next(cut for cut in after_deaths.cuts if (cut.write, cut.point) == (write, point))
    assert after_deaths.sprung(cut)
    _one_effect(after_deaths.town, cut)


def test_both_sides_agree_after_all_the_deaths(after_deaths: Aftermath) -> None:
    assert after_deaths.deaths >= len(WRITES) * 3
    after_deaths.town.prove()


@pytest.fixture(scope="module")
def after_cuts(
    sandbox_process: SandboxProcess, temporal_server: TemporalServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Every write cut by the network at every point, all orders done."""
    folder = tmp_path_factory.mktemp("cuts")
    town = asyncio.run(_after_network_cuts(sandbox_process, temporal_server.address, folder))
    yield town
    town.ledger.close()


async def _after_network_cuts(sandbox: SandboxProcess, temporal: str, folder: Path) -> Town:
    cuts = _enumerated(tuple(CUTS))
    town = await _town(sandbox, temporal, folder, cuts)
    for cut in cuts:
        sandbox.fault(next=1, **CUTS[cut.point], **cut.call)
    async with town.working():
        await town.poll()
        for cut in cuts:
            await town.until_stage(cut.order_id, Stage.DONE, patience=60)
    return town


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("point", CUTS)
def test_a_network_cut_at_a_point_of_a_write_leaves_one_effect(after_cuts: Town, write: str, point: str) -> None:
    cut = next(cut for cut in _enumerated(tuple(CUTS)) if (cut.write, cut.point) == (write, point))
    _one_effect(after_cuts, cut)


def test_both_sides_agree_after_all_the_network_cuts(after_cuts: Town) -> None:
    fired = [fault["fired"] for fault in after_cuts.sandbox.get("/admin/faults")["faults"]]
    assert fired == [1] * len(WRITES) * len(CUTS)
    after_cuts.prove()
