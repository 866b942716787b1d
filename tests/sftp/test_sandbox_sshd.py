"""The real server as others start it: from the command line, and where there is none."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from connectors.sftp.client import SftpServer
from connectors.sftp.settings import SftpSettings
from sandbox.sftp import find_sshd as finding
from sandbox.sftp.find_sshd import SshdUnavailableError, find_sshd
from sandbox.sftp.openssh import OpenSshServer

ROOT = Path(__file__).parents[2]


def test_the_server_runs_from_the_command_line_and_ends_when_told(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.sftp",
        "--folder",
        str(tmp_path / "files"),
        "--state",
        str(tmp_path / "s"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        said = json.loads(process.stdout.readline())
        folder = Path(said.pop("folder"))
        (folder / "a.csv").write_text("1")
        with SftpServer("netsuite", SftpSettings.model_validate(said)).session() as files:
            assert [file.name for file in files.list_folder(".").files] == ["a.csv"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_the_server_ends_with_whoever_started_it_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.sftp",
        "--folder",
        str(tmp_path / "files"),
        "--state",
        str(tmp_path / "s"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        port = json.loads(process.stdout.readline())["port"]
        process.kill()
    assert refuses_soon(port)


def refuses_soon(port: int) -> bool:
    """Whether nobody listens there any more within some seconds."""
    until = monotonic() + 10
    while monotonic() < until:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                probe.recv(1 << 10)
                probe.recv(1)
        except ConnectionRefusedError:
            return True
        except OSError:
            continue
    return False


def test_keys_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    server = OpenSshServer(tmp_path / "files", tmp_path / "state")
    with server as first:
        pass
    with server as second:
        assert (first.host_keys, first.private_key.read_bytes()) == (second.host_keys, second.private_key.read_bytes())
        assert second.known_hosts.count(f"[{second.host}]:{second.port}") == 3
    assert oct((tmp_path / "state/client_key").stat().st_mode)[-3:] == "600"


def test_a_folder_that_sshd_cannot_start_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="spaces"):
        OpenSshServer(tmp_path / "a b", tmp_path)


def test_without_sshd_one_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(finding, "_PLACES", ())
    with pytest.raises(SshdUnavailableError, match="apt-get install -y --no-install-recommends openssh-server"):
        find_sshd(lambda _: None, install=False)


def test_root_on_debian_gets_it_installed_and_is_told_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "apt-get"
    program.write_text(
        f"#!/bin/sh\n[ $1 = update ] && exit 0\necho '#!/bin/sh' > {tmp_path}/sshd\n/bin/chmod +x {tmp_path}/sshd\n"
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(finding, "_PLACES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said: list[str] = []
    assert find_sshd(said.append) == tmp_path / "sshd"
    assert "openssh-server" in said[0]


def test_an_installation_that_fails_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho no network >&2\nexit 100\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(finding, "_PLACES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SshdUnavailableError, match="no network"):
        find_sshd(lambda _: None)
