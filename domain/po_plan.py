"""What a purchase order owes next: one pure answer from what NetSuite told, what was done, and the tenant's rules.

Asked anew whenever something changed, so that repeated, late and reordered news lead to the same life (design 6).
Towards HotWax it owes the lines that HotWax has otherwise; towards NetSuite one receipt at a time.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.base import Frozen
from domain.po_import import line_difference
from domain.po_receipts import Problem, Receiving, plan_receipts, promised
from domain.po_standing import Standing, is_awaiting_approval
from domain.po_units import NotExact, plain, to_pieces, total
from domain.purchase_order import (
    ImportedLine,
    ImportState,
    NetSuiteMode,
    PoLine,
    PoMemory,
    PoPlan,
    PoPolicy,
    PoStage,
    PoStatus,
    PurchaseOrder,
    ReceiptState,
)
from domain.seen import some
from domain.stages import Hold, HoldCause

UNVERIFIED = "accepted, unverified: NetSuite's stock importer confirms nothing"

_LOOKED_FOR = "it is looked for in HotWax once more before it is imported anew, or ends"

_FIRST = (
    HoldCause.DELETED_IN_NETSUITE,
    HoldCause.BAD_ROWS,
    HoldCause.LINE_KEY_CHANGED,
    HoldCause.RECEIPT_UNKNOWN,
    HoldCause.RECEIPT_REJECTED,
    HoldCause.IMPORT_UNKNOWN,
    HoldCause.IMPORT_REJECTED,
    HoldCause.GONE_IN_HOTWAX,
    HoldCause.UNIT_NOT_EXACT,
    HoldCause.IMPORT_NOT_TAKEN,
    HoldCause.AMENDED_BELOW_RECEIVED,
    HoldCause.RECEIPT_UNREADABLE,
    HoldCause.RECEIPT_UNPLANNED,
    HoldCause.RECEIPT_EXCESS,
    HoldCause.RECEIPT_CHANGED,
    HoldCause.RECEIVED_BEFORE,
    HoldCause.STATUS_DIFFERS,
)
"""The order in which causes are shown: first what keeps goods from either system, last what is only to be looked at."""


class Importing(Frozen):
    """The part of a plan that is about HotWax."""

    lines: tuple[ImportedLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    waiting_for: str = ""
    looks: bool = False
    """Whether it is looked for in HotWax first."""


def plan_po(po: PurchaseOrder, memory: PoMemory, policy: PoPolicy) -> PoPlan:
    """What this purchase order owes now."""
    standing = Standing(po, memory)
    stopped = _stopped(standing, policy)
    if stopped and not _ends_as_it_is(standing):
        return _planned(standing, Importing(problems=stopped), Receiving(withdraw=promised(memory)))
    importing = _plan_import(standing, policy)
    receiving = _plan_receiving(standing, policy, stopped)
    if importing.lines or importing.waiting_for or importing.problems or not receiving.settled:
        return _planned(standing, importing, receiving)
    match _end(standing, policy):
        case PoStage() as ends:
            return _planned(standing, importing, receiving, ends)
        case Problem() as problem:
            return _planned(standing, importing, Receiving(problems=(problem,)))
        case waiting:
            return _planned(standing, importing, Receiving(waiting_for=waiting))


def _stopped(standing: Standing, policy: PoPolicy) -> tuple[Problem, ...]:
    """What lets nothing of it go on, neither to HotWax nor to NetSuite; where it ends, only no receipt."""
    memory = standing.memory
    if standing.is_deleted and not _is_given_up(memory):
        return (_deleted(standing.po),)
    if memory.bad_rows and not (policy.partial_pos and standing.lines):
        return (_bad_rows(memory),)
    return tuple(_other_lines(standing))


def _is_given_up(memory: PoMemory) -> bool:
    """Whether an operator expects no more goods."""
    return memory.close_wanted or is_cancelled(memory)


def _is_over(standing: Standing) -> bool:
    """Whether no more goods are expected, by an operator's word or by NetSuite's."""
    return _is_given_up(standing.memory) or (standing.status is not None and standing.status.is_over)


def _ends_as_it_is(standing: Standing) -> bool:
    """Whether its lines are closed in HotWax, whichever they are: a status from before bad rows says nothing now."""
    memory = standing.memory
    is_stale = standing.is_deleted or (memory.bad_rows and standing.status is not memory.status_beside)
    return _is_given_up(memory) or (_is_over(standing) and not is_stale)


def _deleted(po: PurchaseOrder) -> Problem:
    told = f"NetSuite was asked for purchase order {po.po_id} by this id, and has it no more; nothing is sent to it"
    return Problem(cause=HoldCause.DELETED_IN_NETSUITE, told=told)


def _bad_rows(memory: PoMemory) -> Problem:
    return Problem(cause=HoldCause.BAD_ROWS, told=some(memory.bad_rows))


def _other_lines(standing: Standing) -> Iterator[Problem]:
    """Lines that may be others than before under the same line id: what was received counts for neither by guess."""
    for line in standing.po.lines:
        key = f"rekeyed:{line.line_id}:{line.unique_key}"
        if line.former_key and key not in standing.memory.acknowledged:
            told = f"{key}: line {line.line_id} was told under unique key {line.former_key} before, and is under"
            told = f"{told} {line.unique_key} ({line.sku}) now: it may be another line"
            yield Problem(cause=HoldCause.LINE_KEY_CHANGED, told=told, key=key)


def _plan_receiving(standing: Standing, policy: PoPolicy, stopped: tuple[Problem, ...]) -> Receiving:
    """The receipts, unless they are stopped; one that ends is not kept from it where none is owed.

    Lines may be unknown to us that the stock importer would then receive in full: it gets no receipt beside bad rows.
    """
    memory, receiving = standing.memory, plan_receipts(standing, policy)
    if memory.bad_rows and policy.netsuite_mode is NetSuiteMode.STOCK:
        stopped = (_bad_rows(memory),)
    if not stopped or (receiving.settled and _ends_as_it_is(standing)):
        return receiving
    return Receiving(withdraw=promised(memory), problems=stopped)


def _planned(standing: Standing, importing: Importing, receiving: Receiving, ends: PoStage | None = None) -> PoPlan:
    problems = importing.problems + receiving.problems
    hold = _hold(problems)
    pressing = [problem for problem in problems if hold and problem.cause is hold.cause]
    upload = f"{len(importing.lines)} lines go with the next upload to HotWax" if importing.lines else ""
    is_closing = standing.memory.close_wanted and not receiving.settled
    closing = "it is closed once everything received is in NetSuite" if is_closing else ""
    waiting = (_progress(standing), importing.waiting_for, upload, receiving.waiting_for, closing)
    return PoPlan(
        stage=ends or _stage(standing.memory, importing),
        hold=hold,
        waiting_for=_told_at_end(standing, ends) if ends else "; ".join(part for part in waiting if part),
        import_lines=importing.lines,
        looks=importing.looks,
        send=receiving.send,
        withdraw=receiving.withdraw,
        goes=receiving.goes,
        ends=ends,
        acknowledges=tuple(problem.key for problem in pressing if problem.key),
        told=tuple(problem.told for problem in pressing if problem.key) or tuple(problem.told for problem in pressing),
        settles=tuple(problem.settles for problem in pressing if problem.settles),
    )


def _hold(problems: Sequence[Problem]) -> Hold | None:
    """One hold for everything of the most pressing cause."""
    if not problems:
        return None
    cause = min((problem.cause for problem in problems), key=_FIRST.index)
    return Hold(cause=cause, evidence=some([problem.told for problem in problems if problem.cause is cause]))


# ---- where it stands -------------------------------------------------------------------------------------------------


def has_received(memory: PoMemory) -> bool:
    """Whether a store has received anything of it, before Waybill brought it too."""
    return any(memory.old_pieces.values()) or _has_come(memory)


def _has_come(memory: PoMemory) -> bool:
    return any(any(r.pieces.values()) or any(r.unplanned.values()) for r in memory.receipts)


def is_cancelled(memory: PoMemory) -> bool:
    """Whether an operator's cancel holds: goods that come overtake it, those from before Waybill do not."""
    return memory.cancel_wanted and not _has_come(memory)


