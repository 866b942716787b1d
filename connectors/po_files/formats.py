"""The two formats of a purchase order file: their columns, and what a row of each means."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from connectors.po_files import values
from connectors.po_files.values import (
    REMEMBERED,
    amount,
    is_identifier,
    iso_date,
    moment,
    optional_positive,
    positive,
    us_date,
)
from domain.purchase_order import PoLine, PoStatus

Row = tuple[int, str, str]
"""A row that was checked: its line in the file, its purchase order, and the row itself as text.

A plain tuple: a file has a million of them, and making a named one costs as much as checking it.
"""
WHOLE_ROW = "row"
"""The column of a bad row where no single column is to blame."""
TRAILER = "#end"


_LINES = TypeAdapter(tuple[PoLine, ...])


class PoFileFormat(StrEnum):
    """Who wrote the file."""

    STOCK = "stock"
    """HotWax's stock exporter (hotwax 4.2): six columns, nothing quoted, no trailer."""
    WAYBILL = "waybill"
    """Our own exporter: fourteen columns, quoted where needed, sealed by a trailer."""


class Facts(NamedTuple):
    """What each row of a purchase order repeats about the whole of it."""

    number: str | None = None
    status: PoStatus | None = None
    modified_at: datetime | None = None


class Flaw(NamedTuple):
    """What is wrong with a row: the index of its column, None for the row as a whole, and why."""

    column: int | None
    reason: str


class Column(NamedTuple):
    """A column's name, the type its texts must have, and the reason told where that type tells none."""

    name: str
    kind: Any
    expected: str = ""


