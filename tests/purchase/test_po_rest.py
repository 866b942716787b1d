"""Every write over REST cut at every point, told twice, out of date or refused: one item receipt, or a held order."""

import asyncio
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from ledger.po_tables import ReceiptRow
from tests.purchase.conftest import MakeOwn
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

TRANSFORM = {"system": "netsuite", "method": "POST", "path_regex": "!transform"}
ORDER_READ = {"system": "netsuite", "method": "GET", "path_regex": "/purchaseOrder/[0-9]+$"}
RECEIPT_READ = {"system": "netsuite", "method": "GET", "path_regex": "/itemReceipt/"}
CUTS: Mapping[str, dict[str, Any]] = {
    "turned_away_at_the_door": {"kind": "status", "status": 429, "retry_after": 0, **TRANSFORM},
    "lost_before_it_arrived": {"kind": "drop", **TRANSFORM},
    "refused_by_a_server_in_trouble": {"kind": "status", "status": 503, **TRANSFORM},
    "applied_and_never_answered": {"kind": "drop", "when": "after", **TRANSFORM},
    "applied_and_called_an_error": {"kind": "status", "status": 500, "when": "after", **TRANSFORM},
    "applied_and_answered_nonsense": {"kind": "garbage", "garbage": "truncated", "when": "after", **TRANSFORM},
    "changed_by_others_meanwhile": {"kind": "status", "status": 400, "code": "RCRD_HAS_BEEN_CHANGED", **TRANSFORM},
    "the_token_ends_before_it": {"kind": "expire_token", **TRANSFORM},
    "the_order_cannot_be_read": {"kind": "drop", **ORDER_READ},
    "the_receipt_cannot_be_read_back": {"kind": "drop", **RECEIPT_READ},
}


@pytest.mark.parametrize("cut", CUTS)
async def test_a_receipt_cut_by_the_network_is_made_once(make_rest: MakeOwn, cut: str) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        fault = depot.sandbox.fault(next=1, **CUTS[cut])
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
    assert depot.netsuite.differences() == []
    assert [row["fired"] for row in depot.sandbox.get("/admin/faults")["faults"] if row["id"] == fault["id"]] == [1]


async def test_two_workers_on_the_same_receipt_make_it_once(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_ids = [depot.netsuite.order() for _ in range(3)]
    other = copy(depot)
    other.client = await Client.connect(
        depot.client.service_client.config.target_host, data_converter=pydantic_data_converter
    )
    async with depot.working(), other.working():
        await depot.bring_in(*po_ids)
        for po_id in po_ids:
            depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.RECEIPTS)
        depot.sandbox.fault("latency", seconds=0.2, **TRANSFORM)
        await asyncio.gather(*(depot.run(PoRun.RECEIPT_FILES) for _ in range(4)))
        for po_id in po_ids:
            await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert [depot.made(po_id) for po_id in po_ids] == [[{1: "20", 4: "12"}]] * len(po_ids)
    assert depot.netsuite.differences() == []


