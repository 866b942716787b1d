"""Purchase orders by SuiteQL, page by page, in the very shape that a file of our own format has.

Each row of a query becomes a row of that format and takes its way from there: the same checks, the same words for what
is wrong, the same assembly. What one way accepts, the other does.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from connectors.errors import Contract
from connectors.exact_json import plain
from connectors.netsuite import suiteql
from connectors.netsuite.port import OrderPage
from connectors.netsuite.session import Session
from connectors.netsuite.settings import RestSettings
from connectors.po_files.assembly import ToldPo, purchase_orders
from connectors.po_files.errors import BadRow, bad_row
from connectors.po_files.formats import LAYOUTS, WHOLE_ROW, Flaw, PoFileFormat
from connectors.po_files.values import is_identifier
from domain.po_units import NotExact, to_unit

FORMAT = PoFileFormat.WAYBILL
_LAYOUT = LAYOUTS[FORMAT]
_DECIMALS = 8
"""What a transaction's quantity keeps behind the point (netsuite 2)."""
_MOST_DIGITS = 30
_AT_ONCE = 200
_STATUS = "PurchOrd:"
_QUANTITY, _RECEIVED = (
    [column.name for column in _LAYOUT.columns].index(name) for name in ("quantity", "quantity_received")
)

Row = Mapping[str, Any]


class _Line(NamedTuple):
    """One row of a query: its keys as numbers, and the row itself."""

    po_id: int
    line_id: int
    row: Row


class Orders:
    """Reads purchase orders of one account."""

    def __init__(self, tenant: str, settings: RestSettings, session: Session) -> None:
        self._tenant, self._settings, self._session = tenant, settings, session

    def pending(self, after: str | None) -> OrderPage:
        """Purchase orders with an open remainder, behind `after`."""
        lines, next_after = self._page("pending_orders", suiteql.PENDING, int(after or 0))
        told = tuple(each for each in self._told(lines) if _is_open(each))
        return OrderPage(told, None if next_after is None else str(next_after))

    def of(self, po_ids: Collection[str]) -> Mapping[str, ToldPo]:
        """These purchase orders as they stand now."""
        found: dict[str, ToldPo] = {}
        for batch in _batches(sorted({*po_ids}, key=int)):
            which, after = suiteql.these(batch), 0
            while True:
                lines, next_after = self._page("orders", which, after)
                found |= {each.po_id: each for each in self._told(lines)}
                if next_after is None:
                    break
                after = next_after
        return found

    # ---- pages -------------------------------------------------------------------------------------------------------

    def _page(self, operation: str, which: str, after: int) -> tuple[list[_Line], int | None]:
        """The lines of whole purchase orders behind `after`, and where to go on; None at the end.

        A page may end in the middle of a purchase order: that one begins the next page, or is read on alone where it is
        longer than a page.
        """
        lines, has_more = self._read(operation, suiteql.lines_after(which, after), (after, _LAST))
        if not has_more:
            return lines, None
        last = lines[-1].po_id
        if whole := [line for line in lines if line.po_id != last]:
            return whole, whole[-1].po_id
        while has_more:
            at = lines[-1].line_id
            more, has_more = self._read(operation, suiteql.lines_of(which, last, at), (last, at))
            lines += more
        return lines, last

    def _read(self, operation: str, query: str, after: tuple[int, int]) -> tuple[list[_Line], bool]:
        page = self._session.query(operation, query)
        lines = [self._keyed(operation, at, row) for at, row in enumerate(page.rows)]
        keys = [after, *((line.po_id, line.line_id) for line in lines)]
        ascending = all(a < b for a, b in pairwise(keys))
        if not ascending or (page.has_more and not lines):
            # To go on from such a page could skip purchase orders, or never end.
            raise Contract(
                self._session.name, operation, place="items", expected=f"rows in order behind {after}", got=keys[1:4]
            )
        return lines, page.has_more

    def _keyed(self, operation: str, at: int, row: Row) -> _Line:
        po_id, line_id = number(row, "po_id"), number(row, "line_id")
        if not (is_identifier(po_id) and is_identifier(line_id)):
            place, got = f"items[{at}]", f"{po_id!r}, {line_id!r}"
            raise Contract(self._session.name, operation, place=place, expected="ids of order and line", got=got)
        return _Line(int(po_id), int(line_id), row)

    # ---- from rows to purchase orders --------------------------------------------------------------------------------

    def _told(self, lines: Sequence[_Line]) -> Iterator[ToldPo]:
        for po_id, group in groupby(lines, key=lambda line: line.po_id):
            yield self._order(str(po_id), list(group))

    def _order(self, po_id: str, lines: Sequence[_Line]) -> ToldPo:
        cells = [self._cells(line.row) for line in lines]
        flaws = _LAYOUT.flaws(cells)
        for index, line in enumerate(lines):
            if index not in flaws and (flaw := self._in_line_unit(line.row, cells[index])):
                flaws[index] = flaw
        bad = tuple(_bad(lines[index], cells[index], flaw) for index, flaw in sorted(flaws.items()))
        rows = [(line.line_id, po_id, _text(cells[i])) for i, line in enumerate(lines) if i not in flaws]
        for told in purchase_orders(rows, FORMAT, self._tenant):
            return told._replace(bad=bad + told.bad)
        return ToldPo(po_id, None, bad)

    def _cells(self, row: Row) -> list[str]:
        """The row in our file format, its quantities as they came. A line of nothing has nothing to receive: closed."""
        unit, quantity = cell(row, "unit") or cell(row, "units"), number(row, "quantity")
        closed = "T" if quantity == "0" else cell(row, "isclosed") or "F"
        status = cell(row, "status").removeprefix(_STATUS)
        return [
            *(number(row, "po_id"), cell(row, "tranid"), status, number(row, "line_id")),
            *(number(row, "uniquekey"), cell(row, "sku"), quantity, unit, number(row, "rate")),
            *(number(row, "received"), closed, number(row, "location"), cell(row, "eta")),
            self._utc(cell(row, "modified")),
        ]

    def _in_line_unit(self, row: Row, cells: list[str]) -> Flaw | None:
        """Turn the quantities from base units into the line's own; what is wrong where that has no exact value."""
        rate = number(row, "rate")
        if not rate or self._settings.query_quantities == "line_unit":
            return None
        for column in (_QUANTITY, _RECEIVED):
            converted = to_unit(Decimal(cells[column]), Decimal(rate), _DECIMALS)
            if isinstance(converted, NotExact):
                return Flaw(column, f"cannot be told in the line's unit: {converted.reason}")
            cells[column] = plain(converted)
        return None

    def _utc(self, text: str) -> str:
        """A time of the query's zone as our file has it; a text that is none stays, to be told."""
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            return text
        aware = local if local.tzinfo else local.replace(tzinfo=self._settings.query_timezone)
        return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


