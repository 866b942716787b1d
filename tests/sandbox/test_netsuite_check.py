"""The sandbox's own word on purchase orders: silent on a good day, and finding each planted difference."""

from typing import Any

import httpx
import pytest

from tests.sandbox.erp import NetSuite, entry
from tests.sandbox.receiving import CLOSES, imported


@pytest.fixture
def settled(erp: NetSuite, hotwax: httpx.Client) -> tuple[NetSuite, str]:
    """An order of 2 cases of 12 (line 1) and 12 pieces (line 4), partly received on both sides in two receipts."""
    cases = {"item": "SKU-1", "quantity": 2, "unit": "Case", "unitRate": 12, "location": 17}
    po_id = erp.order(cases, {"item": "SKU-2", "quantity": 12, "location": 17})
    imported(hotwax, f"{po_id},SKU-1,24,17,1,", f"{po_id},SKU-2,12,17,4,")
    for number, (pieces, quantities) in enumerate([(12, {"line_1": "1"}), (3, {"line_4": "3"})]):
        line = next(iter(quantities)).removeprefix("line_")
        receive = {"action": "receive", "poId": po_id, "items": [{"line": line, "accepted": pieces}]}
        erp.sandbox.post("/admin/po-deeds", receive)
        erp.put(f"{number}.json", [entry(po_id, f"R{number}", **quantities)])
    erp.good_run("import", "waybill")
    return erp, po_id


def test_a_settled_order_has_no_difference_and_is_told_in_pieces(settled: tuple[NetSuite, str]) -> None:
    erp, po_id = settled
    assert erp.differences() == []
    first, second = erp.sandbox.get("/admin/netsuite/check")["lines"]
    numbers = ("ordered", "inHotwax", "receivedInHotwax", "receivedInNetsuite")
    assert [first[name] for name in numbers] == ["24", "24", "12", "12"]
    assert [second[name] for name in numbers] == ["12", "12", "3", "3"]
    assert (first["poId"], first["line"], first["status"]) == (po_id, 1, "E")


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"kind": "lost_receipt"}, [("receipt_lost", "4")]),
        ({"kind": "doubled_receipt"}, [("receipt_doubled", "4")]),
        ({"kind": "wrong_receipt", "delta": 1}, [("receipt_excess", "4")]),
        ({"kind": "wrong_receipt", "delta": -0.5}, [("receipt_lost", "4")]),
        ({"kind": "lost_po"}, [("po_never_imported", "")]),
        ({"kind": "lost_po_line", "line": 1}, [("line_missing", "1")]),
    ],
)
def test_each_planted_difference_is_found_at_its_place(
    settled: tuple[NetSuite, str], wrong: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    erp, po_id = settled
    erp.sandbox.post("/admin/wrongs", {"poId": po_id, **wrong})
    keys = [(kind, f"{po_id}/{line}" if line else po_id) for kind, line in found]
    assert [row for row in erp.differences() if row[0] != "receipt_excess" or wrong["kind"] == "wrong_receipt"] == keys
    assert erp.differences(exclude=po_id) == []


def test_a_wrong_about_a_named_receipt_and_line_hits_that_one(settled: tuple[NetSuite, str]) -> None:
    erp, po_id = settled
    first = erp.read(po_id)["receipts"][0]["id"]
    erp.sandbox.post("/admin/wrongs", {"kind": "wrong_receipt", "itemReceiptId": first, "line": 1, "delta": 1})
    assert erp.differences() == [("receipt_excess", f"{po_id}/1")]


@pytest.mark.parametrize(
    "wrong", [{"kind": "lost_receipt"}, {"kind": "lost_po"}, {"kind": "wrong_receipt", "poId": "4410001", "line": 77}]
)
def test_a_wrong_without_its_subject_is_refused(erp: NetSuite, wrong: dict[str, Any]) -> None:
    erp.order()
    assert erp.sandbox.admin.post("/admin/wrongs", json=wrong).status_code in {400, 404}


def test_a_receipt_that_is_not_in_netsuite_yet_is_told_as_lost(settled: tuple[NetSuite, str]) -> None:
    erp, po_id = settled
    erp.sandbox.post("/admin/po-deeds", {"action": "receive", "poId": po_id})
    assert erp.differences() == [("receipt_lost", f"{po_id}/1"), ("receipt_lost", f"{po_id}/4")]


@pytest.mark.parametrize(("tolerance", "found"), [("0", []), ("10", ["receipt_lost"])])
def test_what_is_over_the_ordered_is_due_only_up_to_the_tolerance(
    settled: tuple[NetSuite, str], tolerance: str, found: list[str]
) -> None:
    erp, po_id = settled
    over = {"action": "receive", "poId": po_id, "items": [{"line": 1, "accepted": 15}]}
    erp.sandbox.post("/admin/po-deeds", over)
    erp.put("x.json", [entry(po_id, "R9", line_1="1")])
    erp.good_run("import", "waybill")
    assert [kind for kind, _ in erp.differences(tolerance_percent=tolerance)] == found


def test_amendments_that_hotwax_does_not_have_are_found(settled: tuple[NetSuite, str], hotwax: httpx.Client) -> None:
    erp, po_id = settled
    erp.act("amend", po_id, line=1, quantity=3)
    erp.act("amend", po_id, line=4, location="18")
    assert erp.differences() == [("quantity", f"{po_id}/1"), ("facility", f"{po_id}/4")]
    imported(hotwax, f"{po_id},SKU-1,36,17,1,", f"{po_id},SKU-2,12,18,4,")
    assert erp.differences() == []


def test_lines_closed_in_netsuite_must_be_closed_in_hotwax(settled: tuple[NetSuite, str], hotwax: httpx.Client) -> None:
    erp, po_id = settled
    erp.act("close", po_id, line=1)
    assert erp.differences() == [("closed_line_open", f"{po_id}/1")]
    imported(hotwax, f"{po_id},1", config=CLOSES)
    assert erp.differences() == []


def test_doubled_orders_and_strange_lines_are_found(settled: tuple[NetSuite, str], hotwax: httpx.Client) -> None:
    erp, po_id = settled
    imported(hotwax, f"{po_id},SKU-3,1,17,99,")
    assert erp.differences() == [("unasked_line", f"{po_id}/99")]
    erp.sandbox.change(import_repeat="duplicates")
    imported(hotwax, f"{po_id},SKU-1,24,17,1,")
    assert ("po_doubled", po_id) in erp.differences()


def test_unplanned_products_are_listed(settled: tuple[NetSuite, str]) -> None:
    erp, po_id = settled
    unplanned = {"action": "receive", "poId": po_id, "items": [{"sku": "SKU-3", "accepted": 2}]}
    erp.sandbox.post("/admin/po-deeds", unplanned)
    assert erp.sandbox.get("/admin/netsuite/check")["unplanned"] == [
        {"poId": po_id, "productId": "P3", "quantity": 2.0},
    ]
    assert erp.differences() == []
