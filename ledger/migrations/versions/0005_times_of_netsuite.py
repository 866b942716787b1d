"""NetSuite's own times of purchase orders, apart from when they were read, and good rows beside bad ones."""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.add_column('purchase_orders', sa.Column('modified_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('purchase_orders', sa.Column('told_partly', sa.Text(), nullable=True))
    # Who tells a status tells the time too; of all others it is our clock's.
    op.execute("UPDATE purchase_orders SET modified_at = told_at WHERE status IS NOT NULL")


def downgrade() -> None:
    """Go down one step."""
    op.drop_column('purchase_orders', 'told_partly')
    op.drop_column('purchase_orders', 'modified_at')
