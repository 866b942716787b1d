"""Receipt rows that cannot be read, and receipts that may not be complete yet."""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step; columns are added in place, since other tables refer to these."""
    op.execute("ALTER TABLE po_receipt_parts ADD COLUMN problem TEXT NOT NULL DEFAULT ''")
    op.add_column('purchase_orders', sa.Column('looked_at', sa.DateTime(timezone=True), nullable=True))
    # What was uploaded was never looked for: what HotWax has of it now is not from before.
    op.execute("UPDATE purchase_orders SET looked_at = seen_at WHERE oms_id IS NOT NULL OR import_state NOT IN ('none', 'wanted')")
    op.add_column('po_receipts', sa.Column('unsettled_since', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go back one step."""
    op.execute("ALTER TABLE po_receipts DROP COLUMN unsettled_since")
    op.execute("ALTER TABLE purchase_orders DROP COLUMN looked_at")
    op.execute("ALTER TABLE po_receipt_parts DROP COLUMN problem")
