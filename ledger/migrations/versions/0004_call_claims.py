"""Claims on places among concurrent calls."""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step.

    A ledger of an earlier state may have the table, and all that the step before changes, under that step's number.
    """
    if sa.inspect(op.get_bind()).has_table('call_claims'):
        return
    op.create_table('call_claims',
    sa.Column('system', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('waiting', sa.Boolean(), nullable=False),
    sa.Column('without_since', sa.Float(), nullable=False),
    sa.Column('live_short', sa.Integer(), nullable=False),
    sa.Column('backfill', sa.Boolean(), nullable=False),
    sa.Column('seen_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('system', 'holder')
    )


def downgrade() -> None:
    """Go down one step."""
    op.drop_table('call_claims')
