"""`waybill feed`: how far orders, purchase orders and receipts were read, backfills, pausing and resuming."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, NamedTuple, TypeVar

import typer
from rich.console import RenderableType
from temporalio.client import Client, ScheduleHandle
from temporalio.service import RPCError

from domain.stages import NEXT_ACTIONS, HoldCause
from operators import feed as feeds
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import Operator, Reason, Tenant, checked_operator, moment, one_of, span, tenants_of
from operators.cli.office import no_temporal, office, temporal
from operators.cli.tables import age, right, shown, table, warning, wrong
from operators.cli.visible import Text
from operators.po_queries import FileView, PoFeedView, RunView
from operators.po_queries import feed_view as po_feed_view
from operators.queries import FeedView, feed_view
from operators.settings import Settings

Result = TypeVar("Result")
FILES = 5
"""How many of the files that came last are shown of each tenant."""
ORDERS, POS = "orders", "po"

Only = Annotated[str | None, typer.Option("--only", help=f"{ORDERS}, or {POS} (purchase orders and receipts).")]

app = typer.Typer()


class _Seen(NamedTuple):
    """What the ledger tells of the feeds."""

    orders: list[FeedView]
    purchase_orders: list[PoFeedView]


@app.callback(invoke_without_command=True)
@operator_command
def feed(context: typer.Context, tenant: Tenant = None) -> Answer | None:
    """Show how far each tenant's feeds were read, which files came, what waits, and what the schedules do.

    Example: waybill feed
    """
    if context.invoked_subcommand is not None:
        return None
    with office() as it:
        tenants = tenants_of(it.settings, tenant)
        with it.ledger.reading() as session:
            purchasing = [name for name in tenants if it.settings.tenants[name].netsuite]
            seen = _Seen(
                [feed_view(session, name) for name in tenants],
                [po_feed_view(session, name, FILES) for name in purchasing],
            )
    try:
        names = _schedules(it.settings, tenants, None)
        schedules = asyncio.run(_with_client(lambda client: feeds.schedules(client, names)))
    except Trouble as trouble:
        say(str(trouble))
        return Answer(_data(seen, None), _screen(seen, []), trouble.exit_code)
    is_held = any(run.hold for view in seen.purchase_orders for run in view.runs)
    is_wrong = is_held or any(not state.exists for state in schedules)
    return Answer(_data(seen, schedules), _screen(seen, schedules), Exit.NOT_RIGHT if is_wrong else Exit.FINE)


def _schedules(settings: Settings, tenants: list[str], only: str | None) -> list[str]:
    """The names of these tenants' schedules, of orders or purchase orders only where that is asked for."""
    if only is not None:
        one_of("feed", only, (ORDERS, POS))
    names: list[str] = []
    for tenant in tenants:
        names += feeds.order_schedules(tenant) if only != POS else []
        names += feeds.po_schedules(tenant, settings.tenants[tenant]) if only != ORDERS else []
    return names


async def _with_client(use: Callable[[Client], Awaitable[Result]]) -> Result:
    client = await temporal()
    try:
        return await use(client)
    except RPCError as error:
        raise no_temporal(error) from None


def _data(seen: _Seen, schedules: list[feeds.ScheduleState] | None) -> dict[str, object]:
    told = None if schedules is None else [state.model_dump(mode="json") for state in schedules]
    return {
        "feeds": [view.model_dump(mode="json") for view in seen.orders],
        "purchase_orders": [view.model_dump(mode="json") for view in seen.purchase_orders],
        "schedules": told,
    }


