"""Events may come late, twice or in any order, and Temporal may forget: the ledger knows, and nothing is made twice."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

from domain.keys import order_workflow_id
from domain.messages import Changed
from domain.stages import Stage
from operators.temporal_server import ServerOptions, TemporalServer
from tests.conftest import MakeTown, connect_and_set_up
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, an_order, ledger_url, minutes_ago, open_line, shipped

pytestmark = pytest.mark.anyio

LINES = (shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205", "P2"))


def _books(town: Town, order_id: str) -> list[tuple[Any, ...]]:
    """What the ledger says of an order; an event that changes nothing leaves this as it was."""
    row = town.known(order_id)
    effects = [(e.key, e.state, e.attempt, e.number) for e in town.effects(order_id)]
    return [(row.stage, row.hold_cause, row.store, row.total), *effects]


async def _done(town: Town, order_id: str) -> None:
    town.seed(an_order(order_id, *LINES))
    await town.poll()
    await town.ended(order_id)


async def _told_again(town: Town, order_id: str) -> None:
    """An event of an order that is done; it must leave everything as it was."""
    before, calls = _books(town, order_id), len(town.sandbox.calls(system="retailpro"))
    async with town.working():
        await town.tell(order_id)
        await town.ended(order_id)
    town.prove()
    assert _books(town, order_id) == before
    assert len(town.sandbox.calls(system="retailpro")) == calls


async def test_an_event_after_the_end_makes_nothing_again(make_town: MakeTown) -> None:
    town = await make_town()
    async with town.working():
        await _done(town, "6001")
    await _told_again(town, "6001")


async def test_an_event_after_temporal_has_forgotten_the_order_makes_nothing_again(
    make_town: MakeTown, tmp_path: Path
) -> None:
    town = await make_town()
    async with town.working():
        await _done(town, "6001")
    remembering = town.client
    with TemporalServer(ServerOptions(database=tmp_path / "another.db", ui=False)) as server:
        town.client = await connect_and_set_up(server.address, tmp_path)
        await _told_again(town, "6001")
    town.client = remembering


async def test_many_signals_at_once_make_one_invoice(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("6002", *LINES))
    async with town.working():
        await town.poll()
        for _ in range(20):
            await town.tell("6002")
        await town.until_stage("6002", Stage.DONE)
        town.prove()


async def test_an_event_that_becomes_visible_late_is_not_missed(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("6003", *LINES), an_order("6004", open_line("GT101")))
    async with town.working():
        await town.poll()
        await town.until_stage("6003", Stage.DONE)
        town.sandbox.deed("fulfill", "6004", at=minutes_ago(3))
        await town.poll()
        await town.until_stage("6004", Stage.DONE)
        town.prove()


async def test_the_completion_may_be_told_before_the_lines(make_town: MakeTown) -> None:
    """Rows of the status history come in any order of time."""
    town = await make_town()
    lines = [shipped("GT101", statusDatetime=minutes_ago(1)), shipped("GT205", "P2", statusDatetime=minutes_ago(60))]
    town.seed(an_order("6005", *lines))
    async with town.working():
        await town.poll()
        await town.poll(look_back=timedelta(hours=2))
        await town.until_stage("6005", Stage.DONE)
        town.prove()
    assert town.invoices() == [("W6005", "GT205")]


async def test_a_terminated_order_goes_on_at_the_next_event(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("6006", shipped("GT101"), open_line("GT205", "P2")))
    async with town.working():
        await town.poll()
        await town.until("6006", lambda row: bool(row.waiting_for))
        await town.handle("6006").terminate("an operator did it")
        town.sandbox.deed("fulfill", "6006")
        await town.poll()
        await town.until_stage("6006", Stage.DONE)
        town.prove()


@pytest.mark.parametrize("kind", ["Document", "Transfer"])
async def test_an_order_terminated_while_a_write_is_on_the_wire_is_taken_up_from_the_ledger(
    make_town: MakeTown, kind: str
) -> None:
    town = await make_town(retailpro={"timeout_read": 1, "timeout_connect": 1})
    town.seed(an_order("6007", *LINES))
    town.sandbox.fault("stall", system="retailpro", path=f"/api/v1/{kind}", when="after", next=1)
    async with town.working():
        await town.poll()
        await town.until_true(lambda: bool(town.calls_in_the_air()), "the write is on the wire")
        await town.handle("6007").terminate("an operator did it")
        assert await town.start_missing("6007")
        town.sandbox.heal()
        await town.until_stage("6007", Stage.DONE)
        town.prove()


async def test_a_workflow_that_runs_is_not_started_twice(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("6008", shipped("GT101"), open_line("GT205")))
    async with town.working():
        await town.poll()
        await town.until("6008", lambda row: bool(row.waiting_for))
        assert not await town.start_missing("6008")


async def test_a_reset_order_makes_nothing_twice(make_town: MakeTown) -> None:
    """An operator resets a finished workflow to its first task."""
    town = await make_town()
    async with town.working():
        await _done(town, "6009")
        before = _books(town, "6009")
        request = ResetWorkflowExecutionRequest(
            namespace=town.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=order_workflow_id(town.tenant, "6009")),
            reason="an operator did it",
            workflow_task_finish_event_id=4,
            request_id="reset-6009",
        )
        await town.client.workflow_service.reset_workflow_execution(request)
        assert (await town.ended("6009")).stage is Stage.DONE
        town.prove()
    assert _books(town, "6009") == before


async def test_a_long_history_goes_on_in_a_new_run_and_keeps_every_command(
    sandbox: SandboxProcess, tmp_path: Path
) -> None:
    options = ServerOptions(
        database=tmp_path / "temporal.db",
        ui=False,
        dynamic_config={"limit.historyCount.suggestContinueAsNew": "12"},
    )
    with TemporalServer(options) as server:
        client = await connect_and_set_up(server.address, tmp_path)
        town = Town(sandbox, client, ledger_url(tmp_path))
        town.seed(an_order("6010", shipped("GT101"), open_line("GT205", "P2"), open_line("GT307", "P3")))
        async with town.working():
            await town.poll()
            await town.until("6010", lambda row: bool(row.waiting_for))
            first = (await town.handle("6010").describe()).run_id
            for number in range(5):
                await town.handle("6010").signal("changed", Changed(source=str(number)))
                assert not (await town.command("6010", "force_invoice", store="NOWHERE")).accepted
            assert (await town.handle("6010").describe()).run_id != first
            assert (await town.command("6010", "force_invoice")).accepted
            await town.until("6010", lambda _: town.numbers_in_hotwax("6010") != [])
            town.sandbox.deed("fulfill", "6010")
            await town.poll()
            await town.until_stage("6010", Stage.DONE)
            town.prove()
        refused = [e for e in town.timeline("6010") if e.kind == "refused"]
        assert (len(refused), town.invoices()) == (5, [("W6010", "GT101"), ("W6010-1", "GT101")])
        town.ledger.close()
