"""A small SFTP server in a thread of the test process: one user, one key, one folder; renames refuse to overwrite."""

import asyncio
import functools
import threading
from pathlib import Path
from typing import Self

import asyncssh

USER, PASSWORD = "netsuite", "secret"


class _Folder(asyncssh.SFTPServer):
    """Serves a folder; a name that is taken is refused, as OpenSSH does."""

    root: Path

    def __init__(self, channel: "asyncssh.SSHServerChannel[bytes]") -> None:
        super().__init__(channel, chroot=str(self.root).encode())

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Refuse to overwrite."""
        if Path(self.map_path(newpath).decode()).exists():
            raise asyncssh.SFTPFailure("the file exists")
        super().rename(oldpath, newpath)


class _Login(asyncssh.SSHServer):
    """Lets one user in by password."""

    def __init__(self, connections: list[asyncssh.SSHServerConnection]) -> None:
        self._connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Remember whom to send away at the end."""
        self._connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        """Everybody must show a password."""
        return bool(username)

    def password_auth_supported(self) -> bool:
        """Passwords are taken."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Whether it is the user with the password."""
        return (username, password) == (USER, PASSWORD)


class SftpServer:
    """A running server; a context manager that ends it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._connections: list[asyncssh.SSHServerConnection] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = self._server.get_port()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def login(self) -> dict[str, object]:
        """What the setting `netsuite_sftp` takes."""
        host_key = self.key.export_public_key().decode().strip()
        return {"port": self.port, "username": USER, "password": PASSWORD, "host_key": host_key}

    async def _listen(self) -> asyncssh.SSHAcceptor:
        served = type("Served", (_Folder,), {"root": self.folder})
        login = functools.partial(_Login, self._connections)
        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=login, server_host_keys=[self.key], sftp_factory=served
        )

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        for connection in self._connections:
            connection.abort()
            await connection.wait_closed()
        # A socket is closed one turn of the loop after its transport.
        await asyncio.sleep(0)
