"""From a plan to promised effects: bodies built, numbers given, rows in the ledger, nothing sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from activities.systems import TenantSystems
from connectors.ports import Unfit
from domain.invoice import Invoice, Slip
from domain.keys import invoice_key, slip_key, write_back_key
from domain.messages import Owed
from domain.order import Order
from domain.plan import Plan
from domain.stages import EffectKind, Hold, HoldCause
from ledger import effects
from ledger.effects import EffectDraft
from ledger.tables import EffectRow


@dataclass(frozen=True)
class Promised:
    """What a plan became: the plan, perhaps held now, and its effects in the order in which they are made."""

    plan: Plan
    invoice: Owed | None = None
    after: tuple[Owed, ...] = ()


def promise_all(session: Session, systems: TenantSystems, order: Order, plan: Plan, now: datetime) -> Promised:
    """The plan's effects, promised in the ledger; the plan is held where a value does not fit the remote's fields."""
    if plan.hold:
        return Promised(plan)
    try:
        invoice = _invoice(session, systems, order, plan, now)
        slips = tuple(_slip(session, systems, order, slip, now) for slip in plan.slips)
    except Unfit as unfit:
        return _held(plan, unfit.hold)
    except _NumberTakenError as taken:
        return _held(plan, Hold(cause=HoldCause.DUPLICATE_ORDER_NO, evidence=str(taken)))
    write_backs = tuple(_write_back(order, revision) for revision in plan.write_backs)
    return Promised(plan, invoice, slips + write_backs)


def _held(plan: Plan, hold: Hold) -> Promised:
    return Promised(plan.model_copy(update={"hold": hold, "invoice": None, "slips": ()}))


class _NumberTakenError(Exception):
    """Another order promised an invoice with this number first."""


def _invoice(session: Session, systems: TenantSystems, order: Order, plan: Plan, now: datetime) -> Owed | None:
    if plan.unsettled:
        key = plan.unsettled.key
        return Owed(kind=EffectKind.INVOICE, key=key, label=f"{key}, whose fate is not known")
    if plan.invoice is None:
        return None
    row = effects.promise(session, _invoice_draft(systems, order, plan.invoice), now)
    if row.order_id != order.order_id:
        raise _NumberTakenError(f"order number {order.order_no} belongs to order {row.order_id} already")
    label = f"invoice {row.remote_no} at {row.store}: {plan.invoice.total} {order.currency}"
    return Owed(kind=EffectKind.INVOICE, key=row.key, label=label)


def _invoice_draft(systems: TenantSystems, order: Order, invoice: Invoice) -> EffectDraft:
    facilities = {line.line_id: line.facility_id for line in order.lines}
    return EffectDraft(
        key=invoice_key(order.tenant, order.order_no, invoice.revision),
        tenant=order.tenant,
        order_id=order.order_id,
        order_no=order.order_no,
        kind=EffectKind.INVOICE,
        revision=invoice.revision,
        body=systems.pos.invoice_body(invoice),
        remote_no=systems.pos.invoice_no(invoice),
        store=invoice.store,
        lines={line_id: facilities[line_id] for line_id in invoice.line_ids},
        amount=invoice.total,
        order_discount=invoice.order_discount,
    )


def _slip(session: Session, systems: TenantSystems, order: Order, slip: Slip, now: datetime) -> Owed:
    key = slip_key(order.tenant, order.order_no, slip.revision, slip.from_store)
    units = sum(quantity for _, quantity in slip.units)
    row = session.get(EffectRow, key)
    if row is not None and row.order_id != order.order_id:
        raise _NumberTakenError(f"{key} belongs to order {row.order_id} already")
    if row is None or not row.state.may_exist:
        row = effects.promise(session, _slip_draft(session, systems, order, slip, row, now), now)
    label = f"slip {row.remote_no}: {units} units {slip.from_store} -> {slip.to_store}"
    return Owed(kind=EffectKind.SLIP, key=key, label=label)


def _slip_draft(
    session: Session, systems: TenantSystems, order: Order, slip: Slip, before: EffectRow | None, now: datetime
) -> EffectDraft:
    number = before.remote_no if before else _new_slip_no(session, systems)
    return EffectDraft(
        key=slip_key(order.tenant, order.order_no, slip.revision, slip.from_store),
        tenant=order.tenant,
        order_id=order.order_id,
        order_no=order.order_no,
        kind=EffectKind.SLIP,
        revision=slip.revision,
        body=systems.pos.slip_body(slip, number, now),
        remote_no=number,
        store=slip.from_store,
    )


def _new_slip_no(session: Session, systems: TenantSystems) -> str:
    return systems.pos.slip_no(effects.next_slip_number(session, systems.name, systems.slip_no_start))


def _write_back(order: Order, revision: int) -> Owed:
    key = write_back_key(order.tenant, order.order_no, revision)
    return Owed(kind=EffectKind.WRITE_BACK, key=key, label=f"number of invoice {revision} into HotWax")


def promise_write_back(session: Session, systems: TenantSystems, key: str, order_id: str, now: datetime) -> EffectRow:
    """The write-back's row, promised now that its invoice has a number.

    Retail Pro may answer without a number (retailpro 2.4); then the number we invoiced under is written back, since
    that is what finds the document there.

    Raises:
        LookupError: the ledger has no such invoice.
    """
    revision = int(key.rpartition("/")[2])
    mine = effects.of_order(session, systems.name, order_id)
    invoice = next((e for e in mine if e.kind is EffectKind.INVOICE and e.revision == revision), None)
    kind = systems.policy.write_back_type
    if invoice is None or kind is None:
        raise LookupError(f"{key}: there is no invoice {revision} to write back, or no write_back_type any more")
    number = invoice.number or invoice.remote_no
    draft = EffectDraft(
        key=key,
        tenant=systems.name,
        order_id=order_id,
        order_no=invoice.order_no,
        kind=EffectKind.WRITE_BACK,
        revision=revision,
        body=systems.oms.number_body(order_id, kind, number, now),
        remote_no=number,
    )
    return effects.promise(session, draft, now)
