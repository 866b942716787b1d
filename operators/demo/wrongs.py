"""Planting a wrong document after the day, to see the proof fail and name it (`python -m operators.demo --plant`)."""

from collections.abc import Sequence
from typing import Any

from operators.demo.door import Door
from operators.demo.goods import MUG, PRODUCTS, STORES
from operators.demo.orders import DayOrder

KINDS = ("lost_invoice", "doubled_invoice", "doubled_slip", "wrong_quantity", "wrong_store", "unasked_invoice")


async def plant(kind: str, orders: Sequence[DayOrder], door: Door) -> str:
    """Make one document in Retail Pro wrong; what was done, in words."""
    number = next(order.number for order in orders if order.case.ends.invoices)
    slip = (await door.documents("slips"))[0]
    elsewhere = next(store for store in STORES.values() if store not in {slip["store"], slip["toStore"]})
    details: dict[str, dict[str, Any]] = {
        "lost_invoice": {"orderNo": number},
        "doubled_invoice": {"orderNo": number},
        "wrong_quantity": {"orderNo": number},
        "doubled_slip": {"slipNo": slip["number"]},
        "wrong_store": {"slipNo": slip["number"], "toStore": elsewhere},
        "unasked_invoice": {
            "orderNo": "9999",
            "store": elsewhere,
            "items": [{"upc": PRODUCTS[MUG].upc, "quantity": 1}],
        },
    }
    await door.post("wrongs", {"kind": kind, **details[kind]})
    return f"planted in Retail Pro: {kind} ({', '.join(f'{k} {v}' for k, v in details[kind].items() if k != 'items')})"
