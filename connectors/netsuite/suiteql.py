"""The queries that we send, in Oracle's syntax (netsuite 8). Values are checked ids only: REST binds none."""

from collections.abc import Collection

from connectors.po_files.values import is_identifier

ORDER_LINES = """\
SELECT t.id AS po_id, t.tranid, BUILTIN.CF(t.status) AS status, \
TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD"T"HH24:MI:SS') AS modified, \
tl.id AS line_id, tl.uniquekey, i.itemid AS sku, tl.quantity, NVL(tl.quantityshiprecv, 0) AS received, \
tl.units, u.unitname AS unit, u.conversionrate AS rate, NVL(tl.location, head.location) AS location, tl.isclosed, \
TO_CHAR(tl.expectedreceiptdate, 'YYYY-MM-DD') AS eta \
FROM transaction t JOIN transactionline head ON head.transaction = t.id AND head.mainline = 'T' \
JOIN transactionline tl ON tl.transaction = t.id JOIN item i ON i.id = tl.item \
LEFT JOIN unitstypeuom u ON u.internalid = tl.units \
WHERE t.type = 'PurchOrd' AND tl.mainline = 'F' AND tl.taxline = 'F' AND tl.quantity IS NOT NULL AND """
"""Lines of purchase orders; lines without an item (expenses) are no goods."""

PENDING = "BUILTIN.CF(t.status) IN ('PurchOrd:B', 'PurchOrd:D', 'PurchOrd:E')"
PERMISSIONS = {
    "SELECT id FROM transaction WHERE id = 0": "Find Transaction",
    "SELECT id FROM item WHERE id = 0": "Items",
    "SELECT id FROM location WHERE id = 0": "Locations",
    "SELECT internalid FROM unitstypeuom WHERE internalid = 0": "Units",
    "SELECT id FROM vendor WHERE id = 0": "Vendors",
}
"""Without this permission there is no such table (netsuite 7)."""
_RECEIPTS = "SELECT t.id AS receipt_id, t.externalid FROM transaction t WHERE t.type = 'ItemRcpt' AND t.externalid IN "
_IN_ORDER = " ORDER BY t.id, tl.id"


def lines_after(which: str, po_id: int) -> str:
    """The lines of the purchase orders behind this one."""
    return f"{ORDER_LINES}{which} AND t.id > {po_id}{_IN_ORDER}"


def lines_of(which: str, po_id: int, line_id: int) -> str:
    """The lines of one purchase order behind this line."""
    return f"{ORDER_LINES}{which} AND t.id = {po_id} AND tl.id > {line_id}{_IN_ORDER}"


def these(po_ids: Collection[str]) -> str:
    """The condition that a purchase order is one of these.

    Raises:
        ValueError: one is no internal id of NetSuite.
    """
    if wrong := [po_id for po_id in po_ids if not is_identifier(po_id)]:
        raise ValueError(f"{wrong[0]!r} is no internal id of NetSuite")
    return f"t.id IN ({', '.join(sorted(po_ids, key=int))})"


def receipts_named(external_ids: Collection[str]) -> str:
    """The item receipts with these external ids."""
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in sorted(external_ids))
    return f"{_RECEIPTS}({quoted}) ORDER BY t.id"
