"""Receipts out of HotWax into the ledger: what stores received, per purchase order, each once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.failures import tells_temporal
from activities.po_noting import noted
from activities.systems import Purchasing, Tenants
from connectors.po_ports import OmsPurchaseOrder, OmsReceipt, ReceiptPage, UnclearPurchaseOrder
from domain.po_messages import PoRunReport, PoRunRequest
from ledger import feeds, holding, journal, purchase_orders, receipts
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from ledger.receipts import ReceiptPart

log = structlog.get_logger()

FEED = "receipts"
FIRST_POLL_READS = timedelta(days=7)
SWEPT_AT_ONCE = 50


class PoReceiptActivities:
    """The runs that read receipts, on a tenant's HotWax queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants) -> None:
        self._ledger, self._tenants = ledger, tenants

    @activity.defn
    @tells_temporal
    def poll_receipts(self, request: PoRunRequest) -> PoRunReport:
        """Every receipt since the cursor is in the ledger, summed up per purchase order and shipment."""
        return noted(self._ledger, request, lambda: self._poll(request.tenant))

    def _poll(self, tenant: str) -> PoRunReport:
        systems = self._tenants.get(tenant).purchasing
        since, read, changed, number = self._since(tenant, systems), 0, 0, 0
        while True:
            page = systems.oms.receipts_since(since, number)
            _tell_bad(tenant, page)
            changed += self._keep(tenant, systems, page.receipts)
            read, number = read + len(page.receipts), number + 1
            activity.heartbeat()
            if page.last:
                return PoRunReport(counts={"read": read, "changed": changed})

    @activity.defn
    @tells_temporal
    def sweep_receipts(self, request: PoRunRequest) -> PoRunReport:
        """What HotWax has of every open purchase order is compared: corrections tell of themselves nowhere else."""
        return noted(self._ledger, request, lambda: self._sweep(request.tenant))

    def _sweep(self, tenant: str) -> PoRunReport:
        systems = self._tenants.get(tenant).purchasing
        swept, changed, after = 0, 0, ""
        ended_since = datetime.now(UTC) - systems.waits.swept_after_end
        while rows := self._open_after(tenant, ended_since, after):
            oms_ids = [row.oms_id for row in rows if row.oms_id]
            changed += self._keep(tenant, systems, self._receipts_of(tenant, systems, oms_ids), swept=oms_ids)
            swept, after = swept + len(rows), rows[-1].po_id
        return PoRunReport(counts={"swept": swept, "changed": changed})

    def _since(self, tenant: str, systems: Purchasing) -> datetime:
        with self._ledger.reading() as session:
            cursor = feeds.cursor_of(session, tenant, FEED)
        return cursor - systems.waits.receipt_overlap if cursor else datetime.now(UTC) - FIRST_POLL_READS

    def _open_after(self, tenant: str, ended_since: datetime, after: str) -> Sequence[PurchaseOrderRow]:
        with self._ledger.reading() as session:
            return purchase_orders.receivable(session, tenant, ended_since, after, SWEPT_AT_ONCE)

    def _receipts_of(self, tenant: str, systems: Purchasing, oms_ids: Sequence[str]) -> list[OmsReceipt]:
        found: list[OmsReceipt] = []
        for oms_id in oms_ids:
            page = systems.oms.receipts_of(oms_id)
            _tell_bad(tenant, page)
            found += page.receipts
            activity.heartbeat()
        return found

    def _keep(
        self, tenant: str, systems: Purchasing, rows: Sequence[OmsReceipt], swept: Sequence[str] | None = None
    ) -> int:
        """Keep receipts in one transaction; how many purchase orders have news of them.

        `swept` names the orders that were asked for all of theirs, also those that have none: then the cursor stays.
        """
        by_order = defaultdict[str, list[OmsReceipt]](list, {oms_id: [] for oms_id in swept or ()})
        for row in rows:
            if row.order_id:
                by_order[row.order_id].append(row)
        with self._ledger.reading() as session:
            known = {oms_id: row.po_id for oms_id, row in purchase_orders.by_oms_id(session, tenant, by_order).items()}
        found = systems.oms.read_back(list(known.values())) if known else {}
        now = datetime.now(UTC)
        with self._ledger.writing() as session:
            changed = sum(
                _keep_of_one(session, row, by_order[oms_id], found, now)
                for oms_id, row in purchase_orders.by_oms_id(session, tenant, known).items()
            )
            if swept is None and rows:
                feeds.advance(session, tenant, min(max(row.at for row in rows), now), now, FEED)
        return changed


def _keep_of_one(
    session: Session,
    row: PurchaseOrderRow,
    got: Sequence[OmsReceipt],
    found: Mapping[str, OmsPurchaseOrder | UnclearPurchaseOrder],
    now: datetime,
) -> bool:
    """The receipts of one purchase order, and which lines the store has closed; whether anything is news."""
    told = found.get(row.po_id)
    if not isinstance(told, OmsPurchaseOrder):
        return False
    lines = {line.seq_id: line.line_id for line in told.lines}
    parts = [_part(receipt, lines) for receipt in got]
    _leave_old(session, row, [part for part in parts if part.received_at < row.seen_at], now)
    ours = [part for part in parts if part.received_at >= row.seen_at]
    news = receipts.record_parts(session, row.tenant, row.po_id, ours, now)
    closed = sorted(line_id for line_id, line in told.by_line_id.items() if line.closed)
    if closed != (row.closed_in_oms or []):
        row.closed_in_oms, news = closed or None, True
    if news:
        row.news += 1
        text = f"{len(ours)} receipt rows read from HotWax"
        journal.write(session, holding.about(row), now, "receipt", text)
    return news


def _leave_old(session: Session, row: PurchaseOrderRow, parts: Sequence[ReceiptPart], now: datetime) -> None:
    """Receipts from before we heard of the purchase order are not brought to NetSuite a second time."""
    if fresh := receipts.record_before(session, row.tenant, row.po_id, parts, now):
        text = f"{fresh} receipt rows are older than {row.seen_at:%Y-%m-%d %H:%MZ}: they count as received before"
        journal.write(session, holding.about(row), now, "receipt", text)
        row.news += 1


def _part(receipt: OmsReceipt, lines: Mapping[str, str | None]) -> ReceiptPart:
    return ReceiptPart(
        part_id=receipt.receipt_id,
        shipment_id=receipt.shipment_id or receipt.receipt_id,
        line_id=lines.get(receipt.seq_id) if receipt.seq_id else None,
        sku=receipt.sku or receipt.product_id,
        accepted=receipt.accepted,
        rejected=receipt.rejected,
        received_at=receipt.at,
    )


def _tell_bad(tenant: str, page: ReceiptPage) -> None:
    for reason in page.bad:
        log.error("receipt row left out", tenant=tenant, reason=reason)
