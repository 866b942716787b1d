"""A purchase order as NetSuite tells it, what is remembered of it, and what it owes next.

Quantities of lines are in the line's own unit; everything HotWax counts is in pieces, NetSuite's base unit
(netsuite 2). `domain.po_units` converts between the two, exactly or not at all.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import not_

from pydantic import Field

from domain.base import Frozen, Moment
from domain.stages import EffectKind, Hold

ZERO = Decimal(0)


class PoStage(StrEnum):
    """The four stages of a purchase order's life, and its two other ends (design 6)."""

    PENDING = "PENDING"
    IMPORTED = "IMPORTED"
    RECEIVED = "RECEIVED"
    RECEIPT_SYNCED = "RECEIPT_SYNCED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"

    @property
    def is_end(self) -> bool:
        """Whether nothing more happens to a purchase order in this stage unless one of the systems changes it."""
        return self in {PoStage.RECEIPT_SYNCED, PoStage.CLOSED, PoStage.CANCELLED}


class PoStatus(StrEnum):
    """NetSuite's own status, by its letter (netsuite 1)."""

    PENDING_APPROVAL = "A"
    PENDING_RECEIPT = "B"
    REJECTED = "C"
    PARTIALLY_RECEIVED = "D"
    PENDING_BILLING_PARTIALLY_RECEIVED = "E"
    PENDING_BILLING = "F"
    FULLY_BILLED = "G"
    CLOSED = "H"
    PLANNED = "P"

    @property
    def is_open(self) -> bool:
        """Whether goods may still be received: what the retailer calls pending."""
        return self in {
            PoStatus.PENDING_RECEIPT,
            PoStatus.PARTIALLY_RECEIVED,
            PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED,
        }

    @property
    def is_over(self) -> bool:
        """Whether NetSuite expects no goods of it any more, whatever was received."""
        return self in {PoStatus.CLOSED, PoStatus.REJECTED}

    @property
    def is_received(self) -> bool:
        """Whether NetSuite holds everything for received; it has no status of that name."""
        return self in {PoStatus.PENDING_BILLING, PoStatus.FULLY_BILLED}


class PoLine(Frozen):
    """One line, named by NetSuite's line id: never by its SKU nor its position, both of which may repeat or move."""

    line_id: str
    unique_key: str | None = None
    former_key: str | None = Field(default=None, exclude_if=not_)
    """The unique key under which the line was told before, where that was another: it may be another line now.

    Left out where there is none: what a ledger has kept of other lines stays what is told again.
    """
    added_at: Moment | None = Field(default=None, exclude_if=not_)
    """When it was told first, where the purchase order had been told without it before."""
    sku: str
    quantity: Decimal
    unit: str | None = None
    unit_rate: Decimal | None = None
    """Pieces in one `unit`; None where the file does not tell (the stock exporter), then pieces are meant."""
    received: Decimal | None = None
    """What NetSuite has received, in `unit`; None where the file does not tell."""
    closed: bool = False
    facility: str
    """NetSuite's location id, which HotWax knows as the facility's external id."""
    arrival: date | None = None


class PurchaseOrder(Frozen):
    """A purchase order as it was last told. `status` is None where the file does not tell it: then it is pending."""

    tenant: str
    po_id: str
    number: str | None = None
    status: PoStatus | None = None
    lines: tuple[PoLine, ...]
    modified_at: Moment | None = None
    deleted: bool = Field(default=False, exclude_if=not_)
    """Whether NetSuite had it no more when it was asked for by its id; the rest is what it told before."""

    @property
    def open_lines(self) -> tuple[PoLine, ...]:
        """The lines that may still be received."""
        return tuple(line for line in self.lines if not line.closed)

    def told_after(
        self, earlier: "PurchaseOrder", now: datetime | None = None, known: Collection[str] = ()
    ) -> "PurchaseOrder":
        """The purchase order with what its earlier word says of its lines: former keys, and when each was added.

        Args:
            earlier: as it was told before.
            now: when new lines of it are told; None where the earlier word may have lacked them by mistake.
            known: further lines that are not new, though the earlier word does not have them.
        """
        before = {line.line_id: line for line in earlier.lines}
        lines = tuple(
            _told_after(line, before[line.line_id])
            if line.line_id in before
            else line.model_copy(update={"added_at": None if line.line_id in known else now})
            for line in self.lines
        )
        return self.model_copy(update={"lines": lines})


def _told_after(line: PoLine, before: PoLine) -> PoLine:
    key = before.former_key or before.unique_key
    is_another = key and line.unique_key and key != line.unique_key
    former_key = key if is_another else line.former_key
    return line.model_copy(update={"former_key": former_key, "added_at": before.added_at})


