"""What NetSuite has received, what it has yet to receive, and the next receipt that says so exactly.

A line that a receipt does not name is received in full, and a line that is closed or finished makes NetSuite refuse
the whole receipt (hotwax 4.5, 4.7): so each one names exactly the lines with a remainder, and none is sent while the
fate of an earlier one is open.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, Decimal

from domain.base import Frozen
from domain.po_agreed import (
    changed_key,
    doubt_key,
    excess_key,
    inexact_key,
    is_left_out,
    left_out,
    unplanned_key,
    unplanned_left,
)
from domain.po_units import NotExact, plain, to_pieces, to_unit, total
from domain.purchase_order import (
    ZERO,
    PoLine,
    PoMemory,
    PoPolicy,
    PoStatus,
    PurchaseOrder,
    ReceiptFact,
    ReceiptState,
    ReceiptToSend,
)
from domain.stages import HoldCause

_ONE = Decimal(1)


class Problem(Frozen):
    """One thing that needs a person: what, in words, and the key under which it may be acknowledged."""

    cause: HoldCause
    told: str
    key: str | None = None


class Receiving(Frozen):
    """The receipts' part of a plan."""

    send: ReceiptToSend | None = None
    withdraw: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    waiting_for: str = ""
    settled: bool = False
    """Whether NetSuite is believed to have all that it is to have of every receipt."""


# ---- what NetSuite is believed to have -------------------------------------------------------------------------------


def is_believed(receipt: ReceiptFact, memory: PoMemory) -> bool:
    """Whether NetSuite has it, by its own answer, its silence (stock importer), or an operator who looked."""
    return receipt.state.counts or (receipt.state is ReceiptState.UNKNOWN and doubt_key(receipt) in memory.acknowledged)


def is_under_way(receipt: ReceiptFact, memory: PoMemory) -> bool:
    """Whether it may have reached NetSuite and its fate is still open."""
    return receipt.state.may_exist and not is_believed(receipt, memory)


def received_so_far(line: PoLine, memory: PoMemory) -> Decimal:
    """What NetSuite has or may have received of the line, in its unit: what it told, or what we know of, if more."""
    ours = total(r.sent.get(line.line_id, ZERO) for r in memory.receipts if r.state.may_exist)
    return max(line.received or ZERO, memory.received_before.get(line.line_id, ZERO) + ours)


def file_is_as_new(po: PurchaseOrder, memory: PoMemory) -> bool:
    """Whether the purchase order was told after our newest receipt: its numbers have all of them in."""
    return all(line.received is not None and line.received >= received_so_far(line, memory) for line in po.lines)


def is_just_received(theirs: PurchaseOrder, ours: PurchaseOrder, memory: PoMemory) -> bool:
    """Whether NetSuite has received just what our receipts say, each line in pieces: `theirs` is what it says itself.

    Never while the fate of a receipt is open: it may be in the numbers or not.
    """
    if any(receipt.state.may_exist and not receipt.state.counts for receipt in memory.receipts):
        return False
    got = {line.line_id: (line.received or ZERO) * (line.unit_rate or _ONE) for line in theirs.lines}
    said = {line.line_id: received_so_far(line, memory) * (line.unit_rate or _ONE) for line in ours.lines}
    return all(got.get(line_id) == pieces for line_id, pieces in said.items())


def status_in_force(po: PurchaseOrder, memory: PoMemory) -> PoStatus | None:
    """NetSuite's newest status: of a file, or of the answer to a receipt that the file does not know yet.

    A closed or rejected purchase order can not be received any more, so a file that says so is never the older one.
    """
    if memory.status_after is None or po.status in {PoStatus.CLOSED, PoStatus.REJECTED}:
        return po.status
    return po.status if po.status and file_is_as_new(po, memory) else memory.status_after


def is_awaiting_approval(status: PoStatus | None) -> bool:
    """Whether NetSuite takes no receipt now and may take one later."""
    return status in {PoStatus.PENDING_APPROVAL, PoStatus.PLANNED}


def missing(line: PoLine, memory: PoMemory) -> Decimal:
    """What NetSuite has not received of what was ordered, closed or not; never below nothing."""
    return max(ZERO, line.quantity - received_so_far(line, memory))


def remainder(line: PoLine, memory: PoMemory, status: PoStatus | None) -> Decimal:
    """What NetSuite would still receive of the line, in its unit."""
    takes_none = status is not None and not (status.is_open or is_awaiting_approval(status))
    return ZERO if line.closed or takes_none else missing(line, memory)


