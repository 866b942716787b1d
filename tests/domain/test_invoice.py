"""Invoices and slips: units put together again, totals that add up exactly, every unit of a store on its slip."""

from collections import Counter
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.invoice import Billed, Invoice, build_invoice, slips_to
from domain.invoicing_store import Election
from domain.money import ZERO, net_of, order_discount_of, order_total, shipping_of, tax_of, tax_on_top
from domain.order import Line, Order
from domain.policy import TenantPolicy
from tests.support.making_orders import (
    LAWS,
    STORES,
    a_line,
    a_policy,
    adjustment,
    an_order,
    digital_line,
    open_line,
    policies,
    priced_orders,
)

AT_S1 = Election(store="S1", reason="a test")
PROMO = "EXT_PROMO_ADJUSTMENT"


def invoice_of(order: Order, policy: TenantPolicy | None = None, billed: Billed | None = None) -> Invoice:
    return build_invoice(order, order.fulfilled, AT_S1, policy or a_policy(), billed or Billed())


def rows_of(invoice: Invoice) -> list[tuple[str, str, int]]:
    return [(item.upc, item.store, item.quantity) for item in invoice.items]


def test_exploded_lines_of_one_product_store_and_price_become_one_item() -> None:
    lines = [a_line(n, upc="U1") for n in "123"] + [a_line("4", "F2", upc="U1"), a_line("5", upc="U2")]
    assert rows_of(invoice_of(an_order(*lines))) == [("U1", "S1", 3), ("U1", "S2", 1), ("U2", "S1", 1)]


def test_a_different_price_or_tax_is_an_item_of_its_own() -> None:
    lines = [
        a_line("1", upc="U1"),
        a_line("2", upc="U1", adjustments=(adjustment(PROMO, -10),)),
        a_line("3", upc="U1", adjustments=(adjustment("SALES_TAX", 12),)),
    ]
    items = invoice_of(an_order(*lines)).items
    assert [i.unit.price + i.unit.tax for i in items] == [Decimal(n) for n in (112, 100, 90)]


def test_a_tenant_may_have_one_row_for_each_unit() -> None:
    order = an_order(a_line("1", upc="U1", quantity=2), a_line("2", upc="U1"))
    assert rows_of(invoice_of(order, a_policy(aggregate_items=False))) == [("U1", "S1", 1)] * 3


def test_an_amount_that_does_not_divide_evenly_is_split_over_units() -> None:
    order = an_order(a_line(quantity=3, unit_price=Decimal(10), adjustments=(adjustment(PROMO, -20),)))
    invoice = invoice_of(order)
    assert [(i.quantity, i.unit.price) for i in invoice.items] == [(1, Decimal("3.3334")), (2, Decimal("3.3333"))]
    assert invoice.total == 10


def test_only_an_order_that_is_wholly_picked_up_is_a_pickup_and_its_lines_name_their_store() -> None:
    pickup = [a_line("1", "F1", pickup=True), a_line("2", "F2", pickup=True)]
    assert invoice_of(an_order(*pickup)).pickup
    mixed = invoice_of(an_order(pickup[0], a_line("3", "F2")))
    assert not mixed.pickup
    assert {(i.store, i.pickup_store) for i in mixed.items} == {("S1", "S1"), ("S2", None)}


def test_a_digital_line_is_invoiced_from_the_invoicing_store_and_never_transferred() -> None:
    order = an_order(digital_line("1"), a_line("2", "F2"))
    assert {item.store for item in invoice_of(order).items} == {"S1", "S2"}
    slips = slips_to("W1001", 0, order.lines, "S1", a_policy())
    assert [(s.from_store, s.units) for s in slips] == [("S2", (("740000000002", 1),))]


def test_the_total_discount_names_line_and_order_discounts_together() -> None:
    order = an_order(
        a_line("1", quantity=2, adjustments=(adjustment(PROMO, -30),)), adjustments=(adjustment(PROMO, -20),)
    )
    invoice = invoice_of(order)
    assert [invoice.total_discount, invoice.order_discount, invoice.total] == [Decimal(n) for n in (50, 20, 150)]


def test_the_reference_request_adds_up() -> None:
    """Retailpro 2.1: two lines of 100, ten off each; TotalAmt 180, TotalDiscAmt 20."""
    line = (adjustment(PROMO, -10), adjustment("SALES_TAX", "9.6429"))
    order = an_order(a_line("1", "F1", adjustments=line), a_line("2", "F2", adjustments=line))
    invoice = invoice_of(order)
    assert [invoice.total, invoice.total_discount, invoice.shipping_amount] == [Decimal(n) for n in (180, 20, 0)]


