"""Requests to Retail Pro that are right, made to be spoiled; and small helpers for orders and waiting."""

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

P1, P2, CARD = "0740000000011", "0740000000028", "0740000000099"
_PERSON = {
    "FirstName": "Ana",
    "LastName": "Paz",
    "Email": "ana@example.test",
    "Address1": "Calle 1",
    "NoDocument": "1234567890101",
    "TypeDocument": "dpi",
    "Phone": "55550000",
}
_INVOICE: dict[str, Any] = {
    "InvoicingStore": "GT101",
    "OrderNo": "A1000417",
    "CreatedDate": "2025-02-11T09:14:00",
    "DeliveryType": 1,
    "PaymentType": 1,
    "TotalAmt": 180.0,
    "TotalDiscAmt": 20,
    "ShippingAmt": 0,
    "FiscalCredit": False,
    "CustomerBilling": dict(_PERSON),
    "CustomerShipping": dict(_PERSON),
    "Items": [
        {"UPC": P1, "OrigPrice": 100, "OrigTax": 10.7143, "Price": 90, "Tax": 9.6429, "Qty": 1, "StoreOrig": "GT101"},
        {"UPC": P2, "OrigPrice": 100, "OrigTax": 10.7143, "Price": 90, "Tax": 9.6429, "Qty": 1, "StoreOrig": "GT205"},
    ],
}
_SLIP: dict[str, Any] = {
    "SlipNo": "00031877",
    "FromStore": "GT205",
    "ToStore": "GT101",
    "CreatedDate": "2025-02-11T18:02:00",
    "TotalQty": 1,
    "Items": [{"UPC": P2, "Qty": 1}],
}


def invoice(**changes: Any) -> dict[str, Any]:
    """A right OrderToInvoice body; a change is a value by path, such as `Items_0_Qty=2`, or None to take it away."""
    return _changed(_INVOICE, changes)


def slip(**changes: Any) -> dict[str, Any]:
    """A right Manual Slip body with changes as in `invoice`."""
    return _changed(_SLIP, changes)


def order(order_id: str = "HW1", **changes: Any) -> dict[str, Any]:
    """An order of one P1 from GT101 and one P2 from GT205 with the number A1000417."""
    lines = [
        {"productId": "P1", "facilityId": "GT101", "unitPrice": 100, "taxes": [10.7143, 0.5], "discount": 10},
        {"productId": "P2", "facilityId": "GT205", "unitPrice": 50},
    ]
    return {"orderId": order_id, "orderName": "#A1000417", "lines": lines, **changes}


def _changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    for path, value in changes.items():
        *way, last = [int(part) if part.isdigit() else part for part in path.split("_")]
        place: Any = body
        for part in way:
            place = place[part]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return body


def eventually(holds: Callable[[], bool], within_s: float = 10) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + within_s
    pause = threading.Event()
    while not holds():
        if time.monotonic() > end:
            return False
        pause.wait(0.02)
    return True
