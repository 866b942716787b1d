"""The gauges that come from the ledger: orders by stage, holds by cause, age of the oldest order that does not move."""

from datetime import UTC, datetime

from sqlalchemy import func
from sqlmodel import col, select

from activities import metrics
from domain.stages import Stage
from ledger.database import Ledger
from ledger.tables import OrderRow


def refresh_gauges(ledger: Ledger) -> None:
    """Set the gauges to what the ledger says now."""
    with ledger.reading() as session:
        stages = session.exec(
            select(OrderRow.tenant, OrderRow.stage, func.count()).group_by(col(OrderRow.tenant), col(OrderRow.stage))
        ).all()
        holds = session.exec(
            select(OrderRow.tenant, OrderRow.hold_cause, func.count())
            .where(col(OrderRow.hold_cause).is_not(None))
            .group_by(col(OrderRow.tenant), col(OrderRow.hold_cause))
        ).all()
        still_open = col(OrderRow.stage).in_([stage for stage in Stage if not stage.is_end])
        oldest = session.exec(
            select(OrderRow.tenant, func.min(OrderRow.stage_since)).where(still_open).group_by(col(OrderRow.tenant))
        ).all()
    metrics.ORDERS.clear()
    metrics.HOLDS.clear()
    metrics.OLDEST.clear()
    for tenant, stage, count in stages:
        metrics.ORDERS.labels(tenant, stage).set(count)
    for tenant, cause, count in holds:
        metrics.HOLDS.labels(tenant, cause).set(count)
    for tenant, since in oldest:
        metrics.OLDEST.labels(tenant).set((datetime.now(UTC) - since).total_seconds())
