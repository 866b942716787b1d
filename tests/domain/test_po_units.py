"""Pieces and units: an exact value, or a refusal by name; never a rounded one."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.po_units import NotExact, plain, to_pieces, to_unit, total
from tests.support.making_orders import LAWS

quantities = st.decimals("0.00001", "999999999", places=5)
rates = st.decimals("0.001", "100000", places=3)


@LAWS
@given(quantities, rates)
def test_there_and_back_is_the_same_or_refused(quantity: Decimal, rate: Decimal) -> None:
    pieces = to_pieces(quantity, rate, 8)
    assert isinstance(pieces, Decimal)
    assert to_unit(pieces, rate, 8) == quantity


@LAWS
@given(st.integers(1, 10**9), st.integers(1, 10**6))
def test_a_unit_is_only_told_where_its_pieces_come_back_exactly(pieces: int, rate: int) -> None:
    units = to_unit(Decimal(pieces), Decimal(rate), 5)
    if isinstance(units, Decimal):
        assert units * rate == pieces
        assert pieces * 10**5 % rate == 0
    else:
        assert pieces * 10**5 % rate != 0


@pytest.mark.parametrize(
    ("pieces", "rate", "told"),
    [
        ("10", "12", "10 pieces in units of 12 have no exact decimal value"),
        ("1", "64", "1 pieces in units of 64 need 6 decimals, 5 are allowed"),
        ("10", "0", "the unit's rate is 0"),
        ("10", "-1", "the unit's rate is -1"),
        ("NaN", "1", "is no quantity"),
        ("Infinity", "1", "is no quantity"),
        ("1E+30", "1", "more than 20 digits"),
        ("1E-30", "1", "more than 20 digits"),
        ("123456789012345678901", "1", "more than 20 digits"),
    ],
)
def test_what_has_no_exact_value_is_refused_by_name(pieces: str, rate: str, told: str) -> None:
    refused = to_unit(Decimal(pieces), Decimal(rate), 5)
    assert isinstance(refused, NotExact)
    assert told in refused.reason


def test_without_a_rate_pieces_are_meant() -> None:
    assert to_pieces(Decimal("2.50"), None, 5) == to_unit(Decimal("2.5"), None, 5) == Decimal("2.5")


def test_more_decimals_than_allowed_are_refused_in_pieces_as_well() -> None:
    refused = to_pieces(Decimal("0.333333"), Decimal(1), 5)
    assert isinstance(refused, NotExact)
    assert "need 6 decimals, 5 are allowed" in refused.reason


def test_results_are_written_without_exponents_or_trailing_zeros() -> None:
    assert str(to_pieces(Decimal("1E+2"), Decimal("10.0"), 5)) == "1000"
    assert (plain(Decimal("1000.50")), plain(Decimal("0.000")), plain(Decimal("1E+3"))) == ("1000.5", "0", "1000")


def test_sums_lose_no_digit() -> None:
    assert total([Decimal(10**19), Decimal("0.0000000001")]) == Decimal("10000000000000000000.0000000001")
