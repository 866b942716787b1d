"""Bringing the ledger's schema up to date, from empty or from any earlier version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from ledger.database import Ledger

_LOCK = 0x57415942
"""The number of PostgreSQL's advisory lock for migrations: two set-ups at once wait for each other."""


class SchemaOutdatedError(Exception):
    """The ledger's schema is not this version's."""


class LedgerMissingError(SchemaOutdatedError):
    """There is no ledger: a wrong path, a lost file, or an installation that was never set up."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def migrate(ledger: Ledger) -> str:
    """The schema's version after everything that was missing was applied; again without harm.

    Raises:
        LedgerUnavailableError: the database is locked, full or out of reach.
    """
    if ledger.is_missing:
        Path(ledger.url.database or "").parent.mkdir(parents=True, exist_ok=True)
    with ledger.statements() as connection:
        if not ledger.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        command.upgrade(_config(connection), "head")
    return newest()


def newest() -> str:
    """The version that this code writes and reads."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def check(ledger: Ledger) -> None:
    """Make sure that the ledger has this code's schema.

    Raises:
        SchemaOutdatedError: `waybill setup` has to run first.
        LedgerMissingError: there is none; a new one would not know what was invoiced.
    """
    if ledger.is_missing:
        raise LedgerMissingError(
            f"there is no ledger at {ledger.url.database}: check ledger_url and the working folder. If the file was "
            "lost, restore the backup first: a new ledger knows nothing of what was invoiced. `waybill setup` makes "
            "an empty one, for a new installation only"
        )
    with ledger.reading() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    if found != newest():
        where = ledger.url.render_as_string()
        raise SchemaOutdatedError(f"the ledger at {where} has schema {found or 'none'}: run `waybill setup`")
