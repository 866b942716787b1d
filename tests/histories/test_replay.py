"""Recorded histories replay with today's code; and today's code replays itself at every task."""

from pathlib import Path

import pytest
from temporalio.client import Client, WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import SandboxImportNotificationPolicy

from operators.temporal_server import TemporalServer
from tests.histories.record import FOLDER, play
from tests.histories.scenarios import PATHS
from tests.support.sandbox import SandboxProcess
from worker import workflow_runner
from workflows.feed import OrderFeedWorkflow
from workflows.order import OrderWorkflow
from workflows.po_runs import PurchaseOrderRunWorkflow
from workflows.purchase_order import PurchaseOrderWorkflow

pytestmark = pytest.mark.anyio

POLICY = (
    SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    | SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
)


def _strict_runner() -> SandboxedWorkflowRunner:
    """The workers' own runner; an import that nobody meant is an error."""
    runner = workflow_runner()
    return SandboxedWorkflowRunner(restrictions=runner.restrictions.with_import_notification_policy(POLICY))


def test_every_path_has_its_history_and_every_history_its_path() -> None:
    assert {file.stem for file in FOLDER.glob("*.json")} == set(PATHS)
    assert PATHS


@pytest.mark.parametrize("name", PATHS)
async def test_the_history_of_a_path_replays(name: str) -> None:
    text = FOLDER.joinpath(f"{name}.json").read_text(encoding="utf-8")
    replayer = Replayer(
        workflows=[OrderWorkflow, OrderFeedWorkflow, PurchaseOrderWorkflow, PurchaseOrderRunWorkflow],
        workflow_runner=_strict_runner(),
        data_converter=pydantic_data_converter,
    )
    await replayer.replay_workflow(WorkflowHistory.from_json(f"recorded/{name}", text))


def test_no_history_tells_of_the_machine_that_recorded_it() -> None:
    for file in FOLDER.glob("*.json"):
        text = file.read_text(encoding="utf-8")
        assert "site-packages" not in text, file.name
        assert str(Path.cwd()) not in text, file.name


@pytest.mark.parametrize("name", [name for name, path in PATHS.items() if not path.is_long])
async def test_a_path_goes_the_same_way_without_a_cache(
    name: str, temporal_server: TemporalServer, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    """Without a cache every task replays the whole history: whatever is not deterministic shows at once.

    The SDK throws a local activity in flight away with its workflow, and repeats it after the task's 10 s timeout.
    So a path of a second may take more than ten here.
    """
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    workflow_id = await play(name, sandbox, client, tmp_path, cached_workflows=0)
    history = await client.get_workflow_handle(workflow_id).fetch_history()
    said = [e.workflow_task_failed_event_attributes.failure.message for e in history.events]
    # Where a machine stalls, the SDK interrupts a task that got no processor for two seconds, and repeats it.
    assert not [message for message in said if message and "[TMPRL1101]" not in message]