def received_before(po: PurchaseOrder, memory: PoMemory) -> Mapping[str, Decimal]:
    """What to remember as received before any receipt of ours: what NetSuite told until a store received anything.

    With it, what NetSuite had and what we sent add up even before a file tells both.
    """
    if memory.receipts:
        return memory.received_before
    return {line.line_id: line.received for line in po.lines if line.received}


# ---- the receipts of a plan ------------------------------------------------------------------------------------------


def plan_receipts(po: PurchaseOrder, memory: PoMemory, policy: PoPolicy) -> Receiving:
    """The next receipt that NetSuite is to make, and whatever keeps receipts from it."""
    status = status_in_force(po, memory)
    sent = (problem for receipt in memory.receipts for problem in _known_problems(receipt, po, memory, policy))
    known = (*sent, *missing_from_before(po, memory))
    on_the_way = next((r for r in memory.receipts if is_under_way(r, memory)), None)
    if on_the_way:
        waiting = f"waiting for NetSuite's answer to receipt {on_the_way.receipt_id}"
        return Receiving(problems=known, waiting_for=waiting)
    queue = _queue(memory)
    if is_awaiting_approval(status) and any(_has_goods(receipt) for receipt in queue):
        waiting = f"waiting for approval in NetSuite: its status is {status}"
        return Receiving(withdraw=promised(memory), problems=known, waiting_for=waiting)
    return _next_of(queue, known, po, memory, policy)


def promised(memory: PoMemory) -> tuple[str, ...]:
    """The receipts that wait for a file."""
    return tuple(r.receipt_id for r in memory.receipts if r.state is ReceiptState.PROMISED)


def _queue(memory: PoMemory) -> list[ReceiptFact]:
    """The receipts to send: the promised one may be taken into a file at any moment, so it stays the next."""
    due = [r for r in memory.receipts if r.state in {ReceiptState.PROMISED, ReceiptState.NEW}]
    return sorted(due, key=lambda receipt: receipt.state is ReceiptState.NEW)


def _has_goods(receipt: ReceiptFact) -> bool:
    return any(receipt.pieces.values()) or any(receipt.unplanned.values())


def _next_of(
    queue: list[ReceiptFact], known: tuple[Problem, ...], po: PurchaseOrder, memory: PoMemory, policy: PoPolicy
) -> Receiving:
    problems, withdrawn = known, []
    for receipt in queue:
        owed, found = judge_receipt(receipt, po, memory, policy)
        problems += found
        is_promised = receipt.state is ReceiptState.PROMISED
        if owed is None:
            withdrawn += [receipt.receipt_id] if is_promised else []
            continue
        send = None if is_promised and _is_as_promised(owed, receipt) else owed
        waiting = f"receipt {receipt.receipt_id} goes to NetSuite with the next file"
        return Receiving(send=send, withdraw=tuple(withdrawn), problems=problems, waiting_for=waiting)
    return Receiving(withdraw=tuple(withdrawn), problems=problems, settled=not (problems or withdrawn))


def _is_as_promised(owed: ReceiptToSend, receipt: ReceiptFact) -> bool:
    sent = {line_id: quantity for line_id, quantity in owed.quantities.items() if quantity}
    is_same = sent == receipt.sent and owed.held_back == receipt.held_back
    return is_same and receipt.named in {None, frozenset(owed.quantities)}


def judge_receipt(
    receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory, policy: PoPolicy
) -> tuple[ReceiptToSend | None, tuple[Problem, ...]]:
    """The receipt as NetSuite shall make it now, or None; and what of it needs a person.

    Excess is held and the rest goes on; a quantity without an exact value, and a product that is on no line, hold the
    receipt as a whole, since NetSuite makes one item receipt of it and none can be added to later.
    """
    status = status_in_force(po, memory)
    left = {line.line_id: remainder(line, memory, status) for line in po.lines}
    passed = receipt.sent if receipt.in_doubt else _passed(receipt, po, memory, policy, left)
    exact = {line_id: amount for line_id, amount in passed.items() if isinstance(amount, Decimal) and amount}
    taken_back = tuple(_taken_back(receipt, memory))
    if blockers := (*_unplanned_problems(receipt, po, memory), *_inexact(receipt, passed, po, memory)):
        return None, blockers + taken_back
    held_back = receipt.held_back if receipt.in_doubt else _held_back(receipt, po, memory, exact)
    problems = (*_excess_problems(receipt, held_back, po, memory, status), *taken_back)
    if not exact:
        return None, problems
    owed = ReceiptToSend(
        receipt_id=receipt.receipt_id,
        po_id=po.po_id,
        received_at=receipt.received_at,
        quantities={i: exact.get(i) for i in sorted(exact.keys() | {i for i, rest in left.items() if rest})},
        held_back=held_back,
    )
    return owed, problems


