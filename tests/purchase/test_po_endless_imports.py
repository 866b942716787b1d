"""Uploads whose end HotWax never tells: their purchase orders are read back, done or held, and never wait for ever."""

import pytest

from connectors.errors import Contract
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.po_ports import ImportProgress, JobState
from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_gone import hide
from tests.support.depot import at, held

pytestmark = pytest.mark.anyio

SOON = {"waits": {"import_ended": 0.5}}
IMPORTED = at(PoStage.IMPORTED)


async def test_an_import_that_does_not_end_is_held_and_resumed_or_ends_after_all(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=SOON)
    depot.sandbox.change(import_delay_s=100_000)
    first, other = depot.netsuite.order(), depot.netsuite.order()
    async with depot.working():
        await depot.export()
        row = await depot.carry(first, held(HoldCause.IMPORT_UNKNOWN))
        assert "has not ended upload" in row.hold_evidence
        assert "has no such purchase order" in row.hold_evidence
        depot.sandbox.change(import_delay_s=0)
        assert (await depot.po_command(first, "resume")).accepted
        await depot.carry(first, IMPORTED)
        assert depot.known_po(other).hold_cause == HoldCause.IMPORT_UNKNOWN


@pytest.mark.parametrize("told", ["pending", "nonsense"])
async def test_an_import_that_is_there_is_done_though_its_log_never_says_so(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    depot = make_depot(netsuite=SOON)
    po_id = depot.netsuite.order()

    def never(_: HotWaxPurchase, upload_id: str) -> ImportProgress:
        if told == "pending":
            return ImportProgress(upload_id=upload_id, state=JobState.PENDING)
        raise Contract("hotwax", "import_progress", place="statusId", expected="a status of a job", got="ODD")

    monkeypatch.setattr(HotWaxPurchase, "import_progress", never)
    async with depot.working():
        await depot.export()
        await depot.carry(po_id, IMPORTED)
        await depot.run(PoRun.IMPORTS)
    assert not any(run.hold_cause for run in depot.runs())


async def test_an_import_that_is_held_goes_on_by_itself_once_hotwax_has_ended_it(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, progress, strange = make_depot(netsuite=SOON), HotWaxPurchase.import_progress, {"on": True}
    hidden = hide(monkeypatch, {})
    hidden["on"] = True

    def odd(self: HotWaxPurchase, upload_id: str) -> ImportProgress:
        if strange["on"]:
            raise Contract("hotwax", "import_progress", place="statusId", expected="a status of a job", got="ODD")
        return progress(self, upload_id)

    monkeypatch.setattr(HotWaxPurchase, "import_progress", odd)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.export()
        row = await depot.carry(po_id, held(HoldCause.IMPORT_UNKNOWN))
        assert "got ODD" in row.hold_evidence
        strange["on"] = hidden["on"] = False
        await depot.carry(po_id, IMPORTED)
