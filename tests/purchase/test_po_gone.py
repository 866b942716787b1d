"""Purchase orders that HotWax had and does not tell any more: held, until it tells them again or somebody decides."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_orders import PurchaseOrders
from connectors.po_ports import ImportProgress, JobState, UnclearPurchaseOrder
from domain.po_messages import PoRun
from domain.purchase_order import ImportState, PoStage
from domain.stages import HoldCause
from ledger.po_tables import PurchaseOrderRow
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_strange_receipts import LINE, SYNCED
from tests.support.depot import at, held

pytestmark = pytest.mark.anyio

GONE = held(HoldCause.GONE_IN_HOTWAX)


def hide(monkeypatch: pytest.MonkeyPatch, instead: Mapping[str, Any]) -> dict[str, bool]:
    """HotWax tells none of its purchase orders while `on`, but these."""
    hidden, whole = {"on": False}, PurchaseOrders.of

    def of(self: PurchaseOrders, po_ids: Collection[str]) -> Mapping[str, Any]:
        return {i: told for i, told in instead.items() if i in po_ids} if hidden["on"] else whole(self, po_ids)

    monkeypatch.setattr(PurchaseOrders, "of", of)
    return hidden


@pytest.mark.parametrize("how", ["gone", "unclear"])
async def test_one_that_hotwax_does_not_tell_any_more_is_held_until_it_tells_it_again(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    unclear = UnclearPurchaseOrder(po_id=po_id, order_ids=("M1", "M2"), problem="two orders carry its id: M1, M2")
    hidden = hide(monkeypatch, {po_id: unclear} if how == "unclear" else {})
    async with depot.working():
        await depot.bring_in(po_id)
        hidden["on"] = True
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        row = await depot.until_po(po_id, GONE)
        assert ("M1, M2" if how == "unclear" else "no such purchase order any more") in row.hold_evidence
        await depot.round()
        await depot.run(PoRun.SWEEP)
        assert GONE(depot.known_po(po_id))
        hidden["on"] = False
        await depot.run(PoRun.SWEEP)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "20"}]
    assert any("HotWax tells it again" in entry for entry in depot.story(po_id))


async def test_one_that_was_deleted_in_hotwax_is_made_anew_by_resume_and_keeps_what_was_received(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        first = (await depot.bring_in(po_id)).oms_id
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
        depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": po_id})
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, GONE)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, lambda row: row.oms_id not in {None, first} and row.hold_cause is None)
        await depot.run(PoRun.SWEEP)
        depot.receive(po_id, line_1=12)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "8"}, {1: "12"}]


@pytest.mark.parametrize("how", ["back", "unclear"])
async def test_one_that_is_resumed_is_looked_for_and_not_uploaded_unless_it_is_surely_gone(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    depot = make_depot(hotwax={"import_repeat": "duplicates"})
    depot.sandbox.change(import_repeat="duplicates")
    po_id = depot.netsuite.order(LINE)
    unclear = UnclearPurchaseOrder(po_id=po_id, order_ids=("M1", "M2"), problem="two orders carry its id: M1, M2")
    hidden = hide(monkeypatch, {po_id: unclear} if how == "unclear" else {})
    async with depot.working():
        first = (await depot.bring_in(po_id)).oms_id
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
        hidden["on"] = True
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, GONE)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.run(PoRun.SWEEP)
        if how == "unclear":
            await depot.run(PoRun.IMPORTS)
            assert "M1, M2" in (await depot.until_po(po_id, GONE)).hold_evidence
        hidden["on"] = False
        depot.receive(po_id, line_1=12)
        await depot.run(PoRun.IMPORTS if how == "back" else PoRun.SWEEP)
        row = await depot.carry(po_id, SYNCED)
        assert row.oms_id == first
    assert len(depot.sandbox.calls(path="/api/uploadAndImportFile")) == 1
    assert depot.made(po_id) == [{1: "8"}, {1: "12"}]


async def test_one_that_is_gone_ends_by_close_and_one_that_has_ended_is_not_held(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id, done = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id, done)
        depot.receive(done, line_1=20)
        await depot.carry(done, SYNCED)
        for each in (po_id, done):
            depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": each})
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, GONE)
        assert (await depot.po_command(po_id, "close")).accepted
        await depot.carry(po_id, at(PoStage.CLOSED))
        assert SYNCED(depot.known_po(done))


async def test_one_that_is_gone_stays_so_while_another_of_its_upload_is_in_doubt(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"waits": {"import_ended": 0.5}})
    doubtful, gone = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    hidden, whole = {doubtful}, PurchaseOrders.of

    def never(_: HotWaxPurchase, upload_id: str) -> ImportProgress:
        return ImportProgress(upload_id=upload_id, state=JobState.PENDING)

    def of(self: PurchaseOrders, po_ids: Collection[str]) -> Mapping[str, Any]:
        return {po_id: told for po_id, told in whole(self, po_ids).items() if po_id not in hidden}

    monkeypatch.setattr(HotWaxPurchase, "import_progress", never)
    monkeypatch.setattr(PurchaseOrders, "of", of)
    async with depot.working():
        await depot.export()
        await depot.carry(doubtful, held(HoldCause.IMPORT_UNKNOWN))
        assert (await depot.into_hotwax(gone)).import_batch == depot.known_po(doubtful).import_batch
        hidden.add(gone)
        await depot.run(PoRun.SWEEP)
        await depot.until_po(gone, GONE)
        for _ in range(2):
            await depot.run(PoRun.IMPORTS)
            await depot.run(PoRun.SWEEP)
        row = depot.known_po(gone)
        assert (row.import_state, GONE(row)) == (ImportState.GONE, True)
        assert depot.known_po(doubtful).hold_cause == HoldCause.IMPORT_UNKNOWN


@pytest.mark.parametrize("state", [ImportState.REJECTED, ImportState.UNKNOWN])
async def test_one_that_owes_nothing_since_its_upload_came_to_nothing_is_held_when_it_is_gone(
    make_depot: MakeDepot, state: ImportState
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        with depot.ledger.writing() as session:
            session.get_one(PurchaseOrderRow, (depot.tenant, po_id)).import_state = state
        depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": po_id})
        await depot.run(PoRun.SWEEP)
        await depot.until_po(po_id, GONE)
