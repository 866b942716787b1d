"""Reading a purchase order file as a stream: checked rows in batches, bad rows beside them, memory constant.

Rows are not grouped here: the stock exporter does not keep the rows of a purchase order together, and a file may turn
out to be no use at its very end. The caller keeps each batch aside (its rows are all there is to keep), and only when
`batches` has come to its end takes them over, by `connectors.po_files.assembly`, in the order of their purchase orders.
When `batches` raises instead, what was kept aside is thrown away.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connectors.errors import shortened
from connectors.po_files.decoding import Decoder, Encoding
from connectors.po_files.errors import BadRow, FileRefusedError, Refusal, bad_row
from connectors.po_files.formats import (
    LAYOUTS,
    TRAILER,
    WHOLE_ROW,
    Flaw,
    Layout,
    PoFileFormat,
    Row,
    modified_at_of,
    po_id_of,
)
from connectors.po_files.limits import DEFAULT_LIMITS, FileLimits
from connectors.po_files.source import LineSource
from domain.base import Frozen

_TRAILER_CELLS = 3
_CUT = "has no line end: the file was cut there, and more may be missing; have NetSuite write it again"
_CHECKED_AT_ONCE = 200
"""Rows whose cells are in memory together: the garbage collector does not meet what is gone again that soon."""


class RowBatch(NamedTuple):
    """Rows that may be committed together."""

    rows: list[Row]
    bad: list[BadRow]


class FileSummary(Frozen):
    """What a whole file came to; `remarks` are for the operator."""

    format: PoFileFormat
    encoding: str
    sha256: str
    size: int
    rows: int
    """All rows: good and bad ones."""
    bad_rows: int
    unplaced_rows: int
    """Bad rows that do not tell their purchase order: any purchase order of the file may miss them."""
    remarks: tuple[str, ...] = ()


class PoFileReader:
    """One pass over a purchase order file of either format, which its first line tells.

    Take all of `batches`, then `summary`.
    """

    def __init__(self, chunks: Iterable[bytes], limits: FileLimits = DEFAULT_LIMITS) -> None:
        self._source = LineSource(chunks, limits)
        self._limits = limits
        self._decoder = Decoder(is_utf_8=False)
        self._layout: Layout | None = None
        self._number = 0
        self._rows = 0
        self._bad = 0
        self._unplaced = 0

    def batches(self) -> Iterator[RowBatch]:
        """The rows, in the order of the file, at most `limits.batch_rows` at once.

        Raises:
            FileRefusedError: the file is no use as a whole, also where that shows only at its end.
        """
        waiting: list[bytes] = []
        for block in self._source.blocks():
            waiting += self._below_header(block)
            while len(waiting) >= self._limits.batch_rows:
                yield self._batch(waiting[: self._limits.batch_rows])
                del waiting[: self._limits.batch_rows]
        waiting += self._last_lines()
        if waiting:
            yield self._batch(waiting)
        if cut := self._cut_line():
            yield RowBatch([], [cut])
        self._check_trailer()

    @property
    def format(self) -> PoFileFormat:
        """Which format the file has; known with the first batch."""
        return self._known_layout.name

    def summary(self) -> FileSummary:
        """What the file came to, once all of it was read."""
        encoding = str(self._decoder.encoding) + (" with byte order mark" if self._source.has_bom else "")
        return FileSummary(
            format=self.format,
            encoding=encoding,
            sha256=self._source.sha256,
            size=self._source.size,
            rows=self._rows,
            bad_rows=self._bad,
            unplaced_rows=self._unplaced,
            remarks=tuple(self._remarks()),
        )

    @property
    def _known_layout(self) -> Layout:
        if self._layout is None:
            raise RuntimeError("the file was not read yet: take its batches first")
        return self._layout

    def _below_header(self, lines: list[bytes]) -> list[bytes]:
        if self._layout is None and lines:
            self._layout = _layout_of(lines[0])
            self._decoder = Decoder(is_utf_8=self._source.has_bom)
            self._number = 1
            return lines[1:]
        return lines

    def _last_lines(self) -> list[bytes]:
        """The last line, unless it is the header or the trailer, or was cut."""
        rest = self._below_header([self._source.last])
        return [] if self._known_layout.sealed or not self._source.ends_with_newline else rest

    def _cut_line(self) -> BadRow | None:
        """The last line of a file without a trailer, where it has no line end, which every writer gives every line.

        Its writer died in it: its id may be cut as well, and lines behind it may be missing of any purchase order.
        """
        if self._known_layout.sealed or self._source.ends_with_newline:
            return None
        self._rows, self._bad, self._unplaced = self._rows + 1, self._bad + 1, self._unplaced + 1
        return bad_row(self._source.lines, WHOLE_ROW, self._source.last.decode("utf-8", "replace"), _CUT)

    def _batch(self, lines: Sequence[bytes]) -> RowBatch:
        batch = RowBatch([], [])
        for start in range(0, len(lines), _CHECKED_AT_ONCE):
            rows, bad = self._checked(lines[start : start + _CHECKED_AT_ONCE])
            batch.rows.extend(rows)
            batch.bad.extend(bad)
        return batch

    def _checked(self, lines: Sequence[bytes]) -> tuple[list[Row], list[BadRow]]:
        rows, cells, bad = self._taken_apart(lines)
        flaws = self._known_layout.flaws(cells)
        if flaws:
            bad += [self._flawed(rows[index], cells[index], flaw) for index, flaw in flaws.items()]
            bad.sort()
            rows = [row for index, row in enumerate(rows) if index not in flaws]
        self._rows += len(rows) + len(bad)
        self._bad += len(bad)
        self._unplaced += sum(row.po_id is None for row in bad)
        if self._bad > self._limits.bad_rows:
            raise self._too_many_bad_rows(bad[-1])
        return rows, bad

    def _too_many_bad_rows(self, last: BadRow) -> FileRefusedError:
        many = f"more than {self._limits.bad_rows:,} rows are bad"
        said = (
            f"{many}, up to {last}: the exporter is broken, or this is no such file; have it mended and written again"
        )
        return FileRefusedError(Refusal.MANY_BAD_ROWS, said)

    def _taken_apart(self, lines: Sequence[bytes]) -> tuple[list[Row], list[list[str]], list[BadRow]]:
        rows: list[Row] = []
        cells_of: list[list[str]] = []
        bad: list[BadRow] = []
        width, split = len(self._known_layout.columns), self._known_layout.split
        for number, text in enumerate(self._decoder.texts(lines), self._number + 1):
            if text is None:
                bad.append(self._foreign(number, lines[number - self._number - 1]))
                continue
            try:
                cells = split(text)
            except ValueError as error:
                bad.append(_unreadable(number, text, str(error)))
                continue
            if len(cells) == width:
                rows.append((number, cells[0], text))
                cells_of.append(cells)
            elif text:
                bad.append(_misshapen(number, text, len(cells), width))
        self._number += len(lines)
        return rows, cells_of, bad

    def _foreign(self, number: int, line: bytes) -> BadRow:
        reason = f"the row is not in {self._decoder.encoding}, as rows before it are"
        return _unreadable(number, line.decode("utf-8", "replace"), reason)

    def _flawed(self, row: Row, cells: Sequence[str], flaw: Flaw) -> BadRow:
        number, _, text = row
        column, value = (
            (WHOLE_ROW, text)
            if flaw.column is None
            else (self._known_layout.columns[flaw.column].name, cells[flaw.column])
        )
        return bad_row(number, column, value, flaw.reason, po_id_of(text), modified_at_of(text))

    def _check_trailer(self) -> None:
        if not self._known_layout.sealed:
            return
        cells = self._source.last.decode("ascii", "replace").split(",")
        if len(cells) != _TRAILER_CELLS or cells[0] != TRAILER or not self._source.ends_with_newline:
            raise FileRefusedError(
                Refusal.NO_TRAILER,
                "the file does not end with its trailer: it was cut, or is still being written; have it written again",
            )
        if cells[1] != str(self._rows):
            raise FileRefusedError(
                Refusal.TRAILER_COUNT,
                f"the trailer tells {shortened(cells[1])} rows, the file has {self._rows}: have it written again",
            )
        if cells[2] != self._source.sealed:
            raise FileRefusedError(
                Refusal.TRAILER_CHECKSUM,
                "the checksum in the trailer is not that of the file: it was changed or damaged; have it written again",
            )

    def _remarks(self) -> Iterator[str]:
        if not self._rows:
            yield "a header without any row"
        if self._decoder.encoding is Encoding.WINDOWS_1252:
            yield "written as Windows-1252: names were read as that; have the file written as UTF-8"


def _layout_of(line: bytes) -> Layout:
    text = line.removesuffix(b"\r").decode("utf-8", "replace")
    for layout in LAYOUTS.values():
        if text == layout.header:
            return layout
    raise FileRefusedError(Refusal.UNKNOWN_HEADER, _about_header(text))


def _about_header(text: str) -> str:
    found = text.split(",")
    known = " or ".join(f"`{layout.header}`" for layout in LAYOUTS.values())
    return f"the first line ({len(found)} columns: {shortened(text)!r}) is no header that is known: expected {known}"


def _unreadable(number: int, text: str, reason: str) -> BadRow:
    return bad_row(number, WHOLE_ROW, text, reason, po_id_of(text), modified_at_of(text))


def _misshapen(number: int, text: str, found: int, width: int) -> BadRow:
    shifted = ": a comma in a value shifts the columns behind it" if found > width else ": the row was cut"
    return bad_row(
        number,
        WHOLE_ROW,
        text,
        f"has {found} columns instead of {width}{shifted}",
        po_id_of(text),
        modified_at_of(text),
    )
