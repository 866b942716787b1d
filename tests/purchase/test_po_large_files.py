"""Files of purchase orders that are larger than any that is read."""

import os

import pytest

from connectors.errors import Unreachable
from connectors.sftp.client import SftpSession
from domain.po_messages import PoRun
from ledger.po_files import FileState
from tests.po_files.making import stock_file
from tests.purchase.conftest import MakeDepot
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import STOCK

pytestmark = pytest.mark.anyio

ROW = "4410021,SKU-1,20,17,1,12/01/2026"


async def test_a_file_of_terabytes_of_holes_is_refused_unread_and_the_next_one_is_read(make_depot: MakeDepot) -> None:
    depot, size = make_depot(netsuite=STOCK), 6 << 40
    depot.netsuite.put("WB-PO-1.csv", b"\0", FULFILLMENT)
    os.truncate(depot.netsuite.base / FULFILLMENT / "WB-PO-1.csv", size)
    async with depot.working():
        await depot.run(PoRun.FILES)
        depot.netsuite.put("WB-PO-2.csv", stock_file(ROW), FULFILLMENT)
        await depot.take_files()
    refused, read = depot.files()
    assert (refused.state, refused.size, read.state) == (FileState.REFUSED, size, FileState.DONE)
    assert f"{size:,} bytes, at most 2,147,483,648 are read" in refused.note
    [kept] = depot.netsuite.files(f"{FULFILLMENT}/error")
    assert (refused.archived_as, kept.partition("-")[2]) == (kept, "refused-WB-PO-1.csv")


async def test_the_largest_file_that_is_read_is_as_large_as_is_configured(make_depot: MakeDepot) -> None:
    largest = stock_file(ROW)
    depot = make_depot(netsuite={**STOCK, "sizes": {"largest_po_file": len(largest)}})
    depot.netsuite.put("WB-PO-1.csv", largest, FULFILLMENT)
    depot.netsuite.put("WB-PO-2.csv", stock_file(ROW, ROW), FULFILLMENT)
    async with depot.working():
        await depot.take_files()
    assert {file.name: file.state for file in depot.files()} == {
        "WB-PO-1.csv": FileState.DONE,
        "WB-PO-2.csv": FileState.REFUSED,
    }


async def test_a_file_that_was_refused_unread_when_its_run_died_is_put_away_by_the_next_one(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={**STOCK, "sizes": {"largest_po_file": 10}})
    depot.netsuite.put("WB-PO-1.csv", stock_file(ROW), FULFILLMENT)
    put_away, cuts = SftpSession.put_away, [Unreachable("netsuite", "put_away", "cut; nothing was moved")]

    def cut_once(self: SftpSession, *args: object, **kwargs: object) -> str:
        if cuts:
            raise cuts.pop()
        return put_away(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(SftpSession, "put_away", cut_once)
    async with depot.working():
        await depot.run_until(PoRun.FILES, lambda: bool(depot.netsuite.files(f"{FULFILLMENT}/error")))
    [kept] = depot.netsuite.files(f"{FULFILLMENT}/error")
    assert [file.archived_as for file in depot.files()] == [kept]
    assert not cuts
