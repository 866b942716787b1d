"""Operators' commands on their way to workflows, and what those to an order would do (`--dry-run`)."""

import asyncio
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlmodel import Session
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError

from activities.assess import Assessor, Preview
from activities.starting import WorkflowStarter
from activities.systems import FixedTenants, TenantSystems
from domain.base import Frozen
from domain.commands import Command, CommandAnswer, Situation, Verb, refusal
from domain.keys import invoice_key
from domain.messages import AssessRequest, GivenCommand, Owed
from domain.seen import Sight
from domain.stages import EffectKind, EffectState
from ledger import effects, holding, journal, orders
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.tables import EffectRow, OrderRow

SIDE_BY_SIDE = 20
"""How many workflows are spoken to at once."""

R = TypeVar("R")


class NoAnswerError(Exception):
    """No worker answered in time; the command may be given again with the same id."""


class RemoteCall(Frozen):
    """A call that a command would make; `body` has personal data, it is for the operator who asked only."""

    method: str
    url: str
    label: str
    body: str
    note: str = ""


class DryRun(Frozen):
    """What a command would do: its answer, where its subject would stand, and every remote write."""

    answer: CommandAnswer
    stage: str
    hold: str | None
    calls: tuple[RemoteCall, ...]
    goes_on_without: tuple[str, ...] = ()
    """All that a `resume` would never ask about again, in words."""
    seen: str | None = None
    """The mark of just that, for the command itself."""


def new_id() -> str:
    """A command id for a request that has none."""
    return str(uuid.uuid4())


def known_answer(session: Session, row: OrderRow, verb: Verb, command: Command) -> CommandAnswer | None:
    """The answer that the ledger can give by itself: to a repeated command, and for an order that has ended."""
    if earlier := earlier_answer(session, (row.tenant, row.order_id), Flow.ORDER, command.id):
        return earlier
    reason = refusal(verb, command, _situation(session, row)) if row.stage.is_end else None
    return CommandAnswer(accepted=False, message=reason) if reason else None


def earlier_answer(session: Session, row_of: tuple[str, str], flow: Flow, command_id: str) -> CommandAnswer | None:
    """The answer to a command that was given before, by the audit trail of this tenant's subject."""
    earlier = journal.answer_to(session, *row_of, command_id, flow)
    if earlier is None:
        return None
    return CommandAnswer(accepted="(refused: " not in earlier.text, message=f"was given before: {earlier.text}")


def _situation(session: Session, row: OrderRow) -> Situation:
    """Where an ended order stands, as far as the ledger knows."""
    rows = effects.of_order(session, row.tenant, row.order_id)
    hold = holding.hold_of(row)
    invoices = [effect for effect in rows if effect.kind is EffectKind.INVOICE]
    return Situation(
        stage=row.stage,
        hold=hold.cause if hold else None,
        invoices=sum(effect.state is EffectState.DONE for effect in invoices),
        cancelled_by_operator=row.cancel_wanted,
        sending=any(effect.state.may_exist and effect.state is not EffectState.DONE for effect in invoices),
        in_doubt=orders.effects_in_doubt(rows),
    )


