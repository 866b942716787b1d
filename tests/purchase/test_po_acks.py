"""Answers of our importer that come twice, late, or for something else than what was sent."""

import json
from datetime import timedelta
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from tests.po_files.making import waybill_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.stock_flow import LINE, SYNCED, yesterday
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import Depot, Told, at, held

pytestmark = pytest.mark.anyio
ACKS = f"{RECEIPT}/ack"


def given_again(depot: Depot, file_name: str | None, **changes: Any) -> None:
    """The answer to a receipt file lies there once more, with these changes."""
    assert file_name
    name = file_name.replace(".json", ".ack.json")
    [kept] = (kept for kept in depot.netsuite.files(f"{ACKS}/archive") if kept.endswith(name))
    depot.netsuite.put(name, {**json.loads(depot.netsuite.text(f"{ACKS}/archive", kept)), **changes}, ACKS)


async def answers_read(depot: Depot) -> None:
    """No answer lies there any more."""
    await depot.run_until(PoRun.ANSWERS, lambda: not depot.netsuite.files(ACKS))


async def test_an_answer_that_comes_again_after_a_newer_one_does_not_take_the_status_back(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        for pieces in (8, 12):
            depot.receive(po_id, line_1=pieces)
            await depot.sync(po_id)
        await depot.carry(po_id, SYNCED)
        given_again(depot, depot.receipts(po_id)[0].file_name, processed_at="2026-01-01T00:00:00Z")
        await answers_read(depot)
        row = depot.known_po(po_id)
        assert (row.status_after, row.stage, row.hold_cause) == ("F", PoStage.RECEIPT_SYNCED, None)


async def test_an_answer_to_other_bytes_than_those_sent_is_refused_and_held(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=8)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
        [name] = depot.netsuite.files(RECEIPT)
        file = depot.netsuite.base / RECEIPT / name
        file.write_text(file.read_text().replace('"quantity":"8"', '"quantity":"9"'))
        depot.netsuite.good_run("import", "waybill")
        await answers_read(depot)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNKNOWN))
    assert "answers other bytes" in row.hold_evidence
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNKNOWN]
    assert len(depot.netsuite.files(f"{ACKS}/error")) == 1


async def test_an_answer_that_tells_a_receipt_of_another_order_is_refused(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=8)
        await depot.carry(po_id, at(PoStage.RECEIVED))
        await depot.sync(po_id)
        [receipt] = depot.receipts(po_id)
        told = {"receipt_id": receipt.receipt_id, "order_id": "1", "result": "created", "item_receipt_id": "9"}
        given_again(depot, receipt.file_name, results=[{**told, "po_status": "H", "reason": None}])
        await answers_read(depot)
    assert depot.known_po(po_id).status_after == "E"
    assert len(depot.netsuite.files(f"{ACKS}/error")) == 1


@pytest.mark.parametrize(("seconds", "stands"), [(-3600, SYNCED), (30, held(HoldCause.STATUS_DIFFERS))])
async def test_a_file_that_netsuite_changed_after_its_answer_is_believed_and_an_older_one_is_not(
    make_depot: MakeDepot, seconds: int, stands: Told
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE, modified=yesterday())
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
        answered_at = depot.known_po(po_id).status_after_at
        assert answered_at
        modified = f"{answered_at + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"
        gone = f"{po_id},,B,1,,SKU-1,20,,,0,F,17,,{modified}"
        depot.netsuite.put("WB-PO-99.csv", waybill_file(gone), FULFILLMENT)
        await depot.take_files()
        row = await depot.carry(po_id, lambda row: row.status == "B" and row.news == row.heard and stands(row))
    assert row.status_after == "F"


async def test_an_answer_of_a_clock_ahead_does_not_keep_later_ones_from_being_heard(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
        given_again(depot, depot.receipts(po_id)[0].file_name, processed_at="2099-01-01T00:00:00Z")
        await answers_read(depot)
        depot.receive(po_id, line_1=12)
        await depot.carry(po_id, SYNCED)
    assert depot.known_po(po_id).status_after == "F"
