"""Where a server of ours is, and the keys that open it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE = 0o600
KINDS = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}


@dataclass(frozen=True)
class Reach:
    """What a client needs: the address, who it is, and by which keys it knows the server.

    `folder` is what the client sees as its first folder.
    """

    host: str
    port: int
    username: str
    private_key: Path
    host_keys: tuple[str, ...]
    folder: Path
    password: str | None = None

    @property
    def known_hosts(self) -> str:
        """The server's keys as lines of a known_hosts file."""
        return "".join(f"[{self.host}]:{self.port} {key}\n" for key in self.host_keys)

    def as_json(self) -> dict[str, object]:
        """The same for another process."""
        return {
            "host": self.host,
            "port": self.port,
            "username": self.username,
            "password": self.password,
            "private_key": str(self.private_key),
            "host_keys": list(self.host_keys),
            "folder": str(self.folder),
        }


def make_key(path: Path, kind: str = "ed25519") -> str:
    """The public half of a new private key in `path`, as one line; a key that is there already is kept."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        key = asyncssh.generate_private_key(KINDS[kind])
        path.touch(PRIVATE)
        path.write_bytes(key.export_private_key())
        path.chmod(PRIVATE)
    return public_line(asyncssh.read_private_key(path))


def public_line(key: asyncssh.SSHKey) -> str:
    """A public key as the two words that name it: type and base64."""
    return " ".join(key.export_public_key().decode().split()[:2])
