"""The order feed: status events out of the OMS into the ledger, and word of them to the orders' workflows.

Pages are read and kept with the cursor in one transaction each, then orders are told and their events marked; a crash
anywhere repeats only harmless steps (design 10).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import told_to_temporal
from activities.starting import BACKFILL, LIVE, Starter
from activities.systems import Tenants
from connectors.ports import EventPage, StatusEvent
from domain.messages import FeedReport, FeedRequest
from domain.order import LineStatus
from ledger import feeds, orders
from ledger.database import Ledger
from ledger.feeds import SeenEvent
from ledger.tables import OrderRow

log = structlog.get_logger()

FIRST_POLL_READS = timedelta(days=1)
"""How far back the very first poll reads; older orders come by `waybill feed orders --since`."""

TOLD_AT_ONCE = 20
TOLD_PER_BATCH = 500
BEAT_SECONDS = 3.0


class FeedActivities:
    """Feed polls, on a tenant's HotWax queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants, starter: Starter) -> None:
        self._ledger, self._tenants, self._starter = ledger, tenants, starter

    @activity.defn
    async def poll_order_feed(self, request: FeedRequest) -> FeedReport:
        """Everything that happened since the cursor is in the ledger, and the orders' workflows know."""
        beating = asyncio.create_task(_beat())
        try:
            with told_to_temporal():
                return await self._poll(request)
        finally:
            beating.cancel()

    async def _poll(self, request: FeedRequest) -> FeedReport:
        """Page by page into the ledger, then the orders are told, each once.

        A backfill tells after every page, so that a long one begins to work at once.
        """
        since = await asyncio.to_thread(self._since, request)
        events = fresh = told = number = 0
        while True:
            page = await asyncio.to_thread(self._page, request.tenant, since, number)
            fresh += await asyncio.to_thread(self._keep, request, page)
            if page.last or request.is_backfill:
                told += await self._tell(request)
            events, number = events + len(page.events), number + 1
            if page.last:
                await asyncio.to_thread(self._prune, request.tenant)
                return FeedReport(events=events, new_events=fresh, orders=told)

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
        now = datetime.now(UTC)
        # A row from the future, by a wrong clock, must not carry the cursor past what is still to come.
        cursor = max((min(e.at, now) for e in page.events), default=None)
        with self._ledger.writing() as session:
            return feeds.record_page(
                session,
                request.tenant,
                [_seen(event) for event in page.events],
                now,
                cursor=None if request.is_backfill else cursor,
                backfill=request.is_backfill,
            )

    async def _tell(self, request: FeedRequest) -> int:
        """Tell every order with events that its workflow does not know of; one that cannot be told stops no other.

        A live poll leaves the events of a backfill to the backfill: they yield to live orders.
        """
        told, refused = 0, dict[str, BaseException]()
        while waiting := await asyncio.to_thread(self._waiting, request, refused):
            failures = await self._tell_batch([row for row, _ in waiting], request)
            refused |= failures
            done = [event for row, events in waiting if row.order_id not in failures for event in events]
            await asyncio.to_thread(self._mark, request.tenant, done)
            told += len(waiting) - len(failures)
        for order_id, error in refused.items():
            log.error("order not told", tenant=request.tenant, order=order_id, problem=str(error))
        if refused:
            raise ApplicationError(f"{len(refused)} orders could not be told, {next(iter(refused))} first")
        return told

    async def _tell_batch(self, rows: Sequence[OrderRow], request: FeedRequest) -> dict[str, BaseException]:
        """The orders that could not be told, by id, and why."""
        limit = asyncio.Semaphore(TOLD_AT_ONCE)
        source, priority = ("backfill", BACKFILL) if request.is_backfill else ("feed", LIVE)

        async def tell(row: OrderRow) -> None:
            async with limit:
                await self._starter.tell(row, source, priority)

        outcomes = await asyncio.gather(*(tell(row) for row in rows), return_exceptions=True)
        return {row.order_id: o for row, o in zip(rows, outcomes, strict=True) if isinstance(o, Exception)}

    def _waiting(self, request: FeedRequest, refused: Mapping[str, BaseException]) -> list[tuple[OrderRow, list[str]]]:
        """The next orders to tell, each with the ids of its events."""
        with self._ledger.reading() as session:
            events = feeds.waiting_events(
                session, request.tenant, backfill=request.is_backfill, without=refused.keys(), limit=TOLD_PER_BATCH
            )
            known = orders.known(session, request.tenant, list(events))
            return [(row, list(events[row.order_id])) for row in known]

    def _mark(self, tenant: str, event_ids: Sequence[str]) -> None:
        with self._ledger.writing() as session:
            feeds.mark_dispatched(session, tenant, event_ids, datetime.now(UTC))

    def _prune(self, tenant: str) -> None:
        with self._ledger.writing() as session:
            feeds.prune(session, tenant, datetime.now(UTC))


async def _beat() -> None:
    """Tell Temporal that this poll lives: when its worker dies, another must take over soon."""
    while True:
        activity.heartbeat()
        await asyncio.sleep(BEAT_SECONDS)


def _seen(event: StatusEvent) -> SeenEvent:
    """A line that came back, was rejected or expired matters to orders we know, and opens nobody's life."""
    opens = event.status not in {LineStatus.APPROVED, LineStatus.REJECTED, LineStatus.EXPIRED}
    return SeenEvent(event_id=event.event_id, order_id=event.order_id, status=event.status, at=event.at, opens=opens)
