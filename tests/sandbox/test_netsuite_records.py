"""The record service: purchase orders, transforms into item receipts, item receipts (reference netsuite.md 1-4, 8)."""

from typing import Any

import pytest

from tests.sandbox.erp import NetSuite
from tests.sandbox.rest_client import STRICT, Rest, told, why
from tests.support.sandbox import SandboxProcess


def test_a_purchase_order_is_told_with_its_lines_in_their_own_units(rest: Rest, books: NetSuite) -> None:
    po_id = books.order(
        {"item": "SKU-1", "quantity": 10, "unit": "CS", "unitRate": 12, "location": 17, "expected": "2026-06-15"},
        {"item": "SKU-2", "quantity": 4, "closed": True},
        tranid="PO45723",
        created="2025-12-19T15:09:41Z",
    )
    record = rest.order(po_id)
    first, second = record["item"].pop("items")
    assert {name: record[name] for name in ("id", "tranId", "orderStatus", "status", "createdDate")} == {
        "id": po_id,
        "tranId": "PO45723",
        "orderStatus": {"id": "B"},
        "createdDate": "2025-12-19T15:09:00Z",
        "status": {"id": "Pending Receipt", "refName": "Pending Receipt"},
    }
    assert {name: first[name] for name in first if name not in ("item", "units")} == {
        "line": 1,
        "quantity": 10,
        "quantityReceived": 0,
        "quantityBilled": 0,
        "location": {"id": "17"},
        "isClosed": False,
        "isOpen": True,
        "expectedReceiptDate": "2026-06-15",
    }
    assert (first["item"]["refName"], first["item"]["id"].isdigit(), first["units"].isdigit()) == ("SKU-1", True, True)
    assert (second["line"], second["isClosed"], second["isOpen"], "location" in second) == (4, True, False, False)
    assert record["item"]["totalResults"] == 2


def test_a_record_tells_the_first_thousand_lines_of_a_sublist_and_that_there_are_more(
    rest: Rest, books: NetSuite
) -> None:
    po_id = books.order(*({"item": "SKU-1", "quantity": 1} for _ in range(1001)))
    books.act("receive", po_id)
    receipt = books.read(po_id)["receipts"][0]["id"]
    for lines in (rest.order(po_id)["item"], rest.receipt(str(receipt))["item"]):
        assert (len(lines["items"]), lines["totalResults"], lines["hasMore"]) == (1000, 1001, True)
    assert rest.order(books.order())["item"]["hasMore"] is False


