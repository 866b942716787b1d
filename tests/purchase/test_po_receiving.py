"""What stores receive and NetSuite amends: each kind of it, from the desk to the item receipt, and what is held."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import PoStage, ReceiptState
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.support.depot import Depot, Told, at, held

pytestmark = pytest.mark.anyio

SYNCED, CANCELLED, CLOSED = (at(PoStage(end)) for end in ("RECEIPT_SYNCED", "CANCELLED", "CLOSED"))
IMPORTED = at(PoStage.IMPORTED)
LINE = {"item": "SKU-1", "quantity": 20, "location": 17}
BOXES = {"item": "SKU-1", "quantity": 5, "unit": "BOX12", "unitRate": 12, "location": 17}


async def _resumed(depot: Depot, po_id: str) -> None:
    answer = await depot.po_command(po_id, "resume")
    assert answer.accepted, answer.message


async def _told_again(depot: Depot, po_id: str, told: Told) -> None:
    """NetSuite tells what it has now, until `told` holds."""
    await depot.export()
    await depot.carry(po_id, told)


# ---- quantities ------------------------------------------------------------------------------------------------------


async def test_partial_receipts_loop_until_every_line_is_complete(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        for part, said in (
            ({"line_1": 8}, "received 8/32 pieces (line 1: 8/20; line 4: 0/12)"),
            ({"line_1": 5, "line_4": 12}, "received 25/32 pieces (line 1: 13/20)"),
        ):
            depot.receive(po_id, **part)
            await depot.sync(po_id)
            row = await depot.until_po(po_id, lambda row, said=said: said in row.waiting_for)  # type: ignore[misc]
            assert (row.stage, row.status_after) == (PoStage.RECEIVED, "E")
            assert depot.netsuite.differences() == []
        depot.receive(po_id, line_1=7)
        row = await depot.carry(po_id, SYNCED)
    assert row.status_after == "F"
    assert depot.made(po_id) == [{1: "8"}, {1: "5", 4: "12"}, {1: "7"}]


async def test_an_over_receipt_within_the_tolerance_is_passed_on(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"policy": {"over_receipt_percent": 10}})
    depot.sandbox.change(netsuite_overage=True)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=22)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "22"}]
    assert depot.netsuite.differences(tolerance_percent="10") == []


async def test_beyond_the_tolerance_the_rest_goes_on_and_the_excess_is_held(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"policy": {"over_receipt_percent": 10}})
    depot.sandbox.change(netsuite_overage=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=27, line_4=12)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        await depot.sync(po_id)
        assert "5 pieces" in row.hold_evidence
        assert depot.made(po_id) == [{1: "22", 4: "12"}]
        await _resumed(depot, po_id)
        await depot.carry(po_id, SYNCED)


async def test_the_excess_is_received_once_netsuite_orders_more(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=25)
        await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
        await depot.sync(po_id)
        depot.netsuite.act("amend", po_id, line=1, quantity=25)
        await depot.export()
        depot.netsuite.act("receive", po_id, quantities={"1": 5})
        await _resumed(depot, po_id)
        await depot.carry(po_id, at(PoStage.RECEIVED))
        await _told_again(depot, po_id, SYNCED)
    assert depot.netsuite.differences() == []


async def test_a_short_line_stays_open_until_the_store_closes_it(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=18, line_4=12)
        await depot.sync(po_id)
        assert depot.known_po(po_id).stage is PoStage.RECEIVED
        depot.desk("close", po_id, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        row = await depot.carry(po_id, SYNCED)
    assert row.closed_in_oms == ["1"]
    assert depot.netsuite.received(po_id) == {1: "18", 4: "12"}
    assert depot.netsuite.differences() == []


async def test_a_line_closed_short_at_the_desk_ends_with_its_receipt(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"line": "1", "accepted": 18, "close": True})
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "18"}]


async def test_a_product_without_a_line_is_received_on_the_line_that_is_added_for_it(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"sku": "SKU-3", "accepted": 2}, line_1=20)
        await depot.carry(po_id, held(HoldCause.RECEIPT_UNPLANNED))
        depot.netsuite.act("add_line", po_id, new={"item": "SKU-3", "quantity": 2, "location": 17})
        await depot.export()
        await depot.carry(po_id, lambda row: row.status_after == "F")
    assert depot.made(po_id) == [{1: "20", 4: "2"}]


async def test_rejected_units_are_reported_and_never_received(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, {"line": "1", "accepted": 16, "rejected": 4})
        await depot.sync(po_id)
        assert [receipt.rejected for receipt in depot.receipts(po_id)] == [{"1": "4"}]
        depot.receive(po_id, line_1=4)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "16"}, {1: "4"}]


# ---- corrections -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_place", [True, False])
async def test_a_receipt_corrected_after_it_was_sent_is_held_with_both_numbers(
    make_depot: MakeDepot, in_place: bool
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        await depot.sync(po_id)
        depot.desk("correct", po_id, delta=-2, in_place=in_place, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_CHANGED))
        await depot.sync(po_id)
        await _resumed(depot, po_id)
        await depot.until_po(po_id, at(PoStage.RECEIVED))
    assert ("12" in row.hold_evidence and "10" in row.hold_evidence) or "2 pieces" in row.hold_evidence
    assert [receipt.sent for receipt in depot.receipts(po_id)] == [{"1": "10"}]
    assert depot.made(po_id) == [{1: "12"}]


async def test_a_receipt_corrected_before_it_was_sent_is_sent_as_it_is_now(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_po(po_id, lambda row: "with the next run" in row.waiting_for)
        depot.desk("correct", po_id, delta=-2, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        await depot.run(PoRun.RECEIPTS)
        await depot.until_true(
            lambda: [(r.state, r.sent) for r in depot.receipts(po_id)] == [(ReceiptState.PROMISED, {"1": "10"})],
            "the receipt is promised anew",
        )
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "10"}]


async def test_a_receipt_reversed_after_it_was_sent_is_held_until_netsuite_is_put_right(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.run(PoRun.RECEIPTS)
        await depot.sync(po_id)
        depot.desk("reverse", po_id, items=[{"line": "1"}])
        await depot.run(PoRun.RECEIPTS)
        await depot.carry(po_id, held(HoldCause.RECEIPT_CHANGED))
    assert depot.made(po_id) == [{1: "20"}]


# ---- amendments ------------------------------------------------------------------------------------------------------


AMENDED: Mapping[str, tuple[dict[str, Any], dict[str, str]]] = {
    "more": ({"quantity": 30}, {"pieces": "30"}),
    "less": ({"quantity": 8}, {"pieces": "8"}),
    "location": ({"location": 18}, {"facility": "18"}),
    "date": ({"expected": "2026-12-24"}, {"arrival": "2026-12-24"}),
}
"""What NetSuite changes of a line, and what HotWax has of it then."""


def _has_in_hotwax(found: Mapping[str, str]) -> Told:
    return lambda row: found.items() <= (row.imported or {})["1"].items()


async def test_an_amended_line_is_amended_in_hotwax(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_ids = {name: depot.netsuite.order() for name in AMENDED}
    async with depot.working():
        await depot.bring_in(*po_ids.values())
        for name, (change, _) in AMENDED.items():
            depot.netsuite.act("amend", po_ids[name], line=1, **change)
        for name, (_, found) in AMENDED.items():
            await _told_again(depot, po_ids[name], _has_in_hotwax(found))
            await depot.until_po(po_ids[name], IMPORTED)
    assert depot.netsuite.differences() == []


async def test_a_new_line_is_imported_and_a_closed_one_closed(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("add_line", po_id, new={"item": "SKU-3", "quantity": 3, "location": 17})
        depot.netsuite.act("close", po_id, line=4)
        await _told_again(depot, po_id, lambda row: len(row.imported or {}) == 3 and row.imported["4"]["closed"])  # type: ignore[index]
        depot.receive(po_id, line_1=20, line_7=3)
        await depot.carry(po_id, SYNCED)
    assert depot.netsuite.differences() == []
    assert depot.made(po_id) == [{1: "20", 7: "3"}]


@pytest.mark.parametrize(("action", "ends"), [("cancel", CANCELLED), ("close", CLOSED)])
async def test_an_order_that_ends_in_netsuite_is_closed_in_hotwax(
    make_depot: MakeDepot, action: str, ends: Told
) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act(action, po_id)
        await _told_again(depot, po_id, ends)
    assert all(line["closed"] for line in (depot.known_po(po_id).imported or {}).values())
    assert depot.netsuite.differences() == []


async def test_an_amendment_below_what_was_received_is_held_until_someone_says_so(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=12)
        await depot.sync(po_id)
        depot.netsuite.act("amend", po_id, line=1, quantity=10)
        await depot.export()
        row = await depot.carry(po_id, held(HoldCause.AMENDED_BELOW_RECEIVED))
        assert "from 20 to 10 pieces, 12 are received" in row.hold_evidence
        assert depot.sandbox.get("/admin/netsuite/check")["lines"][0]["inHotwax"] == "20"
        await _resumed(depot, po_id)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "12"}]


# ---- units -----------------------------------------------------------------------------------------------------------


async def test_purchase_units_are_pieces_in_the_store_and_units_in_netsuite(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(BOXES)
    async with depot.working():
        row = await depot.bring_in(po_id)
        assert (row.imported or {})["1"]["pieces"] == "60"
        depot.receive(po_id, line_1=30)
        await depot.sync(po_id)
        depot.receive(po_id, line_1=30)
        await depot.carry(po_id, SYNCED)
    assert depot.made(po_id) == [{1: "2.5"}, {1: "2.5"}]
    assert depot.netsuite.differences() == []


async def test_pieces_that_are_no_exact_part_of_a_unit_are_held_and_not_rounded(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id = depot.netsuite.order(BOXES)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=7)
        row = await depot.carry(po_id, held(HoldCause.UNIT_NOT_EXACT))
        assert "7" in row.hold_evidence
        assert depot.made(po_id) == []
        depot.desk("correct", po_id, accepted=6, items=[{"line": "1"}])
        await depot.run(PoRun.SWEEP)
        await depot.carry(po_id, at(PoStage.RECEIVED))
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "0.5"}]


async def test_a_receipt_that_no_file_can_carry_is_held_and_stops_no_other(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"sizes": {"bytes_per_file": 400}})
    large, small = depot.netsuite.order(*[LINE] * 12), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(large, small)
        depot.receive(large, line_1=5)
        depot.receive(small, line_1=20)
        row = await depot.carry(large, held(HoldCause.RECEIPT_REJECTED))
        assert "raise sizes.bytes_per_file" in row.hold_evidence
        await depot.carry(small, SYNCED)
    assert (depot.made(large), depot.made(small)) == ([], [{1: "20"}])
