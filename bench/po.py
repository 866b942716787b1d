"""`python -m bench.po`: what a file of purchase orders costs beside its bare parts (docs/performance.md).

Each program has worked a small file before it is timed, the bare parts as well as the real thing.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from bench.po_file import NAME, WARM_NAME, write_file, write_warm_file
from bench.po_results import TARGETS, Round, figures_of
from bench.po_task import RealRun, Task, Took
from bench.processes import ROOT, clean_environment
from bench.sitting import hold, into
from bench.stand import own_server_only
from bench.waiting import say
from domain.base import Frozen
from operators.set_up import set_up
from operators.settings import Settings
from operators.temporal_server import ServerOptions, TemporalServer
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import Reach

RESULTS = Path(__file__).parent / "results" / "po.json"
ALL = ("real", "pydantic", "insert", "transfer")
LIMIT_S = 900
_NEVER = 86_400
_NOWHERE = "http://127.0.0.1:9"
"""Of systems that a file's run does not call."""

M = TypeVar("M", bound=Frozen)


@dataclass(frozen=True)
class Options:
    """How big the two files are, and how often each is measured."""

    lines: int
    large: int
    rounds: int
    large_rounds: int
    results: Path


class Stand:
    """A real OpenSSH server and a real Temporal server, and a tenant with an empty ledger for each run."""

    def __init__(self, folder: Path, reach: Reach, server: TemporalServer) -> None:
        self._folder, self._reach, self._server = folder, reach, server
        self._runs, self._warm_file = 0, folder / "warm.csv"
        write_warm_file(self._warm_file)

    def round(self, file: Path, *, turned: bool) -> Round:
        """The real thing and its bare parts, one after the other, each in a process of its own."""
        found: dict[str, Any] = {name: self._run(name, file) for name in (reversed(ALL) if turned else ALL)}
        return Round(**found)

    def _run(self, name: str, file: Path) -> Frozen:
        task = self._task(file)
        if name == "real":
            asyncio.run(self._prepare(task))
            return _answer_of(["bench.po_real"], task, RealRun)
        return _answer_of(["bench.po_parts", name], task, Took)

    def _task(self, file: Path) -> Task:
        """A tenant with an empty folder on the server, for this file."""
        self._runs += 1
        tenant = f"b{self._runs}"
        orders = self._reach.folder / tenant
        orders.mkdir(parents=True)
        return Task(
            tenant=tenant,
            settings=self._settings(tenant),
            file=file,
            warm_file=self._warm_file,
            folder=orders,
            temporal=self._server.address,
        )

    async def _prepare(self, task: Task) -> None:
        """Ledger and search attributes, as every installation has them."""
        client = await Client.connect(self._server.address, data_converter=pydantic_data_converter)
        await set_up(Settings.model_validate(task.settings), client)

    def _settings(self, tenant: str) -> dict[str, Any]:
        reach = self._reach
        complete = {"renamed": [NAME, WARM_NAME]}
        sftp = {
            "host": reach.host,
            "port": reach.port,
            "username": reach.username,
            "private_key": str(reach.private_key),
            "host_keys": reach.host_keys,
            "folders": {"orders": {"path": tenant, "pattern": "*.csv", "complete": complete}},
        }
        waits = {"interval": _NEVER, "sweep_interval": _NEVER}
        of_tenant = {
            "hotwax": {"base_url": _NOWHERE, "token": "none"},
            "retailpro": {"base_url": _NOWHERE, "repeat": "rejects"},
            "feed": waits,
            "netsuite": {"sftp": sftp, **waits},
        }
        return {"ledger_url": f"sqlite:///{self._folder}/{tenant}.db", "tenants": {tenant: of_tenant}}


def _answer_of(program: Sequence[str], task: Task, kind: type[M]) -> M:
    """What a program of ours says of this task.

    Raises:
        RuntimeError: it failed; the message has the end of what it said.
    """
    command = [sys.executable, "-m", *program, task.model_dump_json()]
    done = subprocess.run(  # noqa: S603 - our own modules
        command, cwd=ROOT, env=clean_environment(), capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(program)} ended with status {done.returncode}:\n{done.stderr[-2000:]}")
    return kind.model_validate_json(done.stdout)


def measure(options: Options, folder: Path) -> dict[str, Any]:
    """All figures, of both sizes."""
    with (
        own_server_only(),
        OpenSshServer(folder / "files", folder / "sftp", say=say) as reach,
        TemporalServer(ServerOptions(database=folder / "temporal.db")) as server,
    ):
        stand = Stand(folder, reach, server)
        small = _rounds(stand, folder, options.lines, options.rounds)
        large = _rounds(stand, folder, options.large, options.large_rounds)
    return figures_of(small, large)


def _rounds(stand: Stand, folder: Path, lines: int, rounds: int) -> list[Round]:
    """Real and parts in turns, each as often first as last: a machine's drift hits all of them."""
    file = folder / f"{lines}.csv"
    write_file(file, lines)
    found = []
    for number in range(rounds):
        say(f"{lines:,} lines, round {number + 1} of {rounds}")
        found.append(stand.round(file, turned=number % 2 == 1))
        say(f"  {found[-1]}")
    return found


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser("python -m bench.po", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000, help="lines of the file (default: 100000)")
    parser.add_argument("--large", type=int, default=1_000_000, help="lines of the large file (default: 1000000)")
    parser.add_argument("--rounds", type=int, default=5, help="turns with the file (default: 5)")
    parser.add_argument("--large-rounds", type=int, default=1, help="turns with the large file (default: 1)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="file for the results (default: %(default)s)")
    given = parser.parse_args(arguments)
    return Options(given.lines, given.large, given.rounds, given.large_rounds, given.results)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 when a measurement was void, 130 when it was stopped."""
    options = _options(arguments)
    return hold(lambda folder: measure(options, folder), into(options.results), TARGETS)


if __name__ == "__main__":
    sys.exit(main())
