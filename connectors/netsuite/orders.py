"""Purchase orders by SuiteQL, page by page, in the very shape that a file of our own format has.

Each row of a query becomes a row of that format and takes its way from there: the same checks, the same words for what
is wrong, the same assembly. What one way accepts, the other does.
"""

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from connectors.errors import Contract, Throttled, Unauthorized, Unreachable
from connectors.exact_json import plain
from connectors.netsuite import suiteql
from connectors.netsuite.answers import refusal_of
from connectors.netsuite.port import OrderPage
from connectors.netsuite.session import RECORDS, Session
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
_UNANSWERED_IN_A_ROW = 5
"""So many records that are not answered one after the other are no chance: each may take as long as a time-out."""
_READINGS = 3
"""So many times a purchase order of several pages is read where others change it meanwhile."""
_CHANGING = ("status", "modified")
"""What a purchase order tells with each line, and has otherwise when somebody has changed it."""
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

    def deleted(self, po_ids: Collection[str]) -> frozenset[str]:
        """Those of these that the record service, asked for each by its id, has not.

        One whose record it fails to answer says nothing and stops no other; after several in a row the rest are left
        for the next time.
        """
        gone, unanswered = set[str](), 0
        for po_id in sorted(po_ids, key=int):
            try:
                if self._is_gone(po_id):
                    gone.add(po_id)
                unanswered = 0
            except Unreachable:
                unanswered += 1
                if unanswered == _UNANSWERED_IN_A_ROW:
                    break
        return frozenset(gone)

    def _is_gone(self, po_id: str) -> bool:
        """Whether NetSuite says in its own words that it has no such record: any page may be answered with a 404."""
        try:
            answer = self._session.call("is_deleted", "GET", f"{RECORDS}/purchaseOrder/{po_id}")
        except Unauthorized as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return False  # it keeps this one from us; that it is gone it does not say
            raise
        except Contract:
            return False  # a page of something in between
        return answer.status == HTTPStatus.NOT_FOUND and bool(refusal_of(answer).code)

    # ---- pages -------------------------------------------------------------------------------------------------------

    def _page(self, operation: str, which: str, after: int) -> tuple[list[_Line], int | None]:
        """The lines of whole purchase orders behind `after`, and where to go on; None at the end.

        A page may end in the middle of a purchase order: that one begins the next page, or is read on alone where it is
        longer than a page.

        Raises:
            Throttled: others changed such a long one each time that it was read.
        """
        for _ in range(_READINGS):
            lines, has_more = self._read(operation, suiteql.lines_after(which, after), (after, _LAST))
            if not has_more:
                return lines, None
            last = lines[-1].po_id
            if whole := [line for line in lines if line.po_id != last]:
                return whole, whole[-1].po_id
            lines += self._read_on(operation, lines[-1])
            if self._stands_as_read(operation, lines):
                return lines, last
        told = f"purchase order {last} was changed by others while its lines were read; it is read again"
        raise Throttled(self._session.name, operation, told)

    def _read_on(self, operation: str, line: _Line) -> list[_Line]:
        """The lines of a purchase order behind this one, of any status: it may have another than at its first page."""
        rest, has_more = list[_Line](), True
        while has_more:
            more, has_more = self._read_lines(operation, (rest or [line])[-1])
            rest += more
        return rest

    def _stands_as_read(self, operation: str, lines: Sequence[_Line]) -> bool:
        """Whether a purchase order of several pages is as it was at the first one: half of it would pass for all."""
        first, last = lines[0], lines[-1]
        now, _ = self._read_lines(operation, last._replace(line_id=last.line_id - 1), limit=1)
        return bool(now) and all(now[0].row.get(key) == first.row.get(key) for key in _CHANGING)

    def _read_lines(self, operation: str, behind: _Line, limit: int | None = None) -> tuple[list[_Line], bool]:
        """A page of the lines of one purchase order, of any status, behind this one."""
        which = suiteql.these([str(behind.po_id)])
        query = suiteql.lines_of(which, behind.po_id, behind.line_id)
        return self._read(operation, query, (behind.po_id, behind.line_id), limit)

    def _read(
        self, operation: str, query: str, after: tuple[int, int], limit: int | None = None
    ) -> tuple[list[_Line], bool]:
        page = self._session.query(operation, query, limit)
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
            aware = local if local.tzinfo else local.replace(tzinfo=self._settings.query_timezone)
            return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        except (ValueError, OverflowError):
            return text


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
            return f"{value:f}" if is_sensible(value) else str(value)
        case value:
            return str(value).strip()


def number(row: Row, key: str) -> str:
    """A number of a row in plain digits, for SuiteQL may write `24.0` and `2.4E1`; a text that is none stays."""
    text = cell(row, key)
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    return plain(value) if is_sensible(value) else text


def is_sensible(value: Decimal) -> bool:
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
