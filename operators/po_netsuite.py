"""NetSuite's side of the proof: its newest word in a file, a reconciliation that it exported, or the account itself."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from connectors.netsuite.port import NetSuitePort
from domain.base import Frozen, Moment
from domain.purchase_order import PoStatus, PurchaseOrder

HEADER = ("po_id", "line_id", "ordered", "received", "closed", "status", "receipts")
"""The columns of a reconciliation (docs/purchase-orders-proof.md); quantities are in each line's own unit."""

_STAMP = re.compile(r"\d{8}T\d{6}Z")


class ReconciliationError(Exception):
    """The reconciliation makes no sense; the message names the line, what is wrong and what was expected."""


class NetSuiteLine(Frozen):
    """One line as NetSuite has it, in the line's own unit; `received` is None where it does not tell."""

    ordered: Decimal
    received: Decimal | None
    closed: bool


class NetSuiteWord(Frozen):
    """What NetSuite says of one purchase order, and up to which moment that is all of it."""

    until: Moment | None = None
    status: PoStatus | None = None
    lines: Mapping[str, NetSuiteLine] = {}
    item_receipts: Mapping[str, Mapping[str, Decimal]] | None = None
    """Name of the item receipt -> quantity by line; None where it tells sums only."""


def word_of_file(po: PurchaseOrder, until: datetime | None) -> NetSuiteWord:
    """What the newest file of purchase orders says."""
    lines = {
        line.line_id: NetSuiteLine(ordered=line.quantity, received=line.received, closed=line.closed)
        for line in po.lines
    }
    return NetSuiteWord(until=until, status=po.status, lines=lines)


def words_of_account(netsuite: NetSuitePort, po_ids: Sequence[str]) -> dict[str, NetSuiteWord]:
    """What the account says of these purchase orders now.

    Raises:
        ConnectorError: it is out of reach.
    """
    until = datetime.now(UTC)
    return {po_id: word_of_file(told.po, until) for po_id, told in netsuite.orders(po_ids).items() if told.po}


def pending_in_account(netsuite: NetSuitePort) -> Iterator[tuple[str, NetSuiteWord]]:
    """Every pending purchase order of the account, with what it says of it.

    Raises:
        ConnectorError: it is out of reach.
    """
    after: str | None = None
    while True:
        page = netsuite.pending_orders(after)
        yield from ((told.po_id, word_of_file(told.po, datetime.now(UTC))) for told in page.told if told.po)
        if (after := page.after) is None:
            return


def read_reconciliation(path: Path) -> dict[str, NetSuiteWord]:
    """What NetSuite holds by purchase order, as its reconciliation was when it was written.

    Raises:
        ReconciliationError: the file is missing, or a row of it makes no sense.
    """
    try:
        until = _written_at(path)
        with path.open(encoding="utf-8-sig", newline="") as text:
            return _words(path, csv.reader(text, strict=True), until)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReconciliationError(f"{path} cannot be read: {error}") from None


def _written_at(path: Path) -> datetime:
    """When NetSuite told it: as its name says, for a download changes the file's own time."""
    if stamp := _STAMP.search(path.name):
        return datetime.strptime(stamp[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _words(path: Path, rows: Iterator[list[str]], until: datetime) -> dict[str, NetSuiteWord]:
    header = ",".join(HEADER)
    if ",".join(next(rows, [])) != header:
        raise ReconciliationError(f"{path}: the first line must be {header}")
    words: dict[str, _Draft] = {}
    for number, cells in enumerate(rows, 2):
        try:
            _take(words, cells)
        except (ValueError, InvalidOperation) as error:
            raise ReconciliationError(f"{path}, line {number}: {error or type(error).__name__}") from None
    return {po_id: draft.word(until) for po_id, draft in words.items()}


class _Draft:
    """The rows of one purchase order."""

    def __init__(self, status: PoStatus) -> None:
        self.status = status
        self.lines: dict[str, NetSuiteLine] = {}
        self.made: dict[str, dict[str, Decimal]] = {}

    def word(self, until: datetime) -> NetSuiteWord:
        return NetSuiteWord(until=until, status=self.status, lines=self.lines, item_receipts=self.made)


def _take(words: dict[str, _Draft], cells: list[str]) -> None:
    if len(cells) != len(HEADER):
        raise ValueError(f"has {len(cells)} columns instead of {len(HEADER)}")
    po_id, line_id, ordered, received, closed, status, made = cells
    if closed not in {"T", "F"}:
        raise ValueError(f"closed is {closed!r}, neither T nor F")
    draft = words.setdefault(po_id, _Draft(PoStatus(status)))
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
