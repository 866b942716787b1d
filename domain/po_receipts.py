"""What NetSuite has received, what it has yet to receive, and the next receipt that says so exactly.

A line that a receipt does not name is received in full, and a line that is closed or finished makes NetSuite refuse
the whole receipt (hotwax 4.5, 4.7): so each one names exactly the lines with a remainder, and none is sent while the
fate of an earlier one is open.
"""

from collections.abc import Collection, Iterator, Mapping
from decimal import ROUND_DOWN, Decimal

from domain.base import Frozen
from domain.po_agreed import (
    changed_key,
    doubt_key,
    excess_key,
    inexact_key,
    overtaken_key,
    unplanned_key,
)
from domain.po_standing import Standing, is_added_for, is_awaiting_approval, is_believed, is_under_way
from domain.po_units import NotExact, plain, to_pieces, to_unit
from domain.purchase_order import (
    ZERO,
    PoLine,
    PoMemory,
    PoPolicy,
    PoStatus,
    ReceiptFact,
    ReceiptState,
    ReceiptToSend,
    Settlement,
)
from domain.stages import HoldCause

_ONE = Decimal(1)


class Problem(Frozen):
    """One thing that needs a person: what, in words, and the key under which it may be acknowledged."""

    cause: HoldCause
    told: str
    key: str | None = None
    settles: Settlement | None = None
    """What counts otherwise once it is acknowledged."""


class Receiving(Frozen):
    """The receipts' part of a plan."""

    send: ReceiptToSend | None = None
    withdraw: tuple[str, ...] = ()
    goes: str | None = None
    problems: tuple[Problem, ...] = ()
    waiting_for: str = ""
    settled: bool = False
    """Whether NetSuite is believed to have all that it is to have of every receipt."""


# ---- the receipts of a plan ------------------------------------------------------------------------------------------


def plan_receipts(standing: Standing, policy: PoPolicy) -> Receiving:
    """The next receipt that NetSuite is to make, and whatever keeps receipts from it."""
    memory, status = standing.memory, standing.status
    sent = (problem for receipt in memory.receipts for problem in _known_problems(receipt, standing, policy))
    known = (*sent, *_missing_from_before(standing), *_unreadable(memory))
    on_the_way = next((r for r in memory.receipts if is_under_way(r, memory)), None)
    if on_the_way:
        waiting = f"waiting for NetSuite's answer to receipt {on_the_way.receipt_id}"
        return Receiving(problems=known, waiting_for=waiting)
    queue = _queue(memory)
    if is_awaiting_approval(status) and any(_has_goods(receipt) for receipt in queue):
        waiting = f"waiting for approval in NetSuite: its status is {status}"
        return Receiving(withdraw=promised(memory), problems=known, waiting_for=waiting)
    return _next_of(queue, known, standing, policy)


def promised(memory: PoMemory) -> tuple[str, ...]:
    """The receipts that wait for a file."""
    return tuple(r.receipt_id for r in memory.receipts if r.state is ReceiptState.PROMISED)


def _queue(memory: PoMemory) -> list[ReceiptFact]:
    """The receipts to send. One in doubt comes first, and as it was: how much is left for the others hangs on it.

    The promised one may be taken into a file at any moment, so it stays the next.
    """
    waiting = [r for r in memory.receipts if r.state in {ReceiptState.PROMISED, ReceiptState.NEW}]
    due = [r for r in waiting if r.in_doubt or not r.is_settling]
    return sorted(due, key=lambda receipt: (not receipt.in_doubt, receipt.state is ReceiptState.NEW))


def _has_goods(receipt: ReceiptFact) -> bool:
    return any(receipt.pieces.values()) or any(receipt.unplanned.values())


def _next_of(queue: list[ReceiptFact], known: tuple[Problem, ...], standing: Standing, policy: PoPolicy) -> Receiving:
    problems, withdrawn = known, []
    for receipt in queue:
        owed, found = _judged(receipt, standing, policy)
        problems += found
        is_promised = receipt.state is ReceiptState.PROMISED
        if owed is None and receipt.in_doubt and _as_sent(receipt, standing):
            waiting = f"receipt {receipt.receipt_id} may be in NetSuite: none goes before that is known"
            return Receiving(withdraw=promised(standing.memory), problems=problems, waiting_for=waiting)
        if owed is None:
            withdrawn += [receipt.receipt_id] if is_promised else []
            continue
        goes = receipt.receipt_id if is_promised and _is_as_promised(owed, receipt) else None
        send = None if goes else owed
        waiting = f"receipt {receipt.receipt_id} goes to NetSuite with the next run"
        return Receiving(send=send, withdraw=tuple(withdrawn), goes=goes, problems=problems, waiting_for=waiting)
    settling = [r.receipt_id for r in standing.memory.receipts if r.is_settling]
    waiting = f"receipt {settling[0]} may not be complete yet" if settling else ""
    is_settled = not (problems or withdrawn or settling)
    return Receiving(withdraw=tuple(withdrawn), problems=problems, waiting_for=waiting, settled=is_settled)


