"""Why a file, a row or a receipt cannot be used, each by a name of its own."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from connectors.errors import shortened


class Refusal(StrEnum):
    """The closed list of reasons for which a file is refused as a whole."""

    EMPTY = "empty"
    ZIP = "zip"
    GZIP = "gzip"
    UTF_16 = "utf_16"
    NUL_BYTE = "nul_byte"
    LONG_LINE = "long_line"
    UNKNOWN_HEADER = "unknown_header"
    NO_TRAILER = "no_trailer"
    TRAILER_COUNT = "trailer_count"
    TRAILER_CHECKSUM = "trailer_checksum"
    MANY_BAD_ROWS = "many_bad_rows"
    NOBODYS_ROWS = "nobodys_rows"
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    NOT_JSON = "not_json"
    WRONG_SHAPE = "wrong_shape"


class FileRefusedError(ValueError):
    """The file is no use as a whole: `refusal` names why, the message says what to do."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal


class UnsafeReceiptError(ValueError):
    """A receipt would make NetSuite receive something else than what was meant, so it is not written."""


class BadRow(NamedTuple):
    """A row that was left out: its line in the file (the header is 1), where, what stands there, and why not.

    `value` is shortened. `po_id` is None where the row does not tell which purchase order it belongs to, `modified_at`
    where it does not tell when NetSuite changed that last.
    """

    number: int
    column: str
    value: str
    reason: str
    po_id: str | None = None
    modified_at: datetime | None = None

    def __str__(self) -> str:
        """The row on one line, as a hold's evidence shows it."""
        return f"line {self.number}, {self.column} {self.value!r}: {self.reason}"


def bad_row(
    number: int, column: str, value: str, reason: str, po_id: str | None = None, modified_at: datetime | None = None
) -> BadRow:
    """A bad row with its value made fit to show."""
    return BadRow(number, column, shortened(value), reason, po_id, modified_at)
