"""Receipt rows found by purchase order, and files for the stock importer told from ours."""

from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

# Our scripts answer each receipt. Where any was accepted in silence and none was answered, the stock importer read the files.
_STOCK = """
UPDATE effects SET kind = 'stock_receipt_file' WHERE kind = 'receipt_file' AND tenant IN (
    SELECT tenant FROM po_receipts GROUP BY tenant
    HAVING sum(CASE WHEN state = 'unverified' THEN 1 ELSE 0 END) > 0
    AND sum(CASE WHEN item_receipt_id IS NOT NULL THEN 1 ELSE 0 END) = 0
)
"""


def upgrade() -> None:
    """Go up one step."""
    op.create_index('po_receipt_parts_by_po', 'po_receipt_parts', ['tenant', 'po_id', 'receipt_id'], unique=False)
    op.execute(_STOCK)


def downgrade() -> None:
    """Go down one step."""
    op.execute("UPDATE effects SET kind = 'receipt_file' WHERE kind = 'stock_receipt_file'")
    op.drop_index('po_receipt_parts_by_po', 'po_receipt_parts')
