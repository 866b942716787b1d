"""Starting and waking orders' workflows: the one place that knows how, for feeds, commands and recovery."""

from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities import attributes
from domain.commands import Command, CommandAnswer, Verb
from domain.keys import ORDER_WORKFLOW, ORDERS_QUEUE, order_workflow_id
from domain.messages import Changed, OrderInput, OrderResult, Waits
from ledger.tables import OrderRow

LIVE, BACKFILL = Priority(priority_key=3), Priority(priority_key=5)


class Starter:
    """Starts orders' workflows with everything an operator looks for in the Web UI."""

    def __init__(self, client: Client, waits: Waits) -> None:
        self._client, self._waits = client, waits

    async def tell(self, order: OrderRow, source: str, priority: Priority = LIVE) -> None:
        """Say that the order changed: its workflow is signaled, and started where it does not run."""
        await self._signal(order, "changed", Changed(source=source), priority)

    async def resume(self, order: OrderRow, command: Command) -> None:
        """Give the `resume` command without waiting for its answer; the workflow is started where it does not run."""
        await self._signal(order, Verb.RESUME, command, LIVE)

    async def _signal(self, order: OrderRow, name: str, said: Changed | Command, priority: Priority) -> None:
        await self._client.start_workflow(
            ORDER_WORKFLOW,
            self.input_of(order),
            id=order_workflow_id(order.tenant, order.order_id),
            task_queue=ORDERS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal=name,
            start_signal_args=[said],
            search_attributes=attributes.at_start(order.tenant, order.stage),
            static_summary=_summary(order),
            priority=priority,
            result_type=OrderResult,
        )

    async def ask(self, order: OrderRow, verb: Verb, command: Command) -> CommandAnswer:
        """The answer to a command; the workflow is started where it does not run.

        Raises:
            WorkflowUpdateFailedError: the workflow refused it; the cause says why.
        """
        opening: WithStartWorkflowOperation[Any, OrderResult] = WithStartWorkflowOperation(
            ORDER_WORKFLOW,
            self.input_of(order),
            id=order_workflow_id(order.tenant, order.order_id),
            task_queue=ORDERS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=attributes.at_start(order.tenant, order.stage),
            static_summary=_summary(order),
            priority=LIVE,
            result_type=OrderResult,
        )
        answer: CommandAnswer = await self._client.execute_update_with_start_workflow(
            verb, command, start_workflow_operation=opening, id=command.id, result_type=CommandAnswer
        )
        return answer

    async def start_missing(self, order: OrderRow) -> bool:
        """Start the order's workflow where none runs; whether one was started."""
        try:
            await self._client.start_workflow(
                ORDER_WORKFLOW,
                self.input_of(order),
                id=order_workflow_id(order.tenant, order.order_id),
                task_queue=ORDERS_QUEUE,
                search_attributes=attributes.at_start(order.tenant, order.stage),
                static_summary=_summary(order),
                result_type=OrderResult,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    def input_of(self, order: OrderRow) -> OrderInput:
        """What the order's workflow starts with."""
        return OrderInput(
            tenant=order.tenant, order_id=order.order_id, stage=order.stage, waits=self._waits, epoch=order.epoch
        )


def _summary(order: OrderRow) -> str:
    return f"order {order.order_no or order.order_id} of {order.tenant}"
