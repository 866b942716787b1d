"""A purchase order that was deleted in NetSuite: looked up by its id, held, sent nothing, and let go again."""

from contextlib import closing
from typing import Any

import pytest

from activities import po_rest
from connectors.netsuite.client import NetSuiteRest
from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from operators.bootstrap import open_budget, systems_of
from operators.po_prove import PoSides, prove
from tests.purchase.conftest import MakeOwn
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

ORDER_READ = {"system": "netsuite", "method": "GET", "path_regex": "/purchaseOrder/[0-9]+$"}
LINES: list[dict[str, Any]] = [
    {"line": 1, "uniqueKey": 771, "item": "SKU-1", "quantity": 20, "location": 17},
    {"line": 4, "uniqueKey": 772, "item": "SKU-2", "quantity": 12, "location": 17},
]


async def deleted(depot: Depot) -> str:
    """A purchase order that HotWax has and NetSuite has no more."""
    po_id = depot.netsuite.order(*LINES)
    await depot.bring_in(po_id)
    depot.netsuite.act("delete", po_id)
    return po_id


def proved(depot: Depot) -> list[tuple[str, str]]:
    """What differs, by kind and what it is about."""
    budget = open_budget(depot.settings, depot.ledger)
    with closing(systems_of(depot.tenant, depot.settings.tenants[depot.tenant], budget)) as systems:
        verdict = prove(PoSides(depot.ledger, depot.tenant, systems.purchasing), None, lambda _: None)
    budget.close()
    return [(found.kind, found.key) for found in verdict.differences]


def transforms(depot: Depot) -> int:
    """How many receipts were sent to NetSuite."""
    return len([c for c in depot.sandbox.calls(system="netsuite", method="POST") if "!transform" in c["path"]])


async def test_it_is_held_told_by_the_proof_and_sent_nothing_until_netsuite_shows_it_again(make_rest: MakeOwn) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await deleted(depot)
        assert proved(depot) == [("po_deleted", f"PO{po_id}")]
        await depot.export()
        row = await depot.until_po(po_id, held("deleted_in_netsuite"))
        assert po_id in row.hold_evidence
        depot.receive(po_id, line_1=20)
        await depot.sync_all(po_id)
        assert (transforms(depot), depot.receipts(po_id)[0].state) == (0, ReceiptState.NEW)
        assert proved(depot) == [("po_deleted", f"PO{po_id}")]
        depot.netsuite.order(*LINES, poId=int(po_id))
        await depot.export()
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]
    assert depot.known_po(po_id).hold_cause is None


async def test_cancel_ends_it_and_closes_it_in_hotwax(make_rest: MakeOwn) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await deleted(depot)
        await depot.export()
        await depot.until_po(po_id, held("deleted_in_netsuite"))
        assert (await depot.po_command(po_id, "cancel")).accepted
        await depot.carry(po_id, at(PoStage.CANCELLED))
    assert proved(depot) == []


async def test_goods_that_came_for_it_are_gone_on_without_only_when_an_operator_says_so(make_rest: MakeOwn) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await deleted(depot)
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.export()
        await depot.until_po(po_id, held("deleted_in_netsuite"))
        assert (await depot.po_command(po_id, "close")).accepted
        row = await depot.carry(po_id, held("receipt_excess"))
        assert "was deleted in NetSuite" in row.hold_evidence
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, at(PoStage.CLOSED))
    assert transforms(depot) == 0


async def test_a_receipt_on_its_way_finds_out_and_goes_on_when_the_order_is_back(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order(*LINES)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")
        depot.netsuite.act("delete", po_id)
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.until_po(po_id, held("deleted_in_netsuite"))
        assert transforms(depot) == 0
        depot.netsuite.order(*LINES, poId=int(po_id))
        await depot.export()
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "20"}]


async def test_an_order_that_netsuite_keeps_from_us_is_not_taken_for_deleted(make_rest: MakeOwn) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await deleted(depot)
        depot.sandbox.fault("status", status=403, code="INSUFFICIENT_PERMISSION", **ORDER_READ)
        await depot.export()
        await depot.run(PoRun.FILES)
    assert depot.known_po(po_id).hold_cause is None


@pytest.mark.parametrize("answer", [{"status": 500}, {"status": 403, "code": "INSUFFICIENT_PERMISSION"}])
async def test_an_order_of_which_nobody_can_tell_stops_no_other_and_is_named(
    make_rest: MakeOwn, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]
) -> None:
    monkeypatch.setattr(po_rest, "AT_ONCE", 1)
    depot = make_rest()
    first, second = (depot.netsuite.order() for _ in range(2))
    async with depot.working():
        await depot.bring_in(first, second)
        depot.netsuite.act("delete", first)
        depot.netsuite.act("close", second)
        fault = depot.sandbox.fault("status", **{**ORDER_READ, "path_regex": f"/purchaseOrder/{first}$"}, **answer)
        assert int(first) < int(second)
        await depot.export()
        await depot.carry(second, at(PoStage.CLOSED))
        [held_run] = [run for run in depot.runs() if run.hold_cause]
        assert (held_run.run, held_run.hold_cause) == (PoRun.FILES, "remote_contract")
        assert f"does not show purchase order {first}, and" in held_run.hold_evidence
        assert proved(depot) == [("po_unreadable", f"PO{first}")]
        assert depot.sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
        await depot.export()
        await depot.until_po(first, held("deleted_in_netsuite"))
    assert not any(run.hold_cause for run in depot.runs())


async def test_the_answers_of_others_are_read_beside_an_order_of_which_nobody_can_tell(
    make_rest: MakeOwn, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_rest()
    first, second = (depot.netsuite.order() for _ in range(2))
    async with depot.working():
        await depot.bring_in(first, second)
        for po_id in (first, second):
            depot.receive(po_id, line_1=5)
            await depot.sync(po_id)
        shown = NetSuiteRest.orders
        monkeypatch.setattr(
            NetSuiteRest, "orders", lambda *asked: {i: told for i, told in shown(*asked).items() if i != first}
        )
        depot.sandbox.fault("status", status=500, **{**ORDER_READ, "path_regex": f"/purchaseOrder/{first}$"})
        depot.netsuite.act("close", second)
        await depot.carry(second, at(PoStage.CLOSED))
    [held_run] = [run for run in depot.runs() if run.hold_cause]
    assert (held_run.run, first in held_run.hold_evidence) == (PoRun.ANSWERS, True)
