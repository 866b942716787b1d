"""A pure life of one order: what happens to it, what its plan owes, and a remote that plays fair or loses answers.

It stands in for the ledger, the workflow and Retail Pro at once, so that laws about `plan_order` can be tried on any
sequence of events without a database or a network.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from domain.commands import Command, Situation, Verb, refusal
from domain.invoice import Invoice, Slip
from domain.memory import Force, InvoiceFact, Memory, WriteFact
from domain.money import net_of, order_discount_of, share_of_discount
from domain.order import LineStatus, Order
from domain.outcomes import Outcome, state_after
from domain.plan import Plan, changed_lines, plan_order, still_acknowledged
from domain.policy import TenantPolicy
from domain.stages import EffectState, HoldCause, Stage
from tests.support.making_orders import at


class Fate(StrEnum):
    """What becomes of one attempt at a remote write."""

    DONE = "done"
    REJECTED = "rejected"
    LOST_BEFORE = "lost before it was applied"
    LOST_AFTER = "lost after it was applied"
    CRASH = "crash before anything was sent"


@dataclass
class Kept:
    """One promised write, as a ledger keeps it."""

    document: Invoice | Slip | int
    lines: Mapping[str, str] = field(default_factory=dict)
    state: EffectState = EffectState.PLANNED
    in_doubt: bool = False
    whole_discount: Decimal | None = None
    """The discount that all invoices should carry with this one, when no line was open."""


Key = tuple[str, int, str]


class Life:
    """One order from its first event to its end; `remote` is what Retail Pro got, once for each key."""

    def __init__(self, order: Order, policy: TenantPolicy) -> None:
        self.order, self.policy = order, policy
        self.kept: dict[Key, Kept] = {}
        self.remote: dict[Key, Invoice | Slip | int] = {}
        self.force: Force | None = None
        self.cancel_wanted = False
        self.acknowledged: dict[str, str] = {}
        self.plan: Plan | None = None
        self._clock = 100

    # ---- what happens in the OMS -------------------------------------------------------------------------------------

    def set_line(self, number: int, status: LineStatus, facility: str | None = None) -> None:
        """The line moves to this status; completed ones get a time of completion, later than all before."""
        self._clock += 1
        lines = list(self.order.lines)
        line = lines[number % len(lines)]
        if not _may_become(line.status, status):
            return
        done = at(self._clock) if status is LineStatus.COMPLETED else None
        change = {"status": status, "facility_id": facility or line.facility_id, "completed_at": done}
        lines[number % len(lines)] = line.model_copy(update=change)
        self.order = self.order.model_copy(update={"lines": tuple(lines)})

    # ---- what operators ask ------------------------------------------------------------------------------------------

    def ask(self, verb: Verb, store: str | None = None) -> None:
        """A command, refused or carried out as the assessment does it."""
        command = Command(id="c", operator="ana", reason="a test", store=store)
        if refusal(verb, command, self._situation()) is not None:
            return
        memory = self.memory()
        if verb is Verb.CANCEL:
            self.cancel_wanted = True
        if verb is Verb.FORCE_INVOICE:
            self.force = Force(revision=memory.next_revision, operator="ana", reason="a test", store=store)
        if verb is Verb.RESUME and self.held_for is HoldCause.REOPENED_LINE:
            self.acknowledged |= changed_lines(self.order, memory)

    def _situation(self) -> Situation:
        memory = self.memory()
        return Situation(
            stage=self.plan.stage if self.plan else Stage.AWAITING_LINES,
            hold=self.held_for,
            fulfilled_due=sum(line.line_id not in memory.invoiced_lines for line in self.order.fulfilled),
            invoices=sum(i.state is EffectState.DONE for i in memory.made),
            sending=memory.unsettled is not None,
        )

    @property
    def held_for(self) -> HoldCause | None:
        """Why the order does not go on, as the last assessment saw it."""
        return self.plan.hold.cause if self.plan and self.plan.hold else None

    # ---- assess, promise, make ---------------------------------------------------------------------------------------

    def memory(self) -> Memory:
        """What a ledger would remember."""
        invoices = [(k, e) for k, e in sorted(self.kept.items()) if k[0] == "invoice"]
        return Memory(
            invoices=tuple(_invoice_fact(key, kept, self.policy) for key, kept in invoices),
            slips=tuple(_write_fact(k, e) for k, e in self.kept.items() if k[0] == "slip"),
            write_backs=tuple(_write_fact(k, e) for k, e in self.kept.items() if k[0] == "write_back"),
            force=self.force,
            cancel_wanted=self.cancel_wanted,
            acknowledged=self.acknowledged,
        )

    def assess(self) -> Plan:
        """What is owed now, promised; a cancel that the truth overtook is void."""
        self.acknowledged = still_acknowledged(self.order, self.memory())
        memory = self.memory()
        self.plan = plan = plan_order(self.order, memory, self.policy)
        if memory.made and memory.unsettled is None:
            self.cancel_wanted = False
        if plan.invoice:
            facilities = {line.line_id: line.facility_id for line in self.order.lines}
            lines = {line: facilities[line] for line in plan.invoice.line_ids}
            self._promise(("invoice", plan.invoice.revision, ""), plan.invoice, lines)
        for slip in plan.slips:
            self._promise(("slip", slip.revision, slip.from_store), slip, dict(slip.lines))
        return plan

    def _promise(self, key: Key, document: Invoice | Slip, lines: Mapping[str, str] | None = None) -> None:
        known = self.kept.get(key)
        if known is None or not known.state.may_exist:
            self.kept[key] = Kept(document, lines or {}, whole_discount=self._whole_discount())

    def _whole_discount(self) -> Decimal | None:
        """The discount of the lines that are kept: what belongs to cancelled lines goes with them."""
        if self.order.open_lines:
            return None
        kept, whole = (sum((net_of(n) for n in lines), Decimal(0)) for lines in (self.order.kept, self.order.lines))
        return share_of_discount(order_discount_of(self.order), kept, whole)

    def work(self, fates: Sequence[Fate]) -> None:
        """Make what the last assessment owes; each attempt meets the next fate, and when none is left all go well."""
        if self.plan is None or self.plan.hold:
            return
        plan, luck = self.plan, list(fates)
        invoice = plan.unsettled or plan.invoice
        if invoice and not self._make(("invoice", invoice.revision, ""), luck):
            return
        for slip in plan.slips:
            self._make(("slip", slip.revision, slip.from_store), luck)
        for revision in plan.write_backs:
            self.kept.setdefault(("write_back", revision, ""), Kept(revision))
            self._make(("write_back", revision, ""), luck)

    def _make(self, key: Key, luck: list[Fate]) -> bool:
        kept, fate = self.kept[key], luck.pop(0) if luck else Fate.DONE
        if kept.state is EffectState.DONE or fate is Fate.CRASH:
            return kept.state is EffectState.DONE
        kept.state = state_after(self._send(key, kept, fate), in_doubt=kept.in_doubt)
        kept.in_doubt = kept.in_doubt or kept.state is EffectState.UNKNOWN
        return kept.state is EffectState.DONE

    def _send(self, key: Key, kept: Kept, fate: Fate) -> Outcome:
        """What the remote answers; it makes no second document, and may refuse a repeat for a reason of its own."""
        exists = key in self.remote
        if fate in {Fate.DONE, Fate.LOST_AFTER}:
            self.remote.setdefault(key, kept.document)
        if fate is Fate.DONE:
            return Outcome.ALREADY_EXISTS if exists else Outcome.CREATED
        return Outcome.REJECTED if fate is Fate.REJECTED else Outcome.UNKNOWN

    # ---- what Retail Pro holds ---------------------------------------------------------------------------------------

    @property
    def invoices(self) -> list[Invoice]:
        """The invoices that exist, by revision."""
        return [document for _, document in sorted(self.remote.items()) if isinstance(document, Invoice)]

    def stock_changes(self) -> Counter[tuple[str, str]]:
        """What invoices and slips did to stock, by store and UPC; zeros are left out."""
        change: Counter[tuple[str, str]] = Counter()
        for document in self.remote.values():
            if isinstance(document, Invoice):
                change.subtract({(document.store, upc): n for upc, n in _units(document).items()})
            elif isinstance(document, Slip):
                for upc, quantity in document.units:
                    change[document.from_store, upc] -= quantity
                    change[document.to_store, upc] += quantity
        return Counter({key: n for key, n in change.items() if n})

    def shipped(self) -> Counter[tuple[str, str]]:
        """What each store shipped of what was invoiced, by store and UPC, as negative numbers."""
        lines = {line.line_id: line for line in self.order.lines}
        shipped: Counter[tuple[str, str]] = Counter()
        for invoice in self.memory().made:
            for line_id, facility in invoice.lines.items():
                line = lines[line_id]
                store = invoice.store if line.digital else self.policy.stores[facility]
                shipped[store, line.upc or ""] -= line.quantity
        return shipped

    def total(self) -> Decimal:
        """What all invoices cost together."""
        return sum((invoice.total for invoice in self.invoices), Decimal(0))


def _may_become(before: LineStatus, after: LineStatus) -> bool:
    """The transitions of HotWax: completed lines are reopened, never cancelled as they are (hotwax 1.2, 1.4)."""
    if before is LineStatus.COMPLETED:
        return after is LineStatus.APPROVED
    return before is LineStatus.APPROVED and after in {LineStatus.COMPLETED, LineStatus.CANCELLED}


def _units(invoice: Invoice) -> Counter[str]:
    units: Counter[str] = Counter()
    for item in invoice.items:
        units[item.upc] += item.quantity
    return units


def _invoice_fact(key: Key, kept: Kept, policy: TenantPolicy) -> InvoiceFact:
    assert isinstance(kept.document, Invoice)
    return InvoiceFact(
        key="/".join(map(str, key)),
        revision=key[1],
        state=kept.state,
        store=kept.document.store,
        lines=kept.lines,
        stores={facility: policy.stores[facility] for facility in kept.lines.values() if facility in policy.stores},
        order_discount=kept.document.order_discount,
    )


def _write_fact(key: Key, kept: Kept) -> WriteFact:
    return WriteFact(key="/".join(map(str, key)), revision=key[1], state=kept.state, store=key[2], lines=kept.lines)
