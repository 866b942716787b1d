"""The first ledger."""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go up one step."""
    op.create_table('call_budgets',
    sa.Column('system', sa.String(), nullable=False),
    sa.Column('next_at', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('system')
    )
    op.create_table('call_slots',
    sa.Column('system', sa.String(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('until', sa.Float(), nullable=False),
    sa.PrimaryKeyConstraint('system', 'slot')
    )
    op.create_table('feed_cursors',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('cursor', sa.DateTime(timezone=True), nullable=False),
    sa.Column('polled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('tenant', 'feed')
    )
    op.create_table('feed_events',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('happened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('backfill', sa.Boolean(), nullable=False),
    sa.Column('dispatched_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('tenant', 'feed', 'event_id')
    )
    with op.batch_alter_table('feed_events', schema=None) as batch_op:
        batch_op.create_index('feed_events_undispatched', ['tenant', 'feed', 'dispatched_at'], unique=False)

    op.create_table('journal',
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
    with op.batch_alter_table('journal', schema=None) as batch_op:
        batch_op.create_index('journal_by_order', ['tenant', 'order_id', 'id'], unique=False)

    op.create_table('orders',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('order_no', sa.String(), nullable=True),
    sa.Column('channel', sa.String(), nullable=True),
    sa.Column('stage', sa.Enum('AWAITING_LINES', 'INVOICING', 'TRANSFERRING', 'DONE', 'CANCELLED', 'SKIPPED', name='stage', native_enum=False, length=30), nullable=False),
    sa.Column('stage_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('hold_cause', sa.String(), nullable=True),
    sa.Column('hold_subject', sa.String(), nullable=False),
    sa.Column('hold_evidence', sa.Text(), nullable=False),
    sa.Column('hold_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('waiting_for', sa.String(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('store', sa.String(), nullable=True),
    sa.Column('store_reason', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=True),
    sa.Column('total', sa.String(), nullable=True),
    sa.Column('force', sa.JSON(), nullable=True),
    sa.Column('cancel_wanted', sa.Boolean(), nullable=False),
    sa.Column('acknowledged', sa.JSON(), nullable=True),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('tenant', 'order_id')
    )
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.create_index('orders_by_hold', ['tenant', 'hold_cause', 'hold_subject'], unique=False)
        batch_op.create_index('orders_by_number', ['tenant', 'order_no'], unique=False)
        batch_op.create_index('orders_by_stage', ['tenant', 'stage'], unique=False)

    op.create_table('slip_numbers',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('next_number', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('tenant')
    )
    op.create_table('effects',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('order_no', sa.String(), nullable=False),
    sa.Column('kind', sa.Enum('invoice', 'slip', 'write_back', name='effectkind', native_enum=False, length=30), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('store', sa.String(), nullable=False),
    sa.Column('state', sa.Enum('planned', 'sending', 'unknown', 'rejected', 'done', name='effectstate', native_enum=False, length=30), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('remote_no', sa.String(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('lines', sa.JSON(), nullable=True),
    sa.Column('stores', sa.JSON(), nullable=True),
    sa.Column('amount', sa.String(), nullable=False),
    sa.Column('order_discount', sa.String(), nullable=False),
    sa.Column('in_doubt', sa.Boolean(), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('number', sa.String(), nullable=True),
    sa.Column('problem', sa.Text(), nullable=False),
    sa.Column('http_status', sa.Integer(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('foreign', sa.Boolean(), nullable=False),
    sa.Column('confirmed', sa.Boolean(), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['tenant', 'order_id'], ['orders.tenant', 'orders.order_id'], ),
    sa.PrimaryKeyConstraint('key')
    )
    with op.batch_alter_table('effects', schema=None) as batch_op:
        batch_op.create_index('effects_by_number', ['tenant', 'order_no'], unique=False)
        batch_op.create_index('effects_by_order', ['tenant', 'order_id'], unique=False)
        batch_op.create_index('effects_by_state', ['state'], unique=False)

    op.create_table('order_lines',
    sa.Column('tenant', sa.String(), nullable=False),
    sa.Column('order_id', sa.String(), nullable=False),
    sa.Column('line_id', sa.String(), nullable=False),
    sa.Column('product_id', sa.String(), nullable=False),
    sa.Column('upc', sa.String(), nullable=True),
    sa.Column('facility_id', sa.String(), nullable=False),
    sa.Column('store', sa.String(), nullable=True),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('digital', sa.Boolean(), nullable=False),
    sa.Column('unit_price', sa.String(), nullable=False),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['tenant', 'order_id'], ['orders.tenant', 'orders.order_id'], ),
    sa.PrimaryKeyConstraint('tenant', 'order_id', 'line_id')
    )


def downgrade() -> None:
    """Go back one step."""
    op.drop_table('order_lines')
    with op.batch_alter_table('effects', schema=None) as batch_op:
        batch_op.drop_index('effects_by_state')
        batch_op.drop_index('effects_by_order')
        batch_op.drop_index('effects_by_number')

    op.drop_table('effects')
    op.drop_table('slip_numbers')
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_index('orders_by_stage')
        batch_op.drop_index('orders_by_number')
        batch_op.drop_index('orders_by_hold')

    op.drop_table('orders')
    with op.batch_alter_table('journal', schema=None) as batch_op:
        batch_op.drop_index('journal_by_order')

    op.drop_table('journal')
    with op.batch_alter_table('feed_events', schema=None) as batch_op:
        batch_op.drop_index('feed_events_undispatched')

    op.drop_table('feed_events')
    op.drop_table('feed_cursors')
    op.drop_table('call_slots')
    op.drop_table('call_budgets')
