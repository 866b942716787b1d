"""Purchase orders that an operator or NetSuite ends while they are held for rows or lines that cannot be told."""

from typing import Any

import pytest

from domain.purchase_order import PoStage
from domain.stages import HoldCause
from tests.po_files.making import waybill_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.test_po_files import _row, _taken
from tests.support.depot import Depot, at, held

pytestmark = pytest.mark.anyio

PO = "4410021"
LATER, LAST = "2026-11-20T11:15:00Z", "2026-11-20T12:15:00Z"
CLOSED = at(PoStage.CLOSED)


def open_in_hotwax(depot: Depot) -> list[str]:
    """The lines that HotWax still expects goods on."""
    return [line_id for line_id, line in (depot.known_po(PO).imported or {}).items() if not line["closed"]]


async def held_for_bad_rows(depot: Depot) -> None:
    """One that HotWax has, whose next file has a bad row."""
    await _taken(depot, "WB-PO-0.csv", waybill_file(_row(), _row(line=2)))
    await depot.into_hotwax(PO)
    await _taken(depot, "WB-PO-1.csv", waybill_file(_row(modified=LATER), _row(line=2, modified=LATER, quantity="x")))
    await depot.until_po(PO, held(HoldCause.BAD_ROWS))


@pytest.mark.parametrize(("verb", "end"), [("cancel", PoStage.CANCELLED), ("close", PoStage.CLOSED)])
async def test_one_with_bad_rows_is_ended_by_an_operator_and_hotwax_closes_it(
    make_depot: MakeDepot, verb: str, end: PoStage
) -> None:
    depot = make_depot()
    async with depot.working():
        await held_for_bad_rows(depot)
        assert (await depot.po_command(PO, verb)).accepted
        await depot.carry(PO, at(end))
        assert open_in_hotwax(depot) == []


async def test_one_with_bad_rows_ends_when_its_good_rows_say_that_netsuite_closed_it(make_depot: MakeDepot) -> None:
    depot = make_depot()
    async with depot.working():
        await held_for_bad_rows(depot)
        over: dict[str, Any] = {"modified": LAST, "status": "H", "closed": "T"}
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row(**over), _row(line=2, quantity="x", **over)))
        row = await depot.carry(PO, CLOSED)
        assert (open_in_hotwax(depot), bool(row.bad_rows)) == ([], True)


async def test_one_of_which_only_bad_rows_came_is_cancelled(make_depot: MakeDepot) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(facility="")))
        await depot.until_po(PO, held(HoldCause.BAD_ROWS))
        assert (await depot.po_command(PO, "cancel")).accepted
        await depot.until_po(PO, at(PoStage.CANCELLED))


async def test_one_with_a_line_of_another_key_ends_when_netsuite_closes_it_and_keeps_its_receipt(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "WB-PO-0.csv", waybill_file(_row()))
        await depot.into_hotwax(PO)
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(key="777", modified=LATER)))
        await depot.until_po(PO, held(HoldCause.LINE_KEY_CHANGED))
        over: dict[str, Any] = {"modified": LAST, "status": "H", "closed": "T"}
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row(key="777", **over)))
        await depot.carry(PO, CLOSED)
        assert open_in_hotwax(depot) == []
