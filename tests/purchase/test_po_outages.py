"""Servers that are lost or turn us away in the middle of purchase orders; and no secret in what is then told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW
from domain.po_messages import PoRun, PoRunRequest
from domain.purchase_order import PoStage
from operators.recover import recover_pos
from operators.temporal_server import ServerOptions, TemporalServer
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.reach import Reach
from tests.conftest import connect_and_set_up
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_cut_points import through
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import Depot, at
from tests.support.sandbox import SandboxProcess
from tests.support.town import ledger_url

pytestmark = pytest.mark.anyio

SYNCED = at(PoStage.RECEIPT_SYNCED)
PASSWORD = "never-to-be-told-4711"


@asynccontextmanager
async def _own_server(
    sandbox: SandboxProcess, openssh: Reach, folder: Path
) -> AsyncIterator[tuple[TemporalServer, Depot]]:
    """A Temporal server that may be lost, and a depot on it."""
    with TemporalServer(ServerOptions(database=folder / "temporal.db", ui=False)) as server:
        client = await connect_and_set_up(server.address, folder)
        depot = Depot(sandbox, client, ledger_url(folder), openssh)
        yield server, depot
        depot.ledger.close()


async def test_purchase_orders_go_on_from_the_ledger_after_temporals_file_was_lost(
    sandbox: SandboxProcess, openssh: Reach, tmp_path: Path
) -> None:
    async with _own_server(sandbox, openssh, tmp_path) as (server, depot):
        waiting, partly, on_its_way = (depot.netsuite.order() for _ in range(3))
        async with depot.working():
            await depot.bring_in(waiting, partly, on_its_way)
            depot.receive(partly, line_1=5)
            await depot.sync(partly)
            depot.receive(on_its_way, line_1=20, line_4=12)
            await depot.run(PoRun.RECEIPTS)
            await depot.run_until(PoRun.RECEIPT_FILES, lambda: len(depot.receipt_files()) > 1)
        await asyncio.to_thread(_lose_the_database, server, tmp_path)
        depot.client = await connect_and_set_up(server.address, tmp_path)
        async with depot.working():
            found = await recover_pos(depot.ledger, depot.tenant, depot.po_starter, lambda _: None)
            assert (found.started, found.open_orders) == (3, 3)
            again = await recover_pos(depot.ledger, depot.tenant, depot.po_starter, lambda _: None)
            assert (again.started, again.running) == (0, 3)
            depot.receive(waiting, line_1=20, line_4=12)
            depot.receive(partly, line_1=15, line_4=12)
            for po_id in (waiting, partly, on_its_way):
                await depot.carry(po_id, SYNCED)
    assert depot.netsuite.differences() == []
    assert [len(depot.made(po_id)) for po_id in (waiting, partly, on_its_way)] == [1, 2, 1]


def _lose_the_database(server: TemporalServer, folder: Path) -> None:
    """The server dies, its file is gone, and a new one starts at its address."""
    server.kill()
    for file in folder.glob("temporal.db*"):
        file.unlink()
    server.start()


async def _failure_told(depot: Depot, run: PoRun) -> str:
    """What Temporal shows of a run that does not get on."""
    handle = await depot.client.start_workflow(
        PO_RUN_WORKFLOW,
        PoRunRequest(tenant=depot.tenant, run=run),
        id=f"feed/{depot.tenant}/{run}/told",
        task_queue=ORDERS_QUEUE,
    )
    told: list[str] = []

    async def has_failed() -> bool:
        description = await handle.describe()
        told[:] = [str(pending.last_failure) for pending in description.raw_description.pending_activities]
        return any(pending.last_failure.message for pending in description.raw_description.pending_activities)

    await depot.until_async(has_failed, "the run tells what is wrong")
    await handle.terminate("the test is over")
    return told[0]


async def test_no_secret_is_told_when_a_server_turns_us_away(
    make_depot: MakeDepot, failing: FailingSftpServer, capfd: pytest.CaptureFixture[str]
) -> None:
    login = {"private_key": None, "password": PASSWORD}
    turned_away = make_depot(netsuite={"sftp": {**through(failing.reach), **login}}, hotwax={"token": PASSWORD})
    (turned_away.netsuite.base / FULFILLMENT).mkdir(parents=True)
    async with turned_away.working():
        told = await _failure_told(turned_away, PoRun.FILES)
        told += await _failure_told(turned_away, PoRun.RECEIPTS)
    assert "Unauthorized" in told
    out, err = capfd.readouterr()
    for text in (told, out, err, repr(turned_away.settings)):
        assert PASSWORD not in text


async def test_a_changed_host_key_stops_the_runs_and_says_what_to_do(
    make_depot: MakeDepot, openssh: Reach, failing: FailingSftpServer
) -> None:
    depot = make_depot(netsuite={"sftp": {**through(openssh), "host_keys": list(failing.reach.host_keys)}})
    po_id = depot.netsuite.order()
    depot.netsuite.good_run("export")
    async with depot.working():
        told = await _failure_told(depot, PoRun.FILES)
    assert "ssh-keyscan" in told or "pin the new key" in told
    assert depot.po(po_id) is None
    assert len(depot.netsuite.files(FULFILLMENT)) == 1


async def test_a_whole_life_tells_no_secret_in_its_logs_and_its_story(
    make_depot: MakeDepot, openssh: Reach, capfd: pytest.CaptureFixture[str]
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.carry(po_id, SYNCED)
        history = await depot.po_handle(po_id).fetch_history()
    out, err = capfd.readouterr()
    key = [line for line in openssh.private_key.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    for text in (out, err, history.to_json(), *depot.story(po_id)):
        assert not any(secret in text for secret in ("sandbox-token", *key))
