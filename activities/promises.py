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
from ledger import effects, sequences
from ledger.effects import EffectDraft, NotPromisedError
from ledger.tables import EffectRow, OrderRow

SLIPS = "slips"
"""The sequence that slip numbers come from, one for each tenant (retailpro 9.1)."""


@dataclass(frozen=True)
class Promised:
    """What a plan became: the plan, perhaps held now, and its effects in the order in which they are made."""

    plan: Plan
    invoice: Owed | None = None
    after: tuple[Owed, ...] = ()


class _NumberTakenError(Exception):
    """A document under this key belongs to another order, or says something else."""


class Promises:
    """The promises of one order's assessment: `row` is its row in the ledger, of the epoch that promises."""

    def __init__(self, session: Session, systems: TenantSystems, row: OrderRow, now: datetime) -> None:
        self._session, self._systems, self._row, self._now = session, systems, row, now

    def promise_all(self, order: Order, plan: Plan) -> Promised:
        """The plan's effects, promised; the plan is held where a value does not fit the remote's fields."""
        if plan.hold:
            return Promised(plan)
        try:
            invoice = self._invoice(order, plan)
            slips = tuple(self._slip(slip) for slip in plan.slips)
        except Unfit as unfit:
            return _held(plan, unfit.hold)
        except _NumberTakenError as taken:
            return _held(plan, Hold(cause=HoldCause.DUPLICATE_ORDER_NO, evidence=str(taken)))
        write_backs = tuple(self._write_back(order, revision) for revision in plan.write_backs)
        return Promised(plan, invoice, slips + write_backs)

    def _invoice(self, order: Order, plan: Plan) -> Owed | None:
        if plan.unsettled:
            key, look_only = plan.unsettled.key, self._row.cancel_wanted
            label = f"{key}, whose fate is not known"
            return Owed(kind=EffectKind.INVOICE, key=key, label=label, look_only=look_only)
        if plan.invoice is None:
            return None
        draft = self._invoice_draft(order, plan.invoice)
        if rival := effects.rival_of(self._session, draft):
            # Two orders of different numbers may spell the same one: a supplement `A-1`, and an order named `A-1`.
            raise _NumberTakenError(f"{draft.remote_no} is an invoice of order {rival} already")
        row = effects.promise(self._session, draft, self._now)
        if row.order_id != order.order_id:
            raise _NumberTakenError(f"order number {order.order_no} belongs to order {row.order_id} already")
        label = f"invoice {row.remote_no} at {row.store}: {plan.invoice.total} {order.currency}"
        return Owed(kind=EffectKind.INVOICE, key=row.key, label=label)

    def _invoice_draft(self, order: Order, invoice: Invoice) -> EffectDraft:
        lines = {line.line_id: line.facility_id for line in order.lines if line.line_id in invoice.line_ids}
        stores = self._systems.policy.stores
        return EffectDraft(
            key=invoice_key(order.tenant, order.order_no, invoice.revision),
            tenant=order.tenant,
            order_id=order.order_id,
            order_no=order.order_no,
            kind=EffectKind.INVOICE,
            revision=invoice.revision,
            body=self._systems.pos.invoice_body(invoice),
            remote_no=self._systems.pos.invoice_no(invoice),
            store=invoice.store,
            lines=lines,
            stores={facility: stores[facility] for facility in lines.values() if facility in stores},
            epoch=self._row.epoch,
            amount=invoice.total,
            order_discount=invoice.order_discount,
        )

    def _slip(self, slip: Slip) -> Owed:
        row = self._known(EffectKind.SLIP, slip.revision, slip.from_store)
        if row is None or not row.state.may_exist:
            row = effects.promise(self._session, self._slip_draft(slip, row), self._now)
        if row.order_id != self._row.order_id or row.lines != dict(slip.lines):
            raise _NumberTakenError(f"{row.key} is a slip of order {row.order_id} for other lines already")
        units = sum(quantity for _, quantity in slip.units)
        label = f"slip {row.remote_no}: {units} units {slip.from_store} -> {slip.to_store}"
        return Owed(kind=EffectKind.SLIP, key=row.key, label=label)

    def _slip_draft(self, slip: Slip, before: EffectRow | None) -> EffectDraft:
        number = before.remote_no if before else self._new_slip_no()
        return EffectDraft(
            key=before.key if before else slip_key(self._row.tenant, slip.order_no, slip.revision, slip.from_store),
            tenant=self._row.tenant,
            order_id=self._row.order_id,
            order_no=slip.order_no,
            kind=EffectKind.SLIP,
            revision=slip.revision,
            body=self._systems.pos.slip_body(slip, number, self._now),
            remote_no=number,
            store=slip.from_store,
            lines=dict(slip.lines),
            epoch=self._row.epoch,
        )

    def _new_slip_no(self) -> str:
        number = sequences.next_number(self._session, self._row.tenant, SLIPS, self._systems.slip_no_start)
        return self._systems.pos.slip_no(number)

    def _known(self, kind: EffectKind, revision: int, store: str = "") -> EffectRow | None:
        """The order's effect, whatever its key: an order number that was edited since does not make it another one."""
        mine = effects.of_order(self._session, self._row.tenant, self._row.order_id)
        return next((e for e in mine if (e.kind, e.revision, e.store) == (kind, revision, store)), None)

    def _write_back(self, order: Order, revision: int) -> Owed:
        known = self._known(EffectKind.WRITE_BACK, revision)
        key = known.key if known else write_back_key(order.tenant, order.order_no, revision)
        return Owed(kind=EffectKind.WRITE_BACK, key=key, label=f"number of invoice {revision} into HotWax")

    def promise_write_back(self, key: str) -> None:
        """Promise to write the invoice's number back, now that it has one.

        Retail Pro may answer without a number (retailpro 2.4); then the number we invoiced under is written back,
        since that is what finds the document there.

        Raises:
            NotPromisedError: the ledger has no such invoice, or the tenant writes nothing back any more.
        """
        revision = int(key.rpartition("/")[2])
        mine = effects.of_order(self._session, self._row.tenant, self._row.order_id)
        invoice = next((e for e in mine if e.kind is EffectKind.INVOICE and e.revision == revision), None)
        kind = self._systems.policy.write_back_type
        if invoice is None or kind is None:
            raise NotPromisedError(f"{key}: there is no invoice {revision} to write back, or no write_back_type")
        number = invoice.number or invoice.remote_no
        before = next((e for e in mine if e.key == key and e.remote_no == number), None)
        draft = EffectDraft(
            key=key,
            tenant=self._row.tenant,
            order_id=self._row.order_id,
            order_no=invoice.order_no,
            kind=EffectKind.WRITE_BACK,
            revision=revision,
            # The body's time is the remote row's key: one that was refused, and may be there all the same, is kept.
            body=before.body if before else self._systems.oms.number_body(self._row.order_id, kind, number, self._now),
            remote_no=number,
            epoch=self._row.epoch,
        )
        effects.promise(self._session, draft, self._now)


def _held(plan: Plan, hold: Hold) -> Promised:
    return Promised(plan.model_copy(update={"hold": hold, "invoice": None, "slips": ()}))
