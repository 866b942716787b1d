"""What an order owes next: one pure answer from the order, the memory of what was done, and the tenant's policy.

Asked anew whenever something changed, so that repeated, late and reordered events lead to the same life (design 5).
"""

from collections.abc import Mapping, Sequence

from domain.base import Frozen
from domain.channel import OrderKind, kind_of, lines_to_transfer, selling_facility
from domain.invoice import Billed, Invoice, Slip, build_invoice, slip_of, slips_to
from domain.invoicing_store import Election, elect_invoicing_store
from domain.memory import InvoiceFact, Memory, WriteFact
from domain.money import ZERO, grand_total_difference, order_total, unknown_adjustments
from domain.order import Line, Order
from domain.policy import CaseRule, Confirmation, TenantPolicy
from domain.stages import EffectState, Hold, HoldCause, Stage


class Plan(Frozen):
    """What is owed for an order now, in the order in which it is made.

    First the invoice (a new one in `invoice`, or the `unsettled` one), then its confirmation, then slips and
    write-backs side by side; then the order ends in `ends`, or waits.
    """

    stage: Stage
    hold: Hold | None = None
    waiting_for: str = ""
    invoice: Invoice | None = None
    unsettled: InvoiceFact | None = None
    confirm: int | None = None
    """The revision whose confirmation by the store is awaited, after it was invoiced."""
    slips: tuple[Slip, ...] = ()
    write_backs: tuple[int, ...] = ()
    """The revisions whose invoice number the OMS does not know yet."""
    ends: Stage | None = None


def plan_order(order: Order, memory: Memory, policy: TenantPolicy) -> Plan:
    """What this order owes now."""
    nothing_made = not memory.settled_lines
    if nothing_made and (memory.cancel_wanted or not order.kept):
        return Plan(stage=Stage.CANCELLED, ends=Stage.CANCELLED)
    match kind_of(order):
        case OrderKind.CARRIED_OUT if nothing_made:
            return Plan(stage=Stage.SKIPPED, ends=Stage.SKIPPED)
        case OrderKind.SEND_SALE | OrderKind.CARRIED_OUT:
            return _plan_send_sale(order, memory, policy)
        case OrderKind.EXCHANGE if policy.exchange_orders is CaseRule.HOLD and not memory.made:
            evidence = f"channel {order.channel}: exchange orders are not invoiced without a rule"
            return Plan(stage=_before(order), hold=Hold(cause=HoldCause.EXCHANGE_ORDER, evidence=evidence))
        case _:
            return _plan_invoicing(order, memory, policy)


def _before(order: Order) -> Stage:
    """The stage of an order that has no invoice under way."""
    return Stage.AWAITING_LINES if order.open_lines else Stage.INVOICING


def _waiting_for(order: Order) -> str:
    fulfilled, kept = len(order.fulfilled), len(order.kept)
    return f"{fulfilled} of {kept} lines fulfilled; waiting for the others"


# ---- send sales: invoiced at the point of sale, still owing transfers ------------------------------------------------


def _plan_send_sale(order: Order, memory: Memory, policy: TenantPolicy) -> Plan:
    if hold := changed_since_settled(order, memory):
        return Plan(stage=Stage.TRANSFERRING, hold=hold)
    if order.open_lines:
        return Plan(stage=Stage.AWAITING_LINES, waiting_for=_waiting_for(order))
    due = [line for line in lines_to_transfer(order) if line.line_id not in memory.settled_lines]
    seller = selling_facility(order, policy.selling_store_attribute)
    hold = _selling_store_problem(seller, policy) or unmapped_store(due, policy) or missing_upc(due)
    if hold or seller is None:
        return Plan(stage=Stage.TRANSFERRING, hold=hold)
    to_store = policy.stores[seller]
    fresh = (_next_from_its_store(slip, memory) for slip in slips_to(order.order_no, 0, due, to_store, policy))
    slips = (*_unfinished(order, memory.moved, to_store), *fresh)
    return Plan(stage=Stage.TRANSFERRING if slips else Stage.DONE, slips=slips, ends=Stage.DONE)


def _next_from_its_store(slip: Slip, memory: Memory) -> Slip:
    """The slip under the first revision that its store has not used: units that come later need one of their own."""
    return slip.model_copy(update={"revision": sum(s.store == slip.from_store for s in memory.moved)})


