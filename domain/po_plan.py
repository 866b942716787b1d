"""What a purchase order owes next: one pure answer from what NetSuite told, what was done, and the tenant's rules.

Asked anew whenever something changed, so that repeated, late and reordered news lead to the same life (design 6).
Towards HotWax it owes the lines that HotWax has otherwise; towards NetSuite one receipt at a time.
"""

from collections.abc import Iterable, Iterator, Sequence

from domain.base import Frozen
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
from domain.stages import Hold, HoldCause

SHOWN = 5
"""How many of many lines or problems are told."""

UNVERIFIED = "accepted, unverified: NetSuite's stock importer confirms nothing"

_FIRST = (
    HoldCause.BAD_ROWS,
    HoldCause.LINE_KEY_CHANGED,
    HoldCause.RECEIPT_UNKNOWN,
    HoldCause.RECEIPT_REJECTED,
    HoldCause.IMPORT_UNKNOWN,
    HoldCause.IMPORT_REJECTED,
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


def plan_po(po: PurchaseOrder, memory: PoMemory, policy: PoPolicy) -> PoPlan:
    """What this purchase order owes now."""
    standing = Standing(po, memory)
    if memory.bad_rows and not policy.partial_pos:
        return _planned(standing, Importing(problems=(_bad_rows(memory),)), Receiving(withdraw=promised(memory)))
    if others := tuple(_other_lines(standing)):
        return _planned(standing, Importing(problems=others), Receiving(withdraw=promised(memory)))
    importing = _plan_import(standing, policy)
    receiving = _plan_receiving(standing, policy)
    if importing.lines or importing.waiting_for or importing.problems or not receiving.settled:
        return _planned(standing, importing, receiving)
    match _end(standing, policy):
        case PoStage() as ends:
            return _planned(standing, importing, receiving, ends)
        case Problem() as problem:
            return _planned(standing, importing, Receiving(problems=(problem,)))
        case waiting:
            return _planned(standing, importing, Receiving(waiting_for=waiting))


def _bad_rows(memory: PoMemory) -> Problem:
    return Problem(cause=HoldCause.BAD_ROWS, told=_some(memory.bad_rows))


def _other_lines(standing: Standing) -> Iterator[Problem]:
    """Lines that may be others than before under the same line id: what was received counts for neither by guess."""
    for line in standing.po.lines:
        key = f"rekeyed:{line.line_id}:{line.unique_key}"
        if line.former_key and key not in standing.memory.acknowledged:
            told = f"{key}: line {line.line_id} was told under unique key {line.former_key} before, and is under"
            told = f"{told} {line.unique_key} ({line.sku}) now: it may be another line"
            yield Problem(cause=HoldCause.LINE_KEY_CHANGED, told=told, key=key)


def _plan_receiving(standing: Standing, policy: PoPolicy) -> Receiving:
    """The receipts, unless lines may be unknown to us that the stock importer would then receive in full."""
    memory = standing.memory
    if memory.bad_rows and policy.netsuite_mode is NetSuiteMode.STOCK:
        return Receiving(withdraw=promised(memory), problems=(_bad_rows(memory),))
    return plan_receipts(standing, policy)


def _planned(standing: Standing, importing: Importing, receiving: Receiving, ends: PoStage | None = None) -> PoPlan:
    problems = importing.problems + receiving.problems
    hold = _hold(problems)
    upload = f"{len(importing.lines)} lines go with the next upload to HotWax" if importing.lines else ""
    is_closing = standing.memory.close_wanted and not receiving.settled
    closing = "it is closed once everything received is in NetSuite" if is_closing else ""
    waiting = (_progress(standing), importing.waiting_for, upload, receiving.waiting_for, closing)
    return PoPlan(
        stage=ends or _stage(standing.memory, importing),
        hold=hold,
        waiting_for=_told_at_end(standing, ends) if ends else "; ".join(part for part in waiting if part),
        import_lines=importing.lines,
        send=receiving.send,
        withdraw=receiving.withdraw,
        ends=ends,
        acknowledges=tuple(p.key for p in problems if p.key and hold and p.cause is hold.cause),
        settles=tuple(p.settles for p in problems if p.settles and hold and p.cause is hold.cause),
    )


def _hold(problems: Sequence[Problem]) -> Hold | None:
    """One hold for everything of the most pressing cause."""
    if not problems:
        return None
    cause = min((problem.cause for problem in problems), key=_FIRST.index)
    return Hold(cause=cause, evidence=_some([problem.told for problem in problems if problem.cause is cause]))


def _some(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more


# ---- where it stands -------------------------------------------------------------------------------------------------


def has_received(memory: PoMemory) -> bool:
    """Whether a store has received anything of it."""
    return any(any(r.pieces.values()) or any(r.unplanned.values()) for r in memory.receipts)


def is_cancelled(memory: PoMemory) -> bool:
    """Whether an operator's cancel holds: the truth overtakes it when goods have come."""
    return memory.cancel_wanted and not has_received(memory)


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
    of_lines = f" ({_some(short)})" if short else ""
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
    if status in {PoStatus.CLOSED, PoStatus.REJECTED} or memory.close_wanted or is_cancelled(memory):
        return _by_state(_closing(memory.imported.values()), (), memory)
    if is_awaiting_approval(status):
        return Importing(waiting_for=f"waiting for approval in NetSuite: its status is {status}")
    wanted = list(_wanted(standing, policy))
    problems = tuple(want for want in wanted if isinstance(want, Problem))
    if any(p.cause is HoldCause.UNIT_NOT_EXACT for p in problems) and not policy.partial_pos:
        return Importing(problems=problems)
    return _by_state([want for want in wanted if isinstance(want, ImportedLine)], problems, memory)


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
    is_same_product = had.sku in {"", want.sku}
    is_same_date = want.arrival in {None, had.arrival}
    return not (is_same_product and is_same_date and (want.pieces, want.facility) == (had.pieces, had.facility))


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
        case _:
            return Importing(lines=tuple(owed), problems=problems)


def _is_mended(owed: Sequence[ImportedLine], memory: PoMemory) -> bool:
    """Whether NetSuite tells the refused lines otherwise since."""
    return bool(memory.asked) and any(memory.asked.get(line.line_id) != line for line in owed)


def _not_taken(lines: Sequence[ImportedLine], memory: PoMemory) -> Iterator[Problem]:
    for line in lines:
        wanted = "closed" if line.closed else plain(line.pieces)
        key = f"not_taken:{line.line_id}:{wanted}"
        had = memory.imported.get(line.line_id)
        if key not in memory.acknowledged:
            there = f"{plain(had.pieces)} pieces for {had.facility}" if had else "nothing"
            why = memory.import_problem or "HotWax took the upload without an error and"
            told = f"{key}: {why} has {there}, not {wanted} for {line.facility}"
            yield Problem(cause=HoldCause.IMPORT_NOT_TAKEN, told=told, key=key)


# ---- the end ---------------------------------------------------------------------------------------------------------


def _end(standing: Standing, policy: PoPolicy) -> PoStage | Problem | str:
    """The end of a purchase order that owes nothing, or what keeps it from one: a problem, or what it waits for."""
    po, memory, status = standing.po, standing.memory, standing.status
    is_short = any(standing.missing(line) for line in po.lines)
    if status is PoStatus.REJECTED or is_cancelled(memory):
        return PoStage.CANCELLED
    if status is PoStatus.CLOSED or memory.close_wanted:
        return PoStage.CLOSED if is_short else PoStage.RECEIPT_SYNCED
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
