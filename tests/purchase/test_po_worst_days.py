"""What NetSuite, its server and its people do on their worst days: told, bounded, and with a way out for each."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.effects import Effects, Writer
from activities.po_netsuite import NetSuiteActivities
from connectors.po_files.limits import DEFAULT_LIMITS
from domain.outcomes import EffectResult
from domain.po_messages import PoRun, PoRunRequest
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from ledger.po_files import FileState
from operators.bootstrap import LiveTenants, longest_call, open_budget
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.faults import Deed, Fault
from tests.po_files.making import waybill_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_cut_points import BAD, ROW, through
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

ACKS = f"{RECEIPT}/ack"
SYNCED = at(PoStage.RECEIPT_SYNCED)


async def _answered(depot: Depot, po_id: str) -> str:
    """A receipt that NetSuite has made, and whose answer nobody has read yet; the answer's name."""
    await depot.bring_in(po_id)
    depot.receive(po_id, line_1=20, line_4=12)
    await depot.run(PoRun.RECEIPTS)
    await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
    depot.netsuite.good_run("import", depot.kind)
    [name] = depot.netsuite.files(ACKS)
    return name


# ---- answers ---------------------------------------------------------------------------------------------------------


async def test_a_receipt_whose_answer_was_lost_is_sent_again_and_made_once(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"waits": {"answer": 1}})
    po_id = depot.netsuite.order()
    async with depot.working():
        (depot.netsuite.base / ACKS / await _answered(depot, po_id)).unlink()
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert "no answer to" in row.hold_evidence
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


@pytest.mark.parametrize("size", [100, DEFAULT_LIMITS.document_bytes + 1])
async def test_an_answer_that_is_no_use_is_told_by_its_orders_and_they_go_on_by_a_repeat(
    make_depot: MakeDepot, size: int
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        place = depot.netsuite.base / ACKS / await _answered(depot, po_id)
        with place.open("r+b") as file:
            file.truncate(size)
        await depot.run(PoRun.ANSWERS)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        assert place.name in row.hold_evidence
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
    assert len(depot.netsuite.files(f"{ACKS}/error")) == 1


async def test_an_answer_without_one_of_its_receipts_tells_the_others_once_and_that_one_is_held_until_it_comes(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite={"waits": {"answer": 1}})
    answered, open_one = po_ids = sorted(depot.netsuite.order() for _ in range(2))
    async with depot.working():
        for po_id in po_ids:
            await depot.bring_in(po_id)
            depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: all(map(_is_promised(depot), po_ids)), "both are promised")
        await depot.run(PoRun.RECEIPT_FILES)
        depot.netsuite.good_run("import", depot.kind)
        [name] = depot.netsuite.files(ACKS)
        whole = json.loads(depot.netsuite.text(ACKS, name))
        some = [result for result in whole["results"] if result["order_id"] == answered]
        for _ in range(2):
            depot.netsuite.put(name, {**whole, "results": some}, ACKS)
            await depot.run(PoRun.ANSWERS)
        await depot.until_po(answered, SYNCED)
        row = await depot.until_po(open_one, held(HoldCause.RECEIPT_UNANSWERED))
        assert depot.receipts(open_one)[0].state is ReceiptState.SENT
        assert "no answer to" in row.hold_evidence
        depot.netsuite.put(name, whole, ACKS)
        await depot.run(PoRun.ANSWERS)
        await depot.until_po(open_one, SYNCED)
    told = [[line for line in depot.story(po_id) if line.startswith("receipt: ")] for po_id in po_ids]
    assert [len([line for line in lines if " is created " in line]) for lines in told] == [1, 1]
    assert [len([line for line in lines if name.removesuffix(".ack.json") in line]) for lines in told] == [2, 2]


def _is_promised(depot: Depot) -> Callable[[str], bool]:
    return lambda po_id: [row.state for row in depot.receipts(po_id)] == [ReceiptState.PROMISED]


class _AnsweredMeanwhile(Effects):
    """Remote writes after which the world goes on before their caller does."""

    meanwhile: Callable[[], None]

    def ensure(self, key: str, writer: Writer) -> EffectResult:
        """As always."""
        made = super().ensure(key, writer)
        self.meanwhile()
        return made


async def test_an_answer_that_is_read_before_the_sending_is_written_down_stays(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
    tenants = LiveTenants(depot.settings, open_budget(depot.settings, depot.ledger))
    made = _AnsweredMeanwhile(depot.ledger, longest_call(depot.settings.tenants[depot.tenant]))
    runs = NetSuiteActivities(depot.ledger, tenants, made)

    def run(work: Callable[[PoRunRequest], Any], of: PoRun) -> None:
        ActivityEnvironment().run(work, PoRunRequest(tenant=depot.tenant, run=of))

    def meanwhile() -> None:
        depot.netsuite.good_run("import", depot.kind)
        run(runs.read_answers, PoRun.ANSWERS)

    made.meanwhile = meanwhile
    run(runs.send_receipts, PoRun.RECEIPT_FILES)
    tenants.close()
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]


# ---- files -----------------------------------------------------------------------------------------------------------


