"""The invoicing store by each of a tenant's policies, with ties and the reason that operators read (hotwax 5.1)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.invoicing_store import elect_invoicing_store, shippers_of
from domain.order import Line, Order
from domain.policy import TenantPolicy
from tests.support.making_orders import LAWS, a_line, a_policy, at, digital_line, policies, priced_orders

EARLY_ONE, LATE_TWO = a_line("1", "F1", completed_at=at(1)), a_line("2", "F2", completed_at=at(9), quantity=2)


@pytest.mark.parametrize(
    ("policy", "store", "reason"),
    [
        ("first_shipped", "S1", "first_shipped: S1 shipped first, at 2026-03-01 09:01:00Z"),
        ("last_fulfilled", "S2", "last_fulfilled: S2 fulfilled last, at 2026-03-01 09:09:00Z"),
        ("most_units", "S2", "most_units: S2 shipped 2 units"),
        ("fixed", "S3", "fixed: the tenant's store"),
    ],
)
def test_each_policy_elects_its_store_and_says_why(policy: str, store: str, reason: str) -> None:
    election = elect_invoicing_store([EARLY_ONE, LATE_TWO], a_policy(invoicing_store=policy, fixed_store="S3"))
    assert election is not None
    assert (election.store, election.reason) == (store, reason)


def test_the_first_and_the_last_line_of_a_store_count_and_not_those_between() -> None:
    lines = [
        a_line("1", "F1", completed_at=at(2)),
        a_line("2", "F2", completed_at=at(1)),
        a_line("3", "F2", completed_at=at(3)),
        a_line("4", "F1", completed_at=at(4)),
    ]
    elected = {
        policy: _store(lines, a_policy(invoicing_store=policy)) for policy in ("first_shipped", "last_fulfilled")
    }
    assert elected == {"first_shipped": "S2", "last_fulfilled": "S1"}


@pytest.mark.parametrize("policy", ["first_shipped", "last_fulfilled", "most_units"])
@pytest.mark.parametrize(
    ("units", "store"),
    [({"F1": 1, "F2": 1}, "S1"), ({"F3": 1, "F2": 1}, "S2")],
    ids=["smallest code", "also when it comes second"],
)
def test_a_complete_tie_goes_to_the_smallest_store_code(policy: str, units: dict[str, int], store: str) -> None:
    lines = [a_line(facility, facility, quantity=count) for facility, count in units.items()]
    assert _store(lines, a_policy(invoicing_store=policy)) == store


@pytest.mark.parametrize("policy", ["first_shipped", "last_fulfilled"])
def test_a_tie_of_times_goes_to_most_units(policy: str) -> None:
    lines = [a_line("1", "F1"), a_line("2", "F2", quantity=2)]
    assert _store(lines, a_policy(invoicing_store=policy)) == "S2"


def test_digital_lines_and_unmapped_facilities_elect_nobody() -> None:
    lines = [digital_line("1"), a_line("2", "X9"), a_line("3", "F3", completed_at=at(99))]
    assert [s.store for s in shippers_of(lines, a_policy())] == ["S3"]
    assert _store(lines, a_policy()) == "S3"


def test_an_order_of_digital_lines_goes_to_the_digital_store_or_to_nobody() -> None:
    assert elect_invoicing_store([digital_line()], a_policy()) is None
    assert _store([digital_line()], a_policy(digital_store="S3")) == "S3"


def test_a_line_fulfilled_without_a_time_is_an_error_that_names_the_store() -> None:
    with pytest.raises(ValueError, match="S1"):
        shippers_of([a_line(completed_at=None)], a_policy())


def test_fixed_needs_a_store() -> None:
    with pytest.raises(ValidationError, match="needs fixed_store"):
        a_policy(invoicing_store="fixed")


def test_a_retail_pro_store_belongs_to_one_facility_only() -> None:
    with pytest.raises(ValidationError, match=r"mapped twice.*F1 -> S1.*F9 -> S1"):
        a_policy(stores={"F1": "S1", "F2": "S2", "F9": "S1"})


@LAWS
@given(priced_orders(), policies(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_never_changes_the_election(order: Order, policy: TenantPolicy, chance: Random) -> None:
    shuffled = list(order.lines)
    chance.shuffle(shuffled)
    assert elect_invoicing_store(shuffled, policy) == elect_invoicing_store(order.lines, policy)


@LAWS
@given(priced_orders(), policies())
def test_a_store_is_elected_only_if_it_shipped_or_is_fixed(order: Order, policy: TenantPolicy) -> None:
    elected = _store(order.lines, policy)
    assert elected in {s.store for s in shippers_of(order.lines, policy)} | {policy.fixed_store}


def _store(lines: list[Line] | tuple[Line, ...], policy: TenantPolicy) -> str:
    election = elect_invoicing_store(lines, policy)
    assert election is not None
    return election.store
