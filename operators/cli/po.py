"""`waybill po`: which purchase orders there are, everything about one, and the commands for it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from domain.purchase_order import PoStage
from operators.cli import po_commands
from operators.cli.command import Answer, operator_command
from operators.cli.finding import PoName, temporal_link, the_po
from operators.cli.inputs import Tenant, hold_name, one_of, span, tenants_of
from operators.cli.office import office
from operators.cli.po_view import view_of
from operators.cli.tables import age, table
from operators.po_queries import PoFilter, PoListing, find
from operators.po_show import po_view
from operators.settings import Settings

app = typer.Typer(
    help="Purchase orders and their receipts: list them, show one, or give it a command.", no_args_is_help=True
)


@dataclass(frozen=True)
class Wanted:
    """Which purchase orders to list."""

    tenant: Tenant = None
    stage: Annotated[str | None, typer.Option("--stage", help=f"One of {', '.join(PoStage)}.")] = None
    hold: Annotated[str | None, typer.Option("--hold", help="CAUSE or CAUSE:SUBJECT, as `waybill holds` shows.")] = None
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="In their stage for longer than this, such as 2d.")
    ] = None
    open_only: Annotated[bool, typer.Option("--open", help="Only purchase orders whose life goes on.")] = False
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many.")] = 50


@app.command("list")
@operator_command
def list_pos(wanted: Wanted) -> Answer:
    """List purchase orders, those in their stage longest first.

    Example: waybill po list --stage RECEIVED --older-than 2d
    """
    with office() as it, it.ledger.reading() as session:
        rows = find(session, filter_of(it.settings, wanted), wanted.limit + 1)
    shown = [PoListing.of(row) for row in rows[: wanted.limit]]
    title = f"{len(shown)} purchase orders" + (f", more than --limit {wanted.limit}" if len(rows) > len(shown) else "")
    return Answer([line.model_dump(mode="json") for line in shown], [_table(title, shown)])


def filter_of(settings: Settings, wanted: Wanted) -> PoFilter:
    """The filter, each part checked."""
    tenants_of(settings, wanted.tenant)
    hold = hold_name(wanted.hold) if wanted.hold else None
    return PoFilter(
        tenant=wanted.tenant,
        stage=PoStage(one_of("stage", wanted.stage.upper(), list(PoStage))) if wanted.stage else None,
        hold=hold.cause if hold else None,
        subject=hold.subject if hold else None,
        open_only=wanted.open_only,
        older_than=datetime.now(UTC) - span(wanted.older_than) if wanted.older_than else None,
    )


def _table(title: str, lines: list[PoListing]) -> RenderableType:
    columns = ["tenant", "PO", "NetSuite id", "in NetSuite", "stage", "for", "hold", "waiting for"]
    return table(title, columns, map(_row, lines))


def _row(po: PoListing) -> tuple[object, ...]:
    return po.tenant, po.number, po.po_id, po.status_word, po.stage, age(po.since), po.hold, po.waiting_for


@app.command("show")
@operator_command
def show(po: PoName, tenant: Tenant = None) -> Answer:
    """Show a purchase order: where it stands and why, its lines on both sides, its receipts, files and timeline.

    All quantities are pieces, as HotWax counts them, except where a unit is named.

    Example: waybill po show PO10023
    """
    with office() as it, it.ledger.reading() as session:
        row = the_po(session, it.settings, tenant, po)
        view = po_view(session, row, it.po_policy(row.tenant))
        link = temporal_link(it.settings, row)
    data = {**view.model_dump(mode="json"), "temporal_ui": link}
    data["next_action"] = view.hold.next_action if view.hold else None
    return Answer(data, view_of(view, link))


po_commands.add_to(app)
