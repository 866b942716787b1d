"""What workflows, activities and clients say to each other. Models only grow: fields are added with defaults.

Orders themselves stay out of these messages: Temporal carries ids and decisions, the ledger the rest, so that no
personal data stands in a history.
"""

from datetime import timedelta

from domain.base import Frozen, Moment
from domain.commands import Command, CommandAnswer, Situation, Verb
from domain.stages import EffectKind, Hold, Stage


class Waits(Frozen):
    """Every wait of an order's life, so that tests use seconds where a shop uses hours."""

    call: timedelta = timedelta(seconds=300)
    """Longest run of one activity: above the connect and read timeouts of the remote system."""
    patience: timedelta = timedelta(minutes=15)
    """How long a remote system may be out of reach before the order is held."""
    retry_first: timedelta = timedelta(seconds=1)
    retry_longest: timedelta = timedelta(minutes=1)
    hold_retry: timedelta = timedelta(minutes=30)
    """How often an order that is held for an unreachable system tries again by itself."""
    confirmation: timedelta = timedelta(hours=48)
    """How long the store may take to confirm an invoice before the order is held."""
    confirmation_poll: timedelta = timedelta(minutes=5)


class OrderInput(Frozen):
    """What starts an order's workflow, and what it carries over when it continues as new."""

    tenant: str
    order_id: str
    stage: Stage = Stage.AWAITING_LINES
    waits: Waits = Waits()
    hold: Hold | None = None
    epoch: int = 0
    """The order's newest assessment when this was written."""


class OrderResult(Frozen):
    """How an order's workflow ended."""

    order_no: str
    stage: Stage


class Changed(Frozen):
    """Word that something happened to an order; the workflow reads the OMS to learn what."""

    source: str = "feed"


class GivenCommand(Frozen):
    """A command together with its verb."""

    verb: Verb
    command: Command


class AssessRequest(Frozen):
    """A wish to know what an order owes, after these commands were applied."""

    tenant: str
    order_id: str
    commands: tuple[GivenCommand, ...] = ()


class Owed(Frozen):
    """One remote write that is promised: its business key and how operators call it."""

    kind: EffectKind
    key: str
    label: str
    look_only: bool = False
    """Whether an operator wants it not to be made: it may be looked up, never sent again."""


class Assessment(Frozen):
    """What an order owes now, as the workflow needs to know it.

    `epoch` fences: only the newest assessment of an order may record its stage.
    """

    epoch: int
    order_no: str
    stage: Stage
    situation: Situation
    hold: Hold | None = None
    waiting_for: str = ""
    store: str = ""
    reason: str = ""
    invoice: Owed | None = None
    confirm: str | None = None
    """The key of the invoice whose confirmation by the store is awaited."""
    after: tuple[Owed, ...] = ()
    """Slips and write-backs, made side by side after the invoice."""
    ends: Stage | None = None
    answers: tuple[tuple[str, CommandAnswer], ...] = ()
    """Command id and what became of it."""


class EffectRequest(Frozen):
    """A wish that a promised remote write be made, once; with `look_only`, that its fate be found out."""

    tenant: str
    order_id: str
    key: str
    look_only: bool = False


class StageRecord(Frozen):
    """A change of stage or hold for the ledger; refused when the order was assessed anew since `epoch`."""

    tenant: str
    order_id: str
    epoch: int
    stage: Stage
    hold: Hold | None = None


class FeedRequest(Frozen):
    """A poll of a tenant's order feed.

    With `since` or `look_back` it is a backfill, which leaves the cursor alone and yields to live orders.
    """

    tenant: str
    since: Moment | None = None
    look_back: timedelta | None = None

    @property
    def is_backfill(self) -> bool:
        """Whether this poll looks for what the live feed missed."""
        return self.since is not None or self.look_back is not None


class FeedReport(Frozen):
    """What a poll saw and did."""

    events: int
    new_events: int
    orders: int