def _stage(memory: PoMemory, importing: Importing) -> PoStage:
    if has_received(memory):
        return PoStage.RECEIVED
    is_there = bool(memory.imported) and not (importing.lines or importing.waiting_for or importing.problems)
    was_there = bool(memory.imported) and memory.stage is not PoStage.PENDING
    return PoStage.IMPORTED if is_there or was_there else PoStage.PENDING


def _progress(standing: Standing) -> str:
    """Received / ordered in pieces, as a whole and of the lines that are not complete."""
    lines = standing.po.open_lines
    got = {line.line_id: standing.pieces[line.line_id] for line in lines}
    ordered = {line.line_id: line.quantity * (line.unit_rate or 1) for line in lines}
    if not ordered:
        return ""
    short = [f"line {i}: {plain(got[i])}/{plain(n)}" for i, n in ordered.items() if got[i] != n]
    of_lines = f" ({some(short)})" if short else ""
    return f"received {plain(total(got.values()))}/{plain(total(ordered.values()))} pieces{of_lines}"


def _told_at_end(standing: Standing, ends: PoStage) -> str:
    return UNVERIFIED if ends is PoStage.RECEIPT_SYNCED and is_unverified(standing) else ""


def is_unverified(standing: Standing) -> bool:
    """Whether NetSuite has told neither by an answer nor by a later file that it has our receipts."""
    unsure = {ReceiptState.UNVERIFIED, ReceiptState.UNKNOWN}
    return any(r.state in unsure for r in standing.memory.receipts) and not standing.file_is_as_new


