"""The effect mechanism's memory: each remote write as a row that is committed before the wire is touched (design 8).

The states and their transitions stand here and nowhere else; who may send is decided by compare-and-set on `attempt`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, auto

from sqlalchemy import ColumnElement, bindparam
from sqlmodel import Session, col, select

from domain.base import Frozen
from domain.outcomes import EffectResult, Outcome, WriteOutcome, state_after
from domain.stages import EffectKind, EffectState
from ledger import journal
from ledger.journal import About, Flow
from ledger.rows import locked, locked_or_none, write
from ledger.tables import EffectRow, OrderRow

ANSWER_MAX = 8_192
"""How much of a remote's answer is kept, in characters."""

_EPOCH_OF = (
    select(OrderRow.epoch)
    .join(EffectRow, (col(EffectRow.tenant) == OrderRow.tenant) & (col(EffectRow.order_id) == OrderRow.order_id))
    .where(col(EffectRow.key) == bindparam("key"))
    .with_for_update(of=OrderRow)
)
_OF_ORDER = (
    select(EffectRow)
    .where(col(EffectRow.tenant) == bindparam("tenant"), col(EffectRow.order_id) == bindparam("order_id"))
    .order_by(col(EffectRow.revision), col(EffectRow.planned_at), col(EffectRow.key))
)


ADOPTED = " (adopted: the remote has this number already, and an attempt of ours was in doubt)"


class NotPromisedError(LookupError):
    """There is no such promise now; the next assessment of the order makes it anew, if it is still owed."""


class EffectDraft(Frozen):
    """A remote write to promise: its business key, what it is for, and the exact body."""

    key: str
    tenant: str
    kind: EffectKind
    body: str
    remote_no: str
    order_id: str | None = None
    order_no: str = ""
    revision: int = 0
    store: str = ""
    lines: Mapping[str, str] | None = None
    stores: Mapping[str, str] | None = None
    epoch: int = 0
    amount: Decimal = Decimal(0)
    order_discount: Decimal = Decimal(0)


class Turn(Enum):
    """What an attempt to make an effect may do now."""

    SEND = auto()
    """Ours alone: the row says `sending`, and is on disk."""
    LOOK_FIRST = auto()
    """An earlier attempt may have arrived: look it up, or repeat it where that is safe."""
    SETTLED = auto()
    """Nothing to do: it is done, rejected, or waits for an operator."""
    BUSY = auto()
    """Another attempt may still be on the wire until its lease ends."""


def promise(session: Session, draft: EffectDraft, now: datetime) -> EffectRow:
    """The row of this effect, made or refreshed.

    A row that was never on the wire, or that the remote refused, takes the new body and is planned again. One that may
    exist keeps its body for good. The caller checks that the row's order is its own.
    """
    row = locked_or_none(session, EffectRow, key=draft.key)
    if row is None:
        row = EffectRow(**draft.model_dump(exclude={"amount", "order_discount"}), planned_at=now)
        row.amount, row.order_discount = str(draft.amount), str(draft.order_discount)
        session.add(row)
    elif row.order_id == draft.order_id and not row.state.may_exist:
        row.body, row.remote_no, row.store, row.epoch = draft.body, draft.remote_no, draft.store, draft.epoch
        row.lines, row.stores = dict(draft.lines or {}) or None, dict(draft.stores or {}) or None
        row.amount, row.order_discount = str(draft.amount), str(draft.order_discount)
        row.state, row.foreign, row.planned_at = EffectState.PLANNED, False, now
    return row


def rival_of(session: Session, draft: EffectDraft) -> str | None:
    """Another order whose document of this kind has the draft's number in the remote system, or may get it."""
    theirs = select(EffectRow.order_id).where(
        EffectRow.tenant == draft.tenant,
        EffectRow.kind == draft.kind,
        EffectRow.remote_no == draft.remote_no,
        EffectRow.order_id != draft.order_id,
    )
    return session.exec(theirs.limit(1)).first()