@LAWS
@given(priced_orders(), policies())
def test_the_items_of_any_invoice_add_up_to_its_total(order: Order, policy: TenantPolicy) -> None:
    invoice = invoice_of(order, policy)
    goods = sum(((i.unit.price + tax_on_top(i.unit.tax, policy)) * i.quantity for i in invoice.items), ZERO)
    assert invoice.total == goods + invoice.shipping_amount - invoice.order_discount
    assert invoice.total == order_total(order, policy)


@LAWS
@given(priced_orders(), policies())
def test_an_invoice_has_every_unit_of_its_lines_and_no_other(order: Order, policy: TenantPolicy) -> None:
    invoice = invoice_of(order, policy)
    ordered: Counter[tuple[str, str]] = Counter()
    for line in order.lines:
        ordered[line.upc or "", STORES[line.facility_id]] += line.quantity
    invoiced: Counter[tuple[str, str]] = Counter()
    for item in invoice.items:
        invoiced[item.upc, item.store] += item.quantity
    assert invoiced == ordered
    assert invoice.line_ids == tuple(sorted(line.line_id for line in order.lines))


@LAWS
@given(priced_orders(), policies(), st.sets(st.integers(0, 4)))
def test_several_invoices_together_cost_what_the_order_costs(
    order: Order, policy: TenantPolicy, first: set[int]
) -> None:
    """The forced part first, the rest when it is fulfilled; shipping once, the order's discount exactly."""
    early = [line for number, line in enumerate(order.lines) if number in first]
    late = [line for number, line in enumerate(order.lines) if number not in first]
    if not early or not late:
        return
    partial = order.model_copy(update={"lines": (*early, *(_reopened(line) for line in late))})
    forced = build_invoice(partial, early, AT_S1, policy, Billed())
    rest = build_invoice(order, late, AT_S1, policy, Billed(revisions=1, order_discount=forced.order_discount))
    assert forced.order_discount + rest.order_discount == order_discount_of(order)
    assert forced.total + rest.total == order_total(order, policy)
    assert (forced.shipping_amount, rest.shipping_amount) == (shipping_of(order, policy), ZERO)


def _reopened(line: Line) -> Line:
    return open_line(**line.model_dump(exclude={"status", "completed_at", "facility_id"}), facility=line.facility_id)


@pytest.mark.parametrize("forced", [pair for size in (1, 2) for pair in combinations("123", size)])
def test_three_invoices_share_an_order_discount_that_does_not_divide(forced: tuple[str, ...]) -> None:
    lines = [a_line(n) for n in "123"]
    discount = (adjustment(PROMO, "-10.0001"),)
    billed = Billed()
    for number in forced:
        done = [line for line in lines if line.line_id == number]
        waiting = [open_line(line.line_id) for line in lines if line.line_id != number]
        partial = build_invoice(an_order(*done, *waiting, adjustments=discount), done, AT_S1, a_policy(), billed)
        billed = Billed(revisions=billed.revisions + 1, order_discount=billed.order_discount + partial.order_discount)
    rest = [line for line in lines if line.line_id not in forced]
    last = build_invoice(an_order(*lines, adjustments=discount), rest, AT_S1, a_policy(), billed)
    assert billed.order_discount + last.order_discount == Decimal("10.0001")


@LAWS
@given(priced_orders(), st.sampled_from(sorted(STORES.values())))
def test_slips_carry_every_unit_of_every_other_store_once(order: Order, to_store: str) -> None:
    slips = slips_to("W1001", 0, order.lines, to_store, a_policy())
    moved = Counter({(s.from_store, upc): n for s in slips for upc, n in s.units})
    shipped: Counter[tuple[str, str]] = Counter()
    for line in order.lines:
        if (store := STORES[line.facility_id]) != to_store:
            shipped[store, line.upc or ""] += line.quantity
    assert moved == shipped
    assert len({s.from_store for s in slips}) == len(slips)
    assert all(s.to_store == to_store != s.from_store for s in slips)


def test_net_and_tax_of_a_forced_part_are_its_own_lines_only() -> None:
    done = a_line("1", adjustments=(adjustment(PROMO, -5), adjustment("SALES_TAX", 3)))
    invoice = invoice_of(an_order(done, open_line("2")), a_policy(tax_mode="excluded"))
    assert invoice.total == net_of(done) + tax_of(done) == 98