# ---- towards HotWax --------------------------------------------------------------------------------------------------


def _plan_import(standing: Standing, policy: PoPolicy) -> Importing:
    """The lines that HotWax is to have otherwise than it has them, unless an upload is under way or was refused."""
    memory, status = standing.memory, standing.status
    if memory.import_state is ImportState.GONE:
        return _gone(standing)
    if _is_over(standing):
        return _by_state(_closing(memory.imported.values()), (), memory)
    if is_awaiting_approval(status):
        return Importing(waiting_for=f"waiting for approval in NetSuite: its status is {status}")
    wanted = list(_wanted(standing, policy))
    problems = tuple(want for want in wanted if isinstance(want, Problem))
    if any(p.cause is HoldCause.UNIT_NOT_EXACT for p in problems) and not policy.partial_pos:
        return Importing(problems=problems)
    return _by_state([want for want in wanted if isinstance(want, ImportedLine)], problems, memory)


def _gone(standing: Standing) -> Importing:
    """What HotWax does not have any more is of no use to it once no more goods are expected.

    What it may have by an upload, and never showed, is not given up before somebody has looked.
    """
    is_of_no_use = _is_over(standing) or not any(standing.left.values())
    if is_of_no_use and not standing.memory.is_unseen:
        return Importing()
    if not standing.memory.import_problem:
        return Importing(waiting_for=_LOOKED_FOR)
    problem = Problem(cause=HoldCause.GONE_IN_HOTWAX, told=standing.memory.import_problem)
    return Importing(problems=(problem,))


def _closing(lines: Iterable[ImportedLine]) -> list[ImportedLine]:
    return [line.model_copy(update={"closed": True}) for line in lines if not line.closed]


def _wanted(standing: Standing, policy: PoPolicy) -> Iterator[ImportedLine | Problem]:
    """The lines that HotWax has otherwise, as it shall have them; or what is wrong with them."""
    memory = standing.memory
    for line in standing.po.lines:
        had = memory.imported.get(line.line_id)
        if line.closed:
            yield from _closing([had] if had else [])
        elif had or standing.left[line.line_id]:
            yield from _wanted_open(line, had, standing, policy)
    if not memory.bad_rows:
        yield from _closing([had for had in memory.imported.values() if had.line_id not in standing.lines])


def _wanted_open(
    line: PoLine, had: ImportedLine | None, standing: Standing, policy: PoPolicy
) -> Iterator[ImportedLine | Problem]:
    pieces = to_pieces(line.quantity, line.unit_rate, policy.receipt_decimals)
    if isinstance(pieces, NotExact):
        yield Problem(cause=HoldCause.UNIT_NOT_EXACT, told=f"line {line.line_id}: {pieces.reason}")
        return
    want = ImportedLine(line_id=line.line_id, sku=line.sku, pieces=pieces, facility=line.facility, arrival=line.arrival)
    if had is None or _differs(want, had, standing):
        yield _below(want, had, standing) or want


def _differs(want: ImportedLine, had: ImportedLine, standing: Standing) -> bool:
    """Whether HotWax has an open line otherwise; one that it has closed rightly differs by its quantity alone."""
    if had.closed:
        is_complete = standing.pieces[had.line_id] >= had.pieces
        return want.pieces != had.pieces or not (is_complete or had.line_id in standing.memory.closed_in_oms)
    return line_difference(want, had) is not None


def _below(want: ImportedLine, had: ImportedLine | None, standing: Standing) -> Problem | None:
    """The problem of a line that was amended to less than the stores have received."""
    received = standing.pieces[want.line_id]
    key = f"below:{want.line_id}:{plain(want.pieces)}"
    if had is None or not want.pieces < min(had.pieces, received) or key in standing.memory.acknowledged:
        return None
    told = f"{key}: amended from {plain(had.pieces)} to {plain(want.pieces)} pieces, {plain(received)} are received"
    return Problem(cause=HoldCause.AMENDED_BELOW_RECEIVED, told=told, key=key)


