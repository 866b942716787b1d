"""Deciding what a purchase order owes: the ledger's memory, the rules of `domain.po_plan`, one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session
from temporalio import activity

from activities.failures import tells_temporal
from activities.systems import Purchasing, Tenants
from domain.commands import CommandAnswer
from domain.po_agreed import without_doubts
from domain.po_commands import (
    po_sight,
    receipt_in_question,
    refusal,
    resumption,
    sent_again,
    situation_of,
    told_of_resume,
)
from domain.po_messages import GivenPoCommand, PoAssessment, PoAssessRequest
from domain.po_plan import plan_po
from domain.po_standing import with_newest_word
from domain.po_units import plain
from domain.purchase_order import NetSuiteMode, PoMemory, PoPlan, PoPolicy, PoVerb, PurchaseOrder
from domain.stages import EffectKind, Hold, HoldCause
from ledger import holding, journal, po_imports, purchase_orders, receipts
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_tables import PurchaseOrderRow, ReceiptRow


class PurchaseOrderActivities:
    """Local activities of purchase orders' workflows: they ask and write the ledger, and no remote system."""

    def __init__(self, ledger: Ledger, tenants: Tenants) -> None:
        self._ledger, self._tenants = ledger, tenants

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def assess_purchase_order(self, request: PoAssessRequest) -> PoAssessment:
        """The commands are applied, and what the purchase order owes is promised in the ledger."""
        with self._ledger.writing() as session:
            return assess(session, request, self._tenants.get(request.tenant).purchasing)


def assess(session: Session, request: PoAssessRequest, systems: Purchasing) -> PoAssessment:
    """What this purchase order owes after these commands; written into the session."""
    return _Assessing(session, request, systems).run()


def plan_of(session: Session, row: PurchaseOrderRow, policy: PoPolicy) -> PoPlan:
    """What this purchase order owes as the ledger has it now; nothing is written."""
    po = purchase_orders.told_or_nothing(row)
    memory = with_newest_word(po, purchase_orders.memory_of(session, row))
    return _plan(po, memory, _unanswered(session, row), policy, datetime.now(UTC))


def _plan(
    po: PurchaseOrder, memory: PoMemory, unanswered: Sequence[ReceiptRow], policy: PoPolicy, now: datetime
) -> PoPlan:
    plan = plan_po(po, memory, policy)
    late = next((row for row in unanswered if row.due_at and row.due_at <= now), None)
    if late is None or plan.hold is not None:
        return plan
    evidence = f"receipt {late.receipt_id}: no answer to {late.file_name or 'it'} by {late.due_at:%Y-%m-%d %H:%MZ}"
    evidence += f": {late.problem}" if late.problem else ""
    return plan.model_copy(update={"hold": Hold(cause=HoldCause.RECEIPT_UNANSWERED, evidence=evidence)})


def _unanswered(session: Session, row: PurchaseOrderRow) -> Sequence[ReceiptRow]:
    return [receipt for receipt in receipts.of_po(session, row.tenant, row.po_id) if receipts.is_awaited(receipt)]


