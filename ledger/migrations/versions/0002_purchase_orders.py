"""Purchase orders."""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.create_table('po_files',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('claimed_as', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('sha256', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('bad_rows', sa.Integer(), nullable=False),
    sa.Column('purchase_orders', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('archived_as', sa.String(), nullable=True),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('po_files', schema=None) as batch_op:
        batch_op.create_index('po_files_by_digest', ['tenant', 'sha256'], unique=False)
        batch_op.create_index('po_files_by_state', ['tenant', 'state'], unique=False)

    op.create_table('po_receipt_parts',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('part_id', sa.String(), nullable=False),
    sa.Column('receipt_id', sa.String(), nullable=False),
    sa.Column('po_id', sa.String(), nullable=False),
    sa.Column('line_id', sa.String(), nullable=True),
    sa.Column('sku', sa.String(), nullable=False),
    sa.Column('accepted', sa.String(), nullable=False),
    sa.Column('rejected', sa.String(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('tenant', 'part_id')
    )
    with op.batch_alter_table('po_receipt_parts', schema=None) as batch_op:
        batch_op.create_index('po_receipt_parts_by_receipt', ['tenant', 'receipt_id'], unique=False)

    op.create_table('po_runs',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('run', sa.String(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counts', sa.JSON(), nullable=True),
    sa.Column('hold_cause', sa.String(), nullable=True),
    sa.Column('hold_evidence', sa.Text(), nullable=False),
    sa.Column('hold_since', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('tenant', 'run')
    )
    op.create_table('po_staged_rows',
    sa.Column('file_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('po_id', sa.String(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('file_id', 'number')
    )
    with op.batch_alter_table('po_staged_rows', schema=None) as batch_op:
        batch_op.create_index('po_staged_rows_by_po', ['file_id', 'po_id', 'number'], unique=False)

    op.create_table('purchase_orders',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('po_id', sa.String(), nullable=False),
    sa.Column('number', sa.String(), nullable=True),
    sa.Column('status', sa.String(), nullable=True),
    sa.Column('stage', sa.Enum('PENDING', 'IMPORTED', 'RECEIVED', 'RECEIPT_SYNCED', 'CLOSED', 'CANCELLED', name='postage', native_enum=False, length=30), nullable=False),
    sa.Column('stage_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('hold_cause', sa.String(), nullable=True),
    sa.Column('hold_subject', sa.String(), nullable=False),
    sa.Column('hold_evidence', sa.Text(), nullable=False),
    sa.Column('hold_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('waiting_for', sa.String(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('news', sa.Integer(), nullable=False),
    sa.Column('heard', sa.Integer(), nullable=False),
    sa.Column('told', sa.Text(), nullable=False),
    sa.Column('told_digest', sa.String(), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('file_id', sa.Integer(), nullable=True),
    sa.Column('bad_rows', sa.JSON(), nullable=True),
    sa.Column('oms_id', sa.String(), nullable=True),
    sa.Column('imported', sa.JSON(), nullable=True),
    sa.Column('import_state', sa.Enum('none', 'wanted', 'sent', 'unknown', 'rejected', 'done', name='importstate', native_enum=False, length=30), nullable=False),
    sa.Column('import_problem', sa.Text(), nullable=False),
    sa.Column('import_wanted', sa.Text(), nullable=False),
    sa.Column('import_batch', sa.Integer(), nullable=True),
    sa.Column('import_together', sa.Integer(), nullable=False),
    sa.Column('closed_in_oms', sa.JSON(), nullable=True),
    sa.Column('status_after', sa.String(), nullable=True),
    sa.Column('received_before', sa.JSON(), nullable=True),
    sa.Column('cancel_wanted', sa.Boolean(), nullable=False),
    sa.Column('close_wanted', sa.Boolean(), nullable=False),
    sa.Column('acknowledged', sa.JSON(), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('tenant', 'po_id')
    )
    with op.batch_alter_table('purchase_orders', schema=None) as batch_op:
        batch_op.create_index('purchase_orders_by_batch', ['tenant', 'import_batch'], unique=False)
        batch_op.create_index('purchase_orders_by_import', ['tenant', 'import_state'], unique=False)
        batch_op.create_index('purchase_orders_by_number', ['tenant', 'number'], unique=False)
        batch_op.create_index('purchase_orders_by_oms_id', ['tenant', 'oms_id'], unique=False)
        batch_op.create_index('purchase_orders_by_stage', ['tenant', 'stage'], unique=False)

    op.create_table('sequences',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('next_number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('tenant', 'name')
    )
    op.create_table('po_receipts',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('receipt_id', sa.String(), nullable=False),
    sa.Column('po_id', sa.String(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pieces', sa.JSON(), nullable=True),
    sa.Column('unplanned', sa.JSON(), nullable=True),
    sa.Column('rejected', sa.JSON(), nullable=True),
    sa.Column('state', sa.Enum('new', 'promised', 'sent', 'unverified', 'unknown', 'rejected', 'created', name='receiptstate', native_enum=False, length=30), nullable=False),
    sa.Column('sent', sa.JSON(), nullable=True),
    sa.Column('held_back', sa.JSON(), nullable=True),
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('effect_key', sa.String(), nullable=True),
    sa.Column('file_name', sa.String(), nullable=True),
    sa.Column('in_doubt', sa.Boolean(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('item_receipt_id', sa.String(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['tenant', 'po_id'], ['purchase_orders.tenant', 'purchase_orders.po_id'], ),
    sa.PrimaryKeyConstraint('tenant', 'receipt_id')
    )
    with op.batch_alter_table('po_receipts', schema=None) as batch_op:
        batch_op.create_index('po_receipts_by_file', ['tenant', 'file_name'], unique=False)
        batch_op.create_index('po_receipts_by_po', ['tenant', 'po_id'], unique=False)
        batch_op.create_index('po_receipts_by_state', ['tenant', 'state'], unique=False)

    with op.batch_alter_table('effects', schema=None) as batch_op:
        batch_op.alter_column('order_id',
               existing_type=sa.VARCHAR(),
               nullable=True)
        batch_op.create_index('invoices_by_remote_no', ['tenant', 'remote_no'], unique=True, sqlite_where=sa.text("kind = 'invoice'"), postgresql_where=sa.text("kind = 'invoice'"))

    _journal_of_all_flows()


def _journal_of_all_flows() -> None:
    """Entries are about an order, a purchase order or an upload; all there were are about orders."""
    op.create_table('journal_of_flows',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('flow', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('command_id', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('tenant', 'flow', 'subject', 'command_id')
    )
    op.execute(
        "INSERT INTO journal_of_flows (tenant, flow, subject, at, kind, actor, text, command_id) "
        "SELECT tenant, 'order', order_id, at, kind, actor, text, command_id FROM journal ORDER BY id"
    )
    op.drop_table('journal')
    op.rename_table('journal_of_flows', 'journal')
    op.create_index('journal_by_subject', 'journal', ['tenant', 'flow', 'subject', 'id'], unique=False)


def downgrade() -> None:
    """Go back one step."""
    _journal_of_orders()
    op.execute("DELETE FROM effects WHERE order_id IS NULL")
    with op.batch_alter_table('effects', schema=None) as batch_op:
        batch_op.drop_index('invoices_by_remote_no', sqlite_where=sa.text("kind = 'invoice'"), postgresql_where=sa.text("kind = 'invoice'"))
        batch_op.alter_column('order_id',
               existing_type=sa.VARCHAR(),
               nullable=False)

    with op.batch_alter_table('po_receipts', schema=None) as batch_op:
        batch_op.drop_index('po_receipts_by_state')
        batch_op.drop_index('po_receipts_by_po')
        batch_op.drop_index('po_receipts_by_file')

    op.drop_table('po_receipts')
    op.drop_table('sequences')
    with op.batch_alter_table('purchase_orders', schema=None) as batch_op:
        batch_op.drop_index('purchase_orders_by_stage')
        batch_op.drop_index('purchase_orders_by_oms_id')
        batch_op.drop_index('purchase_orders_by_number')
        batch_op.drop_index('purchase_orders_by_import')
        batch_op.drop_index('purchase_orders_by_batch')

    op.drop_table('purchase_orders')
    with op.batch_alter_table('po_staged_rows', schema=None) as batch_op:
        batch_op.drop_index('po_staged_rows_by_po')

    op.drop_table('po_staged_rows')
    op.drop_table('po_runs')
    with op.batch_alter_table('po_receipt_parts', schema=None) as batch_op:
        batch_op.drop_index('po_receipt_parts_by_receipt')

    op.drop_table('po_receipt_parts')
    with op.batch_alter_table('po_files', schema=None) as batch_op:
        batch_op.drop_index('po_files_by_state')
        batch_op.drop_index('po_files_by_digest')

    op.drop_table('po_files')


def _journal_of_orders() -> None:
    """The journal as it was: entries about anything else are lost."""
    op.create_table('journal_of_orders',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('command_id', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('tenant', 'order_id', 'command_id')
    )
    op.execute(
        "INSERT INTO journal_of_orders (tenant, order_id, at, kind, actor, text, command_id) "
        "SELECT tenant, subject, at, kind, actor, text, command_id FROM journal WHERE flow = 'order' ORDER BY id"
    )
    op.drop_table('journal')
    op.rename_table('journal_of_orders', 'journal')
    op.create_index('journal_by_order', 'journal', ['tenant', 'order_id', 'id'], unique=False)
