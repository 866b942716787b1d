"""The command line: every command in its place, and the exit codes in the help."""

import os
import sys

import typer

from operators.cli import config, exposure, feed, holds, order, orders, po, prove, recover, running
from operators.cli.exits import MEANINGS

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."

app = typer.Typer(
    name="waybill",
    help=(
        "Carries every fulfilled order to exactly one invoice, and every purchase order to exactly its receipts, and "
        "proves it. The configuration is waybill.toml in this folder, or the file that WAYBILL_CONFIG names. Every "
        "command takes --json."
    ),
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("orders")(orders.list_orders)
app.add_typer(order.app, name="order")
app.add_typer(po.app, name="po")
app.add_typer(holds.app, name="holds")
app.add_typer(feed.app, name="feed")
app.command("prove")(prove.prove)
app.command("exposure")(exposure.exposure)
app.command("recover")(recover.recover)
app.add_typer(config.app, name="config")
app.command("setup")(running.setup)
app.command("worker")(running.worker)
app.command("server")(running.server)
app.command("sandbox", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(running.sandbox)


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    code: str | int | None = 0
    try:
        app(prog_name="waybill")
    except SystemExit as ended:
        code = ended.code
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the SDK's runtime may outlive the interpreter and abort it after the right answer was printed.
    os._exit(code if isinstance(code, int) else int(code is not None))
