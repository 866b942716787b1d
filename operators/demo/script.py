"""What happens besides the orders: three deeds of an operator, a storm, lost answers, and a killed worker."""

import asyncio
from collections.abc import Callable, Sequence

from domain.commands import Verb
from domain.keys import order_workflow_id
from domain.stages import HoldCause, Stage
from operators.demo import day
from operators.demo.cues import until
from operators.demo.goods import AIRPORT, TENANT
from operators.demo.office import OPERATOR, Office, as_typed
from operators.demo.orders import DayOrder
from operators.demo.picture import Picture
from operators.demo.processes import start_worker
from operators.demo.town import Say, Town


class Script:
    """The scenes of the day, played side by side by the orders of the day in a running town."""

    def __init__(self, orders: Sequence[DayOrder], town: Town) -> None:
        self._orders, self._town, self._door = orders, town, town.door
        self._office = Office(town.settings, town.client, town.ledger)
        self._faults: dict[str, int] = {}
        self._say: Say = lambda _: None

    async def open_doors(self) -> None:
        """Let the day begin: arm its faults, and place its orders with all that associates will do to them."""
        for order in self._orders:
            if order.fault:
                self._faults[order.case.name] = await self._door.arm(order.fault)
        await self._door.post("seed", {"orders": [order.seed for order in self._orders]})
        for order in self._orders:
            for deed in order.deeds:
                await self._door.deed(deed)
        self._faults[day.STORMY] = await self._door.arm(day.STORM)

    async def play(self, announce: Say) -> None:
        """Play all scenes; `announce` is told what is done, in words.

        Raises:
            ScriptError: the cue for one never came.
            CommandFailedError: an operator's command was not taken.
        """
        self._say = announce
        deeds = (self._force_one(), self._cancel_one(), self._mend_mapping(), self._kill_worker())
        await asyncio.gather(*deeds, *(self._tell(name) for name in self._faults if name != day.KILLED))

    async def faults_fired(self) -> dict[str, int]:
        """How many calls each fault hit, by its name."""
        fired = await self._door.fired()
        return {name: fired[fault] for name, fault in self._faults.items()}

    # ---- the operator ------------------------------------------------------------------------------------------------

    async def _force_one(self) -> None:
        """Invoice a partial order now; when its rest ships, that goes on a second invoice."""
        order = self._order(day.FORCED)
        await self._until(lambda now: _stage(now, order) is Stage.AWAITING_LINES, f"order {order.number} waits")
        reason = "the customer needs the invoice today"
        self._say(as_typed("order", "force-invoice", order.number, "--reason", reason))
        await self._office.order(Verb.FORCE_INVOICE, order.order_id, reason)
        await self._until(lambda now: _invoices(now, order) == 1, f"order {order.number} has its first invoice")
        self._say(f"order {order.number} has its first invoice; the rest of it ships")
        await self._door.deed({"action": "fulfill", "orderId": order.order_id})

    async def _cancel_one(self) -> None:
        """Cancel the copy of an order that was imported twice."""
        order = self._order(day.COPY)
        await self._until(lambda now: _stage(now, order) is not None, f"order {order.order_id} is known")
        reason = f"imported twice, the other {order.number} counts"
        self._say(as_typed("order", "cancel", order.order_id, "--reason", reason))
        await self._office.order(Verb.CANCEL, order.order_id, reason)

    async def _mend_mapping(self) -> None:
        """Wait until all orders of the unknown store are held for one cause, add the store, resume them together."""
        waiting = {order.order_id for order in self._orders if order.case.name.startswith(day.UNMAPPED)}

        def all_held(now: Picture) -> bool:
            held = {order for order, end in now.orders.items() if end.hold is HoldCause.UNMAPPED_STORE}
            return waiting <= held

        await self._until(all_held, f"{len(waiting)} orders are held for store {AIRPORT}")
        line, reason = self._town.place.map_airport(), "the store is mapped now"
        self._say(f"{OPERATOR} adds a line to waybill.toml: {line}")
        self._say(as_typed("holds", "resume", f"{HoldCause.UNMAPPED_STORE}:{AIRPORT}", "--reason", reason))
        resumed = await self._office.resume_held(HoldCause.UNMAPPED_STORE, AIRPORT, reason)
        self._say(f"{resumed} orders resumed by one command")

    # ---- faults and the power cut ------------------------------------------------------------------------------------

    async def _tell(self, name: str) -> None:
        """Announce a fault when it strikes."""
        await self._until_struck(name)
        numbers = [order.number for order in self._orders if order.case.name == name]
        self._say(" ".join(["fault:", *(f"order {number}:" for number in numbers), name]))

    async def _kill_worker(self) -> None:
        """Kill the very worker whose call Retail Pro has applied and not answered, and start another."""
        order = self._order(day.KILLED)
        await self._until_struck(day.KILLED)
        name = await self._worker_on(order) or "worker-1"
        self._town.crew.kill(name)
        self._say(f"{name} is killed (SIGKILL) while the invoice of order {order.number} is on the wire")
        start_worker(self._town.crew, f"{name}-again")
        self._say(f"{name}-again is started")

    async def _worker_on(self, order: DayOrder) -> str | None:
        """The worker that Temporal says is at work on this order: its identity begins with its process id."""
        handle = self._town.client.get_workflow_handle(order_workflow_id(TENANT, order.order_id))
        described = await handle.describe()
        identities = [pending.last_worker_identity for pending in described.raw_description.pending_activities]
        pids = [int(identity.partition("@")[0]) for identity in identities if identity.partition("@")[0].isdigit()]
        return next((name for name in map(self._town.crew.by_pid, pids) if name), None)

    # ---- cues --------------------------------------------------------------------------------------------------------

    def _order(self, case: str) -> DayOrder:
        return next(order for order in self._orders if order.case.name == case)

    async def _until(self, told: Callable[[Picture], bool], cue: str) -> None:
        async def come() -> bool:
            return told(self._town.lookout.now())

        await until(come, cue)

    async def _until_struck(self, name: str) -> None:
        async def come() -> bool:
            return (await self._door.fired())[self._faults[name]] > 0

        await until(come, name)


def _stage(now: Picture, order: DayOrder) -> Stage | None:
    end = now.orders.get(order.order_id)
    return end.stage if end else None


def _invoices(now: Picture, order: DayOrder) -> int:
    end = now.orders.get(order.order_id)
    return end.invoices if end else 0
