"""Where a purchase order stands: what NetSuite is believed to have of it, and what it would still receive.

Everything is summed up once, in one pass over the receipts, and asked line by line: a purchase order may have 20,000
lines and hundreds of receipts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from functools import cached_property

from domain.po_agreed import Agreed, is_doubt_settled
from domain.po_units import sums
from domain.purchase_order import ZERO, PoLine, PoMemory, PoStatus, PurchaseOrder, ReceiptFact, ReceiptState

_ONE = Decimal(1)


def is_believed(receipt: ReceiptFact, memory: PoMemory) -> bool:
    """Whether NetSuite has it, by its own answer, its silence (stock importer), or an operator who looked."""
    return receipt.state.counts or is_said_to_be_there(receipt, memory)


def is_said_to_be_there(receipt: ReceiptFact, memory: PoMemory) -> bool:
    """Whether an operator's word alone is why NetSuite is believed to have it."""
    return receipt.state is ReceiptState.UNKNOWN and is_doubt_settled(receipt, memory.acknowledged)


def is_under_way(receipt: ReceiptFact, memory: PoMemory) -> bool:
    """Whether it may have reached NetSuite and its fate is still open."""
    return receipt.state.may_exist and not is_believed(receipt, memory)


def _may_be_there(receipt: ReceiptFact) -> bool:
    """Whether NetSuite may have it: by its state, or since an earlier sending may have arrived."""
    return receipt.state.may_exist or receipt.in_doubt


def is_added_for(line: PoLine, receipt: ReceiptFact) -> bool:
    """Whether the line may have been added for goods of a receipt: it was told after they came.

    A ledger of an earlier version does not know when; there, what was sent on a line without pieces of its own tells.
    """
    if line.added_at is not None:
        return line.added_at > receipt.received_at
    passed = receipt.sent.keys() | receipt.held_back.keys()
    return receipt.state.may_exist and line.line_id in passed - receipt.pieces.keys()


def is_awaiting_approval(status: PoStatus | None) -> bool:
    """Whether NetSuite takes no receipt now and may take one later."""
    return status in {PoStatus.PENDING_APPROVAL, PoStatus.PLANNED}


def received_before(po: PurchaseOrder, memory: PoMemory) -> Mapping[str, Decimal]:
    """What to remember as received before any receipt of ours: what NetSuite told until a store received anything.

    With it, what NetSuite had and what we sent add up even before a file tells both.
    """
    if memory.receipts:
        return memory.received_before
    return {line.line_id: line.received for line in po.lines if line.received}


def received_by_others(po: PurchaseOrder, memory: PoMemory) -> Mapping[str, Decimal]:
    """What to remember as received beside our receipts: the next ones come on top of it before NetSuite tells both.

    Only what NetSuite tells beyond all that ours may have brought was surely somebody else's. It may become less by a
    word alone that surely has all of ours in.
    """
    standing, known = Standing(po, memory), memory.received_by_others
    others = {**(known if memory.receipts and known is not None else received_before(po, memory))}
    is_exact = memory.told_after_answer and not standing.is_any_open
    for line in po.lines:
        beside = standing.told_beside_ours(line)
        if beside is not None and (is_exact or beside > others.get(line.line_id, ZERO)):
            others[line.line_id] = beside
    return {line_id: number for line_id, number in others.items() if number}


def with_newest_word(po: PurchaseOrder, memory: PoMemory) -> PoMemory:
    """The memory with what NetSuite's newest word adds to it: what it has received before us, and beside us."""
    news = {"received_before": received_before(po, memory), "received_by_others": received_by_others(po, memory)}
    return memory.model_copy(update=news)


