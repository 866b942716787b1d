"""`waybill setup`, `worker`, `server` and `sandbox`: what has to be there, and what runs in the foreground."""

import asyncio
import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from temporalio.service import RPCError

from operators import temporal_server
from operators.cli.command import Answer, operator_command, quiet_logs
from operators.cli.exits import Exit, Trouble
from operators.cli.office import no_temporal, temporal
from operators.cli.visible import Text
from operators.set_up import set_up
from operators.settings import Settings, load


@operator_command
def setup() -> Answer:
    """Make what Waybill needs: the ledger's schema; the namespace, search attributes and schedules in Temporal.

    Run it after an installation, an upgrade, or a change of the feed's intervals; again without harm.

    Example: waybill setup
    """
    quiet_logs()
    done = asyncio.run(_set_up(load()))
    return Answer({"done": done}, [Text(line) for line in done])


async def _set_up(settings: Settings) -> list[str]:
    client = await temporal()
    try:
        return await set_up(settings, client)
    except RPCError as error:
        raise no_temporal(error) from None


@operator_command
def worker() -> Answer:
    """Run the worker in the foreground; it drains and ends on Ctrl-C or SIGTERM. Several may run side by side.

    Example: waybill worker
    """
    import worker as worker_process  # noqa: PLC0415 - its imports take a second that no other command should wait for

    status = worker_process.main()
    return Answer({"status": status}, exit_code=Exit(status))


@operator_command
def server(
    db: Annotated[Path, typer.Option("--db", help="The server's database file.")] = Path(".waybill/temporal.db"),
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 7233,
    ui_port: Annotated[int, typer.Option("--ui-port", min=1, max=65535)] = 8233,
) -> Answer:
    """Run a Temporal dev server with its Web UI in the foreground, on a database file.

    Example: waybill server --db .waybill/temporal.db
    """
    arguments = ["run", "--db", str(db), "--port", str(port), "--ui-port", str(ui_port)]
    status = temporal_server.main(arguments)
    return Answer({"status": status}, exit_code=Exit.OUT_OF_REACH if status else Exit.FINE)


@operator_command
def sandbox(context: typer.Context) -> Answer:
    """Run the sandbox HotWax and Retail Pro in the foreground; arguments go to it as they are.

    Example: waybill sandbox --port 8090 --state .waybill/sandbox
    """
    missing = [name for name in ("sandbox", "starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise Trouble(
            Exit.USAGE,
            f"the sandbox needs {', '.join(missing)}, which a production installation leaves out: "
            "install it with `uv sync --group sandbox`",
        )
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "sandbox", *context.args])  # noqa: S606 - our own module
