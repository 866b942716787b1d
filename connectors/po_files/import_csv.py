"""What HotWax's Data Manager imports: purchase order lines to make or change, lines to close, and what it refused."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from connectors.errors import shortened
from connectors.exact_json import plain
from connectors.po_files.document import csv_of, text_of
from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.formats import STOCK
from connectors.po_files.values import has_control_characters, is_identifier
from domain.base import Frozen
from domain.purchase_order import ImportedLine

CLOSE_HEADER = "external-id,item-external-id"
_ERROR = "error"
_LONGEST_REASON = 500

Batch = Mapping[str, Iterable[ImportedLine]]
"""Lines by the purchase order's NetSuite id; the order is kept."""


def import_csv(batch: Batch) -> bytes | None:
    """The CSV that imports the lines that are not closed, in pieces; None when there are none.

    Values with commas or quotes are quoted, which the stock exporter does not do.

    Raises:
        ValueError: a quantity is not above zero, or a text holds a control character.
    """
    rows = ((po_id, _checked(line)) for po_id, lines in batch.items() for line in lines if not line.closed)
    return _written(STOCK.header, (_import_row(po_id, line) for po_id, line in rows))


def close_csv(batch: Batch) -> bytes | None:
    """The CSV that closes the lines that are closed; None when there are none."""
    rows = ((po_id, line.line_id) for po_id, lines in batch.items() for line in lines if line.closed)
    return _written(CLOSE_HEADER, rows)


def _checked(line: ImportedLine) -> ImportedLine:
    if not line.pieces > 0:
        raise ValueError(f"line {line.line_id}: {line.pieces} pieces cannot be imported: close the line instead")
    if has_control_characters(line.sku + line.facility):
        raise ValueError(f"line {line.line_id}: SKU or facility has control characters: mend them in NetSuite")
    return line


def _import_row(po_id: str, line: ImportedLine) -> tuple[str, ...]:
    return (po_id, line.sku, plain(line.pieces), line.facility, line.line_id, _us(line.arrival))


def _us(day: date | None) -> str:
    return f"{day.month:02}/{day.day:02}/{day.year:04}" if day else ""


def _written(header: str, rows: Iterable[Sequence[str]]) -> bytes | None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return f"{header}\n{text.getvalue()}".encode() if text.tell() else None


class RefusedRecord(Frozen):
    """A record that HotWax did not take; ids are None where its row does not tell them."""

    po_id: str | None
    line_id: str | None
    reason: str


def refused_records(content: bytes) -> tuple[RefusedRecord, ...]:
    """What HotWax's error file says: the failed rows' own columns in any order, and `error` as the last one.

    Raises:
        FileRefusedError: the file is no such CSV.
    """
    rows = csv_of(text_of(content))
    header = next(rows, [])
    if "external-id" not in header or header[-1] != _ERROR:
        told = shortened(",".join(header))
        raise FileRefusedError(Refusal.UNKNOWN_HEADER, f"{told!r} is no header of HotWax's error files")
    return tuple(_refused(header, row) for row in rows)


def _refused(header: Sequence[str], row: Sequence[str]) -> RefusedRecord:
    """The record of one row; a message with commas that nobody quoted is put together again."""
    width = len(header) - 1
    reason = ",".join(row[width:]) or "HotWax gave no reason"
    by_name = dict(zip(header[:width], row, strict=False))
    return RefusedRecord(
        po_id=_identifier(by_name.get("external-id")),
        line_id=_identifier(by_name.get("item-external-id")),
        reason=shortened(reason, _LONGEST_REASON),
    )


def _identifier(text: str | None) -> str | None:
    return text if text and is_identifier(text) else None
