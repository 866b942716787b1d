"""The operator's hands: the `waybill` command itself, as a person types it."""

import asyncio
import contextlib
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from operators.demo.place import ROOT

_WAYBILL = "import sys; from operators.cli import main; sys.argv[0] = 'waybill'; sys.exit(main())"
_TIMEOUT_S = 60.0


class CommandFailedError(Exception):
    """The `waybill` command did not do what the script needs; the message has what it said."""


class Office:
    """Runs `waybill` commands, one at a time, and tells `announce` what is typed."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def order(self, *words: str) -> str:
        """What the command said.

        Raises:
            CommandFailedError: its exit status is not 0.
        """
        status, said, problem = await self._run(words)
        if status != 0:
            raise CommandFailedError(f"{as_typed(words)}: exit status {status}: {(problem or said).strip()}")
        return said.strip()

    async def ask(self, *words: str) -> tuple[int, Any]:
        """The command's exit status and its answer, of a command that tells it as JSON.

        Raises:
            CommandFailedError: it told nothing.
        """
        status, said, problem = await self._run((*words, "--json"))
        try:
            return status, json.loads(said)
        except ValueError:
            raise CommandFailedError(f"{as_typed(words)}: exit status {status}: {problem.strip()}") from None

    async def _run(self, words: tuple[str, ...]) -> tuple[int, str, str]:
        async with self._one_at_a_time:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _WAYBILL, *words),
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            try:
                said, problem = await asyncio.wait_for(process.communicate(), _TIMEOUT_S)
            except TimeoutError:
                raise CommandFailedError(f"{as_typed(words)}: no answer within {_TIMEOUT_S:g} s") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        return process.returncode or 0, said.decode(errors="replace"), problem.decode(errors="replace")


def as_typed(words: tuple[str, ...]) -> str:
    """The command as it is typed."""
    return shlex.join(("waybill", *words))


def waybill_program() -> str:
    """How to call `waybill` in this project from a shell."""
    installed = Path(sys.executable).with_name("waybill")
    return str(installed.relative_to(Path.cwd())) if installed.is_relative_to(Path.cwd()) else str(installed)
