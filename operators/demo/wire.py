"""The line between Waybill and the SFTP server: it forwards bytes, and is cut in the middle of an upload when told.

`python -m operators.demo.wire --to PORT --watch FOLDER` prints its own port. SIGUSR1 arms one cut: while a file of
Waybill's lies half-written in the watched folder, the next packet that carries content goes through in part only.
"""

import argparse
import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
READY, CUT = "listening on port", "cut in the middle of an upload"
_CONTENT = 300
"""Bytes of a packet that is more than a request: encrypted, nothing else tells them apart."""
_CHUNK = 65_536


class Wire:
    """Forwards connections to a port on loopback."""

    def __init__(self, port: int, watched: Path) -> None:
        self._port, self._watched, self._armed = port, watched, False

    def arm(self) -> None:
        """Cut the next upload."""
        self._armed = True

    async def serve(self) -> None:
        """Forward until the process ends."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.arm)
        server = await asyncio.start_server(self.connected, HOST, 0)
        _say(f"{READY} {server.sockets[0].getsockname()[1]}")
        async with server:
            await server.serve_forever()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until one of its sides ends it."""
        try:
            there_reader, there_writer = await asyncio.open_connection(HOST, self._port)
        except OSError:
            writer.close()
            return
        for each in (writer, there_writer):
            each.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(self._upward(reader, there_writer, writer), _forward(there_reader, writer))
        for each in (writer, there_writer):
            each.close()
            with suppress(OSError):
                await each.wait_closed()

    async def _upward(
        self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        """Forward what Waybill sends; a cut leaves the server with half a packet, and both sides without the other."""
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self._armed and len(chunk) >= _CONTENT and self._is_uploading():
                    self._armed = False
                    there.write(chunk[: len(chunk) // 2])
                    await there.drain()
                    there.transport.abort()
                    back.transport.abort()
                    _say(f"{CUT}: {len(chunk) // 2} of {len(chunk)} bytes went through")
                    return
                there.write(chunk)
                await there.drain()
        there.close()

    def _is_uploading(self) -> bool:
        return self._watched.is_dir() and any(self._watched.iterdir())


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main() -> None:
    """Forward until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m operators.demo.wire", description=__doc__)
    parser.add_argument("--to", type=int, required=True, help="the port of the SFTP server")
    parser.add_argument("--watch", type=Path, required=True, help="where Waybill writes files before it renames them")
    chosen = parser.parse_args()
    asyncio.run(Wire(chosen.to, chosen.watch).serve())


if __name__ == "__main__":
    main()
