"""An order's life: awaiting lines, invoicing, transferring, done (design 5).

The workflow decides when; what is owed is answered by `assess_order`, which reads the OMS and applies the rules of
`domain.plan`. So a changed rule never breaks a running workflow, and no personal data enters a history.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.books import LedgerActivities
    from activities.failures import NOT_PROMISED
    from activities.hotwax import HotWaxActivities
    from activities.retailpro import RetailProActivities
    from domain.commands import Command, CommandAnswer, Situation, Verb, refusal
    from domain.details import order_details
    from domain.keys import ORDER_WORKFLOW, hotwax_queue, retailpro_queue
    from domain.messages import (
        Assessment,
        AssessRequest,
        Changed,
        EffectRequest,
        GivenCommand,
        OrderInput,
        OrderResult,
        Owed,
        StageRecord,
    )
    from domain.outcomes import EffectResult
    from domain.stages import EffectKind, EffectState, Hold, HoldCause, Stage
    from workflows import policies
    from workflows.lifecycle import Lifecycle

T = TypeVar("T")

ENSURE: dict[EffectKind, Callable[[Any, EffectRequest], EffectResult]] = {
    EffectKind.INVOICE: RetailProActivities.ensure_invoice,
    EffectKind.SLIP: RetailProActivities.ensure_slip,
    EffectKind.WRITE_BACK: HotWaxActivities.ensure_invoice_number_in_oms,
}


@dataclass(frozen=True)
class Made:
    """Whether a promised write is done; a hold says why not, none that the order must be asked anew."""

    done: bool
    hold: Hold | None = None


@workflow.defn(name=ORDER_WORKFLOW)
class OrderWorkflow(Lifecycle[Stage, Verb]):
    """One order, from the first word of it to its end; woken by signals, told what to do by the ledger and the OMS."""

    @workflow.init
    def __init__(self, order: OrderInput) -> None:
        super().__init__({"tenant": order.tenant, "order": order.order_id}, order.stage, order.hold)
        self._order, self._epoch = order, order.epoch
        self._confirm_by: datetime | None = None
        self._knows = False
        self._seen: Assessment | None = None
        self._situation: Situation | None = None

    @workflow.run
    async def run(self, order: OrderInput) -> OrderResult:
        """Live the order's life; *Request Cancellation* is the cancel command, not the end of the workflow."""
        await self._live(Verb.CANCEL)
        if not self._ended:
            here = {"stage": self._stage, "hold": self._hold, "epoch": self._epoch}
            workflow.continue_as_new(order.model_copy(update=here))
        return OrderResult(order_no=self._seen.order_no if self._seen else "", stage=self._stage)

    async def _step(self) -> None:
        """Ask what the order owes, and do it as far as it goes."""
        owed = await self._assess()
        if owed is None:
            return
        if owed.hold is not None:
            await self._news(self._pause_of(owed.hold))
            return
        _ = await self._invoice(owed) and await self._confirm(owed) and await self._transfer(owed)

    # ---- the steps, in the order of use; each says whether the life goes on from here --------------------------------

    async def _assess(self) -> Assessment | None:
        """What the order owes now; None when that could not be learned, after waiting."""
        commands, self._knows = self._open_inbox(), False
        given = tuple(GivenCommand(verb=verb, command=command) for verb, command in commands)
        request = AssessRequest(tenant=self._order.tenant, order_id=self._order.order_id, commands=given)
        try:
            seen = await workflow.execute_activity_method(
                HotWaxActivities.assess_order,
                request,
                **policies.remote_call(self._hotwax, self._order.waits, "read the order, decide what it owes"),
            )
        except ActivityError as error:
            self._inbox = [*commands, *self._inbox]
            await self._held(_out_of_reach(self._hotwax, error), unanswered=len(commands))
            return None
        self._seen, self._situation, self._epoch, self._knows = seen, seen.situation, seen.epoch, True
        self._answer(seen.answers)
        self._show(seen.stage, seen.hold)
        return seen

    async def _invoice(self, owed: Assessment) -> bool:
        if owed.invoice is None:
            return True
        return await self._went_well([await self._make(owed.invoice)])

    async def _confirm(self, owed: Assessment) -> bool:
        """The second phase, where the tenant asks for it: the store's own word that it made the invoice."""
        if owed.confirm is None:
            return True
        self._notice(unconfirmed=(owed.confirm,))
        self._confirm_by = self._confirm_by or workflow.now() + self._order.waits.confirmation
        left, summary = self._confirm_by - workflow.now(), f"wait until the store confirms {owed.confirm}"
        handle = workflow.start_activity_method(
            HotWaxActivities.await_confirmation,
            EffectRequest(tenant=self._order.tenant, order_id=self._order.order_id, key=owed.confirm),
            **policies.confirmation(self._hotwax, self._order.waits, left, summary),
        )
        try:
            await self._unless(lambda: self._changed or bool(self._inbox), handle)
        except ActivityError as error:
            if not is_cancelled_exception(error):
                late = f"{owed.confirm}: no word within {self._order.waits.confirmation}"
                self._confirm_by = None
                await self._held(Hold(cause=HoldCause.CONFIRMATION_OVERDUE, evidence=late))
            return False
        self._confirm_by = None
        return True

    async def _transfer(self, owed: Assessment) -> bool:
        """Slips and write-backs side by side, each on its own; then the end, or the wait for more lines."""
        if any(o.kind is EffectKind.SLIP for o in owed.after):
            self._show(Stage.TRANSFERRING, None)  # the slip that is sent first writes it down
        if not await self._went_well(await asyncio.gather(*(self._make(o) for o in owed.after))):
            return False
        await self._record(owed.ends or Stage.AWAITING_LINES, None)
        if owed.ends is None:
            await self._news()
        else:
            self._ended = not (self._changed or self._inbox)
        return True

    # ---- remote writes -----------------------------------------------------------------------------------------------

    async def _make(self, owed: Owed) -> Made:
        """What became of a promised write."""
        queue = self._hotwax if owed.kind is EffectKind.WRITE_BACK else retailpro_queue(self._order.tenant)
        handle = workflow.start_activity_method(
            ENSURE[owed.kind],
            EffectRequest(
                tenant=self._order.tenant, order_id=self._order.order_id, key=owed.key, look_only=owed.look_only
            ),
            **policies.remote_call(queue, self._order.waits, owed.label),
        )
        try:
            result = await self._unless(lambda: bool(self._inbox), handle)
        except ActivityError as error:
            asked_anew = is_cancelled_exception(error) or _was_forgotten(error)
            return Made(done=False, hold=None if asked_anew else _out_of_reach(queue, error))
        self._learn(result)
        return Made(done=result.hold is None, hold=result.hold)

    def _learn(self, result: EffectResult) -> None:
        """Let validators judge by what became of a write, before the next assessment tells it."""
        situation = self._situation
        if situation is None:
            return
        if result.foreign or result.state is EffectState.UNKNOWN:
            self._notice(in_doubt=(*(key for key in situation.in_doubt if key != result.key), result.key))
        elif result.kind is EffectKind.INVOICE and result.state is EffectState.DONE:
            self._notice(invoices=situation.invoices + 1, sending=False)

    def _notice(self, **news: object) -> None:
        self._situation = self._situation and self._situation.model_copy(update=news)

    async def _unless(self, called: Callable[[], bool], handle: workflow.ActivityHandle[T]) -> T:
        """The activity's result; a call cuts its waiting short, never its knowledge of what became of a write."""
        await workflow.wait_condition(lambda: handle.done() or called())
        if not handle.done():
            handle.cancel()
        return await handle

    async def _went_well(self, writes: Sequence[Made]) -> bool:
        hold = next((made.hold for made in writes if made.hold), None)
        if hold is not None:
            await self._held(hold)
        return all(made.done for made in writes)

    @property
    def _hotwax(self) -> str:
        return hotwax_queue(self._order.tenant)

    # ---- waiting, recording, showing ---------------------------------------------------------------------------------

    async def _held(self, hold: Hold, unanswered: int = 0) -> None:
        """Hold the order until something changes; one whose cause may pass tries again by itself."""
        await self._record(self._stage, hold)
        await self._news(self._pause_of(hold), unanswered)

    def _pause_of(self, hold: Hold) -> timedelta | None:
        return self._order.waits.hold_retry if hold.may_pass else None

    async def _record(self, stage: Stage, hold: Hold | None) -> None:
        """Write stage and hold down, when they are new; a void record means that the order must be assessed again."""
        if (stage, hold) == (self._stage, self._hold):
            return
        record = StageRecord(
            tenant=self._order.tenant,
            order_id=self._order.order_id,
            epoch=self._epoch,
            stage=stage,
            hold=hold,
        )
        self._knows = False
        written = await workflow.execute_local_activity_method(
            LedgerActivities.record_stage, record, **policies.bookkeeping(f"record {stage}")
        )
        self._knows = True
        self._changed = self._changed or not written
        self._show(stage, hold)

    def _details(self) -> str:
        return order_details(self._stage, self._since, self._hold, self._seen, self._last)

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _refusal(self, verb: Verb, command: Command) -> str | None:
        """While the books are being written they know better, and judge it themselves."""
        if self._situation is None or not self._knows:
            return None
        now = self._situation.model_copy(update={"stage": self._stage, "hold": self._hold and self._hold.cause})
        return refusal(verb, command, now)

    @workflow.signal(description="Something happened to the order: read it again. Safe to repeat.")
    def changed(self, event: Changed) -> None:
        """Read the order again; what happened is in the OMS."""
        del event
        self._changed = True

    @workflow.update(name="cancel", description="End the order before it is invoiced.")
    async def cancel(self, command: Command) -> CommandAnswer:
        """End the order before it is invoiced."""
        return await self._ask(Verb.CANCEL, command)

    @cancel.validator
    def _may_cancel(self, command: Command) -> None:
        self._judge(Verb.CANCEL, command)

    @workflow.signal(name="cancel", description="End the order before it is invoiced.")
    def cancel_by_signal(self, command: Command) -> None:
        """End the order before it is invoiced."""
        self._take(Verb.CANCEL, command)

    @workflow.update(name="force_invoice", description="Invoice what is fulfilled now, optionally at a named store.")
    async def force_invoice(self, command: Command) -> CommandAnswer:
        """Invoice what is fulfilled now, optionally at a named store."""
        return await self._ask(Verb.FORCE_INVOICE, command)

    @force_invoice.validator
    def _may_force_invoice(self, command: Command) -> None:
        self._judge(Verb.FORCE_INVOICE, command)

    @workflow.signal(name="force_invoice", description="Invoice what is fulfilled now, optionally at a named store.")
    def force_invoice_by_signal(self, command: Command) -> None:
        """Invoice what is fulfilled now, optionally at a named store."""
        self._take(Verb.FORCE_INVOICE, command)

    @workflow.update(name="resume", description="Go on after a hold was mended.")
    async def resume(self, command: Command) -> CommandAnswer:
        """Go on after a hold was mended."""
        return await self._ask(Verb.RESUME, command)

    @resume.validator
    def _may_resume(self, command: Command) -> None:
        self._judge(Verb.RESUME, command)

    @workflow.signal(name="resume", description="Go on after a hold was mended.")
    def resume_by_signal(self, command: Command) -> None:
        """Go on after a hold was mended."""
        self._take(Verb.RESUME, command)

    @workflow.update(name="confirm", description="A document in doubt exists: give the number that was found.")
    async def confirm(self, command: Command) -> CommandAnswer:
        """A document in doubt exists: give the number that was found."""
        return await self._ask(Verb.CONFIRM, command)

    @confirm.validator
    def _may_confirm(self, command: Command) -> None:
        self._judge(Verb.CONFIRM, command)

    @workflow.signal(name="confirm", description="A document in doubt exists: give the number that was found.")
    def confirm_by_signal(self, command: Command) -> None:
        """A document in doubt exists: give the number that was found."""
        self._take(Verb.CONFIRM, command)

    @workflow.update(name="resend", description="A document in doubt was looked for and does not exist: send it again.")
    async def resend(self, command: Command) -> CommandAnswer:
        """A document in doubt was looked for and does not exist: send it again."""
        return await self._ask(Verb.RESEND, command)

    @resend.validator
    def _may_resend(self, command: Command) -> None:
        self._judge(Verb.RESEND, command)

    @workflow.signal(name="resend", description="A document in doubt was looked for and does not exist: send it again.")
    def resend_by_signal(self, command: Command) -> None:
        """A document in doubt was looked for and does not exist: send it again."""
        self._take(Verb.RESEND, command)


def _out_of_reach(system: str, error: ActivityError) -> Hold:
    return Hold(cause=HoldCause.REMOTE_UNREACHABLE, subject=system, evidence=_reason(error))


def _was_forgotten(error: ActivityError) -> bool:
    """Whether the ledger lost the promise: the next assessment makes it anew."""
    return isinstance(error.cause, ApplicationError) and error.cause.type == NOT_PROMISED


def _reason(error: ActivityError) -> str:
    """Waybill's own words for what the call ran into; where it has none, the innermost message."""
    reason: BaseException = error
    while isinstance(reason, FailureError) and reason.cause is not None and not isinstance(reason, ApplicationError):
        reason = reason.cause
    return str(reason)
