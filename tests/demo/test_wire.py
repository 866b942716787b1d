"""The line between Waybill and the server: whole bytes until it is armed, and one cut in the middle of an upload."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from operators.demo.wire import HOST, Wire

pytestmark = pytest.mark.anyio

CONTENT = bytes(range(256)) * 4


class Far:
    """A server that keeps what it got, and sends it back."""

    def __init__(self) -> None:
        self.got = b""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client until it is gone."""
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                self.got += chunk
                writer.write(chunk)
                await writer.drain()
        await closed(writer)
        self.ended.set()


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close it, whatever the other side did."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@asynccontextmanager
async def line(watched: Path) -> AsyncIterator[tuple[Wire, Far, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client's connection over a line."""
    far = Far()
    async with await asyncio.start_server(far.serve, HOST, 0) as server:
        wire, carried = Wire(server.sockets[0].getsockname()[1], watched), asyncio.Event()

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await wire.connected(reader, writer)
            carried.set()

        async with await asyncio.start_server(carry, HOST, 0) as near:
            reader, writer = await asyncio.open_connection(HOST, near.sockets[0].getsockname()[1])
            yield wire, far, reader, writer
            await closed(writer)
            await asyncio.gather(far.ended.wait(), carried.wait())


async def test_a_line_that_is_not_armed_carries_everything_both_ways(tmp_path: Path) -> None:
    (tmp_path / "half").touch()
    async with line(tmp_path) as (_, far, reader, writer):
        writer.write(CONTENT)
        assert await reader.readexactly(len(CONTENT)) == CONTENT
        assert far.got == CONTENT


async def test_an_armed_line_is_cut_once_in_the_middle_of_a_packet_of_an_upload(tmp_path: Path) -> None:
    async with line(tmp_path) as (wire, far, reader, writer):
        wire.arm()
        writer.write(CONTENT)
        assert await reader.readexactly(len(CONTENT)) == CONTENT
        (tmp_path / "half").touch()
        writer.write(b"request")
        assert await reader.readexactly(7) == b"request"
        writer.write(CONTENT)
        with pytest.raises((asyncio.IncompleteReadError, OSError)):
            await reader.readexactly(len(CONTENT))
        await far.ended.wait()
        assert len(CONTENT) <= len(far.got) < 2 * len(CONTENT) + 7
