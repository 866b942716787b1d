"""Files whose writer is still at it when they are taken, or whose writer died in the middle of a line."""

import os
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.sftp import transfer
from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from ledger import po_files
from ledger.po_files import FileState
from tests.po_files.making import stock_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_cut_points import Runs
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import STOCK, Depot, at, held

pytestmark = pytest.mark.anyio

NAME = "WB-PO-0.csv"
"""Its writer is taken for one that renames: it is claimed as soon as it is seen."""
FIRST, SECOND = "4420000,SKU-1,20,17,1,12/01/2026", "4420000,SKU-2,12,17,4,12/01/2026"
WHOLE = stock_file(FIRST, SECOND)
HALF = stock_file(FIRST)


@pytest.fixture
def depot(make_depot: MakeDepot) -> Depot:
    """A depot in whose folder a file lies that has its first row so far."""
    depot = make_depot(netsuite=STOCK)
    depot.netsuite.put(NAME, HALF, FULFILLMENT)
    return depot


def _settled_after(depot: Depot, time: timedelta) -> None:
    """Have files settle for so long."""
    sftp, tenant = depot.po_settings.sftp, depot.settings.tenants[depot.tenant]
    assert sftp
    complete = sftp.folders.orders.complete.model_copy(update={"settled_for": time})
    orders = sftp.folders.orders.model_copy(update={"complete": complete})
    folders = sftp.folders.model_copy(update={"orders": orders})
    sftp = sftp.model_copy(update={"folders": folders})
    netsuite = depot.po_settings.model_copy(update={"sftp": sftp})
    changed = {depot.tenant: tenant.model_copy(update={"netsuite": netsuite})}
    depot.settings = depot.settings.model_copy(update={"tenants": changed})


def _while_it_is_read(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], None]) -> None:
    """Have this done once, when all bytes of a file have come and nobody has looked yet whether it changed."""
    original, deeds = transfer.check_unchanged, [deed]

    async def check_unchanged(*args: Any) -> None:
        if deeds:
            deeds.pop()()
        await original(*args)

    monkeypatch.setattr(transfer, "check_unchanged", check_unchanged)


def _claimed(depot: Depot) -> Path:
    [name] = depot.netsuite.files(f"{FULFILLMENT}/claimed")
    return depot.netsuite.base / FULFILLMENT / "claimed" / name


@pytest.mark.parametrize("same_worker", [True, False])
async def test_a_file_that_changed_while_it_was_read_must_settle_before_it_is_read_again(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, *, same_worker: bool
) -> None:
    _settled_after(depot, timedelta(hours=1))
    a_while_ago = datetime.now(UTC).timestamp() - 60
    os.utime(depot.netsuite.base / FULFILLMENT / NAME, (a_while_ago, a_while_ago))

    def write_on() -> None:
        _claimed(depot).write_bytes(HALF + SECOND[:20].encode())

    _while_it_is_read(monkeypatch, write_on)
    with closing(Runs(depot)) as first, closing(Runs(depot)) as other:
        first.run(PoRun.FILES)
        for _ in range(3):
            (first if same_worker else other).run(PoRun.FILES)
    assert [file.state for file in depot.files()] == [FileState.READING]
    _claimed(depot).write_bytes(WHOLE)
    _settled_after(depot, timedelta(microseconds=1))
    with closing(Runs(depot)) as later:
        later.run(PoRun.FILES)
        later.run(PoRun.FILES)
    assert [(file.state, file.rows) for file in depot.files()] == [(FileState.DONE, 2)]


async def test_a_file_that_changed_after_it_was_read_does_not_count_as_read(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, deeds = po_files.ended, [lambda: _claimed(depot).write_bytes(WHOLE)]

    def ended(*args: Any) -> None:
        if deeds:
            deeds.pop()()
        original(*args)

    monkeypatch.setattr(po_files, "ended", ended)
    with closing(Runs(depot)) as runs:
        runs.run(PoRun.FILES)
        assert [(file.state, file.rows) for file in depot.files()] == [(FileState.CHANGED, 1)]
        while len(depot.files()) == 1:
            runs.run(PoRun.FILES)
    assert [(file.state, file.rows) for file in depot.files()] == [(FileState.CHANGED, 1), (FileState.DONE, 2)]
    assert len(depot.netsuite.files(f"{FULFILLMENT}/archive")) == 1


async def test_a_stock_file_whose_writer_died_in_a_line_holds_all_of_it_until_it_comes_whole(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    whole = stock_file("4410021,SKU-1,20,17,1,12/01/2026", "4410022,SKU-2,5,17,1,06/15/2026")
    async with depot.working():
        depot.netsuite.put("cut PurchaseOrder.csv", whole.removesuffix(b"/15/2026\n"), FULFILLMENT)
        await depot.take_files()
        row = await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
        assert ("line 3" in row.hold_evidence, "no line end" in row.hold_evidence) == (True, True)
        await depot.run(PoRun.IMPORTS)
        assert (row.imported, depot.po("4410022")) == (None, None)
        depot.netsuite.put("whole PurchaseOrder.csv", whole, FULFILLMENT)
        await depot.take_files()
        for po_id in ("4410021", "4410022"):
            await depot.carry(po_id, at(PoStage.IMPORTED))
