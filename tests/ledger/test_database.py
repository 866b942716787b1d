"""The books take a change whole or not at all, survive a locked or full disk, and never tell what stands in them."""

import contextlib
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from ledger import database, journal, orders
from ledger.database import Ledger, LedgerUnavailableError
from ledger.migrate import migrate
from ledger.tables import EffectRow, OrderRow
from tests.support.ledgers import NOW, draft, promise

ROOT = Path(__file__).parents[2]
SECRET = "Leonora Quetzalli, Calle 12"


def numbers_of_orders(ledger: Ledger) -> list[str]:
    with ledger.reading() as session:
        return [row.order_id for row in orders.find(session, orders.OrderFilter())]


def see(session: Session, order_id: str) -> None:
    orders.see(session, "gt", order_id, NOW)


def add_effect(ledger: Ledger, **more: str) -> None:
    """A row as it is, without anybody having looked whether it may be there."""
    with ledger.writing() as session:
        row = draft(**more).model_dump(exclude={"amount", "order_discount"})
        session.add(EffectRow(**row, planned_at=NOW))


@pytest.mark.parametrize("durable", [False, True])
def test_a_change_is_written_as_a_whole_or_not_at_all(ledger: Ledger, durable: bool) -> None:
    opened = ledger.durable if durable else ledger.writing
    with contextlib.suppress(ZeroDivisionError), opened() as session:
        see(session, "1")
        session.flush()
        raise ZeroDivisionError
    assert numbers_of_orders(ledger) == []
    with opened() as session:
        see(session, "1")
    assert numbers_of_orders(ledger) == ["1"]


def test_a_change_is_not_seen_before_it_is_committed(ledger: Ledger) -> None:
    with ledger.writing() as session:
        see(session, "1")
        assert numbers_of_orders(ledger) == []
    assert numbers_of_orders(ledger) == ["1"]


def test_an_effect_of_no_order_is_refused(ledger: Ledger) -> None:
    with pytest.raises(IntegrityError):
        add_effect(ledger)


def test_moments_come_back_aware_and_naive_ones_are_refused(ledger: Ledger) -> None:
    with ledger.writing() as session:
        see(session, "1")
    with ledger.reading() as session:
        row = session.get_one(OrderRow, ("gt", "1"))
    assert (row.seen_at, row.seen_at.tzinfo) == (NOW, NOW.tzinfo)
    with pytest.raises(Exception, match="has no time zone"), ledger.writing() as session:
        orders.see(session, "gt", "2", NOW.replace(tzinfo=None))


def test_an_error_of_the_database_never_tells_what_was_to_be_written(ledger: Ledger) -> None:
    promise(ledger, body=SECRET)
    with pytest.raises(IntegrityError) as caught:
        add_effect(ledger, body=SECRET)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_server_out_of_reach_is_an_outage_and_its_password_stays_secret() -> None:
    ledger = Ledger("postgresql://waybill:hunter2@127.0.0.1:9/books")
    with pytest.raises(LedgerUnavailableError, match="did not answer") as caught:
        numbers_of_orders(ledger)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
    ledger.close()


def test_no_free_connection_is_an_outage_too(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.engine.pool, "_timeout", 0.1)
    with contextlib.ExitStack() as held:
        for _ in range(40):
            held.enter_context(ledger.engine.connect())
        with pytest.raises(LedgerUnavailableError, match="QueuePool limit"):
            numbers_of_orders(ledger)
    assert numbers_of_orders(ledger) == []


@pytest.mark.parametrize("plain", ["postgresql://h/db", "postgres://h/db", "postgresql+psycopg://h/db"])
def test_every_spelling_of_postgresql_means_the_same_driver(plain: str) -> None:
    assert Ledger(plain).url.drivername == "postgresql+psycopg"


# ---- SQLite ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "books" / "ledger.db"


@pytest.fixture
def sqlite_ledger(file: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger that waits a short while only for another's lock."""
    monkeypatch.setattr(database, "BUSY_MS", 200)
    ledger = Ledger(f"sqlite:///{file}")
    migrate(ledger)
    return ledger


def pragma(session: Session, name: str) -> object:
    return session.execute(text(f"PRAGMA {name}")).scalar_one()


def test_sqlite_keeps_an_effect_through_a_power_cut_and_the_rest_through_a_crash(file: Path) -> None:
    ledger = Ledger(f"sqlite:///{file}")
    migrate(ledger)
    found = []
    for opened in (ledger.writing, ledger.durable, ledger.writing):
        with opened() as session:
            found.append([pragma(session, p) for p in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")])
    ledger.close()
    normal, full = 1, 2
    common = ["wal", 1, 10_000]
    assert found == [[normal, *common], [full, *common], [normal, *common]]


def test_a_locked_ledger_is_a_clear_error_and_the_step_can_be_repeated(sqlite_ledger: Ledger, file: Path) -> None:
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailableError, match=r"ledger\.db did not answer: database is locked.*tried again"):
        promise(sqlite_ledger, body=SECRET)
    assert numbers_of_orders(sqlite_ledger) == []  # readers do not wait for the lock
    holder.close()
    assert promise(sqlite_ledger, body=SECRET).body == SECRET
    sqlite_ledger.close()


FULL_DISK = """
import resource, signal, sys, traceback
from ledger.database import Ledger, LedgerUnavailableError
from ledger.migrate import migrate
from tests.support.ledgers import effect, promise

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = Ledger(sys.argv[1])
migrate(ledger)
promise(ledger, "invoice/gt/W1/0")
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, hard))
try:
    for number in range(200):
        promise(ledger, f"invoice/gt/W2/{number}", body="Leonora Quetzalli, Calle 12 " * 500)
    sys.exit("the disk never was full")
except LedgerUnavailableError as error:
    sys.stdout.write("".join(traceback.format_exception(error)))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
promise(ledger, f"invoice/gt/W2/{number}")
assert effect(ledger, "invoice/gt/W1/0").order_no == "W1001"
ledger.close()
sys.stdout.write("went on")
"""


def test_a_full_disk_is_a_clear_error_and_the_step_can_be_repeated_once_there_is_room(file: Path) -> None:
    url = f"sqlite:///{file}"
    command = [sys.executable, "-W", "error", "-c", FULL_DISK, url]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603 - our own script
    assert ran.returncode == 0, ran.stderr
    assert "LedgerUnavailableError: the ledger at" in ran.stdout
    assert "Free the disk or the lock; the step is tried again" in ran.stdout
    assert ran.stdout.endswith("went on")
    assert "Leonora" not in ran.stdout


def test_the_journal_is_part_of_the_change_it_tells(sqlite_ledger: Ledger) -> None:
    with contextlib.suppress(ZeroDivisionError), sqlite_ledger.writing() as session:
        see(session, "1")
        journal.write(session, ("gt", "1"), NOW, "stage", "moved")
        raise ZeroDivisionError
    with sqlite_ledger.reading() as session:
        assert journal.timeline(session, "gt", "1") == []
    sqlite_ledger.close()
