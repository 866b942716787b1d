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
