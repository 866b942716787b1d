"""Item receipts: what NetSuite makes of a purchase order, what it fills in by itself, and what it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.clock import now_ms
from sandbox.netsuite import orders

if TYPE_CHECKING:
    from sandbox.database import Database, Row
    from sandbox.settings import Settings
    from sandbox.world import World

_MOST = Decimal(10) ** 12


class NetSuiteError(Exception):
    """NetSuite refuses: `name` is its error code."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


@dataclass
class DraftLine:
    """A line of a receipt that is not saved yet, checked and filled with the remainder from the start."""

    orderline: str
    quantity: Decimal
    remaining: Decimal
    itemreceive: bool = True


@dataclass
class Draft:
    """A receipt as a script holds it between transform and save."""

    order_id: int
    lines: list[DraftLine]

    def line(self, orderline: object) -> DraftLine | None:
        """Return the line whose `orderline` is this very text; a number equals none."""
        return next((line for line in self.lines if isinstance(orderline, str) and line.orderline == orderline), None)


@dataclass(frozen=True)
class Stamp:
    """What a receipt carries beside its lines."""

    origin: str
    memo: str | None = None
    external_id: str | None = None
    tran_date: date | None = None
    """None: the day on which it is saved."""


def transform(database: Database, order_id: str) -> Draft:
    """Return the receipt that NetSuite proposes: every receivable line, checked, with all that remains of it.

    Raises:
        NetSuiteError: The order does not exist, or nothing of it may be received.
    """
    order = orders.find_order(database, orders.internal_id(order_id))
    if order is None or order.status not in orders.RECEIVABLE:
        message = f"You can not initialize itemreceipt: invalid reference {order_id}."
        raise NetSuiteError("INVALID_INITIALIZE_REF", message)
    lines = [DraftLine(str(line.line), line.remaining, line.remaining) for line in order.lines if line.remaining]
    return Draft(order.id, lines)


def save(world: World, draft: Draft, stamp: Stamp) -> int:
    """Save a receipt and return its internal id; the purchase order's status follows by itself.

    Raises:
        NetSuiteError: NetSuite's rules forbid it; nothing was saved.
    """
    database = world.database
    chosen = [line for line in draft.lines if line.itemreceive and line.quantity > 0]
    tran_date = stamp.tran_date or today(world.settings)
    _check(world, chosen, stamp, tran_date)
    with database.transaction():
        receipt_id = 990 + database.next_number("nsReceipt")
        head = {"orderId": draft.order_id, "externalId": stamp.external_id, "tranDate": tran_date.isoformat()}
        rest = {"memo": stamp.memo, "origin": stamp.origin, "at": now_ms()}
        database.insert("nsReceipt", {"id": receipt_id, **head, **rest})
        for line in chosen:
            row = {"receiptId": receipt_id, "orderId": draft.order_id, "line": int(line.orderline)}
            database.insert("nsReceiptLine", {**row, "quantity": orders.plain_number(line.quantity)})
        _hide(world, receipt_id, f"{draft.order_id} {stamp.external_id or ''}")
        orders.touch(database, draft.order_id)
    return receipt_id


def by_external_id(database: Database, external_id: str) -> Row | None:
    """Return the receipt that has this external id, or nothing."""
    return database.row("SELECT * FROM nsReceipt WHERE externalId = ?", (external_id,))


def find_receipt(database: Database, receipt_id: int | None) -> Row | None:
    """Return a receipt by its internal id, or nothing."""
    return database.row("SELECT * FROM nsReceipt WHERE id = ?", (receipt_id,))


def is_hidden(database: Database, receipt_id: int) -> bool:
    """Whether queries and look-ups by external id do not see a receipt yet."""
    sql = "SELECT 1 FROM nsHidden WHERE receiptId = ? AND until > ?"
    return database.row(sql, (receipt_id, now_ms())) is not None


def lines_of(database: Database, receipt_id: int) -> list[Row]:
    """Return the purchase order's line ids of a receipt with the quantities received on them."""
    return database.rows("SELECT line, quantity FROM nsReceiptLine WHERE receiptId = ? ORDER BY line", (receipt_id,))


def receipts_of(database: Database, order_id: int) -> list[Row]:
    """Return an order's receipts with their lines, oldest first."""
    found = database.rows("SELECT * FROM nsReceipt WHERE orderId = ? ORDER BY id", (order_id,))
    return [{**row, "lines": lines_of(database, row["id"])} for row in found]


def today(settings: Settings) -> date:
    """Return the account's present day."""
    return datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(settings.netsuite_zone)).date()


def _hide(world: World, receipt_id: int, key: str) -> None:
    """Keep a new receipt from queries for a while, where settings or faults say so."""
    by_fault_s = world.faults.visibility_delay_s(key, "ItemReceipt", "netsuite")
    delay_s = max(world.settings.netsuite_visibility_delay_s, by_fault_s)
    if delay_s:
        world.database.insert("nsHidden", {"receiptId": receipt_id, "until": now_ms() + int(delay_s * 1000)})


def _check(world: World, chosen: list[DraftLine], stamp: Stamp, tran_date: date) -> None:
    settings = world.settings
    if not chosen:
        raise NetSuiteError("USER_ERROR", "You must enter at least one line item for this transaction.")
    if settings.netsuite_closed_until is not None and tran_date <= settings.netsuite_closed_until:
        raise NetSuiteError("USER_ERROR", f"The posting period of {tran_date} is closed.")
    for line in chosen:
        if line.quantity > _MOST:
            raise NetSuiteError("USER_ERROR", f"Line {line.orderline}: the quantity is too large.")
        if line.quantity > line.remaining and not settings.netsuite_overage:
            number = orders.plain_number(line.remaining)
            message = f"Line {line.orderline}: the quantity is more than the {number} that remain to be received."
            raise NetSuiteError("USER_ERROR", message)
    if stamp.external_id is not None and by_external_id(world.database, stamp.external_id):
        raise NetSuiteError("DUP_RCRD", f"This record already exists: {stamp.external_id}")
