"""A reconciliation: all that NetSuite holds, in the files of its script (docs/purchase-orders-proof.md)."""

import csv
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from domain.base import Frozen, Moment
from domain.purchase_order import PoStatus
from operators.po_netsuite import NetSuiteLine, NetSuiteWord

HEADER = ("po_id", "line_id", "ordered", "received", "closed", "status", "receipts")
"""The columns; quantities are in each line's own unit."""

_TRAILER = re.compile(rb"#end,(\d+),(\d+),(\d+),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),([0-9a-f]{64})\r?\n")
_NOT_WHOLE = (
    "its last line is no trailer (#end,...): it was cut on its way, or an older script wrote it, which seals nothing."
    " Fetch it from the server again; if it lacks the trailer there too, install the newest waybill_reconcile.js in"
    " NetSuite, and run Waybill: reconcile again"
)
_CHANGED = (
    "it is not what its trailer seals: it was changed or damaged on its way, or put together with another file. Fetch"
    " it from the server again, as it is there, and give each file by itself"
)


class ReconciliationError(Exception):
    """The reconciliation is not whole, or makes no sense; the message names the file, what is wrong and what to do."""


class Reconciliation(Frozen):
    """All that NetSuite holds by purchase order, as it was when its script began to read."""

    until: Moment
    words: Mapping[str, NetSuiteWord]

    def word_of(self, po_id: str, told_at: datetime | None) -> NetSuiteWord | None:
        """What it says of a purchase order whose newest word elsewhere is of `told_at`; None where that may be all.

        NetSuite's times may have no seconds: one of the same minute may be younger.
        """
        if po_id in self.words:
            return self.words[po_id]
        is_older = told_at is not None and told_at < self.until.replace(second=0)
        return NetSuiteWord(until=self.until, missing=True) if is_older else None


def read_reconciliation(paths: Sequence[Path]) -> Reconciliation:
    """What all files of one reconciliation tell together; a part of it would pass over what it lacks.

    Raises:
        ReconciliationError: a file is missing, was cut or changed, is not of the same reconciliation as the others, or
            has a row that makes no sense.
    """
    parts = [_part(path) for path in paths]
    _refuse_some_of_them(parts)
    drafts: dict[str, _Draft] = {}
    for part in parts:
        _read(part, drafts)
    until = parts[0].began
    return Reconciliation(until=until, words={po_id: draft.word(until) for po_id, draft in drafts.items()})


class _Part(NamedTuple):
    """One file of a reconciliation, which its trailer says to be whole."""

    path: Path
    text: str
    """Header and rows."""
    number: int
    parts: int
    began: datetime

    @property
    def whole(self) -> str:
        """Of which reconciliation it is."""
        return f"the reconciliation of {self.began:%Y-%m-%dT%H:%M:%SZ} (parts: {self.parts})"


def _part(path: Path) -> _Part:
    try:
        content = path.read_bytes()
        end = content.rfind(b"\n", 0, -1) + 1
        if not (trailer := _TRAILER.fullmatch(content, end)):
            raise ReconciliationError(f"{path}: {_NOT_WHOLE}")
        rows, number, parts, began, checksum = (cell.decode() for cell in trailer.groups())
        is_sealed = hashlib.sha256(content[: trailer.start(5)]).hexdigest() == checksum
        if not is_sealed or content.count(b"\n", 0, end) - 1 != int(rows):
            raise ReconciliationError(f"{path}: {_CHANGED}")
        return _Part(path, content[:end].decode(), int(number), int(parts), datetime.fromisoformat(began))
    except (OSError, ValueError) as error:
        raise ReconciliationError(f"{path} cannot be read: {error}") from None


def _refuse_some_of_them(parts: Sequence[_Part]) -> None:
    first, there = parts[0], dict[int, _Part]()
    for part in parts:
        if part.whole != first.whole:
            said = f"{part.path} is of {part.whole}, and {first.path} of {first.whole}"
            raise ReconciliationError(f"{said}: give all files of one, which have the same time in their names")
        if there.setdefault(part.number, part) is not part:
            said = f"{part.path} and {there[part.number].path} are both part {part.number} of {part.whole}"
            raise ReconciliationError(f"{said}: give each part once")
    if lacking := [str(number) for number in range(1, first.parts + 1) if number not in there]:
        raise ReconciliationError(
            f"{first.path} is of {first.whole}, and part {', '.join(lacking)} is not given: give all of them, each with"
            " --netsuite; where the server lacks one, run Waybill: reconcile in NetSuite again"
        )


def _read(part: _Part, drafts: dict[str, "_Draft"]) -> None:
    header, _, text = part.text.partition("\n")
    if header != ",".join(HEADER):
        raise ReconciliationError(f"{part.path}: the first line must be {','.join(HEADER)}")
    rows = csv.reader(StringIO(text), strict=True)
    try:
        for cells in rows:
            _take(drafts, cells)
    except (ValueError, InvalidOperation, csv.Error) as error:
        raise ReconciliationError(f"{part.path}, line {rows.line_num + 1}: {error or type(error).__name__}") from None


class _Draft:
    """The rows of one purchase order."""

    def __init__(self) -> None:
        self.status: PoStatus | None = None
        self.unreadable = ""
        self.lines: dict[str, NetSuiteLine] = {}
        self.made: dict[str, dict[str, Decimal]] = {}

    def word(self, until: datetime) -> NetSuiteWord:
        if self.unreadable:
            return NetSuiteWord(until=until, unreadable=self.unreadable)
        return NetSuiteWord(until=until, status=self.status, lines=self.lines, item_receipts=self.made)


def _take(words: dict[str, _Draft], cells: list[str]) -> None:
    if len(cells) != len(HEADER):
        raise ValueError(f"has {len(cells)} columns instead of {len(HEADER)}")
    po_id, line_id, ordered, received, closed, status, made = cells
    if made and not any(cells[1:-1]):
        words.setdefault(po_id, _Draft()).unreadable = made
        return
    if closed not in {"T", "F"}:
        raise ValueError(f"closed is {closed!r}, neither T nor F")
    draft = words.setdefault(po_id, _Draft())
    draft.status = PoStatus(status)
    if line_id in draft.lines:
        raise ValueError(f"line {line_id} of purchase order {po_id} stands there twice")
    draft.lines[line_id] = NetSuiteLine(ordered=_number(ordered), received=_number(received), closed=closed == "T")
    for part in filter(None, made.split(";")):
        name, _, quantity = part.strip().rpartition("=")
        lines = draft.made.setdefault(name, {})
        lines[line_id] = lines.get(line_id, Decimal(0)) + _number(quantity)


def _number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or number < 0:
        raise ValueError(f"{text!r} is no quantity")
    return number
