"""Purchase orders of a tenant who goes on with their good rows: what is received on lines that bad rows may tell."""

from typing import Any

import pytest

from domain.stages import HoldCause
from ledger.po_tables import PurchaseOrderRow
from tests.po_files.making import waybill_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_files import PARTIAL, _row, _taken
from tests.sandbox.erp import RECEIPT
from tests.support.depot import Depot, held

pytestmark = pytest.mark.anyio

LINE = {"item": "SKU-1", "quantity": 20, "location": 17}
BROKEN: dict[str, Any] = {"modified": "2026-11-20T11:15:00Z"}
MENDED: dict[str, Any] = {"modified": "2026-11-20T12:15:00Z"}


async def received_on_a_line_whose_row_is_bad(depot: Depot) -> tuple[str, str]:
    """A purchase order and its line that a store received on in one visit with another."""
    po_id = depot.netsuite.order(LINE, LINE)
    (depot.netsuite.base / RECEIPT).mkdir(parents=True)
    second = str(depot.netsuite.read(po_id)["lines"][1]["line"])
    number, line = int(po_id), int(second)
    await _taken(depot, "WB-PO-1.csv", waybill_file(_row(number), _row(number, line)))
    await depot.into_hotwax(po_id)
    await _taken(depot, "WB-PO-2.csv", waybill_file(_row(number, **BROKEN), _row(number, line, facility="", **BROKEN)))
    depot.receive(po_id, **{"line_1": 5, f"line_{second}": 6})
    await depot.carry(po_id, _names(second))
    assert depot.made(po_id) == []
    return po_id, second


def _names(line_id: str) -> Any:
    def names(row: PurchaseOrderRow) -> bool:
        return held(HoldCause.BAD_ROWS)(row) and f":{line_id}:6: 6 pieces" in row.hold_evidence

    return names


async def test_a_receipt_with_goods_on_such_a_line_goes_whole_once_the_row_is_mended(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=PARTIAL)
    async with depot.working():
        po_id, second = await received_on_a_line_whose_row_is_bad(depot)
        rows = (_row(int(po_id), **MENDED), _row(int(po_id), int(second), **MENDED))
        await _taken(depot, "WB-PO-3.csv", waybill_file(*rows))
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5", int(second): "6"}]
    assert depot.known_po(po_id).hold_cause is None


async def test_somebody_may_have_it_go_without_those_goods(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=PARTIAL)
    async with depot.working():
        po_id, _ = await received_on_a_line_whose_row_is_bad(depot)
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]