def test_lines_come_only_when_sub_resources_are_expanded(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    record = rest.get(f"/record/v1/purchaseOrder/{po_id}").json()
    assert record["item"] == {"links": [{"rel": "self", "href": f"{record['links'][0]['href']}/item"}]}
    assert set(rest.get(f"/record/v1/purchaseOrder/{po_id}", fields="tranId").json()) == {"links", "id", "tranId"}
    wrong = rest.get(f"/record/v1/purchaseOrder/{po_id}", expand="true")
    assert told(wrong) == (400, "INVALID_PARAMETER", "expand")


@pytest.mark.parametrize("path", ["purchaseOrder/1", "purchaseOrder/eid:X", "itemReceipt/1", "itemReceipt/eid:X"])
def test_a_record_that_does_not_exist_is_404(rest: Rest, path: str) -> None:
    assert told(rest.get(f"/record/v1/{path}"))[:2] == (404, "NONEXISTENT_ID")


def test_a_path_that_does_not_exist_is_404_in_the_same_shape(rest: Rest) -> None:
    assert told(rest.get("/record/v1/inboundShipment/1"))[0] == 404


@pytest.mark.parametrize(
    ("doings", "letter", "label"),
    [
        ([], "B", "Pending Receipt"),
        (["reject"], "C", "Rejected by Supervisor"),
        (["close"], "H", "Closed"),
        (["receive"], "F", "Pending Bill"),
        (["receive", "bill"], "G", "Fully Billed"),
    ],
)
def test_the_status_is_computed(rest: Rest, books: NetSuite, doings: list[str], letter: str, label: str) -> None:
    po_id = books.order()
    for action in doings:
        books.act(action, po_id)
    record = rest.order(po_id)
    assert (record["orderStatus"]["id"], record["status"]["refName"]) == (letter, label)


def test_a_transform_receives_what_is_asked_and_leaves_out_what_is_not(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    lines: list[dict[str, Any]] = [
        {"orderLine": 1, "itemReceive": True, "quantity": 4, "location": {"id": "17"}},
        {"orderLine": 4, "itemReceive": False},
    ]
    body = {"externalId": "OMS-RCPT-1001", "tranDate": "2026-11-20", "memo": "OMS receipt 1001"}
    answer = rest.transform(po_id, *lines, **body, headers=STRICT)
    assert (answer.status_code, answer.content) == (204, b"")
    made = answer.headers["location"].rsplit("/", 1)[1]
    assert answer.headers["location"] == f"{rest.sandbox.admin_url}/services/rest/record/v1/itemReceipt/{made}"
    record = rest.receipt(made)
    [line] = record["item"]["items"]
    assert {name: record[name] for name in ("id", *body)} == {"id": made, **body}
    assert (record["createdFrom"]["id"], line["orderLine"], line["quantity"]) == (po_id, 1, 4)
    order = rest.order(po_id)
    assert (order["orderStatus"]["id"], [row["quantityReceived"] for row in order["item"]["items"]]) == ("E", [4, 0])


def test_a_line_left_out_is_received_in_full(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    assert rest.transform(po_id, {"orderLine": 1, "quantity": 4}, headers=STRICT).status_code == 204
    assert books.received(po_id) == {1: "4", 4: "12"}


def test_a_transform_that_names_no_line_receives_the_whole_remainder(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    books.act("receive", po_id, quantities={"1": 5})
    books.act("close", po_id, line=4)
    assert rest.transform(po_id).status_code == 204
    assert [receipt["lines"] for receipt in books.read(po_id)["receipts"]][1:] == [[{"line": 1, "quantity": "15"}]]


def test_a_receipts_line_has_a_number_of_its_own_beside_that_of_the_order(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    rest.transform(po_id, {"orderLine": 1, "itemReceive": False}, {"orderLine": 4, "quantity": 2}, externalId="R1")
    [line] = rest.receipt("eid:R1")["item"]["items"]
    assert (line["line"], line["orderLine"], line["quantity"]) == (1, 4, 2)


def test_a_fraction_is_received_exactly_in_the_unit_of_the_line(rest: Rest, books: NetSuite) -> None:
    po_id = books.order({"item": "SKU-1", "quantity": "2.5", "unit": "CS", "unitRate": 12})
    rest.transform(po_id, {"orderLine": 1, "quantity": 0.1})
    rest.transform(po_id, {"orderLine": 1, "quantity": 0.2})
    assert (books.received(po_id), rest.order(po_id)["item"]["items"][0]["quantityReceived"]) == ({1: "0.3"}, 0.3)


def test_an_external_id_that_is_taken_is_refused_and_nothing_is_saved(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    part = {"orderLine": 1, "quantity": 1}, {"orderLine": 4, "itemReceive": False}
    assert [rest.transform(po_id, *part, externalId="R1").status_code for _ in range(2)] == [204, 400]
    assert told(rest.transform(books.order(), externalId="R1")) == (400, "DUP_RCRD", "")
    assert books.received(po_id) == {1: "1", 4: "0"}
    assert rest.receipt("eid:R1")["createdFrom"]["id"] == po_id


@pytest.mark.parametrize("doing", ["reject", "close", "receive"])
def test_an_order_that_cannot_be_received_cannot_be_transformed(rest: Rest, books: NetSuite, doing: str) -> None:
    po_id = books.order()
    books.act(doing, po_id)
    answer = rest.transform(po_id, externalId="R1")
    assert told(answer) == (400, "INVALID_INITIALIZE_REF", "")
    assert why(answer) == f"You can not initialize itemreceipt: invalid reference {po_id}."


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"orderLine": 9, "quantity": 1}, "INVALID_KEY_OR_REF"),
        ({"quantity": 1}, "INVALID_KEY_OR_REF"),
        ({"orderLine": 4, "quantity": 1}, "INVALID_KEY_OR_REF"),
        ({"orderLine": 1, "quantity": 21}, "USER_ERROR"),
        ({"orderLine": 1, "quantity": 0}, "USER_ERROR"),
        ({"orderLine": 1, "item": {"id": "13001"}}, "USER_ERROR"),
        ({"orderLine": 1, "location": {"id": "99"}}, "INVALID_CONTENT"),
        ({"orderLine": 1, "inventoryDetail": {}}, "INVALID_CONTENT"),
    ],
)
def test_a_line_that_breaks_the_rules_refuses_the_whole_receipt(
    rest: Rest, books: NetSuite, line: dict[str, Any], code: str
) -> None:
    po_id = books.order()
    books.act("close", po_id, line=4)
    assert told(rest.transform(po_id, line, externalId="R1", headers=STRICT))[:2] == (400, code)
    assert (books.received(po_id), rest.receipt("eid:R1")["status"]) == ({1: "0", 4: "0"}, 404)


def test_more_than_ordered_is_taken_where_the_account_allows_it(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess
) -> None:
    sandbox.change(netsuite_overage=True)
    po_id = books.order()
    assert rest.transform(po_id, {"orderLine": 1, "quantity": 21}).status_code == 204
    assert books.received(po_id)[1] == "21"


def test_nothing_is_posted_into_a_closed_period(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    sandbox.change(netsuite_closed_until="2026-10-31")
    po_id = books.order()
    assert told(rest.transform(po_id, tranDate="2026-10-31"))[:2] == (400, "USER_ERROR")
    assert rest.transform(po_id, tranDate="2026-11-01").status_code == 204


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"externalID": "R1"}, "externalID"),
        ({"item": {"lines": []}}, "item.lines"),
        ({"item": {"items": [{"orderLine": 1, "itemRecieve": False}]}}, "item.items[0].itemRecieve"),
    ],
)
def test_a_misspelt_field_is_refused_only_where_the_header_says_error(
    rest: Rest, books: NetSuite, body: dict[str, Any], place: str
) -> None:
    po_id = books.order()
    strict = rest.transform(po_id, **body, headers={"X-NetSuite-PropertyNameValidation": "Error"})
    assert told(strict) == (400, "INVALID_CONTENT", place)
    assert rest.transform(po_id, **body).status_code == 204
    [receipt] = books.read(po_id)["receipts"]
    assert (receipt["externalId"], books.received(po_id)) == (None, {1: "20", 4: "12"})


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"tranDate": "2026-11-20T00:00:00Z"}, "tranDate"),
        ({"tranDate": "2026-13-01"}, "tranDate"),
        ({"externalId": 7}, "externalId"),
        ({"item": {"items": [{"orderLine": 1, "quantity": "4"}]}}, "item.items[0].quantity"),
        ({"item": {"items": [{"orderLine": 1, "quantity": -4}]}}, "item.items[0].quantity"),
        ({"item": {"items": [{"orderLine": 1, "itemReceive": "no"}]}}, "item.items[0].itemReceive"),
        ({"item": {"items": {}}}, "item.items"),
    ],
)
def test_a_wrong_value_is_refused_unless_the_header_says_otherwise(
    rest: Rest, books: NetSuite, body: dict[str, Any], place: str
) -> None:
    po_id = books.order()
    assert told(rest.transform(po_id, **body)) == (400, "INVALID_CONTENT", place)
    lax = rest.transform(po_id, **body, headers={"X-NetSuite-PropertyValueValidation": "Ignore"})
    assert (lax.status_code, books.received(po_id)) == (204, {1: "20", 4: "12"})


