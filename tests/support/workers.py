"""Worker processes under a test's control: killed, stopped, and started again as a supervisor would.

They are forked from a process that has done the worker's imports: those take most of a start, and tests start dozens.
"""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from tests.support import doomed_worker
from tests.support.doomed_worker import TRAPS_VARIABLE

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([doomed_worker.__name__])
_DRAINED_S = 60


class WorkerProcess:
    """One worker process on a configuration file; ends with its block."""

    def __init__(self, configuration: Path, temporal: str, traps: Path | None = None) -> None:
        named = {"WAYBILL_CONFIG": str(configuration), "TEMPORAL_ADDRESS": temporal}
        self._environment = {**os.environ, **named, **({TRAPS_VARIABLE: str(traps)} if traps else {})}
        self.log = configuration.with_suffix(".log")
        self.deaths = 0
        self.start()

    def start(self) -> None:
        """Start the process, or start it again."""
        self.process = _FORKS.Process(target=_work, args=(self._environment, self.log))
        self.process.start()

    def stop(self) -> None:
        """Freeze the process, as a machine does that swaps or is moved."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a frozen process go on."""
        self._send(signal.SIGCONT)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.process.join()

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self.process.exitcode is not None

    def start_again_if_dead(self) -> bool:
        """Start the process again where it was killed; whether it was. Any other end is an error."""
        status = self.process.exitcode
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
        self.process.join(_DRAINED_S)
        if not self.is_dead:
            self.kill()

    def _send(self, what: signal.Signals) -> None:
        if self.process.pid and not self.is_dead:
            os.kill(self.process.pid, what)


def _work(environment: Mapping[str, str], log: Path) -> None:
    """The forked process."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    sys.exit(doomed_worker.main())


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
