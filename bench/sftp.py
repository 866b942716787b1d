"""Files over SFTP against OpenSSH's own client, in turns, on the same server: `python -m bench.sftp`.

Up, ours writes under a temporary name, reads every byte back, and renames; OpenSSH's client only writes. Down, ours
computes the checksum. Each turn of either is a process-wide measurement: OpenSSH's logs in anew each time, which is
measured apart and taken off; ours keeps one session.
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
from typing import Any

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


class Bench:
    """One server, files to send and to fetch, and both clients."""

    def __init__(self, reach: Reach, folder: Path, files: SftpSession) -> None:
        self._reach, self._folder, self._files = reach, folder, files
        self._turn = 0
        self._known_hosts = folder / "known_hosts"
        self._known_hosts.write_text(reach.known_hosts)
        self._large = os.urandom(LARGE_MB << 20)
        self._small = [(f"{number:04}.csv", os.urandom(SMALL_BYTES)) for number in range(SMALL_FILES)]
        _fill(folder / "local" / "large", [("large.bin", self._large)])
        _fill(folder / "local" / "small", self._small)
        _fill(reach.folder / "large", [("large.bin", self._large)])
        _fill(reach.folder / "small", self._small)

    def login_s(self) -> float:
        """What OpenSSH's client takes to log in and do nothing."""
        return self._openssh("pwd")

    def openssh_up(self, kind: str) -> float:
        """Seconds for its client to put all files of a kind, login included."""
        target = self._new_folder()
        seconds = self._openssh(f'put "{self._folder}/local/{kind}/"* {target}/')
        self._check(kind, self._reach.folder / target)
        return seconds

    def openssh_down(self, kind: str) -> float:
        """Seconds for its client to get all files of a kind, login included."""
        target = self._folder / "got"
        target.mkdir()
        seconds = self._openssh(f'get {kind}/* "{target}/"')
        self._check(kind, target)
        return seconds

    def our_up(self, kind: str) -> float:
        """Seconds for ours: temporary name, reading back, rename."""
        folder = OutboundFolder(path=self._new_folder())
        files = [("large.bin", self._large)] if kind == "large" else self._small
        started = perf_counter()
        became = list(self._files.put(folder, files))
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

    def _openssh(self, command: str) -> float:
        reach = self._reach
        login = ["-P", str(reach.port), "-i", str(reach.private_key), "-o", f"UserKnownHostsFile={self._known_hosts}"]
        program = ["sftp", "-q", "-b", "-", *login, f"{reach.username}@{reach.host}"]
        started = perf_counter()
        subprocess.run(  # noqa: S603 - the client of the system, with our own arguments
            program, input=command + "\n", text=True, capture_output=True, check=True, timeout=TIMEOUT_S
        )
        return perf_counter() - started

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
            with server.session() as files:
                bench = Bench(reach, folder, files)
                return _circumstances(rounds) | _turns(bench, rounds)


def _turns(bench: Bench, rounds: int) -> dict[str, Any]:
    """Each client in turns; the order changes from round to round, so that neither always comes first."""
    raw: dict[str, list[float]] = {"openssh_login_s": [bench.login_s() for _ in range(max(3, rounds))]}
    login = median(raw["openssh_login_s"])
    for number in range(rounds):
        for kind in ("large", "small"):
            for way in ("up", "down"):
                turns: list[tuple[str, Callable[[str], float], float]] = [
                    ("openssh", getattr(bench, f"openssh_{way}"), login),
                    ("ours", getattr(bench, f"our_{way}"), 0.0),
                ]
                for who, run, off in turns if number % 2 == 0 else reversed(turns):
                    raw.setdefault(f"{kind}_{way}_{who}_s", []).append(round(run(kind) - off, 4))
    return _figures(raw) | {"raw": raw}


def _figures(raw: dict[str, list[float]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for kind, amount, unit in (
        ("large", LARGE_MB * 1.048576, "mb_per_s"),
        ("small", float(SMALL_FILES), "files_per_s"),
    ):
        for way in ("up", "down"):
            ours, theirs = (median(raw[f"{kind}_{way}_{who}_s"]) for who in ("ours", "openssh"))
            figures[f"{kind}_{way}_{unit}"] = round(amount / ours, 1)
            figures[f"{kind}_{way}_openssh_{unit}"] = round(amount / theirs, 1)
            figures[f"{kind}_{way}_ratio"] = round(theirs / ours, 3)
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
