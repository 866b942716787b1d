"""The one order in which rows of purchase orders are locked: by another, two transactions wait for each other for ever.

First the write that is to be settled (`effects`), then purchase orders, all of them at once and by their ids, and only
then their receipts and receipt rows. Whoever changes a receipt holds its purchase order: a receipt that was only read
may be another's to change until then. SQLite has one writer at a time; PostgreSQL ends one of two that are entangled.
"""

from collections.abc import Collection

from sqlmodel import Session, col, select

from ledger.po_tables import PurchaseOrderRow


def lock_orders(session: Session, tenant: str, po_ids: Collection[str]) -> None:
    """Lock these purchase orders without reading what they say."""
    of = PurchaseOrderRow
    mine = select(of.po_id).where(of.tenant == tenant, col(of.po_id).in_(sorted(po_ids)))
    session.exec(mine.order_by(col(of.po_id)).with_for_update()).all()
