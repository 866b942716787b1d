"""Purchase orders that HotWax made, and shows only later."""

from collections.abc import Mapping

import pytest

from connectors.hotwax.purchase import HotWaxPurchase
from connectors.po_ports import ImportProgress, JobState, OmsPurchaseOrder
from domain.outcomes import Outcome, WriteOutcome
from domain.po_messages import PoRun
from domain.purchase_order import ImportState, PoStage
from domain.stages import HoldCause
from operators.bootstrap import LiveTenants, open_budget
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_gone import hide
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio


def _hotwax_has(depot: Depot, po_id: str) -> Mapping[str, object]:
    tenants = LiveTenants(depot.settings, open_budget(depot.settings, depot.ledger))
    try:
        return tenants.get(depot.tenant).purchasing.oms.read_back([po_id])
    finally:
        tenants.close()


async def test_an_order_that_hotwax_shows_a_moment_after_its_import_ended_is_not_refused(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, hidden = make_depot(), hide(monkeypatch, {})
    hidden["on"] = True
    async with depot.working():
        po_id = depot.netsuite.order()
        await depot.export()
        missed = "HotWax has no such purchase order"
        await depot.run_until(PoRun.IMPORTS, lambda: depot.known_po(po_id).import_problem == missed)
        assert depot.known_po(po_id).import_state == ImportState.SENT
        hidden["on"] = False
        row = await depot.carry(po_id, at(PoStage.IMPORTED))
    assert (row.import_problem, row.hold_cause) == ("", None)
    assert len(depot.sandbox.calls(path="/api/uploadAndImportFile")) == 1


# ---- too late --------------------------------------------------------------------------------------------------------


async def _rejected(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> str:
    """One that HotWax made, and showed so late that its upload was taken for refused."""
    hidden = hide(monkeypatch, {})
    hidden["on"] = True
    po_id = depot.netsuite.order({"item": "SKU-1", "quantity": 20, "location": 17})
    await depot.export()
    await depot.carry(po_id, held(HoldCause.IMPORT_REJECTED))
    hidden["on"] = False
    return po_id


def _uploads(depot: Depot) -> int:
    return len(depot.sandbox.calls(path="/api/uploadAndImportFile"))


@pytest.mark.parametrize("how", ["resumed", "amended"])
async def test_one_that_was_taken_for_refused_is_looked_for_before_it_is_uploaded_a_second_time(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    depot = make_depot(hotwax={"import_repeat": "duplicates"})
    depot.sandbox.change(import_repeat="duplicates")
    async with depot.working():
        po_id = await _rejected(depot, monkeypatch)
        if how == "resumed":
            assert (await depot.po_command(po_id, "resume")).accepted
        else:
            depot.netsuite.act("amend", po_id, line=1, quantity=25)
            await depot.export()
        await depot.carry(po_id, at(PoStage.IMPORTED) if how == "resumed" else held(HoldCause.IMPORT_NOT_TAKEN))
    assert _uploads(depot) == 1


async def test_one_that_hotwax_surely_does_not_have_is_uploaded_again(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    async with depot.working():
        po_id = await _rejected(depot, monkeypatch)
        depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": po_id})
        depot.sandbox.heal()
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.carry(po_id, at(PoStage.IMPORTED))
    assert _uploads(depot) == 2


@pytest.mark.parametrize("is_shown", [True, False])
async def test_one_that_was_taken_for_refused_is_not_cancelled_unseen(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, is_shown: bool
) -> None:
    depot = make_depot()
    async with depot.working():
        po_id = await _rejected(depot, monkeypatch)
        if not is_shown:
            depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": po_id})
        assert (await depot.po_command(po_id, "cancel")).accepted
        row = await depot.until_po(po_id, lambda row: "looked for in HotWax" in row.waiting_for)
        assert (row.stage, row.import_state) == (PoStage.PENDING, ImportState.GONE)
        row = await depot.carry(po_id, at(PoStage.CANCELLED))
        assert [line["closed"] for line in (row.imported or {}).values()] == ([True] if is_shown else [])


async def test_goods_that_come_on_one_that_was_taken_for_refused_have_it_known(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot()
    async with depot.working():
        po_id = await _rejected(depot, monkeypatch)
        depot.receive(po_id, line_1=5)
        await depot.carry(po_id, lambda _: depot.made(po_id) == [{1: "5"}])
        assert depot.known_po(po_id).hold_cause is None
    assert _uploads(depot) == 1


# ---- of an upload that failed as a whole -----------------------------------------------------------------------------


def _first_job_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """HotWax ends the first upload's job as failed, whatever the job has made."""
    progress, first = HotWaxPurchase.import_progress, list[str]()

    def told(self: HotWaxPurchase, upload_id: str) -> ImportProgress:
        found = progress(self, upload_id)
        first.append(upload_id)
        is_failed = upload_id == first[0] and found.state is JobState.FINISHED
        return found.model_copy(update={"state": JobState.FAILED, "status": "SERVICE_FAILED"} if is_failed else {})

    monkeypatch.setattr(HotWaxPurchase, "import_progress", told)


@pytest.mark.parametrize("is_shown", [True, False])
async def test_those_of_a_failed_upload_are_looked_for_before_they_are_uploaded_a_second_time(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, is_shown: bool
) -> None:
    depot = make_depot(hotwax={"import_repeat": "duplicates"})
    depot.sandbox.change(import_repeat="duplicates")
    hidden = hide(monkeypatch, {})
    hidden["on"] = True
    _first_job_fails(monkeypatch)
    po_ids = [depot.netsuite.order({"item": "SKU-1", "quantity": 20, "location": 17}) for _ in range(2)]
    async with depot.working():
        await depot.export()
        await depot.run_until(PoRun.IMPORTS, lambda: depot.known_po(po_ids[1]).import_state is ImportState.GONE)
        assert [depot.known_po(po_id).hold_cause for po_id in po_ids] == [None, None]
        for po_id in po_ids:
            if not is_shown:
                depot.sandbox.post("/admin/wrongs", {"kind": "lost_po", "poId": po_id})
        hidden["on"] = False
        for po_id in po_ids:
            await depot.carry(po_id, at(PoStage.IMPORTED))
    assert _uploads(depot) == (1 if is_shown else 3)
    assert depot.netsuite.differences() == []


async def test_one_whose_upload_is_under_way_is_not_uploaded_again_for_closings_beside_it_that_were_refused(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, upload = make_depot(hotwax={"import_repeat": "duplicates"}), HotWaxPurchase.upload

    def refuses_closings(self: HotWaxPurchase, body: str) -> WriteOutcome:
        is_closing = "IMP_CLOSED_PO" in body
        return WriteOutcome(outcome=Outcome.REJECTED, problem="not now") if is_closing else upload(self, body)

    depot.sandbox.change(import_repeat="duplicates")
    first = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(first)
        monkeypatch.setattr(HotWaxPurchase, "upload", refuses_closings)
        depot.netsuite.act("close", first, line=4)
        depot.sandbox.change(import_delay_s=3)
        second = depot.netsuite.order()
        await depot.export()
        await depot.carry(second, at(PoStage.IMPORTED))
        await depot.carry(first, held(HoldCause.IMPORT_REJECTED))
    assert _uploads(depot) == 2
    assert isinstance(_hotwax_has(depot, second)[second], OmsPurchaseOrder)
