"""Worker processes under a test's control: killed, stopped, and started again as a supervisor would."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from tests.support.doomed_worker import TRAPS_VARIABLE

ROOT = Path(__file__).parents[2]
COMPILED = "PYTHONPYCACHEPREFIX"


class WorkerProcess:
    """One worker process on a configuration file; ends with its block."""

    def __init__(self, configuration: Path, temporal: str, traps: Path | None = None) -> None:
        keep = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        # Started many times in one test: compiled modules are kept beside the test's other files.
        compiled = {COMPILED: os.environ.get(COMPILED, str(configuration.parent.parent / "compiled"))}
        named = {"WAYBILL_CONFIG": str(configuration), "TEMPORAL_ADDRESS": temporal}
        self._environment = {**keep, **compiled, **named, **({TRAPS_VARIABLE: str(traps)} if traps else {})}
        self.log = configuration.with_suffix(".log")
        self.deaths = 0
        self.start()

    def start(self) -> None:
        """Start the process, or start it again."""
        command = [sys.executable, "-m", "tests.support.doomed_worker"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stderr=log)  # noqa: S603 - our own

    def stop(self) -> None:
        """Freeze the process, as a machine does that swaps or is moved."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a frozen process go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.wait()

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.poll() is not None

    def start_again_if_dead(self) -> bool:
        """Start the process again where it was killed; whether it was. Any other end is an error."""
        status = self.process.poll()
        if status is None:
            return False
        assert status == -signal.SIGKILL, f"the worker ended with status {status}:\n{self.log.read_text()[-3000:]}"
        self.deaths += 1
        self.start()
        return True

    def end(self) -> None:
        """Drain and end; a process that does not is killed."""
        self.go_on()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@contextlib.asynccontextmanager
async def supervised(workers: list[WorkerProcess], on_death: Callable[[], object]) -> AsyncIterator[None]:
    """Whoever is killed is started again, after `on_death`, until the block ends; then all end."""
    stopped = asyncio.Event()

    async def supervise() -> None:
        while not stopped.is_set():
            for worker in workers:
                if worker.is_dead:
                    on_death()
                    worker.start_again_if_dead()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), 0.05)

    task = asyncio.create_task(supervise())
    try:
        yield
    finally:
        stopped.set()
        try:
            await task
        finally:
            for worker in workers:
                worker.end()
