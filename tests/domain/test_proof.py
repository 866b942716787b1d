"""The proof on made-up books: silent on every clean day, and naming each thing that is planted in it.

Hypothesis draws the orders, their policy and what befell their remote writes; the lives are those of the order laws.
"""

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.books import Document, Units
from domain.commands import Verb
from domain.order import LineStatus, Order
from domain.policy import TenantPolicy
from domain.proof import Proof
from domain.proof_report import VERIFIED, Booked, Period
from domain.stages import EffectKind
from tests.domain.proof_books import TILL, TWO_STORES, case_of, in_retailpro, kinds, lived, proved, stock_of, the
from tests.support.life import Fate, Life
from tests.support.making_orders import (
    LAWS,
    a_line,
    a_policy,
    an_order,
    digital_line,
    open_line,
    policies,
    priced_orders,
)

DAYS = settings(LAWS, max_examples=60)

fates = st.lists(st.sampled_from([Fate.DONE, Fate.LOST_AFTER, Fate.LOST_BEFORE, Fate.CRASH]), max_size=4)
finished = priced_orders(("ITEM_COMPLETED", "ITEM_CANCELLED"))


@pytest.fixture
def life() -> Life:
    """An order of two stores, invoiced and transferred."""
    return lived(TWO_STORES, a_policy())


# ---- a clean day -----------------------------------------------------------------------------------------------------


@DAYS
@given(st.lists(st.tuples(finished, fates), min_size=1, max_size=4), policies())
def test_a_clean_day_has_no_difference_whatever_befell_its_writes(
    day: list[tuple[Order, list[Fate]]], policy: TenantPolicy
) -> None:
    numbered = [
        (order.model_copy(update={"order_no": f"W{number}", "order_id": str(number)}), luck)
        for number, (order, luck) in enumerate(day)
    ]
    verdict = proved([lived(order, policy, luck) for order, luck in numbered])
    assert (verdict.differences, verdict.explained) == ((), ())
    assert verdict.ok
    assert (verdict.retailpro, verdict.stock) == (VERIFIED, VERIFIED)


@DAYS
@given(priced_orders(("ITEM_COMPLETED", "ITEM_APPROVED")), policies(), st.booleans())
def test_an_order_that_waits_or_was_forced_is_explained_and_no_difference(
    order: Order, policy: TenantPolicy, forced: bool
) -> None:
    assume(order.fulfilled and order.open_lines)
    life = Life(order, policy)
    life.assess()
    if forced:
        life.ask(Verb.FORCE_INVOICE)
    for _ in range(4):
        life.assess()
        life.work([])
    verdict = proved([life])
    assert verdict.differences == ()
    assert [e.kind for e in verdict.explained] == ([] if forced else ["not_invoiced"])


@DAYS
@given(priced_orders(("ITEM_COMPLETED", "ITEM_APPROVED")), policies(), st.sampled_from(["F1", "F2", "F3"]))
def test_a_forced_order_with_its_supplements_has_no_difference(
    order: Order, policy: TenantPolicy, facility: str
) -> None:
    assume(order.fulfilled and order.open_lines)
    life = Life(order, policy)
    life.assess()
    life.ask(Verb.FORCE_INVOICE)
    life.assess()
    life.work([])
    for number in range(len(order.lines)):
        life.set_line(number, LineStatus.COMPLETED, facility)
    for _ in range(4):
        life.assess()
        life.work([])
    assert len(life.invoices) == 2
    verdict = proved([life])
    assert (verdict.differences, verdict.explained) == ((), ())


def test_a_send_sale_counts_as_the_sale_at_the_selling_store() -> None:
    life = lived(an_order(a_line("1", "F2", upc="741", quantity=3), **TILL), a_policy())
    assert proved([life], sold=[("S1", "741", 3)]).differences == ()
    assert kinds(proved([life])) == ["stock"]


def test_a_send_sale_that_is_not_shipped_yet_has_left_the_selling_stores_books() -> None:
    life = lived(an_order(open_line("1", "F2", upc="741"), **TILL), a_policy())
    assert proved([life], sold=[("S1", "741", 1)]).differences == ()


