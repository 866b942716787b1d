"""`waybill orders`: which orders there are, by stage, hold, store and age."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import RenderableType

from domain.stages import Stage
from ledger.orders import OrderFilter
from operators.cli.command import Answer, operator_command
from operators.cli.inputs import Tenant, hold_name, one_of, span, store_of, tenants_of
from operators.cli.office import office
from operators.cli.tables import age, table
from operators.queries import OrderLine, order_list
from operators.settings import Settings


@dataclass(frozen=True)
class Wanted:
    """Which orders to list."""

    tenant: Tenant = None
    stage: Annotated[str | None, typer.Option("--stage", help=f"One of {', '.join(Stage)}.")] = None
    hold: Annotated[str | None, typer.Option("--hold", help="CAUSE or CAUSE:SUBJECT, as `waybill holds` shows.")] = None
    store: Annotated[str | None, typer.Option("--store", help="The invoicing store: a Retail Pro store code.")] = None
    older_than: Annotated[
        str | None, typer.Option("--older-than", help="In their stage for longer than this, such as 2h.")
    ] = None
    open_only: Annotated[bool, typer.Option("--open", help="Only orders whose life goes on.")] = False
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=100_000, help="At most so many.")] = 50


@operator_command
def list_orders(wanted: Wanted) -> Answer:
    """List orders, those in their stage longest first.

    Example: waybill orders --open --older-than 2h
    """
    with office() as it, it.ledger.reading() as session:
        fits = filter_of(it.settings, wanted)
        found = order_list(session, fits, wanted.limit + 1)
    shown = found[: wanted.limit]
    title = f"{len(shown)} orders" + (f", more than --limit {wanted.limit}" if len(found) > len(shown) else "")
    return Answer([line.model_dump(mode="json") for line in shown], [_table(title, shown)])


def filter_of(settings: Settings, wanted: Wanted) -> OrderFilter:
    """The filter, each part checked."""
    tenants = tenants_of(settings, wanted.tenant)
    hold = hold_name(wanted.hold) if wanted.hold else None
    return OrderFilter(
        tenant=wanted.tenant,
        stage=Stage(one_of("stage", wanted.stage.upper(), list(Stage))) if wanted.stage else None,
        hold=hold.cause if hold else None,
        subject=hold.subject if hold else None,
        store=store_of(settings, tenants, wanted.store) if wanted.store else None,
        open_only=wanted.open_only,
        older_than=datetime.now(UTC) - span(wanted.older_than) if wanted.older_than else None,
    )


def _table(title: str, lines: list[OrderLine]) -> RenderableType:
    columns = ["tenant", "order", "HotWax id", "stage", "for", "hold / waiting for", "store", ">total", ""]
    return table(title, columns, map(_row, lines))


def _row(o: OrderLine) -> tuple[object, ...]:
    waits = o.hold or o.waiting_for
    return o.tenant, o.order_no, o.order_id, o.stage, age(o.since), waits, o.store, o.total, o.currency
