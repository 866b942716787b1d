"""One measured run: N orders, or N floor workflows, through a worker process from the first word to the last end."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from bench.double import fulfilled
from bench.floor import FLOOR_FEED_WORKFLOW, FloorRequest, queue_of
from bench.processes import Program, cpu_seconds, rss_mb
from bench.shapes import Shape, same, shape_of
from bench.stand import Site, Stand
from bench.waiting import say, until
from domain.base import Frozen
from domain.keys import ORDERS_QUEUE, order_workflow_id
from domain.stages import Stage

SAMPLES = 5
"""How many histories of each run are compared with the shape that it must have."""
SLOWEST_S = 2.0
"""How long an order may take on average before the run is given up, in seconds."""

Sort = Literal["real", "floor"]


class Run(Frozen):
    """What one run took. Processor times are milliseconds for each order."""

    sort: Sort
    orders: int
    seconds: float
    per_s: float
    worker_cpu_ms: float
    server_cpu_ms: float
    sandbox_cpu_ms: float
    peak_rss_mb: float

    @property
    def cpu_ms(self) -> float:
        """What the product and Temporal took together; the sandbox is neither."""
        return self.worker_cpu_ms + self.server_cpu_ms


@dataclass
class _Bout:
    """A run that goes on."""

    stand: Stand
    site: Site
    worker: Program
    begin: Callable[[str, int], Coroutine[Any, Any, None]]
    closed: int = 0
    peak_rss_mb: float = 0.0

    async def pass_through(self, prefix: str, orders: int) -> tuple[float, list[float]]:
        """Let so many orders through; seconds of the clock, and processor seconds of worker, server and sandbox."""
        pids = (self.worker.pid, self.stand.server.pid, self.stand.double.pid)
        before, started = [cpu_seconds(pid) for pid in pids], time.time()
        wanted, first = self.closed + orders, self.closed
        feed = asyncio.create_task(self.begin(prefix, orders))

        async def all_closed() -> bool:
            self.worker.check()
            if feed.done():
                feed.result()
            self.peak_rss_mb = max(self.peak_rss_mb, rss_mb(self.worker.pid))
            self.closed = await self.stand.closed(self.site.tenant)
            return self.closed >= wanted

        await until(
            all_closed,
            f"{orders} orders to end",
            limit_s=30 + orders * SLOWEST_S,
            progress=lambda: f"{self.closed - first} of {orders}",
        )
        await feed
        used = [cpu_seconds(pid) - b for pid, b in zip(pids, before, strict=True)]
        return await self.stand.last_close(self.site.tenant) - started, used


async def real_run(stand: Stand, tenant: str, orders: int, shape: Shape) -> Run:
    """N fulfilled orders, from the feed to their ends."""
    site = await stand.site(tenant)

    async def begin(prefix: str, count: int) -> None:
        del prefix, count
        await site.poll()

    async with site.working() as worker:
        bout = _Bout(stand, site, worker, begin)
        await stand.double.seed([fulfilled(i) for i in order_ids("8", _warm_up(orders))])
        await bout.pass_through("8", _warm_up(orders))
        ids = order_ids("1", orders)
        await stand.double.seed([fulfilled(i) for i in ids])
        seconds, used = await bout.pass_through("1", orders)
    if site.count(Stage.DONE) != orders + _warm_up(orders):
        raise RuntimeError("the ledger does not show every order as done")
    await stand.double.prove()
    await _check_shapes(stand, [order_workflow_id(tenant, i) for i in ids], shape)
    return _run("real", orders, seconds, used, bout.peak_rss_mb)


async def floor_run(stand: Stand, tenant: str, orders: int, shape: Shape) -> Run:
    """N workflows of the same shape without work."""
    site = await stand.site(tenant)
    script = site.folder / "shape.json"
    shape = shape.on_queues_of(tenant)
    script.write_text(shape.model_dump_json())

    async def begin(prefix: str, count: int) -> None:
        at = queue_of(shape.first_queue)
        request = FloorRequest(tenant=tenant, prefix=prefix, orders=count, feed_queue=at)
        name, queue = f"floor-feed/{tenant}/{prefix}", queue_of(ORDERS_QUEUE)
        await stand.client.execute_workflow(FLOOR_FEED_WORKFLOW, request, id=name, task_queue=queue, result_type=int)

    async with site.working("-m", "bench.floor_worker", str(script)) as worker:
        bout = _Bout(stand, site, worker, begin)
        await bout.pass_through("8", _warm_up(orders))
        seconds, used = await bout.pass_through("1", orders)
    await _check_shapes(stand, [f"floor/{tenant}/1{n:05d}" for n in range(orders)], shape)
    return _run("floor", orders, seconds, used, bout.peak_rss_mb)


def order_ids(prefix: str, count: int) -> list[str]:
    """Ids of one length: what an order is called must not change how many bytes it carries."""
    return [f"{prefix}{number:06d}" for number in range(count)]


def _warm_up(orders: int) -> int:
    return min(20, max(2, orders // 10))


async def _check_shapes(stand: Stand, workflow_ids: list[str], shape: Shape) -> None:
    for workflow_id in workflow_ids[:: max(1, len(workflow_ids) // SAMPLES)]:
        history = await stand.client.get_workflow_handle(workflow_id).fetch_history()
        same(shape, shape_of(history.events))


def _run(sort: Sort, orders: int, seconds: float, used: list[float], peak: float) -> Run:
    worker, server, sandbox = (round(1000 * each / orders, 2) for each in used)
    run = Run(
        sort=sort,
        orders=orders,
        seconds=round(seconds, 3),
        per_s=round(orders / seconds, 2),
        worker_cpu_ms=worker,
        server_cpu_ms=server,
        sandbox_cpu_ms=sandbox,
        peak_rss_mb=round(peak, 1),
    )
    say(f"  {sort}: {run.per_s:.1f} orders/s; CPU of worker {worker:.1f}, server {server:.1f} ms per order")
    return run
