"""NetSuite's SFTP client: one connection per run, the server's key pinned, paths below one base folder.

Every call runs in a thread of its own while the sandbox answers other callers; the calls of one connection follow each
other, since a client must not be shared.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import socket
import stat
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import paramiko

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sandbox.settings import SftpLogin

Result = TypeVar("Result")
_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256")
_CHUNK = 32_768


class TransferError(Exception):
    """The SFTP server cannot be reached, refuses, or has no such file."""


class MissingFileError(TransferError):
    """There is no such file, or no longer."""


@dataclass(frozen=True)
class Entry:
    """A name in a folder."""

    name: str
    size: int
    is_folder: bool


class Files:
    """The files below the base folder."""

    def __init__(self, client: paramiko.SFTPClient, base: str) -> None:
        self._client = client
        self._base = base.strip("/")

    async def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder, in the server's order."""
        found = await _guarded(lambda: self._client.listdir_attr(self._path(folder)))
        return [Entry(row.filename, row.st_size or 0, stat.S_ISDIR(row.st_mode or 0)) for row in found]

    async def read(self, path: str) -> bytes:
        """Return a file's bytes as they are now."""
        return await _guarded(lambda: self._read(self._path(path)))

    async def write(self, path: str, body: bytes) -> None:
        """Write a file, over one that is there."""
        await _guarded(lambda: self._write(self._path(path), body, "wb"))

    async def append(self, path: str, body: bytes) -> None:
        """Add to the end of a file."""
        await _guarded(lambda: self._write(self._path(path), body, "ab"))

    async def move(self, source: str, target: str) -> None:
        """Rename a file; the server decides what happens when the target is there (OpenSSH refuses)."""
        await _guarded(lambda: self._client.rename(self._path(source), self._path(target)))

    async def replace(self, source: str, target: str) -> None:
        """Rename a file over whatever is there."""
        await _guarded(lambda: self._replace(self._path(source), self._path(target)))

    async def exists(self, path: str) -> bool:
        """Whether there is something of this name."""
        return await _guarded(lambda: self._exists(self._path(path)))

    async def remove(self, path: str) -> None:
        """Delete a file."""
        await _guarded(lambda: self._client.remove(self._path(path)))

    async def ensure_folder(self, path: str) -> None:
        """Make a folder and those above it, where they are missing."""
        await _guarded(lambda: self._ensure(self._path(path)))

    def _path(self, path: str) -> str:
        return "/".join(part for part in (self._base, path) if part)

    def _read(self, path: str) -> bytes:
        with self._client.open(path, "rb") as file:
            file.prefetch()
            return file.read()

    def _write(self, path: str, body: bytes, mode: str) -> None:
        with self._client.open(path, mode) as file:
            file.set_pipelined(pipelined=True)
            for start in range(0, len(body), _CHUNK):
                file.write(body[start : start + _CHUNK])

    def _replace(self, source: str, target: str) -> None:
        try:
            self._client.posix_rename(source, target)
        except OSError:
            # A server without that extension: the moment without a target is harmless, the next run writes it again.
            if self._exists(target):
                self._client.remove(target)
            self._client.rename(source, target)

    def _exists(self, path: str) -> bool:
        try:
            self._client.lstat(path)
        except FileNotFoundError:
            return False
        return True

    def _ensure(self, path: str) -> None:
        if not path or self._exists(path):
            return
        self._ensure(path.rpartition("/")[0])
        self._client.mkdir(path)


@asynccontextmanager
async def connected(login: SftpLogin) -> AsyncIterator[Files]:
    """Connect for the length of a block.

    Raises:
        TransferError: The server does not answer, shows another key, or refuses the login.
    """
    transport = await _guarded(lambda: _transport(login))
    try:
        client = await _guarded(lambda: _client(transport, login))
        yield Files(client, login.folder)
    finally:
        await asyncio.to_thread(transport.close)


async def _guarded(act: Callable[[], Result]) -> Result:
    """Do it in a thread; every trouble of the connection and every refusal becomes a TransferError."""
    try:
        return await asyncio.to_thread(act)
    except FileNotFoundError as error:
        raise MissingFileError(f"SFTP: {error}") from error
    except (OSError, EOFError, paramiko.SSHException, ValueError) as error:
        raise TransferError(f"SFTP: {type(error).__name__}: {error}") from error


def _transport(login: SftpLogin) -> paramiko.Transport:
    host_key = _host_key(login.host_key)
    connection = socket.create_connection((login.host, login.port), login.timeout_s)
    transport = paramiko.Transport(connection)
    try:
        name = host_key.get_name()
        transport.get_security_options().key_types = _RSA_SIGNATURES if name == "ssh-rsa" else (name,)
        transport.banner_timeout = transport.auth_timeout = login.timeout_s
        transport.connect(host_key, login.username, login.password, _private_key(login))
    except BaseException:
        transport.close()
        raise
    return transport


def _client(transport: paramiko.Transport, login: SftpLogin) -> paramiko.SFTPClient:
    client = paramiko.SFTPClient.from_transport(transport)
    if client is None:
        raise TransferError("SFTP: the server opens no channel")
    channel = client.get_channel()
    if channel is not None:
        channel.settimeout(login.timeout_s)
    return client


def _host_key(text: str) -> paramiko.PKey:
    kind, _, rest = text.strip().partition(" ")
    try:
        return paramiko.PKey.from_type_string(kind, base64.b64decode(rest.split(" ")[0], validate=True))
    except (binascii.Error, paramiko.SSHException) as error:
        raise TransferError(f"netsuite_sftp.host_key: write type and base64, as ssh-keyscan does ({error})") from error


def _private_key(login: SftpLogin) -> paramiko.PKey | None:
    if login.private_key is None:
        return None
    for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
        try:
            return kind.from_private_key(io.StringIO(login.private_key))
        except (paramiko.SSHException, ValueError):
            continue
    raise TransferError("netsuite_sftp.private_key: is no Ed25519, ECDSA or RSA private key")
