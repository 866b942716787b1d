"""What queries see: the account's state in tables of SuiteQL's names, brought up to date before each query.

New receipts show here only after their delay, and so does what follows from them: quantities received, and statuses.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from sandbox.clock import now_ms
from sandbox.netsuite.lists import APPROVALS, STATUS_NAMES, SUBSIDIARY_ID, UNITS_TYPE_ID, VENDOR_ID, item_id, unit_id
from sandbox.netsuite.orders import find_order, plain_number
from sandbox.netsuite.receipts import is_hidden, receipts_of
from sandbox.netsuite.sql_functions import add_functions
from sandbox.netsuite.sql_tables import ORDER, RECEIPT, TABLES
from sandbox.netsuite.sql_words import SqlError

if TYPE_CHECKING:
    from sandbox.database import Row
    from sandbox.netsuite.orders import Line, PurchaseOrder
    from sandbox.world import World

_INDEXES: Final = """
CREATE INDEX transaction_id ON "transaction" (id);
CREATE INDEX transaction_external ON "transaction" (externalid);
CREATE INDEX transaction_order ON "transaction" (x_order);
CREATE INDEX transactionline_transaction ON transactionline ("transaction");
CREATE INDEX transactionline_order ON transactionline (x_order);
CREATE UNIQUE INDEX item_id ON item (id);
CREATE UNIQUE INDEX unitstypeuom_id ON unitstypeuom (internalid);
CREATE UNIQUE INDEX location_id ON location (id);
CREATE UNIQUE INDEX vendor_id ON vendor (id);
"""
_KEYS_PER_TRANSACTION: Final = 10_000


class Mirror:
    """The tables, in memory."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._told: list[str] = []
        self._connection = _empty(self._told)
        self._listed: set[tuple[int, int, str | None]] = set()
        self._state: tuple[int, str] | None = None
        self._shows_later: dict[int, int] = {}

    def rows(self, sql: str) -> tuple[list[str], list[tuple[object, ...]]]:
        """Return the names of the result columns and the rows of a translated query.

        Raises:
            SqlError: The query makes no sense, such as a sum in its WHERE.
        """
        self.refresh()
        self._told.clear()
        try:
            cursor = self._connection.execute(sql)
            return [column[0] for column in cursor.description], cursor.fetchall()
        except sqlite3.Error as error:
            raise SqlError(f"the query cannot be answered: {'; '.join(self._told) or error}") from error

    def refresh(self) -> None:
        """Load what has changed; everything after a start, a reset, or a change of the account's zone."""
        database, now = self._world.database, now_ms()
        state = (self._world.calls.age, self._world.settings.netsuite_zone)
        if state != self._state:
            self._connection.close()
            self._connection, self._state, self._shows_later = _empty(self._told), state, {}
            self._listed.clear()
            database.run("INSERT OR IGNORE INTO nsChange SELECT id FROM nsOrder")
        changed = {row["orderId"] for row in database.rows("SELECT orderId FROM nsChange")}
        for order_id in changed | {each for each, due in self._shows_later.items() if due <= now}:
            self._load(order_id, now)
        if changed:
            database.run("DELETE FROM nsChange")

    def _load(self, order_id: int, now: int) -> None:
        """Write an order and its receipts anew, without what is still hidden."""
        for table in ("transaction", "transactionline"):
            self._connection.execute(f'DELETE FROM "{table}" WHERE x_order = ?', (order_id,))  # noqa: S608 - named here
        database = self._world.database
        sql = "SELECT min(until) FROM nsHidden h JOIN nsReceipt r ON r.id = h.receiptId WHERE orderId = ? AND until > ?"
        due = database.value(sql, (order_id, now))
        self._shows_later.pop(order_id, None)
        if due is not None:
            self._shows_later[order_id] = due
        order = find_order(database, order_id, now)
        if order is None:
            return
        self._put_order(order)
        lines = {line.line: line for line in order.lines}
        for receipt in receipts_of(database, order_id):
            if not is_hidden(database, receipt["id"]):
                self._put_receipt(order, receipt, lines)

    def _put_order(self, order: PurchaseOrder) -> None:
        approval_id, approval = APPROVALS[order.approval]
        row = {
            **self._head(order.id, order.id, ORDER, "Purchase Order"),
            "approvalstatus": approval_id,
            "tranid": order.tranid,
            "status": order.status,
            "trandate": self._day(order.created),
            "createddate": self._moment(order.created),
            "lastmodifieddate": self._moment(order.modified),
            "x_cf_status": f"{ORDER}:{order.status}",
            "x_df_status": f"Purchase Order : {STATUS_NAMES[order.status]}",
            "x_df_approvalstatus": approval,
        }
        self._put("transaction", row)
        self._put("transactionline", self._line(order.id, order.id, 0, ORDER))
        for place, line in enumerate(order.lines, 1):
            self._put("transactionline", self._order_line(order, line, place))

    def _order_line(self, order: PurchaseOrder, line: Line, place: int) -> Row:
        """Return a line with its quantities in base units."""
        return {
            **self._line(order.id, order.id, line.line, ORDER),
            **self._goods(line),
            "uniquekey": line.unique_key,
            "linesequencenumber": place,
            "quantity": plain_number(line.quantity * line.unit_rate),
            "quantityshiprecv": plain_number(line.received * line.unit_rate),
            "quantitybilled": plain_number(line.billed * line.unit_rate),
            "isclosed": "T" if line.closed else "F",
            "expectedreceiptdate": f"{line.expected} 00:00:00" if line.expected else None,
        }

    def _put_receipt(self, order: PurchaseOrder, receipt: Row, lines: dict[int, Line]) -> None:
        moment = self._moment(receipt["at"])
        row = {
            **self._head(receipt["id"], order.id, RECEIPT, "Item Receipt"),
            "tranid": f"IR{receipt['id']}",
            "externalid": receipt["externalId"],
            "memo": receipt["memo"],
            "trandate": f"{receipt['tranDate']} 00:00:00",
            "createddate": moment,
            "lastmodifieddate": moment,
        }
        self._put("transaction", row)
        self._put("transactionline", self._line(receipt["id"], order.id, 0, RECEIPT))
        for number, part in enumerate(receipt["lines"], 1):
            line = lines[part["line"]]
            quantity = {"quantity": plain_number(line.unit_rate * Decimal(part["quantity"]))}
            own = {**self._line(receipt["id"], order.id, number, RECEIPT), "createdfrom": order.id}
            self._put("transactionline", {**own, **self._goods(line), **quantity})

    def _head(self, own_id: int, order_id: int, kind: str, name: str) -> Row:
        vendor = {"entity": VENDOR_ID, "x_df_entity": "Vendor"}
        return {"id": own_id, "x_order": order_id, "type": kind, "x_type": kind, "x_df_type": name, **vendor}

    def _line(self, transaction_id: int, order_id: int, line_id: int, kind: str) -> Row:
        """Return what every line has; line 0 is the main line, which stands for the transaction as a whole."""
        return {
            "transaction": transaction_id,
            "x_order": order_id,
            "x_type": kind,
            "id": line_id,
            "uniquekey": transaction_id * _KEYS_PER_TRANSACTION + line_id,
            "linesequencenumber": line_id,
            "subsidiary": SUBSIDIARY_ID,
            "mainline": "F" if line_id else "T",
            "taxline": "F",
            "isclosed": "F",
        }

    def _goods(self, line: Line) -> Row:
        """Return a line's item, unit and place, which the lists then have."""
        item, unit = item_id(self._world.database, line.item), unit_id(self._world.database, line)
        if (item, unit, line.location) not in self._listed:
            self._list(line, item, unit)
            self._listed.add((item, unit, line.location))
        told = {"item": item, "x_df_item": line.item, "units": unit, "x_df_units": line.unit}
        return {**told, "location": line.location}

    def _list(self, line: Line, item: int, unit: int) -> None:
        rate = plain_number(line.unit_rate)
        self._put("vendor", {"id": VENDOR_ID, "entityid": "Vendor"})
        self._put("item", {"id": item, "itemid": line.item, "unitstype": UNITS_TYPE_ID})
        uom = {"internalid": unit, "unitstype": UNITS_TYPE_ID, "unitname": line.unit, "abbreviation": line.unit}
        self._put("unitstypeuom", {**uom, "conversionrate": rate, "baseunit": "T" if rate == "1" else "F"})
        if line.location is not None:
            self._put("location", {"id": line.location, "name": f"Location {line.location}"})

    def _put(self, table: str, row: Row) -> None:
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        sql = f'INSERT OR REPLACE INTO "{table}" ({columns}) VALUES ({marks})'  # noqa: S608 - named in this module
        self._connection.execute(sql, tuple(row.values()))

    def _moment(self, ms: int) -> str:
        zone = ZoneInfo(self._world.settings.netsuite_zone)
        return f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone):%Y-%m-%d %H:%M:%S}"

    def _day(self, ms: int) -> str:
        return f"{self._moment(ms)[:10]} 00:00:00"


def _empty(told: list[str]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA case_sensitive_like = ON")
    for name, table in TABLES.items():
        connection.execute(table.ddl(name))
    connection.executescript(_INDEXES)
    add_functions(connection, told)
    return connection
