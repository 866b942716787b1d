"""Stages and holds of whatever has them, an order or a purchase order: one way to move on, told by the journal."""

from datetime import datetime

from sqlmodel import Session

from domain.purchase_order import PoStage
from domain.stages import Hold, HoldCause, Stage
from ledger import journal
from ledger.journal import About, Flow
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import OrderRow


def about(row: OrderRow | PurchaseOrderRow) -> About:
    """What journal entries about it name."""
    if isinstance(row, OrderRow):
        return About(row.tenant, row.order_id, Flow.ORDER)
    return About(row.tenant, row.po_id, Flow.PURCHASE_ORDER)


def hold_of(row: OrderRow | PurchaseOrderRow) -> Hold | None:
    """Why it is held, or None."""
    if row.hold_cause is None:
        return None
    return Hold(cause=HoldCause(row.hold_cause), subject=row.hold_subject, evidence=row.hold_evidence)


def set_stage(
    session: Session, row: OrderRow | PurchaseOrderRow, stage: Stage | PoStage, hold: Hold | None, now: datetime
) -> None:
    """Move it to this stage of its own flow, and to this hold; the journal tells what changed."""
    if row.stage is not stage:
        journal.write(session, about(row), now, "stage", f"{row.stage} -> {stage}")
        row.sqlmodel_update({"stage": stage, "stage_since": now})
    before = hold_of(row)
    if before == hold:
        return
    if hold is None:
        journal.write(session, about(row), now, "hold", f"{row.hold_cause} released")
        row.hold_cause, row.hold_subject, row.hold_evidence, row.hold_since = None, "", "", None
        return
    journal.write(session, about(row), now, "hold", f"held: {hold.key}: {hold.evidence}")
    row.hold_since = row.hold_since if before is not None and before.key == hold.key else now
    row.hold_cause, row.hold_subject, row.hold_evidence = str(hold.cause), hold.subject, hold.evidence