class _Assessing:
    """One assessment: the state its steps share."""

    def __init__(self, session: Session, request: PoAssessRequest, systems: Purchasing) -> None:
        self.session, self.request, self.systems, self.policy = session, request, systems, systems.policy
        self.now = datetime.now(UTC)
        self.row = purchase_orders.locked(session, request.tenant, request.po_id)
        if self.policy.partial_pos:
            purchase_orders.take_good_rows(session, self.row, self.now)
        self.po = purchase_orders.told_or_nothing(self.row)
        self.answers: list[tuple[str, CommandAnswer]] = []

    def run(self) -> PoAssessment:
        """The whole assessment."""
        self._apply(self.request.commands)
        memory, plan = self._planned()
        purchase_orders.record_plan(self.session, self.row, plan, self.now)
        self.session.flush()
        return PoAssessment(
            number=self.row.number or "",
            stage=plan.stage,
            situation=situation_of(memory, plan),
            hold=plan.hold,
            waiting_for=plan.waiting_for,
            ends=plan.ends,
            overdue_at=self._overdue_at,
            answers=tuple(self.answers),
        )

    @property
    def _memory(self) -> PoMemory:
        self.session.flush()
        return purchase_orders.memory_of(self.session, self.row)

    def _planned(self) -> tuple[PoMemory, PoPlan]:
        memory = self._memory
        return memory, self._plan(memory)

    def _plan(self, memory: PoMemory) -> PoPlan:
        newest = with_newest_word(self.po, memory)
        purchase_orders.remember_received(self.row, newest)
        return _plan(self.po, newest, self._unanswered, self.policy, self.now)

    # ---- deadlines ---------------------------------------------------------------------------------------------------

    @property
    def _unanswered(self) -> Sequence[ReceiptRow]:
        return _unanswered(self.session, self.row)

    @property
    def _overdue_at(self) -> datetime | None:
        return min((row.due_at for row in self._unanswered if row.due_at and row.due_at > self.now), default=None)

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _apply(self, commands: Sequence[GivenPoCommand]) -> None:
        for given in commands:
            of = (self.session, self.row.tenant, self.row.po_id, given.command.id, Flow.PURCHASE_ORDER)
            earlier = journal.answer_to(*of)
            if earlier is not None:
                self._answered(given, f"was given before: {earlier.text}", accepted=earlier.kind == "command")
                continue
            memory, plan = self._planned()
            reason = refusal(given.verb, situation_of(memory, plan), given.command.effect)
            sight = po_sight(plan)
            if given.verb is PoVerb.RESUME:
                reason = reason or sight.unseen(given.command.seen, "po show")
            if reason is None:
                self._carry_out(given, memory, plan)
            self._keep(given, reason, told_of_resume(memory, plan) if given.verb is PoVerb.RESUME else "")

    def _carry_out(self, given: GivenPoCommand, memory: PoMemory, plan: PoPlan) -> None:
        match given.verb:
            case PoVerb.RESUME:
                self._resume(memory, plan)
            case PoVerb.CANCEL:
                self.row.cancel_wanted = True
            case PoVerb.CLOSE:
                self.row.close_wanted = True
            case PoVerb.RESEND_RECEIPT:
                chosen = receipt_in_question(situation_of(memory, plan), given.command.effect)
                self._send_again(memory, chosen)

    def _resume(self, memory: PoMemory, plan: PoPlan) -> None:
        change = resumption(memory, plan)
        self.row.acknowledged = sorted(change.acknowledged) or None
        for settlement in change.settled:
            receipts.count_as_sent(self.session, self.row.tenant, settlement)
            purchase_orders.forget_others(self.row, settlement.line_id)
            text = (
                f"receipt {settlement.receipt_id}: {plain(settlement.sent)} of line {settlement.line_id} count as sent"
            )
            journal.write(self.session, holding.about(self.row), self.now, "receipt", text)
        for receipt_id in change.send_again:
            self._send_again(memory, receipt_id)
        if change.import_again:
            po_imports.retry_import(self.row)
        if change.withdraw:
            self.row.cancel_wanted = self.row.close_wanted = False
        receipts.wait_again(self.session, self.row.tenant, self.row.po_id, self.now + self.systems.waits.answer)

    def _send_again(self, memory: PoMemory, receipt_id: str) -> None:
        fact = next(receipt for receipt in memory.receipts if receipt.receipt_id == receipt_id)
        row = self.session.get_one(ReceiptRow, (self.row.tenant, receipt_id))
        # The stock importer's rules hold for what went to it, whichever way receipts go now.
        went_to_stock = receipts.way_of(self.session, row) is EffectKind.STOCK_RECEIPT_FILE
        mode = NetSuiteMode.STOCK if went_to_stock else self.policy.netsuite_mode
        looks_first = mode is NetSuiteMode.STOCK
        self.row.acknowledged = sorted(without_doubts(self.row.acknowledged or (), receipt_id)) or None
        receipts.plan_anew(self.session, self.row.tenant, sent_again(fact, mode), looks_first=looks_first)

    def _keep(self, given: GivenPoCommand, refused: str | None, more: str) -> None:
        command = given.command
        text = f"{given.verb}: {command.reason}" + (f" (refused: {refused})" if refused else "")
        kind = "refused" if refused else "command"
        of = holding.about(self.row)
        journal.write(self.session, of, self.now, kind, text, actor=command.operator, command_id=command.id)
        self.session.flush()
        self._answered(given, refused or f"{given.verb} accepted{more}", accepted=refused is None)

    def _answered(self, given: GivenPoCommand, message: str, *, accepted: bool) -> None:
        self.answers.append((given.command.id, CommandAnswer(accepted=accepted, message=message)))
