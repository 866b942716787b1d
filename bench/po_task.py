"""What the bench's programs for purchase orders are told, and what they answer on standard output."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.po_file import NAME, WARM_NAME
from connectors.sftp.settings import SftpSettings
from domain.base import Frozen

_STATUS = Path("/proc/self/status")
_HIGHEST = "VmHWM:"


class Task(Frozen):
    """One program's work: the file, where it lies on the server, and where it goes."""

    tenant: str
    settings: dict[str, Any]
    """The configuration, as `waybill.toml` would have it."""
    file: Path
    """The file that is measured, on this machine's disk."""
    warm_file: Path
    """The small one that is worked before."""
    folder: Path
    """The server's folder for them, on this machine's disk; empty at first."""
    temporal: str

    @property
    def sftp(self) -> SftpSettings:
        """How the server is reached."""
        return SftpSettings.model_validate(self.settings["tenants"][self.tenant]["netsuite"]["sftp"])

    def warm_file_comes(self) -> Path:
        """Put the small file where the server has it; its place."""
        return self._put(self.warm_file, WARM_NAME)

    def file_comes(self) -> None:
        """Put the file that is measured where the server has it."""
        self._put(self.file, NAME)

    def _put(self, file: Path, name: str) -> Path:
        place = self.folder / name
        os.link(file, place)
        return place


class Took(Frozen):
    """Seconds by the clock, and of the processor in all threads of the process."""

    wall_s: float
    cpu_s: float


class RealRun(Frozen):
    """What the real thing took for one file."""

    rows: int
    purchase_orders: int
    took: Took
    """From the connection to the archive: transfer, check and commit."""
    transfer_s: float
    validate_s: float
    commit_s: float
    dispatch: Took
    peak_rss_mb: float
    """The most memory the process ever had, its modules and the dispatch included."""
    rss_before_mb: float


def timed(work: Callable[[], object]) -> Took:
    """What this work took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(wall_s=round(time.perf_counter() - wall, 4), cpu_s=round(time.process_time() - cpu, 4))


def peak_rss_mb() -> float:
    """The most memory that this process had in RAM so far, in MB of a million bytes.

    Raises:
        RuntimeError: the system does not tell (it is no Linux).
    """
    if not _STATUS.exists():
        raise RuntimeError(f"{_STATUS} is missing: peak memory is measured on Linux only")
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(_HIGHEST))
    return round(kilobytes * 1024 / 1e6, 1)


def task_given() -> Task:
    """The task on the command line."""
    return Task.model_validate_json(sys.argv[-1])


def answer(found: Frozen) -> None:
    """Say what was found."""
    sys.stdout.write(found.model_dump_json())
