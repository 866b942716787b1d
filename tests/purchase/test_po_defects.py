"""The defects of the stock purchase order flow by their number in hotwax.md 4.7, and what Waybill does instead.

With our own scripts in NetSuite most of them cannot happen. With the stock scripts Waybill keeps out of their way as
far as files can do it; what is left it tells, and never calls confirmed.
"""

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from ledger.po_files import FileState
from tests.purchase.conftest import MakeDepot, MakeOwn
from tests.purchase.stock_flow import LINE, SYNCED, received_right, yesterday
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import STOCK, held

pytestmark = pytest.mark.anyio


# ---- 1 to 6: the way out of NetSuite ---------------------------------------------------------------------------------


async def test_defect_01_an_order_of_yesterday_that_is_approved_today_is_imported(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE, created=yesterday(), approval="pending")
    async with depot.working():
        await depot.export()
        await depot.run(PoRun.IMPORTS)
        row = await depot.until_po(po_id, lambda row: "approval" in row.waiting_for)
        assert row.stage is PoStage.PENDING
        depot.netsuite.act("approve", po_id)
        assert depot.netsuite.good_run("export", "stock") == []
        assert (await depot.bring_in(po_id)).stage is PoStage.IMPORTED
    assert depot.netsuite.differences() == []


async def test_defect_02_an_order_that_was_edited_after_its_export_is_imported_again(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
        depot.netsuite.act("amend", po_id, line=1, quantity=25)
        depot.netsuite.act("add_line", po_id, new={"item": "SKU-2", "quantity": 7, "location": 18})
        assert depot.netsuite.read(po_id)["status"] == "E"
        assert depot.netsuite.good_run("export", "stock") == []
        await depot.export()
        await depot.carry(po_id, lambda row: len(row.imported or {}) == 2)
        depot.receive(po_id, line_1=20, line_4=7)
        await depot.carry(po_id, SYNCED)
    await received_right(depot, po_id)


async def test_defect_02_with_the_stock_scripts_no_more_is_received_than_was_told(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("amend", po_id, line=1, quantity=25)
        assert depot.netsuite.good_run("export", "stock") == []
        depot.receive(po_id, line_1=25)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        await depot.sync(po_id)
    assert "5 pieces" in row.hold_evidence
    assert depot.made(po_id) == [{1: "20"}]


@pytest.mark.parametrize("trouble", ["failed_upload", "crash_before_upload", "truncated_upload"])
async def test_defect_03_an_export_that_failed_is_made_again(make_depot: MakeDepot, trouble: str) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    depot.netsuite.fault(trouble)
    assert depot.netsuite.run("export", "waybill")["error"]
    async with depot.working():
        await depot.run(PoRun.FILES)
        await depot.run(PoRun.FILES)
        assert depot.po(po_id) is None
        assert (await depot.bring_in(po_id)).stage is PoStage.IMPORTED
    assert depot.netsuite.differences() == []


async def test_defect_03_with_the_stock_scripts_an_order_cut_short_is_held_with_its_row(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order()
    depot.netsuite.fault("truncated_upload", bytes=120)
    assert depot.netsuite.run("export", "stock")["error"]
    async with depot.working():
        await depot.take_files()
        row = await depot.until_po(po_id, held(HoldCause.BAD_ROWS))
        await depot.run(PoRun.IMPORTS)
    assert "has no line end: the file was cut there" in row.hold_evidence
    assert depot.netsuite.differences() == [("po_never_imported", po_id)]


async def test_defect_04_whatever_failed_before_one_good_export_tells_it_all(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_ids = []
    for trouble in ("failed_upload", "truncated_upload", "crash_before_rename"):
        po_ids.append(depot.netsuite.order(LINE))
        depot.netsuite.fault(trouble)
        assert depot.netsuite.run("export", "waybill")["error"]
    async with depot.working():
        await depot.bring_in(*po_ids)
    assert depot.netsuite.differences() == []


async def test_defect_05_a_file_that_lacks_a_line_is_refused_as_a_whole(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    [name] = depot.netsuite.good_run("export", "waybill")
    lines = depot.netsuite.text(FULFILLMENT, name).splitlines(keepends=True)
    depot.netsuite.put(name, "".join(lines[:1] + lines[2:]).encode(), FULFILLMENT)
    async with depot.working():
        await depot.take_files()
        [file] = depot.files()
        assert (file.state, depot.po(po_id)) == (FileState.REFUSED, None)
        assert "rows" in file.note
        depot.netsuite.act("amend", po_id, line=1, expected="2026-12-24")
        assert (await depot.bring_in(po_id)).stage is PoStage.IMPORTED
    assert depot.netsuite.differences() == []


async def test_defect_05_with_the_stock_scripts_a_dropped_line_is_never_called_verified(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order()
    depot.netsuite.fault("map_error", line=4)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        row = await depot.carry(po_id, SYNCED)
    assert "accepted, unverified" in row.waiting_for
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNVERIFIED]
    # Nobody told of the line, so NetSuite receives it in full (7): only its own numbers can show it.
    assert depot.netsuite.differences() == [("receipt_excess", f"{po_id}/4")]


async def test_defect_06_the_copy_of_an_exported_order_is_imported(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.good_run("export", "stock")
        copy = str(depot.netsuite.act("copy", po_id)["poId"])
        assert depot.netsuite.good_run("export", "stock") == []
        assert (await depot.bring_in(copy)).stage is PoStage.IMPORTED
    assert depot.netsuite.differences() == []


# ---- 7 to 9: what a receipt names ------------------------------------------------------------------------------------


async def test_defect_07_what_was_not_received_is_not_received_in_netsuite(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        for quantities in ({"line_1": 8}, {"line_4": 5}, {"line_1": 2}, {"line_1": 10, "line_4": 7}):
            depot.receive(po_id, **quantities)
            await depot.sync(po_id)
            assert depot.netsuite.differences() == []
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "8"}, {4: "5"}, {1: "2"}, {1: "10", 4: "7"}]


async def test_defect_08_two_rows_of_a_line_in_one_visit_are_summed(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"line": 1, "accepted": 13}, line_1=7)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]
    assert depot.netsuite.differences() == []


async def test_defect_09_a_product_without_a_line_fails_no_receipt(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"sku": "SKU-3", "accepted": 2}, line_1=20)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNPLANNED))
        assert "2 pieces of SKU-3" in row.hold_evidence
        assert (depot.made(po_id), depot.receipt_files()) == ([], [])
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]
    assert depot.netsuite.files(f"{RECEIPT}/error") == []