def begin(session: Session, key: str, now: datetime, lease: timedelta, *, may_repeat: bool) -> tuple[Turn, EffectRow]:
    """Claim the right to send, or learn why there is nothing to send.

    Commit with `Ledger.durable` before the socket is opened. `may_repeat` says that the caller can resolve doubt: by
    looking up, or because the remote makes no second document.

    Raises:
        NotPromisedError: nobody promised this effect, or the order's newest assessment does not want it any more.
    """
    row = _claimed(session, key)
    if row.state in {EffectState.DONE, EffectState.REJECTED}:
        return Turn.SETTLED, row
    if row.state is EffectState.SENDING:
        if row.lease_until and row.lease_until > now:
            return Turn.BUSY, row
        _doubt(session, row, now, "an attempt ended without an answer")
    turn = Turn.LOOK_FIRST if row.in_doubt else Turn.SEND
    if turn is Turn.LOOK_FIRST and not may_repeat:
        row.state = EffectState.UNKNOWN
        return Turn.SETTLED, row
    claim = {"attempt": row.attempt + 1, "lease_until": now + lease, "sent_at": row.sent_at or now}
    write(session, row, state=EffectState.SENDING, **claim)
    return turn, row


def _claimed(session: Session, key: str) -> EffectRow:
    """The effect's row, locked after its order's: an assessment locks in the same order, so neither sees half of it."""
    epoch = session.exec(_EPOCH_OF, params={"key": key}).one_or_none()
    row = locked_or_none(session, EffectRow, key=key)
    if row is None:
        raise NotPromisedError(f"effect {key} was never promised")
    if row.order_id and row.state is EffectState.PLANNED and row.epoch != epoch:
        raise NotPromisedError(f"effect {key} was promised before the order changed")
    return row


def settle(session: Session, key: str, attempt: int, outcome: WriteOutcome, now: datetime) -> EffectRow:
    """Write down what an attempt came to.

    An answer that proves the document exists is always written down, however late it comes. Any other answer counts
    only while the attempt is the newest: a later one knows better.
    """
    row = locked(session, EffectRow, key=key)
    state = state_after(outcome.outcome, in_doubt=row.in_doubt)
    if row.state is EffectState.DONE or (state is not EffectState.DONE and row.attempt != attempt):
        _note(session, row, now, f"a late answer of attempt {attempt} changes nothing: {outcome.outcome}")
        return row
    write(
        session,
        row,
        state=state,
        in_doubt=state is EffectState.UNKNOWN,
        number=outcome.number and _plain(outcome.number),
        problem=_plain(outcome.problem),
        http_status=outcome.http_status,
        answer=_plain(outcome.raw)[:ANSWER_MAX],
        foreign=outcome.outcome is Outcome.ALREADY_EXISTS and state is EffectState.REJECTED,
        lease_until=None,
        settled_at=now,
    )
    adopted = outcome.outcome is Outcome.ALREADY_EXISTS and state is EffectState.DONE
    _note(session, row, now, _told(row) + (ADOPTED if adopted else ""))
    return row


def hold_on(session: Session, key: str, attempt: int, until: datetime) -> bool:
    """Lengthen an attempt's lease; False where the write is not this attempt's any more."""
    row = locked(session, EffectRow, key=key)
    if row.attempt != attempt or row.state is not EffectState.SENDING:
        return False
    row.lease_until = until
    return True


def release(session: Session, key: str, attempt: int, now: datetime, why: str) -> None:
    """Give the claim back: it is certain that nothing was applied, so the effect is as if it was never sent."""
    row = locked(session, EffectRow, key=key)
    if row.attempt == attempt and row.state is EffectState.SENDING:
        row.state = EffectState.UNKNOWN if row.in_doubt else EffectState.PLANNED
        row.lease_until, row.problem = None, why
        if not row.in_doubt:
            row.sent_at = None
        _note(session, row, now, f"attempt {attempt} was not applied: {why}")


def holder_of(session: Session, row: EffectRow, number: str) -> str | None:
    """Another document of this kind that has this number in the remote system already, by its key."""
    theirs = select(EffectRow.key).where(
        EffectRow.tenant == row.tenant,
        EffectRow.kind == row.kind,
        EffectRow.number == number,
        EffectRow.key != row.key,
        EffectRow.state == EffectState.DONE,
    )
    return session.exec(theirs.limit(1)).first()


def confirm(row: EffectRow, number: str, now: datetime) -> None:
    """Adopt what an operator found: the document exists, with this number; one that is known to exist is confirmed."""
    row.confirmed = row.confirmed or row.state is EffectState.DONE
    row.state, row.number = EffectState.DONE, number
    row.problem, row.foreign, row.lease_until, row.settled_at = "", False, None, now


def resend(row: EffectRow) -> None:
    """Plan the effect anew: an operator looked, and the remote system does not have it."""
    row.state, row.in_doubt, row.foreign, row.lease_until = EffectState.PLANNED, False, False, None


