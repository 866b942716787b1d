"""`python -m bench.floor_worker SHAPE.json`: the worker of the floor workflows, with the real options."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from bench.floor import FloorFeed, FloorFeedWorkflow, FloorWorkflow, activity_of, queue_of
from bench.script import SCRIPT
from bench.shapes import Kind, Shape
from domain.keys import ORDERS_QUEUE
from ledger.database import Ledger
from operators import logs
from operators.bootstrap import LiveTenants, connect, open_budget, spare_the_collector
from operators.health import HealthServer
from operators.settings import Settings, load
from worker import PASSED_THROUGH, Parts, build_workers


def floor_workers(real: Sequence[Worker], shape: Shape) -> list[Worker]:
    """Workers with every option of the real ones, on queues of their own, for the floor."""
    workers = []
    for worker in real:
        config = worker.config()
        config["task_queue"] = queue_of(worker.task_queue)
        config["workflows"] = [FloorWorkflow, FloorFeedWorkflow] if config["workflows"] else []
        config["activities"] = _activities(worker, shape)
        config["workflow_runner"] = floor_runner()
        if worker.task_queue == shape.first_queue:
            config["activities"] = [
                *config["activities"],
                FloorFeed(worker.client, queue_of(ORDERS_QUEUE)).start_all,
            ]
        workers.append(Worker(**config))
    return workers


def floor_runner() -> SandboxedWorkflowRunner:
    """The real workflow sandbox; where real workflows' own modules are imported once, the floor's are too."""
    own = ("bench",) if "workflows" in PASSED_THROUGH else ()
    passed = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH, *own)
    return SandboxedWorkflowRunner(restrictions=passed)


def _activities(worker: Worker, shape: Shape) -> list[Any]:
    return [
        activity_of(number, step)
        for number, step in enumerate(shape.steps)
        if (step.kind is Kind.LOCAL_ACTIVITY and worker.task_queue == ORDERS_QUEUE) or step.queue == worker.task_queue
    ]


async def run(settings: Settings, shape: Shape) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    SCRIPT.learn(shape)
    ledger = Ledger(settings.ledger_url)
    tenants = LiveTenants(settings, open_budget(settings, ledger))
    real = build_workers(Parts(await connect(), ledger, tenants, settings))
    workers = floor_workers(real, shape)
    running = [asyncio.create_task(worker.run()) for worker in workers]

    def not_ready() -> str | None:
        return next((f"{w.task_queue} is starting" for w in workers if not w.is_running), None)

    http = settings.worker
    with HealthServer(http.http_host, http.http_port, healthy=_well, ready=not_ready, refresh=_nothing):
        await stop.wait()
        await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*running)
    tenants.close()
    ledger.close()


def _well() -> str | None:
    return None


def _nothing() -> None:
    return


def main() -> None:
    """Run with the configuration that the environment names and the shape in the file that is named."""
    settings = load()
    logs.configure(settings.worker.log_format)
    shape = Shape.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    spare_the_collector()
    asyncio.run(run(settings, shape))


if __name__ == "__main__":
    main()
