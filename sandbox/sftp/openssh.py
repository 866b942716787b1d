"""A real OpenSSH server on loopback with keys, a folder and a port of its own, for as long as a block lasts."""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sandbox.sftp.find_sshd import SshdUnavailableError, find_sshd
from sandbox.sftp.reach import PRIVATE, Reach, make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOST = "127.0.0.1"
START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 5.0
_STEP_S = 0.02
_TRIES = 5
_RUN = Path("/run/sshd")
_KEEPER = """exec 3<&0
trap 'kill $server; exit' TERM
"$@" </dev/null 3<&- &
server=$!
(read -r word <&3; [ "$word" = stay ] || kill $server) 2>/dev/null &
wait $server
"""
"""Runs the server until its own input ends, unless it is told to stay: that also happens when whoever started it is
killed. It passes its own end on, so that its process id is as good as the server's."""


class OpenSshServer:
    """`internal-sftp` for the user who runs it, and for nothing else: no shell, no forwarding, no password.

    Args:
        folder: Where clients start; made when it is missing.
        state: Where keys, configuration and log are kept; keys that are there already stay the same.
        port: 0 takes a free one.
        host_key_kinds: Which host keys it has, of `ed25519`, `ecdsa` and `rsa`.
        without: Requests that the server does not offer, as `internal-sftp -P` names them (`posix-rename`).
        say: Is told when something must be installed.

    """

    def __init__(
        self,
        folder: Path,
        state: Path,
        *,
        port: int = 0,
        host_key_kinds: Sequence[str] = ("ed25519", "ecdsa", "rsa"),
        without: Sequence[str] = (),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder, self.state = folder.resolve(), state.resolve()
        if any(map(str.isspace, str(self.folder))):
            raise ValueError(f"{self.folder}: sshd cannot start a session in a folder with spaces in its path")
        self._port, self._kinds, self._without, self._say = port, tuple(host_key_kinds), tuple(without), say
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Reach:
        """Start, and say how it is reached."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def start(self) -> Reach:
        """How the server is reached, once it answers."""
        sshd = find_sshd(self._say)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state.mkdir(parents=True, exist_ok=True)
        host_keys = tuple(make_key(self._host_key(kind), kind) for kind in self._kinds)
        client_key = self.state / "client_key"
        _write_private(self.state / "authorized_keys", make_key(client_key) + "\n")
        _make_room_for_root()
        port = self._listen(sshd)
        return Reach(HOST, port, getpass.getuser(), client_key, host_keys, self.folder)

    @property
    def pid(self) -> int | None:
        """The process id of the server, None while it does not run."""
        return self._process.pid if self._process else None

    def leave_running(self) -> int | None:
        """Let the server go on when this process is gone; the id of a process that ends it when it is ended."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return None
        process.stdin.write(b"stay\n")
        process.stdin.close()
        return process.pid

    def stop(self) -> None:
        """End the server; a session ends with its client, or soon after."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if self._log is not None:
            self._log.close()
            self._log = None

    def _host_key(self, kind: str) -> Path:
        return self.state / f"host_key_{kind}"

    def _listen(self, sshd: Path) -> int:
        """The port it listens on: another process may take a free port before sshd does, so this is tried again."""
        for _ in range(1 if self._port else _TRIES):
            port = self._port or _free_port()
            if self._try_to_listen(sshd, port):
                return port
        log = (self.state / "sshd.log").read_text(errors="replace")
        raise SshdUnavailableError(f"{sshd} did not start: {' '.join(log.split())[-400:]}")

    def _try_to_listen(self, sshd: Path, port: int) -> bool:
        config = self.state / "sshd_config"
        _write_private(config, self._config(port))
        self._log = (self.state / "sshd.log").open("wb")
        command = ["/bin/sh", "-c", _KEEPER, "sshd-keeper", str(sshd), "-D", "-e", "-f", str(config)]
        self._process = subprocess.Popen(  # noqa: S603 - the program was found on this machine
            command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, start_new_session=True
        )
        if _answers(self._process, port):
            return True
        self.stop()
        return False

    def _config(self, port: int) -> str:
        keys = "".join(f'HostKey "{self._host_key(kind)}"\n' for kind in self._kinds)
        denied = f"-P {','.join(self._without)} " if self._without else ""
        start = str(self.folder).replace("%", "%%")
        return (
            f"Port {port}\nListenAddress {HOST}\nPidFile none\n{keys}"
            f'AuthorizedKeysFile "{self.state / "authorized_keys"}"\n'
            # The folders of tests are below /tmp, where everybody may write.
            "StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPubkeyAuthentication yes\n"
            "DisableForwarding yes\nPermitTTY no\nPrintMotd no\nUseDNS no\nLogLevel ERROR\n"
            "MaxStartups 100\nMaxSessions 100\nLoginGraceTime 20\nClientAliveInterval 5\nClientAliveCountMax 2\n"
            f"Subsystem sftp internal-sftp {denied}-d {start}\n"
            f"ForceCommand internal-sftp {denied}-d {start}\n"
        )


def _write_private(path: Path, text: str) -> None:
    path.touch(PRIVATE)
    path.write_text(text)


def _make_room_for_root() -> None:
    """Started by root, sshd wants an empty folder for its unprivileged half; the system's own start makes it."""
    if os.geteuid() == 0:
        _RUN.mkdir(mode=0o755, parents=True, exist_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the server greets before it ends or the time is over."""
    for _ in range(int(START_TIMEOUT_S / _STEP_S)):
        try:
            with socket.create_connection((HOST, port), timeout=START_TIMEOUT_S) as probe:
                return probe.recv(4) == b"SSH-" and process.poll() is None
        except OSError:
            pass
        try:
            process.wait(_STEP_S)
        except subprocess.TimeoutExpired:
            continue
        return False
    return False
