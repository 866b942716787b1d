"""The ledger's tables for purchase orders, their receipts, and the files that carry them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, text
from sqlmodel import Field, SQLModel

from domain.purchase_order import ImportState, PoStage, ReceiptState
from ledger.columns import enum, json, large, moment

_NEWS = text("news > heard")


class PurchaseOrderRow(SQLModel, table=True):
    """One purchase order: what NetSuite told of it, what HotWax has of it, and where it stands."""

    __tablename__ = "purchase_orders"
    __table_args__ = (
        Index("purchase_orders_by_number", "tenant", "number"),
        Index("purchase_orders_by_stage", "tenant", "stage"),
        Index("purchase_orders_by_import", "tenant", "import_state"),
        Index("purchase_orders_by_batch", "tenant", "import_batch"),
        Index("purchase_orders_by_oms_id", "tenant", "oms_id"),
        Index("purchase_orders_with_news", "tenant", "po_id", sqlite_where=_NEWS, postgresql_where=_NEWS),
    )

    tenant: str = Field(primary_key=True)
    po_id: str = Field(primary_key=True)
    number: str | None = None
    status: str | None = None
    stage: PoStage = enum(PoStage, PoStage.PENDING)
    stage_since: datetime = moment()
    hold_cause: str | None = None
    hold_subject: str = ""
    hold_evidence: str = Field(default="", sa_type=Text)
    hold_since: datetime | None = moment(nullable=True)
    waiting_for: str = ""
    news: int = 0
    """Counts what happened to it; its workflow has heard of the first `heard` of them."""
    heard: int = 0
    told: str = Field(default="", sa_type=Text)
    """The purchase order as NetSuite told it last, as JSON; empty while only broken rows of it were seen."""
    told_digest: str = ""
    told_at: datetime | None = moment(nullable=True)
    """Up to when that tells everything: NetSuite's time where it tells one, else when it was read."""
    modified_at: datetime | None = moment(nullable=True)
    """NetSuite's time of the newest word on it, of broken rows too: what is older is left aside."""
    told_partly: str | None = Field(default=None, sa_type=Text)
    """Its good rows as NetSuite told them last beside the bad ones, as JSON: for a tenant who comes to allow that."""
    file_id: int | None = None
    bad_rows: list[str] | None = json()
    looked_at: datetime | None = moment(nullable=True)
    """When HotWax was asked for it before its first upload: goods that it had then were received before."""
    oms_id: str | None = None
    imported: dict[str, Any] | None = json()
    import_state: ImportState = enum(ImportState, ImportState.NONE)
    import_problem: str = Field(default="", sa_type=Text)
    import_wanted: str = Field(default="", sa_type=Text)
    """The lines as HotWax shall have them, as JSON."""
    import_batch: int | None = None
    """The number of the upload that carries it."""
    import_together: int = 0
    """How many purchase orders may share its next upload: halved while uploads fail as a whole; 0 is no bound."""
    closed_in_oms: list[str] | None = json()
    status_after: str | None = None
    status_after_at: datetime | None = moment(nullable=True)
    """When NetSuite's importer gave the newest answer that was taken, by its own clock and never later than ours; over
    REST, when its status was read."""
    received_before: dict[str, str] | None = json()
    """What NetSuite had received before any receipt of ours, by line."""
    received_by_others: dict[str, str] | None = json()
    """What NetSuite has received beside our receipts, before them or since, by line, as far as it is known."""
    cancel_wanted: bool = False
    close_wanted: bool = False
    acknowledged: list[str] | None = json()
    seen_at: datetime = moment()

    @property
    def is_told_after_answer(self) -> bool:
        """Whether NetSuite changed what it tells after it gave its newest answer; never by when a word was read.

        A word that was exported before an answer has an earlier time; one that tells no time has ours: no proof.
        """
        if not (self.told_at and self.modified_at and self.status_after_at):
            return False
        return self.status_after_at < self.told_at <= self.modified_at


