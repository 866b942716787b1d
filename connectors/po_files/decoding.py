"""Bytes of a line to text: UTF-8, or Windows-1252 where a file is that, never a mixture of both."""

from enum import StrEnum


class Encoding(StrEnum):
    """How a file turned out to be written."""

    ASCII = "ASCII"
    UTF_8 = "UTF-8"
    WINDOWS_1252 = "Windows-1252"


class Decoder:
    """The text of one line after the other; the first line that is not ASCII decides the file's encoding.

    `is_utf_8` says that the file began with a byte order mark.
    """

    def __init__(self, *, is_utf_8: bool) -> None:
        self.encoding = Encoding.UTF_8 if is_utf_8 else Encoding.ASCII

    def text(self, line: bytes) -> str:
        """The line as text.

        Raises:
            ValueError: it is not in the encoding of the lines before it.
        """
        if line.isascii():
            return line.decode("ascii")
        as_utf_8 = _decoded(line, "utf-8")
        if self.encoding is Encoding.ASCII:
            self.encoding = Encoding.WINDOWS_1252 if as_utf_8 is None else Encoding.UTF_8
        text = as_utf_8 if self.encoding is Encoding.UTF_8 else _decoded(line, "cp1252")
        if text is None or (self.encoding is Encoding.WINDOWS_1252 and as_utf_8 is not None):
            raise ValueError(f"the row is not in {self.encoding}, as rows before it are")
        return text


def _decoded(line: bytes, codec: str) -> str | None:
    try:
        return line.decode(codec)
    except UnicodeDecodeError:
        return None
