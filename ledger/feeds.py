"""What the feeds saw: events once each, and the cursor, in one transaction (design 10)."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, delete, select, update

from domain.base import Frozen, Moment
from ledger.tables import FeedCursorRow, FeedEventRow, OrderRow

ORDERS = "orders"
KEEP_EVENTS = timedelta(days=30)
"""How long dispatched events are kept to recognize repeats; beyond it, repeats are read again and change nothing."""

_EVENTS = insert(FeedEventRow)


class SeenEvent(Frozen):
    """One change of status as a feed saw it. `opens` says that it may be an order's first word."""

    event_id: str
    order_id: str
    status: str
    at: Moment
    opens: bool = True


def cursor_of(session: Session, tenant: str, feed: str = ORDERS) -> datetime | None:
    """How far the tenant's feed was read; None before its first poll."""
    row = session.get(FeedCursorRow, (tenant, feed))
    return row.cursor if row else None


def record_page(
    session: Session,
    tenant: str,
    events: Sequence[SeenEvent],
    now: datetime,
    *,
    cursor: datetime | None = None,
    backfill: bool = False,
) -> int:
    """Keep the events not seen before and move the cursor forward; the number of new ones.

    An event that cannot open an order's life (a line back in approval) wakes nobody while nobody knows the order. It
    is kept as dispatched all the same: the overlap reads it again when the order is known, and it must not look new
    then. `cursor` None leaves the cursor alone.
    """
    fresh = _not_seen(session, tenant, events)
    known = _known_orders(session, tenant, {e.order_id for e in fresh})
    wanted = [e for e in fresh if e.opens or e.order_id in known]
    opened = sorted({e.order_id for e in wanted} - known)
    session.add_all(OrderRow(tenant=tenant, order_id=order_id, stage_since=now, seen_at=now) for order_id in opened)
    idle = [e for e in fresh if not e.opens and e.order_id not in known]
    rows = [_row(tenant, event, now, backfill, dispatched_at=None) for event in wanted]
    rows += [_row(tenant, event, now, backfill, dispatched_at=now) for event in idle]
    if rows:
        session.connection().execute(_EVENTS, rows)  # past the session: nobody needs the objects
    if cursor is not None:
        advance(session, tenant, cursor, now)
    return len(wanted)


def _row(
    tenant: str, event: SeenEvent, now: datetime, backfill: bool, *, dispatched_at: datetime | None
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "feed": ORDERS,
        "event_id": event.event_id,
        "order_id": event.order_id,
        "status": event.status,
        "happened_at": event.at,
        "seen_at": now,
        "backfill": backfill,
        "dispatched_at": dispatched_at,
    }


def _not_seen(session: Session, tenant: str, events: Sequence[SeenEvent]) -> list[SeenEvent]:
    ids = [e.event_id for e in events]
    query = select(FeedEventRow.event_id).where(
        FeedEventRow.tenant == tenant, FeedEventRow.feed == ORDERS, col(FeedEventRow.event_id).in_(ids)
    )
    seen = set(session.exec(query).all())
    fresh: dict[str, SeenEvent] = {e.event_id: e for e in events if e.event_id not in seen}
    return list(fresh.values())


def _known_orders(session: Session, tenant: str, order_ids: set[str]) -> set[str]:
    query = select(OrderRow.order_id).where(OrderRow.tenant == tenant, col(OrderRow.order_id).in_(order_ids))
    return set(session.exec(query).all())


def advance(session: Session, tenant: str, cursor: datetime, now: datetime, feed: str = ORDERS) -> None:
    """Note that the feed was read up to here; a cursor never goes back."""
    row = session.get(FeedCursorRow, (tenant, feed), with_for_update=True)
    if row is None:
        session.add(FeedCursorRow(tenant=tenant, feed=feed, cursor=cursor, polled_at=now))
        return
    row.cursor, row.polled_at = max(row.cursor, cursor), now


def waiting_events(
    session: Session, tenant: str, *, backfill: bool, without: Collection[str], limit: int
) -> dict[str, list[str]]:
    """Order id -> ids of its events that its workflow was not told of, those waiting longest first."""
    query = select(FeedEventRow.order_id, FeedEventRow.event_id).where(
        FeedEventRow.tenant == tenant,
        FeedEventRow.feed == ORDERS,
        col(FeedEventRow.dispatched_at).is_(None),
        FeedEventRow.backfill == backfill,
        col(FeedEventRow.order_id).not_in(list(without)),
    )
    waiting: dict[str, list[str]] = {}
    for order_id, event_id in session.exec(query.order_by(col(FeedEventRow.seen_at)).limit(limit)).all():
        waiting.setdefault(order_id, []).append(event_id)
    return waiting


def mark_dispatched(session: Session, tenant: str, event_ids: Sequence[str], now: datetime) -> None:
    """Note that the workflows of these events' orders were told."""
    session.exec(
        update(FeedEventRow)
        .where(
            col(FeedEventRow.tenant) == tenant,
            col(FeedEventRow.feed) == ORDERS,
            col(FeedEventRow.event_id).in_(event_ids),
        )
        .values(dispatched_at=now)
    )


def prune(session: Session, tenant: str, now: datetime) -> None:
    """Drop dispatched events that are older than any overlap."""
    session.exec(
        delete(FeedEventRow).where(
            col(FeedEventRow.tenant) == tenant,
            col(FeedEventRow.dispatched_at) < now - KEEP_EVENTS,
        )
    )
