"""The proof of purchase orders names each difference between NetSuite, the ledger and HotWax, and excuses the rest."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.po_proof import PoCase, PoDifference, PoFinding, PoLineBooks, ReceiptBooks, check_po
from domain.proof_report import Explained


def a_books(line_id: str = "1", **more: Any) -> PoLineBooks:
    """A line of ten pieces that HotWax has, all received."""
    given = {"line_id": line_id, "sku": "SKU", "ordered": 10, "imported": 10, "received_in_netsuite": 10}
    return PoLineBooks.model_validate({**given, **more})


def a_new(line_id: str = "1", **more: Any) -> PoLineBooks:
    """A line of which nothing is received."""
    return a_books(line_id, **{"received_in_netsuite": 0, **more})


def an_open(*lines: PoLineBooks, **more: Any) -> PoCase:
    """A purchase order that HotWax has and of which nothing is received."""
    return a_case(*lines, **{"stage": "IMPORTED", "status": "B", **more})


def a_receipt(receipt_id: str = "R1", lines: Mapping[str, int] | None = None, **more: Any) -> ReceiptBooks:
    """A receipt that went through."""
    pieces = lines or {"1": 10}
    given = {"receipt_id": receipt_id, "state": "created", "in_hotwax": pieces, "passed_on": pieces}
    return ReceiptBooks.model_validate({**given, **more})


def a_case(*lines: PoLineBooks, **more: Any) -> PoCase:
    given = {"po_id": "4410021", "number": "PO77", "stage": "RECEIPT_SYNCED", "status": "F"}
    return PoCase.model_validate({**given, "lines": lines, **more})


def differences(case: PoCase) -> list[tuple[str, str]]:
    return [(found.kind, found.key) for found in check_po(case) if isinstance(found, PoDifference)]


def explained(case: PoCase) -> list[str]:
    return [found.kind for found in check_po(case) if isinstance(found, Explained)]


def one(case: PoCase) -> PoDifference:
    found: tuple[PoFinding, ...] = check_po(case)
    assert len(found) == 1
    assert isinstance(found[0], PoDifference)
    return found[0]


def test_a_purchase_order_that_went_through_has_no_difference() -> None:
    assert check_po(a_case(a_books(), receipts=(a_receipt(in_netsuite=({"1": 10},)),))) == ()


DIFFERENT: dict[str, tuple[PoCase, str, str]] = {
    "not told by NetSuite": (
        a_case(a_books(), receipts=(a_receipt(),), unreadable="line 4 is negative"), "po_unreadable", "PO77",
    ),
    "neither told by NetSuite nor to the ledger": (
        a_case(seen=False, status=None, unreadable="line 4 is negative"), "po_unreadable", "PO77",
    ),
    "deleted in NetSuite": (an_open(a_new(), deleted=True), "po_deleted", "PO77"),
    "deleted there after its end": (a_case(a_books(), receipts=(a_receipt(),), deleted=True), "po_deleted", "PO77"),
    "open, and lacking in a reconciliation": (an_open(a_new(), missing=True), "po_missing", "PO77"),
    "never told to the ledger": (a_case(a_books(), seen=False, status="B"), "po_never_seen", "PO77"),
    "never imported": (an_open(a_new(imported=None), orders_in_hotwax=0), "po_never_imported", "PO77"),
    "imported twice": (an_open(a_new(), orders_in_hotwax=2), "po_doubled", "PO77"),
    "a line missing in HotWax": (
        an_open(a_new(), a_new("4", imported=None)), "line_missing", "PO77:4",
    ),
    "another quantity in HotWax": (an_open(a_new(imported=12)), "quantity_differs", "PO77:1"),
    "a closed line open in HotWax": (an_open(a_new(closed=True)), "line_open", "PO77:1"),
    "a line that NetSuite has no more": (an_open(a_new(ordered=None)), "line_open", "PO77:1"),
    "a receipt gone from NetSuite": (
        a_case(a_books(), receipts=(a_receipt(in_netsuite=()),)), "receipt_lost", "PO77:R1",
    ),
    "a receipt made twice": (
        a_case(a_books(), receipts=(a_receipt(in_netsuite=({"1": 10}, {"1": 10})),)), "receipt_doubled", "PO77:R1",
    ),
    "a receipt with another quantity": (
        a_case(a_books(), receipts=(a_receipt(in_netsuite=({"1": 9},)),)), "receipt_wrong", "PO77:R1",
    ),
    "a sum short of one receipt": (
        a_case(a_books(received_in_netsuite=6), receipts=(a_receipt(lines={"1": 6}), a_receipt("R2", {"1": 4}))),
        "receipt_lost", "PO77:R2",
    ),
    "a sum beyond by one receipt": (
        a_case(a_books(received_in_netsuite=14), receipts=(a_receipt(lines={"1": 6}), a_receipt("R2", {"1": 4}))),
        "receipt_doubled", "PO77:R2",
    ),
    "a sum off by something else": (
        a_case(a_books(received_in_netsuite=9), receipts=(a_receipt(),)), "receipt_wrong", "PO77:1",
    ),
    "received by hand in NetSuite": (a_case(a_books()), "receipt_unasked", "PO77:1"),
    "a receipt that never went": (
        a_case(a_books(received_in_netsuite=None), receipts=(a_receipt(passed_on={}, state="new"),)),
        "received_unsynced", "PO77:1:R1",
    ),
    "a receipt that was refused": (
        a_case(a_books(received_in_netsuite=None), receipts=(a_receipt(state="rejected"),)),
        "received_unsynced", "PO77:1:R1",
    ),
    "a receipt changed afterwards": (
        a_case(a_books(), receipts=(a_receipt(in_hotwax={"1": 8}, in_netsuite=({"1": 10},)),)),
        "receipt_changed", "PO77:1:R1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENT)
def test_it_is_one_difference_under_its_own_name(case: str) -> None:
    books, kind, key = DIFFERENT[case]
    found = one(books)
    assert (found.kind, found.key) == (kind, key)
    assert found.likely_cause


@pytest.mark.parametrize(
    "ended",
    [
        an_open(a_new(imported=None), missing=True, stage="PENDING", status="A"),
        an_open(a_new(closed=True, closed_in_hotwax=True), missing=True, status="H"),
        an_open(a_new(closed_in_hotwax=True), missing=True, stage="CLOSED"),
        a_case(a_books(), receipts=(a_receipt(),), missing=True),
        a_case(a_books(), receipts=(a_receipt(),), missing=True, status=None),
    ],
)
def test_one_that_netsuite_may_have_ended_long_ago_may_be_missing_in_a_reconciliation(ended: PoCase) -> None:
    assert check_po(ended) == ()


def test_a_difference_tells_both_values() -> None:
    missing, lost = one(DIFFERENT["another quantity in HotWax"][0]), one(DIFFERENT["a sum short of one receipt"][0])
    assert (missing.netsuite, missing.hotwax) == ("10", "12")
    assert (lost.netsuite, lost.ledger) == ({"1": "6"}, {"1": "10"})


EXCUSED: dict[str, tuple[PoCase, list[str]]] = {
    "not imported yet": (
        a_case(a_new(imported=None), orders_in_hotwax=0, stage="PENDING", status="B"),
        ["po_not_imported_yet"],
    ),
    "held from HotWax": (
        an_open(a_new(imported=None), hold="import_rejected:X"), ["line_missing"],
    ),
    "an amendment on its way": (an_open(a_new(imported=8), importing=True), ["quantity_differs"]),
    "a receipt on its way": (
        a_case(a_new(), receipts=(a_receipt(state="sent"),), stage="RECEIVED", status="B"),
        ["received_unsynced"],
    ),
    "excess that is held": (
        a_case(a_books(), receipts=(a_receipt(in_hotwax={"1": 12}),), hold="receipt_excess", stage="RECEIVED"),
        ["received_unsynced"],
    ),
    "excess that was acknowledged": (
        a_case(a_books(), receipts=(a_receipt(in_hotwax={"1": 12}, left_out={"1"}),)), ["left_out"],
    ),
    "accepted, unverified": (
        a_case(a_books(received_in_netsuite=None), receipts=(a_receipt(state="unverified"),), status=None),
        ["unverified"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EXCUSED)
def test_it_is_explained_and_no_difference(case: str) -> None:
    books, kinds = EXCUSED[case]
    assert (differences(books), explained(books)) == ([], kinds)


@pytest.mark.parametrize(
    "case",
    [
        a_case(a_books(), orders_in_hotwax=None),
        a_case(
            a_books(imported=None, ordered=10, received_in_netsuite=0), status="A", stage="PENDING", orders_in_hotwax=0
        ),
        a_case(a_books(imported=None, received_before=10), status="F"),
        a_case(a_books(closed_in_hotwax=True, closed=True, received_in_netsuite=0), status="H", stage="CLOSED"),
    ],
)
def test_hotwax_need_not_have_what_netsuite_does_not_wait_for(case: PoCase) -> None:
    in_hotwax = {"po_never_imported", "line_missing", "line_open", "quantity_differs"}
    assert not {kind for kind, _ in differences(case)} & in_hotwax


def test_a_lost_receipt_is_a_difference_though_the_purchase_order_is_open() -> None:
    lines = (a_books(received_in_netsuite=4),)
    gone = a_case(*lines, receipts=(a_receipt(lines={"1": 4}, in_netsuite=()),), stage="RECEIVED", status="E")
    assert differences(gone) == [("receipt_lost", "PO77:R1")]


def test_what_netsuite_had_before_us_is_not_missing() -> None:
    before = a_case(a_books(received_before=4), receipts=(a_receipt(lines={"1": 6}),))
    assert check_po(before) == ()


@pytest.mark.parametrize(
    ("case", "advice"),
    [
        (an_open(a_new(), deleted=True), "cancel it in Waybill"),
        (a_case(a_books(), receipts=(a_receipt(),), deleted=True), "enter it again there"),
    ],
)
def test_of_one_that_was_deleted_the_proof_advises_what_can_be_done(case: PoCase, advice: str) -> None:
    found = check_po(case)[0]
    assert isinstance(found, PoDifference)
    assert advice in found.likely_cause
