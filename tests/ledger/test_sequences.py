"""Stored sequences: each number is given once, in turn, and to one only."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

from ledger import sequences
from ledger.database import Ledger

TENANT, NAME = "gt", "slips"


def test_numbers_are_given_once_and_in_turn_to_eight_at_once(ledger: Ledger) -> None:
    def take(_: int) -> int:
        with ledger.writing() as session:
            return sequences.next_number(session, TENANT, NAME, 31877)

    first = take(0)
    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(take, range(40)))
    assert [first, *numbers] == list(range(31877, 31877 + 41))


def test_each_tenant_has_its_own_numbers(ledger: Ledger) -> None:
    with ledger.writing() as session:
        taken = [sequences.next_number(session, tenant, NAME, 5) for tenant in ("gt", "hn", "gt")]
    assert taken == [5, 5, 6]


def test_a_number_of_a_change_that_failed_is_given_again(ledger: Ledger) -> None:
    with contextlib.suppress(ZeroDivisionError), ledger.writing() as session:
        sequences.next_number(session, TENANT, NAME, 5)
        raise ZeroDivisionError
    with ledger.writing() as session:
        assert sequences.next_number(session, TENANT, NAME, 5) == 5
