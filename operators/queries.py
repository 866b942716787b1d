"""What screens show, read from the ledger: never from a workflow (design 8), and never personal data."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import exists, func, or_
from sqlmodel import Session, SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connectors import exact_json
from domain.base import Frozen
from domain.books import Balance, LedgerDocument, LineUnits, balances
from domain.channel import POS_CHANNELS
from domain.commands import order_sight
from domain.order import LineStatus
from domain.stages import EffectKind, Hold, HoldCause, Stage
from ledger import effects, feeds, holding, journal, orders, po_files, po_runs
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import EffectRow, FeedCursorRow, FeedEventRow, LineRow, OrderRow
from operators.documents import document_of

SAMPLE = 3
"""How many orders stand for all that wait for the same thing."""

BATCH = 500

_NEVER = datetime.max.replace(tzinfo=UTC)

Row = TypeVar("Row", bound=SQLModel)
Held = TypeVar("Held", OrderRow, PurchaseOrderRow)


class OrderLine(Frozen):
    """One order in a list."""

    tenant: str
    order_id: str
    order_no: str | None
    stage: Stage
    since: datetime
    hold: str | None
    waiting_for: str
    store: str | None
    total: Decimal | None
    currency: str | None

    @classmethod
    def of(cls, row: OrderRow) -> "OrderLine":
        """What a list shows of this row."""
        hold = holding.hold_of(row)
        return cls(
            tenant=row.tenant,
            order_id=row.order_id,
            order_no=row.order_no,
            stage=row.stage,
            since=row.stage_since,
            hold=hold.key if hold else None,
            waiting_for=row.waiting_for,
            store=row.store,
            total=Decimal(row.total) if row.total is not None else None,
            currency=row.currency,
        )


REFUSED_FILES_ARE_SHOWN = timedelta(days=14)


class Kind(StrEnum):
    """What is held."""

    ORDER = "order"
    PURCHASE_ORDER = "po"
    RUN = "run"
    """A run that carries purchase orders or receipts: what it would carry waits with it."""
    FILE = "file"
    """A file of purchase orders that was refused as a whole."""


class HoldGroup(Frozen):
    """All orders, purchase orders, runs or files that wait for the same thing."""

    tenant: str
    kind: Kind
    hold: str
    orders: int
    since: datetime
    next_action: str
    evidence: str
    order_numbers: tuple[str, ...]


class EffectLine(Frozen):
    """One remote write, without its body, which has personal data."""

    key: str
    kind: EffectKind
    revision: int
    state: str
    remote_no: str
    number: str | None
    store: str
    to_store: str
    units: int
    amount: Decimal
    attempts: int
    problem: str
    confirmed: bool
    sent_at: datetime | None
    settled_at: datetime | None


class Happening(Frozen):
    """One entry of an order's timeline."""

    at: datetime
    kind: str
    actor: str
    text: str


class OrderView(Frozen):
    """Everything an operator may know of one order."""

    order: OrderLine
    channel: str | None
    store_reason: str
    hold: Hold | None
    hold_since: datetime | None
    seen: str | None
    """What marks this hold for a `resume` that takes its lines as settled; None where a `resume` only tries again."""
    goes_on_without: tuple[str, ...]
    """All that such a `resume` never asks about again, in words."""
    cancel_wanted: bool
    placed_at: datetime | None
    read_at: datetime | None
    lines: tuple[Mapping[str, Any], ...]
    effects: tuple[EffectLine, ...]
    balances: tuple[Balance, ...]
    timeline: tuple[Happening, ...]

    @property
    def negative_until_transferred(self) -> tuple[Balance, ...]:
        """Where Retail Pro's stock is lower than it will be, until the slips that are owed are made."""
        return tuple(b for b in self.balances if b.booked < -b.shipped)


class FeedView(Frozen):
    """How far a tenant's order feed was read."""

    tenant: str
    cursor: datetime | None
    polled_at: datetime | None
    waiting_events: int
    waiting_orders: int


def order_list(session: Session, wanted: orders.OrderFilter, limit: int | None) -> list[OrderLine]:
    """The orders that fit, those in their stage longest first."""
    return [OrderLine.of(row) for row in orders.find(session, wanted, limit)]


