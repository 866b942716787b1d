"""How Alembic reaches the ledger: on the connection that `ledger.migrate` opened."""

from alembic import context
from sqlmodel import SQLModel

from ledger import po_tables, tables

target_metadata = SQLModel.metadata
_ = (tables, po_tables)

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=target_metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
