"""Purchase orders with news found without reading all of them: every run asks for them."""

from alembic import op
from sqlalchemy import text

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_NEWS = text('news > heard')


def upgrade() -> None:
    """Go up one step."""
    op.create_index(
        'purchase_orders_with_news',
        'purchase_orders',
        ['tenant', 'po_id'],
        unique=False,
        sqlite_where=_NEWS,
        postgresql_where=_NEWS,
    )


def downgrade() -> None:
    """Go down one step."""
    op.drop_index('purchase_orders_with_news', 'purchase_orders')
