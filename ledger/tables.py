"""The tables of the ledger. Amounts are text, so that no database rounds them; moments are UTC."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy import Enum as SqlEnum
from sqlmodel import Field, SQLModel

from domain.stages import EffectKind, EffectState, Stage


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, UTC on the way in and out, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment in UTC; refuses naive ones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """The moment, aware again where the database forgot the zone."""
        return value if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _moment(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def _enum(kind: type[StrEnum], default: StrEnum | None = None) -> Any:
    """A column that keeps an enumeration's value as text and gives the member back."""
    values = SqlEnum(kind, native_enum=False, length=30, values_callable=lambda members: [m.value for m in members])
    return Field(default=default, sa_column=Column(values, nullable=False))


def _json() -> Any:
    return Field(default=None, sa_column=Column(JSON, nullable=True))


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
    stage: Stage = _enum(Stage, Stage.AWAITING_LINES)
    stage_since: datetime = _moment()
    hold_cause: str | None = None
    hold_subject: str = ""
    hold_evidence: str = Field(default="", sa_type=Text)
    hold_since: datetime | None = _moment(nullable=True)
    waiting_for: str = ""
    epoch: int = 0
    store: str | None = None
    store_reason: str = ""
    currency: str | None = None
    total: str | None = None
    force: dict[str, Any] | None = _json()
    cancel_wanted: bool = False
    acknowledged: dict[str, str] | None = _json()
    placed_at: datetime | None = _moment(nullable=True)
    seen_at: datetime = _moment()
    read_at: datetime | None = _moment(nullable=True)


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
    completed_at: datetime | None = _moment(nullable=True)


class EffectRow(SQLModel, table=True):
    """One remote write, named by its business key, with the exact body that was or will be sent."""

    __tablename__ = "effects"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "order_id"], ["orders.tenant", "orders.order_id"]),
        Index("effects_by_order", "tenant", "order_id"),
        Index("effects_by_number", "tenant", "order_no"),
        Index("effects_by_state", "state"),
    )

    key: str = Field(primary_key=True)
    tenant: str
    order_id: str
    order_no: str
    kind: EffectKind = _enum(EffectKind)
    revision: int
    store: str = ""
    state: EffectState = _enum(EffectState, EffectState.PLANNED)
    body: str = Field(sa_type=Text)
    remote_no: str = ""
    """The number we gave it in the remote system: the order number, or the slip number."""
    epoch: int = 0
    """The assessment that promised it; one that the order has outlived is not sent."""
    lines: dict[str, str] | None = _json()
    stores: dict[str, str] | None = _json()
    amount: str = "0"
    order_discount: str = "0"
    in_doubt: bool = False
    attempt: int = 0
    lease_until: datetime | None = _moment(nullable=True)
    number: str | None = None
    problem: str = Field(default="", sa_type=Text)
    http_status: int | None = None
    answer: str = Field(default="", sa_type=Text)
    foreign: bool = False
    confirmed: bool = False
    planned_at: datetime = _moment()
    sent_at: datetime | None = _moment(nullable=True)
    settled_at: datetime | None = _moment(nullable=True)


class JournalRow(SQLModel, table=True):
    """The audit trail: what happened to an order, when, and by whose hand."""

    __tablename__ = "journal"
    __table_args__ = (
        Index("journal_by_order", "tenant", "order_id", "id"),
        UniqueConstraint("tenant", "order_id", "command_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    tenant: str
    order_id: str
    at: datetime = _moment()
    kind: str
    actor: str
    text: str = Field(sa_type=Text)
    command_id: str | None = None


class SlipNumberRow(SQLModel, table=True):
    """The sequence that slip numbers come from, one for each tenant (retailpro 9.1)."""

    __tablename__ = "slip_numbers"

    tenant: str = Field(primary_key=True)
    next_number: int


class FeedCursorRow(SQLModel, table=True):
    """How far a feed was read."""

    __tablename__ = "feed_cursors"

    tenant: str = Field(primary_key=True)
    feed: str = Field(primary_key=True)
    cursor: datetime = _moment()
    polled_at: datetime | None = _moment(nullable=True)


class FeedEventRow(SQLModel, table=True):
    """One event a feed saw, until and after its order's workflow was told."""

    __tablename__ = "feed_events"
    __table_args__ = (Index("feed_events_undispatched", "tenant", "feed", "dispatched_at"),)

    tenant: str = Field(primary_key=True)
    feed: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    order_id: str
    status: str
    happened_at: datetime = _moment()
    seen_at: datetime = _moment()
    backfill: bool = False
    dispatched_at: datetime | None = _moment(nullable=True)


class CallBudgetRow(SQLModel, table=True):
    """When the next call to a remote system may start, for all workers together."""

    __tablename__ = "call_budgets"

    system: str = Field(primary_key=True)
    next_at: float


class CallSlotRow(SQLModel, table=True):
    """One place among the calls that a remote system takes side by side, and until when it is taken."""

    __tablename__ = "call_slots"

    system: str = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    holder: str = ""
    until: float = 0.0