def _selling_store_problem(seller: str | None, policy: TenantPolicy) -> Hold | None:
    if seller is None:
        evidence = f"a send sale without the attribute {policy.selling_store_attribute}"
        return Hold(cause=HoldCause.SELLING_STORE_UNKNOWN, evidence=evidence)
    if seller not in policy.stores:
        evidence = f"selling facility {seller} has no Retail Pro store"
        return Hold(cause=HoldCause.UNMAPPED_STORE, subject=seller, evidence=evidence)
    return None


# ---- orders that we invoice ------------------------------------------------------------------------------------------


def _plan_invoicing(order: Order, memory: Memory, policy: TenantPolicy) -> Plan:
    if memory.same_number:
        evidence = f"order number {order.order_no} belongs to order {memory.same_number} already"
        return Plan(stage=_before(order), hold=Hold(cause=HoldCause.DUPLICATE_ORDER_NO, evidence=evidence))
    if hold := changed_since_settled(order, memory):
        return Plan(stage=Stage.INVOICING, hold=hold)
    if memory.unsettled:
        return _owing(order, memory, policy, unsettled=memory.unsettled)
    due = lines_due(order, memory)
    if not due:
        return _owing(order, memory, policy)
    invoice = _invoice_of(order, due, memory, policy)
    if isinstance(invoice, Hold):
        return Plan(stage=_before(order), hold=invoice)
    return _owing(order, memory, policy, invoice=invoice)


def _invoice_of(order: Order, due: Sequence[Line], memory: Memory, policy: TenantPolicy) -> Invoice | Hold:
    """The invoice of the due lines, or what stands in its way."""
    election = _elect(due, memory, policy)
    if hold := first_problem(order, due, election, policy):
        return hold
    assert election is not None  # noqa: S101 - first_problem holds the order when nobody can be elected
    invoice = build_invoice(order, due, election, policy, _billed(memory))
    if invoice.total < 0:
        evidence = f"the invoice would be {invoice.total} {order.currency}: discounts exceed what was fulfilled"
        return Hold(cause=HoldCause.TOTALS_DIFFER, evidence=evidence)
    return invoice


def lines_due(order: Order, memory: Memory) -> tuple[Line, ...]:
    """The lines to invoice now: all fulfilled ones on no invoice yet, once no line is open or an operator forces it.

    Only completely fulfilled orders are invoiced (retailpro 2.3); cancelled lines do not count (hotwax 1.3).
    """
    forced = memory.force is not None and memory.force.revision == memory.next_revision
    if order.open_lines and not forced:
        return ()
    return tuple(line for line in order.fulfilled if line.line_id not in memory.invoiced_lines)


def _elect(due: Sequence[Line], memory: Memory, policy: TenantPolicy) -> Election | None:
    if memory.made:
        return Election(store=memory.made[0].store, reason="supplement: the store of the order's first invoice")
    if memory.force and memory.force.store:
        return Election(store=memory.force.store, reason=f"forced by {memory.force.operator}")
    return elect_invoicing_store(due, policy)


def _billed(memory: Memory) -> Billed:
    return Billed(
        revisions=memory.next_revision,
        order_discount=sum((i.order_discount for i in memory.made), ZERO),
    )


def _owing(
    order: Order,
    memory: Memory,
    policy: TenantPolicy,
    *,
    invoice: Invoice | None = None,
    unsettled: InvoiceFact | None = None,
) -> Plan:
    """The plan of an order that has nothing in its way: everything that is promised and not yet done."""
    slips = _slips_owed(order, memory, policy, invoice)
    write_backs = _write_backs_owed(memory, policy, invoice)
    invoicing = invoice is not None or unsettled is not None
    confirm = _confirmation_owed(order, memory, policy, invoicing)
    return Plan(
        stage=_stage_of(order, invoicing=invoicing or confirm is not None, owing=bool(slips or write_backs)),
        waiting_for=_waiting_for(order) if order.open_lines else "",
        invoice=invoice,
        unsettled=unsettled,
        confirm=confirm,
        slips=slips,
        write_backs=write_backs,
        ends=None if order.open_lines else Stage.DONE,
    )