def _is_as_promised(owed: ReceiptToSend, receipt: ReceiptFact) -> bool:
    sent = {line_id: quantity for line_id, quantity in owed.quantities.items() if quantity}
    is_same = sent == receipt.sent and owed.held_back == receipt.held_back
    is_same &= not receipt.rates or owed.rates == receipt.rates
    return is_same and receipt.named in {None, frozenset(owed.quantities)}


def _judged(
    receipt: ReceiptFact, standing: Standing, policy: PoPolicy
) -> tuple[ReceiptToSend | None, tuple[Problem, ...]]:
    """The receipt as NetSuite shall make it now, or None; and what of it needs a person.

    Excess is held and the rest goes on; a quantity without an exact value, a product that is on no line, and goods on a
    line whose row may be a bad one hold the receipt as a whole, since NetSuite makes one item receipt of it and none
    can be added to later.
    """
    passed = _as_sent(receipt, standing) if receipt.in_doubt else _passed(receipt, standing, policy)
    exact = {line_id: amount for line_id, amount in passed.items() if isinstance(amount, Decimal) and amount}
    taken_back = tuple(_taken_back(receipt, standing.memory))
    if any(row.receipt_id in {None, receipt.receipt_id} for row in standing.memory.unread):
        return None, taken_back
    unclear = (*_unplanned_problems(receipt, standing), *_inexact(receipt, passed, standing))
    if blockers := (*unclear, *_hidden_problems(receipt, standing)):
        return None, blockers + taken_back
    held_back = receipt.held_back if receipt.in_doubt else _held_back(receipt, standing, exact)
    problems = (*_excess_problems(receipt, held_back, standing, standing.status), *taken_back)
    if not exact:
        return None, problems
    owed = ReceiptToSend(
        receipt_id=receipt.receipt_id,
        po_id=standing.po.po_id,
        received_at=receipt.received_at,
        quantities={i: exact.get(i) for i in sorted(exact.keys() | {i for i, rest in standing.left.items() if rest})},
        rates={i: standing.rate(i) for i in sorted(exact)},
        held_back=held_back,
    )
    return owed, problems


# ---- how much of a receipt is passed on ------------------------------------------------------------------------------


def counted(receipt: ReceiptFact, standing: Standing) -> Mapping[str, Decimal]:
    """Line id -> pieces of the receipt, with unplanned products on the line that was added for them since."""
    pieces = dict(receipt.pieces)
    for sku, got in standing.agreed.unplanned_left(receipt).items():
        if got and (line := standing.added_line(receipt, sku)):
            pieces[line.line_id] = pieces.get(line.line_id, ZERO) + got
    return pieces


def _as_sent(receipt: ReceiptFact, standing: Standing) -> Mapping[str, Decimal | NotExact]:
    """Line id -> what was sent, unless the line counts in another unit by now: so many would be others."""
    got, passed = counted(receipt, standing), dict[str, Decimal | NotExact]()
    others, acknowledged = standing.in_other_units(receipt.rates), standing.memory.acknowledged
    if any(inexact_key(receipt, line_id, got.get(line_id, ZERO)) in acknowledged for line_id in receipt.sent):
        return {}  # one item receipt has all of it: an operator has seen to that by hand
    for line_id, quantity in receipt.sent.items():
        if line_id not in others:
            passed[line_id] = quantity
        else:
            then, now = plain(receipt.rates[line_id]), plain(standing.rate(line_id))
            told = f"line {line_id} has units of {now} now, and {plain(quantity)} units of {then} were sent"
            passed[line_id] = NotExact(reason=f"{told}, which may be there: look for WB-RCPT-{receipt.receipt_id}")
    return passed


def _passed(receipt: ReceiptFact, standing: Standing, policy: PoPolicy) -> Mapping[str, Decimal | NotExact]:
    """Line id -> what is passed on, in the line's unit, of the lines that NetSuite would still receive."""
    passed: dict[str, Decimal | NotExact] = {}
    for line_id, pieces in counted(receipt, standing).items():
        got, rest = pieces - standing.agreed.left_out(receipt, line_id), standing.left.get(line_id, ZERO)
        if got > 0 and rest > 0:
            passed[line_id] = _passed_of(standing.lines[line_id], got, rest, policy)
    return passed


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


