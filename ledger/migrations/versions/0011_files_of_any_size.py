"""Files of any size: 32 bits count no more than 2 GiB, and only on PostgreSQL do integers have so few."""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_COLUMNS = (('po_files', 'size'), ('po_files', 'rows'), ('po_staged_rows', 'number'))
_MOST = 2**31 - 1


def upgrade() -> None:
    """Go up one step."""
    _change(sa.BigInteger())


def downgrade() -> None:
    """Go down one step; what is larger than the earlier columns hold becomes the most that they do."""
    _change(sa.Integer(), most=_MOST)


def _change(kind: sa.types.TypeEngine[int], most: int | None = None) -> None:
    if op.get_bind().dialect.name == 'sqlite':
        return
    for table, column in _COLUMNS:
        using = f'least({column}, {most})' if most else None
        op.alter_column(table, column, type_=kind, existing_nullable=False, postgresql_using=using)
