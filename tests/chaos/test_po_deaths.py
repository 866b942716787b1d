"""Every remote write of purchase orders cut by the worker's death at every point: one effect, the same final state."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.purchase_order import PoStage, ReceiptState
from ledger.po_tables import PurchaseOrderRow
from operators.temporal_server import TemporalServer
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.faults import Deed, Fault
from sandbox.sftp.openssh import OpenSshServer
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import Depot, Told, at
from tests.support.doomed_worker import mark_name
from tests.support.sandbox import SandboxProcess
from tests.support.town import ledger_url
from tests.support.workers import WorkerProcess, supervised

pytestmark = pytest.mark.anyio

UPLOADS = "/api/uploadAndImportFile"
CONFIGS = {"po_import-1": "IMP_ASN_PO_FEED", "po_close-2": "IMP_CLOSED_PO"}
"""The uploads of this life by the names of their traps."""
FILE = "receipt_file-1"
BEFORE_AND_AFTER = ("before_send", "after_answer")
"""Points of one life: the attempt after the one that never sent sends."""
QUICK: dict[str, Any] = {"timeout_connect": 0.3, "timeout_read": 0.5}
PATIENCE = 240


class _Doomed:
    """A depot whose workers die in each of its writes, once at each of these points."""

    def __init__(self, depot: Depot, failing: FailingSftpServer, points: Sequence[str], folder: Path) -> None:
        self.depot, self._failing, self._points, self._folder = depot, failing, points, folder

    def set_traps(self) -> Path:
        """A trap in each write; what holds the write in the air meanwhile is planned."""
        traps = {name: self._trap_of_upload(config) for name, config in CONFIGS.items()}
        file = self._folder / "traps.json"
        file.write_text(json.dumps({**traps, FILE: self._trap_of_file()}))
        return file

    def _trap_of_upload(self, config: str) -> dict[str, Any]:
        trap: dict[str, Any] = {"points": self._points}
        if self._points == BEFORE_AND_AFTER:
            return trap
        when = "before" if "after_send" in self._points else "after"
        self.depot.sandbox.fault("stall", when=when, next=1, path=UPLOADS, body=config)
        return {**trap, "see": f"{self.depot.sandbox.admin_url}/admin/held"}

    def _trap_of_file(self) -> dict[str, Any]:
        trap, folder = {"points": self._points}, self.depot.netsuite.base / RECEIPT
        if "after_send" in self._points:
            self._failing.faults.plan(Fault("posix_rename", Deed.STALL, name="WB-RCPT"))
            return {**trap, "file": str(folder / "tmp" / "WB-RCPT-*")}
        if "after_apply" in self._points:
            self._failing.faults.plan(Fault("posix_rename", Deed.STALL_AFTER, name="WB-RCPT"))
            return {**trap, "file": str(folder / "WB-RCPT-*")}
        return trap

    def unsprung(self) -> set[str]:
        """The marks of traps that nobody walked into."""
        marks = {mark_name(name, point) for name in (*CONFIGS, FILE) for point in self._points}
        return {mark for mark in marks if not (self._folder / mark).exists()}

    async def live(self) -> str:
        """One purchase order's whole life: imported, a line closed, received, its receipt in NetSuite."""
        depot = self.depot
        po_id = depot.netsuite.order()
        depot.netsuite.good_run("export")
        await self._until(po_id, at(PoStage.IMPORTED))
        depot.netsuite.act("close", po_id, line=4)
        depot.netsuite.good_run("export")
        await self._until(po_id, lambda row: bool((row.imported or {})["4"]["closed"]))
        depot.receive(po_id, line_1=20)
        sent = {ReceiptState.SENT}
        await depot.until_true(lambda: {r.state for r in depot.receipts(po_id)} == sent, "the file is out", PATIENCE)
        depot.netsuite.good_run("import")
        await self._until(po_id, at(PoStage.RECEIPT_SYNCED))
        return po_id

    async def _until(self, po_id: str, told: Told) -> None:
        def holds() -> bool:
            row: PurchaseOrderRow | None = self.depot.po(po_id)
            return row is not None and told(row)

        await self.depot.until_true(holds, f"{po_id} goes on", PATIENCE)


@pytest.fixture
def servers(tmp_path: Path) -> Any:
    """The real OpenSSH for NetSuite, and one that fails on demand, of the same files, for Waybill."""
    with (
        OpenSshServer(tmp_path / "files", tmp_path / "openssh") as reach,
        FailingSftpServer(tmp_path / "files", tmp_path / "failing") as failing,
    ):
        yield reach, failing


@pytest.mark.parametrize(
    ("points", "workers", "late"),
    [
        (BEFORE_AND_AFTER, 1, "drop"),
        (("after_send",), 2, "continue"),
        (("after_apply",), 2, "continue"),
    ],
)
async def test_workers_killed_in_every_write_of_a_purchase_order_leave_one_of_each(
    sandbox: SandboxProcess,
    temporal_server: TemporalServer,
    servers: tuple[Any, FailingSftpServer],
    tmp_path: Path,
    points: Sequence[str],
    workers: int,
    late: str,
) -> None:
    reach, failing = servers
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    there = {"host": failing.reach.host, "port": failing.reach.port, "username": failing.reach.username}
    key = {"private_key": str(failing.reach.private_key), "host_keys": list(failing.reach.host_keys)}
    netsuite = {"sftp": {**there, **key, "timeout_read": 0.5}, "waits": {"answer": 300}}
    depot = Depot(sandbox, client, ledger_url(tmp_path), reach, hotwax=QUICK, retailpro=QUICK, netsuite=netsuite)
    for folder in (FULFILLMENT, f"{RECEIPT}/ack"):
        (depot.netsuite.base / folder).mkdir(parents=True)
    doomed = _Doomed(depot, failing, points, tmp_path)
    traps = doomed.set_traps()
    configuration = depot.write_configuration(tmp_path / "waybill.toml")
    processes = [WorkerProcess(configuration, temporal_server.address, traps) for _ in range(workers)]
    async with supervised(processes, lambda: sandbox.post("/admin/release", {"outcome": late})), depot.ticking():
        po_id = await doomed.live()
    assert doomed.unsprung() == set()
    assert sum(process.deaths for process in processes) >= (len(CONFIGS) + 1) * len(points)
    assert depot.netsuite.differences() == []
    assert (depot.made(po_id), len(depot.receipt_files())) == ([{1: "20"}], 1)
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
    await depot.clear()
