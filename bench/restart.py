"""How long open orders take to go on after everything was killed."""

from contextlib import AsyncExitStack
from time import monotonic

from bench.double import Double, fulfill_all
from bench.memory import take_up
from bench.processes import Program
from bench.runs import order_ids
from bench.stand import Site, Stand
from bench.waiting import say, until
from domain.base import Frozen
from domain.stages import Stage

LATER = (Stage.INVOICING, Stage.TRANSFERRING, Stage.DONE)
LIMIT_S = 600.0


class Restart(Frozen):
    """Seconds since the kill, until all programs answered, until all last lines were shipped, and until all went on."""

    orders: int
    up_s: float
    shipped_s: float
    progressed_s: float


async def restart_with(stand: Stand, orders: int) -> Restart:
    """Kill worker, server and sandbox under so many waiting orders, start them again, ship what is missing."""
    say(f"restart: {orders} open orders, everything killed")
    site, ids = await stand.site("k0"), order_ids("1", orders)
    async with AsyncExitStack() as worker_of:
        worker = await worker_of.enter_async_context(site.working())
        await take_up(stand, site, worker, ids)
        worker.kill()
        stand.server.kill()
        stand.double.kill()
        killed = monotonic()
    return await _come_back(stand, site, ids, killed)


async def _come_back(stand: Stand, site: Site, ids: list[str], killed: float) -> Restart:
    stand.server.start()
    with Double(stand.folder / "sandbox", stand.double.port) as double:
        async with site.working() as worker:
            await double.up()
            up = monotonic() - killed
            await fulfill_all(double, ids)
            shipped = monotonic() - killed
            await _all_go_on(site, worker, len(ids))
            progressed = monotonic() - killed
        say(f"  up after {up:.1f} s, all shipped after {shipped:.1f} s, all went on after {progressed:.1f} s")
    return Restart(orders=len(ids), up_s=round(up, 2), shipped_s=round(shipped, 2), progressed_s=round(progressed, 2))


async def _all_go_on(site: Site, worker: Program, orders: int) -> None:
    feed, gone_on = site.start_poll(), 0

    async def all_did() -> bool:
        nonlocal gone_on
        worker.check()
        if feed.done():
            feed.result()
        gone_on = site.count(*LATER)
        return gone_on >= orders

    await until(all_did, "all to go on", limit_s=LIMIT_S, every_s=0.25, progress=lambda: f"{gone_on} of {orders}")
    await feed
