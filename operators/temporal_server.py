"""A Temporal dev server under the caller's control, on free ports and on a database file of its own.

`TemporalServer` runs one as a child process; `open_server` gives the server to work with, which is the one that
TEMPORAL_ADDRESS names where that is set. `python -m operators.temporal_server fetch | run` does the same by hand.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from operators.temporal_release import TemporalUnavailableError, find_temporal, launch, tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from operators.temporal_release import Progress

HOST = "127.0.0.1"
PORTS = range(20_000, 32_000)
"""Below the ports that systems lend to outgoing connections: a client that calls a server which is just down can
otherwise be lent, and hold, the very port that the server must get back."""
START_TRIES = 5
POLL_S = 0.05

LIMITS_RAISED: Mapping[str, str] = {
    "frontend.rps": "100000",
    "frontend.namespaceRPS": "100000",
    "frontend.namespaceRPS.visibility": "1000",
    "frontend.namespaceCount": "100000",
    "history.rps": "100000",
    "matching.rps": "100000",
    "worker.schedulerNamespaceStartWorkflowRPS": "1000",
}
"""Server-wide limits that a shared cluster needs and one tenant's own server does not: a burst of orders would wait."""


class TemporalStartError(RuntimeError):
    """The dev server did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class ServerOptions:
    """What a dev server is started with.

    Attributes:
        database: The file that keeps everything; made where it is missing, together with its folder.
        log: Where the server's output is appended; by default beside the database.
        port: The frontend's port; by default a free one.
        ui_port: The Web UI's port; by default a free one.
        ui: Whether the Web UI runs.
        log_level: The server's own: debug, info, warn, error, never.
        start_timeout_s: How long the server may take until it answers, in seconds.
        dynamic_config: Server settings by key, as JSON values; they go over `LIMITS_RAISED`.
    """

    database: Path
    log: Path | None = None
    port: int | None = None
    ui_port: int | None = None
    ui: bool = True
    log_level: str = "warn"
    start_timeout_s: float = 60.0
    dynamic_config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExternalServer:
    """A Temporal server that somebody else runs: there is nothing to start, and nothing is ever stopped."""

    address: str
    ui_url: str | None = None
    metrics_url: str | None = None


@dataclass(frozen=True)
class _Ports:
    frontend: int
    http: int
    metrics: int
    ui: int


class TemporalServer:
    """A dev server process; as a context manager it is started on entry and stopped on exit.

    It may be stopped or killed and started again: ports and database stay the same. When the process that started it
    ends, in whatever way, the server ends too, unless `leave_running` was called.

    Args:
        options: What it is started with.
        binary: The Temporal program, as `find_temporal` returns it; by default what that finds or makes.
    """

    def __init__(self, options: ServerOptions, binary: Path | None = None) -> None:
        self._options = options
        self._binary = binary
        self._log = options.log or options.database.with_suffix(".log")
        self._ports: _Ports | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """The frontend's host:port, for clients and workers."""
        return f"{HOST}:{self._held_ports.frontend}"

    @property
    def ui_url(self) -> str | None:
        """The Web UI's address, or None when it runs without one."""
        return f"http://{HOST}:{self._held_ports.ui}" if self._options.ui else None

    @property
    def metrics_url(self) -> str:
        """The address of the server's Prometheus metrics."""
        return f"http://{HOST}:{self._held_ports.metrics}/metrics"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._live.pid

    @property
    def log(self) -> Path:
        """The file that the server's output is appended to."""
        return self._log

    def start(self) -> None:
        """Start the server and return when it answers; the second start uses the ports of the first.

        Raises:
            TemporalStartError: It did not start; the message has the tail of its log.
            TemporalUnavailableError: No Temporal program was given, and none can be had.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self._end_watch()
        self._binary = self._binary or find_temporal(_say)
        self._options.database.parent.mkdir(parents=True, exist_ok=True)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        tries = 1 if self._ports else START_TRIES
        for left in reversed(range(tries)):
            ports = self._ports or _free_ports(self._options)
            try:
                self._start_on(ports)
            except _PortTakenError:
                if left == 0:
                    raise
            else:
                self._ports = ports
                return

    def stop(self, timeout_s: float = 5.0) -> None:
        """Ask the server to end and wait for it; after the timeout it is killed. Harmless when it does not run.

        With workers connected it takes about a second; a connection that does not speak would hold it up for minutes.
        """
        self._end(signal.SIGTERM, timeout_s)

    def kill(self) -> None:
        """End the server at once, as a power cut would. Harmless when it does not run."""
        self._end(signal.SIGKILL, timeout_s=15.0)

    def wait(self) -> int:
        """Wait until the server ends by itself and return its exit status."""
        return self._live.wait()

    def restart(self) -> None:
        """Stop the server and start it again on the same ports and database."""
        self.stop()
        self.start()

    def leave_running(self) -> None:
        """Let the server go on when this object, and the process that started it, are gone."""
        self._end_watch()
        _LEFT_RUNNING.append(self._live)
        self._process = None

    @property
    def _live(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise TemporalStartError("The Temporal server is not running: call start() first")
        return self._process

    @property
    def _held_ports(self) -> _Ports:
        if self._ports is None:
            raise TemporalStartError("The Temporal server has no address yet: call start() first")
        return self._ports

    def _start_on(self, ports: _Ports) -> None:
        written = self._log.stat().st_size if self._log.exists() else 0
        process = launch(self._command(ports), self._log, environment=_plain_environment())
        self._process, self._watch = process, _end_with_this_process(process.pid)
        _RUNNING.add(self)
        try:
            self._await_answer(process, ports, written)
        except BaseException:
            self.kill()
            raise

    def _await_answer(self, process: subprocess.Popen[bytes], ports: _Ports, written: int) -> None:
        deadline = time.monotonic() + self._options.start_timeout_s
        while not _answers(ports):
            if process.poll() is not None:
                output = self._log.read_bytes()[written:]
                error = _PortTakenError if b"address already in use" in output else TemporalStartError
                raise error(f"The Temporal server ended at its start with status {process.returncode}. {self._tail()}")
            if time.monotonic() > deadline:
                limit = self._options.start_timeout_s
                raise TemporalStartError(f"The Temporal server did not answer within {limit:g} s. {self._tail()}")
            time.sleep(POLL_S)

    def _tail(self) -> str:
        return f"The end of {self._log}:\n{tail(self._log)}"

    def _command(self, ports: _Ports) -> list[str]:
        limits = {**LIMITS_RAISED, **self._options.dynamic_config}
        ui = ["--ui-port", str(ports.ui), "--ui-disable-news-fetch"] if self._options.ui else ["--headless"]
        return [
            *(str(self._binary), "server", "start-dev", "--ip", HOST, "--port", str(ports.frontend)),
            *("--http-port", str(ports.http), "--metrics-port", str(ports.metrics), *ui),
            *("--db-filename", str(self._options.database)),
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1"),
            *("--log-level", self._options.log_level),
            *(word for key, value in limits.items() for word in ("--dynamic-config-value", f"{key}={value}")),
        ]

    def _end(self, how: signal.Signals, timeout_s: float) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            try:
                process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._end_watch()

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        _RUNNING.discard(self)
        if watch is not None:
            watch.kill()  # before its pipe closes, which it would take for the end of this process
            watch.communicate()


class _PortTakenError(TemporalStartError):
    """Another process took one of the ports first."""


_RUNNING: weakref.WeakSet[TemporalServer] = weakref.WeakSet()
_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []  # held, or Python warns that they were forgotten


@atexit.register
def _stop_all() -> None:
    for server in list(_RUNNING):
        server.stop()


@contextlib.contextmanager
def open_server(options: ServerOptions, progress: Progress) -> Iterator[TemporalServer | ExternalServer]:
    """Give the server to work with: the one that TEMPORAL_ADDRESS names, else a dev server for as long as the block.

    Raises:
        TemporalUnavailableError: No Temporal program can be had.
        TemporalStartError: The dev server did not start.
    """
    if address := external_address():
        progress(f"using the Temporal server at {address} (TEMPORAL_ADDRESS)")
        yield ExternalServer(address)
        return
    with TemporalServer(options, find_temporal(progress)) as server:
        yield server


def external_address() -> str | None:
    """Return the host:port of the server that TEMPORAL_ADDRESS names, or None."""
    return os.environ.get("TEMPORAL_ADDRESS") or None


def _free_ports(options: ServerOptions) -> _Ports:
    """Return ports that are free now; who needs to be sure tries again when one was taken in between."""
    asked_for = [port for port in (options.port, options.ui_port) if port]
    if taken := [port for port in asked_for if not _is_free(port)]:
        raise TemporalStartError(f"Port {taken[0]} is taken by another program: end that one, or choose another port")
    candidates = secrets.SystemRandom().sample(PORTS, 200)
    free = (port for port in candidates if port not in asked_for and _is_free(port))
    return _Ports(
        frontend=options.port or next(free), http=next(free), metrics=next(free), ui=options.ui_port or next(free)
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _answers(ports: _Ports) -> bool:
    """Tell whether the frontend describes its namespace and takes connections.

    Asked over the frontend's HTTP API: a client of the SDK would create its process-wide runtime before the caller
    has set up metrics for it.
    """
    connection = http.client.HTTPConnection(HOST, ports.http, timeout=2)
    try:
        connection.request("GET", "/api/v1/namespaces/default")
        registered = connection.getresponse().status == http.HTTPStatus.OK
        with socket.create_connection((HOST, ports.frontend), timeout=2):
            return registered
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end_with_this_process(pid: int) -> subprocess.Popen[bytes]:
    """Start a watch that ends a server when this process is gone, even by SIGKILL: its end of the pipe closes.

    It kills: asked politely, a server waits for its connections, and its write-ahead log makes a sudden end harmless.
    """
    command = ["/bin/sh", "-c", 'read -r _ || kill -KILL "$1"', "watch", str(pid)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603  a fixed command


def _plain_environment() -> dict[str, str]:
    """Return the environment without TEMPORAL_*: those speak to clients, and the server program reads them too."""
    return {key: value for key, value in os.environ.items() if not key.startswith("TEMPORAL_")}


def main(arguments: list[str] | None = None) -> int:
    """Run `fetch` (prints a usable program's path) or `run` (a server in the foreground); return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m operators.temporal_server", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch", help="make sure that a Temporal program is here and print its path")
    run = commands.add_parser("run", help="run a dev server until Ctrl-C or SIGTERM")
    run.add_argument("--db", type=Path, default=Path(".waybill/temporal.db"), help="the database file")
    run.add_argument("--port", type=int, default=7233, help="the frontend's port")
    run.add_argument("--ui-port", type=int, default=8233, help="the Web UI's port")
    chosen = parser.parse_args(arguments)
    try:
        return _fetch() if chosen.command == "fetch" else _run(chosen.db, chosen.port, chosen.ui_port)
    except (TemporalUnavailableError, TemporalStartError) as error:
        _say(str(error))
        return 1


def _fetch() -> int:
    if address := external_address():
        _say(f"TEMPORAL_ADDRESS is set ({address}): no program needed")
        return 0
    sys.stdout.write(f"{find_temporal(_say)}\n")
    return 0


def _run(database: Path, port: int, ui_port: int) -> int:
    options = ServerOptions(database=database, port=port, ui_port=ui_port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # an orderly end, as for Ctrl-C
    with contextlib.suppress(KeyboardInterrupt), TemporalServer(options, find_temporal(_say)) as server:
        _say(f"server at {server.address}, Web UI at {server.ui_url}, database {database}; Ctrl-C ends it")
        status = server.wait()
        raise TemporalStartError(f"The Temporal server ended by itself with status {status}; see {server.log}")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"temporal: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