@dataclass(frozen=True)
class Layout:
    """How the rows of a format are taken apart, checked and read."""

    name: PoFileFormat
    columns: tuple[Column, ...]
    split: Callable[[str], list[str]]
    flaw_of_row: Callable[[Sequence[str]], Flaw | None]
    facts: Callable[[Sequence[str]], Facts]
    line: Callable[[Sequence[str]], Mapping[str, Any]]
    sealed: bool
    _adapter: TypeAdapter[list[tuple[Any, ...]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        row = tuple.__class_getitem__(tuple(column.kind for column in self.columns))
        object.__setattr__(self, "_adapter", TypeAdapter(list[row]))  # type: ignore[valid-type]

    @property
    def header(self) -> str:
        """The first line of a file of this format, exactly."""
        return ",".join(column.name for column in self.columns)

    def lines(self, rows: Iterable[Sequence[str]]) -> tuple[PoLine, ...]:
        """What these rows, which were checked, tell."""
        return _LINES.validate_python(map(self.line, rows))

    def flaws(self, rows: Sequence[Sequence[str]]) -> dict[int, Flaw]:
        """What is wrong with these rows, each as wide as the header, by their index: the first flaw of each."""
        found: dict[int, Flaw] = {}
        try:
            self._adapter.validate_python(rows)
        except ValidationError as problem:
            for index, cell_flaw in self._flaws_in(problem):
                found.setdefault(index, cell_flaw)
        for index, cells in enumerate(rows):
            if (flaw := self.flaw_of_row(cells)) is not None:
                found.setdefault(index, flaw)
        return found

    def _flaws_in(self, problem: ValidationError) -> list[tuple[int, Flaw]]:
        """The index and the flaw of each mistake.

        A list, made in a frame that ends here: the errors know the frame of the check, which may not know them in turn
        (all of its rows would wait for the garbage collector).
        """
        found = []
        for error in problem.errors(include_url=False, include_input=False):
            index, column = error["loc"][:2]
            told = error.get("ctx", {}).get("error") or self.columns[int(column)].expected
            found.append((int(index), Flaw(int(column), str(told))))
        return found


def _split_stock(text: str) -> list[str]:
    cells = text.split(",")
    if '"' in text and any(cell.startswith('"') for cell in cells):
        raise ValueError("begins with a quotation mark, and the stock exporter quotes nothing: rename the item")
    return cells


def _split_waybill(text: str) -> list[str]:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error as error:
        raise ValueError(f"the quoting is broken ({error}): a value stays on one line, its quotes doubled") from None


def _stock_line(cells: Sequence[str]) -> Mapping[str, Any]:
    _, sku, quantity, facility, line_id, arrival = cells
    return {
        "line_id": line_id,
        "sku": sku,
        "quantity": positive(quantity),
        "facility": facility,
        "arrival": us_date(arrival),
    }


def _waybill_line(cells: Sequence[str]) -> Mapping[str, Any]:
    line_id, unique_key, sku, quantity, unit, rate, received, closed, facility, arrival = cells[3:13]
    return {
        "line_id": line_id,
        "unique_key": unique_key or None,
        "sku": sku,
        "quantity": amount(quantity),
        "unit": unit or None,
        "unit_rate": optional_positive(rate),
        "received": amount(received),
        "closed": closed == "T",
        "facility": facility,
        "arrival": iso_date(arrival),
    }


def _waybill_facts(cells: Sequence[str]) -> Facts:
    return _facts(cells[1], cells[2], cells[13])


@lru_cache(REMEMBERED)
def _facts(number: str, status: str, modified_at: str) -> Facts:
    return Facts(number or None, PoStatus(status), moment(modified_at))


_QUANTITY, _UNIT, _RATE, _CLOSED, _FACILITY = 6, 7, 8, 10, 11


def _flaw_of_waybill_row(cells: Sequence[str]) -> Flaw | None:
    if cells[_UNIT] and not cells[_RATE]:
        return Flaw(_RATE, "is empty, so that the unit says nothing: set the unit's conversion rate in NetSuite")
    if cells[_CLOSED] == "F":
        if not cells[_QUANTITY].strip("0."):
            return Flaw(_QUANTITY, "is zero on an open line: close the line in NetSuite, or give it a quantity")
        if not cells[_FACILITY]:
            return Flaw(_FACILITY, "is empty on an open line: set the line's location in NetSuite")
    return None


_ID = "is no internal id of NetSuite: expected up to 15 digits, without leading zeros"
_LINE = "is no line id of NetSuite: expected up to 15 digits, without leading zeros"
_NAME = "is empty, longer than 255 characters, or has control characters"
_TEXT = "is longer than 255 characters, or has control characters"
_LOCATION = "is no location: set the line's location in NetSuite (expected its internal id)"

STOCK = Layout(
    name=PoFileFormat.STOCK,
    columns=(
        Column("external-id", values.Identifier, _ID),
        Column("product-sku", values.Name, _NAME),
        Column("quantity", values.Positive),
        Column("external-facility-id", values.Identifier, _LOCATION),
        Column("item-external-id", values.Identifier, _LINE),
        Column("arrival-date", values.UsDate),
    ),
    split=_split_stock,
    flaw_of_row=lambda _: None,
    facts=lambda _: Facts(),
    line=_stock_line,
    sealed=False,
)
WAYBILL = Layout(
    name=PoFileFormat.WAYBILL,
    columns=(
        Column("po_id", values.Identifier, _ID),
        Column("po_number", values.OptionalName, _TEXT),
        Column("po_status", values.StatusLetter, "is no status letter of NetSuite: expected A to H, or P"),
        Column("line_id", values.Identifier, _LINE),
        Column("unique_key", values.OptionalIdentifier, _ID),
        Column("sku", values.Name, _NAME),
        Column("quantity", values.Amount),
        Column("unit", values.OptionalName, _TEXT),
        Column("unit_rate", values.OptionalPositive),
        Column("quantity_received", values.Amount),
        Column("line_closed", values.Flag, "is neither T nor F"),
        Column("facility_id", values.OptionalIdentifier, _LOCATION),
        Column("arrival_date", values.IsoDate),
        Column("modified_at", values.MomentText),
    ),
    split=_split_waybill,
    flaw_of_row=_flaw_of_waybill_row,
    facts=_waybill_facts,
    line=_waybill_line,
    sealed=True,
)
LAYOUTS = {layout.name: layout for layout in (STOCK, WAYBILL)}


def po_id_of(text: str) -> str | None:
    """The purchase order that a row, however broken, says it belongs to."""
    first = text.partition(",")[0].strip('"')
    return first if is_identifier(first) else None


def modified_at_of(text: str) -> datetime | None:
    """When NetSuite changed what a row, however broken, tells of; only where the row says so."""
    try:
        return moment(text.rpartition(",")[2].strip('"'))
    except ValueError:
        return None
