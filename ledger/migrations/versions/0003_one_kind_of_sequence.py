"""Slip numbers among the sequences, attempts at files, and columns that nobody read."""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step; columns are changed in place, since other tables refer to these."""
    op.execute("ALTER TABLE po_files ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE po_files DROP COLUMN purchase_orders")
    op.execute("ALTER TABLE purchase_orders DROP COLUMN epoch")
    op.execute("INSERT INTO sequences (tenant, name, next_number) SELECT tenant, 'slips', next_number FROM slip_numbers")
    op.drop_table('slip_numbers')


def downgrade() -> None:
    """Go back one step."""
    op.create_table('slip_numbers',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('next_number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('tenant')
    )
    op.execute("INSERT INTO slip_numbers (tenant, next_number) SELECT tenant, next_number FROM sequences WHERE name = 'slips'")
    op.execute("DELETE FROM sequences WHERE name = 'slips'")
    op.execute("ALTER TABLE purchase_orders ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE po_files ADD COLUMN purchase_orders INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE po_files DROP COLUMN attempt")