def test_a_send_sale_of_a_store_that_nobody_names_explains_its_stock() -> None:
    life = lived(an_order(a_line("1", "F2", upc="741"), channel="POS_CHANNEL"), a_policy())
    verdict = proved([life], sold=[("S1", "741", 1)])
    assert verdict.ok
    assert [(e.kind, e.key) for e in verdict.explained] == [("stock", "S1/741")]


def test_what_was_carried_out_of_a_store_is_its_sale() -> None:
    carried = a_line("1", "F3", upc="741", shipment_method="POS_COMPLETED")
    assert proved([lived(an_order(carried, **TILL), a_policy())], sold=[("S3", "741", 1)]).differences == ()


@pytest.mark.parametrize("stocked", [False, True])
def test_a_digital_line_may_move_stock_or_not(stocked: bool) -> None:
    order = an_order(a_line("1", "F1", upc="741"), digital_line("2", upc="742"))
    life = lived(order, a_policy(digital_lines="invoice"))
    there = in_retailpro([life])
    stock = stock_of(there) if stocked else {("S1", "741"): Decimal(-1)}
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock), Period())
    proof.take(case_of(life))
    assert proof.verdict().differences == ()


def test_zeros_that_a_numeric_column_lost_are_no_difference() -> None:
    life = lived(an_order(a_line("1", "F1", upc="0074"), a_line("2", "F2", upc="0075")), a_policy())
    there = [
        d.model_copy(update={"units": tuple(u.model_copy(update={"upc": u.upc.lstrip("0")}) for u in d.units)})
        for d in in_retailpro([life])
    ]
    assert proved([life], there).differences == ()


# ---- what is planted is found ----------------------------------------------------------------------------------------


@DAYS
@given(priced_orders(), policies(), st.data())
def test_each_planted_document_is_found_by_name(order: Order, policy: TenantPolicy, data: st.DataObject) -> None:
    life = lived(order, policy)
    there = in_retailpro([life])
    victim = data.draw(st.sampled_from(there))
    others = [d for d in there if d is not victim]
    unit = victim.units[0]
    more = unit.model_copy(update={"quantity": unit.quantity + 1})
    planted = {
        f"lost_{victim.kind}": others,
        f"doubled_{victim.kind}": [*there, victim],
        "wrong_quantity": [*others, victim.model_copy(update={"units": (more, *victim.units[1:])})],
        "wrong_store": [*others, victim.model_copy(update={"to_store" if victim.to_store else "store": "S9"})],
        f"unasked_{victim.kind}": [*there, victim.model_copy(update={"number": "90001"})],
    }
    for kind, documents in planted.items():
        verdict = proved([life], documents)
        named = [d for d in verdict.differences if d.kind != "stock"]
        assert [d.kind for d in named] == [kind]
        assert ("90001" if kind.startswith("unasked") else victim.number) in named[0].key
        assert named[0].likely_cause
        assert not verdict.ok
        assert all(named[0].key in d.likely_cause for d in verdict.differences if d.kind == "stock")


def test_a_lost_invoice_also_shows_in_stock_and_says_why(life: Life) -> None:
    verdict = proved([life], [d for d in in_retailpro([life]) if d.kind is EffectKind.SLIP])
    assert the("lost_invoice", verdict).ledger == "invoice/0/"
    stock = [d for d in verdict.differences if d.kind == "stock"]
    assert [(d.key, d.ledger, d.hotwax, d.retailpro) for d in stock] == [
        ("S1/740000000001", "-1", "-1", "0"),
        ("S1/740000000002", "0", "0", "2"),
        ("S1/740000000003", "0", "0", "1"),
    ]
    assert {d.likely_cause for d in stock} == {"follows from lost_invoice invoice W1001"}


def test_a_wrong_quantity_shows_both_sides(life: Life) -> None:
    there = in_retailpro([life])
    slip = next(d for d in there if d.kind is EffectKind.SLIP)
    wrong = slip.model_copy(update={"units": (*slip.units, Units(upc="740000000002", quantity=Decimal(4)))})
    found = the("wrong_quantity", proved([life], [d if d is not slip else wrong for d in there]))
    assert found.ledger == {"740000000002": "2", "740000000003": "1"}
    assert found.retailpro == {"740000000002": "6", "740000000003": "1"}