class NetSuiteMode(StrEnum):
    """Which way purchase orders come out of NetSuite, and receipts go in."""

    STOCK = "files"
    """HotWax's stock scripts: they confirm nothing, so a receipt is accepted, never verified."""
    WAYBILL = "files+waybill-scripts"
    """Our own scripts, which answer every file."""
    REST = "rest"
    """No files: purchase orders are queried, and each receipt is one call that is answered."""


RECEIPT_KINDS = {
    NetSuiteMode.STOCK: EffectKind.STOCK_RECEIPT_FILE,
    NetSuiteMode.WAYBILL: EffectKind.RECEIPT_FILE,
    NetSuiteMode.REST: EffectKind.ITEM_RECEIPT,
}
"""What kind of write a receipt is: it keeps the rules of the way it went, whatever the tenant's way is later."""


class PoPolicy(Frozen):
    """A tenant's rules for purchase orders."""

    netsuite_mode: NetSuiteMode = NetSuiteMode.WAYBILL
    over_receipt_percent: Decimal = ZERO
    """How much more than ordered is passed on to NetSuite, in percent of the line's quantity; the excess is held."""
    partial_pos: bool = False
    """Whether a purchase order goes on with its good rows when its file has bad ones."""
    receipt_decimals: int = 5
    """Digits after the point that a receipt's quantity may have; more is held, never rounded."""


class ImportState(StrEnum):
    """What became of the wish that HotWax know the purchase order as it is now."""

    NONE = "none"
    WANTED = "wanted"
    SENT = "sent"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    DONE = "done"
    GONE = "gone"
    """HotWax had it, or may have it, and does not tell it; without a problem, it is looked for once more."""


class ImportedLine(Frozen):
    """A line as HotWax was last found to have it; `pieces` is in base units."""

    line_id: str
    sku: str
    pieces: Decimal
    facility: str
    arrival: date | None = None
    closed: bool = False


class ReceiptState(StrEnum):
    """Where one receipt stands on its way into NetSuite."""

    NEW = "new"
    PROMISED = "promised"
    SENT = "sent"
    """In a file that NetSuite can read; no answer yet."""
    UNVERIFIED = "unverified"
    """The stock importer archived the file without an error: accepted, unverified."""
    UNKNOWN = "unknown"
    """The file's upload, or its fate, could not be found out."""
    REJECTED = "rejected"
    CREATED = "created"
    """NetSuite said that it made the item receipt, or had made it already."""

    @property
    def counts(self) -> bool:
        """Whether NetSuite is believed to have it."""
        return self in {ReceiptState.UNVERIFIED, ReceiptState.CREATED}

    @property
    def may_exist(self) -> bool:
        """Whether NetSuite may have it, so that it must not be sent again without looking."""
        return self in {ReceiptState.SENT, ReceiptState.UNVERIFIED, ReceiptState.UNKNOWN, ReceiptState.CREATED}


class ReceiptFact(Frozen):
    """One act of receiving in a store (a HotWax shipment of one purchase order), summed per line, in pieces.

    `sent` is what of it went to NetSuite, in each line's own unit; empty before that. `held_back` is the excess that
    is not passed on, in pieces.
    """

    receipt_id: str
    received_at: Moment
    pieces: Mapping[str, Decimal]
    """Line id -> accepted pieces."""
    unplanned: Mapping[str, Decimal] = {}
    """SKU -> accepted pieces of products that are not on the purchase order."""
    rejected: Mapping[str, Decimal] = {}
    """Line id -> pieces that the store refused: reported, never received."""
    state: ReceiptState = ReceiptState.NEW
    sent: Mapping[str, Decimal] = {}
    held_back: Mapping[str, Decimal] = {}
    problem: str = ""
    named: frozenset[str] | None = None
    """The lines that the promised receipt names, received or not; None where nothing is promised, or not known."""
    is_settling: bool = False
    """Whether the store may still be writing it: its rows have not stayed the same for long enough."""
    rates: Mapping[str, Decimal] = {}
    """Line id -> pieces in one of the unit that `sent` is told in, as far as that is known."""
    in_doubt: bool = False
    """Whether an earlier sending may have arrived: then it is sent again exactly as it was, or not at all."""


class UnreadableRow(Frozen):
    """A receipt row of HotWax that makes no sense: why, and the receipt it belongs to, None where it does not tell."""

    told: str
    receipt_id: str | None = None

    @property
    def key(self) -> str:
        """The acknowledgement that it is left out of NetSuite."""
        return f"unreadable:{self.told}"