def _stage_of(order: Order, *, invoicing: bool, owing: bool) -> Stage:
    if invoicing:
        return Stage.INVOICING
    if owing:
        return Stage.TRANSFERRING
    return Stage.AWAITING_LINES if order.open_lines else Stage.DONE


def _slips_owed(order: Order, memory: Memory, policy: TenantPolicy, invoice: Invoice | None) -> tuple[Slip, ...]:
    """The slips that are not done, of every invoice that exists and of the one that comes now."""
    owed = [slip for fact in memory.made for slip in _slips_of(order, fact, memory, policy)]
    if invoice:
        lines = [line for line in order.lines if line.line_id in invoice.line_ids]
        owed += slips_to(order.order_no, invoice.revision, lines, invoice.store, policy)
    return tuple(owed)


def _slips_of(order: Order, invoice: InvoiceFact, memory: Memory, policy: TenantPolicy) -> tuple[Slip, ...]:
    """What is left to move for an invoice.

    A store that is mapped to another code since moves nothing twice: lines on a slip that may exist stay on it, and
    lines that the invoicing store shipped itself stay there. What was not sent yet starts where the mapping says now.
    """
    made = [s for s in memory.moved if s.revision == invoice.revision]
    moved = {line_id for slip in made for line_id in slip.lines}
    stores = {**invoice.stores, **policy.stores}
    left = [
        line
        for line in _lines_as_settled(order, invoice.lines)
        if line.line_id not in moved and invoice.stores.get(line.facility_id) != invoice.store
    ]
    fresh = slips_to(
        order.order_no, invoice.revision, left, invoice.store, policy.model_copy(update={"stores": stores})
    )
    return (*_unfinished(order, made, invoice.store), *fresh)


def _unfinished(order: Order, slips: Sequence[WriteFact], to_store: str) -> tuple[Slip, ...]:
    """The slips whose fate is not known yet, as they were sent."""
    return tuple(
        slip_of(order.order_no, s.revision, _lines_as_settled(order, s.lines), s.store, to_store)
        for s in slips
        if s.state is not EffectState.DONE
    )


def _lines_as_settled(order: Order, settled: Mapping[str, str]) -> list[Line]:
    """These lines where they were fulfilled then: what happens to them later moves no stock of their documents."""
    lines = [line for line in order.lines if line.line_id in settled]
    return [line.model_copy(update={"facility_id": settled[line.line_id]}) for line in lines]


def _write_backs_owed(memory: Memory, policy: TenantPolicy, invoice: Invoice | None) -> tuple[int, ...]:
    if policy.write_back_type is None:
        return ()
    done = {w.revision for w in memory.write_backs if w.state is EffectState.DONE}
    revisions = [i.revision for i in memory.made] + ([invoice.revision] if invoice else [])
    return tuple(r for r in revisions if r not in done)


def _confirmation_owed(order: Order, memory: Memory, policy: TenantPolicy, invoicing: bool) -> int | None:
    """The newest invoice, until the store has confirmed it; an earlier confirmation does not speak for a supplement."""
    if policy.confirmation is Confirmation.NONE:
        return None
    if invoicing:
        return memory.unsettled.revision if memory.unsettled else memory.next_revision
    if not memory.made or memory.made[-1].confirmed or is_confirmed(order, memory.made[-1]):
        return None
    return memory.made[-1].revision


def is_confirmed(order: Order, invoice: InvoiceFact) -> bool:
    """Whether the OMS says that the store made this invoice (hotwax 5.4, `retailProStatus`)."""
    if order.confirmed_at is None:
        return False
    return invoice.revision == 0 or (invoice.sent_at is not None and order.confirmed_at >= invoice.sent_at)


# ---- what stands in the way ------------------------------------------------------------------------------------------


def changed_since_settled(order: Order, memory: Memory) -> Hold | None:
    """The hold for a line that is on an invoice or a slip and is no longer fulfilled as it was then.

    `ITEM_COMPLETED -> ITEM_APPROVED` is a legal transition (hotwax 1.2), so completion is not final.
    """
    changed = changed_lines(order, memory)
    if not changed:
        return None
    told = (f"line {i} was settled as fulfilled by {memory.settled_lines[i]}, now {now}" for i, now in changed.items())
    return Hold(cause=HoldCause.REOPENED_LINE, evidence="; ".join(told))


