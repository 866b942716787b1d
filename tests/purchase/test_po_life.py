"""A purchase order's life, end to end: NetSuite's files over OpenSSH, HotWax, receipts, NetSuite's answers."""

import pytest

from domain.purchase_order import PoStage, ReceiptState
from tests.purchase.conftest import MakeDepot
from tests.support.depot import at

pytestmark = pytest.mark.anyio


async def test_a_purchase_order_goes_from_pending_to_receipt_synced(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        assert (await depot.bring_in(po_id)).stage is PoStage.IMPORTED
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.sync(po_id)
        row = await depot.until_po(po_id, at(PoStage.RECEIPT_SYNCED))
        assert (await depot.po_handle(po_id).result()).stage is PoStage.RECEIPT_SYNCED
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
    assert depot.netsuite.received(po_id) == {1: "20", 4: "12"}
    assert row.status_after == "F"
    assert depot.netsuite.differences() == []
