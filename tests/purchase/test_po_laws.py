"""Whatever stores receive, NetSuite is told, and files suffer: NetSuite has what HotWax has, within the tolerance."""

import random
from collections.abc import Callable
from decimal import Decimal

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.faults import ANY, Deed, Fault
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_cut_points import UPLOADS, through
from tests.support.depot import Depot

pytestmark = pytest.mark.anyio

SEEDS = (1, 3)
STEPS = 12
TOLERANCE = 10
MAY_STAND = {None, HoldCause.RECEIPT_EXCESS, HoldCause.RECEIPT_CHANGED, HoldCause.RECEIPT_UNPLANNED}
"""What a person has to look at in the end: goods that NetSuite is not to be told of."""


class _Day:
    """A day of one seed: its deeds, drawn one after the other."""

    def __init__(self, depot: Depot, failing: FailingSftpServer, seed: int) -> None:
        self._depot, self._failing, self._chance = depot, failing, random.Random(seed)  # noqa: S311 - repeatable
        self.po_ids = [depot.netsuite.order() for _ in range(2)]
        self.done: list[str] = []

    def step(self) -> None:
        """One deed, drawn."""
        deeds: list[Callable[[], str]] = [self._receive] * 5 + [
            self._receive_over,
            self._unplanned,
            self._deliver_twice,
            self._cut_the_connection,
            self._lose_an_answer,
            self._trouble_the_importer,
        ]
        self.done.append(self._chance.choice(deeds)())

    def _po(self) -> str:
        return self._chance.choice(self.po_ids)

    def _receive(self) -> str:
        po_id, line = self._po(), self._chance.choice((1, 4))
        pieces = self._chance.randint(1, 7)
        self._depot.receive(po_id, **{f"line_{line}": pieces})
        return f"{po_id}/{line} +{pieces}"

    def _receive_over(self) -> str:
        po_id = self._po()
        self._depot.receive(po_id, line_1=self._chance.randint(18, 30))
        return f"{po_id} over"

    def _unplanned(self) -> str:
        self._depot.receive(po_id := self._po(), {"sku": "SKU-3", "accepted": 2})
        return f"{po_id} unplanned"

    def _deliver_twice(self) -> str:
        folder = self._depot.netsuite.base / "purchaseorder/fulfillment"
        for file in sorted((folder / "archive").glob("*.csv")):
            (folder / f"again-{file.name}").write_bytes(file.read_bytes())
        return "files again"

    def _cut_the_connection(self) -> str:
        deed = self._chance.choice((Deed.CUT_BEFORE, Deed.CUT_AFTER))
        self._failing.faults.plan(Fault(ANY, deed, skip=self._chance.randint(0, 12)))
        return f"sftp {deed}"

    def _lose_an_answer(self) -> str:
        self._depot.sandbox.fault("drop", when=self._chance.choice(("before", "after")), path=UPLOADS, next=1)
        return "upload lost"

    def _trouble_the_importer(self) -> str:
        kind = self._chance.choice(("crash_after_receipts", "crash_before_ack", "crash_before_move"))
        self._depot.netsuite.fault(kind, script="import")
        return kind


@pytest.mark.parametrize("seed", SEEDS)
async def test_netsuite_has_what_hotwax_has_after_any_sequence_of_deeds_and_faults(
    make_depot: MakeDepot, failing: FailingSftpServer, seed: int
) -> None:
    policy = {"over_receipt_percent": TOLERANCE}
    depot = make_depot(hotwax={"timeout_read": 1}, netsuite={"sftp": through(failing.reach), "policy": policy})
    depot.sandbox.change(netsuite_overage=True)
    day = _Day(depot, failing, seed)
    async with depot.working():
        await depot.bring_in(*day.po_ids)
        for _ in range(STEPS):
            day.step()
            if len(day.done) % 3 == 0:
                await _round(depot)
        failing.faults.clear()
        depot.sandbox.heal()
        for po_id in day.po_ids:
            depot.receive(po_id, line_1=1)
        for _ in range(2):
            await _round(depot)
        for po_id in day.po_ids:
            await depot.sync_all(po_id)
    told = f"seed {seed}: {day.done}"
    assert depot.netsuite.differences() == [], told
    for line in depot.sandbox.get("/admin/netsuite/check")["lines"]:
        most = min(Decimal(line["receivedInHotwax"]), Decimal(line["ordered"]) * (100 + TOLERANCE) / 100)
        assert Decimal(line["receivedInNetsuite"]) <= most, told
    for po_id in day.po_ids:
        row = depot.known_po(po_id)
        assert row.hold_cause in MAY_STAND, (told, depot.story(po_id))
        assert row.stage in {PoStage.RECEIVED, PoStage.RECEIPT_SYNCED}
        ids = [receipt["externalId"] for receipt in depot.netsuite.read(po_id)["receipts"]]
        assert len(ids) == len(set(ids)), told


async def _round(depot: Depot) -> None:
    """All runs once; NetSuite's importer may die in it."""
    for run in (PoRun.FILES, PoRun.IMPORTS, PoRun.RECEIPTS, PoRun.RECEIPT_FILES):
        await depot.run(run)
    depot.netsuite.run("import")
    await depot.run(PoRun.ANSWERS)
