"""Receipts come in stable pages, exact, each with its order; a bad one is named and the others go on."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import Contract, NotFound, Rejected
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.po_ports import ReceiptPage
from tests.connectors.purchase_help import EntityServer, Row, a_purchase
from tests.support.raw_server import RawServer, an_answer

AT = datetime(2026, 11, 20, 18, 0, 0, 250_000, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)
PATH = "/rest/s1/oms/purchaseOrders/M100/receipts"


def a_receipt(receipt_id: str, **changes: Any) -> dict[str, Any]:
    """A row of ShipmentReceipt."""
    row = {"receiptId": receipt_id, "orderId": "M100", "orderItemSeqId": "00001", "productId": "P1"}
    rest = {"quantityAccepted": 20, "datetimeReceived": MS, "shipmentId": "SH1", "facilityId": "GT101"}
    return {**row, **rest, **changes}


TABLES: dict[str, list[Any]] = {
    "GoodIdentification": [{"productId": "P1", "goodIdentificationTypeId": "SKU", "idValue": "SHOE", "fromDate": 1}],
}


def a_hotwax(*rows: Any, **entities: Any) -> EntityServer:
    """A HotWax with these receipts."""
    return EntityServer({**TABLES, "ShipmentReceipt": rows, **entities})


def all_pages(driver: HotWaxPurchase, since: datetime) -> list[ReceiptPage]:
    """Every page since then, the empty one included."""
    found = [driver.receipts_since(since, 0)]
    while not found[-1].last:
        found.append(driver.receipts_since(since, len(found)))
    return found


def the_page(*rows: Any, **entities: Any) -> ReceiptPage:
    """The first page of these receipts."""
    with a_hotwax(*rows, **entities) as server, a_purchase(server.url) as driver:
        return driver.receipts_since(AT - timedelta(days=1), 0)


def test_a_receipt_is_told_whole() -> None:
    (receipt,) = the_page(a_receipt("R1", quantityAccepted="12.5", quantityRejected=2)).receipts
    assert receipt.model_dump() == {
        "receipt_id": "R1",
        "order_id": "M100",
        "seq_id": "00001",
        "product_id": "P1",
        "sku": "SHOE",
        "accepted": Decimal("12.5"),
        "rejected": Decimal(2),
        "at": AT,
        "shipment_id": "SH1",
    }


def test_receipts_come_in_pages_since_a_moment_in_a_fixed_order() -> None:
    rows = [a_receipt(f"R{number:02}", datetimeReceived=MS + number) for number in range(10)]
    with a_hotwax(*rows) as server, a_purchase(server.url, page_size=4) as driver:
        pages = all_pages(driver, AT + timedelta(milliseconds=1))
    assert [[r.receipt_id for r in page.receipts] for page in pages] == [
        ["R01", "R02", "R03", "R04"],
        ["R05", "R06", "R07", "R08"],
        ["R09"],
        [],
    ]
    assert [page.last for page in pages] == [False, False, False, True]
    asked = [one for one in server.asked if one["entity"] == "ShipmentReceipt"]
    assert [one["pageIndex"] for one in asked] == [0, 1, 2, 3]
    assert all(one["orderByField"] == "datetimeReceived,receiptId" for one in asked)
    assert all((one["datetimeReceived_from"], one["pageSize"]) == (MS + 1, 4) for one in asked)


def test_quantities_that_are_missing_are_none_and_negative_ones_take_back() -> None:
    page = the_page(a_receipt("R1", quantityAccepted=None, quantityRejected=3), a_receipt("R2", quantityAccepted=-4))
    assert [(r.accepted, r.rejected) for r in page.receipts] == [(Decimal(0), Decimal(3)), (Decimal(-4), Decimal(0))]


def test_one_product_on_two_lines_stays_apart_and_a_row_shown_twice_counts_once() -> None:
    page = the_page(a_receipt("R1"), a_receipt("R2", orderItemSeqId="00002"), a_receipt("R1"))
    assert [(r.receipt_id, r.seq_id) for r in page.receipts] == [("R1", "00001"), ("R2", "00002")]


@pytest.mark.parametrize("line", [None, "_NA_", ""])
def test_a_product_that_is_not_on_the_purchase_order_has_no_line(line: str | None) -> None:
    (receipt,) = the_page(a_receipt("R1", orderItemSeqId=line, productId="P9")).receipts
    assert (receipt.order_id, receipt.seq_id, receipt.sku) == ("M100", None, None)


def test_a_receipt_that_names_no_order_is_that_of_its_shipment() -> None:
    rows = [a_receipt("R1"), a_receipt("R2", orderId=None), a_receipt("R3", orderId=None, shipmentId="SH2")]
    shipments = [{"shipmentId": "SH1", "primaryOrderId": "M100"}, {"shipmentId": "SH2"}]
    page = the_page(*rows, Shipment=shipments)
    assert [(r.receipt_id, r.order_id) for r in page.receipts] == [("R1", "M100"), ("R2", "M100"), ("R3", None)]
    assert page.bad == ()


def test_shipments_are_not_asked_for_where_every_receipt_names_its_order() -> None:
    with a_hotwax(a_receipt("R1")) as server, a_purchase(server.url) as driver:
        driver.receipts_since(AT, 0)
    assert "Shipment" not in server.entities()


@pytest.mark.parametrize("entities", [{}, {"Shipment": lambda _: [{}]}, {"Shipment": []}])
def test_shipments_that_cannot_be_looked_up_are_told_row_by_row_and_stop_no_other_receipt(
    entities: Mapping[str, Any],
) -> None:
    page = the_page(a_receipt("R1"), a_receipt("R2", orderId=None), **entities)
    assert [(r.receipt_id, r.order_id) for r in page.receipts] == [("R1", "M100"), ("R2", None)]
    assert [(bad.receipt_id, bad.order_id, bad.shipment_id, bad.at) for bad in page.bad] == [("R2", None, "SH1", AT)]
    assert "its shipment SH1 cannot be looked up" in page.bad[0].told


def test_a_bad_receipt_is_named_and_the_others_go_on() -> None:
    rows = [
        a_receipt("R1"),
        a_receipt("R2", quantityAccepted="many"),
        a_receipt("R3", datetimeReceived="soon"),
        "receipt",
        a_receipt("R4", productId=None),
        a_receipt("R5", quantityAccepted="1e99"),
        {**a_receipt("R6"), "receiptId": None},
        a_receipt("R7", datetimeReceived="2026-11-20T12:00:00.250-06:00"),
    ]
    page = the_page(*rows)
    assert [(r.receipt_id, r.at) for r in page.receipts] == [("R1", AT), ("R7", AT)]
    assert not page.last
    assert [bad.told.split(":")[0] for bad in page.bad] == [
        "receipt R2.quantityAccepted",
        "receipt R3.datetimeReceived",
        "entityValueList[3]",
        "receipt R4.productId",
        "receipt R5.quantityAccepted",
        "a receipt.receiptId",
    ]
    assert [(bad.receipt_id, bad.order_id, bad.shipment_id) for bad in page.bad[:3]] == [
        ("R2", "M100", "SH1"),
        ("R3", "M100", "SH1"),
        (None, None, None),
    ]
    assert (page.bad[0].at, page.bad[1].at) == (AT, None)


@pytest.mark.parametrize(
    "when", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-06:00", 253402300799000]
)
def test_a_receipt_of_a_year_that_nobody_lives_in_is_bad_and_the_others_go_on(when: Any) -> None:
    page = the_page(a_receipt("R1", datetimeReceived=when), a_receipt("R2"))
    assert [(bad.receipt_id, bad.order_id, bad.at) for bad in page.bad] == [("R1", "M100", None)]
    assert page.bad[0].told.startswith("receipt R1.datetimeReceived: expected ")
    assert [receipt.receipt_id for receipt in page.receipts] == ["R2"]


@pytest.mark.parametrize("broken", ["1\0", "1\ud800"])
@pytest.mark.parametrize("key", ["receiptId", "orderId", "orderItemSeqId", "productId", "shipmentId"])
def test_a_receipt_whose_id_has_lost_a_character_is_bad_and_never_taken_for_another(key: str, broken: str) -> None:
    page = the_page(a_receipt("R1", **{key: broken}), a_receipt("R2"))
    (bad,) = page.bad
    assert f"{key}: expected an id without broken characters, got '1\ufffd'" in bad.told
    named = {"receiptId": bad.receipt_id, "orderId": bad.order_id, "shipmentId": bad.shipment_id}
    assert named == {"receiptId": "R1", "orderId": "M100", "shipmentId": "SH1"} | ({key: None} if key in named else {})
    assert [receipt.receipt_id for receipt in page.receipts] == ["R2"]


@pytest.mark.parametrize("strange", [{"id": 1}, True, ["SH1"], ""])
def test_a_bad_receipt_has_the_order_of_its_shipment_and_no_id_that_could_not_be_one(strange: Any) -> None:
    rows = [
        a_receipt("R1", orderId=None, quantityAccepted="many"),
        a_receipt("R2", shipmentId=strange, quantityAccepted="many"),
    ]
    page = the_page(*rows, Shipment=[{"shipmentId": "SH1", "primaryOrderId": "M100"}])
    assert [(bad.receipt_id, bad.order_id, bad.shipment_id) for bad in page.bad] == [
        ("R1", "M100", "SH1"),
        ("R2", "M100", None),
    ]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"entityValueList":null}', b'{"entityValueList":{"0":{}}}'])
def test_an_answer_without_rows_is_no_end_of_the_receipts(body: bytes) -> None:
    with (
        RawServer([an_answer(body)]) as server,
        a_purchase(server.url) as driver,
        pytest.raises(Contract, match="entityValueList"),
    ):
        driver.receipts_since(AT, 0)


# ---- the receipts of one order ---------------------------------------------------------------------------------------


def test_all_receipts_of_an_order_are_told_as_they_stand_now() -> None:
    rows = [a_receipt("R1"), a_receipt("R2"), a_receipt("R3", orderId="M200")]
    with a_hotwax(*rows) as server, a_purchase(server.url) as driver:
        before = driver.receipts_of("M100")
        server.rows["ShipmentReceipt"] = [a_receipt("R1", quantityAccepted=18), a_receipt("R2")]
        after = driver.receipts_of("M100")
    assert [(r.receipt_id, r.accepted) for r in before.receipts] == [("R1", Decimal(20)), ("R2", Decimal(20))]
    assert [(r.receipt_id, r.accepted) for r in after.receipts] == [("R1", Decimal(18)), ("R2", Decimal(20))]
    assert before.last
    assert [one["orderByField"] for one in server.asked if one["entity"] == "ShipmentReceipt"] == [
        "datetimeReceived,receiptId"
    ] * 2


def test_receipts_that_name_no_order_are_told_by_the_shipments_of_their_order() -> None:
    others = [a_receipt("R3", orderId="M200"), a_receipt("R4", orderId=None, shipmentId="SH2")]
    rows = [a_receipt("R1"), a_receipt("R2", orderId=None, productId="P9"), *others]
    shipments = [{"shipmentId": "SH1", "primaryOrderId": "M100"}, {"shipmentId": "SH2", "primaryOrderId": "M200"}]
    with a_hotwax(*rows, Shipment=shipments) as server, a_purchase(server.url) as driver:
        page = driver.receipts_of("M100")
    assert [(r.receipt_id, r.order_id) for r in page.receipts] == [("R1", "M100"), ("R2", "M100")]
    assert (page.bad, page.unread) == ((), "")


@pytest.mark.parametrize(
    ("entities", "told"),
    [
        ({}, "Entity .*Shipment not found"),
        ({"Shipment": lambda _: [{"shipmentId": "SH9"}]}, "primaryOrderId: expected M100, got nothing"),
    ],
)
def test_an_order_whose_shipments_cannot_be_read_says_that_rows_may_be_missing(
    entities: Mapping[str, Any], told: str
) -> None:
    with a_hotwax(a_receipt("R1"), **entities) as server, a_purchase(server.url) as driver:
        page = driver.receipts_of("M100")
    assert [r.receipt_id for r in page.receipts] == ["R1"]
    assert re.search(told, page.unread)


def test_receipts_of_another_order_mean_that_the_filter_is_not_understood() -> None:
    def unfiltered(wanted: Row) -> list[Any]:
        return [] if wanted["pageIndex"] else [a_receipt("R1"), a_receipt("R2", orderId="M200")]

    with (
        a_hotwax(ShipmentReceipt=unfiltered) as server,
        a_purchase(server.url) as driver,
        pytest.raises(Contract, match="receipt R2, orderId: expected M100, got M200"),
    ):
        driver.receipts_of("M100")


def test_the_orders_own_resource_is_read_where_the_tenant_offers_it() -> None:
    rows = [{**a_receipt("R1"), "orderId": None}, {**a_receipt("R2"), "orderId": "M100"}, "row"]
    with (
        EntityServer(TABLES, {PATH: rows}) as server,
        a_purchase(server.url, receipts_source="purchase_orders") as driver,
    ):
        page = driver.receipts_of("M100")
    assert [(r.receipt_id, r.order_id) for r in page.receipts] == [("R1", "M100"), ("R2", "M100")]
    assert [(bad.told.split(":")[0], bad.order_id) for bad in page.bad] == [("receipts[2]", "M100")]
    assert server.asked[0] == {
        "path": PATH,
        "pageIndex": "0",
        "pageSize": "1000",
        "orderByField": "datetimeReceived,receiptId",
    }
    assert "ShipmentReceipt" not in server.entities()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (an_answer(b'{"errors":"Resource purchaseOrders not valid"}', "404 Not Found"), NotFound),
        (an_answer(b'{"_ERROR_MESSAGE_":"no"}'), Rejected),
        (an_answer(b'{"receipts":[]}'), Contract),
    ],
)
def test_a_resource_that_is_not_offered_says_so(answer: bytes, kind: type[Exception]) -> None:
    with (
        RawServer([answer]) as server,
        a_purchase(server.url, receipts_source="purchase_orders") as driver,
        pytest.raises(kind),
    ):
        driver.receipts_of("M/1")
    assert server.requests[0].startswith(b"GET /rest/s1/oms/purchaseOrders/M%2F1/receipts?")
