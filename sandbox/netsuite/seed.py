"""Seeding purchase orders, and what people do to them afterwards in NetSuite."""

# ruff: noqa: N815 - NetSuite's own field names are what callers write

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.clock import now_ms, to_ms
from sandbox.netsuite.orders import plain_number
from sandbox.problems import BadInputError

if TYPE_CHECKING:
    from sandbox.database import Database, Row

_STRICT = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
Moment = Annotated[int, BeforeValidator(to_ms)]
Positive = Annotated[Decimal, Field(gt=0, max_digits=18)]
Ordered = Annotated[Decimal, Field(ge=0, max_digits=18)]
PoNumber = Annotated[int, Field(ge=1, le=2**53)]
_FIRST_ID, _LINE_STEP = 4_410_000, 3
_TAKEN_SQL: Final = "SELECT line FROM nsLine WHERE orderId = ? UNION SELECT line FROM nsExpense WHERE orderId = ?"


class PoLineSeed(BaseModel):
    """A line; without a line id it gets the next one of 1, 4, 7 ..., since NetSuite's are not consecutive either."""

    model_config = _STRICT
    line: PoNumber | None = None
    uniqueKey: PoNumber | None = None
    item: str
    quantity: Ordered
    unit: str = "EA"
    unitRate: Positive = Decimal(1)
    location: str | None = None
    expected: date | None = None
    closed: bool = False


class PoExpenseSeed(BaseModel):
    """An expense line; its line id is behind those of the goods unless given."""

    model_config = _STRICT
    line: PoNumber | None = None
    closed: bool = False


class PoSeed(BaseModel):
    """A purchase order."""

    model_config = _STRICT
    poId: PoNumber | None = None
    tranid: str | None = None
    approval: Literal["pending", "approved", "rejected"] = "approved"
    exported: bool = False
    created: Moment | None = None
    modified: Moment | None = None
    lines: Annotated[list[PoLineSeed], Field(min_length=1)]
    expenses: list[PoExpenseSeed] = []


class NetSuiteSeed(BaseModel):
    """What one call may seed."""

    model_config = _STRICT
    purchaseOrders: list[PoSeed]


def plant(database: Database, seed: NetSuiteSeed) -> list[str]:
    """Write all purchase orders, or none, and return their internal ids.

    Raises:
        BadInputError: An internal id, line id or unique key is taken.
    """
    with database.transaction():
        return [str(_plant(database, order)) for order in seed.purchaseOrders]


def add_line(database: Database, order_id: int, seed: PoLineSeed) -> int:
    """Add a line to a purchase order and return its line id.

    Raises:
        BadInputError: The line id or unique key is taken.
    """
    line = _free_line(database, order_id, seed.line)
    key = seed.uniqueKey or 900_000 + database.next_number("nsUniqueKey")
    if database.row("SELECT 1 FROM nsLine WHERE uniqueKey = ?", (key,)):
        raise BadInputError("line", line, f"unique key {key} is taken")
    database.insert("nsLine", {"orderId": order_id, "line": line, "uniqueKey": key, "billed": "0", **_line_row(seed)})
    return line


def _free_line(database: Database, order_id: int, wanted: int | None) -> int:
    """Return the line id that is wanted, or the next one: goods and expenses are numbered together."""
    taken = {row["line"] for row in database.rows(_TAKEN_SQL, (order_id, order_id))}
    if wanted in taken:
        raise BadInputError("line", wanted, f"purchase order {order_id} has it")
    return wanted or (max(taken) + _LINE_STEP if taken else 1)


def _line_row(seed: PoLineSeed) -> Row:
    return {
        "item": seed.item,
        "quantity": plain_number(seed.quantity),
        "unit": seed.unit,
        "unitRate": plain_number(seed.unitRate),
        "location": seed.location,
        "expected": seed.expected.isoformat() if seed.expected else None,
        "closed": int(seed.closed),
    }


def _plant(database: Database, seed: PoSeed) -> int:
    order_id = seed.poId or _FIRST_ID + database.next_number("nsOrder")
    if database.row("SELECT 1 FROM nsOrder WHERE id = ?", (order_id,)):
        raise BadInputError("poId", order_id, "is taken by another purchase order")
    created = now_ms() if seed.created is None else seed.created
    row = {
        "id": order_id,
        "tranid": seed.tranid or f"PO{order_id}",
        "approval": seed.approval,
        "exported": int(seed.exported),
        "created": created,
        "modified": created if seed.modified is None else seed.modified,
        "version": 1,
        "exportedVersion": 0,
    }
    database.insert("nsOrder", row)
    for line in seed.lines:
        add_line(database, order_id, line)
    for expense in seed.expenses:
        number = _free_line(database, order_id, expense.line)
        database.insert("nsExpense", {"orderId": order_id, "line": number, "closed": int(expense.closed)})
    return order_id
