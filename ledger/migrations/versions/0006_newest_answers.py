"""When NetSuite gave the newest answer about a purchase order."""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.add_column('purchase_orders', sa.Column('status_after_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go down one step."""
    op.execute("ALTER TABLE purchase_orders DROP COLUMN status_after_at")
