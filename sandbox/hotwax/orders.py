"""The shapes in which HotWax shows an order."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from sandbox.hotwax.entities import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.database import Database, Row

_CHANNEL_CODES: Final = {
    "EXCHG_SALES_CHANNEL": "EXCHANGE_CHANNEL",
    "MKTP_SALES_CHANNEL": "MARKETPLACE_CHANNEL",
}
SUB_LISTS: Final = {
    "attributes": "OrderAttribute",
    "status": "OrderStatus",
    "identifications": "OrderIdentification",
    "items": "OrderItem",
    "shipGroups": "OrderItemShipGroup",
    "adjustments": "OrderAdjustment",
}
"""Path parts below one order, and the entity that each lists."""

_NESTED: Final = {
    "adjustments": "SELECT * FROM OrderAdjustment WHERE orderId = ? ORDER BY rowid",
    "attributes": "SELECT * FROM OrderAttribute WHERE orderId = ? ORDER BY attrName",
    "identifications": "SELECT * FROM OrderIdentification WHERE orderId = ? ORDER BY fromDate",
    "statuses": "SELECT * FROM OrderStatus WHERE orderId = ? ORDER BY rowid",
    "paymentPreferences": "SELECT * FROM OrderPaymentPreference WHERE orderId = ? ORDER BY rowid",
    "roles": "SELECT * FROM OrderRole WHERE orderId = ? ORDER BY rowid",
}


def master(database: Database, header: Row) -> Row:
    """Return an order with everything below it, in the default master shape.

    Rows of items stand in `adjustments` and `statuses` of the order too, since those relations go by orderId alone.

    Args:
        database: Where the order is.
        header: The OrderHeader row, already plain.
    """
    key = (header["orderId"],)
    nested = {name: [plain(row) for row in database.rows(sql, key)] for name, sql in _NESTED.items()}
    order = dict(header)
    order["shipGroups"] = _ship_groups(database, key, nested)
    order.update({name: [_without(row, "orderId") for row in rows] for name, rows in nested.items()})
    order["contactMechs"] = _contact_mechs(database, key)
    return {name: value for name, value in order.items() if value != []}


def _ship_groups(database: Database, key: tuple[str], nested: dict[str, list[Row]]) -> list[Row]:
    items = _items_by_group(database, key, nested)
    groups = database.rows("SELECT * FROM OrderItemShipGroup WHERE orderId = ? ORDER BY shipGroupSeqId", key)
    shown = []
    for group in groups:
        row = _without(plain(group), "orderId")
        if items[group["shipGroupSeqId"]]:
            row["items"] = items[group["shipGroupSeqId"]]
        shown.append(row)
    return shown


def _items_by_group(database: Database, key: tuple[str], nested: dict[str, list[Row]]) -> dict[str, list[Row]]:
    attributes = database.rows("SELECT * FROM OrderItemAttribute WHERE orderId = ?", key)
    below = {
        "adjustments": _by_item(nested["adjustments"]),
        "attributes": _by_item(plain(row) for row in attributes),
        "statuses": _by_item(nested["statuses"]),
    }
    grouped: dict[str, list[Row]] = defaultdict(list)
    for item in database.rows("SELECT * FROM OrderItem WHERE orderId = ? ORDER BY orderItemSeqId", key):
        row = _without(plain(item), "orderId", "shipGroupSeqId")
        row.update(
            {name: rows[item["orderItemSeqId"]] for name, rows in below.items() if item["orderItemSeqId"] in rows}
        )
        grouped[item["shipGroupSeqId"]].append(row)
    return grouped


def _by_item(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if "orderItemSeqId" in row:
            found.setdefault(row["orderItemSeqId"], []).append(_without(row, "orderId", "orderItemSeqId"))
    return found


def _contact_mechs(database: Database, key: tuple[str]) -> list[Row]:
    rows = database.rows("SELECT * FROM OrderContactMech WHERE orderId = ? ORDER BY rowid", key)
    return [_without(plain(row), "orderId") | json.loads(row["x_detail"] or "{}") for row in rows]


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def detail(database: Database, header: Row) -> Row:
    """Return the `orderDetail` form: no adjustments, ship-to or identifications.

    The channel stands under `salesChannel` and in the other vocabulary: `WEB_CHANNEL`, not `WEB_SALES_CHANNEL`.
    """
    full = master(database, header)
    shown = _without(full, "salesChannelEnumId", "adjustments", "identifications", "contactMechs", "roles")
    if "salesChannelEnumId" in full:
        channel = full["salesChannelEnumId"]
        shown["salesChannel"] = _CHANNEL_CODES.get(channel, channel.replace("_SALES_CHANNEL", "_CHANNEL"))
    for group in shown.get("shipGroups", []):
        facility = database.row("SELECT * FROM Facility WHERE facilityId = ?", (group.get("facilityId"),))
        group.update({name: plain(facility or {}).get(name) for name in ("facilityName", "facilityTypeId")})
        group["items"] = [_without(item, "adjustments") for item in group.get("items", [])]
    return shown
