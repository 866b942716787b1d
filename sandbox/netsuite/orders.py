"""Purchase orders as they are: lines, what remains of them, and the status that follows from all that."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.clock import now_ms
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sandbox.database import Database, Row

RECEIVABLE: Final = ("B", "D", "E")
"""Statuses in which goods may be received."""

ALL_ORDERS: Final = "SELECT id FROM nsOrder ORDER BY id"
_LINES_SQL: Final = "SELECT * FROM nsLine WHERE orderId = ? ORDER BY line"
_EXPENSES_SQL: Final = "SELECT line, closed FROM nsExpense WHERE orderId = ? ORDER BY line"
_RECEIVED_SQL: Final = """
SELECT line, quantity FROM nsReceiptLine WHERE orderId = ?
AND receiptId NOT IN (SELECT receiptId FROM nsHidden WHERE until > ?)
"""
_ZERO: Final = Decimal(0)
_ID_DIGITS: Final = 15
_NEVER: Final = 2**62
"""A moment at which nothing is hidden any more."""


@dataclass(frozen=True)
class Line:
    """One line; quantities are in its own unit, of which one is `unit_rate` pieces (base units)."""

    line: int
    unique_key: int
    item: str
    quantity: Decimal
    received: Decimal
    billed: Decimal
    unit: str
    unit_rate: Decimal
    location: str | None
    expected: str | None
    closed: bool

    @property
    def remaining(self) -> Decimal:
        """What may still be received: nothing of a closed line."""
        return _ZERO if self.closed else max(_ZERO, self.quantity - self.received)


@dataclass(frozen=True)
class ExpenseLine:
    """A line that is no goods (reference netsuite.md 2)."""

    line: int
    closed: bool


@dataclass(frozen=True)
class PurchaseOrder:
    """A purchase order with its lines and the status that NetSuite computes from them (reference netsuite.md 1)."""

    id: int
    tranid: str
    approval: str
    exported: bool
    created: int
    modified: int
    version: int
    lines: tuple[Line, ...]
    expenses: tuple[ExpenseLine, ...]

    @property
    def status(self) -> str:
        """The status letter."""
        if self.approval != "approved":
            return {"pending": "A", "rejected": "C"}[self.approval]
        if all(line.closed for line in self.lines):
            return "H"
        received = any(line.received for line in self.lines)
        billed = all(line.billed >= line.received for line in self.lines)
        if not any(line.remaining for line in self.lines):
            return "G" if billed else "F"
        return ("D" if billed else "E") if received else "B"


def internal_id(text: str) -> int | None:
    """Return the internal id that a text writes, or nothing when it writes none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else None


def find_order(database: Database, order_id: int | None, hidden_at: int = _NEVER) -> PurchaseOrder | None:
    """Return a purchase order by its internal id, or nothing.

    Args:
        database: Where it is kept.
        order_id: Its internal id.
        hidden_at: A moment: the order is told without the receipts that queries do not see yet at that time.
    """
    row = database.row("SELECT * FROM nsOrder WHERE id = ?", (order_id,))
    return _order(database, row, hidden_at) if row else None


def the_order(database: Database, order_id: int) -> PurchaseOrder:
    """Return a purchase order by its internal id.

    Raises:
        NotFoundError: There is none.
    """
    found = find_order(database, order_id)
    if found is None:
        raise NotFoundError(f"NetSuite has no purchase order {order_id}")
    return found


def the_line(order: PurchaseOrder, line_id: int) -> Line:
    """Return a line by its line id.

    Raises:
        BadInputError: The order has no such line.
    """
    found = next((line for line in order.lines if line.line == line_id), None)
    if found is None:
        have = [line.line for line in order.lines]
        raise BadInputError("line", line_id, f"purchase order {order.id} has no such line; it has {have}")
    return found


def orders_found(
    database: Database, ids_sql: str = ALL_ORDERS, parameters: Sequence[object] = ()
) -> Iterator[PurchaseOrder]:
    """Yield the purchase orders whose internal ids a query finds, in its order."""
    ids = [row["id"] for row in database.rows(ids_sql, parameters)]
    return (the_order(database, order_id) for order_id in ids)


def touch(database: Database, order_id: int) -> None:
    """Move the order's modification time to now, so that the next export of changed orders tells it."""
    database.run("UPDATE nsOrder SET modified = ?, version = version + 1 WHERE id = ?", (now_ms(), order_id))


def plain_number(value: Decimal) -> str:
    """Return a decimal as plain text, without exponent and without idle zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(order: PurchaseOrder) -> Row:
    """Return an order as the admin API shows it."""
    return {
        "poId": str(order.id),
        "tranid": order.tranid,
        "status": order.status,
        "approval": order.approval,
        "exported": order.exported,
        "createdDate": order.created,
        "lastModifiedDate": order.modified,
        "lines": [_shown_line(line) for line in order.lines],
    }


def _shown_line(line: Line) -> Row:
    numbers = {"quantity": line.quantity, "received": line.received, "remaining": line.remaining, "billed": line.billed}
    return {
        "line": line.line,
        "uniqueKey": line.unique_key,
        "item": line.item,
        **{name: plain_number(value) for name, value in numbers.items()},
        "unit": line.unit,
        "unitRate": plain_number(line.unit_rate),
        "location": line.location,
        "expected": line.expected,
        "closed": line.closed,
    }


def _order(database: Database, row: Row, hidden_at: int) -> PurchaseOrder:
    received: dict[int, Decimal] = {}
    for part in database.rows(_RECEIVED_SQL, (row["id"], hidden_at)):
        received[part["line"]] = received.get(part["line"], _ZERO) + Decimal(part["quantity"])
    lines = tuple(_line(line, received.get(line["line"], _ZERO)) for line in database.rows(_LINES_SQL, (row["id"],)))
    expenses = tuple(
        ExpenseLine(each["line"], bool(each["closed"])) for each in database.rows(_EXPENSES_SQL, (row["id"],))
    )
    same = {name: row[name] for name in ("id", "tranid", "approval", "created", "modified", "version")}
    return PurchaseOrder(**same, exported=bool(row["exported"]), lines=lines, expenses=expenses)


def _line(row: Row, received: Decimal) -> Line:
    return Line(
        line=row["line"],
        unique_key=row["uniqueKey"],
        item=row["item"],
        quantity=Decimal(row["quantity"]),
        received=received,
        billed=Decimal(row["billed"]),
        unit=row["unit"],
        unit_rate=Decimal(row["unitRate"]),
        location=row["location"],
        expected=row["expected"],
        closed=bool(row["closed"]),
    )