def test_a_validation_header_must_say_something_known(rest: Rest, books: NetSuite) -> None:
    name = "X-NetSuite-PropertyNameValidation"
    assert told(rest.transform(books.order(), headers={name: "Strict"})) == (400, "INVALID_HEADER", name)


def test_a_body_that_is_no_object_is_refused(rest: Rest, books: NetSuite) -> None:
    path = f"/services/rest/record/v1/purchaseOrder/{books.order()}/!transform/itemReceipt"
    for content in (b"{", b"[]"):
        answer = rest.client.post(path, content=content, headers=rest.headers)
        assert told(answer)[:2] == (400, "INVALID_CONTENT")


def test_the_line_is_named_by_line_where_the_account_wants_it(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess
) -> None:
    sandbox.change(netsuite_line_key="line")
    po_id = books.order()
    assert told(rest.transform(po_id, {"orderLine": 1, "quantity": 1}))[1] == "INVALID_KEY_OR_REF"
    assert rest.transform(po_id, {"line": 1, "quantity": 1}, {"line": 4, "itemReceive": False}).status_code == 204
    assert books.received(po_id) == {1: "1", 4: "0"}


def test_an_account_may_not_keep_the_external_id_of_a_transform(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess
) -> None:
    sandbox.change(netsuite_keeps_external_id=False)
    po_id = books.order()
    assert rest.transform(po_id, {"orderLine": 1, "quantity": 1}, externalId="R1").status_code == 204
    assert rest.get("/record/v1/itemReceipt/eid:R1").status_code == 404


def test_a_receipt_made_over_rest_is_in_the_file_of_the_scripts(rest: Rest, erp: NetSuite) -> None:
    po_id = erp.order()
    rest.transform(po_id, {"orderLine": 1, "quantity": 5}, {"orderLine": 4, "itemReceive": False}, externalId="R1")
    [name] = erp.good_run("export")
    rows = [row.split(",") for row in erp.text("purchaseorder/fulfillment", name).splitlines()[1:-1]]
    assert [(row[2], row[3], row[9]) for row in rows] == [("E", "1", "5"), ("E", "4", "0")]


def test_a_receipt_of_the_scripts_is_seen_over_rest(rest: Rest, erp: NetSuite) -> None:
    po_id = erp.order()
    items = [{"line_id": "1", "quantity": "7"}, {"line_id": "4", "quantity": None}]
    told_at = "2026-11-20T18:00:00Z"
    erp.put("WB-1.json", [{"order_id": po_id, "receipt_id": "7", "received_at": told_at, "items": items}])
    erp.good_run("import")
    record = rest.receipt("eid:WB-RCPT-7")
    assert (record["tranDate"], record["item"]["items"][0]["quantity"]) == ("2026-11-20", 7)
    assert told(rest.transform(po_id, externalId="WB-RCPT-7"))[1] == "DUP_RCRD"
