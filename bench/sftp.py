"""Files over SFTP against OpenSSH's own client, in turns, on the same server: `python -m bench.sftp`.

Up, ours writes under a temporary name, checks the size, reads every byte back (the large file, which is above the bound
for that, with and without: `large_checked` and `large`), and renames; OpenSSH's client only writes. Down, ours computes
the checksum. Each client keeps one session. A first round of both warms the disk up and is not counted. A
ratio is the median over the rounds: the two turns of a round follow one another, so that what else the machine does
falls on both.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Self

import psutil

from connectors.sftp.client import SftpServer, SftpSession
from connectors.sftp.models import Deposit
from connectors.sftp.settings import OutboundFolder, SftpSettings
from sandbox.sftp.find_sshd import find_sshd
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import Reach

RESULTS = Path(__file__).parent / "results" / "sftp.json"
LARGE_MB, SMALL_FILES, SMALL_BYTES = 64, 1000, 20_000
TARGETS = {"large_up_ratio": 0.8, "large_down_ratio": 0.8, "small_up_ratio": 1.0, "small_down_ratio": 1.0}
TIMEOUT_S = 300
_PATIENCE_S = 30
Run = Callable[[str], float]
"""Seconds for all files of a kind."""
_DONE = "done-with-it"


class OpenSshClient:
    """One session of the system's `sftp`, which is told commands and asked when they are done."""

    def __init__(self, reach: Reach, folder: Path) -> None:
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(reach.known_hosts)
        login = ["-P", str(reach.port), "-i", str(reach.private_key), "-o", f"UserKnownHostsFile={known_hosts}"]
        self._program = ["sftp", "-q", "-b", "-", *login, f"{reach.username}@{reach.host}"]

    def __enter__(self) -> Self:
        """Log in."""
        self._process = subprocess.Popen(  # noqa: S603 - the client of the system, with our own arguments
            self._program, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.run("pwd")
        return self

    def __exit__(self, *_: object) -> None:
        """Log out."""
        self._process.communicate(timeout=TIMEOUT_S)

    def run(self, command: str) -> float:
        """Seconds for a command."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("sftp was started without pipes")
        started = perf_counter()
        self._process.stdin.write(f"{command}\n!echo {_DONE}\n")
        for line in self._process.stdout:
            if line.strip() == _DONE:
                return perf_counter() - started
        raise RuntimeError(f"sftp ended at {command}")


class Bench:
    """One server, files to send and to fetch, and both clients."""

    def __init__(
        self, reach: Reach, folder: Path, files: SftpSession, checking: SftpSession, openssh: OpenSshClient
    ) -> None:
        self._reach, self._folder, self._openssh = reach, folder, openssh
        self._files, self._checking = files, checking
        self._turn = 0
        self._large = os.urandom(LARGE_MB << 20)
        self._small = [(f"{number:04}.csv", os.urandom(SMALL_BYTES)) for number in range(SMALL_FILES)]
        _fill(folder / "local" / "large", [("large.bin", self._large)])
        _fill(folder / "local" / "small", self._small)
        _fill(reach.folder / "large", [("large.bin", self._large)])
        _fill(reach.folder / "small", self._small)

    def openssh_up(self, kind: str) -> float:
        """Seconds for its client to put all files of a kind."""
        target = self._new_folder()
        seconds = self._openssh.run(f'put "{self._folder}/local/{kind}/"* {target}/')
        self._check(kind, self._reach.folder / target)
        return seconds

    def openssh_down(self, kind: str) -> float:
        """Seconds for its client to get all files of a kind."""
        target = self._folder / "got"
        target.mkdir()
        seconds = self._openssh.run(f'get {kind}/* "{target}/"')
        self._check(kind, target)
        return seconds

    def our_up(self, kind: str) -> float:
        """Seconds for ours: temporary name, check, rename."""
        return self._put(self._files, kind)

    def our_checked_up(self, kind: str) -> float:
        """The same with every byte read back, whatever the size."""
        return self._put(self._checking, kind)

    def _put(self, session: SftpSession, kind: str) -> float:
        folder = OutboundFolder(path=self._new_folder())
        files = [("large.bin", self._large)] if kind == "large" else self._small
        started = perf_counter()
        became = list(session.put(folder, files))
        seconds = perf_counter() - started
        if set(became) != {Deposit.WRITTEN}:
            raise RuntimeError(f"not all files were written: {set(map(str, became))}")
        self._check(kind, self._reach.folder / folder.path)
        return seconds

    def our_down(self, kind: str) -> float:
        """Seconds for ours, written to the disk as OpenSSH's client does."""
        target = self._folder / "got"
        target.mkdir()
        started = perf_counter()
        listed = self._files.list_folder(kind).files
        if kind == "large":
            with self._files.read(kind, listed[0]) as stream, (target / listed[0].name).open("wb") as local:
                local.writelines(stream)
        else:
            for file, content in zip(listed, self._files.read_small(kind, listed), strict=True):
                if not isinstance(content, bytes):
                    raise content
                (target / file.name).write_bytes(content)
        seconds = perf_counter() - started
        self._check(kind, target)
        return seconds

    def _new_folder(self) -> str:
        self._turn += 1
        name = f"up{self._turn}"
        (self._reach.folder / name).mkdir()
        return name

    def _check(self, kind: str, folder: Path) -> None:
        """All files of a kind are in the folder as they should be; then the folder goes, to save the disk."""
        wanted = dict([("large.bin", self._large)] if kind == "large" else self._small)
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        if found != wanted:
            raise RuntimeError(f"the files in {folder} are not what was sent")
        shutil.rmtree(folder)


def _fill(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    folder.mkdir(parents=True)
    for name, content in files:
        (folder / name).write_bytes(content)


def measure(rounds: int) -> dict[str, Any]:
    """All figures, with their raw numbers."""
    with tempfile.TemporaryDirectory(prefix="bench-sftp-") as made:
        folder = Path(made)
        with OpenSshServer(folder / "files", folder / "state", say=_say) as reach:
            server = SftpServer("bench", _settings(reach))
            checker = SftpServer("bench", _settings(reach).model_copy(update={"read_back_up_to": LARGE_MB << 20}))
            with (
                server.session() as files,
                checker.session() as checking,
                OpenSshClient(reach, folder) as openssh,
            ):
                bench = Bench(reach, folder, files, checking, openssh)
                return _circumstances(rounds) | _turns(bench, rounds)


def _turns(bench: Bench, rounds: int) -> dict[str, Any]:
    """Each client in turns; the order changes from round to round, so that neither always comes first."""
    raw: dict[str, list[float]] = {}
    for number in range(-1, rounds):
        for name, theirs, ours in _races(bench):
            turns = [("openssh", theirs), ("ours", ours)]
            for who, run in turns if number % 2 == 0 else reversed(turns):
                seconds = round(run(name.split("_")[0]), 4)
                if number >= 0:
                    raw.setdefault(f"{name}_{who}_s", []).append(seconds)
    return _figures(raw) | {"raw": raw}


def _races(bench: Bench) -> list[tuple[str, Run, Run]]:
    """What is measured: its name, then OpenSSH's client and ours."""
    return [
        ("large_up", bench.openssh_up, bench.our_up),
        ("large_checked_up", bench.openssh_up, bench.our_checked_up),
        ("large_down", bench.openssh_down, bench.our_down),
        ("small_up", bench.openssh_up, bench.our_up),
        ("small_down", bench.openssh_down, bench.our_down),
    ]


def _figures(raw: dict[str, list[float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name in dict.fromkeys(key.rsplit("_", 2)[0] for key in raw):
        large = name.startswith("large")
        amount, unit = (LARGE_MB * 1.048576, "mb_per_s") if large else (float(SMALL_FILES), "files_per_s")
        ours, theirs = raw[f"{name}_ours_s"], raw[f"{name}_openssh_s"]
        figures[f"{name}_{unit}"] = round(amount / median(ours), 1)
        figures[f"{name}_openssh_{unit}"] = round(amount / median(theirs), 1)
        figures[f"{name}_ratio"] = round(median(b / a for a, b in zip(ours, theirs, strict=True)), 3)
    return figures


def _settings(reach: Reach) -> SftpSettings:
    return SftpSettings.model_validate(
        {
            "host": reach.host,
            "port": reach.port,
            "username": reach.username,
            "private_key": reach.private_key,
            "host_keys": reach.host_keys,
            "timeout_read": _PATIENCE_S,
        }
    )


def _circumstances(rounds: int) -> dict[str, Any]:
    """When, where and with what it was measured."""
    said = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True, timeout=TIMEOUT_S)  # noqa: S607
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "large_mb": LARGE_MB,
        "small_files": SMALL_FILES,
        "small_bytes": SMALL_BYTES,
        "machine": {
            "cpus": psutil.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
            "load_at_start": round(psutil.getloadavg()[0], 2),
        },
        "versions": {
            "python": platform.python_version(),
            "openssh": said.stderr.strip(),
            "sshd": str(find_sshd(_say)),
            "paramiko": version("paramiko"),
            "cryptography": version("cryptography"),
        },
    }


def table(figures: dict[str, Any]) -> str:
    """The figures for people, with their targets."""
    return "\n".join(
        f"{name:32} {value:10g}{_verdict(name, value)}"
        for name, value in figures.items()
        if isinstance(value, float) or name in TARGETS
    )


def _verdict(name: str, value: float) -> str:
    if name not in TARGETS:
        return ""
    return f"   >= {TARGETS[name]:g}: {'met' if value >= TARGETS[name] else 'MISSED'}"


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> None:
    """Measure, show, and keep the results."""
    parser = argparse.ArgumentParser(prog="python -m bench.sftp", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    figures = measure(options.rounds)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(figures, indent=2) + "\n")
    _say(table(figures))


if __name__ == "__main__":
    main()
