"""An SFTP server in this process that does what it is asked, until a planned fault says otherwise."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import asyncssh

from sandbox.sftp.faults import Deed, Faults
from sandbox.sftp.loop import LoopThread
from sandbox.sftp.reach import Reach, make_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

HOST = "127.0.0.1"
USERNAME = "waybill"


class _Cut(Exception):  # noqa: N818 - what happens, not what went wrong
    """The connection is gone; nobody reads an answer."""


class _Session(asyncssh.SFTPServer):
    """One connection's requests, each of which may meet a fault first."""

    def __init__(
        self, chan: asyncssh.SSHServerChannel[bytes], folder: Path, faults: Faults, ending: asyncio.Event
    ) -> None:
        super().__init__(chan, chroot=os.fsencode(folder))
        self._faults, self._ending, self._epoch = faults, ending, faults.epoch
        self._paths: dict[object, bytes] = {}
        self._is_cut = False

    async def _served(self, operation: str, path: bytes, serve: Callable[[], Any]) -> Any:
        self._check_not_cut()
        deed = self._faults.meet(operation, _shown(path), self._epoch)
        await self._before(deed, path)
        served = serve()
        if deed is Deed.STALL_AFTER:
            await self._ending.wait()
            self._cut()
        return self._after(deed, served)

    def _after(self, deed: Deed | None, served: Any) -> Any:
        if deed is Deed.CUT_AFTER:
            if isinstance(served, io.IOBase):
                served.close()
            self._cut()
        return served

    async def _before(self, deed: Deed | None, path: bytes) -> None:
        match deed:
            case Deed.CUT_BEFORE:
                self._cut()
            case Deed.STALL:
                await self._ending.wait()
                self._cut()
            case Deed.FORBID:
                raise asyncssh.SFTPPermissionDenied("Permission denied")
            case Deed.FAIL | Deed.NO_SPACE:
                raise asyncssh.SFTPFailure("Failure")
            case Deed.UNSUPPORTED:
                raise asyncssh.SFTPOpUnsupported("Operation unsupported")
            case Deed.VANISH:
                self._vanish(path)

    def _check_not_cut(self) -> None:
        """What came before the cut is still handed on by asyncssh: it must not be carried out."""
        if self._is_cut:
            raise _Cut

    def _vanish(self, path: bytes) -> None:
        Path(os.fsdecode(self.map_path(path))).unlink(missing_ok=True)

    def _cut(self) -> None:
        self._is_cut = True
        self.connection.abort()
        raise _Cut

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file."""
        file = await self._served("open", path, lambda: super(_Session, self).open(path, pflags, attrs))
        self._paths[file] = path
        return file

    async def close(self, file_obj: object) -> None:
        """Close a file; asyncssh does so too, for all that are open, when the connection ends."""
        path = self._paths.pop(file_obj, b"")
        try:
            if not self._is_cut:
                await self._served("close", path, lambda: None)
        finally:
            super().close(file_obj)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read up to the byte where a fault waits."""
        path = self._paths.get(file_obj, b"")
        data: bytes = await self._served("read", path, lambda: super(_Session, self).read(file_obj, offset, size))
        passing, deed = self._faults.pass_bytes("read", _shown(path), len(data), self._epoch)
        if deed in {Deed.CUT_BEFORE, Deed.CUT_AFTER}:
            self._cut()
        await self._before(None if deed is Deed.SHORT else deed, path)
        return data[: max(1, passing)] if deed is Deed.SHORT else data

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write up to the byte where a fault waits."""
        self._check_not_cut()
        path = self._paths.get(file_obj, b"")
        passing, deed = self._faults.pass_bytes("write", _shown(path), len(data), self._epoch)
        if deed is not None:
            super().write(file_obj, offset, data[:passing])
            if deed in {Deed.CUT_BEFORE, Deed.CUT_AFTER}:
                self._cut()
            await self._before(deed, path)
        met = self._faults.meet("write", _shown(path), self._epoch)
        written = data[::-1] if met is Deed.SPOIL else data
        await self._before(met, path)
        count: int = self._after(met, super().write(file_obj, offset, written))
        return count

    async def lstat(self, path: bytes) -> Any:
        """Tell of an entry."""
        return await self._served("lstat", path, lambda: super(_Session, self).lstat(path))

    async def fstat(self, file_obj: object) -> Any:
        """Tell of an open file."""
        path = self._paths.get(file_obj, b"")
        return await self._served("fstat", path, lambda: super(_Session, self).fstat(file_obj))

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        await self._served("remove", path, lambda: super(_Session, self).remove(path))

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Make a folder."""
        await self._served("mkdir", path, lambda: super(_Session, self).mkdir(path, attrs))

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, not over another file."""
        await self._served("rename", oldpath, lambda: super(_Session, self).rename(oldpath, newpath))

    async def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, over whatever is there."""
        await self._served("posix_rename", oldpath, lambda: super(_Session, self).posix_rename(oldpath, newpath))

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        await self._served("scandir", path, lambda: None)
        async for name in super().scandir(path):
            yield name


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "replace")