_LAST = 10**15
"""Behind every line of a purchase order: ids have 15 digits at most."""


def cell(row: Row, key: str) -> str:
    """A value of a row as the text that it is: SuiteQL writes texts, leaves empty columns out, and may write flags."""
    match row.get(key):
        case None:
            return ""
        case bool(value):
            return "T" if value else "F"
        case Decimal() as value:
            return f"{value:f}" if _is_sensible(value) else str(value)
        case value:
            return str(value).strip()


def number(row: Row, key: str) -> str:
    """A number of a row in plain digits, for SuiteQL may write `24.0` and `2.4E1`; a text that is none stays."""
    text = cell(row, key)
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return plain(value) if _is_sensible(value) else text


def _is_sensible(value: Decimal) -> bool:
    """Whether it can be written in plain digits: a few letters can name a number of a million."""
    return value.is_finite() and abs(value.adjusted()) < _MOST_DIGITS


def _is_open(told: ToldPo) -> bool:
    """Whether something remains to be received, or cannot be told."""
    lines = told.po.open_lines if told.po else ()
    return bool(told.bad) or any((line.received or 0) < line.quantity for line in lines)


def _bad(line: _Line, cells: Sequence[str], flaw: Flaw) -> BadRow:
    name, value = (
        (WHOLE_ROW, _text(cells)) if flaw.column is None else (_LAYOUT.columns[flaw.column].name, cells[flaw.column])
    )
    return bad_row(line.line_id, name, value, flaw.reason, str(line.po_id))


def _text(cells: Sequence[str]) -> str:
    """The row as one line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _batches(po_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (po_ids[start : start + _AT_ONCE] for start in range(0, len(po_ids), _AT_ONCE))
