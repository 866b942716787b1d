"""What screens show of purchase orders, read from the ledger: never from a workflow (design 8)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from domain.base import Frozen
from domain.proof_report import Explained
from domain.purchase_order import PoStage, PoStatus
from domain.stages import Hold, HoldCause, Stage
from ledger import feeds, holding, po_files, po_runs, receipt_rows
from ledger.database import Ledger
from ledger.po_tables import PoFileRow, PurchaseOrderRow, RunRow
from ledger.tables import FeedCursorRow, OrderRow
from operators.queries import REFUSED_FILES_ARE_SHOWN, pages

RECEIPTS = "receipts"
"""The feed of receipts, as its cursor is named."""

_STATUS_WORDS: Mapping[PoStatus, str] = {
    PoStatus.PENDING_APPROVAL: "Pending Supervisor Approval",
    PoStatus.PENDING_RECEIPT: "Pending Receipt",
    PoStatus.REJECTED: "Rejected by Supervisor",
    PoStatus.PARTIALLY_RECEIVED: "Partially Received",
    PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED: "Pending Billing/Partially Received",
    PoStatus.PENDING_BILLING: "Pending Bill",
    PoStatus.FULLY_BILLED: "Fully Billed",
    PoStatus.CLOSED: "Closed",
    PoStatus.PLANNED: "Planned",
}


class PoFilter(Frozen):
    """Which purchase orders to list; every field narrows."""

    tenant: str | None = None
    stage: PoStage | None = None
    hold: HoldCause | None = None
    subject: str | None = None
    open_only: bool = False
    older_than: datetime | None = None


class PoListing(Frozen):
    """One purchase order in a list."""

    tenant: str
    po_id: str
    number: str | None
    stage: PoStage
    since: datetime
    status: str | None
    """NetSuite's own, by its letter."""
    hold: str | None
    waiting_for: str

    @classmethod
    def of(cls, row: PurchaseOrderRow) -> "PoListing":
        """What a list shows of this row."""
        hold = holding.hold_of(row)
        return cls(
            tenant=row.tenant,
            po_id=row.po_id,
            number=row.number,
            stage=row.stage,
            since=row.stage_since,
            status=row.status,
            hold=hold.key if hold else None,
            waiting_for=row.waiting_for,
        )

    @property
    def status_word(self) -> str:
        """NetSuite's status as its screens call it."""
        return f"{self.status} {_STATUS_WORDS[PoStatus(self.status)]}" if self.status else ""


class FileView(Frozen):
    """One file that came over SFTP."""

    id: int
    kind: str
    name: str
    state: str
    rows: int
    bad_rows: int
    taken_at: datetime
    archived_as: str | None
    note: str

    @classmethod
    def of(cls, row: PoFileRow) -> "FileView":
        """What screens show of this row."""
        return cls(**row.model_dump(include=set(cls.model_fields)))


class RunView(Frozen):
    """One of a tenant's runs: when it last ended well, what it did then, and why it does not now."""

    run: str
    ended_at: datetime | None
    counts: Mapping[str, int]
    hold: Hold | None
    hold_since: datetime | None

    @classmethod
    def of(cls, row: RunRow) -> "RunView":
        """What screens show of this row."""
        hold = Hold(cause=HoldCause(row.hold_cause), evidence=row.hold_evidence) if row.hold_cause else None
        return cls(run=row.run, ended_at=row.ended_at, counts=row.counts or {}, hold=hold, hold_since=row.hold_since)


class PoFeedView(Frozen):
    """How far a tenant's purchase orders and receipts were read, and how the runs fare that carry them."""

    tenant: str
    receipts_read_until: datetime | None
    polled_at: datetime | None
    waiting: int
    """Purchase orders whose workflow has not heard of all their news."""
    runs: tuple[RunView, ...]
    """Those that are held first."""
    files: tuple[FileView, ...]
    """The files that came last, the newest first."""
    refused: tuple[FileView, ...] = ()
    """The files that were refused lately, and not read since under the same name."""


# ---- finding ---------------------------------------------------------------------------------------------------------


