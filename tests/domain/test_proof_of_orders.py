"""The proof of single orders: HotWax against the ledger, what the ledger never saw, and what is in doubt."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from domain.books import Document
from domain.order import LineStatus, Order
from domain.proof import Proof
from domain.proof_report import NOT_VERIFIED, Booked, Period, Verdict
from domain.stages import EffectKind, EffectState, Stage
from tests.domain.proof_books import TILL, TWO_STORES, case_of, in_retailpro, kinds, lived, proved, stock_of, the
from tests.support.life import Fate, Life
from tests.support.making_orders import a_line, a_policy, adjustment, at


@pytest.fixture
def life() -> Life:
    """An order of two stores, invoiced and transferred."""
    return lived(TWO_STORES, a_policy())


def with_order(life: Life, order: Order) -> Verdict:
    """The verdict when HotWax tells this order now."""
    proof = Proof(life.policy, Booked(documents=tuple(in_retailpro([life]))), Period())
    proof.take(case_of(life, order=order))
    return proof.verdict()


def changed(life: Life, line: int, **change: object) -> Order:
    lines = list(life.order.lines)
    lines[line] = lines[line].model_copy(update=change)
    return life.order.model_copy(update={"lines": tuple(lines)})


def with_line(life: Life, **line: Any) -> Order:
    """The order with a fourth line, which nobody invoiced."""
    return life.order.model_copy(update={"lines": (*life.order.lines, a_line("4", "F1", **line))})


# ---- HotWax against the ledger ---------------------------------------------------------------------------------------


def test_a_line_that_no_invoice_carries_is_found(life: Life) -> None:
    assert the("not_invoiced", with_order(life, with_line(life))).hotwax == {"740000000004": "1"}


def test_a_line_fulfilled_since_the_ledger_read_the_order_is_explained(life: Life) -> None:
    verdict = with_order(life, with_line(life, completed_at=at(2_000)))
    assert verdict.differences == ()
    assert [(e.kind, e.units) for e in verdict.explained] == [("not_invoiced", 1)]


def test_a_line_reopened_after_its_invoice_is_found(life: Life) -> None:
    verdict = with_order(life, changed(life, 0, status=LineStatus.APPROVED, completed_at=None))
    found = the("not_shipped", verdict)
    assert (found.key, found.hotwax) == ("W1001 line 1", "ITEM_APPROVED at F1")


def test_a_reopened_line_that_an_operator_settled_is_explained(life: Life) -> None:
    reopened = changed(life, 0, status=LineStatus.APPROVED, completed_at=None)
    there = in_retailpro([life])
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock_of(there)), Period())
    proof.take(case_of(life, order=reopened, acknowledged=frozenset({"1"}), stage=Stage.AWAITING_LINES))
    assert proof.verdict().differences == ()


def test_a_price_changed_in_hotwax_after_the_invoice_is_found(life: Life) -> None:
    found = the("wrong_total", with_order(life, changed(life, 0, unit_price=Decimal("100.01"))))
    assert (found.ledger, found.hotwax) == ("400.0000", "400.0100")


def test_a_quantity_changed_in_hotwax_after_the_invoice_is_found(life: Life) -> None:
    found = the("wrong_quantity", with_order(life, changed(life, 0, quantity=5)))
    assert (found.ledger, found.hotwax) == (
        {"740000000001": "1", "740000000002": "2", "740000000003": "1"},
        {"740000000001": "5", "740000000002": "2", "740000000003": "1"},
    )


def test_a_discount_that_no_invoice_took_is_found(life: Life) -> None:
    discounted = life.order.model_copy(update={"adjustments": (adjustment("EXT_PROMO_ADJUSTMENT", -5),)})
    assert the("wrong_total", with_order(life, discounted)).hotwax == "395.0000"


def test_a_transfer_that_the_ledger_does_not_have_is_found(life: Life) -> None:
    case = case_of(life)
    proof = Proof(life.policy, None, Period())
    proof.take(case.model_copy(update={"documents": tuple(d for d in case.documents if not d.document.to_store)}))
    found = the("wrong_transfer", proof.verdict())
    assert (found.key, found.ledger) == ("W1001 S2 -> S1", "no transfer")
    assert found.hotwax == {"740000000002": "2", "740000000003": "1"}


def test_a_line_on_two_invoices_is_found(life: Life) -> None:
    case = case_of(life)
    invoice = next(d for d in case.documents if d.document.kind is EffectKind.INVOICE)
    number = invoice.document.model_copy(update={"number": "W1001-1"})
    again = invoice.model_copy(update={"revision": 1, "document": number})
    proof = Proof(life.policy, None, Period())
    proof.take(case.model_copy(update={"documents": (*case.documents, again)}))
    assert kinds(proof.verdict()).count("invoiced_twice") == 3


def test_a_sale_of_the_till_that_was_invoiced_is_found(life: Life) -> None:
    assert "pos_order_invoiced" in kinds(with_order(life, life.order.model_copy(update=TILL)))


def test_an_order_gone_from_hotwax_is_found(life: Life) -> None:
    proof = Proof(life.policy, None, Period())
    proof.take(case_of(life, order=None, unreadable="no order 1001"))
    assert the("unreadable_order", proof.verdict()).hotwax == "no order 1001"


def test_a_cancelled_order_explains_what_its_stores_shipped() -> None:
    cancelled = Life(TWO_STORES, a_policy())
    cancelled.cancel_wanted = True
    cancelled.assess()
    verdict = proved([cancelled])
    assert verdict.ok
    assert [(e.kind, e.reason, e.units) for e in verdict.explained] == [("not_invoiced", "cancelled by an operator", 4)]


# ---- what the ledger never saw, what is in doubt, what is outside of the period --------------------------------------


def test_a_completed_order_that_the_ledger_never_saw_is_found(life: Life) -> None:
    proof = Proof(life.policy, Booked(stock={}), Period())
    proof.unseen(TWO_STORES, None)
    verdict = proof.verdict()
    assert the("never_seen", verdict).hotwax == "4 units fulfilled"
    assert kinds(verdict).count("stock") == 3


def test_an_order_that_the_feed_has_not_read_yet_is_explained(life: Life) -> None:
    proof = Proof(life.policy, Booked(stock={}), Period())
    proof.unseen(TWO_STORES, "the feed has not read it yet")
    verdict = proof.verdict()
    assert verdict.ok
    assert [(e.kind, e.units) for e in verdict.explained] == [("not_read_yet", 4)]


@pytest.mark.parametrize("arrived", [False, True])
def test_an_invoice_in_doubt_is_explained_and_says_whether_it_is_there(arrived: bool) -> None:
    life = Life(TWO_STORES, a_policy())
    life.assess()
    life.work([Fate.LOST_AFTER if arrived else Fate.LOST_BEFORE])
    there = in_retailpro([life])
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock_of(there)), Period())
    proof.take(case_of(life, stage=Stage.INVOICING, hold="invoice_unknown"))
    verdict = proof.verdict()
    assert verdict.ok
    doubt = next(e for e in verdict.explained if e.kind == "in_doubt")
    assert ("found in Retail Pro" in doubt.reason) is arrived


def test_a_number_that_belongs_to_somebody_else_is_explained_while_the_order_is_held() -> None:
    life = Life(TWO_STORES, a_policy())
    life.assess()
    promised = case_of(life)
    foreign = [d.model_copy(update={"state": EffectState.REJECTED, "foreign": True}) for d in promised.documents[:1]]
    theirs = Document(kind=EffectKind.INVOICE, number="W1001", store="S3", units=())
    proof = Proof(life.policy, Booked(documents=(theirs,), stock={}), Period())
    proof.take(promised.model_copy(update={"documents": tuple(foreign), "hold": "duplicate_order_no"}))
    assert proof.verdict().ok


@pytest.mark.parametrize(("since", "until"), [(at(61), None), (None, at(59))])
def test_documents_outside_of_the_exports_time_are_not_lost(
    life: Life, since: datetime | None, until: datetime | None
) -> None:
    proof = Proof(life.policy, Booked(stock={}), Period(since=since, until=until))
    proof.take(case_of(life))
    verdict = proof.verdict()
    assert verdict.differences == ()
    assert {e.kind for e in verdict.explained} == {"not_in_export"}


def test_documents_of_older_orders_are_claimed_with_their_stock(life: Life) -> None:
    there = in_retailpro([life])
    proof = Proof(life.policy, Booked(documents=tuple(there), stock=stock_of(there)), Period())
    for stray in proof.strays():
        proof.claim(stray)
    assert proof.verdict().ok


def test_without_an_export_only_hotwax_and_the_ledger_are_compared(life: Life) -> None:
    proof = Proof(life.policy, None, Period())
    proof.take(case_of(life))
    verdict = proof.verdict()
    assert verdict.ok
    assert (verdict.retailpro, verdict.stock) == (NOT_VERIFIED, NOT_VERIFIED)


# ---- a store that got another code -----------------------------------------------------------------------------------


def test_a_store_that_got_another_code_since_shipped_nothing_anew(life: Life) -> None:
    there = in_retailpro([life])
    remapped = a_policy(stores={"F1": "S1", "F2": "S8", "F3": "S3"})
    proof = Proof(remapped, Booked(documents=tuple(there), stock=stock_of(there)), Period())
    proof.take(case_of(life))
    assert proof.verdict().differences == ()
