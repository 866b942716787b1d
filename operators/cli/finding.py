"""Finding the one order or purchase order that an operator means."""

from typing import Annotated
from urllib.parse import quote

import typer
from sqlmodel import Session

from domain.keys import order_workflow_id, po_workflow_id
from ledger import orders
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import OrderRow
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import one_of
from operators.cli.office import temporal_target
from operators.po_queries import by_name
from operators.settings import Settings

OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The order number, or the id in HotWax.")]
PoName = Annotated[str, typer.Argument(metavar="PO", help="The PO number, or the id in NetSuite or HotWax.")]


def the_order(session: Session, settings: Settings, tenant: str | None, name: str) -> OrderRow:
    """The one order with this number or id."""
    if tenant is not None:
        one_of("tenant", tenant, settings.tenants)
    found = orders.by_number(session, tenant, name) or orders.by_number(session, tenant, name.strip().strip("#"))
    if not found:
        raise Trouble(
            Exit.NOT_FOUND,
            f"the ledger has no order {name!r}: check the number, or let the feed look further back with "
            "`waybill feed orders --since DATE`",
        )
    if len(found) > 1:
        names = ", ".join(f"{row.order_id} of {row.tenant}" for row in found)
        raise Trouble(Exit.USAGE, f"{name!r} names {len(found)} orders ({names}): give the HotWax id, or --tenant")
    return found[0]


def the_po(session: Session, settings: Settings, tenant: str | None, name: str) -> PurchaseOrderRow:
    """The one purchase order with this number or id."""
    if tenant is not None:
        one_of("tenant", tenant, settings.tenants)
    found = by_name(session, tenant, name.strip())
    if not found:
        raise Trouble(
            Exit.NOT_FOUND,
            f"the ledger has no purchase order {name!r}: check the number; `waybill feed` shows which files came, and "
            "whether NetSuite's folder is read",
        )
    if len(found) > 1:
        names = ", ".join(f"{row.po_id} of {row.tenant}" for row in found)
        raise Trouble(Exit.USAGE, f"{name!r} names {len(found)} purchase orders ({names}): give the id, or --tenant")
    return found[0]


def temporal_link(settings: Settings, row: OrderRow | PurchaseOrderRow) -> str:
    """The row's workflow in the Temporal Web UI."""
    _, namespace = temporal_target()
    ui, workflow = settings.temporal_ui.rstrip("/"), quote(_workflow_id(row), safe="")
    return f"{ui}/namespaces/{quote(namespace, safe='')}/workflows/{workflow}"


def _workflow_id(row: OrderRow | PurchaseOrderRow) -> str:
    if isinstance(row, OrderRow):
        return order_workflow_id(row.tenant, row.order_id)
    return po_workflow_id(row.tenant, row.po_id)