def changed_lines(order: Order, memory: Memory) -> dict[str, str]:
    """Line id -> what it is now, of every settled line that changed in a way that no operator has settled."""
    changed = _changed(order, memory)
    return {line_id: now for line_id, now in changed.items() if memory.acknowledged.get(line_id) != now}


def still_acknowledged(order: Order, memory: Memory) -> dict[str, str]:
    """What operators settled of lines that are changed still: one that came back, and is reopened again, is news."""
    changed = _changed(order, memory)
    return {line_id: then for line_id, then in memory.acknowledged.items() if line_id in changed}


def _changed(order: Order, memory: Memory) -> dict[str, str]:
    lines = {line.line_id: line for line in order.lines}
    return {
        line_id: _where(lines.get(line_id))
        for line_id, facility in sorted(memory.settled_lines.items())
        if not _still(lines.get(line_id), facility)
    }


def _still(line: Line | None, facility: str) -> bool:
    return line is not None and line.fulfilled and line.facility_id == facility


def _where(line: Line | None) -> str:
    return "gone" if line is None else f"{line.status} at {line.facility_id}"


def first_problem(order: Order, due: Sequence[Line], election: Election | None, policy: TenantPolicy) -> Hold | None:
    """The first thing that keeps these lines from being invoiced, or None."""
    return (
        digital_without_rule(due, policy)
        or unmapped_store(due, policy)
        or missing_upc(due)
        or _unknown_adjustment(order, due, policy)
        or _totals_differ(order, policy)
        or _nobody_elected(election, policy)
    )


def digital_without_rule(lines: Sequence[Line], policy: TenantPolicy) -> Hold | None:
    """The hold for digital lines (facility `_NA_`, hotwax 1.3) where the tenant has no rule for them."""
    digital = [line.line_id for line in lines if line.digital]
    if not digital or policy.digital_lines is CaseRule.INVOICE:
        return None
    return Hold(cause=HoldCause.DIGITAL_LINE, evidence=f"digital lines {', '.join(digital)}")


def unmapped_store(lines: Sequence[Line], policy: TenantPolicy) -> Hold | None:
    """The hold for a facility that has no Retail Pro store; one subject for all orders that it keeps waiting."""
    facilities = sorted({line.facility_id for line in lines if not line.digital} - policy.stores.keys())
    if not facilities:
        return None
    evidence = f"no Retail Pro store for facility {', '.join(facilities)}"
    return Hold(cause=HoldCause.UNMAPPED_STORE, subject=facilities[0], evidence=evidence)


def missing_upc(lines: Sequence[Line]) -> Hold | None:
    """The hold for a product without a UPC."""
    product = next((line.product_id for line in lines if not line.upc), None)
    if product is None:
        return None
    evidence = f"product {product} has no UPC in HotWax"
    return Hold(cause=HoldCause.UNMAPPED_PRODUCT, subject=product, evidence=evidence)


def _unknown_adjustment(order: Order, lines: Sequence[Line], policy: TenantPolicy) -> Hold | None:
    unknown = unknown_adjustments(order, lines, policy)
    if not unknown:
        return None
    evidence = ", ".join(f"{a.kind} {a.amount}" for a in unknown)
    return Hold(cause=HoldCause.UNKNOWN_ADJUSTMENT, subject=unknown[0].kind, evidence=evidence)


def _totals_differ(order: Order, policy: TenantPolicy) -> Hold | None:
    difference = grand_total_difference(order, policy)
    if not difference:
        return None
    evidence = (
        f"HotWax says {order.grand_total} {order.currency}, lines, taxes, discounts and shipping add up to "
        f"{order_total(order, policy)}: difference {difference}"
    )
    return Hold(cause=HoldCause.TOTALS_DIFFER, evidence=evidence)


def _nobody_elected(election: Election | None, policy: TenantPolicy) -> Hold | None:
    if election is None:
        evidence = "only digital lines, and no digital_store to invoice them"
        return Hold(cause=HoldCause.DIGITAL_LINE, evidence=evidence)
    if election.store not in policy.stores.values():
        evidence = f"store {election.store} ({election.reason}) is not in [stores]"
        return Hold(cause=HoldCause.UNMAPPED_STORE, subject=election.store, evidence=evidence)
    return None
