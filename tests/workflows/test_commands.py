"""Operators' commands in every stage, as updates and as signals, with Temporal's own buttons among them."""

import asyncio
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from domain.commands import CommandAnswer
from domain.messages import OrderResult
from domain.stages import Stage
from tests.conftest import MakeTown
from tests.support.town import PATIENCE, Town, an_order, minutes_ago, open_line, shipped

pytestmark = pytest.mark.anyio

INVOICES = "/api/v1/Document"


async def _waiting(town: Town, order_id: str, lines: tuple[dict[str, object], ...] = ()) -> None:
    """A partly fulfilled order that waits for its second line."""
    town.seed(an_order(order_id, *(lines or (shipped("GT101"), open_line("GT205", "P2")))))
    await town.poll()
    await _until_details_say(town, order_id, "waiting for the others")


async def test_a_cancel_before_the_invoice_ends_the_order_without_a_remote_write(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3001")
        assert (await town.command("3001", "cancel", reason="the customer changed her mind")).accepted
        assert (await town.ended("3001")).stage is Stage.CANCELLED
    assert town.sandbox.calls(system="retailpro") == []
    assert [(e.actor, e.text) for e in town.timeline("3001") if e.kind == "command"] == [
        ("ana", "cancel: the customer changed her mind")
    ]


async def test_a_cancelled_order_stays_cancelled_when_its_lines_ship_after_all(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3002")
        await town.command("3002", "cancel")
        await town.ended("3002")
        town.sandbox.deed("fulfill", "3002")
        await town.poll()
        assert (await town.ended("3002")).stage is Stage.CANCELLED
    assert town.invoices() == []


async def test_a_cancel_after_the_invoice_is_refused_with_what_to_do(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3003")
        await town.command("3003", "force_invoice")
        await town.until("3003", lambda _: town.numbers_in_hotwax("3003") != [])
        assert "return or credit it in Retail Pro" in await town.refused("3003", "cancel")


async def test_a_cancel_while_slips_are_made_is_refused_and_they_are_made(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("3004", shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205")))
    town.sandbox.fault("stall", system="retailpro", path="/api/v1/Transfer", next=1)
    async with town.working():
        await town.poll()
        await town.until_true(lambda: bool(town.calls_in_the_air()), "the slip is on the wire")
        assert "is invoiced" in await town.refused("3004", "cancel")
        town.sandbox.heal()
        await town.until_stage("3004", Stage.DONE)
        town.prove()


async def _cancel_on_the_wire(town: Town, order_id: str) -> asyncio.Task[CommandAnswer]:
    """A cancel that was given while the order's invoice is on the wire."""
    town.seed(an_order(order_id, shipped("GT101")))
    await town.poll()
    await town.until_true(lambda: bool(town.calls_in_the_air()), "the invoice is on the wire")
    asked = asyncio.create_task(town.command(order_id, "cancel"))
    await _until_in_history(town.handle(order_id), EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED)
    assert not asked.done()
    return asked


async def _until_in_history(handle: WorkflowHandle[Any, OrderResult], wanted: EventType.ValueType) -> None:
    async with asyncio.timeout(PATIENCE):
        async for event in handle.fetch_history_events(wait_new_event=True):
            if event.event_type == wanted:
                return


async def test_a_cancel_that_the_invoice_overtook_is_answered_with_the_truth(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"timeout_read": 10}, waits={"call": 15})
    town.sandbox.fault("stall", system="retailpro", path=INVOICES, when="after", next=1)
    async with town.working():
        asked = await _cancel_on_the_wire(town, "3005")
        town.sandbox.heal()
        answer = await asked
        assert not answer.accepted
        assert "is invoiced" in answer.message
        await town.until_stage("3005", Stage.DONE)
        town.prove()


async def test_a_cancel_of_an_order_whose_invoice_turns_out_refused_ends_it(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"timeout_read": 10}, waits={"call": 15})
    town.sandbox.fault("stall", system="retailpro", path=INVOICES, next=1)
    async with town.working():
        asked = await _cancel_on_the_wire(town, "3006")
        town.sandbox.seed(facilities=[{"facilityId": "GT101", "storeCode": "OTHER"}])
        town.sandbox.heal()
        assert (await asked).accepted
        assert (await town.ended("3006")).stage is Stage.CANCELLED
    assert (town.invoices(), town.effects("3006")) == ([], [])


@pytest.mark.parametrize("verb", ["cancel", "force_invoice", "resume"])
async def test_a_command_as_a_signal_does_what_the_update_does(make_town: MakeTown, verb: str) -> None:
    """Both orders end alike; the signal's is left to itself."""
    town = await make_town(stores={"GT101": "GT101", "GT205": "GT205"})
    held = verb == "resume"
    lines = [shipped("GT101"), shipped("GT307", "P2") if held else open_line("GT205", "P2")]
    town.seed(*(an_order(order_id, *lines) for order_id in ("3010", "3011")))
    async with town.working():
        await town.poll()
        for order_id in ("3010", "3011"):
            await town.until(order_id, lambda row: bool(row.hold_cause if held else row.waiting_for))
        assert (await town.command("3010", verb)).accepted
        await town.signal("3011", verb)
        await town.until_true(lambda: _fate(town, "3011", verb), "the signal is in the audit trail")
        await town.until_true(lambda: _same_fate(town, "3010", "3011"), "both orders stand alike")


def _fate(town: Town, order_id: str, verb: str) -> bool:
    return f"{verb}: test" in [entry.text for entry in town.timeline(order_id)]


def _same_fate(town: Town, *order_ids: str) -> bool:
    rows = [town.order(order_id) for order_id in order_ids]
    fates = {(row.stage, row.hold_cause, len(town.effects(row.order_id))) for row in rows if row}
    return len(fates) == 1


async def test_a_command_repeated_by_its_id_changes_nothing(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3020")
        again = {"id": "ticket-7"}
        assert (await town.command("3020", "force_invoice", **again)).accepted
        await town.until("3020", lambda _: town.numbers_in_hotwax("3020") != [])
        assert (await town.command("3020", "force_invoice", **again)).accepted
        await town.signal("3020", "force_invoice", **again)
        town.sandbox.deed("fulfill", "3020")
        await town.poll()
        await town.until_stage("3020", Stage.DONE)
        town.prove()
    assert [entry.text for entry in town.timeline("3020") if entry.kind == "command"] == ["force_invoice: test"]


async def test_a_command_repeated_by_its_id_after_a_restart_changes_nothing(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3021")
        assert (await town.command("3021", "force_invoice", id="ticket-8")).accepted
        await town.until("3021", lambda _: town.numbers_in_hotwax("3021") != [])
        await town.handle("3021").terminate("an operator did it")
        assert await town.start_missing("3021")
        answer = await town.command("3021", "force_invoice", id="ticket-8")
        assert "given before" in answer.message
    assert [entry.text for entry in town.timeline("3021") if entry.kind == "command"] == ["force_invoice: test"]


async def test_commands_that_make_no_sense_are_refused_before_they_are_written_down(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3022")
        assert "not held" in await town.refused("3022", "resume")
        assert "no remote write of this order is in doubt" in await town.refused("3022", "resend")
        assert "needs the number" in await town.refused("3022", "confirm")
        assert "in doubt" in await town.refused("3022", "confirm", number="7")
        history = await town.handle("3022").fetch_history()
    assert not [e for e in history.events if e.HasField("workflow_execution_update_accepted_event_attributes")]


async def test_force_with_nothing_fulfilled_is_refused(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("3023", open_line("GT101"), open_line("GT205", "P2")))
    town.sandbox.deed("cancel", "3023", items=["00102"])
    async with town.working():
        await town.poll()
        await town.until("3023", lambda row: bool(row.waiting_for))
        assert "nothing is fulfilled" in await town.refused("3023", "force_invoice")


@pytest.mark.parametrize("store", [None, "GT307"])
async def test_a_forced_order_gets_its_later_lines_on_a_supplement_at_the_same_store(
    make_town: MakeTown, store: str | None
) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3030", (shipped("GT101"), open_line("GT205", "P2"), open_line("GT307", "P3")))
        assert (await town.command("3030", "force_invoice", store=store, reason="she waits at the till")).accepted
        await town.until("3030", lambda _: town.numbers_in_hotwax("3030") != [])
        town.sandbox.deed("fulfill", "3030")
        await town.poll()
        await town.until_stage("3030", Stage.DONE)
        town.prove()
    expected = store or "GT101"
    assert town.invoices() == [("W3030", expected), ("W3030-1", expected)]
    assert town.slips() == sorted((s, expected) for s in ("GT101", "GT205", "GT307") if s != expected)


async def test_force_at_a_store_that_nobody_knows_is_refused(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3031")
        answer = await town.command("3031", "force_invoice", store="NOWHERE")
        assert not answer.accepted
        assert "not in [stores]" in answer.message
    assert town.invoices() == []


async def test_request_cancellation_is_the_cancel_command(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3040")
        await town.handle("3040").cancel(reason="fraud")
        assert (await town.ended("3040")).stage is Stage.CANCELLED
    assert [e.text for e in town.timeline("3040") if e.kind == "command"] == ["cancel: fraud"]


async def test_a_refused_request_cancellation_leaves_the_order_running_and_says_so(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _waiting(town, "3041")
        await town.command("3041", "force_invoice")
        await town.until("3041", lambda _: town.numbers_in_hotwax("3041") != [])
        await town.handle("3041").cancel()
        await town.until_true(lambda: "refused" in {e.kind for e in town.timeline("3041")}, "the refusal is written")
        await _until_details_say(town, "3041", "Last command: the order is invoiced")
        town.sandbox.deed("fulfill", "3041")
        await town.poll()
        assert (await town.ended("3041")).stage is Stage.DONE
        town.prove()


async def _until_details_say(town: Town, order_id: str, words: str) -> None:
    async def told() -> bool:
        return words in await town.details(order_id)

    await town.until_async(told, f"the details say {words}")


async def test_the_details_tell_an_operator_the_hold_and_what_to_do(make_town: MakeTown) -> None:
    town = await make_town(stores={"GT205": "GT205"})
    town.seed(an_order("3042", shipped("GT101")))
    async with town.working():
        await town.poll()
        await _until_details_say(town, "3042", "HELD: unmapped_store:GT101")
        details = await town.details("3042")
    assert "What to do: add the facility under [tenants.*.stores]" in details
