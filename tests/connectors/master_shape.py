"""An order in HotWax's master shape, to be changed, and mapped as the client would map it."""

import json
from datetime import UTC, datetime
from typing import Any

from connectors import exact_json
from connectors.hotwax.mapping import Lookups, order_from
from connectors.hotwax.wire import WireOrder, read
from connectors.settings import HotWaxSettings
from domain.order import Order, Party

T0 = 1_740_000_000_000
AT = datetime.fromtimestamp(T0 / 1000, UTC)
LOOKUPS = Lookups(
    upcs={"P1": "0740000000011", "P2": "0740000000028"},
    method_parents={"BOPIS_CURBSIDE": "STOREPICKUP", "STANDARD": ""},
    facility_parents={"GT101": "PHYSICAL_STORE", "WEB": "VIRTUAL_FACILITY"},
)
ADDRESS = {
    "toName": "Ana Paz",
    "address1": "Calle 1",
    "address2": "Apto 3",
    "city": "Zona 10",
    "countryGeoId": "GTM",
    "postalCode": "01010",
}
ANA = Party(
    name="Ana Paz",
    email="ana@example.test",
    phone="502 55550000",
    address1="Calle 1",
    address2="Apto 3",
    city="Zona 10",
    country="GTM",
)


def completed(line: str, at: int = T0) -> dict[str, Any]:
    """A row of the history that completes a line."""
    return {"orderStatusId": f"S{line}{at}", "orderItemSeqId": line, "statusId": "ITEM_COMPLETED", "statusDatetime": at}


def master() -> dict[str, Any]:
    """An order with one line of two ship groups, as the OMS shows it."""
    return {
        "orderId": "10001",
        "orderTypeId": "SALES_ORDER",
        "orderName": "#1102",
        "salesChannelEnumId": "WEB_SALES_CHANNEL",
        "orderDate": T0 - 60_000,
        "statusId": "ORDER_COMPLETED",
        "currencyUom": "USD",
        "grandTotal": 92.25,
        "shipGroups": [
            {"shipGroupSeqId": "00001", "facilityId": "_NA_", "shipmentMethodTypeId": "STANDARD"},
            {
                "shipGroupSeqId": "00002",
                "facilityId": "GT101",
                "shipmentMethodTypeId": "STANDARD",
                "contactMechId": "C1",
                "items": [
                    {
                        "orderItemSeqId": "00101",
                        "productId": "P1",
                        "quantity": 1,
                        "unitPrice": 100.10,
                        "statusId": "ITEM_COMPLETED",
                        "adjustments": [
                            {"orderAdjustmentTypeId": "SALES_TAX", "amount": 7.05},
                            {"orderAdjustmentTypeId": "SALES_TAX", "amount": 3.10},
                            {"orderAdjustmentTypeId": "EXT_PROMO_ADJUSTMENT", "amount": -10.1},
                        ],
                        "statuses": [{"statusId": "ITEM_COMPLETED", "statusDatetime": T0}],
                    }
                ],
            },
        ],
        "adjustments": [
            {"orderItemSeqId": "00101", "orderAdjustmentTypeId": "SALES_TAX", "amount": 7.05},
            {"orderItemSeqId": "00101", "orderAdjustmentTypeId": "SALES_TAX", "amount": 3.10},
            {"orderItemSeqId": "00101", "orderAdjustmentTypeId": "EXT_PROMO_ADJUSTMENT", "amount": -10.1},
            {"orderItemSeqId": "_NA_", "orderAdjustmentTypeId": "SHIPPING_CHARGES", "amount": 3},
            {"orderAdjustmentTypeId": "EXT_PROMO_ADJUSTMENT", "amount": -0.75},
        ],
        "attributes": [{"attrName": "customerId", "attrValue": "1234567890101"}, {"attrName": "note"}],
        "identifications": [{"orderIdentificationTypeId": "SHOPIFY_ORD_NO", "fromDate": T0, "idValue": "1102"}],
        "statuses": [completed("00101")],
        "paymentPreferences": [
            {"paymentMethodTypeId": "CREDIT_CARD"},
            {"paymentMethodTypeId": "CREDIT_CARD"},
            {"statusId": "PAYMENT_SETTLED"},
        ],
        "contactMechs": [
            {"contactMechPurposeTypeId": "SHIPPING_LOCATION", "contactMechId": "C1", "postalAddress": dict(ADDRESS)},
            {"contactMechPurposeTypeId": "ORDER_EMAIL", "contactMech": {"infoString": "ana@example.test"}},
            {
                "contactMechPurposeTypeId": "PHONE_SHIPPING",
                "telecomNumber": {"countryCode": "502", "contactNumber": "55550000"},
            },
        ],
    }


def mapped(order: dict[str, Any], **settings: Any) -> Order:
    """The order as the client would map it, from its JSON text."""
    given = HotWaxSettings.model_validate({"base_url": "https://oms.example.test", "token": "t", **settings})
    wire = read("hotwax", "read_order", list[WireOrder], [exact_json.loads(json.dumps(order))], "orders")[0]
    return order_from("hotwax", "gt", wire, LOOKUPS, given)


def item_of(order: dict[str, Any]) -> dict[str, Any]:
    """The order's line, to be changed."""
    item: dict[str, Any] = order["shipGroups"][1]["items"][0]
    return item


def with_item(**changes: Any) -> dict[str, Any]:
    """The order with its line changed; None takes a key away."""
    order = master()
    item_of(order).update(changes)
    return order


def with_group(**changes: Any) -> dict[str, Any]:
    """The order with its used ship group changed."""
    order = master()
    order["shipGroups"][1].update(changes)
    return order