def open_orders(ledger: Ledger, tenant: str) -> Iterator[Sequence[OrderRow]]:
    """All orders of a tenant whose life goes on, and ended ones with news nobody has read, in batches."""
    news = exists().where(
        col(FeedEventRow.tenant) == OrderRow.tenant,
        col(FeedEventRow.order_id) == OrderRow.order_id,
        col(FeedEventRow.seen_at) > OrderRow.read_at,
    )
    return batches(ledger, tenant, or_(col(OrderRow.stage).in_([s for s in Stage if not s.is_end]), news))


def batches(ledger: Ledger, tenant: str, *conditions: Any, size: int = BATCH) -> Iterator[Sequence[OrderRow]]:
    """The tenant's orders that meet these conditions, by id, a batch at a time and each in a session of its own."""
    return pages(ledger, select(OrderRow).where(OrderRow.tenant == tenant, *conditions), OrderRow.order_id, size)


def pages(ledger: Ledger, wanted: SelectOfScalar[Row], by: str, size: int = BATCH) -> Iterator[Sequence[Row]]:
    """The rows that are wanted, sorted by a column that names each, a batch at a time and each in its own session."""
    key: Any = col(by)
    last = ""
    while True:
        with ledger.reading() as session:
            rows = session.exec(wanted.where(key > last).order_by(key).limit(size)).all()
        if not rows:
            return
        last = getattr(rows[-1], key.key)
        yield rows


def name_of(row: OrderRow | PurchaseOrderRow) -> str:
    """What operators call it: its number, or its id while none is known."""
    if isinstance(row, OrderRow):
        return row.order_no or row.order_id
    return row.number or row.po_id


def hold_groups(session: Session, tenants: Sequence[str]) -> list[HoldGroup]:
    """One entry for each (tenant, cause, subject) of orders, purchase orders, runs and files, the oldest first."""
    groups = [
        group
        for tenant in tenants
        for group in (
            *_groups(session, tenant, Kind.ORDER, OrderRow),
            *_groups(session, tenant, Kind.PURCHASE_ORDER, PurchaseOrderRow),
            *_held_runs(session, tenant),
            *_refused_files(session, tenant),
        )
    ]
    return sorted(groups, key=lambda group: group.since)


def _groups(session: Session, tenant: str, kind: Kind, table: type[Held]) -> Iterator[HoldGroup]:
    cause, subject = col(table.hold_cause), col(table.hold_subject)
    counted = select(cause, subject, func.count(), func.min(table.hold_since))
    mine = counted.where(cause.is_not(None), col(table.tenant) == tenant).group_by(cause, subject)
    for name, about, count, since in session.exec(mine).all():
        alike = select(table).where(col(table.tenant) == tenant, cause == name, subject == about)
        sample = session.exec(alike.order_by(col(table.stage_since)).limit(SAMPLE)).all()
        hold = Hold(cause=HoldCause(name or ""), subject=about, evidence=sample[0].hold_evidence if sample else "")
        yield HoldGroup(
            tenant=tenant,
            kind=kind,
            hold=hold.key,
            orders=count,
            since=since or _NEVER,
            next_action=hold.next_action,
            evidence=hold.evidence,
            order_numbers=tuple(name_of(row) for row in sample),
        )


def _held_runs(session: Session, tenant: str) -> Iterator[HoldGroup]:
    held = [row for row in po_runs.all_of(session, tenant) if row.hold_cause]
    for cause in sorted({row.hold_cause or "" for row in held}):
        mine = [row for row in held if row.hold_cause == cause]
        yield HoldGroup(
            tenant=tenant,
            kind=Kind.RUN,
            hold=cause,
            orders=len(mine),
            since=min(row.hold_since or _NEVER for row in mine),
            next_action=Hold(cause=HoldCause(cause)).next_action_of_run,
            evidence=mine[0].hold_evidence,
            order_numbers=tuple(row.run for row in mine),
        )


