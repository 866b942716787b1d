"""`waybill exposure`: shipped but not invoiced, for HotWax's variance import; received but not in NetSuite."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import Tenant
from operators.cli.office import office
from operators.cli.tables import right, table, wrong
from operators.exposure import DEFAULT_LOCATION, REASON, Exposed, exposed, write_csv
from operators.po_exposure import Unsynced, unsynced

Location = Annotated[str, typer.Option("--location", help="locationSeqId of every row.")]


@operator_command
def exposure(
    tenant: Tenant = None,
    csv: Annotated[
        str | None,
        typer.Option("--csv", metavar="FILE|-", help="Write HotWax's variance import; - is standard output."),
    ] = None,
    location: Location = DEFAULT_LOCATION,
) -> Answer | None:
    """Show what was shipped and is on no invoice, and what was received and is not in NetSuite.

    Retail Pro's stock is too high by the first until they are invoiced. Their file is for HotWax: import it once, right
    after the stock reset, since every import deducts again. NetSuite's stock is too low by the second until their
    receipts are made.

    Example: waybill exposure --csv variance.csv
    """
    with office() as it:
        names = it.tenants(tenant)
        types = {name: it.settings.tenants[name].hotwax.upc_type for name in names}
        rows = [row for name in names for row in exposed(it.ledger, name, types[name])]
        received = [row for name in names for row in unsynced(it.ledger, name)]
    nameless = [row for row in rows if not row.upc]
    code = Exit.NOT_RIGHT if nameless else Exit.FINE
    if csv is not None:
        _write(rows, location, csv)
        if csv == "-":
            _warn(nameless)
            raise typer.Exit(code)
    data = {"shipped_not_invoiced": _data(rows, location), "received_not_synced": received}
    return Answer(data, [*_screen(rows, nameless), *_received(received)], code)


def _write(rows: list[Exposed], location: str, target: str) -> None:
    if target == "-":
        write_csv(rows, location, sys.stdout)
        return
    try:
        with Path(target).open("w", encoding="utf-8", newline="") as file:
            write_csv(rows, location, file)
    except OSError as error:
        raise Trouble(Exit.USAGE, f"{target} cannot be written: {error.strerror}") from None


def _warn(nameless: list[Exposed]) -> None:
    for line in _nameless_words(nameless):
        say(line)


def _nameless_words(nameless: list[Exposed]) -> list[str]:
    return [
        f"{row.quantity} units of product {row.product_id} (order {row.order}) have no UPC in HotWax and are left out "
        "of the file: give the product its UPC"
        for row in nameless
    ]


def _data(rows: list[Exposed], location: str) -> list[dict[str, object]]:
    fixed = {"locationSeqId": location, "varianceReasonId": REASON}
    return [
        {
            "tenant": row.tenant,
            "order": row.order,
            "facilityId": row.facility,
            "idType": row.id_type,
            "idValue": row.upc,
        }
        | {"productId": row.product_id, "availableDelta": -row.quantity, "why": row.why, **fixed}
        for row in rows
    ]


def _screen(rows: list[Exposed], nameless: list[Exposed]) -> list[RenderableType]:
    if not rows:
        return [right("everything that was shipped is on an invoice")]
    columns = ["tenant", "order", "facility", "UPC", ">units", "why"]
    cells = [(r.tenant, r.order, r.facility, r.upc or f"product {r.product_id}", r.quantity, r.why) for r in rows]
    return [table("Shipped but not invoiced", columns, cells), *map(wrong, _nameless_words(nameless))]


def _received(rows: list[Unsynced]) -> list[RenderableType]:
    if not rows:
        return [right("everything that was received on purchase orders is in NetSuite")]
    columns = ["tenant", "PO", "line", "SKU", ">pieces", "receipt", "received at", "why"]
    cells = [(r.tenant, r.purchase_order, r.line_id, r.sku, r.pieces, r.receipt_id, r.received_at, r.why) for r in rows]
    return [table("\nReceived but not in NetSuite", columns, cells)]
