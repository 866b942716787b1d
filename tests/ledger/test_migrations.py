"""The schema comes up from empty on both databases, again without harm, and is what the code declares."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel, insert, select

import ledger as ledger_package
from activities.promises import SLIPS
from domain.purchase_order import ReceiptState
from domain.stages import EffectKind
from ledger import sequences
from ledger.database import Ledger
from ledger.migrate import LedgerMissingError, SchemaOutdatedError, check, migrate, newest
from ledger.po_tables import PoFileRow, PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow
from tests.support.ledgers import NOW


@pytest.fixture
def ledger(empty: Ledger) -> Ledger:
    """A database of its own for each test: these change the schema."""
    migrate(empty)
    return empty


def tables_of(ledger: Ledger) -> set[str]:
    return set(inspect(ledger.engine).get_table_names())


def test_an_empty_database_gets_every_table(empty: Ledger) -> None:
    assert tables_of(empty) == set()
    assert migrate(empty) == newest()
    assert tables_of(empty) == {*SQLModel.metadata.tables, "alembic_version"}


def test_a_second_migration_changes_nothing_and_keeps_the_books(ledger: Ledger) -> None:
    with ledger.writing() as session:
        session.execute(text("INSERT INTO sequences (tenant, name, next_number) VALUES ('gt', 'slips', 7)"))
    assert migrate(ledger) == newest()
    with ledger.reading() as session:
        assert session.execute(text("SELECT next_number FROM sequences")).scalar_one() == 7


def test_the_migrated_schema_is_the_one_the_code_declares(ledger: Ledger) -> None:
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_schema_goes_down_to_empty_and_up_again(ledger: Ledger) -> None:
    _move(ledger, command.downgrade, "base")
    assert tables_of(ledger) == {"alembic_version"}
    migrate(ledger)
    check(ledger)


def test_the_slip_numbers_of_a_ledger_before_purchase_orders_go_on_where_they_were(empty: Ledger) -> None:
    _move(empty, command.upgrade, "0001")
    with empty.writing() as session:
        session.execute(text("INSERT INTO slip_numbers (tenant, next_number) VALUES ('gt', 31900)"))
    _move(empty, command.upgrade, "0002")
    with empty.writing() as session:
        session.execute(text("INSERT INTO sequences (tenant, name, next_number) VALUES ('gt', 'po_import', 3)"))
    migrate(empty)
    with empty.writing() as session:
        assert sequences.next_number(session, "gt", SLIPS, start=1) == 31900
    _move(empty, command.downgrade, "0001")
    with empty.reading() as session:
        assert session.execute(text("SELECT next_number FROM slip_numbers")).scalar_one() == 31901


def test_a_ledger_that_has_the_claims_of_calls_already_goes_on_from_there(empty: Ledger) -> None:
    _move(empty, command.upgrade, "0004")
    with empty.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    migrate(empty)
    check(empty)


def test_times_that_netsuite_told_are_known_as_such_and_those_of_our_clock_are_not(empty: Ledger) -> None:
    _move(empty, command.upgrade, "0004")
    told = (
        "INSERT INTO purchase_orders (tenant, po_id, status, told_at, stage, stage_since, hold_subject, hold_evidence, "
        "waiting_for, news, heard, told, told_digest, import_state, import_problem, import_wanted, import_together, "
        "cancel_wanted, close_wanted, seen_at) VALUES ('gt', :po_id, :status, '2026-11-20 10:15:00', 'PENDING', "
        "'2026-11-20 10:15:00', '', '', '', 0, 0, '', '', 'none', '', '', 0, false, false, '2026-11-20 10:15:00')"
    )
    with empty.writing() as session:
        for po_id, status in (("1", "B"), ("2", None)):
            session.execute(text(told), {"po_id": po_id, "status": status})
    migrate(empty)
    with empty.reading() as session:
        times = session.execute(text("SELECT po_id, modified_at IS NULL FROM purchase_orders ORDER BY po_id")).all()
    assert [(po_id, bool(is_unknown)) for po_id, is_unknown in times] == [("1", False), ("2", True)]


def _move(ledger: Ledger, step: Callable[[Config, str], None], revision: str) -> None:
    """Take the schema to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(str(ledger_package.__file__)).parent / "migrations"))
    with ledger.engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config, revision)


def test_set_ups_at_once_wait_for_each_other(empty: Ledger) -> None:
    url = empty.url.render_as_string(hide_password=False)

    start = Barrier(6)

    def set_up(_: int) -> str:
        with contextlib.closing(Ledger(url)) as mine:
            start.wait()
            return migrate(mine)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(set_up, range(6))) == {newest()}
    check(empty)


def test_a_ledger_without_schema_is_refused_with_what_to_do(empty: Ledger) -> None:
    with empty.statements() as connection:
        connection.execute(text("CREATE TABLE something_else (id INTEGER)"))
    with pytest.raises(SchemaOutdatedError, match="has schema none: run `waybill setup`"):
        check(empty)


def test_a_ledger_that_is_not_there_is_no_new_ledger_and_asking_makes_none(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/books/ledger.db")
    with pytest.raises(LedgerMissingError, match=r"no ledger at .*restore the backup first"):
        check(ledger)
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_of_another_version_is_refused(ledger: Ledger) -> None:
    with ledger.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaOutdatedError, match="has schema 0000"):
        check(ledger)


def test_a_ledger_of_this_version_is_taken(ledger: Ledger) -> None:
    check(ledger)


def test_files_that_only_the_stock_importer_can_have_read_are_told_from_ours(empty: Ledger) -> None:
    _move(empty, command.upgrade, "0007")
    with empty.writing() as session:
        for tenant, item_receipt in (("stock", None), ("ours", "991")):
            key = f"receipt_file/{tenant}/1"
            common: dict[str, Any] = {"tenant": tenant, "po_id": "1", "received_at": NOW}
            session.add(EffectRow(key=key, tenant=tenant, kind=EffectKind.RECEIPT_FILE, body="", planned_at=NOW))
            order = PurchaseOrderRow(tenant=tenant, po_id="1", stage_since=NOW, seen_at=NOW)
            session.exec(insert(PurchaseOrderRow).values(**order.model_dump(exclude={"received_by_others"})))
            silent, made = ReceiptState.UNVERIFIED, ReceiptState.CREATED
            session.add(ReceiptRow(receipt_id="1", state=silent, effect_key=key, **common))
            session.add(ReceiptRow(receipt_id="2", state=made, item_receipt_id=item_receipt, **common))
    migrate(empty)
    with empty.reading() as session:
        kinds = {row.tenant: row.kind for row in session.exec(select(EffectRow))}
    assert kinds == {"stock": EffectKind.STOCK_RECEIPT_FILE, "ours": EffectKind.RECEIPT_FILE}


def test_a_ledger_of_larger_files_than_the_step_before_can_tell_goes_down_all_the_same(ledger: Ledger) -> None:
    with ledger.writing() as session:
        file = PoFileRow(tenant="gt", kind="orders", name="x", claimed_as="x", state="done", size=3 << 30, taken_at=NOW)
        session.add(file)
    _move(ledger, command.downgrade, "0010")
    _move(ledger, command.upgrade, "0011")
    with ledger.reading() as session:
        assert session.exec(select(PoFileRow.size)).one() == (3 << 30 if ledger.is_sqlite else (1 << 31) - 1)
