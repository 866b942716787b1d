"""Orders in the ledger: first seen, remembered, assessed, and their stages recorded."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import bindparam
from sqlmodel import Session, col, delete, select

from domain.base import Frozen
from domain.memory import Force, InvoiceFact, Memory, WriteFact
from domain.messages import StageRecord
from domain.order import Line, Order
from domain.policy import TenantPolicy
from domain.stages import EffectKind, EffectState, HoldCause, Stage
from ledger import effects
from ledger.holding import hold_of, set_stage
from ledger.rows import locked, locked_or_none
from ledger.tables import EffectRow, LineRow, OrderRow

_LINES = (
    select(LineRow)
    .where(col(LineRow.tenant) == bindparam("tenant"), col(LineRow.order_id) == bindparam("order_id"))
    .order_by(col(LineRow.line_id))
)
_RIVAL = (
    select(EffectRow.order_id)
    .where(
        col(EffectRow.tenant) == bindparam("tenant"),
        col(EffectRow.order_no) == bindparam("order_no"),
        col(EffectRow.order_id) != bindparam("order_id"),
        EffectRow.kind == EffectKind.INVOICE,
    )
    .limit(1)
)


def see(session: Session, tenant: str, order_id: str, now: datetime) -> OrderRow:
    """The order's row, made when this is the first word of it: from here on `recover` knows the order."""
    row = locked_or_none(session, OrderRow, tenant=tenant, order_id=order_id)
    if row is None:
        row = OrderRow(tenant=tenant, order_id=order_id, stage_since=now, seen_at=now)
        session.add(row)
        session.flush()
    return row


def memory_of(session: Session, row: OrderRow, order_no: str) -> Memory:
    """What is remembered of this order, and whether another one already uses its number."""
    mine = remembered(row, effects.of_order(session, row.tenant, row.order_id))
    return mine.model_copy(update={"same_number": _rival(session, row, order_no)})


def remembered(row: OrderRow, mine: Sequence[EffectRow]) -> Memory:
    """What its row and its effects tell of an order; they do not tell who else uses its number."""
    return Memory(
        invoices=tuple(_invoice_fact(e) for e in mine if e.kind is EffectKind.INVOICE),
        slips=tuple(_write_fact(e) for e in mine if e.kind is EffectKind.SLIP),
        write_backs=tuple(_write_fact(e) for e in mine if e.kind is EffectKind.WRITE_BACK),
        force=Force.model_validate(row.force) if row.force else None,
        cancel_wanted=row.cancel_wanted,
        acknowledged=row.acknowledged or {},
    )


def _invoice_fact(row: EffectRow) -> InvoiceFact:
    return InvoiceFact(
        key=row.key,
        revision=row.revision,
        state=row.state,
        store=row.store,
        lines=row.lines or {},
        stores=row.stores or {},
        order_discount=Decimal(row.order_discount),
        number=row.number,
        sent_at=row.sent_at,
        confirmed=row.confirmed,
    )


def _write_fact(row: EffectRow) -> WriteFact:
    return WriteFact(key=row.key, revision=row.revision, state=row.state, store=row.store, lines=row.lines or {})


def _rival(session: Session, row: OrderRow, order_no: str) -> str | None:
    """The other order that holds this number: one Shopify order may be imported twice (hotwax 5.6)."""
    ours = {"tenant": row.tenant, "order_id": row.order_id, "order_no": order_no}
    return session.exec(_RIVAL, params=ours).first()


def record_read(session: Session, row: OrderRow, order: Order, policy: TenantPolicy, now: datetime) -> None:
    """Keep what was read from the OMS, without its personal data; a newer epoch makes older assessments void."""
    known = {line.line_id: line for line in lines_of(session, row.tenant, row.order_id)}
    row.order_no, row.channel, row.currency = order.order_no, order.channel, order.currency
    row.placed_at, row.read_at, row.epoch = order.placed_at, now, row.epoch + 1
    for line in order.lines:
        fresh = _line_row(row, line, policy)
        if line.line_id not in known:
            session.add(fresh)
        elif known[line.line_id].model_dump() != fresh.model_dump():
            session.merge(fresh)
    gone = known.keys() - {line.line_id for line in order.lines}
    if gone:
        mine = (col(LineRow.tenant) == row.tenant, col(LineRow.order_id) == row.order_id)
        session.exec(delete(LineRow).where(*mine, col(LineRow.line_id).in_(gone)))


