"""Every remote operation of purchase orders cut at every point by the network: repeated, it leaves the same state.

`tests/chaos/test_po_deaths.py` cuts the writes by the worker's death.
"""

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from copy import copy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Protocol

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.effects import Effects
from activities.po_netsuite import NetSuiteActivities
from connectors.sftp.client import SftpSession
from connectors.sftp.publication import Publication
from connectors.sftp.settings import OutboundFolder
from domain.outcomes import WriteOutcome
from domain.po_messages import PoRun, PoRunRequest
from domain.purchase_order import PoStage, PurchaseOrder, ReceiptState, ReceiptToSend
from domain.stages import EffectKind
from ledger import effects, po_files, receipt_rows, receipts
from ledger.effects import EffectDraft
from ledger.po_files import FileKind, FileState
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.receipt_rows import ReceiptPart
from operators.bootstrap import LiveTenants, longest_call, open_budget
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.faults import ANY, Deed, Fault
from sandbox.sftp.reach import Reach
from tests.domain.po_life import a_line
from tests.po_files.making import waybill_file
from tests.purchase.conftest import MakeDepot
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import STOCK, Depot, at

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
UPLOADS = "/api/uploadAndImportFile"
UPLOAD_CUTS: Mapping[str, dict[str, Any]] = {
    "turned_away_at_the_door": {"kind": "status", "status": 429, "retry_after": 0},
    "lost_before_it_arrived": {"kind": "drop"},
    "applied_and_never_answered": {"kind": "drop", "when": "after"},
    "answered_and_cut_short": {"kind": "garbage", "garbage": "truncated", "when": "after"},
}
ACKS = f"{RECEIPT}/ack"
CLEAN = 2
"""Turns before the first cut."""
CONFIGS = ("IMP_ASN_PO_FEED", "IMP_CLOSED_PO")
ROW = "{po},PO{po},B,1,{po}1,SKU-1,20,EA,1,0,F,17,2026-12-01,2026-11-20T10:15:00Z"
BAD = "{po}9,PO{po}9,B,1,{po}91,SKU-1,many,EA,1,0,F,17,2026-12-01,2026-11-20T10:15:00Z"


def through(reach: Reach) -> dict[str, Any]:
    """The settings that reach a server."""
    login = {"username": reach.username, "private_key": str(reach.private_key)}
    return {"host": reach.host, "port": reach.port, **login, "host_keys": list(reach.host_keys), "timeout_read": 2}


# ---- uploads into HotWax ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", UPLOAD_CUTS)
async def test_uploads_cut_by_the_network_leave_one_order_its_lines_and_one_receipt(
    make_depot: MakeDepot, cut: str
) -> None:
    depot = make_depot(hotwax={"timeout_read": 1.5})
    for config in CONFIGS:
        depot.sandbox.fault(next=1, path=UPLOADS, body=config, **UPLOAD_CUTS[cut])
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("close", po_id, line=4)
        await depot.export()
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert [fault["fired"] for fault in depot.sandbox.get("/admin/faults")["faults"]] == [1, 1]
    assert depot.netsuite.differences() == []
    assert depot.made(po_id) == [{1: "20"}]


async def test_two_workers_at_once_make_one_of_everything(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"sizes": {"orders_per_upload": 1, "receipts_per_file": 1}})
    po_ids = [depot.netsuite.order() for _ in range(4)]
    other = copy(depot)
    other.client = await Client.connect(
        depot.client.service_client.config.target_host, data_converter=pydantic_data_converter
    )
    async with depot.working(), other.working():
        depot.netsuite.good_run("export", depot.kind)
        await _twice(depot, PoRun.FILES)
        await depot.run_until(PoRun.FILES, lambda: all(depot.po(po_id) for po_id in po_ids))
        for run in (PoRun.IMPORTS, PoRun.IMPORTS):
            await _twice(depot, run)
        for po_id in po_ids:
            await depot.into_hotwax(po_id)
            depot.receive(po_id, line_1=20, line_4=12)
        for run in (PoRun.RECEIPTS, PoRun.RECEIPT_FILES, PoRun.RECEIPT_FILES):
            await _twice(depot, run)
        for po_id in po_ids:
            await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.netsuite.differences() == []
    assert [len(depot.made(po_id)) for po_id in po_ids] == [1] * len(po_ids)


