"""The floor: a workflow with the shape of an order's, and no work in it.

What it takes is what Temporal itself costs; the real order's work is what comes on top.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate, WorkflowIDConflictPolicy

with workflow.unsafe.imports_passed_through():
    from activities import attributes
    from activities.feed import TOLD_AT_ONCE
    from activities.starting import LIVE
    from bench.script import SCRIPT
    from bench.shapes import Kind, Step
    from domain.base import Frozen
    from domain.stages import Stage


FLOOR_WORKFLOW, FLOOR_FEED_WORKFLOW, FLOOR_FEED = "Floor", "FloorFeed", "floor-feed"
_LIMIT = timedelta(minutes=15)


def queue_of(queue: str) -> str:
    """The floor's own queue beside the real one: it is worked with the same options."""
    return f"floor/{queue}"


def text_of(size: int) -> str:
    """A text whose JSON has so many bytes."""
    return "x" * max(size - 2, 0)


class FloorRequest(Frozen):
    """How many floor workflows to start, and how they are called."""

    tenant: str
    prefix: str
    orders: int
    feed_queue: str


def activity_name(number: int) -> str:
    """The activity of the step with this number."""
    return f"floor-{number}"


def activity_of(number: int, step: Step) -> Callable[[str], object]:
    """An activity that gives so many bytes at once."""
    answer = text_of(step.result)

    @activity.defn(name=activity_name(number))
    def floor_activity(given: str) -> str:
        del given
        return answer

    return floor_activity


@workflow.defn(name=FLOOR_WORKFLOW)
class FloorWorkflow:
    """The steps of an order, one after the other."""

    @workflow.init
    def __init__(self, given: str) -> None:
        del given
        self._signals = 0

    @workflow.run
    async def run(self, given: str) -> str:
        """Do every step of the script, once the signals are there."""
        del given
        shape = SCRIPT.shape
        await workflow.wait_condition(lambda: self._signals == len(shape.signals))
        for number, step in enumerate(shape.steps):
            await self._step(number, step)
        return text_of(shape.result)

    async def _step(self, number: int, step: Step) -> None:
        summary = text_of(step.summary)
        match step.kind:
            case Kind.ACTIVITY:
                await workflow.execute_activity(
                    activity_name(number),
                    text_of(step.given),
                    task_queue=queue_of(step.queue),
                    result_type=str,
                    start_to_close_timeout=_LIMIT,
                    schedule_to_close_timeout=_LIMIT,
                    summary=summary,
                )
            case Kind.LOCAL_ACTIVITY:
                await workflow.execute_local_activity(
                    activity_name(number),
                    text_of(step.given),
                    result_type=str,
                    start_to_close_timeout=_LIMIT,
                    summary=summary,
                )
            case Kind.UPSERT:
                workflow.upsert_search_attributes([_update(name, value) for name, value in step.attributes.items()])

    @workflow.signal
    def changed(self, event: str) -> None:
        """Count it."""
        del event
        self._signals += 1


def _update(name: str, value: str | None) -> SearchAttributeUpdate[str]:
    key = SearchAttributeKey.for_keyword(name)
    return key.value_unset() if value is None else key.value_set(value)


@workflow.defn(name=FLOOR_FEED_WORKFLOW)
class FloorFeedWorkflow:
    """Starts the floor workflows from inside the worker, as the order feed starts orders'."""

    @workflow.run
    async def run(self, request: FloorRequest) -> int:
        """Start them all."""
        started: int = await workflow.execute_activity(
            FLOOR_FEED,
            request,
            task_queue=request.feed_queue,
            result_type=int,
            start_to_close_timeout=_LIMIT,
            summary="start them all",
        )
        return started


class FloorFeed:
    """The activity that starts them: with a signal each, as many side by side as the order feed."""

    def __init__(self, client: Client, queue: str) -> None:
        self._client, self._queue = client, queue

    @activity.defn(name=FLOOR_FEED)
    async def start_all(self, request: FloorRequest) -> int:
        """How many were started."""
        limit = asyncio.Semaphore(TOLD_AT_ONCE)

        async def start(number: int) -> None:
            async with limit:
                await self._start(request, number)

        await asyncio.gather(*(start(number) for number in range(request.orders)))
        return request.orders

    async def _start(self, request: FloorRequest, number: int) -> None:
        shape = SCRIPT.shape
        await self._client.start_workflow(
            FLOOR_WORKFLOW,
            text_of(shape.given),
            id=f"floor/{request.tenant}/{request.prefix}{number:05d}",
            task_queue=self._queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="changed",
            start_signal_args=[text_of(shape.signals[0])],
            search_attributes=attributes.at_start(request.tenant, Stage.AWAITING_LINES),
            static_summary=text_of(shape.summary),
            priority=LIVE,
            result_type=str,
        )