def _screen(seen: _Seen, schedules: list[feeds.ScheduleState]) -> list[RenderableType]:
    columns = ["tenant", "read until", "", "last poll that moved it", ">waiting events", ">of orders"]
    rows = [
        (v.tenant, v.cursor or "never", age(v.cursor), v.polled_at, v.waiting_events, v.waiting_orders)
        for v in seen.orders
    ]
    parts: list[RenderableType] = [table("Feeds", columns, rows), *_purchasing(seen.purchase_orders)]
    if schedules:
        names = ["schedule", "state", "every", "last runs", "next", "note"]
        states = [(s.name, s.word, s.every, ", ".join(s.recent), s.next_run, s.note) for s in schedules]
        parts.append(table("\nSchedules", names, states))
    return [*parts, *(warning(f"{s.name} does not exist: run `waybill setup`") for s in schedules if not s.exists)]


def _purchasing(views: list[PoFeedView]) -> Iterator[RenderableType]:
    """How far receipts were read, how the runs fare, and which files came."""
    if not views:
        return
    rows = [
        (v.tenant, v.receipts_read_until or "never", age(v.receipts_read_until), v.polled_at, v.waiting) for v in views
    ]
    columns = ["tenant", "receipts read until", "", "last poll that moved it", ">purchase orders to be told"]
    yield table("\nPurchase orders", columns, rows)
    for view in views:
        yield from _runs(view)
    files = [(view.tenant, file) for view in views for file in view.files]
    if files:
        names = ["tenant", "id", "kind", "file", "state", ">rows", ">bad", "taken at", "note"]
        yield table("\nFiles that came last", names, [(tenant, *_file(file)) for tenant, file in files])
    cause = HoldCause.FILE_REFUSED
    for file in (file for view in views for file in view.refused):
        yield wrong(f"{file.name}: {cause}: {file.note}; what to do: {NEXT_ACTIONS[cause]}")


def _runs(view: PoFeedView) -> Iterator[RenderableType]:
    if not view.runs:
        return
    columns = ["run", "state", "ended well", "", "what it did"]
    rows = [(r.run, _word(r), r.ended_at or "never", age(r.ended_at), _counts(r.counts)) for r in view.runs]
    yield table(f"\nRuns of {view.tenant}", columns, rows)
    for run in view.runs:
        if run.hold:
            since = f"since {shown(run.hold_since)}"
            yield wrong(f"{run.run} HELD: {run.hold.cause} {since}: {run.hold.evidence}")
            yield warning(f"  what to do: {run.hold.next_action_of_run}")


def _word(run: RunView) -> Text:
    return Text("HELD", "bold red") if run.hold else Text("fine", "green")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items())


def _file(file: FileView) -> tuple[object, ...]:
    return file.id, file.kind, file.name, file.state, file.rows, file.bad_rows, file.taken_at, file.note


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
def pause(reason: Reason, operator: Operator = "", tenant: Tenant = None, only: Only = None) -> Answer:
    """Stop the feeds. Orders and purchase orders that are known already go on; nothing is lost.

    Without the runs of purchase orders (`--only po`) no file is read or written, and nothing is imported.

    Example: waybill feed pause --reason "HotWax is upgraded tonight"
    """
    note = f"paused by {checked_operator(operator)}: {reason}"
    return _switch(tenant, only, note, lambda handle, said: handle.pause(note=said))


@app.command("resume")
@operator_command
def resume(reason: Reason, operator: Operator = "", tenant: Tenant = None, only: Only = None) -> Answer:
    """Let the feeds go on, from where they stood.

    Example: waybill feed resume --reason "upgrade is done"
    """
    note = f"resumed by {checked_operator(operator)}: {reason}"
    return _switch(tenant, only, note, lambda handle, said: handle.unpause(note=said))


def _switch(
    tenant: str | None, only: str | None, note: str, act: Callable[[ScheduleHandle, str], Awaitable[None]]
) -> Answer:
    with office() as it:
        names = _schedules(it.settings, tenants_of(it.settings, tenant), only)
    try:
        asyncio.run(_with_client(lambda client: feeds.switch(client, names, lambda handle: act(handle, note))))
    except feeds.NoScheduleError as error:
        raise Trouble(Exit.NOT_FOUND, str(error)) from None
    return Answer({"schedules": names, "note": note}, [right(f"{name}: {note}") for name in names])
