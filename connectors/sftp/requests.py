"""The single requests of SFTP as coroutines, with refusals and cuts told as the connectors' errors."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NamedTuple

from connectors.errors import (
    Ambiguous,
    ConnectorError,
    Contract,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
    shortened,
)
from connectors.remote_words import in_words
from connectors.sftp.errors import ServerFailed
from connectors.sftp.packets import Code, Garbled, Kind, Reader, Refused, integer, long, string
from connectors.sftp.settings import READ_BACK_UP_TO
from connectors.sftp.wire import Answer, Lost, Ticket, Wire

READ, WRITE, CREATE, EXCLUSIVE = 0x01, 0x02, 0x08, 0x20
SMALL_PIECE, LARGE_PIECE = 1 << 15, 1 << 17
"""Bytes in a request: what every server takes, and what is asked for at most where a server says that it takes more."""
_POSIX_RENAME, _LIMITS = b"posix-rename@openssh.com", b"limits@openssh.com"
_LISTED_AT_ONCE = 4
MOST_ENTRIES = 200_000
"""Entries of a folder that are listed: more of them would fill the memory, and take longer than a publication may."""
_MODES = 0o666
_FOLDER_MODES = 0o777
_HAS_SIZE, _HAS_OWNER, _HAS_MODE, _HAS_TIMES, _HAS_MORE = 0x1, 0x2, 0x4, 0x8, 0x80000000
_GONE = {Code.NO_SUCH_FILE, Code.NO_SUCH_PATH}
_FAILED = {Code.FAILURE, Code.NO_SPACE, Code.QUOTA_EXCEEDED}
_CUT_OFF = {Code.NO_CONNECTION, Code.CONNECTION_LOST}
"""What a server says that has lost its own storage: no file can be had, whichever is asked for."""
_FORBIDDEN = {Code.PERMISSION_DENIED, Code.WRITE_PROTECT}


class Attributes(NamedTuple):
    """What a server says of an entry; None what it leaves out."""

    size: int | None
    mode: int | None
    modified: int | None

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode is not None and stat.S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode is not None and stat.S_ISDIR(self.mode)

    @property
    def modified_at(self) -> datetime:
        """When it last changed; the start of 1970 where the server does not say."""
        return datetime.fromtimestamp(self.modified or 0, UTC)


class Entry(NamedTuple):
    """A name in a folder, as it came."""

    name: bytes
    attributes: Attributes


class Requests:
    """Asks one server for single things; paths are relative to where the login leads, or absolute.

    Reading raises `Unreachable`, `Unauthorized`, `NotFound`, `Rejected` or `Contract`. What moves a file raises
    `Ambiguous` where the server may have done it.
    """

    def __init__(self, system: str, wire: Wire, read_back_up_to: int = READ_BACK_UP_TO) -> None:
        self.system, self.wire, self.read_back_up_to = system, wire, read_back_up_to
        self._posix_rename = _POSIX_RENAME in wire.extensions
        self.piece = wire.drive(self._largest_piece()) if _LIMITS in wire.extensions else SMALL_PIECE
        """Bytes in one request for a part of a file."""

    async def _largest_piece(self) -> int:
        """What the server takes in one request, within our own bounds; it says 0 where it has none."""
        with self.told("connect", "limits"):
            try:
                reader = Reader((await self.wire.ask(Kind.EXTENDED, string(_LIMITS))).body)
            except Refused:
                return SMALL_PIECE
            _, read, write = reader.long(), reader.long(), reader.long()
        return max(SMALL_PIECE, min(LARGE_PIECE, read or SMALL_PIECE, write or SMALL_PIECE))

    async def look_up(self, operation: str, path: str) -> Attributes | None:
        """What lies under a path, links not followed; None when nothing does."""
        return await self.looked_up(operation, path, self.ask_for(path))

    def ask_for(self, path: str) -> Ticket:
        """The request of `look_up`, sent ahead for `looked_up`."""
        return self.wire.ask(Kind.LSTAT, _path(path))

    async def looked_up(self, operation: str, path: str, ticket: Ticket) -> Attributes | None:
        """The answer to `ask_for`."""
        with self.told(operation, path):
            try:
                return _attributes(Reader((await ticket).body))
            except Refused as refused:
                if refused.code in _GONE:
                    return None
                raise

    def ask_into(self, handle: bytes) -> Ticket:
        """The request about an open file, for `looked_into`."""
        return self.wire.ask(Kind.FSTAT, handle)

    async def looked_into(self, operation: str, path: str, ticket: Ticket) -> Attributes:
        """What the server says of an open file."""
        with self.told(operation, path):
            return _attributes(Reader((await ticket).body))

    async def open(self, operation: str, path: str, flags: int) -> bytes:
        """The handle of an opened file, as requests have it."""
        modes = integer(_HAS_MODE) + integer(_MODES) if flags & CREATE else integer(0)
        with self.told(operation, path):
            return _handle(await self.wire.ask(Kind.OPEN, _path(path), integer(flags), modes))

    async def close(self, operation: str, path: str, handle: bytes) -> None:
        """Close an open file: some servers say only now that a disk is full."""
        with self.told(operation, path):
            await self.wire.ask(Kind.CLOSE, handle)

    @contextmanager
    def let_go_on_error(self, handle: bytes) -> Iterator[None]:
        """A block after whose failure the file is closed; nobody waits for that answer."""
        try:
            yield
        except BaseException:
            self.let_go(handle)
            raise

    def let_go(self, handle: bytes) -> None:
        """Close an open file without waiting for the answer."""
        self.wire.ask(Kind.CLOSE, handle)

    async def remove(self, operation: str, path: str) -> None:
        """Remove a file."""
        with self.told(operation, path):
            await self.wire.ask(Kind.REMOVE, _path(path))

    async def try_to_remove(self, operation: str, path: str) -> None:
        """Remove a file that may be gone, or that may stay: nothing depends on it."""
        with suppress(ConnectorError):
            await self.remove(operation, path)

    async def make_folder(self, operation: str, path: str) -> None:
        """A folder under this path, made where it is missing; another may make it at the same time."""
        try:
            with self.told(operation, path):
                await self.wire.ask(Kind.MKDIR, _path(path), integer(_HAS_MODE), integer(_FOLDER_MODES))
        except ConnectorError:
            found = await self.look_up(operation, path)
            if found is None or not found.is_folder:
                raise

    async def rename(self, operation: str, source: str, target: str) -> None:
        """Give a file another name at once, over whatever lies there where the server's rename does that: look first.

        Raises:
            Ambiguous: it was asked for, and no answer came.
        """
        with self.told(operation, f"{source} -> {target}", moves=True):
            if self._posix_rename:
                try:
                    await self.wire.ask(Kind.EXTENDED, string(_POSIX_RENAME), _path(source), _path(target))
                except Refused as refused:
                    if refused.code != Code.OP_UNSUPPORTED:
                        raise
                    self._posix_rename = False
                else:
                    return
            await self.wire.ask(Kind.RENAME, _path(source), _path(target))

    async def entries(self, operation: str, path: str) -> list[Entry]:
        """Everything in a folder but the folder itself and the one above."""
        found: list[Entry] = []
        with self.told(operation, path):
            handle = _handle(await self.wire.ask(Kind.OPENDIR, _path(path)))
            try:
                more = True
                while more:
                    more = await self._read_on(handle, found)
                    if len(found) > MOST_ENTRIES:
                        wanted = f"at most {MOST_ENTRIES:,} entries (move its oldest files out of it: docs/sftp.md)"
                        raise Contract(self.system, operation, place=path, expected=wanted)
            finally:
                # Nobody waits for this answer: the block may be on its way out because nobody waits any more.
                self.let_go(handle)
        return found

    async def _read_on(self, handle: bytes, found: list[Entry]) -> bool:
        """Whether there may be more."""
        for ticket in [self.wire.ask(Kind.READDIR, handle) for _ in range(_LISTED_AT_ONCE)]:
            try:
                answer = await ticket
            except Refused as refused:
                if refused.code != Code.EOF:
                    raise
                return False
            found += _entries(Reader(answer.body))
        return True

    @contextmanager
    def told(self, operation: str, path: str, *, moves: bool = False) -> Iterator[None]:
        """What goes wrong inside the block, as an error of the connectors; `moves` where a file gets its place."""
        try:
            yield
        except Refused as refused:
            raise self._refusal(operation, path, refused) from None
        except Lost as lost:
            where = shortened(path, 300)
            if moves and lost.sent:
                said = f"{where}: {lost.reason} after it was asked for; look where the file is before any repeat"
                raise Ambiguous(self.system, operation, said) from None
            said = f"{where}: {lost.reason}; nothing was published or moved"
            raise Unreachable(self.system, operation, said) from None
        except Garbled as garbled:
            raise Contract(self.system, operation, place=shortened(path, 300), expected=f"SFTP ({garbled})") from None

    def _refusal(self, operation: str, path: str, refused: Refused) -> ConnectorError:
        where, words = shortened(path, 300), in_words(refused.text) or f"status {refused.code}"
        if refused.code in _GONE:
            return NotFound(self.system, operation, f"{where}: {words}")
        if refused.code in _FORBIDDEN:
            said = f"{where}: {words}; give the user of this login the right to it on the server; nothing was done"
            return Unauthorized(self.system, operation, said, HTTPStatus.FORBIDDEN)
        if refused.code in _FAILED:
            said = f"{where}: {words} (status {refused.code}); look for a full disk or a quota; nothing was published"
            return ServerFailed(self.system, operation, said)
        if refused.code in _CUT_OFF:
            said = f"{where}: {words}; the server cannot reach its files; nothing was published or moved"
            return Unreachable(self.system, operation, said)
        return Rejected(self.system, operation, f"{where}: {words} (status {refused.code}); nothing was done")


def ask_to_read(wire: Wire, handle: bytes, at: int, size: int) -> Ticket:
    """The request for some bytes of an open file."""
    return wire.ask(Kind.READ, handle, long(at), integer(size))


async def bytes_of(ticket: Ticket) -> bytes:
    """The bytes that came for `ask_to_read`; none at the end of the file."""
    try:
        return Reader((await ticket).body).string()
    except Refused as refused:
        if refused.code != Code.EOF:
            raise
        return b""


def ask_to_write(wire: Wire, handle: bytes, at: int, data: bytes) -> Ticket:
    """The request to write some bytes to an open file."""
    return wire.ask(Kind.WRITE, handle, long(at), integer(len(data)), data)


def _path(path: str) -> bytes:
    return string(path.encode())


def _handle(answer: Answer) -> bytes:
    return string(Reader(answer.body).string())


def _attributes(reader: Reader) -> Attributes:
    flags = reader.integer()
    size = reader.long() if flags & _HAS_SIZE else None
    if flags & _HAS_OWNER:
        reader.take(8)
    mode = reader.integer() if flags & _HAS_MODE else None
    modified = None
    if flags & _HAS_TIMES:
        reader.integer()
        modified = reader.integer()
    for _ in range(reader.integer() * 2 if flags & _HAS_MORE else 0):
        reader.string()
    return Attributes(size, mode, modified)


def _entries(reader: Reader) -> list[Entry]:
    found = []
    for _ in range(reader.integer()):
        name = reader.string()
        reader.string()
        entry = Entry(name, _attributes(reader))
        if name not in {b".", b".."}:
            found.append(entry)
    return found
