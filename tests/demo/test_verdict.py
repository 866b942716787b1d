"""What the demo says at its end, and its exit status."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.purchase_order import ImportState, PoStage
from domain.stages import HoldCause, Stage
from ledger.journal import About, Flow
from ledger.tables import JournalRow
from operators.demo.cases import End
from operators.demo.day import DAY
from operators.demo.evening import conclusion
from operators.demo.orders import orders_of
from operators.demo.picture import Picture, PoStanding, in_words
from operators.demo.purchases import NOWHERE_TO_GO, PoEnd, purchases_of
from operators.demo.verdict import (
    Verdict,
    deviations,
    lowest_stock,
    meant_to_be_unfinished,
    po_deviations,
    pos_left_out,
)

ORDERS = orders_of(DAY)
POS = purchases_of()
FINE_CHECK: dict[str, Any] = {"ok": True, "differences": [], "orders": [], "stock": []}


def _picture(orders: dict[str, End]) -> Picture:
    return Picture(stages={}, holds=[], effects={}, orders=orders)


def _verdict(**changes: Any) -> Verdict:
    fine: dict[str, Any] = {
        "deviations": [],
        "faults": {"a storm": 3},
        "proof": {"ok": True, "differences": []},
        "check": FINE_CHECK,
        "lowest": {},
    }
    return Verdict(**{**fine, **changes})


def test_nothing_deviates_when_all_orders_are_where_the_table_says() -> None:
    assert deviations(ORDERS, _picture({order.order_id: order.case.ends for order in ORDERS})) == []


def test_an_order_elsewhere_is_named_with_both_ends() -> None:
    stands = {order.order_id: order.case.ends for order in ORDERS}
    stands["M1001"] = End(Stage.INVOICING, HoldCause.INVOICE_UNKNOWN)
    del stands["M1002"]
    held, unknown = deviations(ORDERS, _picture(stands))
    assert held == "order 1001 (one store) is INVOICING, held: invoice_unknown; it should be DONE, 1 invoice"
    assert unknown.startswith("order 1002 (one store) is unknown to the ledger")


def _standing(end: PoEnd) -> PoStanding:
    return PoStanding(end, ImportState.DONE, {})


def test_a_purchase_order_elsewhere_is_named_with_both_ends() -> None:
    stands = {po.po_id: _standing(po.kind.ends) for po in POS}
    assert po_deviations(POS, replace(_picture({}), pos=stands)) == []
    stands["5501"] = _standing(PoEnd(PoStage.RECEIVED, HoldCause.RECEIPT_REJECTED))
    del stands["5502"]
    held, unknown = po_deviations(POS, replace(_picture({}), pos=stands))
    assert held.endswith("is RECEIVED, held: receipt_rejected; it should be RECEIPT_SYNCED")
    assert unknown.startswith("PO5502 (received in one visit) is unknown to the ledger")


def test_only_purchase_orders_that_stay_held_are_left_out_of_the_sandboxs_check() -> None:
    [held] = [po.po_id for po in POS if po.kind.name == NOWHERE_TO_GO]
    assert pos_left_out(POS) == held


def test_only_orders_that_stay_held_are_left_out_of_the_sandboxs_check() -> None:
    held = [order.order_id for order in ORDERS if order.case.ends.hold]
    assert held
    assert meant_to_be_unfinished(ORDERS).split(",") == held


def test_a_clean_evening_has_no_problems() -> None:
    assert _verdict().problems == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"deviations": ["order 1001 is lost"]}, "order 1001 is lost"),
        ({"proof": {"ok": False, "differences": [{"kind": "stock", "key": "ST101/1"}]}}, "stock ST101/1"),
        ({"proof": {"ok": False, "error": "no ledger"}}, "no ledger"),
        ({"proof": {"ok": True, "retailpro": "not verified", "differences": []}}, "not verified"),
        ({"proof": {"ok": True, "netsuite": "accepted, unverified", "differences": []}}, "accepted, unverified"),
        (
            {"po_check": {"ok": False, "differences": [{"kind": "receipt_lost", "key": "5501/1"}]}},
            "receipt_lost 5501/1",
        ),
        ({"check": {**FINE_CHECK, "differences": [{"kind": "not_invoiced", "key": "M1"}]}}, "not_invoiced M1"),
        ({"faults": {"a storm": 0}}, "a storm"),
        ({"failed_plans": ["fulfill M1: no such line"]}, "fulfill M1"),
    ],
)
def test_whatever_is_wrong_is_a_problem_by_name(changes: dict[str, Any], named: str) -> None:
    (problem,) = _verdict(**changes).problems
    assert named in problem


def test_the_last_word_is_proven_only_where_nothing_is_wrong() -> None:
    assert conclusion(_verdict(), 80, 42, 59.4).startswith(
        "PROVEN from both sides after 59 s: every shipped unit of 80"
    )
    wrong = _verdict(deviations=["order 1001 is lost"])
    assert conclusion(wrong, 80, 42, 59.4) == "NOT PROVEN: 1 thing not as it should be, after 59 s"


def test_the_lowest_stock_is_between_an_invoice_and_its_slip() -> None:
    stock = [
        {"store": "A", "upc": "1", "start": 0, "change": 0, "quantity": 0},
        {"store": "B", "upc": "1", "start": 5, "change": -1, "quantity": 4},
    ]
    invoice = {"at": 1, "id": 1, "store": "A", "lines": [{"upc": "1", "quantity": 1}]}
    slip = {"at": 2, "id": 2, "store": "B", "toStore": "A", "lines": [{"upc": "1", "quantity": 1}]}
    assert lowest_stock(stock, [invoice], [slip]) == {("A", "1"): -1, ("B", "1"): 4}


def test_what_no_document_explains_was_sold_before_the_first() -> None:
    stock = [{"store": "A", "upc": "1", "start": 3, "change": -3, "quantity": 0}]
    invoice = {"at": 1, "id": 1, "store": "A", "lines": [{"upc": "1", "quantity": 1}]}
    assert lowest_stock(stock, [invoice], []) == {("A", "1"): 0}


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("stage", "AWAITING_LINES -> INVOICING", "order 7 is INVOICING"),
        ("invoice", "invoice/shop/7/0 done: 700001", "order 7: invoice done: 700001"),
        ("write_back", "write_back/shop/7/0 done: 700001", "order 7: write back done: 700001"),
        ("hold", "held: unmapped_store:AIRPORT: no store", "order 7: held: unmapped_store:AIRPORT: no store"),
        ("command", "cancel: twice", "order 7: ana: cancel: twice"),
    ],
)
def test_the_audit_trail_is_told_in_words(kind: str, text: str, words: str) -> None:
    about = About("shop", "M7", Flow.ORDER)
    entry = JournalRow(**about._asdict(), at=datetime.now(UTC), kind=kind, actor="ana", text=text)
    assert in_words(entry, "7") == words


def test_the_audit_trail_of_a_purchase_order_is_told_by_its_number() -> None:
    about = About("shop", "5501", Flow.PURCHASE_ORDER)
    entry = JournalRow(**about._asdict(), at=datetime.now(UTC), kind="stage", actor="waybill", text="A -> RECEIVED")
    assert in_words(entry, "PO5501") == "PO5501 is RECEIVED"
