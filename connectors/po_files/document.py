"""Small files that are read in one piece, bounded in size."""

import csv
from collections.abc import Iterator
from io import StringIO

from pydantic import ValidationError

from connectors.errors import place_of, shortened
from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.limits import DEFAULT_LIMITS
from connectors.po_files.source import BOM

_ENOUGH = DEFAULT_LIMITS.document_bytes


def text_of(content: bytes, most_bytes: int = _ENOUGH) -> str:
    """The file as text, without a byte order mark; what is not UTF-8 is read as Windows-1252.

    Raises:
        FileRefusedError: it is empty, too large, or no text.
    """
    if not content.strip():
        raise FileRefusedError(Refusal.EMPTY, "the file is empty")
    if len(content) > most_bytes:
        raise FileRefusedError(Refusal.TOO_LARGE, f"the file has {len(content):,} bytes, more than {most_bytes:,}")
    if b"\0" in content:
        raise FileRefusedError(Refusal.NUL_BYTE, "the file has a NUL byte: it is no text, or damaged")
    try:
        return content.removeprefix(BOM).decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def wrong_shape(problem: ValidationError, root: str) -> FileRefusedError:
    """The refusal that tells the first place where a document is not as agreed, and how many more there are."""
    errors = problem.errors(include_url=False)
    first, more = errors[0], len(errors) - 1
    if first["type"] == "json_invalid":
        return FileRefusedError(Refusal.NOT_JSON, f"the file is no JSON ({first['msg']}): it was cut, or damaged")
    others = f" (and {more} more)" if more else ""
    place = place_of(root, first["loc"])
    return FileRefusedError(Refusal.WRONG_SHAPE, f"{place}: {first['msg']}, got {shortened(first['input'])}{others}")


def csv_of(text: str) -> Iterator[list[str]]:
    """The rows of a quoted CSV text (RFC 4180), blank ones left out.

    Raises:
        FileRefusedError: a quote is never closed, or a value is beyond reason.
    """
    try:
        yield from filter(None, csv.reader(StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise FileRefusedError(Refusal.NOT_TEXT, f"the CSV cannot be taken apart: {error}") from None
