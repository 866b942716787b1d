"""Finding the one order that an operator means."""

from typing import Annotated
from urllib.parse import quote

import typer
from sqlmodel import Session

from domain.keys import order_workflow_id
from ledger import orders
from ledger.tables import OrderRow
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import one_of
from operators.cli.office import temporal_target
from operators.settings import Settings

OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The order number, or the id in HotWax.")]


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


def temporal_link(settings: Settings, row: OrderRow) -> str:
    """The order's workflow in the Temporal Web UI."""
    _, namespace = temporal_target()
    workflow = quote(order_workflow_id(row.tenant, row.order_id), safe="")
    return f"{settings.temporal_ui.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows/{workflow}"
