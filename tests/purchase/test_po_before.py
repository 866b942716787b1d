"""Receipts that HotWax had before our first upload of their purchase order: nobody brings them a second time."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from tests.po_files.making import stock_file, waybill_file
from tests.purchase.conftest import MakeDepot, MakeOwn
from tests.purchase.test_po_cut_points import ROW
from tests.purchase.test_po_strange_receipts import proof_of
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import at, held

PO = "4410021"
pytestmark = pytest.mark.anyio


async def test_what_was_received_before_waybill_came_is_not_received_again(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        depot.netsuite.act("receive", po_id, quantities={"1": 5})
        depot.forget(po_id)
        await depot.bring_in(po_id)
        await depot.run(PoRun.RECEIPTS)
        depot.receive(po_id, line_1=15, line_4=12)
        await depot.sync(po_id)
        await depot.until_po(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.netsuite.received(po_id) == {1: "20", 4: "12"}
    assert [receipt.pieces for receipt in depot.receipts(po_id)] == [{"1": "15", "4": "12"}]
    assert any("count as received before" in entry for entry in depot.story(po_id))


def _file(kind: str, quantity: int) -> bytes:
    """A file of either scripts with one line."""
    if kind == "stock":
        return stock_file(f"{PO},SKU-1,{quantity},17,1,12/01/2026")
    return waybill_file(ROW.format(po=PO).replace(",20,", f",{quantity},"))


async def test_goods_from_before_that_netsuite_does_not_have_or_tell_are_held_until_resumed(make_any: MakeOwn) -> None:
    depot = make_any()
    async with depot.working():
        depot.netsuite.put("WB-PO-1.csv", _file(depot.kind, 20), FULFILLMENT)
        await depot.take_files()
        await depot.into_hotwax(PO)
        depot.receive(PO, line_1=4)
        depot.forget(PO)
        depot.netsuite.put("WB-PO-2.csv", _file(depot.kind, 21), FULFILLMENT)
        await depot.take_files()
        row = await depot.carry(PO, held(HoldCause.RECEIVED_BEFORE))
        told = "has 0" if depot.kind == "waybill" else "does not tell what it has"
        assert f"4 pieces before Waybill brought it, NetSuite {told}" in row.hold_evidence
        assert (await depot.po_command(PO, "resume")).accepted
        await depot.carry(PO, at(PoStage.RECEIVED))
        assert "received_before" in {found.kind for found in proof_of(depot).explained}
    assert depot.receipts(PO) == []


async def test_goods_that_a_clock_behind_ours_received_before_the_order_was_known_are_received(
    make_any: MakeOwn,
) -> None:
    depot = make_any()
    po_id = depot.netsuite.order({"item": "SKU-1", "quantity": 20, "location": 17})
    earlier = int((datetime.now(UTC) - timedelta(hours=1)).timestamp() * 1000)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.desk("receive", po_id, items=[{"line": "1", "accepted": 20}], at=earlier)
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20"}]
