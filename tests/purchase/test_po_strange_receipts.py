"""Receipt rows of HotWax that make no sense, or come late: what they are about is held, and nothing else."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Event
from typing import Any

import pytest

from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_receipts import Receipts
from connectors.po_ports import ReceiptPage
from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from operators.bootstrap import LiveTenants, open_budget
from operators.po_prove import PoSides, PoVerdict, prove
from tests.purchase.conftest import MakeDepot
from tests.support.depot import STOCK, Depot, at, held

pytestmark = pytest.mark.anyio

Row = dict[str, Any]
SYNCED = at(PoStage.RECEIPT_SYNCED)
LINE = {"item": "SKU-1", "quantity": 20, "location": 17}


def hotwax_tells(monkeypatch: pytest.MonkeyPatch, change: Callable[[list[Row]], list[Row]]) -> None:
    """HotWax tells its receipt rows after this change."""
    page = Receipts._page

    def changed(self: Receipts, operation: str, rows: Iterable[tuple[str, Any]], *, last: bool) -> Any:
        told = change([dict(row) for _, row in rows])
        return page(self, operation, [(f"row[{at}]", row) for at, row in enumerate(told)], last=last)

    monkeypatch.setattr(Receipts, "_page", changed)


def strange(rows: list[Row], pieces: int, **changes: Any) -> list[Row]:
    """The rows with a quantity that nobody can read in place of these pieces."""
    wrong = {"quantityAccepted": f"{pieces}.0000000001", **changes}
    return [{**row, **wrong} if float(row.get("quantityAccepted") or 0) == pieces else row for row in rows]


def proof_of(depot: Depot) -> PoVerdict:
    """What `waybill prove` says of the depot's purchase orders."""
    tenants = LiveTenants(depot.settings, open_budget(depot.settings, depot.ledger))
    try:
        systems = tenants.get(depot.tenant).purchasing
        return prove(PoSides(depot.ledger, depot.tenant, systems), None, lambda _: None)
    finally:
        tenants.close()


# ---- rows that cannot be read ----------------------------------------------------------------------------------------


async def test_a_receipt_with_a_row_that_cannot_be_read_is_held_and_the_others_go_on(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    wrong = {"on": True}
    hotwax_tells(monkeypatch, lambda rows: strange(rows, 12) if wrong["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=13, line_4=12)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNREADABLE))
        assert "12.0000000001" in row.hold_evidence
        depot.receive(po_id, line_1=7)
        await depot.carry(po_id, lambda _: depot.made(po_id) == [{1: "7"}])
        assert [found.kind for found in proof_of(depot).differences] == ["receipt_unreadable"]
        wrong["on"] = False
        await depot.run(PoRun.SWEEP)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "7"}, {1: "13", 4: "12"}]
    assert proof_of(depot).ok


@pytest.mark.parametrize("broken", ["\0", "\ud800"])
async def test_a_row_whose_ids_have_lost_a_character_holds_its_order_and_no_other(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    depot = make_depot()
    po_id, other = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    lost = {"receiptId": f"R{broken}1", "shipmentId": f"S{broken}1", "productId": f"P{broken}1"}
    hotwax_tells(monkeypatch, lambda rows: strange(rows, 12, **lost))
    async with depot.working():
        await depot.bring_in(po_id)
        await depot.bring_in(other)
        depot.receive(po_id, line_1=12)
        depot.receive(other, line_1=20)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNREADABLE))
        assert "an id without broken characters" in row.hold_evidence
        await depot.carry(other, SYNCED)
    assert (depot.made(po_id), depot.made(other)) == ([], [{1: "20"}])


async def test_the_only_receipt_cannot_be_read_and_someone_says_to_go_on_without_it(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    hotwax_tells(monkeypatch, lambda rows: strange(rows, 20, shipmentId=None))
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, held(HoldCause.RECEIPT_UNREADABLE))
        proof = proof_of(depot)
        assert (proof.ok, [found.kind for found in proof.differences]) == (False, ["receipt_unreadable"])
        assert (proof.netsuite, [line.by for line in proof.lines]) == ("nothing to verify", ["nothing"])
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, at(PoStage.IMPORTED))
        assert [found.kind for found in proof_of(depot).explained] == ["left_out"]
    assert depot.made(po_id) == []


