"""What is right and what is not, from the sandbox's side alone: HotWax's lines against Retail Pro's documents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.hotwax.numbers import orders_with_number
from sandbox.hotwax.planting import upc_of
from sandbox.retailpro import documents

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sandbox.database import Row
    from sandbox.world import World

Units = defaultdict[tuple[str | None, str], float]
"""Quantities by (store code, UPC); store None means that no store ships it."""

POS_CHANNELS: Final = frozenset({"POS_SALES_CHANNEL", "POS_CHANNEL"})
_COMPLETED_LINES = """
SELECT i.orderId, i.orderItemSeqId, i.productId, i.quantity - coalesce(i.cancelQuantity, 0) AS quantity, f.x_storeCode
FROM OrderItem i
JOIN OrderHeader h ON h.orderId = i.orderId AND h.orderTypeId <> 'PURCHASE_ORDER'
JOIN OrderItemShipGroup g ON g.orderId = i.orderId AND g.shipGroupSeqId = i.shipGroupSeqId
LEFT JOIN Facility f ON f.facilityId = g.facilityId
WHERE i.statusId = 'ITEM_COMPLETED' ORDER BY i.orderId, i.orderItemSeqId
"""

_SALES_ORDERS = (
    "SELECT orderId, statusId, salesChannelEnumId FROM OrderHeader"
    " WHERE orderTypeId <> 'PURCHASE_ORDER' ORDER BY orderId"
)


@dataclass
class OrderBooks:
    """One order: what its completed lines say and what its invoices say."""

    order_id: str
    status: str
    channel: str
    lines: list[Row] = field(default_factory=list)
    shipped: Units = field(default_factory=lambda: defaultdict(float))
    invoiced: Units = field(default_factory=lambda: defaultdict(float))
    invoices: list[Row] = field(default_factory=list)

    @property
    def is_pos(self) -> bool:
        """Whether the order was sold, and so invoiced, at a till."""
        return self.channel in POS_CHANNELS

    @property
    def is_complete(self) -> bool:
        """Whether HotWax calls the order completed."""
        return self.status == "ORDER_COMPLETED"


def check(world: World, exclude: Collection[str] = ()) -> Row:
    """Compare both systems.

    Args:
        world: Both systems.
        exclude: Orders to leave out, since they are meant to be unfinished (a hold, say).

    Returns:
        `ok`, `differences` (each with kind, key, expected and found), `orders` with how often each completed line was
        invoiced, `stock` per store and UPC, `documents` per OrderNo and SlipNo, and `waiting`: completed lines of
        orders that are not complete yet, which is no difference.
    """
    books, strays = _books(world)
    kept = {order_id: book for order_id, book in books.items() if order_id not in exclude}
    differences = [found for book in kept.values() for found in _order_differences(book)]
    differences += [_difference("unasked_invoice", row["number"], None, row["documentNo"]) for row in strays]
    counts = _document_counts(world)
    differences += _doubled(counts, world)
    stock = _stock(world, kept, set(exclude))
    differences += [
        _difference("stock", f"{row['store']}/{row['upc']}", row["expected"], row["change"])
        for row in stock
        if row["expected"] != row["change"]
    ]
    return {
        "ok": not differences,
        "differences": differences,
        "orders": [_shown(book) for book in kept.values() if book.lines or book.invoices],
        "waiting": [book.order_id for book in kept.values() if _is_waiting(book)],
        "stock": stock,
        "documents": counts,
    }


def shipped(world: World) -> list[Row]:
    """Return what each store shipped, per UPC, by HotWax's own completed lines."""
    units: Units = defaultdict(float)
    for line in world.database.rows(_COMPLETED_LINES):
        if line["x_storeCode"]:
            units[line["x_storeCode"], upc_of(world, line["productId"])] += line["quantity"]
    return [{"store": store, "upc": upc, "quantity": number} for (store, upc), number in sorted(units.items(), key=str)]


def _books(world: World) -> tuple[dict[str, OrderBooks], list[Row]]:
    """Return every order's books, and the invoices that belong to no order."""
    headers = world.database.rows(_SALES_ORDERS)
    books = {row["orderId"]: OrderBooks(row["orderId"], row["statusId"], row["salesChannelEnumId"]) for row in headers}
    for line in world.database.rows(_COMPLETED_LINES):
        book, upc = books[line["orderId"]], upc_of(world, line["productId"])
        book.lines.append({**line, "upc": upc})
        book.shipped[line["x_storeCode"], upc] += line["quantity"]
    strays = []
    for invoice in world.database.rows("SELECT * FROM document WHERE kind = 'invoice' ORDER BY id"):
        owners = [books[order_id] for order_id in orders_with_number(world, invoice["number"])]
        if not owners:
            strays.append(invoice)
            continue
        _enter(world, invoice, owners)
    return books, strays


def _enter(world: World, invoice: Row, owners: list[OrderBooks]) -> None:
    """Enter an invoice in the books of its order: of twins imported twice, the completed one."""
    book = min(owners, key=lambda owner: (bool(owner.invoices), not owner.is_complete))
    book.invoices.append(invoice)
    for line in documents.lines_of(world.database, invoice["id"]):
        book.invoiced[line.store_orig, line.upc] += line.quantity


