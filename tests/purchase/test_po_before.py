"""Receipts that are older than our knowledge of a purchase order: the stock flow has brought them, nobody else does."""

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from tests.purchase.conftest import MakeDepot
from tests.support.depot import at

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
