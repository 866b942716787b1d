"""Word to the purchase orders' workflows: whoever has news in the ledger is signaled, and started where it must be."""

import asyncio
from collections.abc import Sequence

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.failures import told_to_temporal
from activities.starting import PoStarter
from domain.po_messages import PoRunReport, PoRunRequest
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow

log = structlog.get_logger()

TOLD_AT_ONCE = 20
TOLD_PER_BATCH = 500


class PoNewsActivities:
    """Tells purchase orders what happened to them."""

    def __init__(self, ledger: Ledger, starter: PoStarter) -> None:
        self._ledger, self._starter = ledger, starter

    @activity.defn
    async def tell_purchase_orders(self, request: PoRunRequest) -> PoRunReport:
        """Every purchase order with news was told; one that cannot be told stops no other."""
        with told_to_temporal():
            told, after = 0, ""
            refused: list[str] = []
            while rows := await asyncio.to_thread(self._next, request.tenant, after):
                failed = await self._tell(rows, str(request.run))
                heard = {row.po_id: row.news for row in rows if row.po_id not in failed}
                await asyncio.to_thread(self._mark, request.tenant, heard)
                told, after = told + len(heard), rows[-1].po_id
                refused += failed
                activity.heartbeat()
        if refused:
            raise ApplicationError(f"{len(refused)} purchase orders could not be told, {refused[0]} first")
        return PoRunReport(counts={"told": told})

    async def _tell(self, rows: Sequence[PurchaseOrderRow], source: str) -> list[str]:
        """The purchase orders that could not be told."""
        limit = asyncio.Semaphore(TOLD_AT_ONCE)

        async def tell(row: PurchaseOrderRow) -> None:
            async with limit:
                await self._starter.tell(row, source)

        outcomes = await asyncio.gather(*(tell(row) for row in rows), return_exceptions=True)
        failed = [(row, problem) for row, problem in zip(rows, outcomes, strict=True) if isinstance(problem, Exception)]
        for row, problem in failed:
            log.error("purchase order not told", tenant=row.tenant, po=row.po_id, problem=str(problem))
        return [row.po_id for row, _ in failed]

    def _next(self, tenant: str, after: str) -> Sequence[PurchaseOrderRow]:
        with self._ledger.reading() as session:
            return purchase_orders.with_news(session, tenant, after, TOLD_PER_BATCH)

    def _mark(self, tenant: str, heard: dict[str, int]) -> None:
        with self._ledger.writing() as session:
            purchase_orders.mark_heard(session, tenant, heard)
