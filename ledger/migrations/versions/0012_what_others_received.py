"""What NetSuite has received of a purchase order beside our receipts, by line."""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.add_column('purchase_orders', sa.Column('received_by_others', sa.JSON(), nullable=True))


def downgrade() -> None:
    """Go down one step."""
    op.execute('ALTER TABLE purchase_orders DROP COLUMN received_by_others')
