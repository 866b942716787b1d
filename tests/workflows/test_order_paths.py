"""An order's paths on a real server, from the sandbox's HotWax to the sandbox's Retail Pro."""

import pytest

from domain.stages import EffectKind, EffectState, Stage
from tests.conftest import MakeTown
from tests.support.town import Town, an_order, minutes_ago, open_line, shipped

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = minutes_ago(30), minutes_ago(20), minutes_ago(10)


async def _goes_to(town: Town, stage: Stage, order_id: str) -> None:
    await town.poll()
    await town.until_stage(order_id, stage)
    assert (await town.ended(order_id)).stage is stage
    town.prove()


async def test_a_fulfilled_order_is_invoiced_once_and_its_number_written_back(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1001", shipped("GT101"), shipping=15))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1001")
    invoices = town.sandbox.get("/admin/invoices")["invoices"]
    assert [(i["number"], i["store"], i["body"]["TotalAmt"]) for i in invoices] == [("W1001", "GT101", 115)]
    assert town.numbers_in_hotwax("1001") == [invoices[0]["documentNo"]]
    row = town.order("1001")
    assert row
    assert (row.store, row.total) == ("GT101", "115.0000")


async def test_an_incomplete_order_waits(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1004", shipped("GT101"), open_line("GT205")))
    async with town.working():
        await town.poll()
        row = await town.until("1004", lambda row: bool(row.waiting_for))
    assert row.stage is Stage.AWAITING_LINES
    assert town.invoices() == []


async def test_an_order_is_invoiced_when_its_last_line_ships(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1005", shipped("GT101"), open_line("GT101", "P2")))
    async with town.working():
        await town.poll()
        await town.until("1005", lambda row: bool(row.waiting_for))
        town.sandbox.deed("fulfill", "1005")
        await _goes_to(town, Stage.DONE, "1005")
    assert town.invoices() == [("W1005", "GT101")]


async def test_every_other_shipping_store_transfers_to_the_first_that_shipped(make_town: MakeTown) -> None:
    town = await make_town()
    lines = [
        shipped("GT205", "P1", statusDatetime=SECOND),
        shipped("GT101", "P2", statusDatetime=FIRST, quantity=2),
        shipped("GT307", "P3", statusDatetime=THIRD),
    ]
    town.seed(an_order("1010", *lines))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1010")
    assert town.invoices() == [("W1010", "GT101")]
    assert town.slips() == [("GT205", "GT101"), ("GT307", "GT101")]


async def test_slips_go_side_by_side_and_after_the_invoice(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"timeout_read": 10}, waits={"call": 15})
    town.seed(an_order("1011", shipped("GT101", statusDatetime=FIRST), shipped("GT205"), shipped("GT307")))
    town.sandbox.fault("stall", system="retailpro", path="/api/v1/Transfer")
    async with town.working():
        await town.poll()
        await town.until_true(lambda: len(town.calls_in_the_air()) == 2, "both slips are on the wire at once")
        assert town.invoices() == [("W1011", "GT101")]
        town.sandbox.heal()
        await _goes_to(town, Stage.DONE, "1011")


async def test_a_rejected_slip_touches_neither_invoice_nor_other_slips_and_goes_on_after_resume(
    make_town: MakeTown,
) -> None:
    town = await make_town()
    town.seed(an_order("1012", shipped("GT101", statusDatetime=FIRST), shipped("GT205"), shipped("GT307")))
    town.sandbox.fault("status", system="retailpro", path="/api/v1/Transfer", body='"GT205"', status=400)
    async with town.working():
        await town.poll()
        await town.until_held("1012", "slip_rejected")
        assert (town.invoices(), town.slips()) == ([("W1012", "GT101")], [("GT307", "GT101")])
        assert town.numbers_in_hotwax("1012") != []
        town.sandbox.heal()
        assert (await town.command("1012", "resume")).accepted
        await _goes_to(town, Stage.DONE, "1012")
    assert town.slips() == [("GT205", "GT101"), ("GT307", "GT101")]


async def test_a_pickup_order_names_the_pickup_store(make_town: MakeTown) -> None:
    town = await make_town()
    town.sandbox.seed(shipmentMethods=[{"shipmentMethodTypeId": "CURBSIDE", "parentTypeId": "STOREPICKUP"}])
    lines = [
        shipped("GT101", shipmentMethodTypeId="CURBSIDE"),
        shipped("GT101", "P2", shipmentMethodTypeId="STOREPICKUP"),
    ]
    town.seed(an_order("1013", *lines))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1013")
    body = town.sandbox.get("/admin/invoices")["invoices"][0]["body"]
    assert body["DeliveryType"] == 1
    assert {item["StoreDest"] for item in body["Items"]} == {"GT101"}


@pytest.mark.parametrize("channel", ["POS_SALES_CHANNEL", "POS_CHANNEL"])
async def test_a_send_sale_owes_its_transfer_only(make_town: MakeTown, channel: str) -> None:
    town = await make_town()
    sale = {"channel": channel, "attributes": {"orderFacility": "GT101"}, "pos_sale": True}
    town.seed(an_order("1014", shipped("GT205"), **sale))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1014")
    assert (town.invoices(), town.slips()) == ([], [("GT205", "GT101")])


async def test_an_order_carried_out_of_the_store_is_skipped(make_town: MakeTown) -> None:
    town = await make_town()
    line = shipped("GT101", shipmentMethodTypeId="POS_COMPLETED")
    town.seed(an_order("1015", line, channel="pos", attributes={"orderFacility": "GT101"}, pos_sale=True))
    async with town.working():
        await _goes_to(town, Stage.SKIPPED, "1015")
    assert (town.invoices(), town.slips()) == ([], [])


async def test_an_order_with_all_lines_cancelled_ends_cancelled(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1016", open_line("GT101"), open_line("GT205")))
    town.sandbox.deed("cancel", "1016")
    async with town.working():
        await _goes_to(town, Stage.CANCELLED, "1016")
    assert town.effects("1016") == []


async def test_a_cancelled_line_can_be_what_completes_an_order(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1017", shipped("GT101"), open_line("GT205", "P2")))
    async with town.working():
        await town.poll()
        await town.until("1017", lambda row: bool(row.waiting_for))
        town.sandbox.deed("cancel", "1017", items=["00102"])
        await _goes_to(town, Stage.DONE, "1017")
    (invoice,) = town.sandbox.get("/admin/invoices")["invoices"]
    assert [line["upc"] for line in invoice["lines"]] == ["0740000000011"]


async def test_a_line_reopened_after_the_invoice_holds_the_order_until_it_is_acknowledged(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1018", shipped("GT101"), open_line("GT205", "P2")))
    async with town.working():
        await town.poll()
        await town.until("1018", lambda row: bool(row.waiting_for))
        await town.command("1018", "force_invoice")
        await town.until("1018", lambda _: town.numbers_in_hotwax("1018") != [])
        town.sandbox.deed("reopen", "1018", items=["00101"])
        await town.poll()
        row = await town.until_held("1018", "reopened_line")
        assert "fulfilled by GT101, now ITEM_APPROVED" in row.hold_evidence
        assert (await town.command("1018", "resume")).accepted
        await town.until_stage("1018", Stage.AWAITING_LINES)
        town.sandbox.deed("fulfill", "1018")
        await _goes_to(town, Stage.DONE, "1018")
    assert town.invoices() == [("W1018", "GT101"), ("W1018-1", "GT101")]


async def test_a_line_reopened_after_the_end_is_seen_and_held(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1019", shipped("GT101")))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1019")
        town.sandbox.deed("reopen", "1019", order_too=True)
        await town.poll()
        await town.until_held("1019", "reopened_line")
        await town.command("1019", "resume")
        town.sandbox.deed("fulfill", "1019")
        await town.poll()
        await _goes_to(town, Stage.DONE, "1019")
    assert town.invoices() == [("W1019", "GT101")]


async def test_every_remote_write_of_an_order_stands_in_the_ledger(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("1020", shipped("GT101", statusDatetime=FIRST), shipped("GT205")))
    async with town.working():
        await _goes_to(town, Stage.DONE, "1020")
    effects = town.effects("1020")
    assert {effect.kind for effect in effects} == {EffectKind.INVOICE, EffectKind.SLIP, EffectKind.WRITE_BACK}
    assert {effect.state for effect in effects} == {EffectState.DONE}
    assert all(effect.number and effect.attempt == 1 for effect in effects)