async def _twice(depot: Depot, run: PoRun) -> None:
    """Two runs at once."""
    await asyncio.gather(depot.run(run), depot.run(run))


class _Stalled:
    """Lets a file be published as always, but the first time only once `go_on` is set: the worker's process froze."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()
        publish = SftpSession.publish_file

        def publish_file(session: SftpSession, body: str) -> WriteOutcome:
            if not self.began.is_set():
                self.began.set()
                assert self.go_on.wait(30)
            return publish(session, body)

        monkeypatch.setattr(SftpSession, "publish_file", publish_file)


@pytest.mark.parametrize("has_read", [False, True], ids=["unread", "read by NetSuite"])
async def test_a_publisher_that_comes_back_after_its_lease_publishes_no_second_file(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, *, has_read: bool
) -> None:
    depot = make_depot(netsuite=STOCK)
    stalled = _Stalled(monkeypatch)
    operation = _PublishReceipts()
    (depot.netsuite.base / RECEIPT).mkdir(parents=True)
    operation.prepare(depot, 0)
    with closing(Runs(depot, lease=timedelta(0))) as frozen, closing(Runs(depot, lease=timedelta(0))) as other:
        first = asyncio.create_task(asyncio.to_thread(frozen.run, PoRun.RECEIPT_FILES))
        assert await asyncio.to_thread(stalled.began.wait, 20)
        await asyncio.to_thread(other.until_it_goes_well, PoRun.RECEIPT_FILES)
        if has_read:
            depot.netsuite.good_run("import", "stock")
        stalled.go_on.set()
        await asyncio.gather(first, return_exceptions=True)
    [row] = depot.receipts("4430000")
    assert row.state is ReceiptState.SENT
    assert depot.netsuite.files(RECEIPT) == ([] if has_read else [row.file_name])


# ---- files over SFTP -------------------------------------------------------------------------------------------------


class Runs:
    """The runs' activities of one depot as a worker has them, without Temporal around them."""

    def __init__(self, depot: Depot, lease: timedelta | None = None) -> None:
        self.depot = depot
        self._tenants = LiveTenants(depot.settings, open_budget(depot.settings, depot.ledger))
        settings = depot.settings.tenants[depot.tenant]
        made = Effects(depot.ledger, longest_call(settings) if lease is None else lease)
        self.netsuite = NetSuiteActivities(depot.ledger, self._tenants, made)

    def run(self, run: PoRun) -> None:
        """One run, in a worker's activity."""
        work = {
            PoRun.FILES: self.netsuite.take_purchase_orders,
            PoRun.RECEIPT_FILES: self.netsuite.send_receipts,
            PoRun.ANSWERS: self.netsuite.read_answers,
        }[run]
        ActivityEnvironment().run(work, PoRunRequest(tenant=self.depot.tenant, run=run))

    def until_it_goes_well(self, run: PoRun) -> int:
        """Run again until nothing stands in the way; how often it was cut."""
        for cuts in range(9):
            try:
                self.run(run)
            except ApplicationError as error:
                if error.non_retryable:
                    raise
            else:
                return cuts
        raise AssertionError(f"{run} never went well")

    def close(self) -> None:
        """End the connections."""
        self._tenants.close()


class Operation(Protocol):
    """Something that a run does with files; each turn has a file of its own."""

    run: PoRun

    def prepare(self, depot: Depot, turn: int) -> None:
        """Lay ready what the run is to work at."""

    def check(self, depot: Depot, turn: int) -> None:
        """The state is as if nothing had gone wrong."""


