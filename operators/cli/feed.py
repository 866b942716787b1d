"""`waybill feed`: how far the order feed is, backfills, pausing and resuming it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from rich.console import RenderableType
from temporalio.client import Client, ScheduleHandle
from temporalio.service import RPCError

from operators import feed as feeds
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import Operator, Reason, Tenant, checked_operator, moment, span, tenants_of
from operators.cli.office import no_temporal, office, temporal
from operators.cli.tables import age, right, table, warning
from operators.queries import FeedView, feed_view

Result = TypeVar("Result")

app = typer.Typer()


@app.callback(invoke_without_command=True)
@operator_command
def feed(context: typer.Context, tenant: Tenant = None) -> Answer | None:
    """Show how far each tenant's order feed was read, what waits, and what its schedules do.

    Example: waybill feed
    """
    if context.invoked_subcommand is not None:
        return None
    with office() as it:
        tenants = tenants_of(it.settings, tenant)
        with it.ledger.reading() as session:
            views = [feed_view(session, name) for name in tenants]
    try:
        schedules = asyncio.run(_with_client(lambda client: feeds.schedules(client, tenants)))
    except Trouble as trouble:
        say(str(trouble))
        return Answer(_data(views, None), _screen(views, []), trouble.exit_code)
    missing = any(not state.exists for state in schedules)
    return Answer(_data(views, schedules), _screen(views, schedules), Exit.NOT_RIGHT if missing else Exit.FINE)


async def _with_client(use: Callable[[Client], Awaitable[Result]]) -> Result:
    client = await temporal()
    try:
        return await use(client)
    except RPCError as error:
        raise no_temporal(error) from None


def _data(views: list[FeedView], schedules: list[feeds.ScheduleState] | None) -> dict[str, object]:
    told = None if schedules is None else [state.model_dump(mode="json") for state in schedules]
    return {"feeds": [view.model_dump(mode="json") for view in views], "schedules": told}


def _screen(views: list[FeedView], schedules: list[feeds.ScheduleState]) -> list[RenderableType]:
    columns = ["tenant", "read until", "", "last poll that moved it", ">waiting events", ">of orders"]
    rows = [
        (v.tenant, v.cursor or "never", age(v.cursor), v.polled_at, v.waiting_events, v.waiting_orders) for v in views
    ]
    parts: list[RenderableType] = [table("Feeds", columns, rows)]
    if schedules:
        names = ["schedule", "state", "every", "last runs", "next", "note"]
        states = [(s.name, s.word, s.every, ", ".join(s.recent), s.next_run, s.note) for s in schedules]
        parts.append(table("\nSchedules", names, states))
    parts += [warning(f"{s.name} does not exist: run `waybill setup`") for s in schedules if not s.exists]
    return parts


@app.command("orders")
@operator_command
def orders(
    since: Annotated[str, typer.Option("--since", help="From when on, such as 2026-11-01.")],
    tenant: Tenant = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Start it and return.")] = False,
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for the end.")] = "10m",
) -> Answer:
    """Read older orders from HotWax (a backfill). They yield to live orders; the feed's own cursor stays.

    Example: waybill feed orders --since 2026-11-01
    """
    start, patience = moment(since), span(wait)
    if start > datetime.now(UTC):
        raise Trouble(Exit.USAGE, f"--since {since} is in the future")
    with office() as it:
        tenants = tenants_of(it.settings, tenant)
    try:
        runs = asyncio.run(
            _with_client(lambda client: feeds.backfill(client, tenants, start, None if no_wait else patience))
        )
    except feeds.NotFinishedError as error:
        raise Trouble(Exit.OUT_OF_REACH, str(error)) from None
    columns = ["tenant", "workflow", ">events", ">new", ">orders told"]
    rows = [(r.tenant, r.workflow_id, r.events, r.new_events, r.orders) for r in runs]
    return Answer([run.model_dump(mode="json") for run in runs], [table("", columns, rows)])


@app.command("pause")
@operator_command
def pause(reason: Reason, operator: Operator = "", tenant: Tenant = None) -> Answer:
    """Stop polling HotWax. Orders that are known already go on; nothing is lost.

    Example: waybill feed pause --reason "HotWax is upgraded tonight"
    """
    return _switch(
        tenant, f"paused by {checked_operator(operator)}: {reason}", lambda handle, note: handle.pause(note=note)
    )


@app.command("resume")
@operator_command
def resume(reason: Reason, operator: Operator = "", tenant: Tenant = None) -> Answer:
    """Poll HotWax again, from where the feed stood.

    Example: waybill feed resume --reason "upgrade is done"
    """
    note = f"resumed by {checked_operator(operator)}: {reason}"
    return _switch(tenant, note, lambda handle, said: handle.unpause(note=said))


def _switch(tenant: str | None, note: str, act: Callable[[ScheduleHandle, str], Awaitable[None]]) -> Answer:
    with office() as it:
        tenants = tenants_of(it.settings, tenant)
    try:
        names = asyncio.run(
            _with_client(lambda client: feeds.switch(client, tenants, lambda handle: act(handle, note)))
        )
    except feeds.NoScheduleError as error:
        raise Trouble(Exit.NOT_FOUND, str(error)) from None
    return Answer({"schedules": names, "note": note}, [right(f"{name}: {note}") for name in names])
