"""Operators' commands for purchase orders through their workflows, and the deadline of NetSuite's answer."""

from datetime import UTC, date, datetime, timedelta

import pytest

from domain.commands import CommandAnswer
from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.sandbox.erp import RECEIPT
from tests.support.depot import STOCK, at, held

pytestmark = pytest.mark.anyio

SYNCED, CANCELLED, CLOSED = (at(PoStage(end)) for end in ("RECEIPT_SYNCED", "CANCELLED", "CLOSED"))
IMPORTED = at(PoStage.IMPORTED)
LINE = {"item": "SKU-1", "quantity": 20, "location": 17}
BOXES = {"item": "SKU-1", "quantity": 5, "unit": "BOX12", "unitRate": 12, "location": 17}


# ---- commands and deadlines ------------------------------------------------------------------------------------------


def _refused(answer: CommandAnswer, words: str) -> None:
    assert (answer.accepted, words in answer.message) == (False, True), answer.message


async def test_cancel_closes_the_order_in_hotwax_and_is_refused_after_goods_came(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id, other = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id, other)
        assert (await depot.po_command(po_id, "cancel")).accepted
        await depot.carry(po_id, CANCELLED)
        depot.receive(other, line_1=5)
        await depot.sync(other)
        _refused(await depot.po_command(other, "cancel"), "`close` the remainder instead")
        _refused(await depot.po_command(other, "resume"), "is not held")
    assert [line["closed"] for line in (depot.known_po(po_id).imported or {}).values()] == [True]


async def test_close_ends_a_short_order_and_the_same_command_twice_is_one(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id, pending = depot.netsuite.order(LINE), depot.netsuite.order(LINE, approval="pending")
    async with depot.working():
        await depot.bring_in(po_id)
        _refused(await depot.po_command(pending, "close"), "`cancel` it instead")
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
        first = await depot.po_command(po_id, "close", id="close-1")
        again = await depot.po_command(po_id, "close", id="close-1")
        assert (first.accepted, again.accepted) == (True, True)
        _refused(await depot.po_command(po_id, "close"), "closed already")
        await depot.carry(po_id, CLOSED)
    assert depot.made(po_id) == [{1: "5"}]


async def test_resend_receipt_is_refused_while_it_is_on_its_way_and_after_it_was_confirmed(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
        await depot.until_po(po_id, lambda row: "waiting for NetSuite's answer" in row.waiting_for)
        _refused(await depot.po_command(po_id, "resend_receipt"), "is on its way")
        await depot.sync(po_id)
        await depot.until_po(po_id, lambda row: row.status_after == "E")
        _refused(await depot.po_command(po_id, "resend_receipt"), "in doubt or rejected")


async def test_a_rejected_receipt_is_sent_again_once_netsuite_takes_it(make_depot: MakeDepot) -> None:
    depot = make_depot()
    depot.sandbox.change(netsuite_zone="UTC", netsuite_closed_until=str(datetime.now(UTC).date()))
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
        assert row.hold_evidence
        depot.sandbox.change(netsuite_closed_until=str(date.today() - timedelta(days=9)))  # noqa: DTZ011 - only a bound
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]


async def test_with_the_stock_scripts_an_unverified_receipt_is_sent_again_only_by_name(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
        [receipt] = depot.receipts(po_id)
        depot.sandbox.post("/admin/wrongs", {"kind": "lost_receipt", "poId": po_id})
        await depot.until_po(po_id, lambda row: "5/20" in row.waiting_for)
        _refused(await depot.po_command(po_id, "resend_receipt"), "no receipt")
        assert (await depot.po_command(po_id, "resend_receipt", effect=receipt.receipt_id)).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_an_answer_that_does_not_come_is_told_at_its_deadline_and_taken_when_it_comes(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite={"waits": {"answer": 1}})
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != [])
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert "no answer to WB-RCPT-" in row.hold_evidence
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]
