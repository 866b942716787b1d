"""Servers, disks and workers that fail in the middle of orders: a clear error, nothing doubled, nothing lost."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from domain.stages import Stage
from operators.recover import recover
from operators.temporal_server import ServerOptions, TemporalServer
from tests.conftest import MakeTown, connect_and_set_up
from tests.support.ports import closed_port
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, an_order, ledger_url, minutes_ago, open_line, shipped
from tests.support.workers import WorkerProcess

pytestmark = pytest.mark.anyio

LINES = (shipped("GT101", statusDatetime=minutes_ago(9)), shipped("GT205", "P2"))
WAITING = (shipped("GT101", statusDatetime=minutes_ago(9)), open_line("GT205", "P2"))
LIMITS = {"timeout_connect": 1, "timeout_read": 1.5}
ORDERS = tuple(str(number) for number in range(9501, 9511))


def _lose_the_database(server: TemporalServer, folder: Path) -> None:
    """The server dies, its file is gone, and a new one starts at its address."""
    server.kill()
    for file in folder.glob("temporal.db*"):
        file.unlink()
    server.start()


@asynccontextmanager
async def _own_server(sandbox: SandboxProcess, folder: Path) -> AsyncIterator[tuple[TemporalServer, Town]]:
    """A Temporal server that may be broken, and a town on it."""
    with TemporalServer(ServerOptions(database=folder / "temporal.db", ui=False)) as server:
        town = Town(sandbox, await connect_and_set_up(server.address, folder), ledger_url(folder))
        yield server, town
        town.ledger.close()


async def _all_done(town: Town, orders: tuple[str, ...] = ORDERS) -> None:
    for order_id in orders:
        await town.until_stage(order_id, Stage.DONE, patience=60)
    town.prove()


async def test_orders_go_on_after_temporal_was_killed_and_started_again_on_its_file(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    async with _own_server(sandbox, tmp_path) as (server, town):
        town.seed(*(an_order(order_id, *LINES) for order_id in ORDERS))
        sandbox.fault("latency", system="retailpro", seconds=0.5)
        async with town.working():
            await town.poll()
            await town.until_true(lambda: len(town.invoices()) > 1, "some orders are in the middle")
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await _all_done(town)


async def test_orders_go_on_from_the_ledger_after_temporals_file_was_lost(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    async with _own_server(sandbox, tmp_path) as (server, town):
        town.seed(
            *(an_order(order_id, *LINES) for order_id in ORDERS[:-1]),
            an_order(ORDERS[-1], *WAITING),
        )
        sandbox.fault("latency", system="retailpro", seconds=0.3)
        async with town.working():
            await town.poll()
            await town.until(ORDERS[-1], lambda row: bool(row.waiting_for))
            await town.until_true(lambda: len(town.invoices()) > 1, "some orders are in the middle")
        await asyncio.to_thread(_lose_the_database, server, tmp_path)
        town.client = await connect_and_set_up(server.address, tmp_path)
        async with town.working():
            found = await recover(town.ledger, town.tenant, town.starter, lambda _: None)
            assert found.started == found.open_orders > 0
            again = await recover(town.ledger, town.tenant, town.starter, lambda _: None)
            assert again.started <= again.open_orders
            sandbox.deed("fulfill", ORDERS[-1])
            await town.poll()
            await _all_done(town)


async def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_wakes(
    make_town: MakeTown, tmp_path: Path
) -> None:
    """Its polls still take tasks while it is frozen, so the order needs as long as those take to time out."""
    town = await make_town(hotwax=LIMITS, retailpro=LIMITS, waits={"call": 4, "patience": 60})
    town.seed(an_order("9520", shipped("GT101")))
    town.sandbox.fault("stall", system="retailpro", path="/api/v1/Document", when="after", next=1)
    # It must be stopped before it gives the call up by itself.
    patient, one_by_one = {"timeout_read": 6}, {"cached_workflows": 0}
    configuration = town.write_configuration(tmp_path / "waybill.toml", worker=one_by_one, retailpro=patient)
    zombie = WorkerProcess(configuration, town.client.service_client.config.target_host)
    try:
        polled = asyncio.create_task(town.poll())
        await town.until_true(lambda: bool(town.calls_in_the_air()), "the invoice is on the wire", patience=60)
        zombie.stop()
        async with town.working():
            await town.until_stage("9520", Stage.DONE, patience=120)
            await polled
            zombie.go_on()
            town.sandbox.heal()
            await town.until_true(lambda: _woke(town), "the late attempt wrote down that it changes nothing")
            town.prove()
    finally:
        zombie.end()


def _woke(town: Town) -> bool:
    return any("a late answer of attempt 1 changes nothing" in entry.text for entry in town.timeline("9520"))


@contextmanager
def _locked(town: Town) -> Iterator[None]:
    """Somebody else holds the ledger's write lock."""
    connection = sqlite3.connect(str(town.ledger.url.database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


@contextmanager
def _full(town: Town) -> Iterator[None]:
    """The disk under the ledger has no room: SQLite may not add a page."""
    full = True

    def limit(connection: Any, *_: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0] if full else 1_000_000
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(town.ledger.engine, "checkout", limit)
    try:
        yield
    finally:
        full = False


@pytest.mark.parametrize(("trouble", "words"), [(_locked, "database is locked"), (_full, "database or disk is full")])
async def test_a_ledger_that_takes_nothing_is_named_waited_for_and_gone_on_from(
    make_town: MakeTown,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Callable[[Town], Any],
    words: str,
) -> None:
    monkeypatch.setattr("ledger.database.BUSY_MS", 1000)
    limits = {**LIMITS, "concurrency": 10}
    town = await make_town(hotwax=limits, retailpro=limits, waits={"patience": 60})
    town.seed(*(an_order(order_id, *WAITING) for order_id in ORDERS))
    async with town.working():
        await town.poll()
        for order_id in ORDERS:
            await town.until(order_id, lambda row: bool(row.waiting_for))
        with trouble(town):
            for order_id in ORDERS:
                town.sandbox.deed("fulfill", order_id)
                await town.tell(order_id)
            await town.until_async(lambda: _told(town, words), f"Temporal shows: {words}")
        await _all_done(town)


async def _told(town: Town, words: str) -> bool:
    """Whether an order's pending activity tells an operator what is wrong with the ledger."""
    for order_id in ORDERS:
        description = await town.handle(order_id).describe()
        for pending in description.raw_description.pending_activities:
            told = pending.last_failure.message
            if words in told:
                return "Free the disk or the lock" in told
    return False


async def test_a_store_system_that_does_not_even_listen_is_waited_for(
    make_town: MakeTown, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing listens at Retail Pro's address, until it does."""
    with closed_port() as port:
        town = await make_town(
            retailpro={"base_url": f"http://127.0.0.1:{port}"}, waits={"patience": 1, "hold_retry": 1}
        )
        await _listens_late(town, tmp_path_factory, port)


async def _listens_late(town: Town, folders: pytest.TempPathFactory, port: int) -> None:
    town.seed(an_order("9530", shipped("GT101")))
    async with town.working():
        await town.poll()
        row = await town.until_held("9530", "remote_unreachable")
        assert "nothing was sent" in row.hold_evidence
        with SandboxProcess(folders.mktemp("late"), port=port) as late:
            late.seed(facilities=[{"facilityId": "GT101", "storeCode": "GT101"}])
            await town.until_stage("9530", Stage.DONE)
            assert [row["number"] for row in late.get("/admin/invoices")["invoices"]] == ["W9530"]
