"""The shape of a workflow, read from its history: what it did, and how many bytes it carried."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

from pydantic import Field
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from bench.waiting import VoidError
from domain.base import Frozen
from domain.keys import hotwax_queue, retailpro_queue

TOLERANCE = 0.03
"""How far apart the bytes of two workflows of one shape may be: times and numbers are not all equally long."""


class ShapeError(VoidError):
    """Two workflows that must have one shape do not; what was measured on them would compare nothing."""


class Kind(StrEnum):
    """What a workflow does step by step."""

    ACTIVITY = "activity"
    LOCAL_ACTIVITY = "local activity"
    UPSERT = "search attribute upsert"


class Step(Frozen):
    """One step, and the bytes of its payloads as they stand in the history."""

    kind: Kind
    queue: str = ""
    given: int = 0
    result: int = 0
    summary: int = 0
    attributes: Mapping[str, str | None] = Field(default_factory=dict)


class Shape(Frozen):
    """A workflow from its start to its end."""

    given: int
    summary: int
    signals: tuple[int, ...]
    steps: tuple[Step, ...]
    result: int
    events: int

    @property
    def first_queue(self) -> str:
        """Where the first activity runs: at the OMS, as the order feed does."""
        return next(step.queue for step in self.steps if step.kind is Kind.ACTIVITY)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each thing."""
        return {**Counter(str(s.kind) for s in self.steps), "signal": len(self.signals), "event": self.events}

    def on_queues_of(self, tenant: str) -> "Shape":
        """The same shape with its activities on the queues of another tenant."""
        stems = {hotwax_queue(""): hotwax_queue(tenant), retailpro_queue(""): retailpro_queue(tenant)}
        queues = {s.queue: next((q for stem, q in stems.items() if s.queue.startswith(stem)), "") for s in self.steps}
        steps = tuple(s.model_copy(update={"queue": queues[s.queue]}) for s in self.steps)
        return self.model_copy(update={"steps": steps})

    @property
    def payload_bytes(self) -> int:
        """The bytes of everything that it was given, gave, and said about itself."""
        attributes = [len(v or "") for s in self.steps for v in s.attributes.values()]
        steps = [s.given + s.result + s.summary for s in self.steps]
        return self.given + self.summary + sum(self.signals) + sum(steps) + sum(attributes) + self.result


def same(expected: Shape, found: Shape) -> None:
    """Make sure that two workflows have one shape.

    Raises:
        ShapeError: they differ in a count, or by more than `TOLERANCE` in bytes.
    """
    apart = abs(expected.payload_bytes - found.payload_bytes) > TOLERANCE * expected.payload_bytes
    if apart or expected.counts != found.counts:
        both = [f"{shape.counts} with {shape.payload_bytes} payload bytes" for shape in (expected, found)]
        raise ShapeError(f"these workflows must have one shape: expected {both[0]}, found {both[1]}")


def shape_of(events: Sequence[HistoryEvent]) -> Shape:
    """The shape of a completed workflow.

    Raises:
        ShapeError: it did not complete, or not undisturbed.
    """
    if events[-1].event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
        raise ShapeError(f"a workflow ended with {EventType.Name(events[-1].event_type)}")
    started = events[0].workflow_execution_started_event_attributes
    completed = events[-1].workflow_execution_completed_event_attributes
    return Shape(
        given=_size(started.input.payloads),
        summary=_summary(events[0]),
        signals=tuple(
            _size(e.workflow_execution_signaled_event_attributes.input.payloads)
            for e in events
            if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        ),
        steps=tuple(step for e in events if (step := _step(e, events))),
        result=_size(completed.result.payloads),
        events=len(events),
    )


def _step(event: HistoryEvent, events: Sequence[HistoryEvent]) -> Step | None:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return _activity(event, events)
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            result = event.marker_recorded_event_attributes.details["result"].payloads
            return Step(kind=Kind.LOCAL_ACTIVITY, result=_size(result), summary=_summary(event))
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            values = {name: payload.data.decode().strip('"') or None for name, payload in fields.items()}
            return Step(kind=Kind.UPSERT, attributes=values)
        case _:
            return None


def _activity(event: HistoryEvent, events: Sequence[HistoryEvent]) -> Step:
    scheduled = event.activity_task_scheduled_event_attributes
    ends = (e.activity_task_completed_event_attributes for e in events)
    completed = next((end for end in ends if end.scheduled_event_id == event.event_id), None)
    if completed is None:
        raise ShapeError(f"activity {scheduled.activity_type.name} did not complete: this is no undisturbed order")
    return Step(
        kind=Kind.ACTIVITY,
        queue=scheduled.task_queue.name,
        given=_size(scheduled.input.payloads),
        result=_size(completed.result.payloads),
        summary=_summary(event),
    )


def _summary(event: HistoryEvent) -> int:
    return len(event.user_metadata.summary.data)


def _size(payloads: Sequence[Payload]) -> int:
    return sum(len(payload.data) for payload in payloads)
