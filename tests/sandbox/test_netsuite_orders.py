"""NetSuite's purchase orders: statuses computed from what happened, line ids, and what people do to them."""

from typing import Any

import pytest

from tests.sandbox.erp import NetSuite

RECEIVE_ALL: dict[str, Any] = {"action": "receive"}
RECEIVE_SOME: dict[str, Any] = {"action": "receive", "quantities": {"1": 5}}
BILL: dict[str, Any] = {"action": "bill"}


@pytest.mark.parametrize(
    ("approval", "acts", "status"),
    [
        ("pending", [], "A"),
        ("pending", [{"action": "approve"}], "B"),
        ("pending", [{"action": "reject"}], "C"),
        ("approved", [], "B"),
        ("approved", [{"action": "cancel"}], "C"),
        ("approved", [RECEIVE_SOME], "E"),
        ("approved", [RECEIVE_SOME, BILL], "D"),
        ("approved", [RECEIVE_SOME, BILL, RECEIVE_SOME], "E"),
        ("approved", [RECEIVE_ALL], "F"),
        ("approved", [RECEIVE_ALL, BILL], "G"),
        ("approved", [RECEIVE_SOME, {"action": "close", "line": 1}], "E"),
        ("approved", [{"action": "close", "line": 4}], "B"),
        ("approved", [{"action": "close"}], "H"),
        ("approved", [RECEIVE_SOME, {"action": "close"}], "H"),
        ("approved", [{"action": "close"}, {"action": "reopen"}], "B"),
        ("approved", [RECEIVE_ALL, {"action": "amend", "line": 1, "quantity": 21}], "E"),
    ],
)
def test_the_status_follows_from_approval_receipts_bills_and_closed_lines(
    erp: NetSuite, approval: str, acts: list[dict[str, Any]], status: str
) -> None:
    po_id = erp.order(approval=approval)
    for act in acts:
        erp.act(po_id=po_id, **act)
    assert erp.read(po_id)["status"] == status


def test_line_ids_have_gaps_and_unique_keys_are_global(erp: NetSuite) -> None:
    lines = [line for _ in range(2) for line in erp.read(erp.order())["lines"]]
    assert [line["line"] for line in lines] == [1, 4, 1, 4]
    assert len({line["uniqueKey"] for line in lines}) == 4


def test_an_amendment_changes_what_it_names_and_moves_the_modification_time(erp: NetSuite) -> None:
    po_id = erp.order(created=0)
    erp.act("amend", po_id, line=1, quantity="24.5", expected="2026-07-01", location="18")
    erp.act("add_line", po_id, new={"item": "SKU-3", "quantity": 2, "unit": "Case", "unitRate": 12})
    found = erp.read(po_id)
    assert found["lastModifiedDate"] > found["createdDate"] == 0
    shown = [(line["line"], line["quantity"], line["location"], line["expected"]) for line in found["lines"]]
    assert shown == [(1, "24.5", "18", "2026-07-01"), (4, "12", "17", "2026-06-15"), (7, "2", None, None)]


def test_an_order_with_receipts_is_closed_never_cancelled(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.act(po_id=po_id, **RECEIVE_SOME)
    refused = erp.sandbox.admin.post("/admin/netsuite/acts", json={"action": "cancel", "poId": po_id})
    assert (refused.status_code, "close it instead" in refused.text) == (400, True)


def test_a_closed_line_has_no_remainder(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.act("close", po_id, line=4)
    erp.act("receive", po_id)
    assert erp.received(po_id) == {1: "20", 4: "0"}


@pytest.mark.parametrize(("overage", "status"), [(False, 400), (True, 200)])
def test_the_preference_decides_whether_more_may_be_received_than_ordered(
    erp: NetSuite, overage: bool, status: int
) -> None:
    erp.sandbox.change(netsuite_overage=overage)
    body = {"action": "receive", "poId": erp.order(), "quantities": {"1": 21}}
    assert erp.sandbox.admin.post("/admin/netsuite/acts", json=body).status_code == status


def test_a_closed_period_takes_no_receipt(erp: NetSuite) -> None:
    erp.sandbox.change(netsuite_closed_until="2999-12-31")
    refused = erp.sandbox.admin.post("/admin/netsuite/acts", json={"action": "receive", "poId": erp.order()})
    assert "period" in refused.json()["error"]


def test_a_fully_received_order_is_an_invalid_reference(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.act("receive", po_id)
    refused = erp.sandbox.admin.post("/admin/netsuite/acts", json={"action": "receive", "poId": po_id})
    assert f"INVALID_INITIALIZE_REF: You can not initialize itemreceipt: invalid reference {po_id}." in refused.text


def test_a_copy_has_the_lines_and_the_flag_and_nothing_received(erp: NetSuite) -> None:
    po_id = erp.order(exported=True)
    erp.act("receive", po_id)
    copy = erp.act("copy", po_id)
    assert (copy["poId"] != po_id, copy["status"], copy["exported"]) == (True, "B", True)
    assert [line["received"] for line in copy["lines"]] == ["0", "0"]


def test_one_that_is_deleted_is_gone_until_it_is_seeded_again_and_one_with_receipts_is_kept(erp: NetSuite) -> None:
    gone, kept = erp.order(), erp.order()
    assert erp.act("delete", gone)["poId"] == gone
    erp.act("receive", kept)
    refused = erp.sandbox.admin.post("/admin/netsuite/acts", json={"action": "delete", "poId": kept})
    assert (refused.status_code, "has receipts" in refused.text) == (400, True)
    assert erp.sandbox.admin.get(f"/admin/netsuite/purchase-orders/{gone}").status_code == 404
    assert erp.order(poId=gone) == gone


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"purchaseOrders": [{"lines": []}]}, "purchaseOrders[0].lines"),
        ({"purchaseOrders": [{"lines": [{"item": "A", "quantity": -1}]}]}, "purchaseOrders[0].lines[0].quantity"),
        ({"purchaseOrders": [{"lines": [{"item": "A", "quantity": 1, "line": 1}] * 2}]}, "line"),
        ({"purchaseOrders": [{"poId": 7, "lines": [{"item": "A", "quantity": 1}]}] * 2}, "poId"),
    ],
)
def test_a_wrong_seed_is_refused_by_field_and_writes_nothing(erp: NetSuite, body: dict[str, Any], field: str) -> None:
    answer = erp.sandbox.admin.post("/admin/netsuite/seed", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert erp.sandbox.get("/admin/netsuite/purchase-orders") == {"purchaseOrders": []}


def test_a_reset_forgets_purchase_orders(erp: NetSuite) -> None:
    erp.order()
    erp.sandbox.post("/admin/reset")
    assert erp.sandbox.get("/admin/counts")["purchaseOrders"] == 0
