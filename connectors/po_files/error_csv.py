"""The CSV of bad rows that goes into the `error` folder: safe to open in a spreadsheet, bounded in size."""

import csv
import io
from collections.abc import Iterable

from connectors.errors import shortened
from connectors.po_files.errors import BadRow

HEADER = ("line", "column", "value", "reason")
_MOST_ROWS = 10_000
_LONGEST_CELL = 300
_FORMULA_STARTS = ("=", "+", "-", "@")


class ErrorCsv:
    """Collects bad rows; past `most_rows` it only counts them, and says so in its last row."""

    def __init__(self, most_rows: int = _MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._text = io.StringIO()
        self._writer = csv.writer(self._text, lineterminator="\n")
        self._writer.writerow(HEADER)
        self.rows = 0

    def add(self, rows: Iterable[BadRow]) -> None:
        """Add rows, in the order in which they are to stand."""
        for row in rows:
            if self.rows < self._most_rows:
                self._writer.writerow((row.number, *map(_cell, (row.column, row.value, row.reason))))
            self.rows += 1

    def content(self) -> bytes:
        """The file as UTF-8."""
        left_out = self.rows - self._most_rows
        note = f',,,"{left_out:,} more bad rows are not listed"\n' if left_out > 0 else ""
        return (self._text.getvalue() + note).encode()


def neutral(cell: str) -> str:
    """The text as a spreadsheet shows it without calculating: what could be a formula gets an apostrophe in front."""
    return f"'{cell}" if cell.lstrip().startswith(_FORMULA_STARTS) else cell


def _cell(text: str) -> str:
    return neutral(shortened(text, _LONGEST_CELL))