async def test_a_receipt_whose_worker_died_before_it_was_written_down_is_settled_by_the_next_run(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
        with depot.ledger.writing() as session:
            row = session.get_one(ReceiptRow, (depot.tenant, depot.receipts(po_id)[0].receipt_id))
            row.state, row.item_receipt_id = ReceiptState.SENT, None
        await depot.run(PoRun.RECEIPT_FILES)
    assert [(r.state, bool(r.item_receipt_id)) for r in depot.receipts(po_id)] == [(ReceiptState.CREATED, True)]
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


async def test_a_receipt_that_does_not_show_yet_stays_in_doubt_and_is_not_repeated(make_rest: MakeOwn) -> None:
    depot = make_rest(rest={"visible_after": 30})
    depot.sandbox.change(netsuite_visibility_delay_s=1.0)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        depot.sandbox.fault(next=1, **CUTS["applied_and_never_answered"])
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
    sent = depot.sandbox.calls(system="netsuite", method="POST")
    assert len([call for call in sent if "!transform" in call["path"]]) == 1


async def changed_on_its_way(depot: Depot, change: Callable[[], object]) -> None:
    """A run has promised a receipt and is about to make it when NetSuite changes its purchase order."""
    depot.sandbox.fault("stall", next=1, **ORDER_READ)
    run = asyncio.create_task(depot.run(PoRun.RECEIPT_FILES))
    await depot.until_true(lambda: bool(depot.calls_in_the_air()), "it has begun")
    change()
    depot.sandbox.post("/admin/release")
    await run


async def test_a_line_added_meanwhile_is_not_received_along(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        line = {"item": "SKU-3", "quantity": 7, "location": 17}
        await changed_on_its_way(depot, lambda: depot.netsuite.act("add_line", po_id, new=line))
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert any("does not name" in entry for entry in depot.story(po_id))


async def test_a_closed_order_is_seen_though_it_is_pending_no_more(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("close", po_id)
        await depot.export()
        await depot.carry(po_id, at(PoStage.CLOSED))
    assert depot.netsuite.differences() == []


async def test_what_netsuite_refuses_is_held_in_its_words_and_goes_on_by_resume(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        refusal = {"status": 400, "code": "USER_ERROR", "message": "the period is closed"}
        depot.sandbox.fault("status", next=1, **refusal, **TRANSFORM)
        row = await depot.carry(po_id, held("receipt_rejected"))
        assert "the period is closed" in row.hold_evidence
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


async def test_one_receipt_that_netsuite_does_not_show_stops_no_other_and_is_held(make_rest: MakeOwn) -> None:
    depot = make_rest()
    bad, good = depot.netsuite.order(), depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(bad, good)
        refusal = {"status": 400, "code": "USER_ERROR", "message": "this record is locked"}
        fault = depot.sandbox.fault("status", **{**ORDER_READ, "path_regex": f"/purchaseOrder/{bad}$"}, **refusal)
        for po_id in (bad, good):
            depot.receive(po_id, line_1=20, line_4=12)
        await depot.carry(good, at(PoStage.RECEIPT_SYNCED))
        row = await depot.carry(bad, held("receipt_rejected"))
        assert "this record is locked" in row.hold_evidence
        assert depot.sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
        assert (await depot.po_command(bad, "resume")).accepted
        await depot.carry(bad, at(PoStage.RECEIPT_SYNCED))
    assert [depot.made(po_id) for po_id in (bad, good)] == [[{1: "20", 4: "12"}]] * 2


async def test_where_netsuite_drops_external_ids_a_repeat_is_looked_up_and_books_nothing_twice(
    make_rest: MakeOwn,
) -> None:
    depot = make_rest()
    depot.sandbox.change(netsuite_keeps_external_id=False)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        row = await depot.carry(po_id, held("receipt_unknown"))
        assert "external id is empty" in row.hold_evidence
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.carry(po_id, held("receipt_unknown"))
    assert depot.made(po_id) == [{1: "5"}]


async def test_a_key_that_is_refused_holds_the_runs_and_says_what_to_do(make_rest: MakeOwn) -> None:
    depot = make_rest()
    depot.netsuite.order()
    assert depot.sandbox.admin.delete("/admin/netsuite/certificates/cert-1").is_success
    async with depot.working():
        run = asyncio.create_task(depot.run(PoRun.FILES))
        await depot.until_true(lambda: any(r.hold_cause for r in depot.runs()), "the run is held")
        run.cancel()
    [found] = [r for r in depot.runs() if r.hold_cause]
    assert (found.run, found.hold_cause) == ("files", "remote_forbids")
    assert "certificate" in found.hold_evidence


async def test_orders_that_netsuite_keeps_from_us_stop_no_other_and_are_held_themselves(make_rest: MakeOwn) -> None:
    depot = make_rest(rest={"concurrency": 1}, waits={"answer": 2})
    *sick, good = po_ids = [depot.netsuite.order() for _ in range(3)]
    async with depot.working():
        await depot.bring_in(*po_ids)
        for po_id in po_ids:
            depot.receive(po_id, line_1=20, line_4=12)
        path = {"path_regex": f"/purchaseOrder/({'|'.join(sick)})$"}
        refusal = {"status": 403, "code": "INSUFFICIENT_PERMISSION"}
        fault = depot.sandbox.fault("status", **{**ORDER_READ, **path}, **refusal)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: all(depot.receipts(po_id)[0].wanted for po_id in po_ids), "all are promised")
        run = asyncio.create_task(depot.run(PoRun.RECEIPT_FILES))
        await depot.until_true(lambda: bool(depot.made(good)), "the healthy one is made")
        await depot.run(PoRun.ANSWERS)
        for po_id in sick:
            row = await depot.until_po(po_id, held("receipt_unanswered"))
            assert "INSUFFICIENT_PERMISSION" in row.hold_evidence
        assert depot.sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
        await run
        for po_id in po_ids:
            await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert [depot.made(po_id) for po_id in po_ids] == [[{1: "20", 4: "12"}]] * 3


async def test_a_page_of_maintenance_holds_the_run_and_rejects_no_receipt(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        fault = depot.sandbox.fault("garbage", garbage="not_json", system="netsuite", method="GET")
        run = asyncio.create_task(depot.run(PoRun.RECEIPT_FILES))
        await depot.until_true(lambda: any(r.hold_cause for r in depot.runs()), "the run is held")
        assert [r.state for r in depot.receipts(po_id)] == [ReceiptState.PROMISED]
        assert depot.sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
        await run
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


async def test_expense_lines_hold_a_receipt_until_they_are_closed(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order(expenses=[{"line": 9}])
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        row = await depot.carry(po_id, held("receipt_rejected"))
        assert "open expense lines (1)" in row.hold_evidence
        assert depot.made(po_id) == []
        depot.netsuite.act("close", po_id, line=9)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "20", 4: "12"}]