class ReceiptRow(SQLModel, table=True):
    """One act of receiving for one purchase order, on its way into NetSuite."""

    __tablename__ = "po_receipts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "po_id"], ["purchase_orders.tenant", "purchase_orders.po_id"]),
        Index("po_receipts_by_po", "tenant", "po_id"),
        Index("po_receipts_by_state", "tenant", "state"),
        Index("po_receipts_by_file", "tenant", "file_name"),
    )

    tenant: str = Field(primary_key=True)
    receipt_id: str = Field(primary_key=True)
    po_id: str
    received_at: datetime = moment()
    pieces: dict[str, str] | None = json()
    unplanned: dict[str, str] | None = json()
    rejected: dict[str, str] | None = json()
    unsettled_since: datetime | None = moment(nullable=True)
    """When its rows were found otherwise last, until they stayed the same for a while: a store may still write it."""
    state: ReceiptState = enum(ReceiptState, ReceiptState.NEW)
    sent: dict[str, str] | None = json()
    held_back: dict[str, str] | None = json()
    wanted: str = Field(default="", sa_type=Text)
    """The receipt as NetSuite shall make it, as JSON."""
    effect_key: str | None = None
    file_name: str | None = None
    in_doubt: bool = False
    sent_at: datetime | None = moment(nullable=True)
    due_at: datetime | None = moment(nullable=True)
    """When NetSuite's answer is overdue."""
    answered_at: datetime | None = moment(nullable=True)
    item_receipt_id: str | None = None
    problem: str = Field(default="", sa_type=Text)


class ReceiptPartRow(SQLModel, table=True):
    """One receipt row of HotWax: so many pieces of one product, as it was read last."""

    __tablename__ = "po_receipt_parts"
    __table_args__ = (
        Index("po_receipt_parts_by_receipt", "tenant", "receipt_id"),
        Index("po_receipt_parts_by_po", "tenant", "po_id", "receipt_id"),
    )

    tenant: str = Field(primary_key=True)
    part_id: str = Field(primary_key=True)
    receipt_id: str
    po_id: str
    line_id: str | None = None
    sku: str
    accepted: str
    rejected: str
    received_at: datetime = moment()
    read_at: datetime = moment()
    problem: str = Field(default="", sa_type=Text)
    """Why it could not be read last; what it says otherwise is older, and nothing where it was never read."""


class PoFileRow(SQLModel, table=True):
    """One file that came over SFTP, from its claim to the archive."""

    __tablename__ = "po_files"
    __table_args__ = (
        Index("po_files_by_digest", "tenant", "sha256"),
        Index("po_files_by_state", "tenant", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    tenant: str
    kind: str
    name: str
    claimed_as: str
    state: str
    sha256: str = ""
    size: int = large()
    rows: int = large()
    bad_rows: int = 0
    attempt: int = 0
    """How often somebody began to read it; only the newest attempt may go on."""
    note: str = Field(default="", sa_type=Text)
    archived_as: str | None = None
    taken_at: datetime = moment()
    ended_at: datetime | None = moment(nullable=True)


class StagedRow(SQLModel, table=True):
    """Good rows of one purchase order that follow each other in a file that is being read; gone when it is done."""

    __tablename__ = "po_staged_rows"
    __table_args__ = (Index("po_staged_rows_by_po", "file_id", "po_id", "number"),)

    file_id: int = Field(primary_key=True)
    number: int = large(primary_key=True)
    """The first row's line in the file."""
    po_id: str
    body: str = Field(sa_type=Text)
    """The rows as text, one on each line."""


class RunRow(SQLModel, table=True):
    """One of a tenant's runs: when it last ended well, and why it does not now."""

    __tablename__ = "po_runs"

    tenant: str = Field(primary_key=True)
    run: str = Field(primary_key=True)
    ended_at: datetime | None = moment(nullable=True)
    counts: dict[str, int] | None = json()
    hold_cause: str | None = None
    hold_evidence: str = Field(default="", sa_type=Text)
    hold_since: datetime | None = moment(nullable=True)
