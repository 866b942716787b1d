"""The one mechanism for remote writes (design 8): promised, committed, sent, settled; in doubt, looked up first."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session

from activities import metrics
from connectors.errors import Ambiguous, ConnectorError
from connectors.guard import writing_allowed
from domain.outcomes import EffectResult, Outcome, WriteOutcome
from ledger import effects as book
from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger
from ledger.effects import Turn
from ledger.tables import EffectRow

log = structlog.get_logger()

Send = Callable[[str], WriteOutcome]
Find = Callable[[str], WriteOutcome | None]


class StillSendingError(Exception):
    """Another attempt may still be on the wire: ask again when its lease has ended."""

    def __init__(self, key: str, until: datetime) -> None:
        super().__init__(f"{key}: another attempt may be on the wire until {until:%H:%M:%S}Z")
        self.until = until


class InDoubtError(Exception):
    """A write got no trustworthy answer, and the next attempt can find out what became of it."""


@dataclass(frozen=True)
class Writer:
    """How one kind of effect reaches its remote system.

    `send` gives the normalized answer, or raises: Ambiguous when it may have been applied, any other ConnectorError
    when it surely was not. `find` looks an effect up by its body; None where the remote cannot be asked. `repeat_safe`
    says that the remote makes no second document of the same body. `before` writes what belongs into the transaction
    that claims the effect.
    """

    system: str
    turn: Callable[[], AbstractContextManager[None]]
    send: Send
    find: Find | None = None
    repeat_safe: bool = False
    before: Callable[[Session], None] | None = None

    @property
    def resolves_doubt(self) -> bool:
        """Whether an unknown outcome can be settled without a person."""
        return self.repeat_safe or self.find is not None


class Effects:
    """Makes promised remote writes, each once. `lease` is longer than the longest call to any remote system."""

    def __init__(self, ledger: Ledger, lease: timedelta) -> None:
        self._ledger, self._lease = ledger, lease

    def ensure(self, key: str, writer: Writer) -> EffectResult:
        """Where the effect stands after this attempt: done, rejected, or unknown where only a person can tell.

        Raises:
            StillSendingError: another attempt may be on the wire.
            InDoubtError: this attempt got no answer; ask again and it is looked up or safely repeated.
            ConnectorError: the remote was not reached or did not take the call; nothing was applied.
        """
        with writer.turn():
            with self._ledger.durable() as session:
                if writer.before:
                    writer.before(session)
                turn, row = book.begin(session, key, _now(), self._lease, may_repeat=writer.resolves_doubt)
            if turn is Turn.BUSY:
                raise StillSendingError(key, row.lease_until or _now())
            if turn is Turn.SETTLED:
                return book.result_of(row)
            return self._attempt(row, writer, look_first=turn is Turn.LOOK_FIRST)

    def _attempt(self, row: EffectRow, writer: Writer, *, look_first: bool) -> EffectResult:
        order = {"order": row.order_id} if row.order_id else {}
        bound = log.bind(tenant=row.tenant, **order, effect=row.key, attempt=row.attempt)
        try:
            outcome = self._find(row, writer) if look_first else None
            if outcome is None:
                if look_first:
                    self._note_repeat(row)
                with writing_allowed(partial(self._holds_on, row)):
                    outcome = writer.send(row.body)
        except (Ambiguous, BudgetExhaustedError) as error:
            # No turn in mid-write: the driver gave its own back, having sent something that it waited for.
            outcome = WriteOutcome(outcome=Outcome.UNKNOWN, problem=str(error))
        except ConnectorError as error:
            with self._ledger.durable() as session:
                book.release(session, row.key, row.attempt, _now(), str(error))
            metrics.EFFECTS.labels(writer.system, row.kind, "not_sent").inc()
            bound.warning("effect not sent", problem=str(error))
            raise
        retry = writer.repeat_safe or (writer.find is not None and not look_first)
        return self._settle(row, writer, outcome, bound, retry=retry)

    def _holds_on(self, row: EffectRow) -> bool:
        """Whether no other attempt has taken the write over, nor does for another lease."""
        with self._ledger.durable() as session:
            return book.hold_on(session, row.key, row.attempt, _now() + self._lease)

    def _note_repeat(self, row: EffectRow) -> None:
        with self._ledger.durable() as session:
            book.sends_again(session, row.key, row.attempt, _now())

    def _find(self, row: EffectRow, writer: Writer) -> WriteOutcome | None:
        found = writer.find(row.body) if writer.find else None
        if found is None and not writer.repeat_safe:
            return WriteOutcome(outcome=Outcome.UNKNOWN, problem="looked up and not found; a repeat is not safe")
        return found

    def _settle(
        self, row: EffectRow, writer: Writer, outcome: WriteOutcome, bound: structlog.stdlib.BoundLogger, *, retry: bool
    ) -> EffectResult:
        with self._ledger.durable() as session:
            settled = book.settle(session, row.key, row.attempt, outcome, _now())
        metrics.EFFECTS.labels(writer.system, row.kind, settled.state).inc()
        bound.info("effect settled", state=settled.state, outcome=outcome.outcome, number=settled.number)
        if outcome.outcome is Outcome.UNKNOWN and retry:
            raise InDoubtError(f"{row.key}: {outcome.problem}")
        return book.result_of(settled)


def _now() -> datetime:
    return datetime.now(UTC)
