"""An order's paths on a real server, from the sandbox's HotWax to the sandbox's Retail Pro."""

import pytest

from domain.stages import Stage
from tests.conftest import MakeTown
from tests.support.town import basics, open_line, shipped

pytestmark = pytest.mark.anyio


async def test_a_fulfilled_order_is_invoiced_once_and_its_number_written_back(make_town: MakeTown) -> None:
    town = await make_town()
    order = {"orderId": "1001", "orderName": "#W1001", "lines": [shipped("GT101")], "shipping": 15}
    town.sandbox.post("/admin/seed", {**basics(), "orders": [order]})
    async with town.working():
        await town.poll()
        row = await town.until_stage("1001", Stage.DONE)
    assert row.store == "GT101"
    invoices = town.sandbox.get("/admin/invoices")["invoices"]
    assert [(i["number"], i["store"], i["body"]["TotalAmt"]) for i in invoices] == [("W1001", "GT101", 115)]


async def test_an_incomplete_order_waits(make_town: MakeTown) -> None:
    town = await make_town()
    order = {"orderId": "1004", "orderName": "#W1004", "lines": [shipped("GT101"), open_line("GT205")]}
    town.sandbox.post("/admin/seed", {**basics(), "orders": [order]})
    async with town.working():
        await town.poll()
        await town.until("1004", lambda row: bool(row.waiting_for))
    assert town.sandbox.get("/admin/invoices")["invoices"] == []