class _TakeFile:
    """A file is listed, claimed, read, its bad row reported, and put into the archive."""

    run = PoRun.FILES

    def prepare(self, depot: Depot, turn: int) -> None:
        po = 4420000 + turn
        depot.netsuite.put(f"WB-PO-{turn}.csv", waybill_file(ROW.format(po=po), BAD.format(po=po)), FULFILLMENT)

    def check(self, depot: Depot, turn: int) -> None:
        mine = [file for file in depot.files() if file.name == f"WB-PO-{turn}.csv"]
        assert {file.state for file in mine} <= {FileState.DONE, FileState.REPEAT}
        assert [file.state for file in mine].count(FileState.DONE) == 1
        assert depot.known_po(str(4420000 + turn)).told
        for folder, each in (("", 0), ("/claimed", 0), ("/archive", 1)):
            assert len(depot.netsuite.files(FULFILLMENT + folder)) == each * (turn + 1)
        reports = [name for name in depot.netsuite.files(f"{FULFILLMENT}/error") if name.endswith("-bad-rows.csv")]
        assert len(reports) == turn + 1


class _PublishReceipts:
    """A promised receipt lies in a file that the importer sees whole or not at all."""

    run = PoRun.RECEIPT_FILES

    def prepare(self, depot: Depot, turn: int) -> None:
        po_id = str(4430000 + turn)
        with depot.ledger.writing() as session:
            told = PurchaseOrder(tenant=depot.tenant, po_id=po_id, lines=(a_line("1", 20),)).model_dump_json()
            session.add(PurchaseOrderRow(tenant=depot.tenant, po_id=po_id, told=told, stage_since=NOW, seen_at=NOW))
            session.flush()
            part = ReceiptPart(
                part_id=f"R{turn}",
                shipment_id=f"S{turn}",
                line_id="1",
                sku="SKU-1",
                accepted=Decimal(5),
                rejected=Decimal(0),
                received_at=NOW,
            )
            receipt_rows.record_parts(session, depot.tenant, po_id, [part], NOW)
            receipts.take_for_complete(session, depot.tenant, NOW)
            owed = ReceiptToSend(
                receipt_id=f"{po_id}-S{turn}", po_id=po_id, received_at=NOW, quantities={"1": Decimal(5)}
            )
            session.flush()
            assert receipts.promise(session, depot.tenant, owed, datetime.now(UTC))

    def check(self, depot: Depot, turn: int) -> None:
        [row] = depot.receipts(str(4430000 + turn))
        assert row.state is ReceiptState.SENT
        names = depot.netsuite.files(RECEIPT)
        assert (row.file_name in names, len(names)) == (True, turn + 1)
        assert f'"receipt_id":"{row.receipt_id}"' in depot.netsuite.text(RECEIPT, str(row.file_name))


class _TakeAnswer(_PublishReceipts):
    """An answer is claimed, read, and put into the archive."""

    run = PoRun.ANSWERS

    def prepare(self, depot: Depot, turn: int) -> None:
        super().prepare(depot, turn)
        name = f"WB-RCPT-20261120T180000Z-{turn}.json"
        with depot.ledger.writing() as session:
            row = session.get_one(ReceiptRow, (depot.tenant, f"{4430000 + turn}-S{turn}"))
            row.state, row.file_name, row.effect_key = ReceiptState.SENT, name, f"{turn}"
            file = Publication(folder=OutboundFolder(path=RECEIPT), name=name, content="[]")
            draft = EffectDraft(
                key=f"{turn}",
                tenant=depot.tenant,
                kind=EffectKind.RECEIPT_FILE,
                remote_no=name,
                body=file.model_dump_json(),
            )
            effects.promise(session, draft, NOW)
        answer = {"receipt_id": row.receipt_id, "order_id": row.po_id, "result": "created", "item_receipt_id": "9"}
        whole = {
            "version": 1,
            "file": name,
            "sha256": sha256(b"[]").hexdigest(),
            "processed_at": "2026-11-20T18:05:00Z",
        }
        results = [{**answer, "po_status": "F", "reason": None}]
        depot.netsuite.put(name.replace(".json", ".ack.json"), {**whole, "problem": None, "results": results}, ACKS)

    def check(self, depot: Depot, turn: int) -> None:
        [row] = depot.receipts(str(4430000 + turn))
        assert (row.state, row.item_receipt_id) == (ReceiptState.CREATED, "9")
        assert depot.netsuite.files(ACKS) == depot.netsuite.files(f"{ACKS}/claimed") == []
        assert len(depot.netsuite.files(f"{ACKS}/archive")) == turn + 1