class _Login(asyncssh.SSHServer):
    """Lets one user in, by key or password."""

    def __init__(self, password: str, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._password, self._connections = password, connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        """Keep the connection, to be cut."""
        self._connections.add(conn)

    def password_auth_supported(self) -> bool:
        """Passwords are taken."""
        return True

    def validate_password(self, username: str, password: str) -> bool:
        """Take the one password."""
        return (username, password) == (USERNAME, self._password)


class FailingSftpServer:
    """A server on loopback in a thread of its own, for a `with` block.

    Args:
        folder: What clients see as their root.
        state: Where its keys are kept.
        password: Opens it, beside the key.
        authority: A public key (one line) whose user certificates open it.

    """

    def __init__(self, folder: Path, state: Path, *, password: str = "sesame", authority: str = "") -> None:  # noqa: S107
        self.folder, self.state = folder.resolve(), state.resolve()
        self.faults = Faults()
        self._password, self._authority = password, authority
        self._loop = LoopThread("failing-sftp")
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._generation = 0
        self._ending = asyncio.Event()

    def __enter__(self) -> Self:
        """Start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._loop.start()
        self._loop.do(self._listen(0))
        return self

    def __exit__(self, *_: object) -> None:
        """End, with all connections."""
        self._loop.do(self._stop())
        self._loop.stop()

    @property
    def reach(self) -> Reach:
        """How it is reached now."""
        key = self.state / "client_key"
        make_key(key)
        host_key = make_key(self._host_key)
        return Reach(HOST, self._port, USERNAME, key, (host_key,), self.folder, self._password)

    def change_host_key(self) -> None:
        """Be another server at the same place from now on."""
        port = self._port
        self._loop.do(self._stop())
        self._generation += 1
        self._loop.do(self._listen(port))

    @property
    def _host_key(self) -> Path:
        return self.state / f"failing_host_key_{self._generation}"

    @property
    def _port(self) -> int:
        if self._acceptor is None:
            raise RuntimeError("the server is not running")
        return self._acceptor.get_port()

    async def _listen(self, port: int) -> None:
        make_key(self._host_key)
        authorized = make_key(self.state / "client_key") + "\n"
        if self._authority:
            authorized += f"cert-authority {self._authority}\n"
        self._acceptor = await asyncssh.listen(
            HOST,
            port,
            server_factory=lambda: _Login(self._password, self._connections),
            server_host_keys=[str(self._host_key)],
            authorized_client_keys=asyncssh.import_authorized_keys(authorized),
            sftp_factory=self._session,
            reuse_address=True,
        )

    def _session(self, chan: asyncssh.SSHServerChannel[bytes]) -> _Session:
        return _Session(chan, self.folder, self.faults, self._ending)

    async def _stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
        self._ending.set()
        left = [connection.wait_closed() for connection in self._connections]
        self._abort_all()
        await asyncio.gather(*left)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        self._ending = asyncio.Event()

    def _abort_all(self) -> None:
        for connection in self._connections:
            connection.abort()
        self._connections.clear()
