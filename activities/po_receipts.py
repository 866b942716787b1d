"""Receipts out of HotWax into the ledger: what stores received, per purchase order, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.failures import tells_temporal
from activities.po_noting import noted
from activities.systems import Purchasing, Tenants
from connectors.po_ports import (
    BadReceipt,
    OmsPurchaseOrder,
    OmsReceipt,
    PurchasePort,
    ReceiptPage,
    UnclearPurchaseOrder,
)
from domain.po_messages import PoRunReport, PoRunRequest
from domain.stages import Hold, HoldCause
from ledger import feeds, holding, journal, purchase_orders, receipt_rows, receipts
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from ledger.receipt_rows import ReceiptPart

log = structlog.get_logger()

FEED = "receipts"
FIRST_POLL_READS = timedelta(days=7)
WAITED_FOR = timedelta(days=7)
"""How long a row that cannot be read, and names no order, is read again: whose it is shows when it is mended."""
SWEPT_AT_ONCE = 50


@dataclass
class OrderReceipts:
    """What was read of one order of the OMS; `whole` when it is everything that the order has.

    `read_at` is from before the OMS was asked: what it tells is at least as new.
    """

    read_at: datetime
    whole: bool = False
    good: list[OmsReceipt] = field(default_factory=list)
    bad: list[BadReceipt] = field(default_factory=list)

    def parts(self, order: OmsPurchaseOrder) -> list[ReceiptPart]:
        """The rows for the ledger, with the lines as the order has them now."""
        lines = {line.seq_id: line.line_id for line in order.lines}
        return [*(_part(row, lines) for row in self.good), *(_bad_part(row, order.po_id) for row in self.bad)]


def read_receipts(oms: PurchasePort, oms_id: str) -> OrderReceipts:
    """Everything that the OMS has received for one of its orders."""
    read_at = datetime.now(UTC)
    page = oms.receipts_of(oms_id)
    return OrderReceipts(read_at, whole=True, good=list(page.receipts), bad=list(page.bad))


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
        nobodys: list[BadReceipt] = []
        while True:
            read_at = datetime.now(UTC)
            page = systems.oms.receipts_since(since, number)
            changed += self._keep(tenant, systems, _by_order(page, read_at))
            nobodys += [bad for bad in page.bad if bad.order_id is None]
            self._advance(tenant, page, nobodys)
            read, number = read + len(page.receipts), number + 1
            activity.heartbeat()
            if page.last:
                self._settle(tenant, systems, read_at)
                return PoRunReport(counts={"read": read, "changed": changed}, trouble=_trouble(tenant, nobodys))

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
            changed += self._keep(tenant, systems, self._receipts_of(systems, oms_ids))
            swept, after = swept + len(rows), rows[-1].po_id
        self._settle(tenant, systems, datetime.now(UTC))
        return PoRunReport(counts={"swept": swept, "changed": changed})

    def _since(self, tenant: str, systems: Purchasing) -> datetime:
        with self._ledger.reading() as session:
            cursor = feeds.cursor_of(session, tenant, FEED)
        return cursor - systems.waits.receipt_overlap if cursor else datetime.now(UTC) - FIRST_POLL_READS

    def _open_after(self, tenant: str, ended_since: datetime, after: str) -> Sequence[PurchaseOrderRow]:
        with self._ledger.reading() as session:
            return purchase_orders.receivable(session, tenant, ended_since, after, SWEPT_AT_ONCE)

    def _receipts_of(self, systems: Purchasing, oms_ids: Sequence[str]) -> Mapping[str, OrderReceipts]:
        found: dict[str, OrderReceipts] = {}
        for oms_id in oms_ids:
            found[oms_id] = read_receipts(systems.oms, oms_id)
            activity.heartbeat()
        return found

    def _keep(self, tenant: str, systems: Purchasing, by_order: Mapping[str, OrderReceipts]) -> int:
        """Keep receipts, by the OMS's order, in one transaction; how many purchase orders have news of them."""
        with self._ledger.reading() as session:
            known = {oms_id: row.po_id for oms_id, row in purchase_orders.by_oms_id(session, tenant, by_order).items()}
        found = systems.oms.read_back(list(known.values())) if known else {}
        now = datetime.now(UTC)
        with self._ledger.writing() as session:
            return sum(
                _keep_of_one(session, row, by_order[oms_id], found, now)
                for oms_id, row in purchase_orders.by_oms_id(session, tenant, known).items()
            )

    def _settle(self, tenant: str, systems: Purchasing, read_at: datetime) -> None:
        """Receipts whose rows are as they were some time before this reading are complete."""
        with self._ledger.writing() as session:
            receipts.take_for_complete(session, tenant, read_at - systems.waits.receipt_settled)

    def _advance(self, tenant: str, page: ReceiptPage, nobodys: Sequence[BadReceipt]) -> None:
        """The next poll begins behind what was read, but for a while not behind a bad row that names no order."""
        if page.receipts:
            now = datetime.now(UTC)
            until = min(max(row.at for row in page.receipts), now)
            waits = max(min((bad.at for bad in nobodys if bad.at), default=until), now - WAITED_FOR)
            with self._ledger.writing() as session:
                feeds.advance(session, tenant, min(until, waits), now, FEED)


