"""The gauges that come from the ledger: what stands in which stage, holds by cause, and the age of what moves least."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import Gauge
from sqlalchemy import ColumnElement, and_, exists, func
from sqlmodel import Session, col, select

from activities import metrics
from domain.purchase_order import ReceiptState
from domain.stages import Stage
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.tables import OrderRow
from operators.po_queries import open_stages

Counted = Sequence[tuple[str, str | None, int]]
"""Tenant, what is counted by, and how many."""


def refresh_gauges(ledger: Ledger) -> None:
    """Set the gauges to what the ledger says now."""
    with ledger.reading() as session:
        _set(metrics.ORDERS, _counted(session, OrderRow.tenant, OrderRow.stage))
        _set(metrics.HOLDS, _counted(session, OrderRow.tenant, OrderRow.hold_cause))
        open_orders = col(OrderRow.stage).in_([stage for stage in Stage if not stage.is_end])
        _age(session, metrics.OLDEST, OrderRow.tenant, OrderRow.stage_since, open_orders)
        _set(metrics.PURCHASE_ORDERS, _counted(session, PurchaseOrderRow.tenant, PurchaseOrderRow.stage))
        _set(metrics.PO_HOLDS, _counted(session, PurchaseOrderRow.tenant, PurchaseOrderRow.hold_cause))
        open_pos = col(PurchaseOrderRow.stage).in_(open_stages())
        _age(session, metrics.OLDEST_PO, PurchaseOrderRow.tenant, PurchaseOrderRow.stage_since, open_pos)
        _set(metrics.RECEIPTS, _counted(session, ReceiptRow.tenant, ReceiptRow.state))
        missing = col(ReceiptRow.state).in_([state for state in ReceiptState if not state.counts])
        of_open = exists().where(
            col(PurchaseOrderRow.tenant) == ReceiptRow.tenant, col(PurchaseOrderRow.po_id) == ReceiptRow.po_id, open_pos
        )
        _age(session, metrics.OLDEST_RECEIPT, ReceiptRow.tenant, ReceiptRow.received_at, and_(missing, of_open))


def _counted(session: Session, tenant: str, by: str | None) -> Counted:
    return session.exec(
        select(tenant, by, func.count()).where(col(by).is_not(None)).group_by(col(tenant), col(by))
    ).all()


def _set(gauge: Gauge, counted: Counted) -> None:
    gauge.clear()
    for tenant, label, count in counted:
        gauge.labels(tenant, label).set(count)


def _age(session: Session, gauge: Gauge, tenant: str, since: datetime, still_open: ColumnElement[bool]) -> None:
    """The age of the oldest of each tenant, among those that are still open."""
    oldest = session.exec(select(tenant, func.min(since)).where(still_open).group_by(col(tenant))).all()
    gauge.clear()
    for name, at in oldest:
        gauge.labels(name).set((datetime.now(UTC) - at).total_seconds())
