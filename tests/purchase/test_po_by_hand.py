"""Goods that people receive in NetSuite themselves, beside our receipts: never more of a line than was ordered.

NetSuite lets them: with overage allowed it refuses nothing, so what is too much must be known before it is sent.
"""

from datetime import UTC, datetime, timedelta

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot, MakeOwn
from tests.purchase.stock_flow import LINE
from tests.purchase.test_po_acks import ACKS, answers_read
from tests.sandbox.erp import RECEIPT
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio


@pytest.fixture
def overage(make_depot: MakeDepot) -> Depot:
    """A depot whose NetSuite receives more than was ordered."""
    depot = make_depot()
    depot.sandbox.change(netsuite_overage=True)
    return depot


@pytest.mark.parametrize("ours", [0, 1], ids=["before ours", "between ours"])
async def test_what_was_received_by_hand_is_still_known_when_receipts_of_ours_come_on_top(
    overage: Depot, ours: int
) -> None:
    po_id = overage.netsuite.order(LINE)
    async with overage.working():
        await overage.bring_in(po_id)
        if ours:
            overage.receive(po_id, line_1=ours)
            await overage.sync(po_id)
        overage.netsuite.act("receive", po_id, quantities={"1": 5})
        await overage.export()
        for pieces in (6, 14):
            overage.receive(po_id, line_1=pieces)
            await overage.sync(po_id)
        row = await overage.until_po(po_id, held(HoldCause.RECEIPT_EXCESS))
        assert f"{5 + ours} pieces of receipt" in row.hold_evidence
    assert overage.netsuite.received(po_id) == {1: "20"}


async def test_goods_that_were_received_by_hand_and_taken_back_are_received_when_they_come(overage: Depot) -> None:
    po_id = overage.netsuite.order(LINE)
    async with overage.working():
        await overage.bring_in(po_id)
        overage.receive(po_id, line_1=1)
        await overage.sync(po_id)
        overage.netsuite.act("receive", po_id, quantities={"1": 5})
        await overage.export()
        overage.sandbox.post("/admin/wrongs", {"kind": "lost_receipt", "poId": po_id})
        await overage.export()
        overage.receive(po_id, line_1=19)
        await overage.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert overage.netsuite.received(po_id) == {1: "20"}


async def test_what_was_received_by_hand_since_the_last_word_is_seen_right_before_a_receipt_goes_over_rest(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    depot.sandbox.change(netsuite_overage=True)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("receive", po_id, quantities={"1": 12})
        depot.receive(po_id, line_1=12)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        assert "4 pieces of receipt" in row.hold_evidence
        await depot.sync(po_id)
    assert depot.netsuite.received(po_id) == {1: "20"}


async def test_no_receipt_overtakes_one_that_is_sent_again_and_may_be_there(overage: Depot) -> None:
    po_id = overage.netsuite.order(LINE)
    async with overage.working():
        await overage.bring_in(po_id)
        early = datetime.now(UTC) - timedelta(seconds=1)
        overage.receive(po_id, line_1=12)
        await overage.run(PoRun.RECEIPTS)
        await overage.run_until(PoRun.RECEIPT_FILES, lambda: overage.netsuite.files(RECEIPT) != [])
        overage.netsuite.good_run("import", "waybill")
        [name] = overage.netsuite.files(ACKS)
        overage.netsuite.put(name, b"{ cut", ACKS)
        await answers_read(overage)
        await overage.until_po(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        overage.desk("receive", po_id, items=[{"line": "1", "accepted": 12}], at=int(early.timestamp() * 1000))
        await overage.run_until(PoRun.RECEIPTS, lambda: len(overage.receipts(po_id)) == 2)
        doubtful = next(row for row in overage.receipts(po_id) if row.state is ReceiptState.UNKNOWN)
        assert (await overage.po_command(po_id, "resend_receipt", effect=doubtful.receipt_id)).accepted
        row = await overage.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        assert "4 pieces of receipt" in row.hold_evidence
        await overage.sync(po_id)
    assert overage.netsuite.received(po_id) == {1: "20"}
