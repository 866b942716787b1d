"""Deciding what a purchase order owes: the ledger's memory, the rules of `domain.po_plan`, one transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session
from temporalio import activity

from activities.failures import tells_temporal
from activities.systems import Purchasing, Tenants
from domain.commands import CommandAnswer
from domain.po_commands import receipt_in_question, refusal, resumption, sent_again, situation_of
from domain.po_messages import GivenPoCommand, PoAssessment, PoAssessRequest
from domain.po_plan import plan_po
from domain.po_standing import received_before
from domain.po_units import plain
from domain.purchase_order import NetSuiteMode, PoMemory, PoPlan, PoVerb
from domain.stages import Hold, HoldCause
from ledger import holding, journal, purchase_orders, receipts
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_tables import ReceiptRow

SHOWN = 3
"""How many bad rows a hold tells."""


class PurchaseOrderActivities:
    """Local activities of purchase orders' workflows: they ask and write the ledger, and no remote system."""

    def __init__(self, ledger: Ledger, tenants: Tenants) -> None:
        self._ledger, self._tenants = ledger, tenants

    @activity.defn
    @tells_temporal
    def assess_purchase_order(self, request: PoAssessRequest) -> PoAssessment:
        """The commands are applied, and what the purchase order owes is promised in the ledger."""
        with self._ledger.writing() as session:
            return assess(session, request, self._tenants.get(request.tenant).purchasing)


def assess(session: Session, request: PoAssessRequest, systems: Purchasing) -> PoAssessment:
    """What this purchase order owes after these commands; written into the session."""
    return _Assessing(session, request, systems).run()


class _Assessing:
    """One assessment: the state its steps share."""

    def __init__(self, session: Session, request: PoAssessRequest, systems: Purchasing) -> None:
        self.session, self.request, self.systems, self.policy = session, request, systems, systems.policy
        self.now = datetime.now(UTC)
        self.row = purchase_orders.locked(session, request.tenant, request.po_id)
        if self.policy.partial_pos:
            purchase_orders.take_good_rows(session, self.row, self.now)
        self.po = purchase_orders.told(self.row)
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
        if self.po is None:
            evidence = "; ".join(memory.bad_rows[:SHOWN])
            return PoPlan(stage=self.row.stage, hold=Hold(cause=HoldCause.BAD_ROWS, evidence=evidence))
        before = received_before(self.po, memory)
        purchase_orders.remember_received_before(self.row, before)
        plan = plan_po(self.po, memory.model_copy(update={"received_before": before}), self.policy)
        late = next((row for row in self._unanswered if row.due_at and row.due_at <= self.now), None)
        if late is None or plan.hold is not None:
            return plan
        evidence = f"receipt {late.receipt_id}: no answer to {late.file_name or 'it'} by {late.due_at:%Y-%m-%d %H:%MZ}"
        evidence += f": {late.problem}" if late.problem else ""
        return plan.model_copy(update={"hold": Hold(cause=HoldCause.RECEIPT_UNANSWERED, evidence=evidence)})

    # ---- deadlines ---------------------------------------------------------------------------------------------------

    @property
    def _unanswered(self) -> Sequence[ReceiptRow]:
        mine = receipts.of_po(self.session, self.row.tenant, self.row.po_id)
        return [row for row in mine if receipts.is_awaited(row)]

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
            if reason is None:
                self._carry_out(given, memory, plan)
            self._keep(given, reason)

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
            text = (
                f"receipt {settlement.receipt_id}: {plain(settlement.sent)} of line {settlement.line_id} count as sent"
            )
            journal.write(self.session, holding.about(self.row), self.now, "receipt", text)
        for receipt_id in change.send_again:
            self._send_again(memory, receipt_id)
        if change.import_again:
            purchase_orders.retry_import(self.row)
        if change.withdraw:
            self.row.cancel_wanted = self.row.close_wanted = False
        receipts.wait_again(self.session, self.row.tenant, self.row.po_id, self.now + self.systems.waits.answer)

    def _send_again(self, memory: PoMemory, receipt_id: str) -> None:
        fact = next(receipt for receipt in memory.receipts if receipt.receipt_id == receipt_id)
        mode = self.policy.netsuite_mode
        is_stock = mode is NetSuiteMode.STOCK
        receipts.plan_anew(self.session, self.row.tenant, sent_again(fact, mode), looks_first=is_stock)

    def _keep(self, given: GivenPoCommand, refused: str | None) -> None:
        command = given.command
        text = f"{given.verb}: {command.reason}" + (f" (refused: {refused})" if refused else "")
        kind = "refused" if refused else "command"
        of = holding.about(self.row)
        journal.write(self.session, of, self.now, kind, text, actor=command.operator, command_id=command.id)
        self.session.flush()
        self._answered(given, refused or f"{given.verb} accepted", accepted=refused is None)

    def _answered(self, given: GivenPoCommand, message: str, *, accepted: bool) -> None:
        self.answers.append((given.command.id, CommandAnswer(accepted=accepted, message=message)))