def _order_differences(book: OrderBooks) -> Iterator[Row]:
    if book.is_pos:
        if book.invoices:
            yield _difference("pos_order_invoiced", book.order_id, None, book.invoices[0]["documentNo"])
        return
    due, invoiced = _by_upc(book.shipped), _by_upc(book.invoiced)
    for upc in sorted(due.keys() | invoiced.keys()):
        key = f"{book.order_id}/{upc}"
        if invoiced[upc] > due[upc]:
            yield _difference("invoiced_too_much", key, due[upc], invoiced[upc])
        elif invoiced[upc] < due[upc] and book.is_complete:
            kind = "not_invoiced" if not invoiced[upc] else "invoiced_too_little"
            yield _difference(kind, key, due[upc], invoiced[upc])
        elif invoiced[upc] == due[upc]:
            yield from _wrong_origins(book, upc)


def _wrong_origins(book: OrderBooks, upc: str) -> Iterator[Row]:
    """Compare StoreOrig with the store that shipped; lines that no store ships may name any."""
    here = {store: number for (store, code), number in book.shipped.items() if code == upc and store is not None}
    for store, number in here.items():
        if book.invoiced[store, upc] < number:
            key = f"{book.order_id}/{upc}/{store}"
            yield _difference("wrong_store_orig", key, number, book.invoiced[store, upc])


def _stock(world: World, books: dict[str, OrderBooks], excluded: set[str]) -> list[Row]:
    """Return per store and UPC the change since the start and what it should be.

    It should be minus what the store shipped of lines that are settled: all completed lines of completed orders, the
    invoiced ones of others. Sales at the till without an order count as they are.
    """
    expected: Units = defaultdict(float)
    for book in books.values():
        for (store, upc), number in _settled(book).items():
            expected[store, upc] -= number
    for sale in world.database.rows("SELECT * FROM posSale"):
        owner = books.get(sale["orderId"])
        if sale["orderId"] not in excluded and (owner is None or not owner.is_complete):
            expected[sale["store"], sale["upc"]] -= sale["quantity"]
    rows = {(row["store"], row["upc"]): row for row in documents.stock(world.database)}
    keys = rows.keys() | {
        key for key, number in expected.items() if number and documents.is_stocked(world.database, key[1])
    }
    return [_stock_row(key, rows.get(key), expected[key]) for key in sorted(keys, key=str) if key[0] is not None]


def _settled(book: OrderBooks) -> Units:
    """Return what this order must have taken from the stores by now."""
    if book.is_complete:
        return book.shipped
    if book.is_pos:
        return defaultdict(float)
    return defaultdict(float, {key: min(number, book.shipped[key]) for key, number in book.invoiced.items()})


def _stock_row(key: tuple[str | None, str], row: Row | None, expected: float) -> Row:
    start, change = (row["start"], row["change"]) if row else (0, 0)
    return {
        "store": key[0],
        "upc": key[1],
        "start": start,
        "change": change,
        "expected": round(expected, 4),
        "quantity": round(start + change, 4),
    }


def _document_counts(world: World) -> Row:
    sql = "SELECT number, count(*) AS count FROM document WHERE kind = ? GROUP BY number ORDER BY number"
    names = {"OrderNo": "invoice", "SlipNo": "slip"}
    return {
        name: {row["number"]: row["count"] for row in world.database.rows(sql, (kind,))} for name, kind in names.items()
    }


def _doubled(counts: Row, world: World) -> list[Row]:
    found = [
        _difference("doubled_document", f"{name} {number}", 1, count)
        for name, numbers in counts.items()
        for number, count in numbers.items()
        if count > 1
    ]
    sql = (
        "SELECT orderId, orderIdentificationTypeId AS kind, idValue AS value, count(*) AS count"
        " FROM OrderIdentification WHERE thruDate IS NULL GROUP BY 1, 2, 3 HAVING count(*) > 1"
    )
    rows = world.database.rows(sql)
    return found + [
        _difference("doubled_identification", f"{r['orderId']}/{r['kind']}/{r['value']}", 1, r["count"]) for r in rows
    ]


def _by_upc(units: Units) -> defaultdict[str, float]:
    total: defaultdict[str, float] = defaultdict(float)
    for (_, upc), number in units.items():
        total[upc] += number
    return total


def _is_waiting(book: OrderBooks) -> bool:
    open_lines = sum(book.shipped.values()) > sum(book.invoiced.values())
    return not book.is_complete and not book.is_pos and open_lines


def _shown(book: OrderBooks) -> Row:
    """Return an order with how often each completed line was invoiced; lines of one UPC share what was invoiced."""
    left, due = _by_upc(book.invoiced), _by_upc(book.shipped)
    seen: defaultdict[str, float] = defaultdict(float)
    lines = []
    for line in book.lines:
        upc, quantity = line["upc"], line["quantity"]
        seen[upc] += quantity
        units = left[upc] if seen[upc] >= due[upc] else min(left[upc], quantity)
        left[upc] -= units
        row = {"orderItemSeqId": line["orderItemSeqId"], "upc": upc, "store": line["x_storeCode"], "quantity": quantity}
        lines.append({**row, "invoicedTimes": round(units / quantity, 4)})
    head = {"orderId": book.order_id, "statusId": book.status, "channel": book.channel}
    return {**head, "invoices": [row["documentNo"] for row in book.invoices], "lines": lines}


def _difference(kind: str, key: str, expected: Any, found: Any) -> Row:
    return {"kind": kind, "key": key, "expected": expected, "found": found}