class Standing:
    """A purchase order as it was told and what is remembered of it, with its sums, in each line's unit."""

    def __init__(self, po: PurchaseOrder, memory: PoMemory) -> None:
        self.po, self.memory, self.agreed = po, memory, Agreed(memory.acknowledged)
        self.lines: Mapping[str, PoLine] = {line.line_id: line for line in po.lines}

    def rate(self, line_id: str) -> Decimal:
        """Pieces in one unit of the line; one where nobody tells."""
        line = self.lines.get(line_id)
        return (line and line.unit_rate) or _ONE

    def in_other_units(self, rates: Mapping[str, Decimal]) -> tuple[str, ...]:
        """The lines of which one unit has another number of pieces by now than these rates say."""
        return tuple(line_id for line_id, then in rates.items() if line_id in self.lines and then != self.rate(line_id))

    # ---- what was received -------------------------------------------------------------------------------------------

    @cached_property
    def pieces(self) -> Mapping[str, Decimal]:
        """Line id -> pieces that the stores received, before Waybill brought it as well; none where it has none."""
        return sums([*(receipt.pieces for receipt in self.memory.receipts), self.memory.old_pieces])

    @cached_property
    def sent(self) -> Mapping[str, Decimal]:
        """Line id -> what of our receipts NetSuite has or may have; a line without any counts as none."""
        return self._sent(receipt for receipt in self.memory.receipts if receipt.state.may_exist)

    @cached_property
    def confirmed_sent(self) -> Mapping[str, Decimal]:
        """Line id -> what of our receipts NetSuite is believed to have; a line without any counts as none."""
        return self._sent(receipt for receipt in self.memory.receipts if is_believed(receipt, self.memory))

    def _sent(self, receipts: Iterable[ReceiptFact]) -> Mapping[str, Decimal]:
        taken_back = [self._taken_back(receipt) for receipt in self.memory.receipts]
        return sums([*(receipt.sent for receipt in receipts), *taken_back])

    def _taken_back(self, receipt: ReceiptFact) -> Mapping[str, Decimal]:
        return {i: pieces / self.rate(i) for i, pieces in self.agreed.taken_back(receipt).items()}

    def received(self, line: PoLine) -> Decimal:
        """What NetSuite has or may have received of the line: what it told, or what we know of, if more."""
        return max(self.agreed.told(line) or ZERO, self.ours(line))

    def confirmed(self, line: PoLine) -> Decimal:
        """What NetSuite is believed to have received of the line; `received` has beside it what may be on its way."""
        return max(self.agreed.told(line) or ZERO, self._others(line) + self.confirmed_sent[line.line_id])

    def ours(self, line: PoLine) -> Decimal:
        """What NetSuite has or may have received of the line by what we know: by others, and by our receipts."""
        return self._others(line) + self.sent[line.line_id]

    def _others(self, line: PoLine) -> Decimal:
        """What is remembered of the line as received beside our receipts; in an older ledger, as before them."""
        memory, before = self.memory, self.memory.received_before
        return (before if memory.received_by_others is None else memory.received_by_others).get(line.line_id, ZERO)

    @property
    def is_any_open(self) -> bool:
        """Whether the fate of a receipt is open: it may be in NetSuite's numbers or not."""
        return any(_may_be_there(receipt) and not receipt.state.counts for receipt in self.memory.receipts)

    def told_beside_ours(self, line: PoLine) -> Decimal | None:
        """What NetSuite told of the line beyond all that our receipts may have brought; None where it tells less."""
        told, ours = self.agreed.told(line), self._perhaps_sent[line.line_id]
        return None if told is None or told < ours else told - ours

    @cached_property
    def _perhaps_sent(self) -> Mapping[str, Decimal]:
        """Line id -> what of our receipts NetSuite may have; refused ones too, which are often made there by hand."""
        perhaps = (r for r in self.memory.receipts if _may_be_there(r) or r.state is ReceiptState.REJECTED)
        return self._sent(perhaps)

    def received_by_others(self, line: PoLine) -> Decimal | None:
        """What NetSuite has of the line beside our receipts; None where it does not tell."""
        told = self.agreed.told(line)
        before = self.memory.received_before.get(line.line_id, ZERO)
        return None if told is None else max(before, told - self.sent[line.line_id])

    def is_just_received(self, theirs: PurchaseOrder) -> bool:
        """Whether NetSuite has received just what our receipts say, each line in pieces: `theirs` is what it says.

        Never while the fate of a receipt is open: it may be in the numbers or not.
        """
        if self.is_any_open:
            return False
        got = {line.line_id: (line.received or ZERO) * (line.unit_rate or _ONE) for line in theirs.lines}
        said = {line.line_id: self.received(line) * (line.unit_rate or _ONE) for line in self.po.lines}
        return all(got.get(line_id) == pieces for line_id, pieces in said.items())

    @property
    def is_deleted(self) -> bool:
        """Whether NetSuite has it no more: whatever it told since, even rows that cannot be read, says otherwise."""
        return self.po.deleted and not self.memory.bad_rows

    # ---- NetSuite's status -------------------------------------------------------------------------------------------

    @cached_property
    def file_is_as_new(self) -> bool:
        """Whether the purchase order was told after our newest receipt: its numbers have all of them in."""
        told = ((self.agreed.told(line), self.received(line)) for line in self.po.lines)
        return all(theirs is not None and theirs >= ours for theirs, ours in told)

    @cached_property
    def status(self) -> PoStatus | None:
        """NetSuite's newest status: as it told it, or of the answer to a receipt that this word does not know yet.

        A closed or rejected purchase order can not be received any more, so a file that says so is never the older one.
        One that was deleted takes goods as little as a closed one.
        """
        if self.is_deleted:
            return PoStatus.CLOSED
        if self.memory.status_beside and self.memory.status_beside.is_over:
            return self.memory.status_beside
        told, after = self.po.status, self.memory.status_after
        if after is None or (told and told.is_over):
            return told
        is_newest = self.memory.told_after_answer or self.file_is_as_new
        return told if told and is_newest else after

    # ---- what is still to come ---------------------------------------------------------------------------------------

    def missing(self, line: PoLine) -> Decimal:
        """What NetSuite has not received of what was ordered, closed or not; never below nothing."""
        return max(ZERO, line.quantity - self.received(line))

    @cached_property
    def left(self) -> Mapping[str, Decimal]:
        """Line id -> what NetSuite would still receive."""
        status = self.status
        takes_none = status is not None and not (status.is_open or is_awaiting_approval(status))
        return {i: ZERO if line.closed or takes_none else self.missing(line) for i, line in self.lines.items()}

    def open_beside(self, named: Collection[str]) -> tuple[str, ...]:
        """The lines that NetSuite would still receive beside these: in full, by a receipt that does not name them."""
        return tuple(line_id for line_id, rest in self.left.items() if rest and line_id not in named)

    def added_line(self, receipt: ReceiptFact, sku: str) -> PoLine | None:
        """The one open line that was added for a product received without one; None where there is none, or a choice.

        A line that was there before is never it, whatever its product: lines are not told apart by SKU.
        """
        lines = [line for line in self._open_by_sku.get(sku, ()) if is_added_for(line, receipt)]
        return lines[0] if len(lines) == 1 else None

    @cached_property
    def _open_by_sku(self) -> Mapping[str, list[PoLine]]:
        found = defaultdict[str, list[PoLine]](list)
        for line in self.po.open_lines:
            found[line.sku].append(line)
        return found
