"""A purchase order's life: pending, imported, received, receipt-synced (design 6).

The workflow decides by asking `assess_purchase_order`, which promises in the ledger what is owed. Uploads into HotWax
and receipt files for NetSuite carry many purchase orders at once: the runs of `workflows.po_runs` take the promises
along and signal each purchase order what became of its own (docs/decisions/0006).
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.po_assess import PurchaseOrderActivities
    from domain.commands import Command, CommandAnswer
    from domain.details import purchase_order_details
    from domain.keys import PO_WORKFLOW
    from domain.messages import Changed
    from domain.po_commands import PoSituation, refusal
    from domain.po_messages import GivenPoCommand, PoAssessment, PoAssessRequest, PoInput, PoResult
    from domain.purchase_order import PoStage, PoVerb
    from workflows import policies
    from workflows.lifecycle import Lifecycle


@workflow.defn(name=PO_WORKFLOW)
class PurchaseOrderWorkflow(Lifecycle[PoStage, PoVerb]):
    """One purchase order, from the first word of it to its end."""

    @workflow.init
    def __init__(self, po: PoInput) -> None:
        super().__init__({"tenant": po.tenant, "po": po.po_id}, po.stage, po.hold)
        self._po = po
        self._seen: PoAssessment | None = None
        self._knows = False

    @workflow.run
    async def run(self, po: PoInput) -> PoResult:
        """Live the purchase order's life; *Request Cancellation* is the cancel command."""
        await self._live(PoVerb.CANCEL)
        if not self._ended:
            workflow.continue_as_new(po.model_copy(update={"stage": self._stage, "hold": self._hold}))
        return PoResult(po_id=po.po_id, stage=self._stage)

    async def _step(self) -> None:
        """Ask what is owed; then end, or wait for word from the runs, an operator, or the deadline of an answer."""
        owed = await self._assess()
        if owed.ends is not None and owed.hold is None:
            self._ended = not (self._changed or self._inbox)
            return
        await self._news(self._patience(owed))

    async def _assess(self) -> PoAssessment:
        self._knows = False
        given = tuple(GivenPoCommand(verb=verb, command=command) for verb, command in self._open_inbox())
        request = PoAssessRequest(tenant=self._po.tenant, po_id=self._po.po_id, commands=given)
        seen: PoAssessment = await workflow.execute_local_activity_method(
            PurchaseOrderActivities.assess_purchase_order, request, **policies.bookkeeping("decide what it owes")
        )
        self._seen, self._knows = seen, True
        self._answer(seen.answers)
        self._show(seen.stage, seen.hold)
        return seen

    def _patience(self, owed: PoAssessment) -> timedelta | None:
        """How long to wait for news before asking again."""
        if owed.hold is not None and owed.hold.may_pass:
            return self._po.waits.hold_retry
        if owed.overdue_at is None:
            return None
        return max(owed.overdue_at - workflow.now(), timedelta(seconds=1))

    def _details(self) -> str:
        return purchase_order_details(self._stage, self._since, self._hold, self._seen, self._last)

    @property
    def _situation(self) -> PoSituation | None:
        return self._seen.situation if self._seen and self._knows else None

    def _refusal(self, verb: PoVerb, command: Command) -> str | None:
        """While the books are being written they know better, and judge it themselves."""
        return refusal(verb, self._situation, command.effect) if self._situation else None

    # ---- signals and commands ----------------------------------------------------------------------------------------

    @workflow.signal(description="Something happened to the purchase order: look again. Safe to repeat.")
    def changed(self, event: Changed) -> None:
        """Look again; what happened is in the ledger."""
        del event
        self._changed = True

    @workflow.update(name="resume", description="Go on after a hold was mended, or without what it names.")
    async def resume(self, command: Command) -> CommandAnswer:
        """Go on after a hold was mended, or without what it names."""
        return await self._ask(PoVerb.RESUME, command)

    @resume.validator
    def _may_resume(self, command: Command) -> None:
        self._judge(PoVerb.RESUME, command)

    @workflow.signal(name="resume", description="Go on after a hold was mended, or without what it names.")
    def resume_by_signal(self, command: Command) -> None:
        """Go on after a hold was mended, or without what it names."""
        self._take(PoVerb.RESUME, command)

    @workflow.update(name="cancel", description="End it before anything was received.")
    async def cancel(self, command: Command) -> CommandAnswer:
        """End it before anything was received."""
        return await self._ask(PoVerb.CANCEL, command)

    @cancel.validator
    def _may_cancel(self, command: Command) -> None:
        self._judge(PoVerb.CANCEL, command)

    @workflow.signal(name="cancel", description="End it before anything was received.")
    def cancel_by_signal(self, command: Command) -> None:
        """End it before anything was received."""
        self._take(PoVerb.CANCEL, command)

    @workflow.update(name="close", description="Close the remainder in HotWax: no more goods are expected.")
    async def close(self, command: Command) -> CommandAnswer:
        """Close the remainder in HotWax: no more goods are expected."""
        return await self._ask(PoVerb.CLOSE, command)

    @close.validator
    def _may_close(self, command: Command) -> None:
        self._judge(PoVerb.CLOSE, command)

    @workflow.signal(name="close", description="Close the remainder in HotWax: no more goods are expected.")
    def close_by_signal(self, command: Command) -> None:
        """Close the remainder in HotWax: no more goods are expected."""
        self._take(PoVerb.CLOSE, command)

    @workflow.update(
        name="resend_receipt", description="NetSuite was looked at and has no such receipt: send it again."
    )
    async def resend_receipt(self, command: Command) -> CommandAnswer:
        """NetSuite was looked at and has no such receipt: send it again."""
        return await self._ask(PoVerb.RESEND_RECEIPT, command)

    @resend_receipt.validator
    def _may_resend_receipt(self, command: Command) -> None:
        self._judge(PoVerb.RESEND_RECEIPT, command)

    @workflow.signal(name="resend_receipt", description="NetSuite has no such receipt: send it again.")
    def resend_receipt_by_signal(self, command: Command) -> None:
        """NetSuite was looked at and has no such receipt: send it again."""
        self._take(PoVerb.RESEND_RECEIPT, command)
