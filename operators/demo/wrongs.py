"""Planting a difference in a demo left running, to see the proof name it (`python -m operators.demo plant`)."""

from collections.abc import Sequence
from typing import Any

from domain.purchase_order import PoStage
from operators.demo.door import Door
from operators.demo.goods import MUG, PRODUCTS, STORES
from operators.demo.orders import DayOrder
from operators.demo.purchases import AMENDED, PARTLY, DayPo

ORDER_KINDS = ("lost_invoice", "doubled_invoice", "doubled_slip", "wrong_quantity", "wrong_store", "unasked_invoice")
PO_KINDS = ("lost_receipt", "doubled_receipt", "wrong_receipt", "lost_po", "lost_po_line")
KINDS = (*ORDER_KINDS, *PO_KINDS)


async def plant(kind: str, orders: Sequence[DayOrder], pos: Sequence[DayPo], door: Door) -> str:
    """Make one document in Retail Pro, NetSuite or HotWax wrong; what was done, in words."""
    return await (_plant_po(kind, pos, door) if kind in PO_KINDS else _plant(kind, orders, door))


async def _plant_po(kind: str, pos: Sequence[DayPo], door: Door) -> str:
    """HotWax loses what is still to be received, NetSuite a receipt of what was; each kind has an order of its own."""
    received = [po for po in pos if po.kind.ends.stage is PoStage.RECEIPT_SYNCED]
    chosen = {
        "doubled_receipt": received[0],
        "lost_receipt": received[1],
        "wrong_receipt": received[2],
        "lost_po": next(po for po in pos if po.kind.name == AMENDED),
        "lost_po_line": next(po for po in pos if po.kind.name == PARTLY),
    }[kind]
    line = {"line": 4} if kind == "lost_po_line" else {}
    await door.post("wrongs", {"kind": kind, "poId": chosen.po_id, **line})
    return f"planted in {'HotWax' if kind.startswith('lost_po') else 'NetSuite'}: {kind} ({chosen.number})"


async def _plant(kind: str, orders: Sequence[DayOrder], door: Door) -> str:
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