def _keep_of_one(
    session: Session,
    row: PurchaseOrderRow,
    got: OrderReceipts,
    found: Mapping[str, OmsPurchaseOrder | UnclearPurchaseOrder],
    now: datetime,
) -> bool:
    """The receipts of one purchase order, and which lines the store has closed; whether anything is news."""
    told = found.get(row.po_id)
    if not isinstance(told, OmsPurchaseOrder):
        return False
    parts = got.parts(told)
    is_newest = not receipt_rows.were_read_after(session, row.tenant, row.po_id, got.read_at)
    before = receipt_rows.parts_before(session, row.tenant, row.po_id)
    remember_before(session, row, [part for part in parts if part.part_id in before], got.read_at, now)
    ours = [part for part in parts if part.part_id not in before]
    news = receipt_rows.record_parts(session, row.tenant, row.po_id, ours, got.read_at)
    if got.whole:
        told_ids = {part.part_id for part in parts}
        news |= receipt_rows.forget_problems(session, row.tenant, row.po_id, told_ids, got.read_at)
    closed = sorted(line_id for line_id, line in told.by_line_id.items() if line.closed)
    if is_newest and closed != (row.closed_in_oms or []):
        row.closed_in_oms, news = closed or None, True
    if news:
        row.news += 1
        text = f"{len(ours)} receipt rows read from HotWax"
        journal.write(session, holding.about(row), now, "receipt", text)
    return news


def remember_before(
    session: Session, row: PurchaseOrderRow, parts: Sequence[ReceiptPart], read_at: datetime, now: datetime
) -> None:
    """Receipts from before our first upload of the purchase order are not brought to NetSuite a second time."""
    if news := receipt_rows.record_before(session, row.tenant, row.po_id, parts, read_at):
        text = f"{news} receipt rows were in HotWax before its first upload: they count as received before"
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


def _bad_part(bad: BadReceipt, po_id: str) -> ReceiptPart:
    log.error("receipt row cannot be read", po=po_id, reason=bad.told)
    return ReceiptPart(
        part_id=bad.receipt_id or f"{po_id}: {bad.told}",
        shipment_id=bad.shipment_id,
        received_at=bad.at or datetime.now(UTC),
        problem=bad.told,
    )


def _by_order(page: ReceiptPage, read_at: datetime) -> Mapping[str, OrderReceipts]:
    """The rows of a page by the order that they name."""
    found: dict[str, OrderReceipts] = {}
    for row in page.receipts:
        if row.order_id:
            found.setdefault(row.order_id, OrderReceipts(read_at)).good.append(row)
    for bad in page.bad:
        if bad.order_id:
            found.setdefault(bad.order_id, OrderReceipts(read_at)).bad.append(bad)
    return found


def _trouble(tenant: str, nobodys: Sequence[BadReceipt]) -> Hold | None:
    """What holds a run that met rows which cannot be read and name no order; everything else went on."""
    if not nobodys:
        return None
    for bad in nobodys:
        log.error("receipt row cannot be read, and names no order", tenant=tenant, reason=bad.told)
    more = f"; and {len(nobodys) - 1} more" if len(nobodys) > 1 else ""
    evidence = f"a receipt row that names no order cannot be read: {nobodys[0].told}{more}"
    return Hold(cause=HoldCause.REMOTE_CONTRACT, subject="hotwax", evidence=evidence)
