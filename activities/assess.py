"""Reading an order, applying what operators asked, and promising what it owes: one transaction after one read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session

from activities.promises import Promised, Promises
from activities.systems import Tenants, TenantSystems
from connectors.errors import Contract, NotASalesOrder, NotFound, Rejected
from domain.channel import OrderKind, kind_of
from domain.commands import Command, CommandAnswer, Situation, Verb, effect_in_question, order_sight, refusal
from domain.memory import Force, Memory
from domain.messages import Assessment, AssessRequest, GivenCommand
from domain.order import Order
from domain.plan import Plan, changed_lines, changed_since_settled, plan_order, still_acknowledged
from domain.policy import Confirmation
from domain.seen import Sight
from domain.stages import EffectKind, EffectState, Hold, HoldCause, Stage
from ledger import effects, holding, journal, orders
from ledger.database import Ledger
from ledger.tables import EffectRow

Found = Order | Hold | None
"""What the OMS told: the order, the hold that follows from what it said, or None for an order nobody invoices."""


@dataclass(frozen=True)
class Preview:
    """What an assessment would promise, with the effects' exact bodies; nothing of it is in the ledger."""

    assessment: Assessment
    promised: tuple[EffectRow, ...]
    sight: Sight
    """What the order is held for before the commands, as it is found now."""


class Assessor:
    """Answers what an order owes, and writes the answer down."""

    def __init__(self, ledger: Ledger, tenants: Tenants) -> None:
        self._ledger, self._tenants = ledger, tenants

    def assess(self, request: AssessRequest) -> Assessment:
        """What the order owes after these commands, promised in the ledger.

        An order that the OMS does not have, or tells in a way that makes no sense, is held, never guessed.

        Raises:
            ConnectorError: the OMS was not reached, or refused the call.
            LedgerUnavailableError: nothing was written.
        """
        found = self._read(request)
        with self._ledger.writing() as session:
            return _Assessing(session, self._tenants.get(request.tenant), request).run(found)

    def preview(self, request: AssessRequest) -> Preview:
        """What `assess` would answer and promise; reads the OMS, changes nothing."""
        found = self._read(request)
        with self._ledger.writing() as session:
            assessing = _Assessing(session, self._tenants.get(request.tenant), request)
            sight, assessment = assessing.sight(found), assessing.run(found)
            session.flush()
            promised = effects.of_order(session, request.tenant, request.order_id)
            owed = {o.key for o in (assessment.invoice, *assessment.after) if o}
            preview = Preview(assessment, tuple(row for row in promised if row.key in owed), sight)
            session.expunge_all()
            session.rollback()
        return preview

    def _read(self, request: AssessRequest) -> Found:
        try:
            return self._tenants.get(request.tenant).oms.read_order(request.order_id)
        except NotASalesOrder:
            return None
        except NotFound as error:
            return Hold(cause=HoldCause.ORDER_NOT_FOUND, evidence=str(error))
        except (Contract, Rejected) as error:
            return Hold(cause=HoldCause.REMOTE_CONTRACT, evidence=str(error))


