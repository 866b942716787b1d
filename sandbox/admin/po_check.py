"""What is right and what is not with purchase orders, per line, from the sandbox's side alone; all in pieces."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from sandbox.hotwax.receiving import purchase_orders
from sandbox.netsuite.orders import RECEIVABLE, orders_found, plain_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sandbox.database import Row
    from sandbox.netsuite.orders import Line, PurchaseOrder
    from sandbox.world import World

_ZERO: Final = Decimal(0)
_IN_HOTWAX: Final = """
SELECT i.orderId, i.orderItemSeqId, i.externalId, i.quantity, i.statusId, f.externalId AS facility, coalesce(
  (SELECT sum(r.quantityAccepted) FROM ShipmentReceipt r
   WHERE r.orderId = i.orderId AND r.orderItemSeqId = i.orderItemSeqId), 0) AS accepted
FROM OrderItem i
LEFT JOIN OrderItemShipGroup g ON g.orderId = i.orderId AND g.shipGroupSeqId = i.shipGroupSeqId
LEFT JOIN Facility f ON f.facilityId = g.facilityId
WHERE i.orderId = ? ORDER BY i.orderItemSeqId
"""
_UNPLANNED: Final = """
SELECT h.externalId AS poId, r.productId, sum(r.quantityAccepted) AS quantity
FROM ShipmentReceipt r JOIN Shipment s ON s.shipmentId = r.shipmentId JOIN OrderHeader h ON h.orderId = s.primaryOrderId
WHERE r.orderItemSeqId IS NULL GROUP BY 1, 2 ORDER BY 1, 2
"""
_TWINS: Final = """
SELECT count(*) AS count FROM (SELECT group_concat(line || '=' || quantity) AS content FROM
  (SELECT * FROM nsReceiptLine WHERE orderId = ? ORDER BY receiptId, line) GROUP BY receiptId) GROUP BY content
ORDER BY count DESC LIMIT 1
"""


def po_check(world: World, exclude: Collection[str] = (), tolerance_percent: Decimal = _ZERO) -> Row:
    """Compare NetSuite's purchase orders with HotWax's, line by line.

    Args:
        world: Both systems.
        exclude: Internal ids to leave out, since they are meant to be unfinished (a hold, say).
        tolerance_percent: How much more than ordered must reach NetSuite; what HotWax has beyond that may or may not.

    Returns:
        `ok`, `differences` (each with kind, key, expected and found), `lines` with all numbers, and `unplanned`:
        products received that are on no line.
    """
    differences: list[Row] = []
    lines: list[Row] = []
    for order in orders_found(world.database):
        if str(order.id) not in exclude:
            rows = _Comparison(world, order, tolerance_percent)
            lines += rows.lines
            differences += rows.differences()
    unplanned = [row for row in world.database.rows(_UNPLANNED) if row["poId"] not in exclude]
    return {"ok": not differences, "differences": differences, "lines": lines, "unplanned": unplanned}


class _Comparison:
    """One purchase order on both sides."""

    def __init__(self, world: World, order: PurchaseOrder, tolerance_percent: Decimal) -> None:
        self._order = order
        self._share = 1 + tolerance_percent / 100
        self._in_hotwax = purchase_orders(world, str(order.id))
        self._items = [item for order_id in self._in_hotwax for item in world.database.rows(_IN_HOTWAX, (order_id,))]
        self._has_twins = (world.database.value(_TWINS, (order.id,)) or 0) > 1
        self.lines = [self._line(line) for line in order.lines]

    def differences(self) -> Iterator[Row]:
        """Yield what is wrong with the order, or else with its lines."""
        key = str(self._order.id)
        if len(self._in_hotwax) > 1:
            yield _difference("po_doubled", key, 1, len(self._in_hotwax))
        strays = Counter(item["externalId"] for item in self._items) - Counter(
            str(line.line) for line in self._order.lines
        )
        if len(self._in_hotwax) == 1:
            yield from (_difference("unasked_line", f"{key}/{name}", None, count) for name, count in strays.items())
        if not self._in_hotwax and self._order.status in RECEIVABLE:
            yield _difference("po_never_imported", key, 1, 0)
            return
        for line, row in zip(self._order.lines, self.lines, strict=True):
            yield from self._line_differences(line, row)

    def _line(self, line: Line) -> Row:
        items = [item for item in self._items if item["externalId"] == str(line.line)]
        return {
            "poId": str(self._order.id),
            "line": line.line,
            "sku": line.item,
            "status": self._order.status,
            "closed": line.closed,
            "ordered": _number(line.quantity * line.unit_rate),
            "inHotwax": _number(sum((Decimal(str(item["quantity"])) for item in items), _ZERO)) if items else None,
            "closedInHotwax": bool(items) and all(item["statusId"] == "ITEM_COMPLETED" for item in items),
            "facility": line.location,
            "facilityInHotwax": items[0]["facility"] if items else None,
            "receivedInHotwax": _number(sum((Decimal(str(item["accepted"])) for item in items), _ZERO)),
            "receivedInNetsuite": _number(line.received * line.unit_rate),
        }

    def _line_differences(self, line: Line, row: Row) -> Iterator[Row]:
        key = f"{self._order.id}/{line.line}"
        is_open = self._order.status in RECEIVABLE and line.remaining > 0
        if row["inHotwax"] is None:
            if is_open:
                yield _difference("line_missing", key, row["ordered"], None)
        elif is_open and not row["closedInHotwax"]:
            yield from _compared("quantity", key, row["ordered"], row["inHotwax"])
            yield from _compared("facility", key, row["facility"], row["facilityInHotwax"])
        elif line.closed and not row["closedInHotwax"]:
            yield _difference("closed_line_open", key, "closed", "open")
        yield from self._received(key, line, row)

    def _received(self, key: str, line: Line, row: Row) -> Iterator[Row]:
        """Compare receipts: all that HotWax has up to the ordered and tolerated must be there, and never more."""
        in_hotwax, in_netsuite = (Decimal(row[name]) for name in ("receivedInHotwax", "receivedInNetsuite"))
        due = min(in_hotwax, line.quantity * line.unit_rate * self._share)
        if in_netsuite < due:
            yield _difference("receipt_lost", key, _number(due), row["receivedInNetsuite"])
        elif in_netsuite > in_hotwax:
            kind = "receipt_doubled" if self._has_twins else "receipt_excess"
            yield _difference(kind, key, row["receivedInHotwax"], row["receivedInNetsuite"])


def _compared(kind: str, key: str, expected: Any, found: Any) -> Iterator[Row]:
    if expected != found:
        yield _difference(kind, key, expected, found)


def _number(value: Decimal) -> str:
    return plain_number(value)


def _difference(kind: str, key: str, expected: Any, found: Any) -> Row:
    return {"kind": kind, "key": key, "expected": expected, "found": found}
