"""NetSuite's side of the proof: its newest word in a file, in a reconciliation, or of the account itself."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from connectors.netsuite.port import NetSuitePort
from connectors.po_files.assembly import ToldPo
from domain.base import Frozen, Moment
from domain.purchase_order import PoStatus, PurchaseOrder

_TOLD_ROWS = 3
_HIDDEN = "its query does not show it, and its record is not said to be gone: see whether the role may see it"


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
    unreadable: str = ""
    """Why it cannot tell the purchase order; then it says nothing else of it."""
    deleted: bool = False
    """Whether it has no such purchase order any more."""
    missing: bool = False
    """Whether it told all that it holds, and not this one; then it says nothing else of it."""


def word_of_file(po: PurchaseOrder, until: datetime | None) -> NetSuiteWord:
    """What the newest file of purchase orders says."""
    lines = {
        line.line_id: NetSuiteLine(ordered=line.quantity, received=line.received, closed=line.closed)
        for line in po.lines
    }
    return NetSuiteWord(until=until, status=po.status, lines=lines)


def newest(word: NetSuiteWord, of_file: NetSuiteWord) -> NetSuiteWord:
    """The word that counts for what is ordered and closed: what was amended since a reconciliation is not in it yet."""
    is_amended = word.until and of_file.until and of_file.until > word.until
    return of_file if is_amended else word


def words_of_account(netsuite: NetSuitePort, po_ids: Sequence[str]) -> dict[str, NetSuiteWord]:
    """What the account says of these purchase orders now: one word of each, where it says nothing too.

    Raises:
        ConnectorError: it is out of reach.
    """
    until = datetime.now(UTC)
    there = netsuite.orders(po_ids)
    hidden = [po_id for po_id in po_ids if po_id not in there]
    gone = netsuite.deleted(hidden)
    words = {po_id: _word_of_account(told, until) for po_id, told in there.items()}
    untold = NetSuiteWord(until=until, unreadable=_HIDDEN)
    return words | {po_id: NetSuiteWord(deleted=True) if po_id in gone else untold for po_id in hidden}


def _word_of_account(told: ToldPo, until: datetime) -> NetSuiteWord:
    """What the account told; nothing where it told a line unreadably, which may have received anything."""
    if told.bad or told.po is None:
        rows = "; ".join(str(row) for row in told.bad[:_TOLD_ROWS])
        return NetSuiteWord(until=until, unreadable=rows or "it told no lines")
    return word_of_file(told.po, until)


def pending_in_account(netsuite: NetSuitePort) -> Iterator[tuple[str, NetSuiteWord]]:
    """Every pending purchase order of the account, with what it says of it.

    Raises:
        ConnectorError: it is out of reach.
    """
    after: str | None = None
    while True:
        page = netsuite.pending_orders(after)
        yield from ((told.po_id, _word_of_account(told, datetime.now(UTC))) for told in page.told)
        if (after := page.after) is None:
            return
