"""Amounts are exact to the fourth place, whatever the prices, discounts, taxes and quantities."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    PLACES,
    ZERO,
    gross_of,
    net_of,
    order_total,
    share_of_discount,
    shipping_of,
    split_exactly,
    tax_of,
    unit_prices,
    unknown_adjustments,
)
from domain.order import Line
from tests.support.making_orders import (
    LAWS,
    a_line,
    a_policy,
    adjustment,
    amounts,
    an_order,
    cancelled_line,
    priced_lines,
)

PROMO, TAX = "EXT_PROMO_ADJUSTMENT", "SALES_TAX"


@LAWS
@given(st.decimals(min_value=-5000, max_value=5000, places=4), st.integers(1, 50))
def test_shares_add_up_exactly_and_differ_by_one_last_place_at_most(total: Decimal, units: int) -> None:
    shares = split_exactly(total, units)
    assert (len(shares), sum(shares)) == (units, total)
    assert max(shares) - min(shares) <= PLACES
    assert shares == sorted(shares, reverse=True)


def test_a_total_finer_than_the_wire_is_rounded_half_to_even_first() -> None:
    assert split_exactly(Decimal("1.00005"), 1) == [Decimal("1.0000")]
    assert split_exactly(Decimal("1.00015"), 1) == [Decimal("1.0002")]


def test_the_published_example_of_an_uneven_split_is_exact() -> None:
    assert split_exactly(Decimal(10), 3) == [Decimal("3.3334"), Decimal("3.3333"), Decimal("3.3333")]


@LAWS
@given(priced_lines())
def test_the_units_of_a_line_add_up_to_its_amounts(line: Line) -> None:
    units = unit_prices(line)
    assert sum(units.values()) == line.quantity
    assert sum((u.orig_price * n for u, n in units.items()), ZERO) == gross_of(line)
    assert sum((u.price * n for u, n in units.items()), ZERO) == net_of(line)
    assert sum((u.tax * n for u, n in units.items()), ZERO) == tax_of(line)


def test_the_reference_example_keeps_the_tax_in_proportion_to_the_price() -> None:
    """Retailpro 2.1: 100 before and 90 after a discount, 12 % contained: 10.7143 and 9.6429."""
    line = a_line(adjustments=(adjustment(PROMO, -10), adjustment(TAX, "9.6429")))
    (unit,) = unit_prices(line)
    assert (unit.orig_price, unit.orig_tax, unit.price, unit.tax) == tuple(
        map(Decimal, ("100.0000", "10.7143", "90.0000", "9.6429"))
    )


def test_a_line_given_away_keeps_its_tax_as_it_is() -> None:
    line = a_line(adjustments=(adjustment(PROMO, -100), adjustment(TAX, 12)))
    (unit,) = unit_prices(line)
    assert (unit.price, unit.tax, unit.orig_tax) == (ZERO, Decimal(12), Decimal(12))


def test_several_tax_rows_and_one_that_takes_back_are_added_up() -> None:
    rows = (adjustment(TAX, "9.6429"), adjustment(TAX, "1.5"), adjustment(TAX, "-0.5"))
    assert tax_of(a_line(adjustments=rows)) == Decimal("10.6429")


@pytest.mark.parametrize(
    ("mode", "freight", "total"), [("included", "12.00", "192.00"), ("excluded", "13.80", "214.20")]
)
def test_taxes_grow_the_total_only_where_they_come_on_top(mode: str, freight: str, total: str) -> None:
    lines = [a_line(n, adjustments=(adjustment(PROMO, -10), adjustment(TAX, "10.2"))) for n in ("1", "2")]
    shipping = [("SHIPPING_CHARGES", "15"), ("EXT_SHIP_ADJUSTMENT", "-3"), ("SHIPPING_SALES_TAX", "1.8")]
    order = an_order(*lines, adjustments=tuple(adjustment(kind, amount) for kind, amount in shipping))
    policy = a_policy(tax_mode=mode)
    assert (shipping_of(order, policy), order_total(order, policy)) == (Decimal(freight), Decimal(total))


def test_a_cancelled_line_is_no_part_of_the_total() -> None:
    order = an_order(a_line("1"), cancelled_line("2"))
    assert order_total(order, a_policy()) == Decimal(100)


def test_an_amount_of_an_unknown_kind_is_found_on_lines_and_on_the_order() -> None:
    line = a_line(adjustments=(adjustment("FEE", 1), adjustment(TAX, 2), adjustment("DONATION_ADJUSTMENT", 0)))
    order = an_order(line, adjustments=(adjustment("DONATION_ADJUSTMENT", 5), adjustment("SHIPPING_CHARGES", 3)))
    assert [a.kind for a in unknown_adjustments(order, order.lines, a_policy())] == ["FEE", "DONATION_ADJUSTMENT"]


def test_a_tax_on_the_whole_order_is_unknown_since_no_line_carries_it() -> None:
    order = an_order(a_line(), adjustments=(adjustment(TAX, 5),))
    assert [a.kind for a in unknown_adjustments(order, order.lines, a_policy())] == [TAX]


@LAWS
@given(amounts, st.lists(amounts, min_size=1, max_size=5))
def test_shares_of_a_discount_miss_it_by_half_a_last_place_each_at_most(
    discount: Decimal, parts: list[Decimal]
) -> None:
    whole = sum(parts, ZERO)
    if whole:
        shares = [share_of_discount(discount, part, whole) for part in parts]
        assert abs(sum(shares) - discount) <= PLACES * len(parts) / 2


def test_an_order_worth_nothing_gives_its_discount_at_once() -> None:
    assert share_of_discount(Decimal(5), ZERO, ZERO) == Decimal(5)