def of_order(session: Session, tenant: str, order_id: str) -> Sequence[EffectRow]:
    """All effects of an order, in the order in which they were promised."""
    return session.exec(_OF_ORDER, params={"tenant": tenant, "order_id": order_id}).all()


def newest_named(session: Session, tenant: str, kinds: Collection[EffectKind], remote_no: str) -> EffectRow | None:
    """The newest effect of this name that a remote has, or may get; None where there is none."""
    named = (EffectRow.tenant == tenant, col(EffectRow.kind).in_(kinds), EffectRow.remote_no == remote_no)
    mine = select(EffectRow).where(*named)
    rows = session.exec(mine.order_by(col(EffectRow.planned_at).desc())).all()
    return next((row for row in rows if row.state is not EffectState.REJECTED), None)


def take_up(session: Session, draft: EffectDraft, made_at: datetime, now: datetime) -> None:
    """Note a write that this ledger never promised, and that the remote has all the same."""
    if locked_or_none(session, EffectRow, key=draft.key) is None:
        row = EffectRow(**draft.model_dump(exclude={"amount", "order_discount"}), planned_at=made_at)
        row.state, row.number, row.foreign, row.settled_at = EffectState.DONE, draft.remote_no, True, now
        session.add(row)
        _note(session, row, now, "was taken up: this ledger did not send it")


def taken_up(
    session: Session, tenant: str, kinds: Collection[EffectKind], since: datetime | None = None
) -> Sequence[EffectRow]:
    """The writes of no order that were taken up, the oldest first; those only that were made since then."""
    mine = select(EffectRow).where(*_of_no_order(tenant, kinds), col(EffectRow.foreign).is_(True))
    if since is not None:
        mine = mine.where(col(EffectRow.planned_at) >= since)
    return session.exec(mine.order_by(col(EffectRow.planned_at), col(EffectRow.key))).all()


def names_of(session: Session, tenant: str, kinds: Collection[EffectKind]) -> set[str]:
    """The names of all writes of no order of these kinds."""
    return set(session.exec(select(EffectRow.remote_no).where(*_of_no_order(tenant, kinds))))


def is_named(session: Session, tenant: str, kinds: Collection[EffectKind], remote_no: str) -> bool:
    """Whether a write of no order has this name."""
    mine = select(EffectRow.key).where(*_of_no_order(tenant, kinds), EffectRow.remote_no == remote_no)
    return session.exec(mine.limit(1)).first() is not None


def _of_no_order(tenant: str, kinds: Collection[EffectKind]) -> tuple[ColumnElement[bool], ...]:
    """By the index of order numbers, for most writes are of orders."""
    return (col(EffectRow.tenant) == tenant, col(EffectRow.order_no) == "", col(EffectRow.kind).in_(kinds))


def sends_again(session: Session, key: str, attempt: int, now: datetime) -> None:
    """Note when an effect in doubt is sent once more: how long it may stay unseen counts from here."""
    row = locked(session, EffectRow, key=key)
    if row.attempt == attempt:
        row.sent_at = now


def forget_unmade(session: Session, tenant: str, order_id: str) -> None:
    """Drop the promises that no remote has: the order is cancelled, its number is free again."""
    for row in of_order(session, tenant, order_id):
        if not row.state.may_exist:
            session.delete(row)


def result_of(row: EffectRow) -> EffectResult:
    """Where this effect stands, as the workflow needs to know it."""
    return EffectResult(
        key=row.key,
        kind=row.kind,
        state=row.state,
        number=row.number,
        problem=row.problem,
        foreign=row.foreign,
    )


def _plain(text: str) -> str:
    """The text without what a database refuses, NUL and half characters: no answer may be lost for them."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")


def _doubt(session: Session, row: EffectRow, now: datetime, why: str) -> None:
    row.in_doubt, row.state, row.problem = True, EffectState.UNKNOWN, why
    _note(session, row, now, why)


def _told(row: EffectRow) -> str:
    detail = row.number or row.problem
    return f"{row.state}{f': {detail}' if detail else ''}"


def _note(session: Session, row: EffectRow, now: datetime, text: str) -> None:
    about = About(row.tenant, row.order_id) if row.order_id else About(row.tenant, row.key, Flow.UPLOAD)
    journal.write(session, about, now, str(row.kind), f"{row.key} {text}")
