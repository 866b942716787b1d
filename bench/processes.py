"""The programs that the bench starts, and what they use of the machine."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from bench.waiting import until

ROOT = Path(__file__).parents[1]
READY_S = 60.0
END_S = 20.0
MIB = 1024 * 1024
_LEFT_OUT = ("TEMPORAL_", "WAYBILL_", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
"""Variables that would send a measured process to somebody's real systems, or make it compile its modules anew."""


class Program:
    """A Python program of this project in a process of its own; a context manager that ends it.

    Args:
        name: what it is called in messages.
        arguments: what the interpreter gets.
        log: the file that gets its output.
        variables: its environment beside ours.
    """

    def __init__(self, name: str, arguments: Sequence[str], log: Path, variables: Mapping[str, str]) -> None:
        self.name, self._log = name, log
        self._command = [sys.executable, *arguments]
        self._environment = {**clean_environment(), **variables}

    def __enter__(self) -> Self:
        """Start the program; it may not be ready yet."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ask the program to end, and see to it that it does."""
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Make sure that it runs.

        Raises:
            RuntimeError: it ended; the message has the end of its log.
        """
        if self._process.poll() is not None:
            tail = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self.name} ended with status {self._process.returncode}. The end of its log:\n{tail}")

    async def ready(self, url: str) -> None:
        """Wait until this address answers with a success."""
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:

            async def answers() -> bool:
                self.check()
                try:
                    return (await client.get(url)).is_success
                except httpx.HTTPError:
                    return False

            await until(answers, f"{self.name} to be ready", limit_s=READY_S, every_s=0.1)


def clean_environment() -> dict[str, str]:
    """Our environment without what would lead a measured process astray."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_LEFT_OUT)}


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its children until now, in user and system mode."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    times = [process.cpu_times() for process in family]
    own = sum(t.user + t.system for t in times)
    return own + times[0].children_user + times[0].children_system


def rss_mb(pid: int) -> float:
    """The memory of a process that is in RAM now, in MiB."""
    return float(psutil.Process(pid).memory_info().rss) / MIB
