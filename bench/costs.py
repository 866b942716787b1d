"""What an order costs in Temporal's own coin: actions, and events of its history."""

from dataclasses import dataclass

from bench.double import fulfilled
from bench.processes import Program
from bench.runs import order_ids
from bench.shapes import Shape, shape_of
from bench.stand import Site, Stand
from bench.waiting import say, until
from domain.base import Frozen
from domain.keys import order_workflow_id

ORDERS = 10


class Cost(Frozen):
    """One kind of order. `actions` are the server's own count; `events` the longest history of its kind."""

    actions: float
    events: int
    payload_bytes: int


@dataclass(frozen=True)
class Costs:
    """Both kinds of order, and the shape of the first."""

    single: Cost
    three_store: Cost
    shape: Shape


async def count_costs(stand: Stand) -> Costs:
    """Let a few orders of each kind through, and count."""
    say("counting actions and events of single-store and three-store orders")
    site = await stand.site("c0")
    async with site.working() as worker:
        await site.poll()
        idle = await _actions_of_poll(stand, site)
        single, shape = await _cost(stand, site, worker, stores=1, idle=idle)
        three, _ = await _cost(stand, site, worker, stores=3, idle=idle)
    say(f"  single store: {single.actions:g} actions, {single.events} events; three: {three.actions:g}, {three.events}")
    return Costs(single, three, shape)


async def _actions_of_poll(stand: Stand, site: Site) -> float:
    """What a poll with nothing new costs, so that it can be taken off."""
    before = await stand.actions()
    await site.poll()
    return await stand.actions() - before


async def _cost(stand: Stand, site: Site, worker: Program, *, stores: int, idle: float) -> tuple[Cost, Shape]:
    ids = order_ids(str(stores), ORDERS)
    await stand.double.seed([fulfilled(order_id, stores) for order_id in ids])
    before, closed = await stand.actions(), await stand.closed(site.tenant)
    await site.poll()

    async def all_closed() -> bool:
        worker.check()
        return await stand.closed(site.tenant) >= closed + ORDERS

    await until(all_closed, f"{ORDERS} orders with {stores} stores", limit_s=120)
    actions = (await stand.actions() - before - idle) / ORDERS
    histories = [await stand.client.get_workflow_handle(order_workflow_id(site.tenant, i)).fetch_history() for i in ids]
    shapes = [shape_of(history.events) for history in histories]
    longest = max(shapes, key=lambda shape: shape.events)
    return Cost(actions=actions, events=longest.events, payload_bytes=longest.payload_bytes), shapes[0]
