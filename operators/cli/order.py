"""`waybill order`: everything about one order, and the commands that an operator may give it."""

import typer

from operators.cli import order_commands
from operators.cli.command import Answer, operator_command
from operators.cli.finding import OrderName, temporal_link, the_order
from operators.cli.inputs import Tenant
from operators.cli.office import office
from operators.cli.order_view import view_of
from operators.queries import order_view

app = typer.Typer(help="One order: show it, or give it a command.", no_args_is_help=True)


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


order_commands.add_to(app)
