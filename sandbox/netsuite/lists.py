"""Items and units of measure as lists of their own: purchase order lines name them by internal id over REST."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from sandbox.netsuite.orders import plain_number

if TYPE_CHECKING:
    from sandbox.database import Database
    from sandbox.netsuite.orders import Line

VENDOR_ID, SUBSIDIARY_ID, UNITS_TYPE_ID = 600, 1, 1
"""There is one vendor, one subsidiary and one type of units; nothing here depends on them."""

STATUS_NAMES: Final = {
    "A": "Pending Supervisor Approval",
    "B": "Pending Receipt",
    "C": "Rejected by Supervisor",
    "D": "Partially Received",
    "E": "Pending Billing/Partially Received",
    "F": "Pending Bill",
    "G": "Fully Billed",
    "H": "Closed",
}
"""Labels of the statuses with Advanced Receiving (reference netsuite.md 1)."""

APPROVALS: Final = {"pending": ("1", "Pending Approval"), "approved": ("2", "Approved"), "rejected": ("3", "Rejected")}
"""Internal ids and labels of `approvalStatus`."""

_FIRST_ITEM: Final = 13_000


def item_id(database: Database, sku: str) -> int:
    """Return the internal id of an item, which it keeps for good."""
    found = database.value("SELECT id FROM nsItem WHERE sku = ?", (sku,))
    if found is None:
        found = _FIRST_ITEM + database.next_number("nsItem")
        database.insert("nsItem", {"id": found, "sku": sku})
    return int(found)


def unit_id(database: Database, line: Line) -> int:
    """Return the internal id of a line's unit: one for each name and rate."""
    key = (line.unit, plain_number(line.unit_rate))
    found = database.value("SELECT id FROM nsUnit WHERE name = ? AND rate = ?", key)
    if found is None:
        found = database.next_number("nsUnit")
        database.insert("nsUnit", {"id": found, "name": key[0], "rate": key[1]})
    return int(found)


def json_number(value: Decimal) -> int | float:
    """Return a quantity as the JSON number that REST writes."""
    return int(value) if value == value.to_integral_value() else float(value)
