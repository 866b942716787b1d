"""HotWax's master shape becomes an order of the domain, however it is spelled."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.errors import Contract
from domain.order import Adjustment, LineStatus, Party
from tests.connectors.master_shape import (
    ADDRESS,
    ANA,
    AT,
    T0,
    completed,
    item_of,
    mapped,
    master,
    with_group,
    with_item,
)

# ---- the whole -------------------------------------------------------------------------------------------------------


def test_an_order_is_mapped_whole() -> None:
    order = mapped(master())
    assert (order.tenant, order.order_id, order.order_no) == ("gt", "10001", "1102")
    assert (order.channel, order.status, order.currency) == ("WEB_SALES_CHANNEL", "ORDER_COMPLETED", "USD")
    assert order.placed_at == datetime.fromtimestamp(T0 / 1000 - 60, UTC)
    assert order.grand_total == Decimal("92.25")
    assert order.attributes == {"customerId": "1234567890101", "note": ""}
    assert order.payment_methods == ("CREDIT_CARD",)
    (line,) = order.lines
    assert (line.line_id, line.product_id, line.upc) == ("00101", "P1", "0740000000011")
    assert (line.facility_id, line.shipment_method) == ("GT101", "STANDARD")
    assert (line.status, line.completed_at, line.unit_price) == (LineStatus.COMPLETED, AT, Decimal("100.1"))
    assert not line.digital
    assert not line.pickup


def test_amounts_of_a_line_come_from_the_line_and_those_of_the_order_from_its_own_rows() -> None:
    order = mapped(master())
    assert [(a.kind, a.amount) for a in order.lines[0].adjustments] == [
        ("SALES_TAX", Decimal("7.05")),
        ("SALES_TAX", Decimal("3.1")),
        ("EXT_PROMO_ADJUSTMENT", Decimal("-10.1")),
    ]
    assert order.adjustments == (
        Adjustment(kind="SHIPPING_CHARGES", amount=Decimal(3)),
        Adjustment(kind="EXT_PROMO_ADJUSTMENT", amount=Decimal("-0.75")),
    )


def test_an_order_of_the_fewest_keys_is_still_an_order() -> None:
    order = master()
    for key in ("orderTypeId", "grandTotal", "adjustments", "attributes", "identifications", "statuses"):
        del order[key]
    for key in ("paymentPreferences", "contactMechs"):
        del order[key]
    del item_of(order)["adjustments"]
    found = mapped(order)
    assert (found.grand_total, found.adjustments, found.attributes, found.billing) == (None, (), {}, Party())
    assert found.lines[0].adjustments == ()


def test_nulls_and_empty_texts_count_as_missing() -> None:
    order = with_item(cancelQuantity=None)
    order.update(grandTotal=None, salesChannel="", contactMechs=[{"postalAddress": None}])
    assert mapped(order).grand_total is None


def test_numbers_may_be_texts_and_ids_numbers() -> None:
    order = with_item(quantity="1.0", unitPrice="100.10", orderItemSeqId=101, productId=7)
    order.update(orderId=10001, grandTotal="92.25", orderDate=str(T0))
    item_of(order)["statuses"][0]["statusDatetime"] = "2025-02-19T21:20:00+00:00"
    found = mapped(order)
    assert (found.order_id, found.lines[0].line_id, found.lines[0].product_id) == ("10001", "101", "7")
    assert (found.lines[0].quantity, found.lines[0].unit_price) == (1, Decimal("100.10"))
    assert found.lines[0].completed_at == AT
    assert found.grand_total == Decimal("92.25")


def test_unknown_keys_are_ignored() -> None:
    assert mapped({**master(), "priority": "2", "newThing": {"a": [1]}}) == mapped(master())


def test_a_text_of_the_customers_that_was_cut_inside_a_character_holds_no_order() -> None:
    order = master()
    order["contactMechs"][0]["postalAddress"]["toName"] = "Ana \ud83d"
    order["attributes"].append({"attrName": "gift", "attrValue": "for\0you"})
    found = mapped(order)
    assert (found.shipping.name, found.attributes["gift"]) == ("Ana \ufffd", "for\ufffdyou")


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_lines_of_several_ship_groups_keep_their_stores_and_come_by_id() -> None:
    order = master()
    second = {**item_of(order), "orderItemSeqId": "00100", "productId": "P2"}
    order["shipGroups"].append({"shipGroupSeqId": "00003", "facilityId": "GT205", "items": [second]})
    lines = mapped(order).lines
    assert [(line.line_id, line.facility_id, line.upc) for line in lines] == [
        ("00100", "GT205", "0740000000028"),
        ("00101", "GT101", "0740000000011"),
    ]


@pytest.mark.parametrize(("method", "pickup"), [("STOREPICKUP", True), ("BOPIS_CURBSIDE", True), ("STANDARD", False)])
def test_pickup_is_told_by_the_method_or_its_parent(method: str, pickup: bool) -> None:
    assert mapped(with_group(shipmentMethodTypeId=method)).lines[0].pickup is pickup


@pytest.mark.parametrize(("facility", "digital"), [("_NA_", True), ("WEB", True), ("GT101", False), ("NEW", False)])
def test_a_line_at_no_real_place_is_digital(facility: str, digital: bool) -> None:
    assert mapped(with_group(facilityId=facility)).lines[0].digital is digital


def test_a_line_without_a_facility_is_nowhere() -> None:
    order = master()
    del order["shipGroups"][1]["facilityId"]
    assert (mapped(order).lines[0].facility_id, mapped(order).lines[0].digital) == ("_NA_", True)


def test_a_product_without_upc_has_none() -> None:
    assert mapped(with_item(productId="P9")).lines[0].upc is None


def test_the_latest_completion_counts_wherever_it_stands() -> None:
    order = with_item(statuses=[{"statusId": "ITEM_COMPLETED", "statusDatetime": T0}])
    order["statuses"] = [
        completed("00101", T0 + 5_000),
        completed("00101", T0 - 5_000),
        completed("00999", T0 + 9_000),
        {"statusId": "ORDER_COMPLETED", "statusDatetime": T0 + 9_000},
        {"orderItemSeqId": "00101", "statusId": "ITEM_APPROVED", "statusDatetime": T0 + 9_000},
    ]
    completed_at = mapped(order).lines[0].completed_at
    assert completed_at is not None
    assert completed_at.timestamp() * 1000 == T0 + 5_000


def test_a_reopened_line_has_no_completion() -> None:
    assert mapped(with_item(statusId="ITEM_APPROVED")).lines[0].completed_at is None


def test_a_fulfilled_line_without_a_completion_time_is_named() -> None:
    order = with_item(statuses=[])
    order["statuses"] = []
    with pytest.raises(Contract, match=r"orders\[0\]\.shipGroups\[1\]\.items\[0\]\.statuses"):
        mapped(order)


def test_a_digital_line_needs_no_completion_time() -> None:
    order = with_group(facilityId="_NA_")
    order["statuses"] = item_of(order)["statuses"] = []
    assert mapped(order).lines[0].completed_at is None


def test_the_tax_rows_of_a_cancelled_line_stay_with_it() -> None:
    order = master()
    cancelled = {
        "orderItemSeqId": "00102",
        "productId": "P2",
        "quantity": 1,
        "cancelQuantity": 1,
        "unitPrice": 50,
        "statusId": "ITEM_CANCELLED",
        "adjustments": [
            {"orderAdjustmentTypeId": "SALES_TAX", "amount": 5},
            {"orderAdjustmentTypeId": "SALES_TAX", "amount": -5},
        ],
    }
    order["shipGroups"][1]["items"].append(cancelled)
    order["adjustments"].append({"orderItemSeqId": "00102", "orderAdjustmentTypeId": "SALES_TAX", "amount": -5})
    found = mapped(order)
    assert [line.line_id for line in found.kept] == ["00101"]
    assert found.lines[1].quantity == 1
    assert "SALES_TAX" not in {a.kind for a in found.adjustments}


def test_a_partly_cancelled_line_counts_what_is_left() -> None:
    assert mapped(with_item(quantity=5, cancelQuantity=2)).lines[0].quantity == 3


# ---- number, channel, confirmation -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "strip", "number"),
    [("#1102", "#", "1102"), (" DM#501 ", "#", "DM#501"), ("A1102", "", "A1102"), (1102, "#", "1102")],
)
def test_the_order_number_is_stripped_of_its_decoration(name: object, strip: str, number: str) -> None:
    assert mapped({**master(), "orderName": name}, order_no_strip=strip).order_no == number


def test_the_order_number_may_be_an_identification_the_last_that_is_not_expired() -> None:
    order = master()
    kind = {"orderIdentificationTypeId": "SHOPIFY_ORD_NO"}
    order["identifications"] = [
        {**kind, "idValue": "1", "thruDate": T0},
        {**kind, "idValue": "2", "fromDate": "0001-01-01T00:00:00Z"},
        {**kind, "idValue": "4", "thruDate": "9999-12-31T23:59:59Z"},
        {"orderIdentificationTypeId": "SHOPIFY_ORD_ID", "idValue": "3"},
    ]
    assert mapped(order, order_no_source="SHOPIFY_ORD_NO").order_no == "2"


@pytest.mark.parametrize(("source", "place"), [("orderName", "orderName"), ("MKT_PLACE", "identifications[MKT_PLACE]")])
def test_an_order_without_its_number_is_named(source: str, place: str) -> None:
    order = master()
    order["orderName"] = "#"
    with pytest.raises(Contract) as refused:
        mapped(order, order_no_source=source)
    assert refused.value.place == f"orders[0].{place}"


def test_either_name_of_the_channel_is_read() -> None:
    order = master()
    del order["salesChannelEnumId"]
    order["salesChannel"] = "POS_CHANNEL"
    assert mapped(order).channel == "POS_CHANNEL"


def test_the_stores_confirmation_is_an_attribute_with_its_time() -> None:
    order = master()
    row = {"attrName": "retailProStatus", "attrValue": "Invoiced", "lastUpdatedStamp": T0 + 1}
    order["attributes"].append(row)
    assert mapped(order).confirmed_at == datetime.fromtimestamp(T0 / 1000 + 0.001, UTC)
    row["attrValue"] = "Sent"
    assert mapped(order).confirmed_at is None


def test_a_confirmation_without_time_dates_from_the_order() -> None:
    order = master()
    order["attributes"] = [{"attrName": "retailProStatus", "attrValue": "Invoiced"}]
    found = mapped(order)
    assert found.confirmed_at == found.placed_at


# ---- people ----------------------------------------------------------------------------------------------------------


def test_billing_falls_back_to_shipping() -> None:
    assert mapped(master()).billing == mapped(master()).shipping == ANA


def test_shipping_falls_back_to_billing() -> None:
    order = master()
    order["contactMechs"][0]["contactMechPurposeTypeId"] = "BILLING_LOCATION"
    assert mapped(order).shipping == ANA


def test_two_addresses_are_never_mixed() -> None:
    order = master()
    bill = {"toName": "Paz S.A.", "address1": "Calle 9"}
    order["contactMechs"].append({"contactMechPurposeTypeId": "BILLING_LOCATION", "postalAddress": bill})
    billing = mapped(order).billing
    assert (billing.name, billing.address1, billing.address2, billing.city) == ("Paz S.A.", "Calle 9", "", "")
    assert (billing.email, billing.phone) == (ANA.email, ANA.phone)


def test_the_address_that_the_ship_group_uses_wins() -> None:
    order = master()
    new = {**ADDRESS, "address1": "Calle 2"}
    order["contactMechs"].append(
        {"contactMechPurposeTypeId": "SHIPPING_LOCATION", "contactMechId": "C2", "postalAddress": new}
    )
    assert mapped(order).shipping.address1 == "Calle 1"
    order["shipGroups"][1]["contactMechId"] = "C2"
    assert mapped(order).shipping.address1 == "Calle 2"