def test_a_number_of_another_document_is_a_difference(life: Life) -> None:
    other = lived(TWO_STORES.model_copy(update={"order_id": "2002", "order_no": "B"}), a_policy())
    there = [d.model_copy(update={"document_no": f"no. {d.number}"}) for d in in_retailpro([life, other])]
    proof = Proof(life.policy, Booked(documents=tuple(there)), Period())
    proof.take(case_of(life))
    confirmed = [made.model_copy(update={"number": f"no. {life.order.order_no}"}) for made in case_of(other).documents]
    proof.take(case_of(other).model_copy(update={"documents": tuple(confirmed)}))
    wrong = the("wrong_number", proof.verdict())
    assert (wrong.key, wrong.retailpro) == ("invoice B", f"invoice {life.order.order_no}")


def test_two_orders_that_claim_one_document_are_a_difference(life: Life) -> None:
    proof = Proof(life.policy, Booked(documents=tuple(in_retailpro([life]))), Period())
    proof.take(case_of(life))
    proof.take(case_of(life, order_id="2002", order_no="B"))
    shared = the("shared_invoice", proof.verdict())
    assert shared.ledger == f"of order {life.order.order_no} and of order B"


def test_a_slip_to_the_wrong_store_shows_both_ways(life: Life) -> None:
    there = [d.model_copy(update={"to_store": "S3"}) if d.to_store else d for d in in_retailpro([life])]
    found = the("wrong_store", proved([life], there))
    assert (found.ledger, found.retailpro) == ("S2 -> S1", "S2 -> S3")


def test_a_doubled_document_is_compared_in_each_of_its_copies(life: Life) -> None:
    there = in_retailpro([life])
    copy = next(d for d in there if d.to_store).model_copy(update={"to_store": "S3"})
    assert {"doubled_slip", "wrong_store"} <= set(kinds(proved([life], [*there, copy])))


def test_a_total_that_differs_in_the_fourth_place_is_a_difference(life: Life) -> None:
    there = [
        d.model_copy(update={"total": d.total + Decimal("0.0001")}) if d.total else d for d in in_retailpro([life])
    ]
    found = the("wrong_total", proved([life], there))
    assert (found.ledger, found.retailpro) == ("400.0000", "400.0001")


def test_an_origin_changed_by_hand_is_a_difference(life: Life) -> None:
    there = [
        d.model_copy(update={"units": tuple(u.model_copy(update={"origin": "S3"}) for u in d.units)})
        if d.kind is EffectKind.INVOICE
        else d
        for d in in_retailpro([life])
    ]
    assert kinds(proved([life], there)) == ["wrong_origin"]


def test_stock_moved_by_nobody_here_is_named_with_its_place(life: Life) -> None:
    there = in_retailpro([life])
    stock = {**stock_of(there), ("S3", "999"): Decimal(-2)}
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock), Period())
    proof.take(case_of(life))
    found = the("stock", proof.verdict())
    assert (found.key, found.ledger, found.hotwax, found.retailpro) == ("S3/999", "0", "0", "-2")


def test_stores_that_waybill_does_not_serve_are_left_out(life: Life) -> None:
    there = in_retailpro([life])
    stock = {**stock_of(there), ("ELSE", "999"): Decimal(-2)}
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock), Period())
    proof.take(case_of(life))
    assert proof.verdict().ok


def test_an_unasked_invoice_of_a_held_order_says_that_it_is_held() -> None:
    held = lived(an_order(a_line("1", "F9")), a_policy())
    by_hand = Document(kind=EffectKind.INVOICE, number="W1001", store="S1", units=())
    assert "held: unmapped_store:F9" in the("unasked_invoice", proved([held], [by_hand])).likely_cause


def test_a_row_of_the_export_that_makes_no_sense_is_a_difference(life: Life) -> None:
    booked = Booked(documents=tuple(in_retailpro([life])), stock=None, bad=("invoices[3].TotalAmt: Field required",))
    proof = Proof(life.policy, booked, Period())
    proof.take(case_of(life))
    assert the("bad_export_row", proof.verdict()).key == "invoices[3].TotalAmt: Field required"
