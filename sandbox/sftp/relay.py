"""A port that leads to a server and can be cut: how the real OpenSSH loses a connection in the middle of something."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import Self

from sandbox.sftp.loop import LoopThread

HOST = "127.0.0.1"
_PIECE = 1 << 16
_NO_LINGER = struct.pack("ii", 1, 0)


class CuttableRelay:
    """Carries bytes between clients and a server on loopback, for a `with` block; `port` is its own."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._loop = LoopThread("relay")
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server | None = None
        self._left: int | None = None
        self.cuts = 0

    def __enter__(self) -> Self:
        """Start to listen."""
        self._loop.start()
        self._loop.do(self._listen())
        return self

    def __exit__(self, *_: object) -> None:
        """End, with all connections."""
        self._loop.do(self._close())
        self._loop.stop()

    @property
    def port(self) -> int:
        """Where clients connect."""
        if self._listener is None:
            raise RuntimeError("the relay is not running")
        return int(self._listener.sockets[0].getsockname()[1])

    def cut_after(self, sent: int) -> None:
        """Once, when clients have sent so many more bytes, all connections are reset."""
        self._loop.soon(lambda: setattr(self, "_left", sent))

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._carry, HOST, 0)

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._reset_all()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        with contextlib.suppress(OSError):
            to_server = await asyncio.open_connection(HOST, self._server_port)
            self._writers |= {writer, to_server[1]}
            up, down = self._copy(reader, to_server[1], counted=True), self._copy(to_server[0], writer)
            await asyncio.gather(up, down, return_exceptions=True)
        for end in (writer, *(to_server or ())[1:]):
            self._writers.discard(end)
            end.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool = False) -> None:
        while data := await reader.read(_PIECE):
            passing = self._passing(data) if counted else data
            writer.write(passing)
            await writer.drain()
            if len(passing) < len(data):
                self.cuts += 1
                self._reset_all()
        writer.close()

    def _passing(self, data: bytes) -> bytes:
        """What goes through before the cut."""
        if self._left is None:
            return data
        if len(data) <= self._left:
            self._left -= len(data)
            return data
        passing, self._left = data[: self._left], None
        return passing

    def _reset_all(self) -> None:
        for writer in self._writers:
            raw = writer.get_extra_info("socket")
            if raw is not None:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            writer.transport.abort()
        self._writers.clear()
