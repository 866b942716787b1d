"""Every hold says its cause, keeps the order without loss, and lets it go on when the cause is mended."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.stages import EffectState, Stage
from tests.conftest import MakeTown
from tests.support.town import STORES, Town, an_order, shipped

pytestmark = pytest.mark.anyio

DIGITAL: Mapping[str, Any] = {"upc": "0740000000035", "facilityId": "_NA_", "statusId": "ITEM_COMPLETED"}


async def _held(town: Town, order_id: str, cause: str) -> str:
    await town.poll()
    return (await town.until_held(order_id, cause)).hold_evidence


async def _goes_on(town: Town, order_id: str) -> None:
    assert (await town.command(order_id, "resume")).accepted
    await _is_done(town, order_id)


async def _is_done(town: Town, order_id: str) -> None:
    await town.until_stage(order_id, Stage.DONE)
    town.prove()


async def test_an_unmapped_store_is_mended_in_the_file_and_resumed_without_a_restart(
    make_town: MakeTown, tmp_path: Path
) -> None:
    town = await make_town(stores={"GT205": "GT205"})
    town.seed(an_order("2001", shipped("GT101")))
    path = town.write_configuration(tmp_path / "waybill.toml")
    async with town.working(configuration=path):
        assert "no Retail Pro store for facility GT101" in await _held(town, "2001", "unmapped_store")
        town.write_configuration(path, stores=STORES)
        await _goes_on(town, "2001")
    assert town.invoices() == [("W2001", "GT101")]


async def test_a_digital_line_without_a_rule_is_held(make_town: MakeTown, tmp_path: Path) -> None:
    town = await make_town()
    town.seed(an_order("2002", shipped("GT101"), DIGITAL))
    town.sandbox.seed(products=[{"productId": "P3", "upc": DIGITAL["upc"], "stocked": False}])
    path = town.write_configuration(tmp_path / "waybill.toml")
    async with town.working(configuration=path):
        assert "00102" in await _held(town, "2002", "digital_line")
        town.write_configuration(path, policy={"digital_lines": "invoice"})
        await _goes_on(town, "2002")


async def test_a_digital_line_is_invoiced_without_a_transfer_where_the_rule_says_so(make_town: MakeTown) -> None:
    town = await make_town(policy={"digital_lines": "invoice"})
    town.seed(an_order("2003", shipped("GT101"), DIGITAL))
    town.sandbox.seed(products=[{"productId": "P3", "upc": DIGITAL["upc"], "stocked": False}])
    async with town.working():
        await town.poll()
        await _is_done(town, "2003")
    (invoice,) = town.sandbox.get("/admin/invoices")["invoices"]
    assert (len(invoice["lines"]), town.slips()) == (2, [])


async def test_an_order_number_too_long_for_retail_pro_is_held_and_never_sent(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("2004", shipped("GT101"), orderName="#" + "9" * 60))
    async with town.working():
        assert "OrderNo" in await _held(town, "2004", "field_too_long")
        assert town.sandbox.calls(system="retailpro") == []
        assert (await town.command("2004", "cancel")).accepted
        await town.until_stage("2004", Stage.CANCELLED)


async def test_totals_that_do_not_add_up_are_held_with_the_difference(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("2005", shipped("GT101"), grandTotal=101.5))
    async with town.working():
        assert "difference 1.5" in await _held(town, "2005", "totals_differ")
    assert town.invoices() == []


async def test_a_write_back_of_a_type_that_is_not_seeded_is_held_until_it_is(make_town: MakeTown) -> None:
    town = await make_town(policy={"write_back_type": "RETAILPRO_INVOICE_NO"})
    town.seed(an_order("2006", shipped("GT101")))
    async with town.working():
        assert "RETAILPRO_INVOICE_NO" in await _held(town, "2006", "write_back_rejected")
        assert town.invoices() == [("W2006", "GT101")]
        town.sandbox.change(identification_types=["RETAILPRO_INVOICE_NO"])
        await _goes_on(town, "2006")
    assert town.invoices() == [("W2006", "GT101")]


async def test_an_invoice_that_retail_pro_refuses_is_held_with_its_words(make_town: MakeTown) -> None:
    town = await make_town(stores={"GT101": "ZZ999"})
    town.seed(an_order("2007", shipped("GT101")))
    async with town.working():
        assert "ZZ999" in await _held(town, "2007", "invoice_rejected")
        town.sandbox.seed(facilities=[{"facilityId": "GT101", "storeCode": "ZZ999"}])
        await _goes_on(town, "2007")


@pytest.mark.parametrize("system", ["hotwax", "retailpro"])
async def test_a_system_out_of_reach_holds_the_order_and_is_tried_again_by_itself(
    make_town: MakeTown, system: str
) -> None:
    town = await make_town(waits={"patience": 1, "hold_retry": 1})
    town.seed(an_order("2008", shipped("GT101")))
    path = "/rest/s1/oms/orders" if system == "hotwax" else "/api/v1"
    town.sandbox.fault("status", system=system, path=path, status=429, retry_after=0)
    async with town.working():
        assert "429" in await _held(town, "2008", "remote_unreachable")
        town.sandbox.heal()
        await _is_done(town, "2008")


async def test_an_order_taken_up_again_while_hotwax_is_down_is_held_in_the_ledger_too(make_town: MakeTown) -> None:
    town = await make_town(waits={"patience": 1, "hold_retry": 1})
    town.seed(an_order("2009", shipped("GT101"), {"upc": "0740000000028", "facilityId": "GT101"}))
    async with town.working():
        await town.poll()
        await town.until("2009", lambda row: bool(row.waiting_for))
        await town.handle("2009").terminate("an operator did it")
        town.sandbox.fault("drop", system="hotwax", path="/rest/s1/oms/orders")
        town.sandbox.deed("fulfill", "2009")
        await town.poll()
        await town.until_held("2009", "remote_unreachable")
        town.sandbox.heal()
        await _is_done(town, "2009")


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "wrong_types", "empty", "huge"])
async def test_an_answer_of_hotwax_that_makes_no_sense_is_held_and_changes_nothing(
    make_town: MakeTown, garbage: str
) -> None:
    town = await make_town()
    town.seed(an_order("2010", shipped("GT101")))
    town.sandbox.fault("garbage", system="hotwax", path="/rest/s1/oms/orders", garbage=garbage)
    async with town.working():
        assert await _held(town, "2010", "remote_contract") != ""
        assert town.effects("2010") == []
        town.sandbox.heal()
        await _goes_on(town, "2010")


async def test_an_order_that_hotwax_does_not_have_is_held_and_may_be_cancelled(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("2011", shipped("GT101")))
    async with town.working():
        await _poll_then_lose_the_order(town)
        await town.until_held("2011", "order_not_found")
        assert (await town.command("2011", "cancel")).accepted
        await town.until_stage("2011", Stage.CANCELLED)


async def _poll_then_lose_the_order(town: Town) -> None:
    """The feed sees the order, and it is gone when it is read."""
    town.sandbox.fault("stall", system="hotwax", path="/rest/s1/oms/orders", next=1)
    await town.poll()
    await town.until_true(lambda: bool(town.calls_in_the_air()), "the order is being read")
    town.sandbox.post("/admin/reset")


async def test_two_hotwax_orders_with_one_number_make_one_invoice(make_town: MakeTown) -> None:
    town = await make_town()
    first, second = an_order("2012", shipped("GT101")), an_order("2013", shipped("GT101"))
    town.seed(first)
    async with town.working():
        await town.poll()
        await town.until_stage("2012", Stage.DONE)
        town.seed({**second, "orderName": "#W2012"})
        evidence = await _held(town, "2013", "duplicate_order_no")
        assert "2012" in evidence
        assert (await town.command("2013", "cancel")).accepted
        await town.until_stage("2013", Stage.CANCELLED)
    assert town.invoices() == [("W2012", "GT101")]


async def test_two_hotwax_orders_with_one_number_at_the_same_moment_make_one_invoice(make_town: MakeTown) -> None:
    town = await make_town()
    twins = [{**an_order(i, shipped("GT101")), "orderName": "#W2014"} for i in ("2014", "2015")]
    town.seed(*twins)
    async with town.working():
        await town.poll()
        await town.until_true(lambda: sorted(_fate(town, i) for i in ("2014", "2015")) == ["DONE", "held"], "one each")
    assert town.invoices() == [("W2014", "GT101")]


def _fate(town: Town, order_id: str) -> str:
    row = town.order(order_id)
    return "" if row is None else "held" if row.hold_cause == "duplicate_order_no" else str(row.stage)


async def test_a_number_that_somebody_else_used_in_retail_pro_is_held_not_adopted(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("2016", shipped("GT101")))
    items = [{"upc": "0740000000028", "quantity": 7}]
    town.sandbox.post(
        "/admin/wrongs", {"kind": "unasked_invoice", "orderNo": "W2016", "store": "GT307", "items": items}
    )
    async with town.working():
        assert "already exists" in await _held(town, "2016", "duplicate_order_no")
        (effect,) = town.effects("2016")
        assert (effect.state, effect.foreign) == (EffectState.REJECTED, True)
        assert (await town.command("2016", "cancel")).accepted
        await town.until_stage("2016", Stage.CANCELLED)


async def test_a_configuration_file_that_makes_no_sense_leaves_the_old_rules(
    make_town: MakeTown, tmp_path: Path
) -> None:
    town = await make_town()
    town.seed(an_order("2017", shipped("GT101")))
    path = town.write_configuration(tmp_path / "waybill.toml")
    async with town.working(configuration=path):
        path.write_text("this is [no TOML", encoding="utf-8")
        os.utime(path, (1, 1))
        await town.poll()
        await _is_done(town, "2017")