def _held_back(receipt: ReceiptFact, standing: Standing, passed: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """Line id -> pieces that are not passed on."""
    got = counted(receipt, standing)
    rest = {i: got[i] - passed.get(i, ZERO) * standing.rate(i) for i in sorted(got)}
    return {line_id: pieces for line_id, pieces in rest.items() if pieces > 0}


# ---- what needs a person ---------------------------------------------------------------------------------------------


def _missing_from_before(standing: Standing) -> Iterator[Problem]:
    """Goods from before we brought the purchase order that NetSuite's own numbers do not have."""
    for line in standing.po.lines:
        old, there = standing.memory.old_pieces.get(line.line_id, ZERO), standing.received_by_others(line)
        key, rate = f"before:{line.line_id}:{plain(old)}", standing.rate(line.line_id)
        if old > (there or ZERO) * rate and key not in standing.memory.acknowledged:
            has = "does not tell what it has" if there is None else f"has {plain(there * rate)}"
            told = f"{key}: stores had received {plain(old)} pieces before Waybill brought it, NetSuite {has}"
            yield Problem(cause=HoldCause.RECEIVED_BEFORE, told=told, key=key)


def _known_problems(receipt: ReceiptFact, standing: Standing, policy: PoPolicy) -> Iterator[Problem]:
    """What is wrong with a receipt that was sent before."""
    name, memory = receipt.receipt_id, standing.memory
    if receipt.state is ReceiptState.REJECTED:
        yield Problem(cause=HoldCause.RECEIPT_REJECTED, told=f"receipt {name}: {receipt.problem}")
    if receipt.state is ReceiptState.UNKNOWN and is_under_way(receipt, memory):
        told = f"receipt {name}: {receipt.problem or 'it was sent, and nobody knows whether NetSuite has it'}"
        yield Problem(cause=HoldCause.RECEIPT_UNKNOWN, told=told, key=doubt_key(receipt))
    if receipt.state.may_exist:
        yield from _excess_problems(receipt, receipt.held_back, standing, None)
        yield from _unplanned_problems(receipt, standing)
    if is_believed(receipt, memory):
        yield from _changed(receipt, standing, policy)


def _excess_problems(
    receipt: ReceiptFact,
    held_back: Mapping[str, Decimal],
    standing: Standing,
    status: PoStatus | None,
) -> Iterator[Problem]:
    for line_id, pieces in held_back.items():
        key = excess_key(receipt, line_id, pieces)
        why = _why_not(standing.lines.get(line_id), standing, status)
        told = f"{key}: {plain(pieces)} pieces of receipt {receipt.receipt_id} are not passed on: {why}"
        if not standing.agreed.is_left_out(receipt, line_id, pieces):
            yield Problem(cause=HoldCause.RECEIPT_EXCESS, told=told, key=key)


def _why_not(line: PoLine | None, standing: Standing, status: PoStatus | None) -> str:
    if line is None:
        return "the line is not on the purchase order"
    if standing.is_deleted:
        return "the purchase order was deleted in NetSuite"
    if line.closed or status in {PoStatus.CLOSED, PoStatus.REJECTED}:
        return f"line {line.line_id} is closed in NetSuite"
    so_far, ordered = plain(standing.received(line)), plain(line.quantity)
    return f"line {line.line_id} ({line.sku}) has {so_far} of {ordered} {line.unit or 'pieces'} in NetSuite"


def _unplanned_problems(receipt: ReceiptFact, standing: Standing) -> Iterator[Problem]:
    for sku, pieces in sorted(receipt.unplanned.items()):
        key = unplanned_key(receipt, sku, pieces)
        line = standing.added_line(receipt, sku)
        taken = line is not None and (not receipt.state.may_exist or _is_taken(receipt, line))
        if pieces and key not in standing.memory.acknowledged and not taken:
            told = f"{key}: {plain(pieces)} pieces of {sku}, which {_why_unplanned(sku, standing)}"
            yield Problem(cause=HoldCause.RECEIPT_UNPLANNED, told=told, key=key)


def _why_unplanned(sku: str, standing: Standing) -> str:
    same = ", ".join(line.line_id for line in standing.po.lines if line.sku == sku)
    return f"came on no line; line {same} has the same product" if same else "is not on the purchase order"


def _is_taken(receipt: ReceiptFact, line: PoLine) -> bool:
    """Whether a receipt that was sent has the product on the line that was added for it."""
    return line.line_id in receipt.sent or line.line_id in receipt.held_back


def _inexact(receipt: ReceiptFact, passed: Mapping[str, Decimal | NotExact], standing: Standing) -> Iterator[Problem]:
    got = counted(receipt, standing)
    for line_id, amount in sorted(passed.items()):
        if isinstance(amount, NotExact):
            key = inexact_key(receipt, line_id, got.get(line_id, ZERO))
            yield Problem(cause=HoldCause.UNIT_NOT_EXACT, told=f"{key}: {amount.reason}", key=key)


def _hidden_problems(receipt: ReceiptFact, standing: Standing) -> Iterator[Problem]:
    """Goods on lines that HotWax has and the good rows do not tell: a bad one may, and NetSuite have them still."""
    memory = standing.memory
    hidden = memory.imported.keys() - standing.lines.keys() if memory.bad_rows and not receipt.in_doubt else set()
    for line_id in sorted(hidden & receipt.pieces.keys()):
        pieces = receipt.pieces[line_id]
        key = excess_key(receipt, line_id, pieces)
        if pieces > 0 and not standing.agreed.is_left_out(receipt, line_id, pieces):
            where = f"line {line_id}, of which no good row tells: {memory.bad_rows[0]}"
            told = f"{key}: {plain(pieces)} pieces of receipt {receipt.receipt_id} came on {where}"
            yield Problem(cause=HoldCause.BAD_ROWS, told=told, key=key)


def _unreadable(memory: PoMemory) -> Iterator[Problem]:
    """Receipt rows that cannot be read: nobody knows how much was received."""
    for row in memory.unread:
        yield Problem(cause=HoldCause.RECEIPT_UNREADABLE, told=row.key, key=row.key)


def _taken_back(receipt: ReceiptFact, memory: PoMemory) -> Iterator[Problem]:
    for line_id, pieces in sorted(receipt.pieces.items()):
        key = changed_key(receipt, line_id, pieces)
        if pieces < 0 and key not in memory.acknowledged:
            told = f"{key}: HotWax took back {plain(-pieces)} pieces that were received before"
            yield Problem(cause=HoldCause.RECEIPT_CHANGED, told=told, key=key)


def _changed(receipt: ReceiptFact, standing: Standing, policy: PoPolicy) -> Iterator[Problem]:
    """Lines of a sent receipt that HotWax tells otherwise now; a line gone from NetSuite has no unit to compare in."""
    touched = receipt.sent.keys() | receipt.held_back.keys() | receipt.pieces.keys()
    for line in (standing.lines[line_id] for line_id in sorted(touched & standing.lines.keys())):
        sent = receipt.sent.get(line.line_id, ZERO)
        passed = to_pieces(sent, line.unit_rate, policy.receipt_decimals)
        if isinstance(passed, NotExact):
            continue
        now, then = receipt.pieces.get(line.line_id, ZERO), passed + receipt.held_back.get(line.line_id, ZERO)
        added = _added(receipt, line, standing)
        if then not in {now, *(now + more for more in added)}:
            now += ZERO if line.line_id in receipt.pieces else min(added)
            told = f"{plain(then)} pieces were received, {plain(passed)} of them sent; HotWax says {plain(now)} now"
            yield _change(receipt, line, told, _settled(receipt, line, now, standing, policy), now)


def _added(receipt: ReceiptFact, line: PoLine, standing: Standing) -> Collection[Decimal]:
    """Pieces without a line that may have gone on this one: all of them, or those that nobody left out."""
    if not is_added_for(line, receipt):
        return (ZERO,)
    return receipt.unplanned.get(line.sku, ZERO), standing.agreed.unplanned_left(receipt).get(line.sku, ZERO)


def _change(receipt: ReceiptFact, line: PoLine, told: str, settled: Settlement, now: Decimal) -> Problem:
    """A change, with what NetSuite is to have: that counts once an operator says that it was put right there."""
    key = changed_key(receipt, line.line_id, now)
    told = f"{key}: {told}: NetSuite is to have {plain(settled.sent)} {line.unit or 'pieces'} of this receipt"
    return Problem(cause=HoldCause.RECEIPT_CHANGED, told=told, key=key, settles=settled)


def _settled(receipt: ReceiptFact, line: PoLine, now: Decimal, standing: Standing, policy: PoPolicy) -> Settlement:
    """What NetSuite is to have of a line that HotWax counts otherwise now: what it would be given if it were new."""
    room = max(ZERO, line.quantity - standing.received(line) + receipt.sent.get(line.line_id, ZERO))
    rate, digits = line.unit_rate or _ONE, policy.receipt_decimals
    sent = _passed_of(line, now, room, policy) if now > 0 else to_unit(now, line.unit_rate, digits)
    if isinstance(sent, NotExact):  # as near as a person can write it into NetSuite; the rest is held as excess
        sent = (now / rate).quantize(_ONE.scaleb(-digits), ROUND_DOWN)
    rest = max(ZERO, now - sent * rate)
    told, then = line.received or ZERO, receipt.sent.get(line.line_id, ZERO)
    overtakes = overtaken_key(line) if told > standing.ours(line) - then + sent else None
    return Settlement(
        receipt_id=receipt.receipt_id, line_id=line.line_id, sent=sent, held_back=rest, overtakes=overtakes
    )
