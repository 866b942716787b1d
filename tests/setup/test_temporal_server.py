"""The dev server's process: real ones, on files of their own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psutil
import pytest
from temporalio.client import Client

from operators import temporal_server
from operators.temporal_release import find_temporal
from operators.temporal_server import (
    ExternalServer,
    ServerOptions,
    TemporalServer,
    TemporalStartError,
    main,
    open_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[2]

PARENT = """
import sys
from pathlib import Path
from operators.temporal_server import ServerOptions, TemporalServer
server = TemporalServer(ServerOptions(database=Path(sys.argv[1]), ui=False), Path(sys.argv[2]))
server.start()
print(server.address, server.pid, flush=True)
"""


@pytest.fixture(scope="module")
def binary() -> Path:
    return find_temporal(print)


@pytest.fixture
def server(tmp_path: Path, binary: Path) -> Iterator[TemporalServer]:
    with TemporalServer(ServerOptions(database=tmp_path / "temporal.db"), binary) as running:
        yield running


async def start_order(address: str, order: str) -> None:
    client = await Client.connect(address)
    await client.start_workflow("Order", id=order, task_queue="orders")


async def describe_order(address: str, order: str) -> str:
    client = await Client.connect(address)
    return (await client.get_workflow_handle(order).describe()).id


def closed(connection: socket.socket) -> bool:
    """Wait until the other side closes the connection, as it does when its process is killed."""
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(4096):
            pass
    return True


def refused(address: str) -> bool:
    try:
        connected(address).close()
    except ConnectionRefusedError:
        return True
    return False


def connected(address: str) -> socket.socket:
    host, port = address.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def child(*arguments: str | Path) -> subprocess.Popen[str]:
    """Start a Python process of the project."""
    return subprocess.Popen(  # noqa: S603  the arguments are composed in this file
        [sys.executable, *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_started_server_takes_work_at_once_and_keeps_a_write_ahead_log(
    server: TemporalServer, tmp_path: Path
) -> None:
    asyncio.run(start_order(server.address, "order/1"))
    with sqlite3.connect(tmp_path / "temporal.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_web_ui_and_metrics_answer_at_the_addresses_told(server: TemporalServer) -> None:
    assert httpx.get(str(server.ui_url), follow_redirects=True).headers["content-type"].startswith("text/html")
    assert "# TYPE" in httpx.get(server.metrics_url).text


def test_stopped_or_killed_and_started_again_it_has_its_data_and_address(server: TemporalServer) -> None:
    address, first = server.address, server.pid
    asyncio.run(start_order(address, "order/1"))
    server.restart()
    asyncio.run(start_order(address, "order/2"))
    server.kill()
    server.start()
    assert server.address == address
    assert server.pid != first
    assert asyncio.run(describe_order(address, "order/1")) == "order/1"
    assert asyncio.run(describe_order(address, "order/2")) == "order/2"


def test_a_server_that_was_killed_from_outside_can_be_started_again(server: TemporalServer) -> None:
    process = psutil.Process(server.pid)
    process.kill()
    server.wait()
    server.start()
    asyncio.run(start_order(server.address, "order/1"))


def test_servers_side_by_side_do_not_collide(tmp_path: Path, binary: Path) -> None:
    servers = [TemporalServer(ServerOptions(database=tmp_path / f"{name}.db", ui=False), binary) for name in "ab"]
    try:
        with ThreadPoolExecutor() as pool:
            list(pool.map(TemporalServer.start, servers))
        assert len({server.address for server in servers}) == 2
        for number, server in enumerate(servers):
            asyncio.run(start_order(server.address, f"order/{number}"))
    finally:
        for server in servers:
            server.stop()


def test_a_port_that_another_process_takes_first_is_survived(
    tmp_path: Path, binary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose = temporal_server._free_ports
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [temporal_server._Ports(taken.getsockname()[1], *range(32_001, 32_004))]
        monkeypatch.setattr(temporal_server, "_free_ports", lambda options: ports.pop() if ports else choose(options))
        with TemporalServer(ServerOptions(database=tmp_path / "t.db", ui=False), binary) as server:
            assert ports == []
            asyncio.run(start_order(server.address, "order/1"))


def test_a_taken_port_that_was_asked_for_is_an_error_that_names_it(tmp_path: Path, binary: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = TemporalServer(ServerOptions(database=tmp_path / "t.db", port=port), binary)
        with pytest.raises(TemporalStartError, match=f"{port} is taken"):
            server.start()


def test_a_server_that_does_not_start_says_the_end_of_its_log(tmp_path: Path) -> None:
    program = tmp_path / "temporal"
    program.write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 3\n")
    program.chmod(0o755)
    server = TemporalServer(ServerOptions(database=tmp_path / "t.db"), program)
    with pytest.raises(TemporalStartError, match=r"with status 3(.|\n)*the disk is on fire"):
        server.start()


def test_a_server_that_never_answers_is_given_up_and_ended(tmp_path: Path) -> None:
    program = tmp_path / "temporal"
    program.write_text(f"#!/bin/sh\nexec tail -f /dev/null {tmp_path}/never 2>/dev/null\n")
    program.chmod(0o755)
    server = TemporalServer(ServerOptions(database=tmp_path / "t.db", start_timeout_s=0.5), program)
    with pytest.raises(TemporalStartError, match=r"did not answer within 0\.5 s"):
        server.start()
    left = [
        p.info["cmdline"]
        for p in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(p.info["cmdline"] or ())
    ]
    assert left == []


def test_a_server_that_was_not_started_has_no_address(tmp_path: Path) -> None:
    server = TemporalServer(ServerOptions(database=tmp_path / "t.db"))
    with pytest.raises(TemporalStartError, match=r"call start\(\) first"):
        _ = server.address


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path, binary: Path) -> None:
    parent = child("-c", PARENT, tmp_path / "t.db", binary)
    output, errors = parent.communicate(timeout=120)
    assert errors == ""
    assert refused(output.split()[0])


def test_the_server_ends_even_when_that_process_is_killed(tmp_path: Path, binary: Path) -> None:
    parent = child("-c", PARENT + "sys.stdin.read()", tmp_path / "t.db", binary)
    assert parent.stdout is not None
    with connected(parent.stdout.readline().split()[0]) as connection:
        parent.kill()
        parent.communicate(timeout=120)
        assert closed(connection)


def test_a_server_that_is_left_running_outlives_its_parent(tmp_path: Path, binary: Path) -> None:
    parent = child("-c", PARENT + "server.leave_running()\n", tmp_path / "t.db", binary)
    output, errors = parent.communicate(timeout=120)
    address, pid = output.split()
    try:
        assert errors == ""
        asyncio.run(start_order(address, "order/1"))
    finally:
        psutil.Process(int(pid)).kill()


def test_the_server_that_temporal_address_names_is_used_and_none_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    said: list[str] = []
    with open_server(ServerOptions(database=tmp_path / "t.db"), said.append) as server:
        assert server == ExternalServer("temporal.example:7233")
    assert said == ["using the Temporal server at temporal.example:7233 (TEMPORAL_ADDRESS)"]
    assert list(tmp_path.iterdir()) == []


def test_without_temporal_address_a_dev_server_runs_for_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    with open_server(ServerOptions(database=tmp_path / "t.db", ui=False), print) as server:
        address = server.address
        connected(address).close()
    assert refused(address)


def test_fetch_prints_the_path_of_a_program_and_nothing_else(
    binary: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    assert main(["fetch"]) == 0
    assert capsys.readouterr().out == f"{binary}\n"


def test_fetch_needs_no_program_where_temporal_address_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    assert main(["fetch"]) == 0
    assert capsys.readouterr() == ("", "temporal: TEMPORAL_ADDRESS is set (temporal.example:7233): no program needed\n")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_foreground_server_ends_cleanly_when_asked(tmp_path: Path, how: signal.Signals) -> None:
    ports = temporal_server._free_ports(ServerOptions(database=tmp_path))
    arguments = ["--db", f"{tmp_path}/t.db", "--port", str(ports.frontend), "--ui-port", str(ports.ui)]
    running = child("-m", "operators.temporal_server", "run", *arguments)
    assert running.stderr is not None
    assert f"server at 127.0.0.1:{ports.frontend}" in running.stderr.readline()
    running.send_signal(how)
    running.communicate(timeout=120)
    assert running.returncode == 0
    assert refused(f"127.0.0.1:{ports.frontend}")