async def test_a_row_that_names_no_order_holds_its_run_and_is_read_when_it_is_mended(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_overlap": 0}})
    po_id = depot.netsuite.order()
    wrong = {"on": True}
    nobodys = {"orderId": None, "shipmentId": None}
    hotwax_tells(monkeypatch, lambda rows: strange(rows, 12, **nobodys) if wrong["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_4=12)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, lambda _: depot.made(po_id) == [{1: "20"}])
        await depot.run(PoRun.RECEIPTS)
        run = next(run for run in depot.runs() if run.run == PoRun.RECEIPTS)
        assert (run.hold_cause, "12.0000000001" in run.hold_evidence) == (HoldCause.REMOTE_CONTRACT, True)
        wrong["on"] = False
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}, {4: "12"}]
    assert not any(run.hold_cause for run in depot.runs())


# ---- receipts that come late -----------------------------------------------------------------------------------------


async def test_a_worker_that_comes_back_writes_no_older_receipts_over_newer_ones(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, has_read, goes_on = make_depot(), Event(), Event()
    po_id = depot.netsuite.order(LINE)
    since = HotWaxPurchase.receipts_since

    def frozen(self: HotWaxPurchase, moment: datetime, page: int) -> ReceiptPage:
        found = since(self, moment, page)
        if found.receipts and not has_read.is_set():
            has_read.set()
            assert goes_on.wait(10)
        return found

    monkeypatch.setattr(HotWaxPurchase, "receipts_since", frozen)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        stalled = asyncio.create_task(depot.run(PoRun.RECEIPTS))
        await asyncio.to_thread(has_read.wait, 10)
        depot.desk("correct", po_id, delta=-2, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        goes_on.set()
        await stalled
        assert [receipt.pieces for receipt in depot.receipts(po_id)] == [{"1": "10"}]
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "10"}]


async def test_a_shipment_that_is_polled_while_it_is_written_is_sent_whole(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_settled": 1.5}})
    po_id = depot.netsuite.order()
    half = {"on": True}
    hotwax_tells(monkeypatch, lambda rows: rows[:1] if half["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.RECEIPTS)
        row = await depot.until_po(po_id, lambda row: "may not be complete yet" in row.waiting_for)
        assert (row.stage, row.hold_cause) == (PoStage.RECEIVED, None)
        half["on"] = False
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


async def test_a_sweep_takes_no_receipt_for_complete_which_a_store_may_still_write(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    half = {"on": True}
    hotwax_tells(monkeypatch, lambda rows: rows[:1] if half["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, lambda row: "may not be complete yet" in row.waiting_for)
        half["on"] = False
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


async def test_a_poll_of_many_pages_takes_for_complete_what_was_settled_at_its_first(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    since = HotWaxPurchase.receipts_since

    def on_its_second_page(self: HotWaxPurchase, moment: datetime, page: int) -> ReceiptPage:
        if page == 0:
            return ReceiptPage(receipts=(), last=False)
        return since(self, moment, 0).model_copy(update={"last": True})

    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        with monkeypatch.context() as paged:
            paged.setattr(HotWaxPurchase, "receipts_since", on_its_second_page)
            await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, lambda row: "may not be complete yet" in row.waiting_for)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20", 4: "12"}]


# ---- rows that are deleted, or moved ---------------------------------------------------------------------------------


async def test_a_receipt_that_is_deleted_in_hotwax_before_it_is_sent_is_not_sent(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_settled": 1}})
    po_id = depot.netsuite.order(LINE)
    deleted = {"on": False}
    hotwax_tells(monkeypatch, lambda rows: [] if deleted["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, at(PoStage.RECEIVED))
        deleted["on"] = True
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, at(PoStage.IMPORTED))
        await asyncio.sleep(1)
        await depot.run(PoRun.SWEEP)
        await depot.round()
        assert depot.made(po_id) == []
        assert any("are gone from HotWax" in entry for entry in depot.story(po_id))
        deleted["on"] = False
        await depot.run(PoRun.SWEEP)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]


async def test_a_receipt_that_is_deleted_in_hotwax_after_it_was_sent_is_held_as_changed(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    deleted = {"on": False}
    hotwax_tells(monkeypatch, lambda rows: [] if deleted["on"] else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.sync(po_id)
        deleted["on"] = True
        await depot.run(PoRun.SWEEP)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_CHANGED))
        assert "HotWax says 0 now" in row.hold_evidence
        deleted["on"] = False
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, at(PoStage.RECEIVED))
    assert depot.made(po_id) == [{1: "20"}]


@pytest.mark.parametrize("first", ["its own", "the other"])
async def test_a_row_that_hotwax_moves_to_another_purchase_order_moves_in_the_ledger(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    depot = make_depot(netsuite={"waits": {"receipt_settled": 1}})
    one, two = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    if first == "the other":
        one, two = two, one
    async with depot.working():
        await depot.bring_in(one, two)
        depot.receive(one, line_1=8)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(one, at(PoStage.RECEIVED))
        mine, theirs = depot.known_po(one).oms_id, depot.known_po(two).oms_id
        whole = Receipts.of

        def moved(self: Receipts, order_id: str) -> ReceiptPage:
            if order_id == mine:
                return ReceiptPage(receipts=(), last=True)
            found = whole(self, mine or "") if order_id == theirs else whole(self, order_id)
            rows = tuple(row.model_copy(update={"order_id": order_id}) for row in found.receipts)
            return found.model_copy(update={"receipts": rows})

        monkeypatch.setattr(Receipts, "of", moved)
        assert "not_read_yet" not in {found.kind for found in proof_of(depot).explained}
        await depot.run(PoRun.SWEEP)
        await depot.until_po(one, at(PoStage.IMPORTED))
        await depot.until_po(two, at(PoStage.RECEIVED))
        await asyncio.sleep(1)
        await depot.run(PoRun.SWEEP)
        hotwax_tells(monkeypatch, lambda _: [])
        await depot.carry(two, lambda _: depot.made(two) == [{1: "8"}])
    assert depot.made(one) == []
    assert any(f"purchase order {two} now" in entry for entry in depot.story(one))


async def test_a_row_that_hotwax_moves_to_another_shipment_and_corrects_counts_anew_where_it_was(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    moved: list[Row] = []
    other = {"shipmentId": "SHX", "quantityAccepted": 3}
    hotwax_tells(monkeypatch, lambda rows: [{**row, **other} for row in rows] if moved else rows)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
        moved.append(other)
        await depot.run(PoRun.SWEEP)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_CHANGED))
        assert "5 of them sent; HotWax says 3 now" in row.hold_evidence
    assert [receipt.pieces for receipt in depot.receipts(po_id)] == [{"1": "3"}]
