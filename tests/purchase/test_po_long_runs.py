"""Runs that take long: one ends between two steps when its worker drains, and lives while HotWax is slow to answer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle

from activities import beating
from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW
from domain.po_messages import PoRun, PoRunReport, PoRunRequest
from domain.purchase_order import PoStage
from tests.purchase.conftest import MakeDepot
from tests.support.depot import PATIENCE, Depot, at
from workflows import policies

pytestmark = pytest.mark.anyio

UPLOADS = {"path": "/api/uploadAndImportFile", "method": "POST"}
READS = {"path": "/rest/s1/oms/entityData", "method": "POST"}
STEPS = 12


async def _started(depot: Depot, run: PoRun) -> WorkflowHandle[Any, PoRunReport]:
    return await depot.client.start_workflow(
        PO_RUN_WORKFLOW,
        PoRunRequest(tenant=depot.tenant, run=run),
        id=f"feed/{depot.tenant}/{run}",
        task_queue=ORDERS_QUEUE,
        result_type=PoRunReport,
    )


async def test_a_run_ends_between_two_steps_and_the_next_worker_goes_on_with_those_left(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={"sizes": {"orders_per_upload": 1}})
    po_ids = [depot.netsuite.order() for _ in range(STEPS)]
    drains_at_once = depot.settings.worker.model_copy(update={"drain": timedelta(0)})
    async with depot.working(worker=drains_at_once):
        await depot.export()
        depot.sandbox.fault("latency", seconds=0.5, **UPLOADS)
        run = await _started(depot, PoRun.IMPORTS)
        await depot.until_true(lambda: depot.sandbox.calls(**UPLOADS) != [], "an upload is on its way")
    assert len(depot.sandbox.calls(**UPLOADS)) < STEPS
    assert [row.hold_cause for row in depot.runs() if row.hold_cause] == []
    depot.sandbox.heal()
    async with depot.working():
        await run.result()
        for po_id in po_ids:
            assert at(PoStage.IMPORTED)(await depot.into_hotwax(po_id))
    assert len(depot.sandbox.calls(**UPLOADS)) == STEPS
    assert depot.netsuite.differences() == []


async def test_a_run_that_waits_for_a_slow_hotwax_is_not_taken_for_dead(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "SILENCE", timedelta(seconds=2))
    monkeypatch.setattr(beating, "BEAT_S", 0.3)
    depot = make_depot()
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        depot.sandbox.fault("latency", seconds=1.2, **READS)
        before = len(depot.sandbox.calls(**READS))
        run = await _started(depot, PoRun.RECEIPTS)
        async with asyncio.timeout(PATIENCE):
            await run.result()
    assert len(depot.sandbox.calls(**READS)) - before >= 3
    started = [event.activity_task_started_event_attributes for event in (await run.fetch_history()).events]
    assert {attributes.attempt for attributes in started if attributes.attempt} == {1}