class _Assessing:
    """One assessment: the state its steps share."""

    def __init__(self, session: Session, systems: TenantSystems, request: AssessRequest) -> None:
        self.session, self.systems, self.request = session, systems, request
        self.now = datetime.now(UTC)
        self.row = orders.see(session, request.tenant, request.order_id, self.now)
        self.answers: list[tuple[str, CommandAnswer]] = []

    def run(self, found: Found) -> Assessment:
        """The whole assessment."""
        if isinstance(found, Order):
            orders.record_read(self.session, self.row, found, self.systems.policy, self.now)
            if self.row.acknowledged:
                self.row.acknowledged = still_acknowledged(found, self._memory(found)) or None
        else:
            self.row.epoch += 1
        self._apply(self.request.commands, found)
        memory = self._memory(found)
        plan = self._plan(found, memory)
        promised = self._promise(found, plan)
        self._settle_cancel(memory)
        self._record(promised)
        return self._answer(found, promised)

    # ---- commands ----------------------------------------------------------------------------------------------------

    def _apply(self, commands: Sequence[GivenCommand], found: Found) -> None:
        for given in commands:
            earlier = journal.answer_to(self.session, *self._of, given.command.id)
            if earlier is not None:
                accepted = earlier.kind == "command"
                self._answered(given.command, accepted=accepted, message=f"was given before: {earlier.text}")
                continue
            reason = refusal(given.verb, given.command, self._situation(found)) or self._unknown_store(given.command)
            reason = reason or self._taken_number(given, found)
            sight = self.sight(found, given.command.seen)
            if given.verb is Verb.RESUME and (sight.acknowledges or self.row.hold_cause == HoldCause.REOPENED_LINE):
                reason = reason or sight.unseen(given.command.seen, "order show")
            if reason is None:
                self._carry_out(given.verb, given.command, found)
            self._keep(given, reason, sight.went_on_without if given.verb is Verb.RESUME else "")

    def sight(self, found: Found, seen: str | None = None) -> Sight:
        """What a `resume` is about: the hold as it was written down, and the lines that it settles as they are now.

        A marked one may have waited while HotWax was out of reach: then it is about the lines that were shown before.
        """
        hold = holding.hold_of(self.row)
        if self._is_about_lines(seen):
            changed = changed_since_settled(found, self._memory(found)) if isinstance(found, Order) else found
            hold = changed if changed or self.row.hold_cause == HoldCause.REOPENED_LINE else hold
        return order_sight(hold)

    def _is_about_lines(self, seen: str | None) -> bool:
        has_waited = self.row.hold_cause == HoldCause.REMOTE_UNREACHABLE and seen is not None
        return self.row.hold_cause == HoldCause.REOPENED_LINE or has_waited

    def _unknown_store(self, command: Command) -> str | None:
        codes = sorted(set(self.systems.policy.stores.values()))
        if command.store is None or command.store in codes:
            return None
        return f"store {command.store} is not in [stores] of waybill.toml: it has {', '.join(codes)}"

    def _taken_number(self, given: GivenCommand, found: Found) -> str | None:
        number = given.command.number
        if given.verb is not Verb.CONFIRM or number is None:
            return None
        other = effects.holder_of(self.session, self._chosen(given.command, found), number)
        return f"number {number} belongs to {other} already: look again in Retail Pro" if other else None

    def _keep(self, given: GivenCommand, refused: str | None, without: str) -> None:
        command = given.command
        text = f"{given.verb}: {command.reason}" + (f" (refused: {refused})" if refused else "")
        kind = "refused" if refused else "command"
        journal.write(self.session, self._of, self.now, kind, text, actor=command.operator, command_id=command.id)
        self.session.flush()
        self._answered(command, accepted=refused is None, message=refused or f"{given.verb} accepted{without}")

    def _answered(self, command: Command, *, accepted: bool, message: str) -> None:
        self.answers.append((command.id, CommandAnswer(accepted=accepted, message=message)))

    def _carry_out(self, verb: Verb, command: Command, found: Found) -> None:
        match verb:
            case Verb.CANCEL:
                self.row.cancel_wanted = True
            case Verb.FORCE_INVOICE:
                revision = self._memory(found).next_revision
                force = Force(revision=revision, operator=command.operator, reason=command.reason, store=command.store)
                self.row.force = force.model_dump()
            case Verb.RESUME:
                self.row.cancel_wanted = self.row.cancel_wanted and self.row.stage is not Stage.CANCELLED
                self._acknowledge(found, command.seen)
            case Verb.CONFIRM:
                effects.confirm(self._chosen(command, found), command.number or "", self.now)
            case Verb.RESEND:
                effects.resend(self._chosen(command, found))

    def _chosen(self, command: Command, found: Found) -> EffectRow:
        return self.session.get_one(EffectRow, effect_in_question(command, self._situation(found)))

    def _acknowledge(self, found: Found, seen: str | None) -> None:
        """Take the lines that changed after their invoice as settled by the operator."""
        if not (self._is_about_lines(seen) and isinstance(found, Order)):
            return
        changed = changed_lines(found, self._memory(found))
        self.row.acknowledged = {**(self.row.acknowledged or {}), **changed}

    def _settle_cancel(self, memory: Memory) -> None:
        """A cancel that finds an invoice on its way waits for the truth; one that finds it made is void."""
        if not (self.row.cancel_wanted and memory.made):
            return
        if memory.unsettled is None:
            self.row.cancel_wanted = False
            journal.write(self.session, self._of, self.now, "refused", "cancel is void: the order is invoiced")
            return
        waits = f"cancel noted: it waits for the truth about {memory.unsettled.key}"
        asked = {g.command.id for g in self.request.commands if g.verb is Verb.CANCEL}
        noted = CommandAnswer(accepted=True, message=waits)
        self.answers = [(i, noted if i in asked and a.accepted else a) for i, a in self.answers]

    # ---- plan and promises -------------------------------------------------------------------------------------------

    def _memory(self, found: Found) -> Memory:
        number = found.order_no if isinstance(found, Order) else self.row.order_no or ""
        return orders.memory_of(self.session, self.row, number)

    def _plan(self, found: Found, memory: Memory) -> Plan:
        if isinstance(found, Order):
            return plan_order(found, memory, self.systems.policy)
        if found is None:
            return Plan(stage=Stage.SKIPPED, ends=Stage.SKIPPED)
        if self.row.stage.is_end:
            return Plan(stage=self.row.stage, ends=self.row.stage)
        if memory.cancel_wanted and not memory.made:
            return Plan(stage=Stage.CANCELLED, ends=Stage.CANCELLED)
        return Plan(stage=self.row.stage, hold=found)

    def _promise(self, found: Found, plan: Plan) -> Promised:
        if not isinstance(found, Order):
            return Promised(plan)
        if plan.ends is Stage.CANCELLED:
            effects.forget_unmade(self.session, *self._of)
        return Promises(self.session, self.systems, self.row, self.now).promise_all(found, plan)

    def _record(self, promised: Promised) -> None:
        plan = promised.plan
        self.row.waiting_for = plan.waiting_for
        if plan.invoice:
            self.row.store, self.row.store_reason = plan.invoice.store, plan.invoice.reason
            self.row.total = str(plan.invoice.total)
            text = f"{plan.invoice.store} invoices ({plan.invoice.reason})"
            journal.write(self.session, self._of, self.now, "plan", text)
        holding.set_stage(self.session, self.row, plan.stage, plan.hold, self.now)

    # ---- the answer --------------------------------------------------------------------------------------------------

    @property
    def _of(self) -> tuple[str, str]:
        return self.request.tenant, self.request.order_id

    def _situation(self, found: Found) -> Situation:
        self.session.flush()
        rows = effects.of_order(self.session, *self._of)
        memory = orders.remembered(self.row, rows)
        hold = holding.hold_of(self.row)
        return Situation(
            stage=self.row.stage,
            hold=hold.cause if hold else None,
            fulfilled_due=_fulfilled_due(found, memory),
            invoices=sum(i.state is EffectState.DONE for i in memory.made),
            kind=kind_of(found) if isinstance(found, Order) else OrderKind.INVOICED,
            cancelled_by_operator=self.row.stage is Stage.CANCELLED and self.row.cancel_wanted,
            sending=memory.unsettled is not None,
            in_doubt=orders.effects_in_doubt(rows),
            unconfirmed=self._unconfirmed(rows),
        )

    def _unconfirmed(self, rows: Sequence[EffectRow]) -> tuple[str, ...]:
        if self.systems.policy.confirmation is Confirmation.NONE:
            return ()
        invoices = (row for row in rows if row.kind is EffectKind.INVOICE and row.state is EffectState.DONE)
        return tuple(row.key for row in invoices if not row.confirmed)

    def _answer(self, found: Found, promised: Promised) -> Assessment:
        plan = promised.plan
        return Assessment(
            epoch=self.row.epoch,
            order_no=self.row.order_no or "",
            stage=plan.stage,
            situation=self._situation(found),
            hold=plan.hold,
            waiting_for=plan.waiting_for,
            store=self.row.store or "",
            reason=self.row.store_reason,
            invoice=promised.invoice,
            confirm=self._confirm_key(plan),
            after=promised.after,
            ends=plan.ends,
            answers=tuple(self.answers),
        )

    def _confirm_key(self, plan: Plan) -> str | None:
        mine = effects.of_order(self.session, *self._of)
        return next((e.key for e in mine if e.kind is EffectKind.INVOICE and e.revision == plan.confirm), None)


def _fulfilled_due(found: Found, memory: Memory) -> int:
    if not isinstance(found, Order):
        return 0
    return sum(line.line_id not in memory.invoiced_lines for line in found.fulfilled)
