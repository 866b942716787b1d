"""What an order costs Temporal: actions and events, counted from the history and by the server's own metric."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from temporalio.api.enums.v1 import EventType

from domain.stages import Stage
from operators.temporal_server import ServerOptions, TemporalServer
from tests.conftest import MakeTown, connect_and_set_up
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, an_order, ledger_url, minutes_ago, open_line, shipped

pytestmark = pytest.mark.anyio

BILLED = {
    "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED": 1,
    "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED": 1,
    "EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES": 1,
    "EVENT_TYPE_TIMER_STARTED": 1,
    "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED": 1,
}
"""Events that are an action each; a start with a signal is one, which the signal's event counts."""

THREE = (shipped("GT101", statusDatetime=minutes_ago(9)), shipped("GT205", "P2"), shipped("GT307", "P3"))


async def _cost(town: Town, order_id: str) -> tuple[int, int]:
    """Actions and events of a finished order, from its history."""
    events = [EventType.Name(e.event_type) for e in (await town.handle(order_id).fetch_history()).events]
    return sum(BILLED.get(name, 0) for name in events) + _marker_actions(events), len(events)


def _marker_actions(events: list[str]) -> int:
    """All markers of one workflow task are one action together."""
    batches, in_task = 0, False
    for name in events:
        if name == "EVENT_TYPE_MARKER_RECORDED":
            batches += not in_task
            in_task = True
        elif name == "EVENT_TYPE_WORKFLOW_TASK_COMPLETED":
            in_task = False
    return batches


def _action_metric(server: TemporalServer) -> Counter[str]:
    """The server's count of actions by type, without heartbeats: those are the feed's; the metric lags by a second."""
    text = httpx.get(server.metrics_url, timeout=10, trust_env=False).text
    found: Counter[str] = Counter()
    for labels, value in re.findall(r"^action\{([^}]*)\} (\d+)", text, re.MULTILINE):
        namespace, kind = (re.search(f'{label}="([^"]*)"', labels) for label in ("namespace", "action_type"))
        if namespace and kind and namespace[1] == "default":
            found[kind[1]] += int(value)
    del found["grpc_RecordActivityTaskHeartbeat"]
    return found


async def _go(town: Town, order_id: str) -> tuple[int, int]:
    await town.poll()
    await town.until_stage(order_id, Stage.DONE)
    await town.ended(order_id)
    town.prove()
    return await _cost(town, order_id)


async def test_a_single_store_order_costs_ten_actions_and_thirty_five_events_at_most(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("8001", shipped("GT101")))
    async with town.working():
        actions, events = await _go(town, "8001")
    assert actions <= 10
    assert events <= 35


async def test_a_three_store_order_costs_sixteen_actions_and_sixty_events_at_most(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("8002", *THREE))
    async with town.working():
        actions, events = await _go(town, "8002")
    assert actions <= 16
    assert events <= 60


async def test_three_stores_that_ship_at_three_times_stay_within_the_budget(make_town: MakeTown) -> None:
    town = await make_town()
    lines = [shipped("GT101"), open_line("GT205", "P2"), open_line("GT307", "P3")]
    town.seed(an_order("8003", *lines))
    async with town.working():
        for item, epoch in (("00102", 1), ("00103", 2)):
            await town.poll()
            await town.until("8003", lambda row, epoch=epoch: row.epoch >= epoch)  # type: ignore[misc]
            town.sandbox.deed("fulfill", "8003", items=[item])
        actions, events = await _go(town, "8003")
    assert actions <= 16
    assert events <= 60


async def test_the_server_counts_the_same_actions_as_the_history(sandbox: SandboxProcess, tmp_path: Path) -> None:
    """On a server of its own, whose metric shows nothing but this order and the feed that saw it."""
    with TemporalServer(ServerOptions(database=tmp_path / "temporal.db", ui=False)) as server:
        town = Town(sandbox, await connect_and_set_up(server.address, tmp_path), ledger_url(tmp_path))
        town.seed(an_order("8004", *THREE))
        async with town.working():
            actions, _ = await _go(town, "8004")
        feed = Counter({"grpc_StartWorkflowExecution": 1, "command_ScheduleActivityTask": 1})
        await town.until_true(
            lambda: (_action_metric(server) - feed).total() == actions, f"the server counts {actions} actions too"
        )
        town.ledger.close()