class PoMemory(Frozen):
    """What the ledger remembers of a purchase order."""

    stage: PoStage = PoStage.PENDING
    import_state: ImportState = ImportState.NONE
    import_problem: str = ""
    imported: Mapping[str, ImportedLine] = {}
    """Line id -> the line as HotWax has it; empty before the first import."""
    asked: Mapping[str, ImportedLine] = {}
    """Line id -> the line as the newest upload told it: what HotWax was asked for and did not take is held."""
    is_unseen: bool = False
    """Whether it was uploaded and HotWax has not shown it since: nobody knows whether it is there."""
    received_before: Mapping[str, Decimal] = {}
    """Line id -> what NetSuite had received before any receipt of ours, in the line's unit."""
    received_by_others: Mapping[str, Decimal] | None = None
    """Line id -> what NetSuite has received beside our receipts, before or since; None in a ledger that knows no more
    than `received_before`."""
    old_pieces: Mapping[str, Decimal] = {}
    """Line id -> pieces that stores had received before we knew of it: whoever was before us sent them."""
    receipts: tuple[ReceiptFact, ...] = ()
    """Oldest first."""
    unreadable: tuple[UnreadableRow, ...] = ()
    closed_in_oms: frozenset[str] = frozenset()
    """Lines that the store closed, though short."""
    status_after: PoStatus | None = None
    """NetSuite's status by the newest answer to a receipt."""
    told_after_answer: bool = False
    """Whether the purchase order as it was told is newer than that answer, by the times of both."""
    bad_rows: tuple[str, ...] = ()
    """Why rows of this purchase order could not be read, newest file; empty when all could."""
    status_beside: PoStatus | None = None
    """NetSuite's status in the good rows beside those, where they do not count otherwise; None where none tells it."""
    cancel_wanted: bool = False
    close_wanted: bool = False
    acknowledged: frozenset[str] = frozenset()
    """What an operator said to go on without: keys of the evidence, such as `excess:RCPT1:3:2`, two pieces."""

    @property
    def unread(self) -> tuple[UnreadableRow, ...]:
        """The unreadable rows that nobody said to go on without: their receipts may lack something."""
        return tuple(row for row in self.unreadable if row.key not in self.acknowledged)


class ReceiptToSend(Frozen):
    """One receipt as NetSuite shall make it.

    `quantities` names exactly the lines that still have a remainder in NetSuite, each once, in the line's own unit;
    None for those that were not received now: a line that is not named is received in full (hotwax 4.7, 7).
    """

    receipt_id: str
    po_id: str
    received_at: Moment
    quantities: Mapping[str, Decimal | None]
    rates: Mapping[str, Decimal] = Field(default={}, exclude_if=not_)
    """Line id -> pieces in one unit of what is received; none in a ledger of an earlier version."""
    held_back: Mapping[str, Decimal] = {}


class Settlement(Frozen):
    """What counts of a line of a receipt once an operator has put NetSuite right by hand."""

    receipt_id: str
    line_id: str
    sent: Decimal
    """What NetSuite is to have of it, in the line's unit."""
    held_back: Decimal
    """What NetSuite has no room for, in pieces."""
    overtakes: str | None = None
    """The key by which what NetSuite told of the line before counts no more, until it tells otherwise."""


class PoPlan(Frozen):
    """What a purchase order owes now."""

    stage: PoStage
    hold: Hold | None = None
    waiting_for: str = ""
    import_lines: tuple[ImportedLine, ...] = ()
    """The lines as HotWax shall have them, where it has them otherwise; closed ones are to be closed there."""
    looks: bool = False
    """Whether HotWax is to be asked for it before anything else is owed there."""
    send: ReceiptToSend | None = None
    """The next receipt for NetSuite: one at a time, since what it may name depends on those before it."""
    withdraw: tuple[str, ...] = ()
    """Promised receipts that must not go into a file any more: NetSuite would not take them as they are."""
    goes: str | None = None
    """The promised receipt that goes just as it was promised; any other would go otherwise, or not now."""
    ends: PoStage | None = None
    acknowledges: tuple[str, ...] = ()
    """What `resume` says to go on without while this hold stands; the keys go into `PoMemory.acknowledged`."""
    told: tuple[str, ...] = ()
    """All that the hold is about, in words: its evidence tells the first few."""
    settles: tuple[Settlement, ...] = ()
    """What of sent receipts counts otherwise once this hold is resumed."""


class PoVerb(StrEnum):
    """The operator commands for purchase orders."""

    RESUME = "resume"
    CANCEL = "cancel"
    CLOSE = "close"
    RESEND_RECEIPT = "resend_receipt"
