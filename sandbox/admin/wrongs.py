"""Planting wrong documents in Retail Pro, stock effect included, to see whether a proof finds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.problems import BadInputError, NotFoundError
from sandbox.retailpro import documents
from sandbox.retailpro.documents import Line

if TYPE_CHECKING:
    from sandbox.admin.inputs import Wrong
    from sandbox.database import Row
    from sandbox.retailpro.documents import DocumentKind
    from sandbox.world import World


def plant_wrong(world: World, wrong: Wrong) -> Row:
    """Do it and return what was changed.

    Raises:
        BadInputError: A field that this kind needs is missing.
        NotFoundError: There is no such document or line.
    """
    with world.database.transaction():
        match wrong.kind:
            case "lost_invoice":
                return _lose(world, wrong)
            case "doubled_invoice" | "doubled_slip":
                return _double(world, _document(world, wrong, only=wrong.kind.removeprefix("doubled_")))
            case "wrong_quantity":
                return _change_quantity(world, wrong)
            case "wrong_store":
                return _redirect(world, wrong)
            case "unasked_invoice":
                return _invent(world, wrong)


def _document(world: World, wrong: Wrong, only: str | None = None) -> Row:
    """Return the newest document that the request names by orderNo or slipNo."""
    kind: DocumentKind = "invoice" if (only == "invoice" or (only is None and wrong.orderNo)) else "slip"
    field = "orderNo" if kind == "invoice" else "slipNo"
    number = wrong.orderNo if kind == "invoice" else wrong.slipNo
    if number is None:
        raise BadInputError(field, None, f"is needed for {wrong.kind}")
    found = documents.find(world.database, kind, number)
    if not found:
        raise NotFoundError(f"there is no {kind} {number}")
    return found[-1]


def _lose(world: World, wrong: Wrong) -> Row:
    document = _document(world, wrong, only="invoice")
    documents.erase(world.database, document["id"])
    return {"lost": document["documentNo"]}


def _double(world: World, document: Row) -> Row:
    copy = documents.create(world.database, document["kind"], json.loads(document["body"]), "planted")
    return {"doubled": document["documentNo"], "as": copy["documentNo"]}


def _change_quantity(world: World, wrong: Wrong) -> Row:
    """Make one line of a document count for more, or for less."""
    document = _document(world, wrong)
    lines = documents.lines_of(world.database, document["id"])
    line = next((line for line in lines if wrong.upc in (None, line.upc)), None)
    if line is None:
        raise NotFoundError(f"{document['kind']} {document['number']} has no line with UPC {wrong.upc}")
    documents.add_lines(world.database, document, [Line(line.upc, wrong.delta, line.store_orig)])
    return {"changed": document["documentNo"], "upc": line.upc, "delta": wrong.delta}


def _redirect(world: World, wrong: Wrong) -> Row:
    """Make a slip go to another store."""
    document = _document(world, wrong, only="slip")
    if wrong.toStore is None:
        raise BadInputError("toStore", None, "is needed for wrong_store")
    old = document["toStore"]
    sql = "UPDATE stockMove SET store = ? WHERE documentId = ? AND quantity > 0"
    world.database.run(sql, (wrong.toStore, document["id"]))
    world.database.run("UPDATE document SET toStore = ? WHERE id = ?", (wrong.toStore, document["id"]))
    return {"redirected": document["documentNo"], "from": old, "to": wrong.toStore}


def _invent(world: World, wrong: Wrong) -> Row:
    missing = [name for name in ("orderNo", "store", "items") if not getattr(wrong, name)]
    if missing:
        raise BadInputError(missing[0], getattr(wrong, missing[0]), "is needed for unasked_invoice")
    items: list[dict[str, Any]] = [
        {"UPC": row.upc, "Qty": row.quantity, "StoreOrig": wrong.store} for row in wrong.items
    ]
    body = {"InvoicingStore": wrong.store, "OrderNo": wrong.orderNo, "TotalAmt": 0, "Items": items}
    document = documents.create(world.database, "invoice", body, "planted")
    return {"invented": document["documentNo"]}
