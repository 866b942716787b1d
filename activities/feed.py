"""The order feed: status events out of the OMS into the ledger, and word of them to the orders' workflows.

Pages are read and kept with the cursor in one transaction each, then orders are told and their events marked; a crash
anywhere repeats only harmless steps (design 10).
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity

from activities.failures import told_to_temporal
from activities.starting import BACKFILL, LIVE, Starter
from activities.systems import Tenants
from connectors.ports import EventPage, StatusEvent
from domain.messages import FeedReport, FeedRequest
from domain.order import LineStatus
from ledger import feeds
from ledger.database import Ledger
from ledger.feeds import SeenEvent
from ledger.tables import OrderRow

log = structlog.get_logger()

FIRST_POLL_READS = timedelta(days=1)
"""How far back the very first poll reads; older orders come by `waybill feed orders --since`."""

TOLD_AT_ONCE = 20
TOLD_PER_BATCH = 500


class FeedActivities:
    """Feed polls, on a tenant's HotWax queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants, starter: Starter) -> None:
        self._ledger, self._tenants, self._starter = ledger, tenants, starter

    @activity.defn
    async def poll_order_feed(self, request: FeedRequest) -> FeedReport:
        """Everything that happened since the cursor is in the ledger, and the orders' workflows know."""
        with told_to_temporal():
            events, fresh = await self._read(request)
            told = await self._tell(request)
        return FeedReport(events=events, new_events=fresh, orders=told)

    async def _read(self, request: FeedRequest) -> tuple[int, int]:
        since = await asyncio.to_thread(self._since, request)
        events = fresh = number = 0
        while True:
            page = await asyncio.to_thread(self._page, request.tenant, since, number)
            fresh += await asyncio.to_thread(self._keep, request, page)
            events, number = events + len(page.events), number + 1
            activity.heartbeat(number)
            if page.last:
                return events, fresh

    def _since(self, request: FeedRequest) -> datetime:
        if request.since is not None:
            return request.since
        if request.look_back is not None:
            return datetime.now(UTC) - request.look_back
        with self._ledger.reading() as session:
            cursor = feeds.cursor_of(session, request.tenant)
        overlap = self._tenants.get(request.tenant).feed_overlap
        return cursor - overlap if cursor else datetime.now(UTC) - FIRST_POLL_READS

    def _page(self, tenant: str, since: datetime, number: int) -> EventPage:
        page = self._tenants.get(tenant).oms.events_since(since, number)
        for reason in page.bad:
            log.error("feed row left out", tenant=tenant, reason=reason)
        return page

    def _keep(self, request: FeedRequest, page: EventPage) -> int:
        cursor = max((e.at for e in page.events), default=None)
        with self._ledger.writing() as session:
            return feeds.record_page(
                session,
                request.tenant,
                [_seen(event) for event in page.events],
                datetime.now(UTC),
                cursor=None if request.is_backfill else cursor,
                backfill=request.is_backfill,
            )

    async def _tell(self, request: FeedRequest) -> int:
        """Tell every order with events that its workflow does not know of; live ones before backfilled ones."""
        told = 0
        for backfill in (False, True):
            while rows := await asyncio.to_thread(self._waiting, request.tenant, backfill):
                began = datetime.now(UTC)
                await self._tell_batch(rows, backfill)
                await asyncio.to_thread(self._mark, request.tenant, rows, began)
                told += len(rows)
                activity.heartbeat(told)
        await asyncio.to_thread(self._prune, request.tenant)
        return told

    async def _tell_batch(self, rows: Sequence[OrderRow], backfill: bool) -> None:
        limit = asyncio.Semaphore(TOLD_AT_ONCE)

        async def tell(row: OrderRow) -> None:
            async with limit:
                await self._starter.tell(row, "backfill" if backfill else "feed", BACKFILL if backfill else LIVE)

        await asyncio.gather(*(tell(row) for row in rows))

    def _waiting(self, tenant: str, backfill: bool) -> list[OrderRow]:
        with self._ledger.reading() as session:
            ids = feeds.waiting_orders(session, tenant, backfill=backfill, limit=TOLD_PER_BATCH)
            return [session.get_one(OrderRow, (tenant, order_id)) for order_id in ids]

    def _mark(self, tenant: str, rows: Sequence[OrderRow], began: datetime) -> None:
        with self._ledger.writing() as session:
            feeds.mark_dispatched(session, tenant, [row.order_id for row in rows], began, datetime.now(UTC))

    def _prune(self, tenant: str) -> None:
        with self._ledger.writing() as session:
            feeds.prune(session, tenant, datetime.now(UTC))


def _seen(event: StatusEvent) -> SeenEvent:
    """A line back in approval matters to orders we know, and opens nobody's life."""
    opens = event.status != LineStatus.APPROVED
    return SeenEvent(event_id=event.event_id, order_id=event.order_id, status=event.status, at=event.at, opens=opens)