def _refused_files(session: Session, tenant: str) -> Iterator[HoldGroup]:
    """Files that were refused lately, until one of the same name is read: nothing of them is in the books."""
    files = po_files.refused(session, tenant, datetime.now(UTC) - REFUSED_FILES_ARE_SHOWN)
    if files:
        yield HoldGroup(
            tenant=tenant,
            kind=Kind.FILE,
            hold=HoldCause.FILE_REFUSED,
            orders=len(files),
            since=files[0].taken_at,
            next_action=Hold(cause=HoldCause.FILE_REFUSED).next_action,
            evidence=files[0].note,
            order_numbers=tuple(row.name for row in files[:SAMPLE]),
        )


def order_view(session: Session, row: OrderRow) -> OrderView:
    """Everything about one order."""
    rows = effects.of_order(session, row.tenant, row.order_id)
    lines = orders.lines_of(session, row.tenant, row.order_id)
    hold = holding.hold_of(row)
    sight = order_sight(hold)
    return OrderView(
        order=OrderLine.of(row),
        channel=row.channel,
        store_reason=row.store_reason,
        hold=hold,
        hold_since=row.hold_since,
        seen=sight.to_name,
        goes_on_without=sight.waived,
        cancel_wanted=row.cancel_wanted,
        placed_at=row.placed_at,
        read_at=row.read_at,
        lines=tuple(line.model_dump(exclude={"tenant", "order_id"}) for line in lines),
        effects=tuple(_effect_line(effect) for effect in rows),
        balances=_balances(row, lines, rows),
        timeline=tuple(
            Happening(at=entry.at, kind=entry.kind, actor=entry.actor, text=entry.text)
            for entry in journal.timeline(session, row.tenant, row.order_id)
        ),
    )


def _balances(row: OrderRow, lines: Sequence[LineRow], rows: Sequence[EffectRow]) -> tuple[Balance, ...]:
    """What was shipped and booked; nothing for a sale of a till, whose own booking the ledger does not have."""
    if row.channel in POS_CHANNELS:
        return ()
    return balances(_shipped(lines), [document for document in map(document_of, rows) if document])


def _shipped(lines: Sequence[LineRow]) -> list[LineUnits]:
    return [
        LineUnits(store=line.store, upc=line.upc or line.product_id, quantity=Decimal(line.quantity))
        for line in lines
        if line.status == LineStatus.COMPLETED and not line.digital and line.store
    ]


def _effect_line(row: EffectRow) -> EffectLine:
    document: LedgerDocument | None = document_of(row)
    units = sum((u.quantity for u in document.document.units), Decimal(0)) if document else Decimal(0)
    return EffectLine(
        key=row.key,
        kind=row.kind,
        revision=row.revision,
        state=row.state,
        remote_no=row.remote_no,
        number=row.number,
        store=row.store,
        to_store=document.document.to_store if document else "",
        units=int(units),
        amount=Decimal(row.amount),
        attempts=row.attempt,
        problem=row.problem,
        confirmed=row.confirmed,
        sent_at=row.sent_at,
        settled_at=row.settled_at,
    )


def feed_view(session: Session, tenant: str) -> FeedView:
    """How far the tenant's order feed was read, and what waits to be told."""
    cursor = session.get(FeedCursorRow, (tenant, feeds.ORDERS))
    waiting = select(func.count(), func.count(func.distinct(FeedEventRow.order_id))).where(
        FeedEventRow.tenant == tenant, FeedEventRow.feed == feeds.ORDERS, col(FeedEventRow.dispatched_at).is_(None)
    )
    events, told = session.exec(waiting).one()
    return FeedView(
        tenant=tenant,
        cursor=cursor.cursor if cursor else None,
        polled_at=cursor.polled_at if cursor else None,
        waiting_events=events,
        waiting_orders=told,
    )


def pretty(body: str) -> str:
    """A stored body in lines, its amounts as they are sent."""
    return _indented(exact_json.loads(body), 0)


def _indented(value: Any, depth: int) -> str:
    pad = "  " * (depth + 1)
    match value:
        case dict() if value:
            rows = [f"{pad}{exact_json.dumps(key)}: {_indented(member, depth + 1)}" for key, member in value.items()]
            return "{\n" + ",\n".join(rows) + "\n" + "  " * depth + "}"
        case list() if value:
            return "[\n" + ",\n".join(pad + _indented(v, depth + 1) for v in value) + "\n" + "  " * depth + "]"
        case _:
            return exact_json.dumps(value)
