"""Starting and waking workflows: the one place that knows how, for feeds, commands and recovery."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities import attributes
from domain.base import Frozen
from domain.commands import Command, CommandAnswer
from domain.keys import ORDER_WORKFLOW, ORDERS_QUEUE, PO_WORKFLOW, order_workflow_id, po_workflow_id
from domain.messages import Changed, OrderInput, Waits
from domain.po_messages import PoInput, PoWaits
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import OrderRow

LIVE, BACKFILL = Priority(priority_key=3), Priority(priority_key=5)

R = TypeVar("R")


@dataclass(frozen=True)
class Start:
    """What a workflow starts with, and everything an operator looks for in the Web UI."""

    workflow: str
    input: Frozen
    id: str
    tenant: str
    stage: StrEnum
    summary: str

    @property
    def options(self) -> Mapping[str, Any]:
        """The arguments that every way of starting it shares."""
        return {
            "id": self.id,
            "task_queue": ORDERS_QUEUE,
            "search_attributes": attributes.at_start(self.tenant, self.stage),
            "static_summary": self.summary,
        }


class WorkflowStarter(ABC, Generic[R]):
    """Starts, wakes and asks the workflows of one kind of row in the ledger."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @abstractmethod
    def start_of(self, row: R) -> Start:
        """What this row's workflow starts with."""

    async def tell(self, row: R, source: str, priority: Priority = LIVE) -> None:
        """Say that it changed: its workflow is signaled, and started where it does not run."""
        await self._signal(row, "changed", Changed(source=source), priority)

    async def resume(self, row: R, command: Command) -> None:
        """Give the `resume` command without waiting for its answer; the workflow is started where it does not run."""
        await self._signal(row, "resume", command, LIVE)

    async def _signal(self, row: R, name: str, said: Changed | Command, priority: Priority) -> None:
        start = self.start_of(row)
        await self._client.start_workflow(
            start.workflow,
            start.input,
            **start.options,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=name,
            start_signal_args=[said],
            priority=priority,
        )

    async def ask(self, row: R, verb: str, command: Command) -> CommandAnswer:
        """The answer to a command; the workflow is started where it does not run.

        Raises:
            WorkflowUpdateFailedError: the workflow refused it; the cause says why.
        """
        start = self.start_of(row)
        opening: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            start.workflow,
            start.input,
            **start.options,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            priority=LIVE,
        )
        answer: CommandAnswer = await self._client.execute_update_with_start_workflow(
            verb, command, start_workflow_operation=opening, id=command.id, result_type=CommandAnswer
        )
        return answer

    async def start_missing(self, row: R) -> bool:
        """Start the row's workflow where none runs; whether one was started."""
        start = self.start_of(row)
        try:
            await self._client.start_workflow(start.workflow, start.input, **start.options)
        except WorkflowAlreadyStartedError:
            return False
        return True


class Starter(WorkflowStarter[OrderRow]):
    """Starts orders' workflows."""

    def __init__(self, client: Client, waits: Waits) -> None:
        super().__init__(client)
        self._waits = waits

    def start_of(self, row: OrderRow) -> Start:
        """What the order's workflow starts with."""
        return Start(
            workflow=ORDER_WORKFLOW,
            input=OrderInput(
                tenant=row.tenant, order_id=row.order_id, stage=row.stage, waits=self._waits, epoch=row.epoch
            ),
            id=order_workflow_id(row.tenant, row.order_id),
            tenant=row.tenant,
            stage=row.stage,
            summary=f"order {row.order_no or row.order_id} of {row.tenant}",
        )


class PoStarter(WorkflowStarter[PurchaseOrderRow]):
    """Starts purchase orders' workflows."""

    def __init__(self, client: Client, waits: PoWaits) -> None:
        super().__init__(client)
        self._waits = waits

    def start_of(self, row: PurchaseOrderRow) -> Start:
        """What the purchase order's workflow starts with."""
        return Start(
            workflow=PO_WORKFLOW,
            input=PoInput(tenant=row.tenant, po_id=row.po_id, stage=row.stage, waits=self._waits),
            id=po_workflow_id(row.tenant, row.po_id),
            tenant=row.tenant,
            stage=row.stage,
            summary=f"purchase order {row.number or row.po_id} of {row.tenant}",
        )
