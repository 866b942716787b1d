"""Whole purchase orders from checked rows that were put in the order of their purchase orders."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import NamedTuple

from connectors.po_files.errors import BadRow, bad_row
from connectors.po_files.formats import LAYOUTS, WHOLE_ROW, Facts, Layout, PoFileFormat
from connectors.po_files.limits import DEFAULT_LIMITS, FileLimits
from connectors.po_files.reading import GoodRow
from domain.purchase_order import PoLine, PurchaseOrder


class ToldPo(NamedTuple):
    """A purchase order as a file tells it, without the rows that contradict each other.

    `po` is None where no row is left. The bad rows that `PoFileReader` found are not among `bad`.
    """

    po_id: str
    po: PurchaseOrder | None
    bad: tuple[BadRow, ...] = ()


class _Read(NamedTuple):
    row: GoodRow
    facts: Facts
    line: PoLine


def purchase_orders(
    rows: Iterable[GoodRow], file_format: PoFileFormat, tenant: str, limits: FileLimits = DEFAULT_LIMITS
) -> Iterator[ToldPo]:
    """The purchase orders of these rows, one after the other; only one is in memory at a time.

    `rows` come sorted by purchase order, and within it by their line in the file.
    """
    layout = LAYOUTS[file_format]
    for po_id, group in groupby(rows, key=attrgetter("po_id")):
        taken = list(islice(group, limits.po_lines + 1))
        if len(taken) > limits.po_lines:
            yield _too_long(po_id, taken[-1], limits)
        else:
            yield _told(tenant, po_id, [_read(layout, row) for row in taken])


def _read(layout: Layout, row: GoodRow) -> _Read:
    cells = layout.split(row.text)
    return _Read(row, layout.facts(cells), layout.line(cells))


def _too_long(po_id: str, beyond: GoodRow, limits: FileLimits) -> ToldPo:
    reason = f"the purchase order has more than {limits.po_lines:,} rows"
    return ToldPo(po_id, None, (bad_row(beyond.number, WHOLE_ROW, beyond.text, reason, po_id),))


def _told(tenant: str, po_id: str, read: list[_Read]) -> ToldPo:
    facts = read[0].facts
    times = Counter(each.line.line_id for each in read)
    bad = [flaw for each in read if (flaw := _contradiction(each, facts, times[each.line.line_id]))]
    wrong = {flaw.number for flaw in bad}
    lines = tuple(each.line for each in read if each.row.number not in wrong)
    return ToldPo(po_id, _purchase_order(tenant, po_id, facts, lines) if lines else None, tuple(bad))


def _contradiction(read: _Read, facts: Facts, times: int) -> BadRow | None:
    row = read.row
    if times > 1:
        reason = f"the line stands {times} times in the file: only one can be true"
        return bad_row(row.number, "line id", read.line.line_id, reason, row.po_id)
    if read.facts != facts:
        reason = "number, status or time differ from the purchase order's first row"
        return bad_row(row.number, WHOLE_ROW, row.text, reason, row.po_id)
    return None


def _purchase_order(tenant: str, po_id: str, facts: Facts, lines: tuple[PoLine, ...]) -> PurchaseOrder:
    return PurchaseOrder(
        tenant=tenant,
        po_id=po_id,
        number=facts.number,
        status=facts.status,
        lines=lines,
        modified_at=facts.modified_at,
    )