def find(session: Session, wanted: PoFilter, limit: int | None = None) -> Sequence[PurchaseOrderRow]:
    """The purchase orders that fit, those in their stage longest first."""
    query = select(PurchaseOrderRow)
    pairs = [
        (PurchaseOrderRow.tenant, wanted.tenant),
        (PurchaseOrderRow.stage, wanted.stage),
        (PurchaseOrderRow.hold_cause, wanted.hold),
        (PurchaseOrderRow.hold_subject, wanted.subject),
    ]
    for column, value in pairs:
        if value is not None:
            query = query.where(col(column) == value)
    if wanted.open_only:
        query = query.where(col(PurchaseOrderRow.stage).in_(open_stages()))
    if wanted.older_than:
        query = query.where(col(PurchaseOrderRow.stage_since) <= wanted.older_than)
    return session.exec(query.order_by(col(PurchaseOrderRow.stage_since)).limit(limit)).all()


def by_name(session: Session, tenant: str | None, name: str) -> Sequence[PurchaseOrderRow]:
    """The purchase orders with this number, NetSuite's internal id, or HotWax's order id."""
    names = (PurchaseOrderRow.number, PurchaseOrderRow.po_id, PurchaseOrderRow.oms_id)
    query = select(PurchaseOrderRow).where(or_(*(col(column) == name for column in names)))
    return session.exec(query.where(PurchaseOrderRow.tenant == tenant) if tenant else query).all()


def open_stages() -> list[PoStage]:
    """The stages of purchase orders whose life goes on."""
    return [stage for stage in PoStage if not stage.is_end]


def tenants_beside(session: Session, known: Collection[str]) -> list[str]:
    """The tenants of orders and purchase orders whose life goes on, but for those that are known."""
    open_orders = col(OrderRow.stage).in_([stage for stage in Stage if not stage.is_end])
    of_orders = select(OrderRow.tenant).where(col(OrderRow.tenant).not_in(known), open_orders)
    open_here = col(PurchaseOrderRow.stage).in_(open_stages())
    of_pos = select(PurchaseOrderRow.tenant).where(col(PurchaseOrderRow.tenant).not_in(known), open_here)
    return sorted({*session.exec(of_orders.distinct()), *session.exec(of_pos.distinct())})


def open_pos(ledger: Ledger, tenant: str) -> Iterator[Sequence[PurchaseOrderRow]]:
    """All purchase orders of a tenant whose life goes on, and ended ones with news nobody heard, in batches."""
    has_news = col(PurchaseOrderRow.news) > col(PurchaseOrderRow.heard)
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, or_(col(PurchaseOrderRow.stage).in_(open_stages()), has_news)
    )
    return pages(ledger, mine, PurchaseOrderRow.po_id)


def feed_view(session: Session, tenant: str, files: int) -> PoFeedView:
    """How far the tenant's receipts were read, how its runs fare, and so many of the files that came last."""
    cursor = session.get(FeedCursorRow, (tenant, RECEIPTS))
    has_news = col(PurchaseOrderRow.news) > col(PurchaseOrderRow.heard)
    waiting = select(func.count()).select_from(PurchaseOrderRow).where(PurchaseOrderRow.tenant == tenant, has_news)
    lately = datetime.now(UTC) - REFUSED_FILES_ARE_SHOWN
    return PoFeedView(
        tenant=tenant,
        receipts_read_until=feeds.cursor_of(session, tenant, RECEIPTS),
        polled_at=cursor.polled_at if cursor else None,
        waiting=session.exec(waiting).one(),
        runs=tuple(RunView.of(row) for row in po_runs.all_of(session, tenant)),
        files=tuple(FileView.of(row) for row in po_files.latest(session, tenant, files)),
        refused=tuple(FileView.of(row) for row in po_files.refused(session, tenant, lately)),
    )


def unplaced_rows(ledger: Ledger, tenant: str) -> list[Explained]:
    """The receipt rows of which nobody could tell whose they are, for the proof."""
    with ledger.reading() as session:
        rows = receipt_rows.unplaced(session, tenant)
    why = "nobody can tell which order's it is, and no purchase order has it"
    return [Explained(kind="receipt_unplaced", key=row.part_id, reason=f"{why}: {row.problem}") for row in rows]
