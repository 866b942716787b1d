"""The worker dies at every point of a receipt over REST: one item receipt, whichever call it died in."""

import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.purchase_order import PoStage, ReceiptState
from operators.temporal_server import TemporalServer
from sandbox.sftp.reach import Reach
from tests.support.depot import at
from tests.support.rest_depot import RestDepot
from tests.support.sandbox import SandboxProcess
from tests.support.town import ledger_url
from tests.support.workers import WorkerProcess, supervised

pytestmark = pytest.mark.anyio

RECEIPT = "item_receipt-1"
TRANSFORM = {"system": "netsuite", "method": "POST", "path_regex": "!transform"}
QUICK: dict[str, Any] = {"timeout_connect": 0.2, "timeout_read": 0.3}
PATIENCE = 120


def trap_at(point: str, sandbox: SandboxProcess) -> dict[str, str]:
    """A trap at this point of the call; what holds the call in the air meanwhile is planned."""
    if point in {"before_send", "after_answer"}:
        return {"point": point}
    when = {"after_send": "before", "after_apply": "after"}[point]
    sandbox.fault("stall", when=when, next=1, **TRANSFORM)
    return {"point": point, "see": f"{sandbox.admin_url}/admin/held"}


@pytest.mark.parametrize(
    ("point", "as_job"),
    [
        ("before_send", False),
        ("after_send", False),
        ("after_apply", False),
        ("after_answer", False),
        ("after_apply", True),
    ],
)
async def test_a_worker_killed_in_a_receipt_over_rest_leaves_one(
    sandbox: SandboxProcess,
    temporal_server: TemporalServer,
    openssh: Reach,
    tmp_path: Path,
    point: str,
    *,
    as_job: bool,
) -> None:
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    rest = {**QUICK, "respond_async": as_job, "job_wait": 1}
    tenant: dict[str, Any] = {"hotwax": QUICK, "retailpro": QUICK, "netsuite": {"rest": rest}}
    depot = RestDepot(sandbox, client, ledger_url(tmp_path), openssh, tmp_path, **tenant)
    sandbox.change(netsuite_job_delay_s=0.5 if as_job else 0)
    traps = tmp_path / "traps.json"
    traps.write_text(json.dumps({RECEIPT: trap_at(point, sandbox)}))
    worker = WorkerProcess(depot.write_configuration(tmp_path / "waybill.toml"), temporal_server.address, traps)
    po_id = depot.netsuite.order()
    async with supervised([worker], lambda: sandbox.post("/admin/release", {"outcome": "continue"})), depot.ticking():
        await depot.until_true(lambda: depot.po(po_id) is not None, "the order is known", PATIENCE)
        await depot.until_true(lambda: at(PoStage.IMPORTED)(depot.known_po(po_id)), "it is imported", PATIENCE)
        depot.receive(po_id, line_1=20, line_4=12)
        synced = at(PoStage.RECEIPT_SYNCED)
        await depot.until_true(lambda: synced(depot.known_po(po_id)), "its receipt is in NetSuite", PATIENCE)
    assert ((tmp_path / RECEIPT).exists(), worker.deaths) == (True, 1)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
    assert depot.netsuite.differences() == []
    await depot.clear()
