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
from tests.support.doomed_worker import mark_name
from tests.support.rest_depot import RestDepot
from tests.support.sandbox import SandboxProcess
from tests.support.town import ledger_url
from tests.support.workers import WorkerProcess, supervised

pytestmark = pytest.mark.anyio

RECEIPT = "item_receipt-1"
TRANSFORM = {"system": "netsuite", "method": "POST", "path_regex": "!transform"}
JOB = {"system": "netsuite", "method": "GET", "path_regex": "/async/v1/job/[0-9]+$"}
QUICK: dict[str, Any] = {"timeout_connect": 0.2, "timeout_read": 0.3}
PATIENCE = 240


def trap_at(moment: str, sandbox: SandboxProcess) -> dict[str, Any]:
    """A trap at this moment of the call; what holds the call in the air meanwhile is planned."""
    if moment == "before_and_after":
        return {"points": ["before_send", "after_answer"]}
    when, call, point = {
        "while_its_job_runs": ("before", JOB, "after_send"),
        "after_send": ("before", TRANSFORM, "after_send"),
        "after_apply": ("after", TRANSFORM, "after_apply"),
    }[moment]
    sandbox.fault("stall", when=when, next=1, **call)
    return {"points": [point], "see": f"{sandbox.admin_url}/admin/held"}


@pytest.mark.parametrize(
    ("moment", "as_job"),
    [
        ("before_and_after", False),
        ("after_send", False),
        ("after_apply", False),
        ("after_apply", True),
        ("while_its_job_runs", True),
    ],
)
async def test_a_worker_killed_in_a_receipt_over_rest_leaves_one(
    sandbox: SandboxProcess,
    temporal_server: TemporalServer,
    openssh: Reach,
    tmp_path: Path,
    moment: str,
    *,
    as_job: bool,
) -> None:
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    rest = {**QUICK, "respond_async": as_job, "job_wait": 1}
    tenant: dict[str, Any] = {"hotwax": QUICK, "retailpro": QUICK, "netsuite": {"rest": rest}}
    depot = RestDepot(sandbox, client, ledger_url(tmp_path), openssh, tmp_path, **tenant)
    sandbox.change(netsuite_job_delay_s=0.5 if as_job else 0)
    traps = tmp_path / "traps.json"
    trap = trap_at(moment, sandbox)
    traps.write_text(json.dumps({RECEIPT: trap}))
    worker = WorkerProcess(depot.write_configuration(tmp_path / "waybill.toml"), temporal_server.address, traps)
    po_id = depot.netsuite.order()
    async with supervised([worker], lambda: sandbox.post("/admin/release", {"outcome": "continue"})), depot.ticking():
        await depot.until_true(lambda: depot.po(po_id) is not None, "the order is known", PATIENCE)
        await depot.until_true(lambda: at(PoStage.IMPORTED)(depot.known_po(po_id)), "it is imported", PATIENCE)
        depot.receive(po_id, line_1=20, line_4=12)
        synced = at(PoStage.RECEIPT_SYNCED)
        await depot.until_true(lambda: synced(depot.known_po(po_id)), "its receipt is in NetSuite", PATIENCE)
    assert [point for point in trap["points"] if not (tmp_path / mark_name(RECEIPT, point)).exists()] == []
    assert worker.deaths == len(trap["points"])
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
    assert depot.netsuite.differences() == []
    await depot.clear()
