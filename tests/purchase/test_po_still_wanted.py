"""Receipts that were promised before their purchase order changed: they go as they are owed now, or not at all."""

import asyncio
from contextlib import closing
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import NetSuiteMode, ReceiptState
from domain.stages import HoldCause
from tests.po_files.making import stock_file, waybill_file
from tests.purchase.conftest import MakeDepot, MakeIn, MakeOwn
from tests.purchase.test_po_cut_points import Runs
from tests.purchase.test_po_files import _row
from tests.purchase.test_po_rest import TRANSFORM
from tests.purchase.test_po_switched import promised, proved, switch, tried, unwritable
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import STOCK, Depot, held

pytestmark = pytest.mark.anyio

LINE: dict[str, Any] = {"item": "SKU-1", "quantity": 20, "location": 17}
ADDED = {"item": "SKU-2", "quantity": 7, "location": 17}
TWO = "{0},SKU-1,20,17,1, {0},SKU-2,7,17,4,"


def add_line(depot: Depot, po_id: str, line_4: str = "SKU-2,7,17,4,") -> None:
    """A line is added in NetSuite, and the next file tells it."""
    depot.netsuite.act("add_line", po_id, new=ADDED)
    told = stock_file(f"{po_id},SKU-1,20,17,1,", f"{po_id},{line_4}")
    depot.netsuite.put("amended PurchaseOrder.csv", told, FULFILLMENT)


# ---- in a file that never came to the server -------------------------------------------------------------------------