def _line_row(row: OrderRow, line: Line, policy: TenantPolicy) -> LineRow:
    return LineRow(
        tenant=row.tenant,
        order_id=row.order_id,
        line_id=line.line_id,
        product_id=line.product_id,
        upc=line.upc,
        facility_id=line.facility_id,
        store=policy.stores.get(line.facility_id),
        quantity=line.quantity,
        status=str(line.status),
        digital=line.digital,
        unit_price=str(line.unit_price),
        completed_at=line.completed_at,
    )


def record_transferring(session: Session, tenant: str, order_id: str, now: datetime) -> None:
    """A slip of this order is on its way: its invoices are made, and the order is transferring."""
    row = locked(session, OrderRow, tenant=tenant, order_id=order_id)
    if not row.stage.is_end:
        set_stage(session, row, Stage.TRANSFERRING, hold_of(row), now)


def record_stage(session: Session, record: StageRecord, now: datetime) -> bool:
    """Write a stage or hold down; False when the order was assessed anew since, so that the record is void."""
    row = locked(session, OrderRow, tenant=record.tenant, order_id=record.order_id)
    if row.epoch != record.epoch:
        return False
    set_stage(session, row, record.stage, record.hold, now)
    return True


class OrderFilter(Frozen):
    """Which orders to list; every field narrows."""

    tenant: str | None = None
    stage: Stage | None = None
    hold: HoldCause | None = None
    subject: str | None = None
    store: str | None = None
    open_only: bool = False
    older_than: datetime | None = None


def find(session: Session, wanted: OrderFilter, limit: int | None = None) -> Sequence[OrderRow]:
    """The orders that fit, those in their stage longest first."""
    query = select(OrderRow)
    pairs = [
        (OrderRow.tenant, wanted.tenant),
        (OrderRow.stage, wanted.stage),
        (OrderRow.hold_cause, wanted.hold),
        (OrderRow.hold_subject, wanted.subject),
        (OrderRow.store, wanted.store),
    ]
    for column, value in pairs:
        if value is not None:
            query = query.where(col(column) == value)
    if wanted.open_only:
        query = query.where(col(OrderRow.stage).in_([s for s in Stage if not s.is_end]))
    if wanted.older_than:
        query = query.where(col(OrderRow.stage_since) <= wanted.older_than)
    return session.exec(query.order_by(col(OrderRow.stage_since)).limit(limit)).all()


def known(session: Session, tenant: str, order_ids: Sequence[str]) -> list[OrderRow]:
    """The rows of these orders, in this order; orders that nobody has seen are left out."""
    mine = select(OrderRow).where(OrderRow.tenant == tenant, col(OrderRow.order_id).in_(order_ids))
    rows = {row.order_id: row for row in session.exec(mine).all()}
    return [rows[order_id] for order_id in order_ids if order_id in rows]


def by_number(session: Session, tenant: str | None, number: str) -> Sequence[OrderRow]:
    """The orders with this order number or OMS id."""
    query = select(OrderRow).where((col(OrderRow.order_no) == number) | (col(OrderRow.order_id) == number))
    return session.exec(query.where(OrderRow.tenant == tenant) if tenant else query).all()


def lines_of(session: Session, tenant: str, order_id: str) -> Sequence[LineRow]:
    """The order's lines as they were last read."""
    return session.exec(_LINES, params={"tenant": tenant, "order_id": order_id}).all()


def effects_in_doubt(rows: Sequence[EffectRow]) -> tuple[str, ...]:
    """The keys of the remote writes an operator may confirm or resend."""
    return tuple(row.key for row in rows if row.state is EffectState.UNKNOWN or row.foreign)
