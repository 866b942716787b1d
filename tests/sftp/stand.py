"""A folder of its own on an SFTP server for each test, and a server in a process without SSH."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.sftp.client import SftpServer, SftpSession
from connectors.sftp.models import RemoteFile
from connectors.sftp.settings import InboundFolder, OutboundFolder, SftpSettings
from sandbox.sftp.faults import Faults
from sandbox.sftp.reach import Reach


@dataclass
class Stand:
    """A server, and this test's own folder on it: `prefix` over SFTP, `root` on the disk."""

    reach: Reach
    prefix: str
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        for folder in ("in", "out"):
            (self.root / folder).mkdir(parents=True)

    @property
    def root(self) -> Path:
        """The test's folder on the disk."""
        return self.reach.folder / self.prefix

    @property
    def inbound(self) -> InboundFolder:
        """A folder to read."""
        return InboundFolder(path=f"{self.prefix}/in")

    @property
    def outbound(self) -> OutboundFolder:
        """A folder to write."""
        return OutboundFolder(path=f"{self.prefix}/out")

    def settings(self, **changes: Any) -> SftpSettings:
        """The settings that reach the server, with these changed."""
        known: dict[str, Any] = {
            "host": self.reach.host,
            "port": self.reach.port,
            "username": self.reach.username,
            "private_key": self.reach.private_key,
            "host_keys": self.reach.host_keys,
        }
        return SftpSettings.model_validate(known | changes)

    def server(self, **changes: Any) -> SftpServer:
        """The connector under test."""
        return SftpServer("netsuite", self.settings(**changes))

    def write(self, path: str, content: bytes) -> Path:
        """A file that somebody else put there."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return file

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, by name, other folders left out."""
        place = self.root / folder
        return sorted(entry.name for entry in place.iterdir() if not entry.is_dir()) if place.exists() else []


def only_file(session: SftpSession, path: str) -> RemoteFile:
    """The one file in a folder."""
    (file,) = session.list_folder(path).files
    return file


class CutPipe:
    """What `Wire` asks of a channel, over the pipes of an `sftp-server`; cut after so many bytes were sent."""

    def __init__(self, program: Path, folder: Path, cut_after: int | None = None) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - found on this machine
            [str(program), "-d", str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._left = cut_after
        self.sent = 0

    def send(self, s: bytes) -> int:
        """Send them, or the part of them that comes before the cut."""
        assert self._process.stdin
        piece = s if self._left is None else s[: self._left]
        self._process.stdin.write(piece)
        self._process.stdin.flush()
        self.sent += len(piece)
        if self._left is not None:
            self._left -= len(piece)
            if len(piece) < len(s):
                self.end()
                raise ConnectionResetError
        return len(piece)

    def recv(self, nbytes: int) -> bytes:
        """What has come."""
        assert self._process.stdout
        return os.read(self._process.stdout.fileno(), min(nbytes, 1 << 16))

    def settimeout(self, timeout: float) -> None:
        """A pipe of a living process needs none."""

    def end(self) -> None:
        """Let the server finish what it was told, and wait for its end."""
        if self._process.poll() is None:
            self._process.communicate()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
