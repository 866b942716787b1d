"""The check from the sandbox's side alone: silent when all is right, and finding each planted difference."""

from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import CARD, P1, P2, invoice, order, slip
from tests.sandbox.conftest import TOWN
from tests.support.sandbox import SandboxProcess

INVOICE, SLIP = "/Document/Ordertoinvoice", "/Transfer/Slip"


@pytest.fixture
def settled(retailpro: httpx.Client, sandbox: SandboxProcess) -> SandboxProcess:
    """Order HW1 shipped from two stores, invoiced at GT101, with its slip."""
    sandbox.seed(orders=[order()])
    sandbox.deed("fulfill", "HW1")
    retailpro.post(INVOICE, json=invoice()).raise_for_status()
    retailpro.post(SLIP, json=slip()).raise_for_status()
    return sandbox


def differences(sandbox: SandboxProcess, **query: str) -> list[tuple[str, str]]:
    found = sandbox.get("/admin/check", **query)
    assert found["ok"] is not bool(found["differences"])
    return [(row["kind"], row["key"]) for row in found["differences"]]


def test_a_settled_day_has_no_difference(settled: SandboxProcess) -> None:
    found = settled.get("/admin/check")
    assert (found["ok"], found["differences"], found["waiting"]) == (True, [], [])
    assert [line["invoicedTimes"] for line in found["orders"][0]["lines"]] == [1, 1]
    assert found["documents"] == {"OrderNo": {"A1000417": 1}, "SlipNo": {"00031877": 1}}
    stock = {(row["store"], row["upc"]): (row["change"], row["expected"]) for row in found["stock"]}
    assert stock == {("GT101", P1): (-1, -1), ("GT101", P2): (0, 0), ("GT205", P2): (-1, -1)}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (
            {"kind": "lost_invoice", "orderNo": "A1000417"},
            {
                ("not_invoiced", f"HW1/{P1}"),
                ("not_invoiced", f"HW1/{P2}"),
                *[("stock", f"GT101/{p}") for p in (P1, P2)],
            },
        ),
        (
            {"kind": "doubled_invoice", "orderNo": "A1000417"},
            {
                *[("invoiced_too_much", f"HW1/{p}") for p in (P1, P2)],
                *[("stock", f"GT101/{p}") for p in (P1, P2)],
                ("doubled_document", "OrderNo A1000417"),
            },
        ),
        (
            {"kind": "doubled_slip", "slipNo": "00031877"},
            {("doubled_document", "SlipNo 00031877"), ("stock", f"GT101/{P2}"), ("stock", f"GT205/{P2}")},
        ),
        (
            {"kind": "wrong_quantity", "orderNo": "A1000417", "upc": P1},
            {("invoiced_too_much", f"HW1/{P1}"), ("stock", f"GT101/{P1}")},
        ),
        (
            {"kind": "wrong_quantity", "slipNo": "00031877", "delta": 2},
            {("stock", f"GT101/{P2}"), ("stock", f"GT205/{P2}")},
        ),
        (
            {"kind": "wrong_store", "slipNo": "00031877", "toStore": "GT309"},
            {("stock", f"GT101/{P2}"), ("stock", f"GT309/{P2}")},
        ),
        (
            {"kind": "unasked_invoice", "orderNo": "B9", "store": "GT309", "items": [{"upc": P1}]},
            {("unasked_invoice", "B9"), ("stock", f"GT309/{P1}")},
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_planted_difference_is_found_and_named(
    settled: SandboxProcess, wrong: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    settled.post("/admin/wrongs", wrong)
    assert set(differences(settled)) == expected


def test_a_planted_document_says_what_it_moved(settled: SandboxProcess) -> None:
    settled.post("/admin/wrongs", {"kind": "wrong_quantity", "slipNo": "00031877", "delta": 2})
    [document] = settled.get("/admin/slips")["slips"]
    assert (document["body"]["TotalQty"], document["lines"]) == (3, [{"upc": P2, "quantity": 3}])


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"kind": "lost_invoice"}, 400),
        ({"kind": "wrong_store", "slipNo": "00031877"}, 400),
        ({"kind": "unasked_invoice", "orderNo": "B9"}, 400),
        ({"kind": "lost_invoice", "orderNo": "none"}, 404),
        ({"kind": "wrong_quantity", "slipNo": "00031877", "upc": "none"}, 404),
    ],
)
def test_a_wrong_that_cannot_be_planted_is_refused(settled: SandboxProcess, wrong: dict[str, str], status: int) -> None:
    assert settled.admin.post("/admin/wrongs", json=wrong).status_code == status
    assert differences(settled) == []


