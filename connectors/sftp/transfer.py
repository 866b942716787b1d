"""Bytes of files: down as a checked stream, up and read back; memory is bounded by what is on the way."""

import hashlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Self

from connectors.errors import NotFound, Rejected
from connectors.sftp.errors import FileChanged, ServerFailed
from connectors.sftp.models import RemoteFile
from connectors.sftp.requests import (
    CREATE,
    EXCLUSIVE,
    READ,
    WRITE,
    Attributes,
    Requests,
    ask_to_read,
    ask_to_write,
    bytes_of,
)
from connectors.sftp.wire import Ticket

WRITING, READING = "write", "read"
AHEAD = 3 << 20
"""Bytes of one file on the way at a time."""


def remote_file(name: str, found: Attributes) -> RemoteFile | None:
    """A regular file as it was found; None where the server does not tell enough, or it is no regular file."""
    if not found.is_file or found.size is None:
        return None
    return RemoteFile(name=name, size=found.size, modified_at=found.modified_at)


class Download:
    """A file's bytes as a stream, for a `with` block: iterate it once, to the end.

    Memory is bounded whatever the file's size. After the end, `sha256` is the checksum of all bytes.

    Raises:
        FileChanged: the file is not, or no longer, as it was listed: it was not complete.
        Rejected: it is a link, or something else that is no file.
    """

    def __init__(self, requests: Requests, path: str, listed: RemoteFile) -> None:
        self._requests, self._path, self._listed = requests, path, listed
        self._hash = hashlib.sha256()
        self._handle = b""
        self._read_to_end = False

    def __enter__(self) -> Self:
        """Open the file."""
        self._handle = self._requests.wire.drive(open_as_listed(self._requests, self._path, self._listed))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; after an error nobody waits for the answer."""
        if error is None:
            self._requests.wire.drive(self._requests.close(READING, self._path, self._handle))
        else:
            self._requests.let_go(self._handle)

    @property
    def sha256(self) -> str:
        """The checksum of all bytes, in hex.

        Raises:
            RuntimeError: the stream was not read to its end.
        """
        if not self._read_to_end:
            raise RuntimeError(f"{self._path} was not read to its end")
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        """The bytes in order."""
        wire = self._requests.wire
        reading = _Window(self._requests, self._path, self._handle, self._listed.size)
        while reading.more:
            data = wire.drive(reading.next_part())
            self._hash.update(data)
            yield data
        wire.drive(check_unchanged(self._requests, self._path, self._handle, self._listed))
        self._read_to_end = True


async def whole(requests: Requests, path: str, listed: RemoteFile) -> bytes:
    """All bytes of a small file, which many may be read side by side; raises as `Download` does."""
    return b"".join([part async for part in parts(requests, path, listed)])


async def checksum(requests: Requests, path: str, listed: RemoteFile) -> str:
    """The SHA-256 of a file of any size as it lies on the server; raises as `Download` does."""
    digest = hashlib.sha256()
    async for part in parts(requests, path, listed):
        digest.update(part)
    return digest.hexdigest()


async def parts(requests: Requests, path: str, listed: RemoteFile) -> AsyncIterator[bytes]:
    """The bytes of a file in order; raises as `Download` does."""
    handle = await open_as_listed(requests, path, listed)
    with requests.let_go_on_error(handle):
        reading = _Window(requests, path, handle, listed.size)
        while reading.more:
            yield await reading.next_part()
        await check_unchanged(requests, path, handle, listed)
    await requests.close(READING, path, handle)


class _Window:
    """Reads an open file in order, with as much on the way as is allowed."""

    def __init__(self, requests: Requests, path: str, handle: bytes, size: int) -> None:
        self._requests, self._path, self._handle, self._size = requests, path, handle, size
        self._asked: deque[tuple[int, int, Ticket]] = deque()
        self._at = 0

    @property
    def more(self) -> bool:
        return bool(self._asked) or self._at < self._size

    async def next_part(self) -> bytes:
        piece = self._requests.piece
        while self._at < self._size and len(self._asked) * piece < AHEAD:
            step = min(piece, self._size - self._at)
            self._asked.append((self._at, step, ask_to_read(self._requests.wire, self._handle, self._at, step)))
            self._at += step
        return await filled(self._requests, self._path, self._handle, *self._asked.popleft())


async def open_as_listed(requests: Requests, path: str, listed: RemoteFile) -> bytes:
    """The handle of a file that is still as it was listed. A link or a pipe is never opened."""
    found = await requests.look_up(READING, path)
    if found is None:
        raise NotFound(requests.system, READING, f"{path}: it is gone; list the folder again")
    if not found.is_file:
        raise Rejected(requests.system, READING, f"{path}: no regular file; links are not followed; remove it")
    _check_same(requests, path, found, listed)
    return await requests.open(READING, path, READ)


async def filled(requests: Requests, path: str, handle: bytes, at: int, size: int, ticket: Ticket) -> bytes:
    """The bytes of one request; a server may give fewer than asked for, and is asked again for the rest."""
    with requests.told(READING, path):
        data = last = await bytes_of(ticket)
        while last and len(data) < size:
            last = await bytes_of(ask_to_read(requests.wire, handle, at + len(data), size - len(data)))
            data += last
    if len(data) < size:
        raise FileChanged(requests.system, READING, f"{path}: it shrank while it was read; take it again later")
    return data


async def check_unchanged(requests: Requests, path: str, handle: bytes, listed: RemoteFile) -> None:
    """Nothing where the open file is still as it was listed."""
    _check_same(requests, path, await requests.looked_into(READING, path, requests.ask_into(handle)), listed)


def _check_same(requests: Requests, path: str, found: Attributes, listed: RemoteFile) -> None:
    if (found.size, found.modified_at) != (listed.size, listed.modified_at):
        said = f"{path}: {listed.size} bytes when it was listed, {found.size} now; it was not complete: take it later"
        raise FileChanged(requests.system, READING, said)


async def write_new(requests: Requests, path: str, content: bytes) -> None:
    """A new file with exactly this content: read back byte by byte, above a bound checked by its size only.

    Raises:
        ServerFailed: it is not what was sent, or was refused.
    """
    handle = await requests.open(WRITING, path, READ | WRITE | CREATE | EXCLUSIVE)
    with requests.let_go_on_error(handle):
        await _write_and_read_back(requests, path, handle, content)
    await requests.close(WRITING, path, handle)


async def _write_and_read_back(requests: Requests, path: str, handle: bytes, content: bytes) -> None:
    on_the_way: deque[tuple[int, bytes, Ticket, Ticket | None]] = deque()
    read_back = len(content) <= requests.read_back_up_to
    for at in range(0, len(content), requests.piece):
        if len(on_the_way) * requests.piece >= AHEAD:
            await _check_piece(requests, path, handle, *on_the_way.popleft())
        piece = content[at : at + requests.piece]
        # A server takes the requests for one file in their order (filexfer-02, 3.1): this reads what was written.
        wrote = ask_to_write(requests.wire, handle, at, piece)
        read = ask_to_read(requests.wire, handle, at, len(piece)) if read_back else None
        on_the_way.append((at, piece, wrote, read))
    looking = requests.ask_into(handle)
    for left in on_the_way:
        await _check_piece(requests, path, handle, *left)
    found = await requests.looked_into(WRITING, path, looking)
    if found.size != len(content):
        raise ServerFailed(requests.system, WRITING, f"{path}: {found.size} bytes arrived of {len(content)}")


async def _check_piece(
    requests: Requests, path: str, handle: bytes, at: int, sent: bytes, wrote: Ticket, read: Ticket | None
) -> None:
    with requests.told(WRITING, path):
        await wrote
    if read is not None and await filled(requests, path, handle, at, len(sent), read) != sent:
        raise ServerFailed(requests.system, WRITING, f"{path}: read back other bytes than were written, from byte {at}")