def _by_state(owed: Sequence[ImportedLine], problems: tuple[Problem, ...], memory: PoMemory) -> Importing:
    """What is owed, given what became of the newest upload."""
    match memory.import_state:
        case ImportState.SENT:
            return Importing(problems=problems, waiting_for="waiting for HotWax's import")
        case ImportState.UNKNOWN if owed or not memory.imported:
            told = memory.import_problem or "nobody knows whether HotWax has the upload"
            return Importing(problems=(*problems, Problem(cause=HoldCause.IMPORT_UNKNOWN, told=told)))
        case ImportState.REJECTED if owed and not _is_mended(owed, memory):
            return Importing(problems=(*problems, Problem(cause=HoldCause.IMPORT_REJECTED, told=memory.import_problem)))
        case ImportState.DONE:
            not_taken = [line for line in owed if memory.asked.get(line.line_id) == line]
            fresh = tuple(line for line in owed if line not in not_taken)
            return Importing(lines=fresh, problems=(*problems, *_not_taken(not_taken, memory)))
        case _ if memory.is_unseen:
            return Importing(problems=problems, waiting_for=_LOOKED_FOR, looks=True)
        case _:
            return Importing(lines=tuple(owed), problems=problems)


def _is_mended(owed: Sequence[ImportedLine], memory: PoMemory) -> bool:
    """Whether NetSuite tells the refused lines otherwise since."""
    return bool(memory.asked) and any(memory.asked.get(line.line_id) != line for line in owed)


def _not_taken(lines: Sequence[ImportedLine], memory: PoMemory) -> Iterator[Problem]:
    for line in lines:
        had = memory.imported.get(line.line_id)
        if not _stays_as_it_is(line, had, memory):
            differs = (line_difference(line, had) if had else "not in HotWax") or "closed in HotWax, open wanted"
            why = memory.import_problem or "HotWax took the upload without an error"
            key = _not_taken_key(line)
            told = f"{key}: {why}; line {line.line_id}: {differs}"
            yield Problem(cause=HoldCause.IMPORT_NOT_TAKEN, told=told, key=key)


def _not_taken_key(line: ImportedLine) -> str:
    """The acknowledgement that HotWax does not have a line as it is wanted: in all of it that an upload tells."""
    open_as = (plain(line.pieces), line.sku, line.facility, *([str(line.arrival)] if line.arrival else []))
    return ":".join(("not_taken", line.line_id, *(("closed",) if line.closed else open_as)))


def _stays_as_it_is(line: ImportedLine, had: ImportedLine | None, memory: PoMemory) -> bool:
    """Whether an operator said so. A key of an older ledger names the quantity, and is about nothing else."""
    if _not_taken_key(line) in memory.acknowledged:
        return True
    is_other = had is not None and line_difference(line, had.model_copy(update={"pieces": line.pieces})) is not None
    return not is_other and f"not_taken:{line.line_id}:{plain(line.pieces)}" in memory.acknowledged


# ---- the end ---------------------------------------------------------------------------------------------------------


def _end(standing: Standing, policy: PoPolicy) -> PoStage | Problem | str:
    """The end of a purchase order that owes nothing, or what keeps it from one: a problem, or what it waits for."""
    po, memory, status = standing.po, standing.memory, standing.status
    is_short = any(standing.missing(line) for line in po.lines)
    if status is PoStatus.REJECTED or is_cancelled(memory):
        return PoStage.CANCELLED
    if status is PoStatus.CLOSED or memory.close_wanted:
        return PoStage.CLOSED if is_short or memory.bad_rows else PoStage.RECEIPT_SYNCED
    if is_awaiting_approval(status) or _open_lines(standing):
        return ""
    if status is not None and status.is_received:
        return PoStage.RECEIPT_SYNCED
    if not any(standing.received(line) for line in po.lines):
        return PoStage.CLOSED
    return _end_by_status(standing, policy, is_short=is_short)


def _open_lines(standing: Standing) -> list[PoLine]:
    """The lines that both systems still expect goods on; without one that HotWax was never brought to take."""
    imported, closed = standing.memory.imported.values(), standing.memory.closed_in_oms
    there = {line.line_id for line in imported if not line.closed} - closed
    return [line for line in standing.po.lines if line.line_id in there and standing.left[line.line_id]]


def _end_by_status(standing: Standing, policy: PoPolicy, *, is_short: bool) -> PoStage | Problem | str:
    """Nothing is expected any more: it ends when NetSuite's own status agrees, or can not be known."""
    memory, status = standing.memory, standing.status
    is_answered = memory.status_after is not None and not is_unverified(standing)
    is_known = is_answered or standing.file_is_as_new
    if status is None or not is_known:
        is_stock = policy.netsuite_mode is NetSuiteMode.STOCK
        return PoStage.RECEIPT_SYNCED if is_stock else "waiting for NetSuite to tell its status"
    key = f"status:{status}"
    if (is_short and status is not PoStatus.PENDING_RECEIPT) or key in memory.acknowledged:
        return PoStage.RECEIPT_SYNCED
    told = f"{key}: every line is received or closed, and NetSuite's status is {status}"
    return Problem(cause=HoldCause.STATUS_DIFFERS, told=told, key=key)
