"""Stock files that are read in another order than they were written in."""

import os
from contextlib import closing
from time import time

import pytest

from domain.po_messages import PoRun
from ledger import purchase_orders
from ledger.po_files import FileState
from tests.po_files.making import stock_file, waybill_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_cut_points import ROW, Runs
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import STOCK, Depot

pytestmark = pytest.mark.anyio

DAY = 86_400
ORDER, OTHER = "4430001", "4430002"
LINE_1, LINE_4 = f"{ORDER},SKU-1,20,17,1,12/01/2026", f"{ORDER},SKU-2,12,17,4,12/01/2026"


def put(depot: Depot, name: str, *rows: str, age: float) -> None:
    """A stock file in NetSuite's folder that was written so many seconds ago."""
    depot.netsuite.put(name, stock_file(*rows), FULFILLMENT)
    then = time() - age
    os.utime(depot.netsuite.base / FULFILLMENT / name, (then, then))


def lines_told(depot: Depot, po_id: str) -> list[str]:
    """The line ids that NetSuite told last."""
    po = purchase_orders.told(depot.known_po(po_id))
    return [line.line_id for line in po.lines] if po else []


async def test_yesterdays_stock_file_that_is_read_after_todays_closes_no_line_and_tells_the_others(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    with closing(Runs(depot)) as runs:
        put(depot, "today PurchaseOrder.csv", LINE_1, LINE_4, age=60)
        while not depot.files():
            runs.run(PoRun.FILES)
        put(depot, "yesterday PurchaseOrder.csv", LINE_1, f"{OTHER},SKU-1,5,17,1,12/01/2026", age=DAY)
        while depot.netsuite.files(FULFILLMENT):
            runs.run(PoRun.FILES)
    assert [file.state for file in depot.files()] == [FileState.DONE, FileState.DONE]
    assert (lines_told(depot, ORDER), lines_told(depot, OTHER)) == (["1", "4"], ["1"])
    assert "file: left aside, since file 1 is younger, what is told by file 2" in depot.story(ORDER)


# ---- clocks that are wrong -------------------------------------------------------------------------------------------


async def test_a_stock_file_whose_time_is_still_to_come_does_not_make_all_later_ones_old(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    with closing(Runs(depot)) as runs:
        put(depot, "ahead PurchaseOrder.csv", LINE_1, age=-3_000 * DAY)
        while not depot.files():
            runs.run(PoRun.FILES)
        put(depot, "right PurchaseOrder.csv", LINE_1, LINE_4, age=60)
        while depot.netsuite.files(FULFILLMENT):
            runs.run(PoRun.FILES)
    assert lines_told(depot, ORDER) == ["1", "4"]


@pytest.mark.parametrize("quantity", ["20", "many"])
async def test_a_time_in_a_row_that_is_still_to_come_does_not_make_all_later_words_old(
    make_depot: MakeDepot, quantity: str
) -> None:
    depot = make_depot()
    row = ROW.format(po=ORDER)
    ahead = row.replace(",20,", f",{quantity},").replace("2026-11-20T", "2099-01-01T")
    mended = row.replace(",20,", ",35,")
    with closing(Runs(depot)) as runs:
        for name, told in (("WB-PO-1.csv", ahead), ("WB-PO-2.csv", mended)):
            depot.netsuite.put(name, waybill_file(told), FULFILLMENT)
            while depot.netsuite.files(FULFILLMENT):
                runs.run(PoRun.FILES)
    po = purchase_orders.told(depot.known_po(ORDER))
    assert po is not None
    assert (str(po.lines[0].quantity), depot.known_po(ORDER).bad_rows) == ("35", None)


# ---- bad rows that tell no purchase order ----------------------------------------------------------------------------


async def test_a_stock_file_of_one_cut_row_is_refused_by_name(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    with closing(Runs(depot)) as runs:
        depot.netsuite.put("cut PurchaseOrder.csv", stock_file(LINE_1)[:-1], FULFILLMENT)
        while not depot.files() or depot.files()[0].state == FileState.READING:
            runs.run(PoRun.FILES)
    [file] = depot.files()
    assert (file.state, "line 2" in file.note, "do not tell theirs" in file.note) == (FileState.REFUSED, True, True)
    kept = depot.netsuite.files(f"{FULFILLMENT}/error")
    assert [name.endswith(("-cut PurchaseOrder.csv", "-bad-rows.csv")) for name in kept] == [True, True]


async def test_a_cut_row_in_an_older_file_of_which_nothing_counts_any_more_has_it_refused(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    with closing(Runs(depot)) as runs:
        put(depot, "today PurchaseOrder.csv", LINE_1, LINE_4, age=60)
        while not depot.files():
            runs.run(PoRun.FILES)
        put(depot, "yesterday PurchaseOrder.csv", LINE_1, ",SKU-1,5,17,1,12/01/2026", age=DAY)
        while depot.netsuite.files(FULFILLMENT):
            runs.run(PoRun.FILES)
        put(depot, "new PurchaseOrder.csv", LINE_1, ",SKU-2,5,17,1,12/01/2026", age=0)
        while depot.netsuite.files(FULFILLMENT):
            runs.run(PoRun.FILES)
    assert [file.state for file in depot.files()] == [FileState.DONE, FileState.REFUSED, FileState.DONE]
    assert [row[:6] for row in depot.known_po(ORDER).bad_rows or ()] == ["line 3"]
