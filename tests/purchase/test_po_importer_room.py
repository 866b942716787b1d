"""How many receipts are given to the stock importer at a time: no more than one run of it can read."""

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import ReceiptState
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.purchase.stock_flow import LINE
from tests.purchase.test_po_stock_errors import sent, until
from tests.sandbox.erp import RECEIPT
from tests.support.depot import STOCK, Depot, held

pytestmark = pytest.mark.anyio

ONE_FILE_AT_A_TIME = {**STOCK, "sizes": {"units_per_run": 300}, "waits": {"answer": 1}}


async def received(depot: Depot, po_id: str) -> None:
    """A store has received some, and the receipt waits for a file."""
    depot.receive(po_id, line_1=5)
    await depot.run(PoRun.RECEIPTS)
    await depot.until_po(po_id, lambda row: "with the next run" in row.waiting_for)


def hold_of_run(depot: Depot) -> tuple[str | None, str]:
    """Why receipt files are held."""
    [row] = [row for row in depot.runs() if row.run == PoRun.RECEIPT_FILES]
    return row.hold_cause, row.hold_evidence


async def test_a_receipt_file_that_is_gone_keeps_no_other_receipt_waiting(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=ONE_FILE_AT_A_TIME)
    po_id, other = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id, other)
        (depot.netsuite.base / RECEIPT / await sent(depot, po_id, 5)).unlink()
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        await sent(depot, other, 5)
        assert hold_of_run(depot) == (None, "")


async def test_receipts_that_wait_for_an_importer_that_takes_nothing_hold_the_run(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=ONE_FILE_AT_A_TIME)
    po_id, other = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id, other)
        name = await sent(depot, po_id, 5)
        await received(depot, other)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: hold_of_run(depot)[0] is not None)
        told = f"1 receipts wait: NetSuite's importer has not taken {name} in time"
        assert hold_of_run(depot) == (HoldCause.RECEIPTS_NOT_TAKEN, told)
        assert depot.receipt_files() == [name]
        depot.netsuite.good_run("import", "stock")
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: len(depot.receipt_files()) > 1)
        assert hold_of_run(depot) == (None, "")
        depot.netsuite.good_run("import", "stock")
        await until(depot, other, ReceiptState.UNVERIFIED)
    assert (depot.made(po_id), depot.made(other)) == ([{1: "5"}], [{1: "5"}])
