"""One set of purchase orders and receipts, three ways to NetSuite: the same item receipts in the end."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from domain.purchase_order import PoStage, ReceiptState
from tests.purchase.conftest import MakeIn
from tests.support.depot import at

pytestmark = pytest.mark.anyio

MODES = ("files", "files+waybill-scripts", "rest")


PIECES = {"item": "SKU-1", "quantity": 20, "location": 17}
CASES = {"item": "SKU-2", "quantity": 3, "unit": "CASE", "unitRate": 12, "location": 17}
TWICE = {"item": "SKU-1", "quantity": 5, "location": 18}


@dataclass(frozen=True)
class Case:
    """Lines of a purchase order, what the store receives in each visit, and the item receipts that follow."""

    lines: tuple[dict[str, Any], ...]
    visits: tuple[dict[str, int], ...]
    made: list[dict[int, str]]


WHOLE: Mapping[str, Case] = {
    "in parts": Case((PIECES,), ({"line_1": 12}, {"line_1": 8}), [{1: "12"}, {1: "8"}]),
    "one line and not the other": Case((PIECES, CASES), ({"line_1": 20},), [{1: "20"}]),
    "one product on two lines": Case((PIECES, TWICE), ({"line_4": 5},), [{4: "5"}]),
    "more than ordered": Case((PIECES,), ({"line_1": 21},), [{1: "21"}]),
}


@pytest.mark.parametrize("mode", MODES)
async def test_receipts_of_every_kind_are_the_same_in_every_mode(make_in: MakeIn, mode: str) -> None:
    depot = make_in(mode, policy={"over_receipt_percent": 10})
    depot.sandbox.change(netsuite_overage=True)
    po_ids = {name: depot.netsuite.order(*case.lines) for name, case in WHOLE.items()}
    async with depot.working():
        await depot.bring_in(*po_ids.values())
        for number in range(max(len(case.visits) for case in WHOLE.values())):
            visited = [name for name, case in WHOLE.items() if number < len(case.visits)]
            for name in visited:
                depot.receive(po_ids[name], **WHOLE[name].visits[number])
            for name in visited:
                await depot.sync(po_ids[name])
    assert {name: depot.made(po_id) for name, po_id in po_ids.items()} == {n: case.made for n, case in WHOLE.items()}
    assert depot.netsuite.differences(tolerance_percent="10") == []


@pytest.mark.parametrize("mode", MODES)
async def test_a_whole_life_ends_with_the_same_item_receipts(make_in: MakeIn, mode: str) -> None:
    depot = make_in(mode)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        await depot.sync(po_id)
        depot.receive(po_id, line_1=8, line_4=12)
        await depot.sync(po_id)
        await depot.until_po(po_id, at(PoStage.RECEIPT_SYNCED))
    assert depot.made(po_id) == [{1: "12"}, {1: "8", 4: "12"}]
    assert depot.netsuite.differences() == []


@pytest.mark.parametrize("mode", MODES[1:])
async def test_the_good_rows_of_an_order_are_received_in_every_mode_that_carries_them(
    make_in: MakeIn, mode: str
) -> None:
    depot = make_in(mode, policy={"partial_pos": True})
    po_id = depot.netsuite.order(PIECES, {**TWICE, "location": None})
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        await depot.sync(po_id)
        depot.receive(po_id, line_1=8)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "12"}, {1: "8"}]
    assert not any("does not name" in entry for entry in depot.story(po_id))


@pytest.mark.parametrize("name", ["in parts", "one line and not the other"])
async def test_the_silence_of_the_stock_importer_is_verified_where_netsuite_may_be_asked(
    make_in: MakeIn, name: str
) -> None:
    case = WHOLE[name]
    depot = make_in("files", beside=True)
    po_id = depot.netsuite.order(*(line for line in case.lines if "unitRate" not in line))
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, **case.visits[0])
        await depot.carry(po_id, lambda _: any(r.state is ReceiptState.CREATED for r in depot.receipts(po_id)))
    assert depot.made(po_id) == case.made[:1]
    assert any("is verified" in entry for entry in depot.story(po_id))