async def test_a_file_that_never_left_is_written_anew_when_a_line_was_added(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        with unwritable(depot):
            await tried(depot, po_id)
            add_line(depot, po_id)
            await depot.take_files()
        await depot.sync(po_id)
        assert (await proved(depot)).ok
    assert depot.made(po_id) == [{1: "5"}]
    assert any("is not sent as it was promised" in entry for entry in depot.story(po_id))


async def test_a_file_that_never_left_does_not_go_while_its_purchase_order_is_held(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        with unwritable(depot):
            await tried(depot, po_id)
            add_line(depot, po_id, "SHOE, BLACK,7,17,4,")
            await depot.take_files()
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.until_po(po_id, held(HoldCause.BAD_ROWS))
        await depot.round()
    assert depot.receipt_files() == []
    assert depot.receipts(po_id)[0].state is ReceiptState.NEW


async def test_a_file_that_never_left_goes_with_what_a_store_has_corrected_since(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        with unwritable(depot):
            await tried(depot, po_id)
            depot.desk("correct", po_id, accepted=3)
            await depot.run(PoRun.SWEEP)
        await depot.sync(po_id)
        assert depot.known_po(po_id).hold_cause is None
    assert depot.made(po_id) == [{1: "3"}]


async def test_a_file_that_never_left_and_fits_still_goes_under_its_name(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        with unwritable(depot):
            await tried(depot, po_id)
        name = depot.receipts(po_id)[0].file_name
        await depot.run(PoRun.RECEIPT_FILES)
    assert depot.receipt_files() == [name]


# ---- in a file that the stock importer has yet to read ---------------------------------------------------------------


async def unread(depot: Depot, po_id: str) -> None:
    """A receipt of five pieces lies in a file that the importer has not read."""
    await promised(depot, po_id)
    await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.receipt_files()))


@pytest.mark.parametrize(("row", "told"), [("SKU-2,7,17,4,", "line 4, told"), ("A, B,7,17,4,", "what this row tells")])
async def test_a_line_that_was_added_while_a_file_lay_unread_holds_its_receipt(
    make_depot: MakeDepot, row: str, told: str
) -> None:
    """The stock importer receives in full what a file does not name, and the ledger was told of the line in time."""
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await unread(depot, po_id)
        add_line(depot, po_id, row)
        await depot.take_files()
        depot.netsuite.good_run("import", "stock")
        await depot.run_until(PoRun.ANSWERS, lambda: depot.receipts(po_id)[0].state is ReceiptState.UNKNOWN)
        assert f"does not name {told}" in depot.receipts(po_id)[0].problem
        depot.netsuite.put("mended PurchaseOrder.csv", stock_file(*TWO.format(po_id).split()), FULFILLMENT)
        await depot.take_files()
        await depot.round()  # no longer silence settles it
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.until_po(po_id, lambda row: row.hold_cause is None)
    assert depot.made(po_id) == [{1: "5", 4: "7"}]


async def test_lines_that_a_file_names_may_change_while_it_lies_unread(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order()
    async with depot.working():
        await unread(depot, po_id)
        depot.netsuite.act("amend", po_id, line=4, quantity=15)
        told = stock_file(f"{po_id},SKU-1,20,17,1,", f"{po_id},SKU-2,15,17,4,")
        depot.netsuite.put("amended PurchaseOrder.csv", told, FULFILLMENT)
        await depot.take_files()
        await depot.sync(po_id)
        assert depot.known_po(po_id).hold_cause is None
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNVERIFIED]
    assert depot.made(po_id) == [{1: "5"}]


async def test_a_complete_line_that_is_raised_while_a_file_lies_unread_holds_its_receipt(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.sync(po_id)
        depot.receive(po_id, line_4=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.netsuite.files(RECEIPT)))
        depot.netsuite.act("amend", po_id, line=1, quantity=30)
        told = stock_file(f"{po_id},SKU-1,30,17,1,", f"{po_id},SKU-2,12,17,4,")
        depot.netsuite.put("amended PurchaseOrder.csv", told, FULFILLMENT)
        await depot.take_files()
        depot.netsuite.good_run("import", "stock")
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
    assert "does not name line 1, told" in row.hold_evidence
    assert depot.made(po_id) == [{1: "20"}, {1: "10", 4: "5"}]


# ---- over REST -------------------------------------------------------------------------------------------------------


async def test_a_call_that_was_never_taken_is_made_with_what_a_store_has_corrected_since(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        refused = depot.sandbox.fault("status", status=403, code="INSUFFICIENT_PERMISSION", **TRANSFORM)
        await tried(depot, po_id)
        depot.desk("correct", po_id, accepted=3)
        await depot.run(PoRun.SWEEP)
        assert depot.sandbox.admin.delete(f"/admin/faults/{refused['id']}").is_success
        await depot.sync(po_id)
        assert depot.known_po(po_id).hold_cause is None
    assert depot.made(po_id) == [{1: "3"}]


# ---- before any file has it ------------------------------------------------------------------------------------------


async def test_a_promise_waits_for_its_workflow_to_hear_of_a_line_that_was_added(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await promised(depot, po_id)
        add_line(depot, po_id)
        with closing(Runs(depot)) as runs:
            while len(depot.files()) < 2:
                await asyncio.to_thread(runs.run, PoRun.FILES)
            assert depot.known_po(po_id).news > depot.known_po(po_id).heard
            await asyncio.to_thread(runs.run, PoRun.RECEIPT_FILES)
        assert depot.receipt_files() == []
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_a_promise_of_a_purchase_order_with_bad_rows_never_goes_to_the_stock_importer(make_in: MakeIn) -> None:
    depot = make_in("files+waybill-scripts", policy={"partial_pos": True})
    po_id = depot.netsuite.order()
    told = waybill_file(_row(po_id=int(po_id)), _row(po_id=int(po_id), line=4, facility=""))
    depot.netsuite.put("WB-PO-1.csv", told, FULFILLMENT)
    async with depot.working():
        await depot.take_files()
        await depot.into_hotwax(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        switch(depot, NetSuiteMode.STOCK)
    async with depot.working():
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.until_po(po_id, held(HoldCause.BAD_ROWS))
    assert depot.receipt_files() == []


# ---- sent before, and to be sent again -------------------------------------------------------------------------------

_IN_UNITS = "{po_id},PO{po_id},B,1,{po_id}1,SKU-1,{quantity},{unit},{rate},0,F,17,2026-12-01,2026-11-2{day}T10:15:00Z"


async def told_in(depot: Depot, po_id: str, day: int, unit: str, rate: int) -> None:
    """NetSuite tells the one line, of 120 pieces, in this unit."""
    row = _IN_UNITS.format(po_id=po_id, quantity=120 // rate, unit=unit, rate=rate, day=day)
    depot.netsuite.put(f"WB-PO-{day}.csv", waybill_file(row), FULFILLMENT)
    await depot.take_files()


async def test_a_receipt_is_not_sent_again_as_it_was_once_its_line_has_another_unit(make_depot: MakeDepot) -> None:
    depot, po_id = make_depot(netsuite={"waits": {"answer": 1}}), "4410021"
    (depot.netsuite.base / RECEIPT).mkdir(parents=True)
    async with depot.working():
        await told_in(depot, po_id, 0, "EA", 1)
        await depot.into_hotwax(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.receipt_files()))
        (depot.netsuite.base / RECEIPT / depot.receipt_files()[0]).unlink()
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        await told_in(depot, po_id, 1, "CASE", 12)
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        row = await depot.until_po(po_id, held(HoldCause.UNIT_NOT_EXACT))
        assert "5 units of 1 were sent" in row.hold_evidence
        await depot.run(PoRun.RECEIPT_FILES)
        assert depot.receipt_files() == []
        await told_in(depot, po_id, 2, "EA", 1)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.receipt_files()))
    assert '"quantity":"5"' in depot.netsuite.text(RECEIPT, depot.receipt_files()[0])
