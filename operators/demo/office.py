"""The operator's hands: what the `waybill` command does, done by the same functions."""

import shlex
import sys
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from temporalio.client import Client

from activities.po_assess import plan_of
from activities.starting import PoStarter, Starter, WorkflowStarter
from domain.commands import Command, Verb
from domain.po_commands import po_sight
from domain.purchase_order import PoPolicy, PoVerb
from domain.stages import HoldCause
from ledger import orders
from ledger.database import Ledger
from ledger.orders import OrderFilter
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import OrderRow
from operators import commands
from operators.demo.goods import TENANT
from operators.settings import Settings

OPERATOR = "ana"
PATIENCE = timedelta(seconds=60)

R = TypeVar("R")


class CommandFailedError(Exception):
    """An operator's command did not do what the script needs; the message has its answer."""


class Office:
    """Gives commands as `waybill order ...` and `waybill holds resume` do."""

    def __init__(self, settings: Settings, client: Client, ledger: Ledger) -> None:
        tenant = settings.tenants[TENANT]
        self._starter, self._ledger = Starter(client, tenant.waits), ledger
        self._po_starter = PoStarter(client, tenant.netsuite.waits) if tenant.netsuite else None
        self._po_policy = tenant.netsuite.policy if tenant.netsuite else PoPolicy()

    async def order(self, verb: Verb, order_id: str, reason: str) -> str:
        """What the order's workflow answers to a command.

        Raises:
            CommandFailedError: it was refused, or nobody answered.
        """
        with self._ledger.reading() as session:
            row = session.get_one(OrderRow, (TENANT, order_id))
        return await _asked(self._starter, row, verb, reason)

    def mark_of(self, po_id: str) -> str:
        """The mark of what the purchase order is held for, as `waybill po show` has it."""
        with self._ledger.reading() as session:
            row = session.get_one(PurchaseOrderRow, (TENANT, po_id))
            return po_sight(plan_of(session, row, self._po_policy)).mark

    async def purchase_order(self, verb: PoVerb, po_id: str, reason: str, seen: str | None = None) -> str:
        """What the purchase order's workflow answers to a command; otherwise as `order`."""
        if self._po_starter is None:
            raise CommandFailedError(f"{verb} of {po_id}: the configuration has no purchase orders")
        with self._ledger.reading() as session:
            row = session.get_one(PurchaseOrderRow, (TENANT, po_id))
        return await _asked(self._po_starter, row, verb, reason, seen)

    async def resume_held(self, cause: HoldCause, subject: str, reason: str) -> int:
        """Resume all orders that are held for one thing; how many they are."""
        wanted = OrderFilter(tenant=TENANT, hold=cause, subject=subject)
        with self._ledger.reading() as session:
            rows = orders.find(session, wanted)
        return await commands.resume_all(self._starter, rows, _command(reason), lambda _: None)


async def _asked(starter: WorkflowStarter[R], row: R, verb: Verb | PoVerb, reason: str, seen: str | None = None) -> str:
    name = starter.start_of(row).summary
    try:
        answer = await commands.ask(starter, row, verb, _command(reason, seen), PATIENCE)
    except commands.NoAnswerError as error:
        raise CommandFailedError(f"{verb} of {name}: {error}") from None
    if not answer.accepted:
        raise CommandFailedError(f"{verb} of {name} was refused: {answer.message}")
    return answer.message


def _command(reason: str, seen: str | None = None) -> Command:
    return Command(id=commands.new_id(), operator=OPERATOR, reason=reason, seen=seen)


def as_typed(*words: str) -> str:
    """A `waybill` command as this operator types it."""
    return shlex.join(("waybill", *words, "--operator", OPERATOR))


def waybill_program() -> str:
    """How to call `waybill` in this project from a shell."""
    installed, here = Path(sys.executable).with_name("waybill"), Path.cwd()
    return str(installed.relative_to(here)) if installed.is_relative_to(here) else str(installed)
