"""`waybill config`: is the configuration right, and does everything answer?"""

import asyncio

import typer
from rich.console import RenderableType

from operators import probes
from operators.cli.command import Answer, operator_command, quiet_logs
from operators.cli.exits import Exit
from operators.cli.office import temporal_target
from operators.cli.tables import table
from operators.cli.visible import Text
from operators.settings import config_path, load

app = typer.Typer(no_args_is_help=True)


@app.callback()
def config() -> None:
    """The configuration: is it right, and does everything answer?"""


@app.command("check")
@operator_command
def check() -> Answer:
    """Print the configuration without its secrets, and test each connection; nothing is written anywhere.

    Retail Pro is only reached (TCP and TLS): its partner service has no call that only reads.

    Example: waybill config check
    """
    quiet_logs()
    settings = load()
    found = asyncio.run(probes.probe_all(settings))
    redacted = probes.redacted(settings)
    failed = [probe for probe in found if not probe.ok]
    data = {
        "file": str(config_path()),
        "ok": not failed,
        "configuration": redacted,
        "temporal": dict(zip(("address", "namespace"), temporal_target(), strict=True)),
        "connections": [probe.model_dump() for probe in found],
    }
    return Answer(data, _screen(redacted, found), Exit.OUT_OF_REACH if failed else Exit.FINE)


def _screen(redacted: dict[str, object], found: list[probes.Probe]) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"{config_path()}:")]
    parts += [Text(f"  {line}") for line in probes.flat(redacted)]
    rows = [
        (p.name, Text("ok", "green") if p.ok else Text("FAILED", "bold red"), p.detail, p.what_to_do) for p in found
    ]
    return [*parts, table("\nConnections", ["what", "", "", "what to do"], rows)]
