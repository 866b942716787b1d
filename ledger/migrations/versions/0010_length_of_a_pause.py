"""How long a pause between calls was asked to be, beside its end, which a clock that was ahead may have written."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.add_column('call_budgets', sa.Column('pause_s', sa.Float(), nullable=True))


def downgrade() -> None:
    """Go down one step."""
    op.execute('ALTER TABLE call_budgets DROP COLUMN pause_s')