# ---- how much of a receipt is passed on ------------------------------------------------------------------------------


def counted(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory) -> Mapping[str, Decimal]:
    """Line id -> pieces of the receipt, with unplanned products on the line that was added for them since."""
    pieces = dict(receipt.pieces)
    for sku, got in unplanned_left(receipt, memory).items():
        if got and (line := added_line(sku, po)):
            pieces[line.line_id] = pieces.get(line.line_id, ZERO) + got
    return pieces


def added_line(sku: str, po: PurchaseOrder) -> PoLine | None:
    """The one open line of a product that was received without a line; None where there is none, or a choice."""
    lines = [line for line in po.open_lines if line.sku == sku]
    return lines[0] if len(lines) == 1 else None


def _passed(
    receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory, policy: PoPolicy, left: Mapping[str, Decimal]
) -> Mapping[str, Decimal | NotExact]:
    """Line id -> what is passed on, in the line's unit, of the lines that NetSuite would still receive."""
    out = left_out(receipt, memory)
    got = {line_id: pieces - out.get(line_id, ZERO) for line_id, pieces in counted(receipt, po, memory).items()}
    lines = [line for line in po.lines if got.get(line.line_id, ZERO) > 0 and left[line.line_id] > 0]
    return {line.line_id: _passed_of(line, got[line.line_id], left[line.line_id], policy) for line in lines}


def _passed_of(line: PoLine, got: Decimal, rest: Decimal, policy: PoPolicy) -> Decimal | NotExact:
    """All of it, or with the tolerance in whole pieces, or just the remainder: the most that has an exact value."""
    digits = policy.receipt_decimals
    open_pieces, ordered = to_pieces(rest, line.unit_rate, digits), to_pieces(line.quantity, line.unit_rate, digits)
    if isinstance(open_pieces, NotExact) or isinstance(ordered, NotExact):
        return open_pieces if isinstance(open_pieces, NotExact) else ordered
    over = (ordered * policy.over_receipt_percent / 100).to_integral_value(ROUND_DOWN)
    most = to_unit(min(got, open_pieces + over), line.unit_rate, digits)
    is_over = isinstance(most, NotExact) and got > open_pieces
    return to_unit(open_pieces, line.unit_rate, digits) if is_over else most


def _held_back(
    receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory, passed: Mapping[str, Decimal]
) -> Mapping[str, Decimal]:
    """Line id -> pieces that are not passed on."""
    rates = {line.line_id: line.unit_rate or Decimal(1) for line in po.lines}
    rest = {
        i: got - passed.get(i, ZERO) * rates.get(i, Decimal(1))
        for i, got in sorted(counted(receipt, po, memory).items())
    }
    return {line_id: pieces for line_id, pieces in rest.items() if pieces > 0}


def received_by_others(line: PoLine, memory: PoMemory) -> Decimal | None:
    """What NetSuite has of the line beside our receipts, in its unit; None where it does not tell."""
    if line.received is None:
        return None
    ours = total(receipt.sent.get(line.line_id, ZERO) for receipt in memory.receipts if receipt.state.may_exist)
    return max(memory.received_before.get(line.line_id, ZERO), line.received - ours)


def missing_from_before(po: PurchaseOrder, memory: PoMemory) -> Iterator[Problem]:
    """Goods from before we knew the purchase order that NetSuite's own numbers do not have."""
    for line in po.lines:
        old, there = memory.old_pieces.get(line.line_id, ZERO), received_by_others(line, memory)
        key = f"before:{line.line_id}:{plain(old)}"
        if there is not None and old > there * (line.unit_rate or _ONE) and key not in memory.acknowledged:
            has = plain(there * (line.unit_rate or _ONE))
            told = f"{key}: stores had received {plain(old)} pieces before Waybill knew of it, NetSuite has {has}"
            yield Problem(cause=HoldCause.RECEIVED_BEFORE, told=told, key=key)


# ---- what needs a person ---------------------------------------------------------------------------------------------


def _known_problems(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory, policy: PoPolicy) -> Iterator[Problem]:
    """What is wrong with a receipt that was sent before."""
    name = receipt.receipt_id
    if receipt.state is ReceiptState.REJECTED and not memory.close_wanted:
        yield Problem(cause=HoldCause.RECEIPT_REJECTED, told=f"receipt {name}: {receipt.problem}")
    if receipt.state is ReceiptState.UNKNOWN and is_under_way(receipt, memory):
        told = f"receipt {name}: {receipt.problem or 'it was sent, and nobody knows whether NetSuite has it'}"
        yield Problem(cause=HoldCause.RECEIPT_UNKNOWN, told=told, key=doubt_key(receipt))
    if receipt.state.may_exist:
        yield from _excess_problems(receipt, receipt.held_back, po, memory, None)
        yield from _unplanned_problems(receipt, po, memory)
        yield from _changed(receipt, po, memory, policy)


