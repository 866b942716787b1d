"""How much memory waiting orders take from a worker with the default cache."""

from bench.double import waiting
from bench.processes import Program, rss_mb
from bench.runs import order_ids
from bench.stand import Site, Stand
from bench.waiting import say, until
from domain.base import Frozen
from domain.stages import Stage

WARM_UP = 20
SLOWEST_S = 0.5


class Waiting(Frozen):
    """A worker before and after so many orders began to wait for a line."""

    orders: int
    before_mb: float
    after_mb: float
    growth_mb: float
    seconds: float


async def wait_with(stand: Stand, orders: int) -> Waiting:
    """Let a fresh worker take up so many incomplete orders, and see how it grows."""
    say(f"memory: {orders} orders that wait for a line")
    site = await stand.site("m0")
    async with site.working() as worker:
        await take_up(stand, site, worker, order_ids("8", WARM_UP))
        before = rss_mb(worker.pid)
        seconds = await take_up(stand, site, worker, order_ids("1", orders))
        after = rss_mb(worker.pid)
    say(f"  {before:.0f} MB before, {after:.0f} MB after")
    return Waiting(
        orders=orders,
        before_mb=round(before, 1),
        after_mb=round(after, 1),
        growth_mb=round(after - before, 1),
        seconds=round(seconds, 1),
    )


async def take_up(stand: Stand, site: Site, worker: Program, ids: list[str]) -> float:
    """Seed these orders, each with a line that is still to be shipped, until all wait; the seconds it took."""
    await stand.double.seed([waiting(order_id) for order_id in ids])
    known = waiting_now = site.count(Stage.AWAITING_LINES, assessed_past=0)
    feed = site.start_poll()

    async def all_wait() -> bool:
        nonlocal waiting_now
        worker.check()
        if feed.done():
            feed.result()
        waiting_now = site.count(Stage.AWAITING_LINES, assessed_past=0)
        return waiting_now >= known + len(ids)

    took = await until(
        all_wait,
        f"{len(ids)} orders to wait",
        limit_s=60 + SLOWEST_S * len(ids),
        progress=lambda: f"{waiting_now - known} of {len(ids)}",
    )
    await feed
    return took
