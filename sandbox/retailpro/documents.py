"""Documents in Retail Pro and the stock they move; stock may go negative."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.clock import now_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.database import Database, Row

DocumentKind = Literal["invoice", "slip"]
_FIRST_NUMBER: Final = {"invoice": 700_000, "slip": 300_000}
_FIRST_SID: Final = 600_000_000_000_000_000


@dataclass(frozen=True)
class Line:
    """One line of a document: a product, how many, and for invoices the store that shipped it."""

    upc: str
    quantity: float
    store_orig: str | None = None


def create(database: Database, kind: DocumentKind, body: Mapping[str, Any], origin: str) -> Row:
    """Write an invoice or a slip and move its stock; return the document.

    Args:
        database: Where to.
        kind: Which of the two.
        body: The request, already found right.
        origin: Who made it: `api` or `planted`.
    """
    invoice = kind == "invoice"
    serial = database.next_number(f"{kind}Number")
    document = {
        "kind": kind,
        "number": body["OrderNo" if invoice else "SlipNo"],
        "documentNo": str(_FIRST_NUMBER[kind] + serial),
        "sid": str(_FIRST_SID + database.next_number("sid")),
        "store": body["InvoicingStore" if invoice else "FromStore"],
        "toStore": None if invoice else body["ToStore"],
        "at": now_ms(),
        "origin": origin,
        "body": dump(body),
    }
    document["id"] = database.insert("document", document)
    _add_lines(database, document, body)
    return document


def rewrite(database: Database, document: Row, body: Mapping[str, Any]) -> None:
    """Change what a document says and move its stock accordingly, as if it had always said so."""
    erase(database, document["id"])
    changed = {**document, "body": dump(body), "toStore": body.get("ToStore")}
    database.insert("document", changed)
    _add_lines(database, changed, body)


def _add_lines(database: Database, document: Row, body: Mapping[str, Any]) -> None:
    for item in body["Items"]:
        line = Line(item["UPC"], float(item["Qty"]), item.get("StoreOrig"))
        row = {"documentId": document["id"], "upc": line.upc, "quantity": line.quantity, "storeOrig": line.store_orig}
        database.insert("documentLine", row)
        move(database, document["store"], line.upc, -line.quantity, document["kind"], document["id"])
        if document["toStore"]:
            move(database, document["toStore"], line.upc, line.quantity, document["kind"], document["id"])


def move(database: Database, store: str, upc: str, quantity: float, cause: str, document_id: int | None) -> None:
    """Change the stock of a product at a store, unless the product is one that nobody stocks."""
    if not is_stocked(database, upc):
        return
    row = {"at": now_ms(), "store": store, "upc": upc, "quantity": quantity, "cause": cause, "documentId": document_id}
    database.insert("stockMove", row)


def is_stocked(database: Database, upc: str) -> bool:
    """Whether Retail Pro keeps stock of a product: all but those seeded with `stocked: false`."""
    sql = (
        "SELECT 1 FROM GoodIdentification g JOIN Product p ON p.productId = g.productId"
        " WHERE g.idValue = ? AND p.x_stocked = 0"
    )
    return database.row(sql, (upc,)) is None


def erase(database: Database, document_id: int) -> None:
    """Make a document and its stock effect vanish, as if it had never been."""
    database.run("DELETE FROM stockMove WHERE documentId = ?", (document_id,))
    database.run("DELETE FROM documentLine WHERE documentId = ?", (document_id,))
    database.run("DELETE FROM document WHERE id = ?", (document_id,))


def find(database: Database, kind: DocumentKind, number: str) -> list[Row]:
    """Return the documents with this OrderNo or SlipNo, oldest first."""
    sql = "SELECT * FROM document WHERE kind = ? AND number = ? ORDER BY id"
    return database.rows(sql, (kind, number))


def lines_of(database: Database, document_id: int) -> list[Line]:
    """Return a document's lines."""
    sql = "SELECT upc, quantity, storeOrig FROM documentLine WHERE documentId = ? ORDER BY rowid"
    return [Line(row["upc"], row["quantity"], row["storeOrig"]) for row in database.rows(sql, (document_id,))]


def stock(database: Database) -> list[Row]:
    """Return start, change and present stock for every store and UPC that has any of them."""
    return database.rows(
        "SELECT store, upc, round(sum(start), 4) AS start, round(sum(change), 4) AS change,"
        " round(sum(start + change), 4) AS quantity FROM ("
        "  SELECT store, upc, quantity AS start, 0 AS change FROM stockStart"
        "  UNION ALL SELECT store, upc, 0, quantity FROM stockMove"
        ") GROUP BY store, upc ORDER BY store, upc"
    )


def sell(database: Database, store: str, upc: str, quantity: float, order_id: str | None) -> None:
    """Play a sale at the till: the selling store's stock falls at once."""
    row = {"at": now_ms(), "store": store, "upc": upc, "quantity": quantity, "orderId": order_id}
    database.insert("posSale", row)
    move(database, store, upc, -quantity, "pos_sale", None)


def dump(body: Mapping[str, Any]) -> str:
    """Return a body as JSON text with its numbers as they came."""
    return json.dumps(body, default=_plain_number, ensure_ascii=False)


def _plain_number(value: object) -> float:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is no JSON value")
    return float(value)
