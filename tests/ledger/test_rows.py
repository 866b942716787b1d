"""Rows are read under a lock as they are now, and written at once."""

import contextlib
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy.exc import NoResultFound

from domain.stages import EffectState
from ledger.database import Ledger
from ledger.rows import locked, locked_or_none, write
from ledger.tables import EffectRow
from tests.support.ledgers import effect, promise

KEY = "invoice/gt/W1001/0"


def test_a_row_that_does_not_exist_is_none_or_an_error(ledger: Ledger) -> None:
    with ledger.writing() as session:
        assert locked_or_none(session, EffectRow, key=KEY) is None
        with pytest.raises(NoResultFound):
            locked(session, EffectRow, key=KEY)


def test_who_locks_a_row_that_another_changes_waits_and_sees_the_change(ledger: Ledger) -> None:
    promise(ledger)

    def read() -> int:
        with ledger.writing() as session:
            session.get(EffectRow, KEY)  # what it was before the lock must not stay
            return locked(session, EffectRow, key=KEY).attempt

    with ThreadPoolExecutor(1) as pool:
        with ledger.writing() as session:
            write(session, locked(session, EffectRow, key=KEY), attempt=7)
            reading = pool.submit(read)
            assert wait([reading], timeout=0.2).not_done
        assert reading.result() == 7


def test_what_is_written_is_in_the_object_and_in_the_ledger_and_nothing_is_left_to_flush(ledger: Ledger) -> None:
    promise(ledger)
    with ledger.writing() as session:
        row = locked(session, EffectRow, key=KEY)
        write(session, row, state=EffectState.DONE, number="17")
        assert (row.state, row.number, list(session.dirty)) == (EffectState.DONE, "17", [])
    stored = effect(ledger)
    assert (stored.state, stored.number, stored.problem) == (EffectState.DONE, "17", "")


def test_a_write_wins_over_an_older_change_of_the_object_and_keeps_the_others(ledger: Ledger) -> None:
    promise(ledger)
    with ledger.writing() as session:
        row = locked(session, EffectRow, key=KEY)
        row.attempt, row.problem = 1, "no answer"
        write(session, row, attempt=2)
    stored = effect(ledger)
    assert (stored.attempt, stored.problem) == (2, "no answer")


def test_what_was_written_in_a_transaction_that_failed_is_not_there(ledger: Ledger) -> None:
    promise(ledger)
    with contextlib.suppress(ZeroDivisionError), ledger.writing() as session:
        write(session, locked(session, EffectRow, key=KEY), number="17")
        raise ZeroDivisionError
    assert effect(ledger).number is None


def test_a_write_changes_one_row_only(ledger: Ledger) -> None:
    promise(ledger)
    promise(ledger, "invoice/gt/W1001/1", revision=1)
    with ledger.writing() as session:
        write(session, locked(session, EffectRow, key=KEY), number="17")
    assert effect(ledger, "invoice/gt/W1001/1").number is None
