"""Two-phase tenants: an invoice counts when the store has confirmed it (hotwax 5.4)."""

import pytest

from domain.stages import Stage
from tests.conftest import MakeTown
from tests.support.town import an_order, minutes_ago, shipped

pytestmark = pytest.mark.anyio

STORE = {"confirmation": "store"}


async def test_slips_wait_until_the_store_has_confirmed_the_invoice(make_town: MakeTown) -> None:
    town = await make_town(policy=STORE)
    town.seed(an_order("5001", shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205")))
    async with town.working():
        await town.poll()
        await town.until_true(lambda: town.invoices() == [("W5001", "GT101")], "the invoice is there")
        assert town.slips() == []
        town.sandbox.deed("confirm", "5001")
        await town.until_stage("5001", Stage.DONE)
        town.prove()


async def test_an_overdue_confirmation_holds_until_an_operator_confirms(make_town: MakeTown) -> None:
    town = await make_town(policy=STORE, waits={"confirmation": 1})
    town.seed(an_order("5002", shipped("GT101")))
    async with town.working():
        await town.poll()
        await town.until_held("5002", "confirmation_overdue")
        assert (await town.command("5002", "confirm", number="A-17")).accepted
        await town.until_stage("5002", Stage.DONE)
    assert town.numbers_in_hotwax("5002") == ["A-17"]


async def test_an_overdue_confirmation_that_came_after_all_goes_on_by_resume(make_town: MakeTown) -> None:
    town = await make_town(policy=STORE, waits={"confirmation": 1})
    town.seed(an_order("5003", shipped("GT101")))
    async with town.working():
        await town.poll()
        await town.until_held("5003", "confirmation_overdue")
        town.sandbox.deed("confirm", "5003")
        assert (await town.command("5003", "resume")).accepted
        await town.until_stage("5003", Stage.DONE)
        town.prove()


async def test_waiting_for_a_confirmation_adds_no_events(make_town: MakeTown) -> None:
    town = await make_town(policy=STORE, waits={"confirmation": 60, "confirmation_poll": 0.1})
    town.seed(an_order("5004", shipped("GT101")))

    def asked() -> int:
        return len(town.sandbox.calls(system="hotwax", path="/rest/s1/oms/orders"))

    async with town.working():
        await town.poll()
        await town.until_true(lambda: asked() >= 3, "it asked")
        before = len((await town.handle("5004").fetch_history()).events)
        seen = asked()
        await town.until_true(lambda: asked() >= seen + 5, "it asked five times more")
        assert len((await town.handle("5004").fetch_history()).events) == before
