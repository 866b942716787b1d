"""Receipts out of HotWax into the ledger: what stores received, per purchase order, each once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.beating import alone, beat
from activities.failures import tells_temporal
from activities.po_early import EarlyOrders
from activities.po_noting import noted
from activities.systems import Purchasing, Tenants
from connectors.errors import Contract, NotFound, Rejected
from connectors.po_ports import (
    BadReceipt,
    OmsPurchaseOrder,
    OmsReceipt,
    PurchasePort,
    ReceiptPage,
    UnclearPurchaseOrder,
)
from domain.po_messages import PoRunReport, PoRunRequest
from domain.purchase_order import ImportState
from domain.stages import Hold, HoldCause
from ledger import feeds, holding, journal, po_shown, purchase_orders, receipt_rows, receipts
from ledger.database import Ledger
from ledger.po_locks import lock_orders
from ledger.po_tables import PurchaseOrderRow
from ledger.receipt_rows import ReceiptPart

log = structlog.get_logger()

FEED = "receipts"
FIRST_POLL_READS = timedelta(days=7)
WAITED_FOR = timedelta(hours=1)
"""How long polls read a row again of which nobody can tell whose it is; after that, the sweep looks for it."""
NOBODYS = "a receipt row finds no order"
SWEPT_AT_ONCE = 50
OF_ONE_ORDER = (Rejected, NotFound, Contract)
"""What says of one order that its receipts cannot be read, and of HotWax as a whole nothing."""


@dataclass
class OrderReceipts:
    """What was read of one order of the OMS; `whole` when it is everything that the order has.

    `read_at` is from before the OMS was asked: what it tells is at least as new. `unread` says why rows may be missing.
    """

    read_at: datetime
    whole: bool = False
    unread: str = ""
    good: list[OmsReceipt] = field(default_factory=list)
    bad: list[BadReceipt] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """The ids of all rows that have one."""
        return {row.receipt_id for row in self.good} | {bad.receipt_id for bad in self.bad if bad.receipt_id}

    def parts(self, order: OmsPurchaseOrder) -> list[ReceiptPart]:
        """The rows for the ledger, with the lines as the order has them now."""
        lines = {line.seq_id: line.line_id for line in order.lines}
        return [*(_part(row, lines) for row in self.good), *(_bad_part(row, order.po_id) for row in self.bad)]


def read_receipts(oms: PurchasePort, oms_id: str) -> OrderReceipts:
    """Everything that the OMS has received for one of its orders, as far as that can be read."""
    read_at = datetime.now(UTC)
    try:
        page = alone(partial(oms.receipts_of, oms_id))
    except OF_ONE_ORDER as error:
        return OrderReceipts(read_at, unread=str(error))
    # A row without a name may be any that was read before: while there is one, none counts as gone.
    is_whole = not page.unread and all(bad.receipt_id for bad in page.bad)
    return OrderReceipts(read_at, is_whole, page.unread, list(page.receipts), list(page.bad))


class PoReceiptActivities:
    """The runs that read receipts, on a tenant's HotWax queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants) -> None:
        self._ledger, self._tenants = ledger, tenants

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def poll_receipts(self, request: PoRunRequest) -> PoRunReport:
        """Every receipt since the cursor is in the ledger, summed up per purchase order and shipment."""
        return noted(self._ledger, request, lambda: self._poll(request.tenant))

    def _poll(self, tenant: str) -> PoRunReport:
        systems = self._tenants.get(tenant).purchasing
        since, read, changed, strange = self._since(tenant, systems), 0, 0, 0
        began: datetime | None = None
        nobodys, early = list[BadReceipt](), EarlyOrders(self._ledger, tenant, systems.oms)
        for read_at, page in _pages(systems.oms, since):
            began = began or read_at
            changed += self._keep_page(tenant, systems, early, page, read_at)
            nobodys += [bad for bad in page.bad if bad.order_id is None]
            self._advance(tenant, page, nobodys, since)
            read, strange = read + len(page.receipts), strange + self._of_unknown_orders(tenant, page)
        if began:
            self._settle(tenant, systems, began)
        trouble = _trouble(tenant, NOBODYS, [*(bad.told for bad in nobodys), *self._unplaced(tenant, systems)])
        counts = {"read": read, "changed": changed, "of_unknown_orders": strange}
        return PoRunReport(counts=counts, trouble=trouble)

    def _of_unknown_orders(self, tenant: str, page: ReceiptPage) -> int:
        """How many rows are left aside, of orders that the ledger does not know: mostly no purchase orders at all."""
        of = [row.order_id for row in page.receipts if row.order_id]
        with self._ledger.reading() as session:
            known = purchase_orders.by_oms_id(session, tenant, of)
        if unknown := sorted(set(of) - known.keys()):
            log.info("receipts of orders that the ledger does not know", tenant=tenant, orders=unknown)
        return sum(order_id not in known for order_id in of)

    def _unplaced(self, tenant: str, systems: Purchasing) -> list[str]:
        """What holds the run of the rows that were kept; those that were told of for long are only logged."""
        since = datetime.now(UTC) - systems.waits.swept_after_end
        with self._ledger.reading() as session:
            kept = receipt_rows.unplaced(session, tenant)
        for row in kept:
            if row.read_at < since:
                log.warning(NOBODYS, tenant=tenant, reason=row.problem, kept=row.read_at.isoformat())
        return [row.problem for row in kept if row.read_at >= since]

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def sweep_receipts(self, request: PoRunRequest) -> PoRunReport:
        """What HotWax has of every open purchase order is compared: corrections tell of themselves nowhere else."""
        return noted(self._ledger, request, lambda: self._sweep(request.tenant))

    def _sweep(self, tenant: str) -> PoRunReport:
        systems = self._tenants.get(tenant).purchasing
        swept, changed, after, unread = 0, 0, "", list[str]()
        ended_since = datetime.now(UTC) - systems.waits.swept_after_end
        while rows := self._open_after(tenant, ended_since, after):
            found = self._receipts_of(systems, [row.oms_id for row in rows if row.oms_id])
            changed += self._keep(tenant, systems, found)
            unread += [f"{row.number or row.po_id}: {why}" for row in rows if (why := found[row.oms_id or ""].unread)]
            swept, after = swept + len(rows), rows[-1].po_id
        changed += self._look_again(tenant, systems)
        trouble = _trouble(tenant, "receipts of a purchase order cannot be read", unread)
        return PoRunReport(counts={"swept": swept, "changed": changed}, trouble=trouble)

    def _look_again(self, tenant: str, systems: Purchasing) -> int:
        """Read rows once more that found no purchase order in time: nobody tells when one was mended.

        One that was looked for long enough comes with its order's own receipts, where it is mended after that.
        """
        kept_since = datetime.now(UTC) - systems.waits.swept_after_end
        with self._ledger.reading() as session:
            kept = [row for row in receipt_rows.unplaced(session, tenant) if row.read_at >= kept_since]
        missing, nobodys, changed = {row.part_id for row in kept}, set[str](), 0
        since, early = (
            min((row.received_at for row in kept), default=None),
            EarlyOrders(self._ledger, tenant, systems.oms),
        )
        for read_at, page in _pages(systems.oms, since) if since else ():
            changed += self._keep_page(tenant, systems, early, page, read_at)
            nobodys |= {_name(bad) for bad in page.bad if bad.order_id is None}
            missing -= {row.receipt_id for row in page.receipts} | {_name(bad) for bad in page.bad}
            if not missing:
                break
        with self._ledger.writing() as session:
            receipt_rows.forget_unplaced(session, tenant, {row.part_id for row in kept} - nobodys)
        return changed

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
            beat()
        return found

    def _keep_page(
        self, tenant: str, systems: Purchasing, early: EarlyOrders, page: ReceiptPage, read_at: datetime
    ) -> int:
        """As `_keep`, for the rows of a page that name an order."""
        by_order = _by_order(page, read_at)
        early.find(by_order.keys())
        return self._keep(tenant, systems, by_order)

    def _keep(self, tenant: str, systems: Purchasing, by_order: Mapping[str, OrderReceipts]) -> int:
        """Keep receipts, by the OMS's order, in one transaction; how many purchase orders have news of them."""
        with self._ledger.reading() as session:
            known = {oms_id: row.po_id for oms_id, row in purchase_orders.by_oms_id(session, tenant, by_order).items()}
        found = alone(partial(systems.oms.read_back, list(known.values()))) if known else {}
        now = datetime.now(UTC)
        rows = {row for got in by_order.values() for row in got.names}
        with self._ledger.writing() as session:
            lock_orders(session, tenant, {*known.values(), *receipt_rows.owners(session, tenant, rows)})
            return sum(
                _keep_of_one(session, row, by_order[oms_id], found, now)
                for oms_id, row in purchase_orders.by_oms_id(session, tenant, known).items()
            )

    def _settle(self, tenant: str, systems: Purchasing, began: datetime) -> None:
        """Receipts whose rows are as they were some time before this poll asked for its first page are complete.

        Polls alone tell that: each reads all that is new a second time, while a sweep has read an order once, and long
        ago by the time it ends.
        """
        with self._ledger.writing() as session:
            receipts.take_for_complete(session, tenant, began - systems.waits.receipt_settled)

    def _advance(self, tenant: str, page: ReceiptPage, nobodys: Sequence[BadReceipt], since: datetime) -> None:
        """The next poll begins behind what was read, but for a while not behind a row that finds no order.

        What has waited for long enough is kept in the ledger, where it is told until the sweep finds out whose it is.
        """
        now = datetime.now(UTC)
        until = min(max((row.at for row in page.receipts), default=since), now)
        waits = min((bad.at or since for bad in nobodys), default=until)
        with self._ledger.writing() as session:
            if page.receipts:
                feeds.advance(session, tenant, min(until, max(waits, now - WAITED_FOR)), now, FEED)
            for bad in nobodys:
                if (at := bad.at or since) < now - WAITED_FOR:
                    receipt_rows.keep_unplaced(session, tenant, _unplaced_part(bad, at), now)


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
        problem = told.problem if told else f"HotWax has no such purchase order any more; it was {row.oms_id}"
        return po_shown.record_gone(session, row, problem, now)
    if row.import_state is ImportState.GONE:
        po_shown.record_back(session, row, now)
    if told.order_id != row.oms_id:
        purchase_orders.record_found(session, row, told.order_id, told.by_line_id, now)
        return True  # what was read is of an order that it is not any more
    is_newest = not receipt_rows.were_read_after(session, row.tenant, row.po_id, got.read_at)
    news = _keep_rows(session, row, got, got.parts(told), now)
    closed = sorted(line_id for line_id, line in told.by_line_id.items() if line.closed)
    if is_newest and closed != (row.closed_in_oms or []):
        row.closed_in_oms, news = closed or None, news or "lines closed in HotWax"
    if news:
        row.news += 1
        journal.write(session, holding.about(row), now, "receipt", news)
    return bool(news)


