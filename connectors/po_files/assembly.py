"""Whole purchase orders from checked rows that were put in the order of their purchase orders."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from connectors.po_files.errors import BadRow, bad_row
from connectors.po_files.formats import LAYOUTS, WHOLE_ROW, Facts, Layout, PoFileFormat, Row, modified_at_of
from connectors.po_files.limits import DEFAULT_LIMITS, FileLimits
from domain.purchase_order import PoLine, PurchaseOrder


class ToldPo(NamedTuple):
    """A purchase order as a file tells it, without the rows that contradict each other.

    `po` is None where no row is left. The bad rows that `PoFileReader` found are not among `bad`.
    """

    po_id: str
    po: PurchaseOrder | None
    bad: tuple[BadRow, ...] = ()


def purchase_orders(
    rows: Iterable[Row], file_format: PoFileFormat, tenant: str, limits: FileLimits = DEFAULT_LIMITS
) -> Iterator[ToldPo]:
    """The purchase orders of these rows, one after the other; only one is in memory at a time.

    `rows` come sorted by purchase order, and within it by their line in the file.
    """
    layout = LAYOUTS[file_format]
    for po_id, group in groupby(rows, key=itemgetter(1)):
        taken = list(islice(group, limits.po_lines + 1))
        if len(taken) > limits.po_lines:
            yield _too_long(po_id, taken[-1], limits)
        else:
            yield _told(layout, tenant, po_id, taken)


def _too_long(po_id: str, beyond: Row, limits: FileLimits) -> ToldPo:
    number, _, text = beyond
    reason = f"the purchase order has more than {limits.po_lines:,} rows"
    return ToldPo(po_id, None, (bad_row(number, WHOLE_ROW, text, reason, po_id, modified_at_of(text)),))


def _told(layout: Layout, tenant: str, po_id: str, rows: Sequence[Row]) -> ToldPo:
    cells = [layout.split(text) for _, _, text in rows]
    lines, told = layout.lines(cells), [layout.facts(row) for row in cells]
    facts = told[0]
    if told.count(facts) == len(rows) == len({line.line_id for line in lines}):
        return ToldPo(po_id, _purchase_order(tenant, po_id, facts, lines))
    times = Counter(line.line_id for line in lines)
    bad: list[BadRow] = []
    good: list[PoLine] = []
    for row, line, its_facts in zip(rows, lines, told, strict=True):
        if times[line.line_id] > 1:
            bad.append(_repeated(row, line, times[line.line_id]))
        elif its_facts != facts:
            bad.append(_contradiction(row))
        else:
            good.append(line)
    return ToldPo(po_id, _purchase_order(tenant, po_id, facts, tuple(good)) if good else None, tuple(bad))


def _repeated(row: Row, line: PoLine, times: int) -> BadRow:
    number, po_id, text = row
    reason = f"the line stands {times} times in the file: only one can be true"
    return bad_row(number, "line id", line.line_id, reason, po_id, modified_at_of(text))


def _contradiction(row: Row) -> BadRow:
    number, po_id, text = row
    reason = "number, status or time differ from the purchase order's first row"
    return bad_row(number, WHOLE_ROW, text, reason, po_id, modified_at_of(text))


def _purchase_order(tenant: str, po_id: str, facts: Facts, lines: tuple[PoLine, ...]) -> PurchaseOrder:
    return PurchaseOrder(
        tenant=tenant,
        po_id=po_id,
        number=facts.number,
        status=facts.status,
        lines=lines,
        modified_at=facts.modified_at,
    )