@pytest.fixture
def runs(make_depot: MakeDepot, failing: FailingSftpServer) -> Iterator[Runs]:
    """The runs of a depot whose SFTP server fails on demand."""
    depot = make_depot(netsuite={"sftp": through(failing.reach)})
    for folder in (FULFILLMENT, ACKS):
        (depot.netsuite.base / folder).mkdir(parents=True)
    with closing(Runs(depot)) as made:
        yield made


@pytest.mark.parametrize(
    "operation", [_TakeFile(), _PublishReceipts(), _TakeAnswer()], ids=lambda it: type(it).__name__
)
@pytest.mark.parametrize("deed", [Deed.CUT_BEFORE, Deed.CUT_AFTER])
async def test_a_run_cut_at_each_of_its_requests_ends_as_if_nothing_had_happened(
    runs: Runs, failing: FailingSftpServer, operation: Operation, deed: Deed
) -> None:
    asked = _requests_of(runs, failing, operation)
    assert {"scandir", "open"} & set(asked)
    cuts = 0
    for number in range(len(asked)):
        operation.prepare(runs.depot, turn := number + CLEAN)
        failing.faults.plan(Fault(ANY, deed, skip=number))
        cuts += runs.until_it_goes_well(operation.run)
        failing.faults.clear()
        operation.check(runs.depot, turn)
    # What closes a file is not always waited for: then nobody notices the cut.
    assert cuts >= len(asked) * 2 // 3


def _requests_of(runs: Runs, failing: FailingSftpServer, operation: Operation) -> list[str]:
    """What the server is asked when nothing goes wrong; the first turn of all makes folders besides."""
    for turn in range(CLEAN):
        operation.prepare(runs.depot, turn)
        failing.faults.clear()
        runs.run(operation.run)
        operation.check(runs.depot, turn)
    return [name for name, _ in failing.faults.requests]


@pytest.mark.parametrize("deed", [Deed.FORBID, Deed.FAIL, Deed.NO_SPACE, Deed.SPOIL])
@pytest.mark.parametrize("operation", [_TakeFile(), _PublishReceipts()], ids=lambda it: type(it).__name__)
async def test_a_server_that_refuses_a_write_once_is_asked_again(
    runs: Runs, failing: FailingSftpServer, operation: Operation, deed: Deed
) -> None:
    failing.faults.plan(Fault("write", deed))
    operation.prepare(runs.depot, 0)
    assert runs.until_it_goes_well(operation.run) >= 1
    operation.check(runs.depot, 0)


async def test_a_file_whose_run_died_before_it_was_put_away_is_finished_by_the_next(runs: Runs) -> None:
    operation = _TakeFile()
    operation.prepare(runs.depot, 0)
    name = "20261120T101500Z-waybill-WB-PO-0.csv"
    place = runs.depot.netsuite.base / FULFILLMENT
    claimed_at = datetime(2026, 11, 20, 10, 15, tzinfo=UTC).timestamp()
    os.utime(place / "WB-PO-0.csv", (claimed_at, claimed_at))
    (place / "claimed").mkdir()
    (place / "WB-PO-0.csv").rename(place / "claimed" / name)
    with runs.depot.ledger.writing() as session:
        file = po_files.taken(session, runs.depot.tenant, FileKind.ORDERS, "WB-PO-0.csv", name, NOW)
        po_files.stage(session, file.id or 0, [(1, "4420000", "half a row")])
    runs.run(PoRun.FILES)
    operation.check(runs.depot, 0)