def test_a_missing_slip_shows_at_both_stores(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(orders=[order()])
    sandbox.deed("fulfill", "HW1")
    retailpro.post(INVOICE, json=invoice()).raise_for_status()
    assert differences(sandbox) == [("stock", f"GT101/{P2}"), ("stock", f"GT205/{P2}")]


def test_a_line_invoiced_for_the_wrong_store_is_named(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(orders=[order()])
    sandbox.deed("fulfill", "HW1")
    retailpro.post(INVOICE, json=invoice(Items_1_StoreOrig="GT309")).raise_for_status()
    assert ("wrong_store_orig", f"HW1/{P2}/GT205") in differences(sandbox)


def test_an_order_that_is_not_complete_waits_and_is_no_difference(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order()])
    sandbox.deed("fulfill", "HW1", items=["00101"])
    assert differences(sandbox) == []
    assert sandbox.get("/admin/check")["waiting"] == ["HW1"]


def test_a_completed_order_that_is_meant_to_be_held_can_be_left_out(sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order()])
    sandbox.deed("fulfill", "HW1")
    assert {kind for kind, _ in differences(sandbox)} == {"not_invoiced", "stock"}
    assert differences(sandbox, exclude="HW1") == []


def test_a_supplementary_invoice_counts_for_its_order(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(orders=[order(orderName="#1001")])
    sandbox.deed("fulfill", "HW1")
    items = invoice()["Items"]
    for number, item in (("1001", items[0]), ("1001-2", items[1])):
        retailpro.post(INVOICE, json={**invoice(OrderNo=number), "Items": [item]}).raise_for_status()
    retailpro.post(SLIP, json=slip()).raise_for_status()
    assert differences(sandbox) == []


def test_a_send_sale_is_sold_at_the_till_and_only_transferred(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    line = {"productId": "P2", "facilityId": "GT205"}
    sale = order(channel="pos", pos_sale=True, attributes={"OrderFacility": "GT101"}, lines=[line])
    sandbox.seed(orders=[sale])
    assert differences(sandbox) == []
    sandbox.deed("fulfill", "HW1")
    assert differences(sandbox) == [("stock", f"GT101/{P2}"), ("stock", f"GT205/{P2}")]
    retailpro.post(SLIP, json=slip()).raise_for_status()
    assert differences(sandbox) == []
    retailpro.post(INVOICE, json=invoice()).raise_for_status()
    assert ("pos_order_invoiced", "HW1") in differences(sandbox)


def test_a_carried_out_sale_needs_nothing_and_a_sale_without_order_is_its_own_reason(sandbox: SandboxProcess) -> None:
    line = {"productId": "P1", "facilityId": "GT101", "shipmentMethodTypeId": "POS_COMPLETED"}
    sandbox.seed(**TOWN, orders=[order(channel="pos", pos_sale=True, originFacilityId="GT101", lines=[line])])
    sandbox.deed("fulfill", "HW1")
    sandbox.post("/admin/pos-sales", {"store": "GT309", "items": [{"upc": P1, "quantity": 2}]})
    assert differences(sandbox) == []


def test_a_digital_line_is_invoiced_at_any_store_without_stock(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(orders=[order(lines=[{"productId": "CARD", "statusId": "ITEM_COMPLETED"}])])
    item = invoice(Items_0_UPC=CARD)["Items"][0]
    retailpro.post(INVOICE, json={**invoice(), "Items": [item]}).raise_for_status()
    assert differences(sandbox) == []


def test_an_order_imported_twice_is_invoiced_once_by_its_number(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(orders=[order("HW1"), order("HW2")])
    sandbox.deed("fulfill", "HW2")
    for path, body in ((INVOICE, invoice()), (SLIP, slip())):
        retailpro.post(path, json=body).raise_for_status()
    assert differences(sandbox) == []
