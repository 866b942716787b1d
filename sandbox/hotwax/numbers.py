"""Which order a document number of Retail Pro belongs to, from the sandbox's side alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sandbox.schema import NUMBER_IN_NAME

if TYPE_CHECKING:
    from sandbox.world import World

_ORDERS_SQL: Final = f"""
SELECT orderId FROM OrderHeader WHERE orderTypeId <> 'PURCHASE_ORDER'
AND (orderId = ?1 OR orderName = ?1 OR externalId = ?1 OR {NUMBER_IN_NAME} = ?1)
UNION SELECT orderId FROM OrderIdentification WHERE idValue = ?1 ORDER BY orderId
"""  # noqa: S608 - a constant of the schema


def orders_with_number(world: World, number: str) -> list[str]:
    """Return the ids of the orders that an OrderNo means, best first; several when an order was imported twice.

    A number is compared with order id, order name (with or without a leading `#` or shop prefix such as `DM#`),
    external id and identifications. When nothing fits, the suffix that marks a supplementary document (setting
    `order_no_suffix`) is taken off first.
    """
    found = _exact(world, number)
    stem = re.sub(f"(?:{world.settings.order_no_suffix})$", "", number)
    return found or (_exact(world, stem) if stem and stem != number else [])


def _exact(world: World, number: str) -> list[str]:
    return [row["orderId"] for row in world.database.rows(_ORDERS_SQL, (number,))]
