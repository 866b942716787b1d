"""`waybill order`: everything about one order, and the commands that an operator may give it."""

from typing import Annotated
from urllib.parse import quote

import typer
from sqlmodel import Session

from domain.keys import order_workflow_id
from ledger import orders
from ledger.tables import OrderRow
from operators.cli import order_commands
from operators.cli.command import Answer, operator_command
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import Tenant, one_of
from operators.cli.office import office, temporal_target
from operators.cli.order_view import view_of
from operators.queries import order_view
from operators.settings import Settings

app = typer.Typer(help="One order: show it, or give it a command.", no_args_is_help=True)
OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The order number, or the id in HotWax.")]


@app.command("show")
@operator_command
def show(order: OrderName, tenant: Tenant = None) -> Answer:
    """Show an order: where it stands and why, lines, documents, its own proof, and everything that happened to it.

    Example: waybill order show 1102
    """
    with office() as it, it.ledger.reading() as session:
        row = the_order(session, it.settings, tenant, order)
        view = order_view(session, row)
        link = temporal_link(it.settings, row)
    data = {**view.model_dump(mode="json"), "temporal_ui": link}
    data["next_action"] = view.hold.next_action if view.hold else None
    data["negative_until_transferred"] = [b.model_dump(mode="json") for b in view.negative_until_transferred]
    return Answer(data, view_of(view, link))


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


order_commands.add_to(app)