def _excess_problems(
    receipt: ReceiptFact,
    held_back: Mapping[str, Decimal],
    po: PurchaseOrder,
    memory: PoMemory,
    status: PoStatus | None,
) -> Iterator[Problem]:
    lines = {line.line_id: line for line in po.lines}
    for line_id, pieces in held_back.items():
        key = excess_key(receipt, line_id, pieces)
        why = _why_not(lines.get(line_id), memory, status)
        told = f"{key}: {plain(pieces)} pieces of receipt {receipt.receipt_id} are not passed on: {why}"
        if not is_left_out(receipt, line_id, pieces, memory):
            yield Problem(cause=HoldCause.RECEIPT_EXCESS, told=told, key=key)


def _why_not(line: PoLine | None, memory: PoMemory, status: PoStatus | None) -> str:
    if line is None:
        return "the line is not on the purchase order"
    if line.closed or status in {PoStatus.CLOSED, PoStatus.REJECTED}:
        return f"line {line.line_id} is closed in NetSuite"
    so_far, ordered = plain(received_so_far(line, memory)), plain(line.quantity)
    return f"line {line.line_id} ({line.sku}) has {so_far} of {ordered} {line.unit or 'pieces'} in NetSuite"


def _unplanned_problems(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory) -> Iterator[Problem]:
    for sku, pieces in sorted(receipt.unplanned.items()):
        key = unplanned_key(receipt, sku, pieces)
        taken = added_line(sku, po) is not None and (not receipt.state.may_exist or _is_taken(receipt, sku, po))
        if pieces and key not in memory.acknowledged and not taken:
            told = f"{key}: {plain(pieces)} pieces of {sku}, which is not on the purchase order"
            yield Problem(cause=HoldCause.RECEIPT_UNPLANNED, told=told, key=key)


def _is_taken(receipt: ReceiptFact, sku: str, po: PurchaseOrder) -> bool:
    """Whether a receipt that was sent has the product on the line that was added for it."""
    line = added_line(sku, po)
    return line is not None and (line.line_id in receipt.sent or line.line_id in receipt.held_back)


def _inexact(
    receipt: ReceiptFact, passed: Mapping[str, Decimal | NotExact], po: PurchaseOrder, memory: PoMemory
) -> Iterator[Problem]:
    got = counted(receipt, po, memory)
    for line_id, amount in sorted(passed.items()):
        if isinstance(amount, NotExact):
            key = inexact_key(receipt, line_id, got[line_id])
            yield Problem(cause=HoldCause.UNIT_NOT_EXACT, told=f"{key}: {amount.reason}", key=key)


def _taken_back(receipt: ReceiptFact, memory: PoMemory) -> Iterator[Problem]:
    for line_id, pieces in sorted(receipt.pieces.items()):
        key = changed_key(receipt, line_id, pieces)
        if pieces < 0 and key not in memory.acknowledged:
            told = f"{key}: HotWax took back {plain(-pieces)} pieces that were received before"
            yield Problem(cause=HoldCause.RECEIPT_CHANGED, told=told, key=key)


def _changed(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory, policy: PoPolicy) -> Iterator[Problem]:
    """Lines of a sent receipt that HotWax tells otherwise now; a line gone from NetSuite has no unit to compare in."""
    touched = receipt.sent.keys() | receipt.held_back.keys() | receipt.pieces.keys()
    for line in (line for line in po.lines if line.line_id in touched):
        sent = receipt.sent.get(line.line_id, ZERO)
        passed = to_pieces(sent, line.unit_rate, policy.receipt_decimals)
        if isinstance(passed, NotExact):
            continue
        now = receipt.pieces.get(line.line_id, ZERO)
        then = passed + receipt.held_back.get(line.line_id, ZERO)
        key = changed_key(receipt, line.line_id, now)
        added = {receipt.unplanned.get(line.sku, ZERO), unplanned_left(receipt, memory).get(line.sku, ZERO)}
        if then in {now, *(now + more for more in added)} or key in memory.acknowledged:
            continue
        told = f"{key}: {plain(then)} pieces were received, {plain(passed)} of them sent; HotWax says {plain(now)} now"
        yield Problem(cause=HoldCause.RECEIPT_CHANGED, told=told, key=key)
