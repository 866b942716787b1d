"""The tables of the ledger. Amounts are text, so that no database rounds them; moments are UTC."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from domain.stages import EffectKind, EffectState, Stage
from ledger.columns import enum, json, moment


class OrderRow(SQLModel, table=True):
    """One order: where it stands, why it is held, and what operators asked of it."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_by_number", "tenant", "order_no"),
        Index("orders_by_stage", "tenant", "stage"),
        Index("orders_by_hold", "tenant", "hold_cause", "hold_subject"),
    )

    tenant: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    order_no: str | None = None
    channel: str | None = None
    stage: Stage = enum(Stage, Stage.AWAITING_LINES)
    stage_since: datetime = moment()
    hold_cause: str | None = None
    hold_subject: str = ""
    hold_evidence: str = Field(default="", sa_type=Text)
    hold_since: datetime | None = moment(nullable=True)
    waiting_for: str = ""
    epoch: int = 0
    store: str | None = None
    store_reason: str = ""
    currency: str | None = None
    total: str | None = None
    force: dict[str, Any] | None = json()
    cancel_wanted: bool = False
    acknowledged: dict[str, str] | None = json()
    placed_at: datetime | None = moment(nullable=True)
    seen_at: datetime = moment()
    read_at: datetime | None = moment(nullable=True)


class LineRow(SQLModel, table=True):
    """One line of an order as it was last read from the OMS."""

    __tablename__ = "order_lines"
    __table_args__ = (ForeignKeyConstraint(["tenant", "order_id"], ["orders.tenant", "orders.order_id"]),)

    tenant: str = Field(primary_key=True)
    order_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    product_id: str
    upc: str | None = None
    facility_id: str
    store: str | None = None
    quantity: int
    status: str
    digital: bool = False
    unit_price: str
    completed_at: datetime | None = moment(nullable=True)


_INVOICES = text("kind = 'invoice'")


class EffectRow(SQLModel, table=True):
    """One remote write, named by its business key, with the exact body that was or will be sent."""

    __tablename__ = "effects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "order_id"], ["orders.tenant", "orders.order_id"]),
        Index("effects_by_order", "tenant", "order_id"),
        Index("effects_by_number", "tenant", "order_no"),
        Index(
            "invoices_by_remote_no",
            "tenant",
            "remote_no",
            unique=True,
            sqlite_where=_INVOICES,
            postgresql_where=_INVOICES,
        ),
        Index("effects_by_state", "state"),
    )

    key: str = Field(primary_key=True)
    tenant: str
    order_id: str | None = None
    """The order that it is for; none where one write serves many, as an upload of purchase orders does."""
    order_no: str = ""
    kind: EffectKind = enum(EffectKind)
    revision: int = 0
    store: str = ""
    state: EffectState = enum(EffectState, EffectState.PLANNED)
    body: str = Field(sa_type=Text)
    remote_no: str = ""
    """The number we gave it in the remote system: the order number, or the slip number."""
    epoch: int = 0
    """The assessment that promised it; one that the order has outlived is not sent."""
    lines: dict[str, str] | None = json()
    stores: dict[str, str] | None = json()
    amount: str = "0"
    order_discount: str = "0"
    in_doubt: bool = False
    attempt: int = 0
    lease_until: datetime | None = moment(nullable=True)
    number: str | None = None
    problem: str = Field(default="", sa_type=Text)
    http_status: int | None = None
    answer: str = Field(default="", sa_type=Text)
    foreign: bool = False
    confirmed: bool = False
    planned_at: datetime = moment()
    sent_at: datetime | None = moment(nullable=True)
    settled_at: datetime | None = moment(nullable=True)


class JournalRow(SQLModel, table=True):
    """The audit trail: what happened to an order, a purchase order or an upload, when, and by whose hand."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_by_subject", "tenant", "flow", "subject", "id"),
        UniqueConstraint("tenant", "flow", "subject", "command_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    tenant: str
    flow: str
    subject: str
    at: datetime = moment()
    kind: str
    actor: str
    text: str = Field(sa_type=Text)
    command_id: str | None = None


class SequenceRow(SQLModel, table=True):
    """A stored sequence of numbers: never a hash, never a clock."""

    __tablename__ = "sequences"

    tenant: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    next_number: int


class FeedCursorRow(SQLModel, table=True):
    """How far a feed was read."""

    __tablename__ = "feed_cursors"

    tenant: str = Field(primary_key=True)
    feed: str = Field(primary_key=True)
    cursor: datetime = moment()
    polled_at: datetime | None = moment(nullable=True)


class FeedEventRow(SQLModel, table=True):
    """One event a feed saw, until and after its order's workflow was told."""

    __tablename__ = "feed_events"
    __table_args__ = (Index("feed_events_undispatched", "tenant", "feed", "dispatched_at"),)

    tenant: str = Field(primary_key=True)
    feed: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    order_id: str
    status: str
    happened_at: datetime = moment()
    seen_at: datetime = moment()
    backfill: bool = False
    dispatched_at: datetime | None = moment(nullable=True)


class CallBudgetRow(SQLModel, table=True):
    """When the next call to a remote system may start, for all workers together."""

    __tablename__ = "call_budgets"

    system: str = Field(primary_key=True)
    next_at: float
    pause_s: float | None = None
    """How long the pause is that ends then, where the system bounds calls side by side (`ledger.slot_book`)."""


class CallSlotRow(SQLModel, table=True):
    """One place among the calls that a remote system takes side by side, and until when it is taken."""

    __tablename__ = "call_slots"

    system: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    holder: str = ""
    until: float = 0.0


class CallClaimRow(SQLModel, table=True):
    """What one process wants of a remote system's places, so that the others can give way (`ledger.slots`)."""

    __tablename__ = "call_claims"

    system: str = Field(primary_key=True)
    holder: str = Field(primary_key=True)
    waiting: bool = False
    without_since: float = 0.0
    live_short: int = 0
    backfill: bool = False
    seen_at: float = 0.0