async def test_a_row_that_names_no_order_holds_all_of_its_file_and_closes_nothing(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        row = ROW.format(po=po_id).replace("2026-11-20T10:15:00Z", "2099-12-31T00:00:00Z")
        damaged = row.replace(f"{po_id},PO{po_id},B,1", f" {po_id},PO{po_id},B,4", 1)
        depot.netsuite.put("WB-PO-20991231T000000Z-1.csv", waybill_file(row, damaged), FULFILLMENT)
        await depot.take_files()
        held_row = await depot.until_po(po_id, held(HoldCause.BAD_ROWS))
        await depot.run(PoRun.IMPORTS)
    assert "po_id" in held_row.hold_evidence
    assert not (depot.known_po(po_id).imported or {})["4"]["closed"]


@pytest.mark.parametrize(
    ("operation", "deed", "cause"),
    [
        ("posix_rename", Deed.FORBID, HoldCause.REMOTE_FORBIDS),
        ("posix_rename", Deed.FAIL, HoldCause.REMOTE_UNREACHABLE),
        ("open", Deed.FAIL, HoldCause.REMOTE_UNREACHABLE),
        ("lstat", Deed.FAIL, HoldCause.REMOTE_UNREACHABLE),
    ],
)
async def test_one_file_that_cannot_be_taken_stops_none_behind_it_and_is_told(
    make_depot: MakeDepot, failing: FailingSftpServer, operation: str, deed: Deed, cause: HoldCause
) -> None:
    depot = make_depot(netsuite={"sftp": through(failing.reach)})
    for number in (1, 2):
        depot.netsuite.put(f"WB-PO-0-{number}.csv", waybill_file(ROW.format(po=77000 + number)), FULFILLMENT)
    failing.faults.plan(Fault(operation, deed, name="WB-PO-0-1.csv", times=1000))
    async with depot.working():
        task = asyncio.create_task(depot.run(PoRun.FILES))
        await depot.until_true(lambda: any(run.hold_cause for run in depot.runs()), "the run says what is wrong")
        assert depot.known_po("77002").stage is PoStage.PENDING
        assert [run.hold_cause for run in depot.runs()] == [cause]
        assert "WB-PO-0-1.csv" in depot.runs()[0].hold_evidence
        failing.faults.clear()
        await task
    assert depot.known_po("77001").stage is PoStage.PENDING


async def test_one_file_that_cannot_be_put_away_stops_none_behind_it_and_is_read_once(
    make_depot: MakeDepot, failing: FailingSftpServer
) -> None:
    depot = make_depot(netsuite={"sftp": through(failing.reach)})
    depot.netsuite.put("WB-PO-0-1.csv", waybill_file(ROW.format(po=77001)), FULFILLMENT)
    failing.faults.plan(Fault("posix_rename", Deed.FORBID, name="-waybill-WB-PO-0-1.csv", times=1000))
    async with depot.working():
        task = asyncio.create_task(depot.run(PoRun.FILES))
        await depot.until_true(lambda: any(run.hold_cause for run in depot.runs()), "the run says what is wrong")
        depot.netsuite.put("WB-PO-0-2.csv", waybill_file(ROW.format(po=77002)), FULFILLMENT)
        await depot.until_true(lambda: depot.po("77002") is not None, "the other file is read")
        assert "WB-PO-0-1.csv" in depot.runs()[0].hold_evidence
        failing.faults.clear()
        await task
    assert [file.state for file in depot.files()] == [FileState.DONE] * 2
    assert len(depot.netsuite.files(f"{FULFILLMENT}/archive")) == 2


async def test_a_report_of_bad_rows_of_an_older_ledger_is_not_in_the_way(make_depot: MakeDepot) -> None:
    depot = make_depot()
    error = depot.netsuite.base / FULFILLMENT / "error"
    error.mkdir(parents=True)
    (error / "1-bad-rows.csv").write_text("another ledger's\n")
    content = waybill_file(ROW.format(po="78001"), BAD.format(po="7800"))
    depot.netsuite.put("WB-PO-0-1.csv", content, FULFILLMENT)
    async with depot.working():
        await depot.take_files()
    assert depot.po("78001") is not None
    assert len(depot.netsuite.files(f"{FULFILLMENT}/error")) == 2


# ---- goods -----------------------------------------------------------------------------------------------------------


async def test_a_count_that_is_no_part_of_a_unit_may_be_left_to_people(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order({"item": "SKU-1", "quantity": 5, "location": 17, "unit": "BOX", "unitRate": 12})
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=7)
        await depot.carry(po_id, held(HoldCause.UNIT_NOT_EXACT))
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, at(PoStage.RECEIVED))
        depot.receive(po_id, line_1=24)
        await depot.sync_all(po_id)
    assert depot.made(po_id) == [{1: "2"}]


async def test_a_correction_after_the_end_is_held_with_both_numbers(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.carry(po_id, SYNCED)
        depot.desk("correct", po_id, accepted=19, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_CHANGED))
    assert "19" in row.hold_evidence
    assert "20" in row.hold_evidence
