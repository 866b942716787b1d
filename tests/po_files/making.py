"""Purchase order files for tests: written the way the two exporters write them, by code of their own."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from operator import itemgetter

from connectors.po_files.assembly import ToldPo, purchase_orders
from connectors.po_files.errors import BadRow
from connectors.po_files.formats import STOCK, WAYBILL, Row
from connectors.po_files.reading import FileSummary, PoFileReader
from domain.purchase_order import PoLine, PurchaseOrder

STOCK_ROW = "4410021,SHOE-BLK-42,24,17,3,06/15/2025"
WAYBILL_ROW = "4410021,PO1077,B,3,900123,SHOE-BLK-42,24,EA,1,0,F,17,2026-12-01,2026-11-20T10:15:00Z"


def stock_file(*rows: str) -> bytes:
    """A stock file of these lines."""
    return "".join(f"{row}\n" for row in (STOCK.header, *rows)).encode()


def sealed(body: bytes, rows: int) -> bytes:
    """A file of our own format with its trailer."""
    return body + f"#end,{rows},{hashlib.sha256(body).hexdigest()}\n".encode()


def waybill_file(*rows: str) -> bytes:
    """A file of our own format with these lines."""
    return sealed("".join(f"{row}\n" for row in (WAYBILL.header, *rows)).encode(), len(rows))


def told(orders: Iterable[PurchaseOrder]) -> bytes:
    """A file of our own format that tells these purchase orders."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    rows = [_cells(po, line) for po in orders for line in po.lines]
    writer.writerows([WAYBILL.header.split(","), *rows])
    return sealed(text.getvalue().encode(), len(rows))


def _cells(po: PurchaseOrder, line: PoLine) -> tuple[object, ...]:
    assert po.modified_at
    head = (po.po_id, po.number or "", po.status, line.line_id, line.unique_key or "", line.sku)
    rate = "" if line.unit_rate is None else f"{line.unit_rate:f}"
    amounts = (f"{line.quantity:f}", line.unit or "", rate, f"{line.received:f}")
    modified = po.modified_at.isoformat().replace("+00:00", "Z")
    return (*head, *amounts, "T" if line.closed else "F", line.facility, line.arrival or "", modified)


def cut(content: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """The content in chunks of these sizes, over and over."""
    at = turn = 0
    while at < len(content):
        size = sizes[turn % len(sizes)]
        yield content[at : at + size]
        at, turn = at + size, turn + 1


class Read:
    """Everything that a file came to."""

    def __init__(self, content: bytes, sizes: Sequence[int] = (65_536,)) -> None:
        reader = PoFileReader(cut(content, sizes))
        self.rows: list[Row] = []
        self.bad: list[BadRow] = []
        for batch in reader.batches():
            self.rows += batch.rows
            self.bad += batch.bad
        self.summary: FileSummary = reader.summary()

    def orders(self) -> list[ToldPo]:
        """The purchase orders of the good rows."""
        in_order = sorted(self.rows, key=itemgetter(1, 0))
        return list(purchase_orders(in_order, self.summary.format, "acme"))
