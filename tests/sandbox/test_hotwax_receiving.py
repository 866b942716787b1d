"""Receiving: REST, associates, days by a seed, corrections, and what the lists show of it."""

from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import eventually
from tests.sandbox.erp import PRODUCTS, STORES
from tests.sandbox.receiving import RECEIPT, entity, imported
from tests.support.sandbox import SandboxProcess

PO = "4410021"


@pytest.fixture
def oms(sandbox: SandboxProcess, hotwax: httpx.Client) -> httpx.Client:
    """HotWax with purchase order 4410021: 20 of SKU-1 (line 1) and 12 of SKU-2 (line 4)."""
    sandbox.seed(facilities=STORES, products=PRODUCTS)
    imported(hotwax, f"{PO},SKU-1,20,17,1,", f"{PO},SKU-2,12,17,4,")
    return hotwax


def order_id(oms: httpx.Client) -> str:
    found: str = entity(oms, "OrderHeader", externalId=PO)[0]["orderId"]
    return found


def desk(sandbox: SandboxProcess, action: str = "receive", **fields: Any) -> dict[str, Any]:
    """An associate's deed."""
    done: dict[str, Any] = sandbox.post("/admin/po-deeds", {"action": action, "poId": PO, **fields})
    return done


def receipts(oms: httpx.Client, **parameters: Any) -> list[tuple[Any, ...]]:
    rows = entity(oms, RECEIPT, **parameters)
    names = ("orderItemSeqId", "productId", "quantityAccepted", "quantityRejected")
    return [tuple(row.get(name) for name in names) for row in rows]


