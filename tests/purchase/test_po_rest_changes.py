"""Promises over REST that fit their purchase order no more: promised anew where that is safe, or held in words."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import EffectState
from ledger import receipts
from ledger.rows import locked
from ledger.tables import EffectRow
from tests.purchase.conftest import MakeOwn
from tests.purchase.test_po_rest import CUTS, ORDER_READ, RECEIPT_READ, changed_on_its_way
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

NOT_THERE = {"status": 404, "code": "NONEXISTENT_ID"}
A_LINE = {"item": "SKU-3", "quantity": 7, "location": 17}


async def promised(depot: Depot, po_id: str) -> None:
    """A store received all of line 1, and its receipt is promised."""
    await depot.bring_in(po_id)
    depot.receive(po_id, line_1=20)
    await depot.run(PoRun.RECEIPTS)
    await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")


async def lost(depot: Depot, po_id: str) -> None:
    """That receipt was lost on its way, which nobody knows."""
    await promised(depot, po_id)
    depot.sandbox.fault(next=1, **CUTS["lost_before_it_arrived"])
    await depot.run(PoRun.RECEIPT_FILES)
    assert depot.receipts(po_id)[0].state is ReceiptState.SENT


async def test_a_receipt_that_was_lost_before_a_line_was_added_is_promised_anew(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await lost(depot, po_id)
        depot.netsuite.act("add_line", po_id, new=A_LINE)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert any("does not name" in entry for entry in depot.story(po_id))


async def test_a_receipt_that_was_lost_before_its_line_got_another_unit_is_promised_anew(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await lost(depot, po_id)
        with depot.ledger.writing() as session:  # as if it had been promised in units of four pieces
            receipt = receipts.of_po(session, depot.tenant, po_id)[0]
            receipt.wanted = receipts.wanted(receipt).model_copy(update={"rates": {"1": Decimal(4)}}).model_dump_json()
            effect = locked(session, EffectRow, key=receipt.effect_key or "")
            assert '"quantity":20' in effect.body
            effect.body = effect.body.replace('"quantity":20', '"quantity":5')
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert any("line 1 has another unit" in entry for entry in depot.story(po_id))


async def test_a_receipt_that_a_killed_worker_never_sent_is_promised_anew_after_an_amendment(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await lost(depot, po_id)
        with depot.ledger.writing() as session:
            row = locked(session, EffectRow, key=depot.receipts(po_id)[0].effect_key or "")
            row.state, row.lease_until = EffectState.SENDING, datetime.now(UTC) - timedelta(minutes=1)
        depot.netsuite.act("add_line", po_id, new=A_LINE)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]


async def test_a_receipt_in_doubt_whose_own_line_was_received_meanwhile_is_held_until_an_operator_has_looked(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await lost(depot, po_id)
        depot.netsuite.act("receive", po_id, quantities={"1": 4})
        row = await depot.carry(po_id, held("receipt_unknown"))
        assert "line 1 has 4 received, 0 when it was promised" in row.hold_evidence
        await depot.export()
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.carry(po_id, held("receipt_excess"))
        await depot.sync_all(po_id)
    assert depot.made(po_id) == [{1: "4"}, {1: "16"}]


async def test_a_receipt_that_arrived_where_external_ids_are_dropped_is_held_and_not_made_twice(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    depot.sandbox.change(netsuite_keeps_external_id=False)
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
        depot.sandbox.fault(next=1, **CUTS["applied_and_never_answered"])
        row = await depot.carry(po_id, held("receipt_unknown"))
        assert "line 1 has 20 received, 0 when it was promised" in row.hold_evidence
    assert depot.made(po_id) == [{1: "20"}]


async def test_an_amendment_that_the_ledger_took_first_lets_the_receipt_go_on(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
        others = depot.sandbox.fault(**CUTS["changed_by_others_meanwhile"])
        run = asyncio.create_task(depot.run(PoRun.RECEIPT_FILES))
        await depot.until_true(lambda: bool(depot.receipts(po_id)[0].due_at), "an attempt has come to nothing")
        depot.netsuite.act("add_line", po_id, new=A_LINE)
        await depot.export()
        assert depot.sandbox.admin.delete(f"/admin/faults/{others['id']}").is_success
        await run
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert not any("rejected" in entry for entry in depot.story(po_id))


async def test_a_receipt_waits_while_the_queries_are_behind_the_one_before_it(make_rest: MakeOwn) -> None:
    depot = make_rest()
    depot.sandbox.change(netsuite_visibility_delay_s=2)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        await depot.run(PoRun.RECEIPT_FILES)
        depot.receive(po_id, line_1=15, line_4=12)
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "5"}, {1: "15", 4: "12"}]
    assert not any("rejected" in entry for entry in depot.story(po_id))


async def test_a_receipt_that_never_fits_is_held_when_its_time_is_up(make_rest: MakeOwn) -> None:
    depot = make_rest(waits={"answer": 1})
    depot.sandbox.change(netsuite_visibility_delay_s=60)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        await depot.run(PoRun.RECEIPT_FILES)
        depot.receive(po_id, line_1=15, line_4=12)
        row = await depot.carry(po_id, held("receipt_rejected"))
        assert "line 1 has 5 received, 0 when it was promised" in row.hold_evidence
    assert depot.made(po_id) == [{1: "5"}]


async def test_a_receipt_whose_time_was_up_during_a_hold_is_not_refused_for_the_first_change_after_it(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
        await changed_on_its_way(depot, lambda: depot.netsuite.act("add_line", po_id, new={**A_LINE, "location": ""}))
        await depot.export()
        await depot.until_po(po_id, held("bad_rows"))
        with depot.ledger.writing() as session:
            [row] = receipts.of_po(session, depot.tenant, po_id)
            assert (row.state, row.due_at is not None) == (ReceiptState.NEW, True)
            row.due_at = datetime.now(UTC) - timedelta(hours=1)
        depot.netsuite.act("amend", po_id, line=max(depot.netsuite.received(po_id)), location="17")
        await depot.export()
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        await changed_on_its_way(depot, lambda: depot.netsuite.act("add_line", po_id, new=A_LINE))
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert not any("rejected" in entry for entry in depot.story(po_id))


async def test_runs_side_by_side_take_a_promise_back_once_and_none_of_them_fails(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_ids = [depot.netsuite.order() for _ in range(3)]
    async with depot.working():
        for po_id in po_ids:
            await promised(depot, po_id)
        depot.sandbox.fault("stall", **ORDER_READ)
        runs = [asyncio.create_task(depot.run(PoRun.RECEIPT_FILES)) for _ in range(4)]
        await depot.until_true(lambda: bool(depot.calls_in_the_air()), "one has begun")
        for po_id in po_ids:
            depot.netsuite.act("add_line", po_id, new=A_LINE)
        depot.sandbox.heal()
        await asyncio.gather(*runs)
        assert [run.run for run in depot.runs() if run.hold_cause] == []
        for po_id in po_ids:
            await depot.sync(po_id)
    assert [depot.made(po_id) for po_id in po_ids] == [[{1: "20"}]] * len(po_ids)


# ---- deleted in NetSuite ---------------------------------------------------------------------------------------------


async def made_and_not_read_back(depot: Depot, po_id: str) -> None:
    """The receipt is made, and nobody has seen yet as what."""
    await promised(depot, po_id)
    fault = depot.sandbox.fault("drop", **RECEIPT_READ)
    await depot.run(PoRun.RECEIPT_FILES)
    assert depot.sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
    assert [depot.made(po_id), depot.receipts(po_id)[0].state] == [[{1: "20"}], ReceiptState.SENT]


def wrong(depot: Depot, kind: str, po_id: str, **more: object) -> None:
    """Somebody does something wrong to the item receipt in NetSuite, or deletes it."""
    depot.sandbox.post("/admin/wrongs", {"kind": kind, "poId": po_id, **more})


@pytest.mark.parametrize("as_job", [False, True], ids=["at once", "by a job"])
async def test_a_receipt_made_otherwise_and_deleted_in_netsuite_is_made_anew_when_it_is_resent(
    make_rest: MakeOwn, as_job: bool
) -> None:
    depot = make_rest(rest={"respond_async": as_job})
    po_id = depot.netsuite.order()
    async with depot.working():
        await made_and_not_read_back(depot, po_id)
        wrong(depot, "wrong_receipt", po_id, line=1, delta=-2)
        await depot.carry(po_id, held("receipt_unknown"))
        wrong(depot, "lost_receipt", po_id)
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.sync(po_id)
        depot.receive(po_id, line_4=12)
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20"}, {4: "12"}]
    assert any("NetSuite has it no more" in entry for entry in depot.story(po_id))
    assert depot.netsuite.differences() == []


async def test_a_receipt_deleted_before_it_was_read_back_is_made_anew_when_it_is_resent(make_rest: MakeOwn) -> None:
    depot = make_rest(waits={"answer": 1})
    po_id = depot.netsuite.order()
    async with depot.working():
        await made_and_not_read_back(depot, po_id)
        wrong(depot, "lost_receipt", po_id)
        await depot.carry(po_id, held("receipt_unanswered"))
        assert depot.made(po_id) == []
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]


async def test_a_receipt_that_is_there_when_it_is_resent_is_not_made_again(make_rest: MakeOwn) -> None:
    depot = make_rest(waits={"answer": 1}, rest={"visible_after": 60})
    po_id = depot.netsuite.order()
    async with depot.working():
        await made_and_not_read_back(depot, po_id)
        unread = depot.sandbox.fault("status", **{**RECEIPT_READ, "path_regex": "/itemReceipt/[0-9]+$"}, **NOT_THERE)
        await depot.carry(po_id, held("receipt_unanswered"))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.run(PoRun.RECEIPT_FILES)
        assert depot.sandbox.admin.delete(f"/admin/faults/{unread['id']}").is_success
        await depot.sync(po_id)
    assert [r.state for r in depot.receipts(po_id)] == [ReceiptState.CREATED]
    assert depot.made(po_id) == [{1: "20"}]
