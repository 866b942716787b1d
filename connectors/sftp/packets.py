"""The packets of SFTP version 3: what they are called, how they are read, how they are written."""

import struct
from enum import IntEnum

VERSION = 3
_INT = struct.Struct(">I")
_LONG = struct.Struct(">Q")


class Kind(IntEnum):
    """What a packet is."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    REALPATH = 16
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Code(IntEnum):
    """What a server says became of a request; above 8 stand the words of later versions that some servers use."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8
    NO_SUCH_PATH = 10
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_SPACE = 14
    QUOTA_EXCEEDED = 15


class Refused(Exception):  # noqa: N818 - reads as what the server did
    """The server answered with something other than OK."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class Garbled(Exception):  # noqa: N818 - reads as what the answer is
    """The server's bytes are no SFTP."""


class Reader:
    """Takes the parts of an answer off, one after the other."""

    __slots__ = ("_at", "_body")

    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def take(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            Garbled: there are fewer.
        """
        end = self._at + size
        if end > len(self._body):
            raise Garbled(f"an answer ends after {len(self._body)} bytes where {end} are announced")
        taken, self._at = self._body[self._at : end], end
        return taken

    def integer(self) -> int:
        """A number of 4 bytes."""
        return int.from_bytes(self.take(4), "big")

    def long(self) -> int:
        """A number of 8 bytes."""
        return int.from_bytes(self.take(8), "big")

    def string(self) -> bytes:
        """A string of bytes."""
        return self.take(self.integer())

    @property
    def more(self) -> bool:
        """Whether something is left."""
        return self._at < len(self._body)


def integer(value: int) -> bytes:
    """A number in 4 bytes, as requests have it."""
    return _INT.pack(value)


def long(value: int) -> bytes:
    """A number in 8 bytes, as requests have it."""
    return _LONG.pack(value)


def string(value: bytes) -> bytes:
    """A string of bytes, as requests have it."""
    return _INT.pack(len(value)) + value


def raise_if_refused(body: bytes) -> None:
    """Nothing where a status says OK.

    Raises:
        Refused: it says something else.
    """
    reader = Reader(body)
    code = reader.integer()
    if code != Code.OK:
        raise Refused(code, reader.string().decode("utf-8", "replace") if reader.more else "")
