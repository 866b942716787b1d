"""The proof of purchase orders: NetSuite, the ledger and HotWax compared, line by line and receipt by receipt (P6).

Whoever feeds it says what each side has, in pieces; it knows nothing of files, tables or clocks.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.base import Frozen
from domain.po_units import plain, sums
from domain.proof_order import Value
from domain.proof_report import Explained
from domain.purchase_order import ZERO, PoStage, PoStatus, ReceiptState
from domain.stages import HoldCause

_HELD_FROM_HOTWAX = {
    HoldCause.DELETED_IN_NETSUITE,
    HoldCause.BAD_ROWS,
    HoldCause.LINE_KEY_CHANGED,
    HoldCause.UNIT_NOT_EXACT,
    HoldCause.IMPORT_REJECTED,
    HoldCause.IMPORT_UNKNOWN,
    HoldCause.IMPORT_NOT_TAKEN,
    HoldCause.AMENDED_BELOW_RECEIVED,
}
"""Holds that keep purchase orders out of HotWax, or out of date there."""


class PoLineBooks(Frozen):
    """One line on all sides, in pieces; a side that does not have the line, or is not known, is None."""

    line_id: str
    sku: str = ""
    ordered: Decimal | None = None
    """By NetSuite."""
    imported: Decimal | None = None
    """By HotWax."""
    received_in_netsuite: Decimal | None = None
    """By NetSuite, told after our newest receipt was answered; None when nothing that new is known."""
    received_before: Decimal = ZERO
    """What NetSuite had received before any receipt of ours."""
    closed: bool = False
    """Whether NetSuite has closed it."""
    closed_in_hotwax: bool = False


class ReceiptBooks(Frozen):
    """One receipt on all sides, in pieces by line."""

    receipt_id: str
    state: ReceiptState
    in_hotwax: Mapping[str, Decimal]
    passed_on: Mapping[str, Decimal] = {}
    """What the ledger says was passed on to NetSuite."""
    in_netsuite: tuple[Mapping[str, Decimal], ...] | None = None
    """The item receipts that NetSuite has under its external id; None when they could not be read."""
    left_out: frozenset[str] = frozenset()
    """Lines on which an operator said to go on without what was not passed on, or to leave a change as it is."""


class PoCase(Frozen):
    """One purchase order on all sides."""

    po_id: str
    number: str | None = None
    stage: PoStage
    hold: str | None = None
    status: PoStatus | None = None
    importing: bool = False
    """Whether an upload into HotWax is owed or under way."""
    seen: bool = True
    """Whether the ledger knows it."""
    unreadable: str = ""
    """Why NetSuite cannot tell it; empty where it does, or was not asked."""
    deleted: bool = False
    """Whether NetSuite has it no more."""
    missing: bool = False
    """Whether all that NetSuite holds was read, and it was not in it."""
    orders_in_hotwax: int | None = 1
    """How many purchase orders HotWax has under its id; None when HotWax was not asked."""
    lines: tuple[PoLineBooks, ...] = ()
    receipts: tuple[ReceiptBooks, ...] = ()

    @property
    def name(self) -> str:
        """What operators call it."""
        return self.number or self.po_id

    @property
    def import_excuse(self) -> str | None:
        """Why HotWax may have it otherwise; None when it should be as NetSuite has it."""
        if self.hold and self.hold.partition(":")[0] in _HELD_FROM_HOTWAX:
            return f"held: {self.hold}"
        is_due = self.importing or self.stage is PoStage.PENDING
        return f"open: {self.stage}, its import is not done" if is_due else None

    @property
    def receipt_excuse(self) -> str | None:
        """Why a receipt may not be in NetSuite yet; None when it should be."""
        if self.hold:
            return f"held: {self.hold}"
        return None if self.stage.is_end else f"open: {self.stage}"

    @property
    def is_pending(self) -> bool:
        """Whether NetSuite expects goods on it, so that HotWax must know it."""
        return (self.status is None or self.status.is_open) and self.stage not in {PoStage.CANCELLED, PoStage.CLOSED}


class PoDifference(Frozen):
    """One thing on which the sides do not agree. A side that has no say in it is None."""

    kind: str
    key: str
    netsuite: Value = None
    ledger: Value = None
    hotwax: Value = None
    likely_cause: str


PoFinding = PoDifference | Explained
"""A difference, or something that is as it should be though it looks like one."""


def check_po(case: PoCase) -> tuple[PoFinding, ...]:
    """Everything on which the sides do not agree about this purchase order, and what explains the rest."""
    if case.unreadable:
        cause = f"NetSuite cannot tell it: mend it there, and ask it again: {case.unreadable}"
        found = PoDifference(kind="po_unreadable", key=case.name, netsuite="unreadable", likely_cause=cause)
        return (found, *(_sides(case) if case.seen else ()))
    return (*_missing(case), *_sides(case))


def _missing(case: PoCase) -> Iterator[PoFinding]:
    """One that is open by all that was told of it, and so would stand in a reconciliation, however old it is."""
    if case.missing and case.is_pending and not case.stage.is_end:
        cause = (
            "the reconciliation lacks it: it was deleted, lost all its lines, was closed untold, or is out of sight of"
            " the script's role. Look it up in NetSuite: where no goods are to come, cancel it in Waybill, or close it"
            " where some came"
        )
        yield PoDifference(
            kind="po_missing", key=case.name, netsuite="none", ledger=str(case.stage), likely_cause=cause
        )


def _sides(case: PoCase) -> tuple[PoFinding, ...]:
    if not case.seen and case.is_pending:
        cause = "no file told it: look into the folder of purchase orders and its error folder, or export it again"
        return (PoDifference(kind="po_never_seen", key=case.name, netsuite="open", likely_cause=cause),)
    if case.deleted and case.stage not in {PoStage.CANCELLED, PoStage.CLOSED}:
        cause = "it was deleted in NetSuite" + (
            ", with what was received on it: enter it again there, or explain it in the books"
            if case.stage.is_end
            else ": cancel it in Waybill, or close it where goods came"
        )
        lost = PoDifference(
            kind="po_deleted", key=case.name, netsuite="none", ledger=str(case.stage), likely_cause=cause
        )
        return (lost, *_receipts(case))
    found = tuple(_in_hotwax(case))
    if any(isinstance(finding, PoDifference) for finding in found):
        return (*found, *_receipts(case))
    return (*found, *(finding for line in case.lines for finding in _line_in_hotwax(case, line)), *_receipts(case))


# ---- NetSuite's lines in HotWax --------------------------------------------------------------------------------------


def _in_hotwax(case: PoCase) -> Iterator[PoFinding]:
    if case.orders_in_hotwax is None:
        return
    if case.orders_in_hotwax > 1:
        cause = "HotWax made a second one of a repeated upload: close the copy there, and set import_repeat"
        told = f"{case.orders_in_hotwax} times"
        yield PoDifference(kind="po_doubled", key=case.name, netsuite="once", hotwax=told, likely_cause=cause)
    expected = [line for line in case.lines if _is_expected(line)]
    if case.orders_in_hotwax == 0 and case.is_pending and expected:
        if case.import_excuse:
            yield Explained(kind="po_not_imported_yet", key=case.name, reason=case.import_excuse)
            return
        cause = "its upload was lost, or it was deleted in HotWax after its import: restore it there"
        told = f"{len(expected)} lines open"
        yield PoDifference(kind="po_never_imported", key=case.name, netsuite=told, hotwax="none", likely_cause=cause)


def _is_expected(line: PoLineBooks) -> bool:
    """Whether goods may still come on the line, so that HotWax must have it."""
    received = line.received_in_netsuite or line.received_before
    return line.ordered is not None and not line.closed and received < line.ordered


def _line_in_hotwax(case: PoCase, line: PoLineBooks) -> Iterator[PoFinding]:
    """The line in both systems: there, and with the same quantity."""
    if case.orders_in_hotwax == 1 and (found := _line_difference(case, line)):
        yield _unless(case.import_excuse, found)


def _line_difference(case: PoCase, line: PoLineBooks) -> PoDifference | None:
    key, there, ordered = f"{case.name}:{line.line_id}", _number(line.imported), _number(line.ordered)
    if line.imported is None:
        if not (case.is_pending and _is_expected(line)):
            return None
        cause = "HotWax refused or dropped the line, or it was deleted there: look for its product and facility"
        return PoDifference(kind="line_missing", key=key, netsuite=ordered, hotwax="none", likely_cause=cause)
    if line.closed_in_hotwax:
        return None
    if line.ordered is None or line.closed or case.stage in {PoStage.CANCELLED, PoStage.CLOSED}:
        cause = "HotWax did not take the close: close the line there"
        return PoDifference(kind="line_open", key=key, netsuite="closed", hotwax=there, likely_cause=cause)
    if line.imported != line.ordered and case.is_pending:
        cause = "it was amended, and HotWax did not take the change; or it was changed there by hand"
        return PoDifference(kind="quantity_differs", key=key, netsuite=ordered, hotwax=there, likely_cause=cause)
    return None


# ---- HotWax's receipts in NetSuite -----------------------------------------------------------------------------------


def _receipts(case: PoCase) -> Iterator[PoFinding]:
    for receipt in case.receipts:
        yield from _unsynced(case, receipt)
        if receipt.in_netsuite is not None:
            yield from _item_receipts(case, receipt, receipt.in_netsuite)
    if any(receipt.in_netsuite is None for receipt in case.receipts) or not case.receipts:
        yield from _by_totals(case)


def _unsynced(case: PoCase, receipt: ReceiptBooks) -> Iterator[PoFinding]:
    """What a store received that was not passed on; what was passed on and HotWax tells otherwise now."""
    has_counted = receipt.state.counts
    for line_id in sorted(receipt.in_hotwax.keys() | receipt.passed_on.keys()):
        got = receipt.in_hotwax.get(line_id, ZERO)
        passed = receipt.passed_on.get(line_id, ZERO) if has_counted else ZERO
        key = f"{case.name}:{line_id}:{receipt.receipt_id}"
        if got == passed:
            continue
        if line_id in receipt.left_out:
            reason = "an operator said to go on without it"
            yield Explained(
                kind="left_out", key=key, reason=f"{reason}: {plain(got)} received, {plain(passed)} passed on"
            )
            continue
        cause = _why_unsynced(receipt, is_more=got > passed)
        kind = "received_unsynced" if got > passed else "receipt_changed"
        found = PoDifference(kind=kind, key=key, ledger=_number(passed), hotwax=_number(got), likely_cause=cause)
        yield _unless(case.receipt_excuse, found)
    if receipt.state is ReceiptState.UNVERIFIED:
        reason = "accepted, unverified: the stock importer confirms nothing"
        yield Explained(kind="unverified", key=f"{case.name}:{receipt.receipt_id}", reason=reason)


def _why_unsynced(receipt: ReceiptBooks, *, is_more: bool) -> str:
    if receipt.state.counts:
        return "HotWax changed it after it was passed on" if not is_more else "more than ordered, or changed afterwards"
    match receipt.state:
        case ReceiptState.REJECTED:
            return "NetSuite refused the receipt"
        case ReceiptState.SENT | ReceiptState.PROMISED:
            return "the receipt is on its way"
        case ReceiptState.UNKNOWN:
            return "nobody knows whether NetSuite has the receipt"
        case _:
            return "the receipt was not passed on yet"


def _item_receipts(
    case: PoCase, receipt: ReceiptBooks, found: tuple[Mapping[str, Decimal], ...]
) -> Iterator[PoFinding]:
    """The one item receipt of a receipt that NetSuite is believed to have."""
    key = f"{case.name}:{receipt.receipt_id}"
    if not receipt.state.counts:
        return
    if not found:
        cause = "it was deleted in NetSuite, or its file was archived unread"
        ours = _table(receipt.passed_on)
        yield PoDifference(kind="receipt_lost", key=key, netsuite="none", ledger=ours, likely_cause=cause)
    elif len(found) > 1:
        cause = "an importer without external ids read the file twice, or it was made by hand as well"
        told = f"{len(found)} times"
        yield PoDifference(kind="receipt_doubled", key=key, netsuite=told, ledger="once", likely_cause=cause)
    elif _nonzero(found[0]) != _nonzero(receipt.passed_on):
        cause = "it was changed by hand in NetSuite, or a unit was taken for another"
        theirs, ours = _table(found[0]), _table(receipt.passed_on)
        yield PoDifference(kind="receipt_wrong", key=key, netsuite=theirs, ledger=ours, likely_cause=cause)


def _by_totals(case: PoCase) -> Iterator[PoFinding]:
    """Where NetSuite tells sums only: a sum that is off by just one receipt names it."""
    expected = _expected(case)
    off = {line.line_id: gap for line in case.lines if (gap := _gap(line, expected))}
    if not off:
        return
    told, expected = _told(case, off), {line_id: expected[line_id] for line_id in off}
    for receipt in case.receipts:
        if receipt.state.counts and (kind := _is_off_by(off, _nonzero(receipt.passed_on))):
            is_lost = kind == "receipt_lost"
            cause = "it was deleted, or never made" if is_lost else "a file was read twice, or it was made by hand too"
            key, theirs, ours = f"{case.name}:{receipt.receipt_id}", _table(told), _table(expected)
            yield PoDifference(kind=kind, key=key, netsuite=theirs, ledger=ours, likely_cause=cause)
            return
    cause = "received or changed by hand in NetSuite, or a unit was taken for another"
    asked = {line_id for receipt in case.receipts if receipt.state.counts for line_id in receipt.passed_on}
    for line_id in sorted(off):
        theirs, ours = _number(told[line_id]), _number(expected[line_id])
        key, kind = f"{case.name}:{line_id}", "receipt_wrong" if line_id in asked else "receipt_unasked"
        yield PoDifference(kind=kind, key=key, netsuite=theirs, ledger=ours, likely_cause=cause)


def _is_off_by(off: Mapping[str, Decimal], passed: Mapping[str, Decimal]) -> str | None:
    if off == passed:
        return "receipt_doubled"
    return "receipt_lost" if off == {line_id: -number for line_id, number in passed.items()} else None


def _gap(line: PoLineBooks, expected: Mapping[str, Decimal]) -> Decimal | None:
    """How much more NetSuite has received of the line than our receipts come to; None when it is not known."""
    if line.received_in_netsuite is None:
        return None
    return line.received_in_netsuite - expected[line.line_id]


def _expected(case: PoCase) -> Mapping[str, Decimal]:
    """Line id -> what NetSuite should have received: what it had before, and every receipt that it has."""
    before = {line.line_id: line.received_before for line in case.lines}
    return sums([before, *(receipt.passed_on for receipt in case.receipts if receipt.state.counts)])


def _told(case: PoCase, lines: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    return {line.line_id: line.received_in_netsuite or ZERO for line in case.lines if line.line_id in lines}


# ---- how it is told --------------------------------------------------------------------------------------------------


def _unless(excuse: str | None, found: PoDifference) -> PoFinding:
    """The difference, unless the purchase order's state explains it."""
    if excuse is None:
        return found
    return Explained(kind=found.kind, key=found.key, reason=f"{excuse}; {found.likely_cause}")


def _number(pieces: Decimal | None) -> str:
    return "none" if pieces is None else plain(pieces)


def _nonzero(pieces: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {line_id: number for line_id, number in pieces.items() if number}


def _table(pieces: Mapping[str, Decimal]) -> Value:
    return {line_id: plain(number) for line_id, number in sorted(pieces.items()) if number}