def _keep_rows(
    session: Session, row: PurchaseOrderRow, got: OrderReceipts, parts: Sequence[ReceiptPart], now: datetime
) -> str:
    """Keep the rows of one purchase order, wherever they were before; what is new, in words."""
    of, told = (session, row.tenant, row.po_id), {part.part_id for part in parts}
    before = receipt_rows.parts_before(*of)
    others = receipt_rows.owners(session, row.tenant, told) - {row.po_id, ""}
    remember_before(session, row, [part for part in parts if part.part_id in before], got.read_at, now)
    ours = [part for part in parts if part.part_id not in before]
    has_news = receipt_rows.record_parts(*of, ours, got.read_at)
    gone = receipt_rows.count_gone(*of, told, got.read_at) if got.whole else 0
    for other in sorted(others):
        text = f"HotWax tells receipt rows of it as those of purchase order {row.po_id} now"
        purchase_orders.note(session, row.tenant, other, "receipt", text, now)
    if gone:
        return f"{gone} receipt rows are gone from HotWax and count as nothing; {len(ours)} read"
    return f"{len(ours)} receipt rows read from HotWax" if has_news else ""


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


def _unplaced_part(bad: BadReceipt, at: datetime) -> ReceiptPart:
    return ReceiptPart(part_id=_name(bad), shipment_id=bad.shipment_id, received_at=at, problem=bad.told)


def _name(bad: BadReceipt) -> str:
    """What the row is called in the ledger; those without a name of their own are told as one."""
    return bad.receipt_id or "a receipt row without a name"


def _pages(oms: PurchasePort, since: datetime) -> Iterator[tuple[datetime, ReceiptPage]]:
    """Every page of receipts since then, with when it was asked for.

    Raises:
        Contract: the pages do not end.
    """
    before: ReceiptPage | None = None
    for number in count():
        read_at = datetime.now(UTC)
        page = alone(partial(oms.receipts_since, since, number))
        if page == before and not page.last:
            place, got = f"page {number}", "the same again"
            raise Contract("hotwax", "receipts_since", place=place, expected="other rows", got=got)
        yield read_at, page
        beat()
        if page.last:
            return
        before = page


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


def _trouble(tenant: str, what: str, told: Collection[str]) -> Hold | None:
    """What holds a run that could not read everything; all the rest of it went on."""
    if not told:
        return None
    first, *others = dict.fromkeys(told)
    for reason in (first, *others):
        log.error(what, tenant=tenant, reason=reason)
    more = f"; and {len(others)} more" if others else ""
    return Hold(cause=HoldCause.REMOTE_CONTRACT, subject="hotwax", evidence=f"{what}: {first}{more}")
