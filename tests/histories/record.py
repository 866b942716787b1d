"""Record histories anew, from real runs: `python -m tests.histories.record [NAME ...]`, by default all of them.

Do this when a lifecycle gets a new path, never to make a failing replay pass: a history that no longer replays stands
for the workflows of that kind that run in production.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client

from operators.temporal_server import ServerOptions, TemporalServer
from sandbox.sftp.openssh import OpenSshServer
from tests.conftest import connect_and_set_up
from tests.histories.scenarios import PATHS
from tests.support.depot import Depot
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, ledger_url

FOLDER = Path(__file__).parent


async def play(name: str, sandbox: SandboxProcess, client: Client, folder: Path, **worker: Any) -> str:
    """Play a path to its end on a town of its own, and return its workflow's id."""
    sandbox.post("/admin/reset", {"settings": True})
    with _town_of(name, sandbox, client, folder) as town:
        worker_settings = town.settings.worker.model_copy(update=worker)
        try:
            async with town.working(worker=worker_settings):
                return await PATHS[name].play(town)
        finally:
            await town.clear()


@contextmanager
def _town_of(name: str, sandbox: SandboxProcess, client: Client, folder: Path) -> Iterator[Town]:
    path, ledger = PATHS[name], ledger_url(folder)
    if not path.has_files:
        yield Town(sandbox, client, ledger, **path.settings)
        return
    with OpenSshServer(folder / "files", folder / "sftp") as reach:
        yield Depot(sandbox, client, ledger, reach, **path.settings)


def without_this_machine(value: Any) -> Any:
    """The history without what tells of the machine that recorded it: process ids, host names, stack traces."""
    if isinstance(value, list):
        return [without_this_machine(part) for part in value]
    if not isinstance(value, dict):
        return value
    known = {"identity": "recorded", "stackTrace": "", "binaryChecksum": ""}
    return {key: known.get(key) if key in known else without_this_machine(part) for key, part in value.items()}


async def _record(folder: Path, names: Sequence[str]) -> None:
    with (
        TemporalServer(ServerOptions(database=folder / "temporal.db", ui=False)) as server,
        SandboxProcess(folder / "sandbox") as sandbox,
    ):
        client = await connect_and_set_up(server.address, folder)
        for name in names:
            workflow_id = await play(name, sandbox, client, folder)
            history = await client.get_workflow_handle(workflow_id).fetch_history()
            told = without_this_machine(json.loads(history.to_json()))
            FOLDER.joinpath(f"{name}.json").write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
            sys.stdout.write(f"{name}: {len(told['events'])} events\n")


def main() -> None:
    """Record the paths that are named, or every path; histories of paths that are gone are removed."""
    for file in FOLDER.glob("*.json"):
        if file.stem not in PATHS:
            file.unlink()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_record(Path(folder), sys.argv[1:] or list(PATHS)))


if __name__ == "__main__":
    main()
