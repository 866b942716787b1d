"""The defects of the stock purchase order flow by their number in hotwax.md 4.7, and what Waybill does instead.

With our own scripts in NetSuite most of them cannot happen. With the stock scripts Waybill keeps out of their way as
far as files can do it; what is left it tells, and never calls confirmed.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from ledger.po_files import FileState
from tests.purchase.conftest import MakeDepot
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import STOCK, Depot, at, held

pytestmark = pytest.mark.anyio

SYNCED = at(PoStage.RECEIPT_SYNCED)
RECEIVED = at(PoStage.RECEIVED)
LINE = {"item": "SKU-1", "quantity": 20, "location": 17}
TEMPORARY = f"{RECEIPT}/tmp"  # noqa: S108 - a folder on the SFTP server
MakeOwn = Callable[..., Depot]


@pytest.fixture(params=["ours", "stock"])
def make_any(request: pytest.FixtureRequest, make_depot: MakeDepot) -> MakeOwn:
    """Makes depots whose NetSuite runs our scripts, and then again those whose NetSuite runs the stock ones."""
    policy: dict[str, Any] = dict(STOCK["policy"]) if request.param == "stock" else {}

    def make(**netsuite: Any) -> Depot:
        return make_depot(netsuite={**netsuite, "policy": {**policy, **netsuite.get("policy", {})}})

    return make


def _yesterday() -> int:
    return int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)


async def _received_right(depot: Depot, *po_ids: str) -> None:
    """NetSuite and HotWax agree to the piece, and no item receipt is there twice."""
    assert depot.netsuite.differences() == []
    for po_id in po_ids:
        assert len(depot.made(po_id)) == len(depot.receipts(po_id))


# ---- 1 to 6: the way out of NetSuite ---------------------------------------------------------------------------------


async def test_defect_01_an_order_of_yesterday_that_is_approved_today_is_imported(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE, created=_yesterday(), approval="pending")
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
    await _received_right(depot, po_id)


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
    assert "the row was cut" in row.hold_evidence
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


# ---- 10 to 14: files and runs of the importer ------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["crash_after_receipts", "crash_before_ack", "crash_before_move"])
async def test_defect_10_an_import_that_died_makes_no_second_receipt(make_depot: MakeDepot, trouble: str) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
        depot.netsuite.fault(trouble)
        assert depot.netsuite.run("import", "waybill")["error"]
        await depot.sync(po_id)
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
    assert depot.made(po_id) == [{1: "5"}]


async def test_defect_10_with_the_stock_scripts_a_doubled_receipt_is_never_called_verified(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
        depot.netsuite.fault("crash_before_move")
        assert depot.netsuite.run("import", "stock")["error"]
        await depot.sync(po_id)
        depot.receive(po_id, line_1=15)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNVERIFIED, ReceiptState.REJECTED]
    assert row.stage is PoStage.RECEIVED
    assert depot.made(po_id) == [{1: "5"}, {1: "5"}]


async def test_defect_11_a_malformed_file_of_somebody_else_blocks_nothing(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    depot.netsuite.put("A-first-in-the-folder.json", b'[{"order_id": ')
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
    await _received_right(depot, po_id)


async def test_defect_11_with_the_stock_scripts_a_blocked_importer_is_noticed_by_the_deadline(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite={**STOCK, "waits": {"answer": 1}})
    po_id = depot.netsuite.order(LINE)
    depot.netsuite.put("A-first-in-the-folder.json", b'[{"order_id": ')
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: len(depot.netsuite.files(RECEIPT)) > 1)
        assert depot.netsuite.run("import", "stock")["error"]
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert "no answer to WB-RCPT-" in row.hold_evidence
        (depot.netsuite.base / RECEIPT / "A-first-in-the-folder.json").unlink()
        await depot.carry(po_id, SYNCED)
    await _received_right(depot, po_id)


async def test_defect_12_no_run_of_the_importer_is_given_more_than_its_units(make_any: MakeOwn) -> None:
    depot = make_any(sizes={"receipts_per_file": 2, "units_per_run": 480})
    depot.sandbox.change(netsuite_units=480)
    po_ids = [depot.netsuite.order(LINE) for _ in range(7)]
    async with depot.working():
        await depot.bring_in(*po_ids)
        for po_id in po_ids:
            depot.receive(po_id, line_1=7)
        await depot.run(PoRun.RECEIPTS)
        for po_id in po_ids:
            await depot.until_po(po_id, lambda row: "with the next file" in row.waiting_for)
        for po_id in po_ids:
            await depot.carry(po_id, RECEIVED)
            await depot.sync(po_id)
    assert len(depot.receipt_files()) >= 4
    await _received_right(depot, *po_ids)


async def test_defect_13_each_order_of_a_malformed_error_file_is_told_its_own_words(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_ids = [depot.netsuite.order(LINE) for _ in range(3)]
    async with depot.working():
        await depot.bring_in(*po_ids)
        depot.netsuite.act("close", po_ids[0])
        depot.netsuite.act("reject", po_ids[1])
        for po_id in po_ids:
            depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        for po_id in po_ids:
            await depot.until_po(po_id, lambda row: "with the next file" in row.waiting_for)
        rows = [await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED)) for po_id in po_ids[:2]]
        await depot.carry(po_ids[2], SYNCED)
    [error_file] = depot.netsuite.files(f"{RECEIPT}/error")
    assert "\n," in depot.netsuite.text(f"{RECEIPT}/error", error_file)
    assert all("INVALID_INITIALIZE_REF" in row.hold_evidence or "valid" in row.hold_evidence for row in rows)
    assert depot.made(po_ids[2]) == [{1: "20"}]


async def test_defect_14_a_name_with_spaces_and_colons_is_a_name_like_any_other(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
    [file] = depot.files()
    assert (" " in file.name, ":" in file.name, "(" in file.name) == (True, True, True)
    [kept] = depot.netsuite.files(f"{FULFILLMENT}/archive")
    assert (file.archived_as, kept.endswith(file.name)) == (kept, True)


# ---- 15 to 18: what NetSuite takes -----------------------------------------------------------------------------------


async def test_defect_15_an_over_receipt_that_netsuite_would_refuse_is_not_sent(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=23)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        await depot.sync(po_id)
        assert "3 pieces" in row.hold_evidence
        assert depot.made(po_id) == [{1: "20"}]
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.netsuite.files(f"{RECEIPT}/error") == []


async def test_defect_15_a_tolerance_that_netsuite_does_not_share_is_told_in_its_words(make_any: MakeOwn) -> None:
    depot = make_any(policy={"over_receipt_percent": 10})
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=22)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
        assert row.hold_evidence
        assert depot.made(po_id) == []
        depot.sandbox.change(netsuite_overage=True)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "22"}]


async def test_defect_16_a_receipt_has_the_day_on_which_the_store_received(make_any: MakeOwn) -> None:
    depot = make_any()
    depot.sandbox.change(netsuite_zone="UTC")
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.desk("receive", po_id, items=[{"line": 1, "accepted": 20}], at=_yesterday())
        await depot.carry(po_id, SYNCED)
    [receipt] = depot.sandbox.get("/admin/netsuite/receipts", poId=po_id)["receipts"]
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    # The stock importer has no date to set: there the day is at least in the ledger, and in the file for whoever looks.
    assert receipt["tranDate"] == str(yesterday if depot.kind == "waybill" else datetime.now(UTC).date())
    assert depot.receipts(po_id)[0].received_at.date() == yesterday


async def test_defect_17_a_visit_without_accepted_goods_makes_no_receipt(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"line": 1, "accepted": 0, "rejected": 3})
        await depot.run(PoRun.RECEIPTS)
        assert [receipt.rejected for receipt in depot.receipts(po_id)] == [{"1": "3"}]
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]
    assert len(depot.receipt_files()) == 1


async def test_defect_18_a_closed_line_is_neither_imported_nor_named(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE, {**LINE, "item": "SKU-2", "closed": True})
    async with depot.working():
        row = await depot.bring_in(po_id)
        assert list(row.imported or {}) == ["1"]
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
    await _received_right(depot, po_id)


async def test_defect_18_with_the_stock_scripts_a_closed_line_holds_the_order_until_it_is_open(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE, {**LINE, "item": "SKU-2", "closed": True})
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
        assert depot.made(po_id) == []
        depot.netsuite.act("reopen", po_id, line=4)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, RECEIVED)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]


# ---- 19 and 20: names, and what lies beside our files ----------------------------------------------------------------


async def test_defect_19_no_two_receipt_files_share_a_name(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_ids = [depot.netsuite.order(LINE) for _ in range(3)]
    async with depot.working():
        await depot.bring_in(*po_ids)
        for po_id in po_ids:
            depot.receive(po_id, line_1=20)
            await depot.carry(po_id, SYNCED)
    names = [receipt.file_name for po_id in po_ids for receipt in depot.receipts(po_id)]
    assert len(set(names)) == len(po_ids)
    assert sorted(names, key=str) == depot.netsuite.files(f"{RECEIPT}/archive")


async def test_defect_20_whatever_is_being_written_stays_out_of_the_importers_folder(make_any: MakeOwn) -> None:
    depot = make_any()
    po_id = depot.netsuite.order(LINE)
    depot.netsuite.put("WB-RCPT-cut.json.part-0badcafe", b'[{"order_id', TEMPORARY)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
    for name in depot.netsuite.files(f"{RECEIPT}/archive"):
        assert depot.netsuite.text(f"{RECEIPT}/archive", name).startswith('[{"order_id"')
    await _received_right(depot, po_id)
