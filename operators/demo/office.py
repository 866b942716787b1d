"""The operator's hands: what the `waybill` command does, done by the same functions."""

import shlex
import sys
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from activities.starting import Starter
from domain.commands import Command, Verb
from domain.stages import HoldCause
from ledger import orders
from ledger.database import Ledger
from ledger.orders import OrderFilter
from ledger.tables import OrderRow
from operators import commands
from operators.demo.goods import TENANT
from operators.settings import Settings

OPERATOR = "ana"
PATIENCE = timedelta(seconds=60)


class CommandFailedError(Exception):
    """An operator's command did not do what the script needs; the message has its answer."""


class Office:
    """Gives commands as `waybill order ...` and `waybill holds resume` do."""

    def __init__(self, settings: Settings, client: Client, ledger: Ledger) -> None:
        self._starter, self._ledger = Starter(client, settings.tenants[TENANT].waits), ledger

    async def order(self, verb: Verb, order_id: str, reason: str) -> str:
        """What the order's workflow answers to a command.

        Raises:
            CommandFailedError: it was refused, or nobody answered.
        """
        with self._ledger.reading() as session:
            row = session.get_one(OrderRow, (TENANT, order_id))
        try:
            answer = await commands.ask(self._starter, row, verb, _command(reason), PATIENCE)
        except commands.NoAnswerError as error:
            raise CommandFailedError(f"{verb} of order {order_id}: {error}") from None
        if not answer.accepted:
            raise CommandFailedError(f"{verb} of order {order_id} was refused: {answer.message}")
        return answer.message

    async def resume_held(self, cause: HoldCause, subject: str, reason: str) -> int:
        """Resume all orders that are held for one thing; how many they are."""
        wanted = OrderFilter(tenant=TENANT, hold=cause, subject=subject)
        with self._ledger.reading() as session:
            rows = orders.find(session, wanted)
        return await commands.resume_all(self._starter, rows, _command(reason), lambda _: None)


def _command(reason: str) -> Command:
    return Command(id=commands.new_id(), operator=OPERATOR, reason=reason)


def as_typed(*words: str) -> str:
    """A `waybill` command as this operator types it."""
    return shlex.join(("waybill", *words, "--operator", OPERATOR))


def waybill_program() -> str:
    """How to call `waybill` in this project from a shell."""
    installed, here = Path(sys.executable).with_name("waybill"), Path.cwd()
    return str(installed.relative_to(here)) if installed.is_relative_to(here) else str(installed)