async def ask(starter: WorkflowStarter[R], row: R, verb: str, command: Command, patience: timedelta) -> CommandAnswer:
    """The workflow's answer to a command.

    Raises:
        NoAnswerError: nobody answered within the patience; what became of the command is not known.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            return await starter.ask(row, verb, command)
    except WorkflowUpdateFailedError as error:
        if isinstance(error.cause, ApplicationError):
            return CommandAnswer(accepted=False, message=error.cause.message)
        raise
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        raise NoAnswerError(
            f"no worker answered within {patience.total_seconds():g} s: start one (`waybill worker`), then give the "
            f"command again with --id {command.id}, which does it once"
        ) from None


async def resume_all(
    starter: WorkflowStarter[R],
    rows: Sequence[R],
    base: Command,
    told: Callable[[int], None],
    marks: Mapping[str, str] | None = None,
) -> int:
    """Give `resume` to the workflows of all these rows; how many. `told` hears how many are done.

    `marks` has, by workflow, what each is held for: one that is held otherwise by then stays held.
    """
    limit, done = asyncio.Semaphore(SIDE_BY_SIDE), 0

    async def resume(row: R) -> None:
        nonlocal done
        async with limit:
            name = starter.start_of(row).id
            mine = {"id": f"{base.id}/{name}"[:100], "seen": (marks or {}).get(name)}
            await starter.resume(row, base.model_copy(update=mine))
        done += 1
        told(done)

    await asyncio.gather(*(resume(row) for row in rows))
    return done


def rehearse(ledger: Ledger, systems: TenantSystems, row: OrderRow, given: GivenCommand, write_method: str) -> DryRun:
    """What this command would do: the order is read from HotWax, nothing is changed anywhere."""
    request = AssessRequest(tenant=row.tenant, order_id=row.order_id, commands=(given,))
    preview = Assessor(ledger, FixedTenants({systems.name: systems})).preview(request)
    seen = preview.assessment
    rehearsal = _Rehearsal(ledger, systems, row, preview, write_method)
    sight = preview.sight if given.verb is Verb.RESUME else Sight()
    return DryRun(
        answer=dict(seen.answers)[given.command.id],
        stage=str(seen.stage),
        hold=seen.hold.key if seen.hold else None,
        calls=() if seen.hold else tuple(map(rehearsal.call, filter(None, (seen.invoice, *seen.after)))),
        goes_on_without=sight.waived,
        seen=sight.to_name,
    )


@dataclass(frozen=True)
class _Rehearsal:
    """What the calls of one preview are made of."""

    ledger: Ledger
    systems: TenantSystems
    row: OrderRow
    preview: Preview
    write_method: str

    def call(self, owed: Owed) -> RemoteCall:
        """The call that makes this owed effect."""
        if owed.kind is EffectKind.WRITE_BACK:
            return self._write_back(owed)
        pos = self.systems.pos
        effect = next(row for row in self.preview.promised if row.key == owed.key)
        url = pos.invoice_url if owed.kind is EffectKind.INVOICE else pos.slip_url
        note = self._doubt(effect)
        return RemoteCall(method=self.write_method, url=url, label=owed.label, body=effect.body, note=note)

    def _doubt(self, effect: EffectRow) -> str:
        in_doubt = effect.in_doubt or effect.state in {EffectState.SENDING, EffectState.UNKNOWN}
        if in_doubt and self.systems.pos.can_find:
            return "looked up first: sent only if it is not there"
        if in_doubt and not self.systems.pos.repeat.is_safe:
            return "not sent: it may exist, and a repeat is not known to be safe; look, then `confirm` or `resend`"
        return ""

    def _write_back(self, owed: Owed) -> RemoteCall:
        """The write-back as far as it is known: its time is set, and a new invoice numbered, only when it is made."""
        invoice = self._invoice(int(owed.key.rsplit("/", 1)[1]))
        number = (invoice.number or invoice.remote_no) if invoice else self.preview.assessment.order_no
        oms, kind = self.systems.oms, self.systems.policy.write_back_type or ""
        body = oms.number_body(self.row.order_id, kind, number, datetime.now(UTC))
        method, _, url = oms.describe_write(body).partition(" ")
        note = "fromDate is the time of the call"
        if invoice is None or invoice.number is None:
            note += "; idValue is the number that Retail Pro answers, where it answers one"
        return RemoteCall(method=method, url=url, label=owed.label, body=body, note=note)

    def _invoice(self, revision: int) -> EffectRow | None:
        key = invoice_key(self.row.tenant, self.preview.assessment.order_no, revision)
        promised = next((row for row in self.preview.promised if row.key == key), None)
        if promised is not None:
            return promised
        with self.ledger.reading() as session:
            return session.get(EffectRow, key)
