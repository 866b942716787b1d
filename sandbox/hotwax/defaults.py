"""The reference data that every HotWax instance is born with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.database import Database

FACILITY_PARENTS: Final = {
    "RETAIL_STORE": "PHYSICAL_STORE",
    "OUTLET_STORE": "PHYSICAL_STORE",
    "WAREHOUSE": "DISTRIBUTION_CENTER",
    "OUTLET_WAREHOUSE": "DISTRIBUTION_CENTER",
    "NA": "VIRTUAL_FACILITY",
    "PRE_ORDER": "VIRTUAL_FACILITY",
    "BACKORDER": "VIRTUAL_FACILITY",
    "CONFIGURATION": "VIRTUAL_FACILITY",
    "GENERAL_OPERATIONS": "VIRTUAL_FACILITY",
    "RELEASED_ORD": "VIRTUAL_FACILITY",
}
"""Facility types with their parents."""

VIRTUAL_PARENT: Final = "VIRTUAL_FACILITY"
NO_FACILITY: Final = "_NA_"
"""The facility of lines that no store ships, and the order level of adjustments."""

_METHODS: Final = (
    *("STANDARD", "NEXT_DAY", "SECOND_DAY", "THIRD_DAY", "NO_SHIPPING"),
    *("STOREPICKUP", "SHIP_TO_STORE", "POS_COMPLETED"),
)


def plant_defaults(database: Database, identification_types: Iterable[str]) -> None:
    """Make sure that shipment methods, the virtual facility and the order identification types exist.

    The types become exactly those given: a type that is no longer among them is gone.
    """
    for number, method in enumerate(_METHODS):
        database.run(
            "INSERT OR IGNORE INTO ShipmentMethodType VALUES (?, NULL, ?, ?)",
            (method, method.replace("_", " ").title(), number),
        )
    database.run(
        "INSERT OR IGNORE INTO Facility (facilityId, facilityName, facilityTypeId, parentTypeId, typeDescription)"
        " VALUES ('_NA_', 'No facility', 'NA', 'VIRTUAL_FACILITY', 'Virtual')"
    )
    database.run("DELETE FROM Enumeration WHERE enumTypeId = 'ORDER_IDENTITY'")
    for name in identification_types:
        database.run("INSERT OR REPLACE INTO Enumeration VALUES (?, 'ORDER_IDENTITY', ?, ?)", (name, name, name))
