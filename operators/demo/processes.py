"""The demo's processes: sandbox and workers, each with a log file, none of them outliving the demo by accident."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from operators.demo.place import ROOT, Place
from operators.temporal_release import launch, tail

START_S = 60.0
_POLL_S = 0.05
SANDBOX, BRANCH_SANDBOX, WIRE = "sandbox", "branch-sandbox", "wire"
_LAST = (SANDBOX, BRANCH_SANDBOX, WIRE)
"""What others drain into."""


class ProcessError(Exception):
    """A process did not start, or ended by itself; the message has the end of its log."""


class Crew:
    """The processes that one demo started, by name."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._watches: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        """Start Python with these arguments; it ends when this process does, in whatever way, unless left running."""
        process = launch([sys.executable, *command], self.log(name), folder=ROOT)
        self._running[name], self._watches[name] = process, watch(process.pid)
        return process

    def log(self, name: str) -> Path:
        """Where a process writes its log."""
        return self._place.logs / f"{name}.log"

    def await_line(self, name: str, words: str) -> str:
        """The first line of a process's log that has these words, once it is there.

        Raises:
            ProcessError: the process ended, or said nothing of the kind in time.
        """
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            text = self.log(name).read_text(encoding="utf-8", errors="replace")
            found = next((line for line in text.splitlines(keepends=True) if words in line), "")
            if found.endswith("\n"):
                return found
            self.check(name)
            time.sleep(_POLL_S)
        raise ProcessError(f"{name} was not ready within {START_S:g} s. The end of its log:\n{tail(self.log(name))}")

    def check(self, *names: str) -> None:
        """Make sure that these processes run, or all of them.

        Raises:
            ProcessError: one has ended.
        """
        for name in names or tuple(self._running):
            status = self._running[name].poll()
            if status is not None:
                raise ProcessError(f"{name} ended with status {status}. The end of its log:\n{tail(self.log(name))}")

    def by_pid(self, pid: int) -> str | None:
        """The name of the process with this id."""
        return next((name for name, process in self._running.items() if process.pid == pid), None)

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self._forget(name)
        process.kill()
        process.wait()

    def pids(self) -> Mapping[str, int]:
        """The ids of all running processes."""
        return {name: process.pid for name, process in self._running.items()}

    def stop(self) -> None:
        """End all of them: the workers first, so that what they drain into is still there."""
        self._end([name for name in self._running if name not in _LAST])
        self._end([name for name in _LAST if name in self._running])

    def _end(self, names: Sequence[str]) -> None:
        ending = [self._forget(name) for name in names]
        for process in ending:
            process.terminate()
        for process in ending:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def leave_running(self) -> None:
        """Let all of them go on when this process is gone."""
        for name in tuple(self._watches):
            watch_no_more(self._watches.pop(name))

    def _forget(self, name: str) -> subprocess.Popen[bytes]:
        watch_no_more(self._watches.pop(name, None))
        return self._running.pop(name)


def start_sandbox(crew: Crew, state: Path, name: str = SANDBOX) -> str:
    """Start HotWax, Retail Pro and NetSuite on a free port, as a process of this name; their address."""
    types = '["SHOPIFY_ORD_NO", "RETAILPRO_INVOICE_NO"]'
    crew.start(name, "-m", "sandbox", "--state", str(state), "--set", f"identification_types={types}")
    address: str = json.loads(crew.await_line(name, '"admin"'))["admin"]
    return address


def start_worker(crew: Crew, name: str) -> None:
    """Start `python worker.py`; it works on whatever the environment points at."""
    crew.start(name, str(ROOT / "worker.py"))


def await_worker(crew: Crew, name: str) -> None:
    """Wait until a worker takes work."""
    crew.await_line(name, "worker started")


def watch(pid: int) -> subprocess.Popen[bytes]:
    """Start a watch that kills a process when this one is gone, even by SIGKILL: its end of the pipe closes."""
    command = ["/bin/sh", "-c", 'read -r _ || kill -KILL "$1"', "watch", str(pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  a fixed command


def watch_no_more(watching: subprocess.Popen[bytes] | None) -> None:
    """End a watch, so that its process may outlive this one."""
    if watching is not None:
        watching.kill()  # before its pipe closes, which it would take for the end of this process
        watching.communicate()


# ---- a demo that was left running ------------------------------------------------------------------------------------


def end_left(pids: Mapping[str, int], marks: Mapping[str, str]) -> list[str]:
    """End processes that an earlier demo left running; the names of those that still ran.

    An id whose command line lacks its mark belongs to somebody else by now, and is left alone.
    """
    still = {name: pid for name, pid in pids.items() if marks[name] in _command_of(pid)}
    for pid in still.values():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(marks[name] in _command_of(pid) for name, pid in still.items()):
        time.sleep(_POLL_S)
    for name, pid in still.items():
        if marks[name] in _command_of(pid):
            os.kill(pid, signal.SIGKILL)
    return list(still)


def _command_of(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    known = Path(f"/proc/{pid}/cmdline")
    if known.parent.parent.joinpath("self").exists():
        return known.read_bytes().replace(b"\0", b" ").decode(errors="replace") if known.exists() else ""
    found = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603  fixed but for a number
    return found.stdout
