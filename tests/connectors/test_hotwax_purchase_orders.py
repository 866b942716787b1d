"""Purchase orders are read back whole and exact; one that is not clear says so, and the others go on."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import ConnectorError, Contract, Rejected, Unreachable
from connectors.po_ports import OmsPurchaseOrder, UnclearPurchaseOrder
from tests.connectors.purchase_help import EntityServer, Row, a_purchase
from tests.support.raw_server import RawServer, an_answer

DUE = int(datetime(2026, 11, 25, 3, tzinfo=UTC).timestamp() * 1000)
Told = OmsPurchaseOrder | UnclearPurchaseOrder


def header(order_id: str, po_id: str, **changes: Any) -> dict[str, Any]:
    """A row of OrderHeader."""
    kind = {"orderTypeId": "PURCHASE_ORDER", "statusId": "ORDER_APPROVED"}
    return {"orderId": order_id, "externalId": po_id, **kind, **changes}


def item(order_id: str, seq_id: str, **changes: Any) -> dict[str, Any]:
    """A row of OrderItem."""
    row = {"orderId": order_id, "orderItemSeqId": seq_id, "shipGroupSeqId": "00001", "productId": "P1"}
    return {**row, "externalId": seq_id[-1], "quantity": 24, "statusId": "ITEM_CREATED", **changes}


def group(order_id: str, facility_id: str | None = "GT101", seq_id: str = "00001") -> dict[str, Any]:
    """A row of OrderItemShipGroup."""
    return {"orderId": order_id, "shipGroupSeqId": seq_id, "facilityId": facility_id}


SHOES: Row = {"productId": "P1", "goodIdentificationTypeId": "SKU", "idValue": "SHOE-BLK-42", "fromDate": 1}
STORE: Row = {"facilityId": "GT101", "externalId": "17"}
WORLD: dict[str, list[Any]] = {
    "OrderHeader": [header("M100", "4410021")],
    "OrderItem": [item("M100", "00001"), item("M100", "00002", externalId="4")],
    "OrderItemShipGroup": [group("M100")],
    "GoodIdentification": [SHOES],
    "Facility": [STORE],
}


def told(rows: Mapping[str, Any], *po_ids: str, **settings: Any) -> dict[str, Told]:
    """What is read back from a HotWax with these rows."""
    with EntityServer({**WORLD, **rows}) as server, a_purchase(server.url, **settings) as driver:
        return dict(driver.read_back(po_ids or ("4410021",)))


def the_order(rows: Mapping[str, Any], **settings: Any) -> OmsPurchaseOrder:
    """Purchase order 4410021, which must be clear."""
    order = told(rows, **settings)["4410021"]
    assert isinstance(order, OmsPurchaseOrder)
    return order


def unclear(rows: Mapping[str, Any]) -> UnclearPurchaseOrder:
    """Purchase order 4410021, which must not be clear."""
    order = told(rows)["4410021"]
    assert isinstance(order, UnclearPurchaseOrder)
    return order


def test_a_purchase_order_is_read_back_whole() -> None:
    due = item("M100", "00001", estimatedDeliveryDate=DUE)
    order = the_order({"OrderItem": [item("M100", "00002", externalId=4, statusId="ITEM_COMPLETED"), due]})
    assert (order.po_id, order.order_id, order.status) == ("4410021", "M100", "ORDER_APPROVED")
    first, second = order.lines
    assert first.model_dump() == {
        "seq_id": "00001",
        "line_id": "1",
        "product_id": "P1",
        "sku": "SHOE-BLK-42",
        "pieces": Decimal(24),
        "facility": "17",
        "arrival": date(2026, 11, 25),
        "status": "ITEM_CREATED",
        "closed": False,
    }
    assert (second.seq_id, second.line_id, second.arrival, second.closed) == ("00002", "4", None, True)


def test_what_hotwax_does_not_have_is_absent() -> None:
    assert set(told({}, "4410021", "4410099")) == {"4410021"}
    with EntityServer(WORLD) as server, a_purchase(server.url) as driver:
        assert driver.read_back([]) == {}
        assert server.asked == []


def test_a_date_is_that_of_the_servers_zone() -> None:
    rows = {"OrderItem": [item("M100", "00001", estimatedDeliveryDate=DUE)]}
    assert the_order(rows, timezone="America/Guatemala").lines[0].arrival == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("quantity", "pieces"),
    [(0.1, "0.1"), ("2.500000", "2.500000"), (10**13, str(10**13)), ("12345678901234.567891", "12345678901234.567891")],
)
def test_quantities_are_exact(quantity: Any, pieces: str) -> None:
    assert the_order({"OrderItem": [item("M100", "00001", quantity=quantity)]}).lines[0].pieces == Decimal(pieces)


@pytest.mark.parametrize("zone", ["America/Guatemala", "Asia/Tokyo"])
@pytest.mark.parametrize("day", ["2000-01-01T12:00:00Z", "2100-12-31T12:00:00Z"])
def test_the_first_and_the_last_year_are_told_in_any_zone(zone: str, day: str) -> None:
    rows = {"OrderItem": [item("M100", "00001", estimatedDeliveryDate=day)]}
    assert the_order(rows, timezone=zone).lines[0].arrival == date.fromisoformat(day[:10])


def test_cancelled_pieces_are_not_ordered() -> None:
    row = item("M100", "00001", quantity="12345678901234.5", cancelQuantity="0.000001")
    assert the_order({"OrderItem": [row]}).lines[0].pieces == Decimal("12345678901234.499999")


@pytest.mark.parametrize("status", ["ITEM_COMPLETED", "ITEM_CANCELLED", "ITEM_REJECTED", "ITEM_EXPIRED"])
def test_a_line_that_can_no_longer_be_received_is_closed(status: str) -> None:
    assert the_order({"OrderItem": [item("M100", "00001", statusId=status)]}).lines[0].closed


@pytest.mark.parametrize(
    "rows",
    [
        {"OrderItemShipGroup": []},
        {"OrderItemShipGroup": [group("M100", None)]},
        {"OrderItem": [item("M100", "00001", shipGroupSeqId=None)]},
        {"Facility": []},
        {"Facility": [{"facilityId": "GT101"}]},
        {"Facility": [{"facilityId": "GT101", "externalId": {}}]},
    ],
)
def test_a_facility_that_netsuite_does_not_know_is_told_as_none(rows: Mapping[str, Any]) -> None:
    assert the_order(rows).lines[0].facility is None


def test_of_several_skus_the_newest_counts_and_an_expired_or_unreadable_one_does_not() -> None:
    rows = [
        {**SHOES, "idValue": "OLD"},
        {**SHOES, "idValue": "NEW", "fromDate": 5},
        {**SHOES, "idValue": "GONE", "fromDate": 9, "thruDate": 10},
        {**SHOES, "idValue": None, "fromDate": 11},
    ]
    assert the_order({"GoodIdentification": rows}).lines[0].sku == "NEW"
    assert the_order({"GoodIdentification": rows[2:]}).lines[0].sku is None


def test_the_kind_of_code_that_is_the_sku_is_a_setting() -> None:
    rows = [SHOES, {**SHOES, "goodIdentificationTypeId": "ERP_ID", "idValue": "E1"}]
    assert the_order({"GoodIdentification": rows}, sku_type="ERP_ID").lines[0].sku == "E1"


def test_lines_that_an_import_doubled_are_told() -> None:
    rows = [item("M100", "00001"), item("M100", "00002", externalId="1"), item("M100", "00003", externalId=None)]
    order = the_order({"OrderItem": rows})
    assert ([line.line_id for line in order.lines], order.doubled_lines) == (["1", "1", None], ("1",))


# ---- what is not clear -----------------------------------------------------------------------------------------------


def test_two_orders_under_one_id_are_told_and_never_picked_from() -> None:
    order = unclear({"OrderHeader": [header("M100", "4410021"), header("M101", "4410021", statusId="ORDER_COMPLETED")]})
    assert (order.order_ids, order.is_doubled) == (("M100", "M101"), True)
    assert "2 orders in HotWax have the external id 4410021 (M100, M101): cancel all but one" in order.problem


def test_a_double_that_was_cancelled_does_not_count() -> None:
    rows = [header("M100", "4410021"), header("M101", "4410021", statusId="ORDER_CANCELLED")]
    assert the_order({"OrderHeader": rows}).order_id == "M100"
    assert the_order({"OrderHeader": rows[::-1]}).order_id == "M100"
    gone = [{**row, "statusId": "ORDER_CANCELLED"} for row in rows]
    assert unclear({"OrderHeader": gone}).order_ids == ("M100", "M101")


def test_an_order_that_was_cancelled_is_told_as_it_is() -> None:
    assert (
        the_order({"OrderHeader": [header("M100", "4410021", statusId="ORDER_CANCELLED")]}).status == "ORDER_CANCELLED"
    )


NONSENSE: list[tuple[str, dict[str, Any], str]] = [
    ("quantity of a word", {"quantity": "many"}, "quantity"),
    ("no quantity", {"quantity": None}, "quantity"),
    ("quantity of a truth", {"quantity": True}, "quantity"),
    ("quantity without end", {"quantity": "Infinity"}, "quantity"),
    ("quantity of a thousand digits", {"quantity": "1e999"}, "quantity"),
    ("quantity of endless decimals", {"quantity": "0.33333333333"}, "quantity"),
    ("no product", {"productId": ""}, "productId"),
    ("product of a list", {"productId": ["P1"]}, "productId"),
    ("no status", {"statusId": None}, "statusId"),
    ("date of a word", {"estimatedDeliveryDate": "soon"}, "estimatedDeliveryDate"),
    ("date out of this world", {"estimatedDeliveryDate": 10**20}, "estimatedDeliveryDate"),
    ("date of no year", {"estimatedDeliveryDate": "0001-01-01T00:00:00Z"}, "estimatedDeliveryDate"),
    ("date before all time", {"estimatedDeliveryDate": "0001-01-01T00:00:00+14:00"}, "estimatedDeliveryDate"),
    ("date at the end of time", {"estimatedDeliveryDate": 253402300799000}, "estimatedDeliveryDate"),
    ("date after all time", {"estimatedDeliveryDate": "9999-12-31T23:59:59-06:00"}, "estimatedDeliveryDate"),
    ("no sequence", {"orderItemSeqId": None}, "orderItemSeqId"),
    ("sequence with half a character", {"orderItemSeqId": "1\ud800"}, "orderItemSeqId"),
    ("product with a NUL", {"productId": "P\x001"}, "productId"),
]


@pytest.mark.parametrize(("change", "place"), [row[1:] for row in NONSENSE], ids=[row[0] for row in NONSENSE])
def test_a_line_that_makes_no_sense_makes_its_order_unclear_and_no_other(change: dict[str, Any], place: str) -> None:
    rows = {
        "OrderHeader": [header("M100", "4410021"), header("M200", "4410022")],
        "OrderItem": [item("M100", "00001", **change), item("M200", "00001")],
        "OrderItemShipGroup": [group("M100"), group("M200")],
    }
    found = told(rows, "4410021", "4410022")
    bad, good = found["4410021"], found["4410022"]
    assert isinstance(bad, UnclearPurchaseOrder)
    assert isinstance(good, OmsPurchaseOrder)
    assert bad.problem.startswith(f"entityValueList[0].{place}: expected ")
    assert (bad.order_ids, bad.is_doubled, len(good.lines)) == (("M100",), False, 1)


def test_a_header_or_group_that_makes_no_sense_makes_its_order_unclear() -> None:
    assert "statusId" in unclear({"OrderHeader": [header("M100", "4410021", statusId=None)]}).problem
    assert "shipGroupSeqId" in unclear({"OrderItemShipGroup": [{"orderId": "M100"}]}).problem


@pytest.mark.parametrize(
    ("entity", "row", "place"),
    [
        ("OrderHeader", header("M9", "9"), "entityValueList[0].externalId"),
        ("OrderHeader", {"orderId": "M9"}, "entityValueList[0].externalId"),
        ("OrderHeader", "M9", "entityValueList[0].externalId"),
        ("OrderItem", item("M9", "00001"), "entityValueList[0].orderId"),
        ("OrderItemShipGroup", group("M9"), "entityValueList[0].orderId"),
    ],
)
def test_rows_that_nobody_asked_for_mean_that_the_filter_is_not_understood(entity: str, row: Any, place: str) -> None:
    def unfiltered(wanted: Row) -> list[Any]:
        return [] if wanted["pageIndex"] else [row]

    with pytest.raises(Contract, match="one of those asked for") as refused:
        told({entity: unfiltered})
    assert refused.value.place == place


# ---- pages and batches -----------------------------------------------------------------------------------------------


def test_a_server_that_gives_less_than_asked_for_loses_no_line() -> None:
    rows = [item("M100", f"{number:05}", externalId=str(number)) for number in range(1, 61)]

    def twenty_at_a_time(wanted: Row) -> list[Any]:
        return rows[wanted["pageIndex"] * 20 :][:20]

    assert [line.line_id for line in the_order({"OrderItem": twenty_at_a_time}).lines] == [str(n) for n in range(1, 61)]


def test_a_row_that_two_pages_show_counts_once() -> None:
    rows = [item("M100", f"{number:05}") for number in range(30)]
    order = the_order({"OrderItem": lambda wanted: (rows[:20], rows[15:])[wanted["pageIndex"]]})
    assert [line.seq_id for line in order.lines] == [row["orderItemSeqId"] for row in rows]


def test_a_server_that_ignores_the_page_is_found_out() -> None:
    with pytest.raises(Contract, match="page 1: expected other rows, got the same again"):
        told({"OrderItem": lambda _: [item("M100", f"{number:05}") for number in range(20)]})


def test_pages_that_never_end_are_given_up() -> None:
    def endless(wanted: Row) -> list[Any]:
        return [item("M100", str(wanted["pageIndex"]))] * 20

    with pytest.raises(Contract, match="entityValueList: expected an end, got 20000 rows and more"):
        told({"OrderItem": endless})


def test_many_purchase_orders_are_asked_for_in_batches_and_products_once() -> None:
    po_ids = [str(4410000 + number) for number in range(250)]
    rows = {
        "OrderHeader": [header(f"M{po_id}", po_id) for po_id in po_ids],
        "OrderItem": [item(f"M{po_id}", "00001", productId=f"P{po_id[-1]}") for po_id in po_ids],
        "OrderItemShipGroup": [group(f"M{po_id}") for po_id in po_ids],
        "GoodIdentification": [{**SHOES, "productId": f"P{digit}", "idValue": f"S{digit}"} for digit in range(10)],
    }
    with EntityServer({**WORLD, **rows}) as server, a_purchase(server.url) as driver:
        found = driver.read_back(po_ids * 2)
        entities = server.entities()
    assert list(found) == po_ids
    assert {order.lines[0].sku for order in found.values() if isinstance(order, OmsPurchaseOrder)} == {
        f"S{digit}" for digit in range(10)
    }
    times = {name: entities.count(name) for name in ("OrderHeader", "GoodIdentification", "Facility")}
    assert times == {"OrderHeader": 6, "GoodIdentification": 1, "Facility": 1}
    assert all(len(asked["externalId"]) <= 100 for asked in server.asked if asked["entity"] == "OrderHeader")
    assert {asked["orderByField"] for asked in server.asked if asked["entity"] == "OrderItem"} == {
        "orderId,orderItemSeqId"
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ([an_answer(b'{"_ERROR_MESSAGE_":"no permission"}')], Rejected),
        ([an_answer(b'{"entityValueList":{}}')], Contract),
        ([an_answer(b"[]")], Contract),
        ([an_answer(b'{"entityValueList":[' + b" " * 11_000_000 + b"]}")], Contract),
        ([an_answer(b'{"entityValueList":[{"orderId":' + b"9" * 5_000 + b"}]}")], Contract),
        ([], Unreachable),
        ([30.0], Unreachable),
    ],
)
def test_a_failed_read_is_of_the_exact_kind(answer: list[bytes | float], kind: type[ConnectorError]) -> None:
    with RawServer(answer) as server, a_purchase(server.url, timeout_read=2) as driver:
        with pytest.raises(ConnectorError) as refused:
            driver.read_back(["4410021"])
        assert type(refused.value) is kind
