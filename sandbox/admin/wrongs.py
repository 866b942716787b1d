"""Planting wrong documents, stock effect included, to see whether a proof finds them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.admin.po_wrongs import plant_po_wrong
from sandbox.problems import BadInputError, NotFoundError
from sandbox.retailpro import documents

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
            case _:
                return plant_po_wrong(world, wrong)


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
    body = json.loads(document["body"])
    line = next((line for line in body["Items"] if wrong.upc in (None, line["UPC"])), None)
    if line is None:
        raise NotFoundError(f"{document['kind']} {document['number']} has no line with UPC {wrong.upc}")
    line["Qty"] += wrong.delta
    if "TotalQty" in body:
        body["TotalQty"] += wrong.delta
    documents.rewrite(world.database, document, body)
    return {"changed": document["documentNo"], "upc": line["UPC"], "delta": wrong.delta}


def _redirect(world: World, wrong: Wrong) -> Row:
    """Make a slip go to another store."""
    document = _document(world, wrong, only="slip")
    if wrong.toStore is None:
        raise BadInputError("toStore", None, "is needed for wrong_store")
    documents.rewrite(world.database, document, {**json.loads(document["body"]), "ToStore": wrong.toStore})
    return {"redirected": document["documentNo"], "from": document["toStore"], "to": wrong.toStore}


def _invent(world: World, wrong: Wrong) -> Row:
    """Make an invoice for an order that nobody sent, with prices of nothing."""
    missing = [name for name in ("orderNo", "store", "items") if not getattr(wrong, name)]
    if missing:
        raise BadInputError(missing[0], getattr(wrong, missing[0]), "is needed for unasked_invoice")
    free: dict[str, Any] = {"OrigPrice": 0, "OrigTax": 0, "Price": 0, "Tax": 0, "StoreOrig": wrong.store}
    body = {
        "InvoicingStore": wrong.store,
        "OrderNo": wrong.orderNo,
        "CreatedDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "DeliveryType": 2,
        "PaymentType": 1,
        "TotalAmt": 0,
        "FiscalCredit": False,
        "Items": [{"UPC": row.upc, "Qty": row.quantity, **free} for row in wrong.items],
    }
    document = documents.create(world.database, "invoice", body, "planted")
    return {"invented": document["documentNo"]}
