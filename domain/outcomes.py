"""What a remote write came to, in the words every connector normalizes to (retailpro 2.4), and what follows from it."""

from enum import StrEnum

from domain.base import Frozen
from domain.stages import HOLD_OF_EFFECT, EffectKind, EffectState, Hold, HoldCause


class Outcome(StrEnum):
    """The four things a remote write can come to."""

    CREATED = "created"
    ALREADY_EXISTS = "already_exists"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class WriteOutcome(Frozen):
    """The normalized answer to a remote write.

    `number` is the remote's name for the document, None when it gave none. `problem` says what the remote
    objected to, without personal data. `raw` is its answer as it came, bounded.
    """

    outcome: Outcome
    number: str | None = None
    http_status: int | None = None
    problem: str = ""
    raw: str = ""


class RepeatBehavior(StrEnum):
    """What a remote does with a second write of the same key; a merchant confirms it (retailpro 13.2)."""

    REJECTS = "rejects"
    IGNORES = "ignores"
    UNKNOWN = "unknown"

    @property
    def is_safe(self) -> bool:
        """Whether the same write may be sent again without making a second document."""
        return self is not RepeatBehavior.UNKNOWN


def state_after(outcome: Outcome, *, in_doubt: bool) -> EffectState:
    """The state of an effect after this answer; `in_doubt` says that an earlier attempt of ours may have arrived.

    `already_exists` proves our own earlier attempt when there was one in doubt. When there was none, the number
    belongs to somebody else's document, and adopting it would lose an invoice: it counts as rejected. A refusal says
    nothing about an earlier attempt in doubt: only a person, or a later answer, can tell.
    """
    match outcome:
        case Outcome.CREATED:
            return EffectState.DONE
        case Outcome.ALREADY_EXISTS:
            return EffectState.DONE if in_doubt else EffectState.REJECTED
        case Outcome.REJECTED:
            return EffectState.UNKNOWN if in_doubt else EffectState.REJECTED
        case Outcome.UNKNOWN:
            return EffectState.UNKNOWN


class EffectResult(Frozen):
    """Where a remote write stands after an attempt to make it."""

    key: str
    kind: EffectKind
    state: EffectState
    number: str | None = None
    problem: str = ""
    foreign: bool = False
    """Whether the remote already had a document with this number that we did not make."""

    @property
    def hold(self) -> Hold | None:
        """The hold that follows, or None when the write is done."""
        if self.state is EffectState.DONE:
            return None
        if self.foreign and self.kind is EffectKind.INVOICE:
            return Hold(cause=HoldCause.DUPLICATE_ORDER_NO, evidence=f"{self.key}: {self.problem}")
        return Hold(cause=HOLD_OF_EFFECT[self.kind, self.state], evidence=f"{self.key}: {self.problem}")