def test_the_list_the_order_and_its_receipts_are_offered(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    desk(sandbox, items=[{"line": 1, "accepted": 5}])
    listed = oms.get("/oms/purchaseOrders", params={"facilityId": "GT101", "orderStatusId": "ORDER_APPROVED"}).json()
    assert (listed["totalOrdersCount"], listed["orders"][0]["orderExternalId"]) == (1, PO)
    assert oms.get("/oms/purchaseOrders", params={"facilityId": "GT205"}).json()["totalOrdersCount"] == 0
    order = oms.get(f"/oms/purchaseOrders/{order_id(oms)}").json()["order"]
    assert [(item["externalId"], item["quantity"]) for item in order["items"]] == [("1", 20), ("4", 12)]
    [receipt] = oms.get(f"/oms/purchaseOrders/{order_id(oms)}/receipts").json()
    assert (receipt["quantityAccepted"], receipt["facilityId"]) == (5, "GT101")


def test_an_instance_without_these_resources_answers_404(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(purchase_orders_offered=False)
    paths = ("", f"/{order_id(oms)}", f"/{order_id(oms)}/receipts")
    answers = [oms.get(f"/oms/purchaseOrders{path}") for path in paths]
    assert [(answer.status_code, "errors" in answer.json()) for answer in answers] == [(404, True)] * 3


def test_the_receiving_app_receives_and_closes(oms: httpx.Client) -> None:
    rows = [
        {"orderItemSeqId": "00101", "quantityAccepted": 22, "quantityRejected": 1},
        {"orderItemSeqId": "00102", "quantityAccepted": 3, "statusId": "ITEM_COMPLETED"},
        {"productId": "P3", "quantityAccepted": 2},
    ]
    path = f"/oms/purchaseOrders/{order_id(oms)}/receive"
    answer = oms.post(path, json={"facilityId": "GT101", "items": rows})
    assert answer.status_code == 200
    assert receipts(oms) == [("00101", "P1", 22, 1), ("00102", "P2", 3, 0), (None, "P3", 2, 0)]
    assert len({row["shipmentId"] for row in entity(oms, RECEIPT)}) == 1
    refused = [
        oms.post(path, json={"items": [{"orderItemSeqId": "00102", "quantityAccepted": 1}]}),
        oms.post(path, json={"items": [{"orderItemSeqId": "00101"}]}),
        oms.post(path, json={"items": [{"quantityAccepted": 1}]}),
        oms.post(path, json={"items": 1}),
        oms.post("/oms/purchaseOrders/none/receive", json={"items": []}),
    ]
    assert [answer.status_code for answer in refused] == [400, 400, 400, 400, 404]


def test_receiving_has_no_key_so_that_a_repetition_receives_again(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    path = f"/oms/purchaseOrders/{order_id(oms)}/receive"
    sandbox.fault("drop", when="after", path="/rest/s1/oms/purchaseOrders", next=1)
    body = {"items": [{"orderItemSeqId": "00101", "quantityAccepted": 5}]}
    with pytest.raises(httpx.ReadError):
        oms.post(path, json=body)
    oms.post(path, json=body).raise_for_status()
    assert len(receipts(oms)) == 2


def test_a_day_of_parts_ends_with_all_that_was_ordered(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    desk(sandbox, share=0.5)
    desk(sandbox, share=0.5)
    desk(sandbox)
    assert [row[2] for row in receipts(oms)] == [10, 6, 5, 3, 5, 3]


def test_short_lines_are_closed_and_received_no_more(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    desk(sandbox, items=[{"line": 1, "accepted": 19, "close": True}])
    desk(sandbox, "close", items=[{"line": 4}])
    assert entity(oms, "OrderHeader", externalId=PO)[0]["statusId"] == "ORDER_COMPLETED"
    refused = sandbox.admin.post("/admin/po-deeds", json={"action": "receive", "poId": PO})
    assert refused.status_code == 400


@pytest.mark.parametrize(("complete", "status"), [(False, "ITEM_APPROVED"), (True, "ITEM_COMPLETED")])
def test_full_lines_are_completed_only_where_the_instance_does_so(
    oms: httpx.Client, sandbox: SandboxProcess, complete: bool, status: str
) -> None:
    sandbox.change(complete_received_lines=complete)
    desk(sandbox, items=[{"line": 1, "accepted": 20}])
    assert entity(oms, "OrderItem", orderId=order_id(oms))[0]["statusId"] == status


def test_more_ordered_opens_a_full_line_again(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(complete_received_lines=True)
    desk(sandbox)
    imported(oms, f"{PO},SKU-1,25,17,1,")
    assert [row["statusId"] for row in entity(oms, "OrderItem", orderId=order_id(oms))] == [
        *("ITEM_APPROVED", "ITEM_COMPLETED"),
    ]
    assert entity(oms, "OrderHeader", externalId=PO)[0]["statusId"] == "ORDER_APPROVED"


def test_a_correction_changes_the_row_and_a_reversal_adds_one(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    first, second = desk(sandbox)["receiptIds"]
    before = entity(oms, RECEIPT, receiptId=first)[0]["datetimeReceived"]
    desk(sandbox, "correct", receiptId=first, accepted=18)
    desk(sandbox, "reverse", receiptId=second)
    assert [row[2] for row in receipts(oms)] == [18, 12, -12]
    assert entity(oms, RECEIPT, receiptId=first)[0]["datetimeReceived"] == before


def test_the_newest_receipt_of_a_line_is_corrected_by_a_difference(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    for at in (1000, 2000):
        desk(sandbox, items=[{"line": 1, "accepted": 5}], at=at)
    desk(sandbox, "correct", items=[{"line": 1}], delta=-2)
    assert [row[2] for row in receipts(oms)] == [5, 3]


def test_receipts_are_found_since_a_moment_twenty_to_a_page(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    for at in range(25):
        desk(sandbox, items=[{"line": 1, "accepted": 1}], at=1000 + at)
    assert len(entity(oms, RECEIPT)) == 20
    assert len(entity(oms, RECEIPT, pageSize=100, datetimeReceived_from=1020)) == 5


def test_a_receipt_may_be_seen_late(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("delayed_visibility", path="ShipmentReceipt", seconds=3)
    desk(sandbox)
    assert receipts(oms) == []
    assert eventually(lambda: len(receipts(oms)) == 2)


@pytest.mark.parametrize(("names_order", "found"), [(True, 1), (False, 0)])
def test_products_on_no_line_may_or_may_not_name_the_order(
    oms: httpx.Client, sandbox: SandboxProcess, names_order: bool, found: int
) -> None:
    sandbox.change(unplanned_names_order=names_order)
    desk(sandbox, items=[{"sku": "SKU-3", "accepted": 1}])
    assert len(receipts(oms, orderId=order_id(oms))) == found
    [shipment] = entity(oms, "org.apache.ofbiz.shipment.shipment.Shipment")
    assert shipment["primaryOrderId"] == order_id(oms)


def test_a_played_day_is_the_same_for_the_same_seed(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    day = {"seed": 3, "over_s": 3600, "parts": 3, "over": 1, "reject": 1, "unplanned": 1, "unplanned_sku": "SKU-3"}
    days = []
    for _ in range(2):
        planned = sandbox.post("/admin/po-play", day)["planned"]
        plan = sandbox.get("/admin/plan")["plan"]
        days.append([row["action"] for row in plan if row["state"] == "pending"])
        assert len(days[-1]) == planned > 0
        sandbox.admin.delete("/admin/plan")
    assert days[0] == days[1]
    sandbox.post("/admin/po-play", {**day, "over_s": 0.2})
    assert eventually(lambda: sandbox.get("/admin/counts")["planned"] == 0)
    totals: dict[Any, float] = {}
    for seq, _, accepted, _ in receipts(oms, pageSize=100):
        totals[seq] = totals.get(seq, 0) + accepted
    assert totals == {"00101": 21, "00102": 12, None: 1}


def test_a_played_day_may_end_short_and_be_corrected(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.post("/admin/po-play", {"orders": [PO], "over_s": 0.1, "parts": 1, "short": 1, "correct": 1})
    assert eventually(lambda: sandbox.get("/admin/counts")["planned"] == 0)
    assert [row["state"] for row in sandbox.get("/admin/plan")["plan"]] == ["done", "done"]
    assert entity(oms, "OrderHeader", externalId=PO)[0]["statusId"] == "ORDER_COMPLETED"
    assert sorted(row[2] for row in receipts(oms)) in ([10, 19], [11, 18])


def test_a_deed_for_an_order_that_is_not_imported_is_404(sandbox: SandboxProcess) -> None:
    assert sandbox.admin.post("/admin/po-deeds", json={"action": "receive", "poId": "1"}).status_code == 404
    assert sandbox.admin.post("/admin/po-deeds", json={"action": "receive"}).status_code == 400


def test_purchase_orders_are_no_part_of_the_invoicing_day(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    desk(sandbox)
    desk(sandbox, "close")
    found = sandbox.get("/admin/check")
    assert (found["ok"], found["orders"], sandbox.get("/admin/shipped")["shipped"]) == (True, [], [])
    assert sandbox.post("/admin/play", {})["planned"] == 0
    assert len(receipts(oms)) == 2
