"""Purchase orders and item receipts as the record service writes them (reference netsuite.md 8)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.netsuite.lists import APPROVALS, STATUS_NAMES, SUBSIDIARY_ID, VENDOR_ID, item_id, json_number, unit_id
from sandbox.netsuite.orders import the_order
from sandbox.netsuite.receipts import lines_of

if TYPE_CHECKING:
    from sandbox.database import Database, Row
    from sandbox.netsuite.orders import Line, PurchaseOrder

MOST_LINES: Final = 1000
"""So many entries a collection has at most (reference netsuite.md 8); a sublist has the first ones of more."""
RECORD_ROOT: Final = "/services/rest/record/v1"


def order_record(database: Database, order: PurchaseOrder, base: str, *, expanded: bool) -> Row:
    """Return a purchase order; its lines only when sub-resources are expanded, else a link to them."""
    href = f"{base}{RECORD_ROOT}/purchaseOrder/{order.id}"
    approval_id, approval = APPROVALS[order.approval]
    status = STATUS_NAMES[order.status]
    record = {
        "links": _self(href),
        "id": str(order.id),
        "tranId": order.tranid,
        "orderStatus": {"id": order.status},
        "status": {"id": status, "refName": status},
        "approvalStatus": {"id": approval_id, "refName": approval},
        "entity": {"id": str(VENDOR_ID), "refName": "Vendor"},
        "subsidiary": {"id": str(SUBSIDIARY_ID)},
        "createdDate": minute(order.created),
        "lastModifiedDate": minute(order.modified),
        "item": _sublist(href, [_order_line(database, line) for line in order.lines] if expanded else None),
    }
    if order.expenses:
        lines = [{"line": each.line, "isClosed": each.closed} for each in order.expenses]
        record["expense"] = _sublist(href, lines if expanded else None, "expense")
    return record


def receipt_record(database: Database, receipt: Row, base: str, *, expanded: bool) -> Row:
    """Return an item receipt as `order_record` does; what is empty is left out."""
    href = f"{base}{RECORD_ROOT}/itemReceipt/{receipt['id']}"
    order = the_order(database, receipt["orderId"])
    lines = _receipt_lines(database, order, lines_of(database, receipt["id"])) if expanded else None
    record = {
        "links": _self(href),
        "id": str(receipt["id"]),
        "externalId": receipt["externalId"],
        "tranId": f"IR{receipt['id']}",
        "tranDate": receipt["tranDate"],
        "memo": receipt["memo"],
        "createdFrom": {"id": str(order.id), "refName": f"Purchase Order #{order.tranid}"},
        "createdDate": minute(receipt["at"]),
        "lastModifiedDate": minute(receipt["at"]),
        "item": _sublist(href, lines),
    }
    return {name: value for name, value in record.items() if value is not None}


def minute(ms: int) -> str:
    """Return a moment as the record service writes it: UTC, seconds always zero."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:00Z}"


def _self(href: str) -> list[dict[str, str]]:
    return [{"rel": "self", "href": href}]


def _sublist(href: str, lines: list[Row] | None, name: str = "item") -> Row:
    links = {"links": _self(f"{href}/{name}")}
    if lines is None:
        return links
    return {**links, "totalResults": len(lines), "hasMore": len(lines) > MOST_LINES, "items": lines[:MOST_LINES]}


def _order_line(database: Database, line: Line) -> Row:
    quantities = {"quantity": line.quantity, "quantityReceived": line.received, "quantityBilled": line.billed}
    told = {
        "line": line.line,
        **_goods(database, line),
        **{name: json_number(value) for name, value in quantities.items()},
        "isClosed": line.closed,
        "isOpen": bool(line.remaining),
        "expectedReceiptDate": line.expected,
    }
    return {name: value for name, value in told.items() if value is not None}


def _receipt_lines(database: Database, order: PurchaseOrder, received: list[Row]) -> list[Row]:
    """Return the lines of a receipt: `line` is their own number, `orderLine` that of the purchase order's line."""
    by_line = {line.line: line for line in order.lines}
    told = []
    for number, row in enumerate(received, 1):
        quantity = {"quantity": json_number(Decimal(row["quantity"]))}
        goods = _goods(database, by_line[row["line"]])
        told.append({"line": number, "orderLine": row["line"], "itemReceive": True, **goods, **quantity})
    return told


def _goods(database: Database, line: Line) -> Row:
    told: Row = {
        "item": {"id": str(item_id(database, line.item)), "refName": line.item},
        "units": str(unit_id(database, line)),
    }
    if line.location is not None:
        told["location"] = {"id": line.location}
    return told
