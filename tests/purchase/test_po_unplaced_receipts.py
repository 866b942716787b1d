"""Receipt rows whose purchase order does not show at once, or cannot be read: none is passed by, and no other waits."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities import po_early, po_receipts
from connectors.errors import Contract, Rejected
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_orders import PurchaseOrders
from connectors.hotwax.purchase_receipts import Receipts
from connectors.po_ports import ImportProgress, JobState, ReceiptPage
from domain.po_messages import PoRun
from domain.purchase_order import ImportState, PoStage
from domain.stages import HoldCause
from ledger import feeds, receipt_rows
from ledger.po_tables import RunRow
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_strange_receipts import LINE, SYNCED, proof_of
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

UNPLANNED = {"sku": "SKU-3", "accepted": 5}


def the_run(depot: Depot, run: PoRun) -> RunRow:
    """How this run fares."""
    return next(row for row in depot.runs() if row.run == run)


def refuse_shipments(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """HotWax refuses to look shipments up while `on`."""
    refused, orders = {"on": True}, Receipts._orders

    def refusing(self: Receipts, operation: str, wires: Iterable[Any]) -> Any:
        rows = list(wires)
        if refused["on"] and any(row.order_id is None for row in rows):
            raise Rejected("hotwax", operation, "no permission for Shipment")
        return orders(self, operation, rows)

    monkeypatch.setattr(Receipts, "_orders", refusing)
    return refused


async def test_rows_whose_shipment_cannot_be_looked_up_are_read_again_when_it_can(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    depot.sandbox.change(unplanned_names_order=False)
    refused = refuse_shipments(monkeypatch)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, UNPLANNED)
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
        depot.receive(po_id, line_1=2)
        await depot.sync(po_id)
        assert depot.made(po_id) == [{1: "8"}, {1: "2"}]
        run = the_run(depot, PoRun.RECEIPTS)
        assert (run.hold_cause, "no permission for Shipment" in run.hold_evidence) == ("remote_contract", True)
        refused["on"] = False
        await depot.run(PoRun.RECEIPTS)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNPLANNED))
        assert "SKU-3:5" in row.hold_evidence
        assert the_run(depot, PoRun.RECEIPTS).hold_cause is None


async def test_a_row_that_finds_no_order_for_long_is_kept_and_told_until_the_sweep_places_it(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(po_receipts, "WAITED_FOR", timedelta(0))
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    depot.sandbox.change(unplanned_names_order=False)
    refused = refuse_shipments(monkeypatch)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, UNPLANNED)
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
        monkeypatch.setattr(Receipts, "_from_shipments", lambda _, __: iter(()))
        refused["on"] = False
        await depot.run(PoRun.RECEIPTS)
        assert "no permission for Shipment" in the_run(depot, PoRun.RECEIPTS).hold_evidence
        assert depot.known_po(po_id).hold_cause is None
        await depot.run(PoRun.SWEEP)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNPLANNED))
        assert the_run(depot, PoRun.RECEIPTS).hold_cause is None


async def test_a_row_that_nobody_can_place_is_told_until_it_is_gone_from_hotwax(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(po_receipts, "WAITED_FOR", timedelta(0))
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    depot.sandbox.change(unplanned_names_order=False)
    refused = refuse_shipments(monkeypatch)
    monkeypatch.setattr(Receipts, "_from_shipments", lambda _, __: iter(()))
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, UNPLANNED)
        depot.receive(po_id, line_1=8)
        for _ in range(2):
            await depot.run(PoRun.RECEIPTS)
            await depot.run(PoRun.SWEEP)
        assert the_run(depot, PoRun.RECEIPTS).hold_cause == HoldCause.REMOTE_CONTRACT
        refused["on"] = False
        page = Receipts._page

        def without(self: Receipts, operation: str, rows: Iterable[tuple[str, Any]], *, last: bool) -> Any:
            return page(self, operation, [(place, row) for place, row in rows if row.get("orderId")], last=last)

        monkeypatch.setattr(Receipts, "_page", without)
        await depot.run(PoRun.SWEEP)
        await depot.run(PoRun.RECEIPTS)
        assert the_run(depot, PoRun.RECEIPTS).hold_cause is None


async def test_goods_that_come_before_the_end_of_the_import_is_seen_are_received(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    po_id, progress, unseen = depot.netsuite.order(LINE), HotWaxPurchase.import_progress, {"on": True}

    def late(self: HotWaxPurchase, upload_id: str) -> ImportProgress:
        found = progress(self, upload_id)
        return found.model_copy(update={"state": JobState.PENDING}) if unseen["on"] else found

    monkeypatch.setattr(HotWaxPurchase, "import_progress", late)
    async with depot.working():
        await depot.export()
        await depot.run_until(PoRun.IMPORTS, lambda: depot.known_po(po_id).import_state is ImportState.SENT)
        await depot.until_async(lambda: _is_there(depot), "HotWax has made it")
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, lambda row: row.stage is PoStage.RECEIVED)
        unseen["on"] = False
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]


async def test_a_poll_reads_a_backlog_of_imports_back_once_and_not_all_of_it(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(po_early, "READ_AT_MOST", 4)
    monkeypatch.setattr(po_early, "READ_TOGETHER", 2)
    depot = make_depot(hotwax={"page_size": 2}, netsuite={"waits": {"receipt_overlap": 0}})
    po_ids = sorted(depot.netsuite.order(LINE) for _ in range(6))
    unseen, read, whole, progress = {"on": True}, list[int](), PurchaseOrders.of, HotWaxPurchase.import_progress

    def late(self: HotWaxPurchase, upload_id: str) -> ImportProgress:
        found = progress(self, upload_id)
        return found.model_copy(update={"state": JobState.PENDING}) if unseen["on"] else found

    def of(self: PurchaseOrders, asked: Collection[str]) -> Any:
        if any(depot.known_po(po_id).oms_id is None for po_id in asked):
            read.append(len(asked))
        return whole(self, asked)

    monkeypatch.setattr(HotWaxPurchase, "import_progress", late)
    async with depot.working():
        await depot.export()
        await depot.run_until(PoRun.IMPORTS, lambda: depot.known_po(po_ids[0]).import_state is ImportState.SENT)
        await depot.until_async(lambda: _is_there(depot), "HotWax has made them")
        for po_id in po_ids:
            depot.receive(po_id, line_1=20)
        monkeypatch.setattr(PurchaseOrders, "of", of)
        await depot.run(PoRun.RECEIPTS)
        assert read == [2, 2]
        assert [depot.known_po(po_id).oms_id is None for po_id in po_ids] == [False] * 4 + [True] * 2
        unseen["on"] = False
        await depot.run(PoRun.IMPORTS)
        await depot.run(PoRun.SWEEP)
        for po_id in po_ids:
            await depot.carry(po_id, SYNCED)
    assert [depot.made(po_id) for po_id in po_ids] == [[{1: "20"}]] * 6


async def _is_there(depot: Depot) -> bool:
    return all(line.imported for line in proof_of(depot).lines)


async def test_the_sweep_and_the_proof_see_products_whose_rows_name_no_order(make_depot: MakeDepot) -> None:
    depot = make_depot()
    depot.sandbox.change(unplanned_names_order=False)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, UNPLANNED)
        assert [found.kind for found in proof_of(depot).explained] == ["not_read_yet"]
        await depot.run(PoRun.SWEEP)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNPLANNED))
        [found] = proof_of(depot).explained
        assert (found.kind, ":SKU-3:" in found.key) == ("received_unsynced", True)


async def test_a_row_that_nobody_can_place_keeps_no_poll_back_and_holds_the_run_for_a_while(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    depot.sandbox.change(unplanned_names_order=False)
    refuse_shipments(monkeypatch)
    monkeypatch.setattr(Receipts, "_from_shipments", lambda _, __: iter(()))
    po_id, now = depot.netsuite.order(LINE), datetime.now(UTC)
    old = now - timedelta(hours=2)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.desk("receive", po_id, items=[UNPLANNED], at=int(old.timestamp() * 1000))
        depot.receive(po_id, line_1=8)
        await depot.run(PoRun.RECEIPTS)
        with depot.ledger.writing() as session:
            cursor = feeds.cursor_of(session, depot.tenant, po_receipts.FEED)
            [kept] = receipt_rows.unplaced(session, depot.tenant)
            part_id, kept.read_at = kept.part_id, now - depot.po_settings.waits.swept_after_end
        assert cursor is not None
        assert cursor > old + timedelta(minutes=30)
        assert the_run(depot, PoRun.RECEIPTS).hold_cause == HoldCause.REMOTE_CONTRACT
        await depot.run(PoRun.SWEEP)
        await depot.run(PoRun.RECEIPTS)
        assert the_run(depot, PoRun.RECEIPTS).hold_cause is None
        assert ("receipt_unplaced", part_id) in {(found.kind, found.key) for found in proof_of(depot).explained}


# ---- one order whose receipts cannot be read -------------------------------------------------------------------------


async def test_an_order_whose_receipts_cannot_be_read_stops_no_sweep_no_proof_and_no_import(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    first, other = sorted((depot.netsuite.order(LINE), depot.netsuite.order(LINE)))
    broken, whole = {"id": ""}, Receipts.of

    def of(self: Receipts, order_id: str) -> ReceiptPage:
        if order_id == broken["id"]:
            raise Contract("hotwax", "receipts_of", place="receipt 1, orderId", expected=order_id, got="nothing")
        return whole(self, order_id)

    monkeypatch.setattr(Receipts, "of", of)
    async with depot.working():
        await depot.bring_in(first, other)
        broken["id"] = depot.known_po(first).oms_id or ""
        depot.receive(other, line_1=20)
        await depot.run(PoRun.SWEEP)
        await depot.until_po(other, at(PoStage.RECEIVED))
        run, number = the_run(depot, PoRun.SWEEP), depot.known_po(first).number
        assert (run.hold_cause, f"{number}: " in run.hold_evidence) == (HoldCause.REMOTE_CONTRACT, True)
        proof = proof_of(depot)
        assert [(found.kind, found.key) for found in proof.differences] == [("receipt_unreadable", f"{number}:receipt")]
        depot.forget(first)
        new = depot.netsuite.order(LINE)
        depot.netsuite.act("amend", first, line=1, quantity=21)
        await depot.export()
        await depot.into_hotwax(new)
        row = await depot.until_po(first, held(HoldCause.IMPORT_REJECTED))
        assert "what was received of it there cannot be read" in row.hold_evidence
        broken["id"] = ""
        assert (await depot.po_command(first, "resume")).accepted
        await depot.into_hotwax(first)
        await depot.carry(first, at(PoStage.IMPORTED))


async def test_a_list_of_receipts_that_is_the_same_on_every_page_holds_the_run(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id, since = depot.netsuite.order(LINE), Receipts.since
    monkeypatch.setattr(Receipts, "since", lambda self, moment, _: since(self, moment, 0))
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        stuck = asyncio.create_task(depot.run(PoRun.RECEIPTS))
        await depot.until_async(lambda: _is_held(depot), "the run is held")
        assert "the same again" in the_run(depot, PoRun.RECEIPTS).hold_evidence
        monkeypatch.setattr(Receipts, "since", since)
        await stuck
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]


async def _is_held(depot: Depot) -> bool:
    return any(run.run == PoRun.RECEIPTS and run.hold_cause for run in depot.runs())
