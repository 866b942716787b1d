"""The lines of a file that arrives in chunks: bounded in memory, checksummed on the way."""

import hashlib
from collections.abc import Iterable, Iterator

from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.limits import FileLimits

BOM = b"\xef\xbb\xbf"
_MAGIC = (
    (b"PK\x03\x04", Refusal.ZIP, "is a zip archive"),
    (b"PK\x05\x06", Refusal.ZIP, "is an empty zip archive"),
    (b"\x1f\x8b", Refusal.GZIP, "is compressed with gzip"),
    (b"\xff\xfe", Refusal.UTF_16, "is UTF-16"),
    (b"\xfe\xff", Refusal.UTF_16, "is UTF-16"),
)
_HEAD = 4


class LineSource:
    """A file's lines, without their ends and without a byte order mark.

    The last line is kept apart from the others, since it may be a trailer that seals them: `last` has it once `blocks`
    came to its end, `sealed` is the SHA-256 of all bytes before it, `sha256` that of all bytes.
    """

    def __init__(self, chunks: Iterable[bytes], limits: FileLimits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._hash = hashlib.sha256()
        self._lines = 0
        self._held = b""
        self._at_start = True
        self.has_bom = False
        self.size = 0
        self.sealed = ""
        self.last = b""
        self.ends_with_newline = False

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes read so far, in hex digits."""
        return self._hash.hexdigest()

    @property
    def lines(self) -> int:
        """How many lines were read so far; in the end the last one counts, whole or cut."""
        return self._lines

    def blocks(self) -> Iterator[list[bytes]]:
        """All lines but the last, as many at once as a chunk completes.

        Raises:
            FileRefusedError: the file is empty, no text, or has a line longer than the limit.
        """
        for chunk in filter(None, self._chunks):
            held = self._take(chunk)
            cut = held.rfind(b"\n", 0, -1) + 1 if self.size >= _HEAD else 0
            self._held = held[cut:]
            if cut:
                yield self._complete(held[:cut])
            self._refuse_long(len(self._held) - self._held.endswith(b"\n"), self._lines + 1)
        self._end()

    def _take(self, chunk: bytes) -> bytes:
        nul = chunk.find(b"\0")
        held = self._held + chunk
        if self.size < _HEAD:
            _refuse_magic(held)
        if nul >= 0:
            line = self._lines + 1 + held.count(b"\n", 0, len(self._held) + nul)
            raise FileRefusedError(
                Refusal.NUL_BYTE, f"line {line} has a NUL byte: the file is no text, or damaged; have it written again"
            )
        self.size += len(chunk)
        return held

    def _complete(self, block: bytes) -> list[bytes]:
        self._hash.update(block)
        lines = self._without_bom(block).split(b"\n")
        lines.pop()
        if len(block) > self._limits.line_bytes:
            for number, line in enumerate(lines, self._lines + 1):
                self._refuse_long(len(line), number)
        self._lines += len(lines)
        return lines

    def _without_bom(self, block: bytes) -> bytes:
        first, self._at_start = self._at_start, False
        self.has_bom = self.has_bom or (first and block.startswith(BOM))
        return block[len(BOM) :] if first and self.has_bom else block

    def _refuse_long(self, length: int, line: int) -> None:
        if length > self._limits.line_bytes:
            limit = f"{self._limits.line_bytes:,} bytes"
            raise FileRefusedError(
                Refusal.LONG_LINE, f"line {line} is longer than {limit}: have the file written again"
            )

    def _end(self) -> None:
        if not self.size:
            raise FileRefusedError(Refusal.EMPTY, "the file is empty: have it written again")
        _refuse_magic(self._held)
        self.sealed = self.sha256
        self._hash.update(self._held)
        self.ends_with_newline = self._held.endswith(b"\n")
        self._lines += 1
        self.last = self._without_bom(self._held).removesuffix(b"\n")


def _refuse_magic(head: bytes) -> None:
    for magic, refusal, what in _MAGIC:
        if head.startswith(magic):
            raise FileRefusedError(refusal, f"the file {what}, not a CSV text: have it written as UTF-8 text")
