"""What an import file does to HotWax's purchase orders: rows make, change or close lines, each on its own."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.hotwax import lifecycle
from sandbox.hotwax.receiving import accepted_of, items_with, purchase_orders
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.world import World

ORDER_HEADER: Final = (
    *("external-id", "product-sku", "quantity", "external-facility-id", "item-external-id", "arrival-date"),
)
CLOSE_HEADER: Final = ("external-id", "item-external-id")
_MOST: Final = 1e12


@dataclass
class Result:
    """How an import went; a failed row stands with its reason."""

    header: list[str]
    total: int = 0
    failed: list[tuple[list[str], str]] = field(default_factory=list)
    readable: bool = True


class _RowError(Exception):
    """One row cannot be imported."""


def run(world: World, kind: str, body: bytes) -> Result:
    """Import a file.

    Args:
        world: HotWax.
        kind: `orders` (the stock purchase order CSV) or `closes` (lines to close).
        body: The file; a byte order mark is taken off, bytes that are no UTF-8 are replaced.
    """
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig", errors="replace"), newline="")))
    rows = [row for row in rows if row]
    header = rows[0] if rows else []
    result = Result(header, total=max(0, len(rows) - 1))
    columns = ORDER_HEADER if kind == "orders" else CLOSE_HEADER
    if missing := [name for name in columns if name not in header]:
        result.readable = False
        result.failed = [(row, f"the header lacks {', '.join(missing)}") for row in rows[1:]]
        return result
    importer = _Importer(world)
    handle = importer.line if kind == "orders" else importer.close
    for row in rows[1:]:
        try:
            handle(_named(header, row))
        except (_RowError, BadInputError, NotFoundError) as error:
            result.failed.append((row, str(error)))
    return result


def _named(header: list[str], row: list[str]) -> dict[str, str]:
    if len(row) != len(header):
        raise _RowError(f"the row has {len(row)} columns, the header {len(header)}")
    return dict(zip(header, (cell.strip() for cell in row), strict=True))


@dataclass(frozen=True)
class _Line:
    """A row that was found to make sense."""

    po_id: str
    external_id: str
    product_id: str
    quantity: float
    facility_id: str
    arrival: int | None


class _Importer:
    """Imports the rows of one file."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database
        self._made: dict[str, str] = {}
        """External id -> the order that this file has made."""

    def line(self, row: dict[str, str]) -> None:
        """Make or change one line, and its order where there is none."""
        line = self._read(row)
        repeat = self._world.settings.import_repeat
        known = self._made.get(line.po_id) or (self._known(line.po_id) if repeat != "duplicates" else None)
        if known and known != self._made.get(line.po_id) and repeat == "ignores":
            return
        order_id = known or self._make_order(line.po_id)
        found = items_with(self._world, order_id, line.external_id)
        if found:
            self._change(found[0], line)
        else:
            self._add(order_id, line)
        lifecycle.touch(self._world, order_id)

    def close(self, row: dict[str, str]) -> None:
        """Close one line of an order, or all where no line is named."""
        orders = purchase_orders(self._world, row["external-id"])
        if not orders:
            raise _RowError(f"external-id: there is no purchase order {row['external-id']}")
        for order_id in orders:
            name = row["item-external-id"]
            items = items_with(self._world, order_id, name) if name else lifecycle.items_of(self._world, order_id)
            if not items:
                raise _RowError(f"item-external-id: order {order_id} has no line {name}")
            for item in items:
                if item["statusId"] in lifecycle.OPEN_ITEM:
                    lifecycle.set_item_status(self._world, item, "ITEM_COMPLETED")
            lifecycle.evaluate(self._world, order_id)

    def _read(self, row: dict[str, str]) -> _Line:
        for name in ("external-id", "item-external-id"):
            if not row[name]:
                raise _RowError(f"{name}: is required")
        return _Line(
            row["external-id"],
            row["item-external-id"],
            self._product(row["product-sku"]),
            _quantity(row["quantity"]),
            self._facility(row["external-facility-id"]),
            _arrival(row["arrival-date"]),
        )

    def _product(self, sku: str) -> str:
        sql = "SELECT productId FROM GoodIdentification WHERE goodIdentificationTypeId = 'SKU' AND idValue = ?"
        found: str | None = self._database.value(sql, (sku,))
        if found is None:
            raise _RowError(f"product-sku: there is no product {sku}")
        return found

    def _facility(self, external_id: str) -> str:
        found: str | None = self._database.value("SELECT facilityId FROM Facility WHERE externalId = ?", (external_id,))
        if found is None:
            raise _RowError(f"external-facility-id: there is no facility {external_id}")
        return found

    def _known(self, po_id: str) -> str | None:
        return next(iter(purchase_orders(self._world, po_id)), None)

    def _make_order(self, po_id: str) -> str:
        order_id = str(10_000 + self._database.next_number("order"))
        times = {"orderDate": now_ms(), "entryDate": now_ms(), "lastUpdatedStamp": now_ms()}
        delay_s = self._world.faults.visibility_delay_s(po_id, "OrderHeader")
        times["x_visible"] = now_ms() + int(delay_s * 1000)
        head = {"orderId": order_id, "orderTypeId": "PURCHASE_ORDER", "externalId": po_id, "currencyUom": "USD"}
        self._database.insert("OrderHeader", {**head, "statusId": "ORDER_APPROVED", **times})
        lifecycle.write_status(self._world, order_id, None, "ORDER_APPROVED")
        self._made[po_id] = order_id
        return order_id

    def _add(self, order_id: str, line: _Line) -> None:
        last = self._database.value("SELECT max(orderItemSeqId) FROM OrderItem WHERE orderId = ?", (order_id,))
        item = {
            "orderId": order_id,
            "orderItemSeqId": f"{int(last or 100) + 1:05}",
            "shipGroupSeqId": self._group(order_id, line.facility_id),
            "externalId": line.external_id,
            "statusId": "ITEM_APPROVED",
            **_values(line),
        }
        self._database.insert("OrderItem", item)
        if lifecycle.order_row(self._world, order_id)["statusId"] == "ORDER_COMPLETED":
            lifecycle.set_order_status(self._world, order_id, "ORDER_APPROVED")

    def _change(self, item: Row, line: _Line) -> None:
        """Change a line; one that was full, not closed by hand, is open again when more is ordered."""
        accepted = accepted_of(self._world, item)
        was_full = item["statusId"] == "ITEM_COMPLETED" and accepted >= item["quantity"]
        group = self._group(item["orderId"], line.facility_id)
        self._database.put("OrderItem", [{**item, **_values(line), "shipGroupSeqId": group}])
        if was_full and line.quantity > accepted:
            lifecycle.set_item_status(self._world, item, "ITEM_APPROVED", reason="REOPENED")
            lifecycle.set_order_status(self._world, item["orderId"], "ORDER_APPROVED")

    def _group(self, order_id: str, facility_id: str) -> str:
        """Return the order's ship group for a facility, made where there is none."""
        sql = "SELECT shipGroupSeqId FROM OrderItemShipGroup WHERE orderId = ? AND facilityId = ?"
        found: str | None = self._database.value(sql, (order_id, facility_id))
        if found is not None:
            return found
        sql = "SELECT max(shipGroupSeqId) FROM OrderItemShipGroup WHERE orderId = ?"
        group = f"{int(self._database.value(sql, (order_id,)) or 0) + 1:05}"
        row = {"orderId": order_id, "shipGroupSeqId": group, "facilityId": facility_id}
        self._database.insert("OrderItemShipGroup", row)
        return group


def _values(line: _Line) -> Row:
    return {"productId": line.product_id, "quantity": line.quantity, "estimatedDeliveryDate": line.arrival}


def _quantity(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= _MOST:
        raise _RowError(f"quantity: {text!r} is no quantity")
    return number


def _arrival(text: str) -> int | None:
    """Return a date as HotWax keeps it, midnight UTC; nothing for an empty field or the word null."""
    if text in ("", "null"):
        return None
    try:
        day = datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC)
    except ValueError as error:
        raise _RowError(f"arrival-date: {text!r} is no date MM/DD/YYYY") from error
    return int(day.timestamp() * 1000)
