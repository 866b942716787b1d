"""What the workflows of purchase orders, their activities and clients say to each other. Models only grow."""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import Field

from domain.base import Frozen, Moment
from domain.commands import Command, CommandAnswer
from domain.po_commands import PoSituation
from domain.purchase_order import PoStage, PoVerb
from domain.stages import Hold


class PoWaits(Frozen):
    """Every wait of a purchase order's life."""

    answer: timedelta = timedelta(hours=2)
    """How long NetSuite may take to answer a receipt before the purchase order is held."""
    hold_retry: timedelta = timedelta(minutes=30)
    """How often one that is held for a passing cause tries again by itself."""
    run: timedelta = timedelta(minutes=30)
    """Longest run of one upload or download activity."""


class PoInput(Frozen):
    """What starts a purchase order's workflow, and what it carries over when it continues as new."""

    tenant: str
    po_id: str
    stage: PoStage = PoStage.PENDING
    waits: PoWaits = PoWaits()
    hold: Hold | None = None


class PoResult(Frozen):
    """How a purchase order's workflow ended."""

    po_id: str
    stage: PoStage


class GivenPoCommand(Frozen):
    """A command together with its verb."""

    verb: PoVerb
    command: Command


class PoAssessRequest(Frozen):
    """A wish to know what a purchase order owes, after these commands were applied."""

    tenant: str
    po_id: str
    commands: tuple[GivenPoCommand, ...] = ()


class PoAssessment(Frozen):
    """What a purchase order owes now, as its workflow needs to know it."""

    number: str
    stage: PoStage
    situation: PoSituation
    hold: Hold | None = None
    waiting_for: str = ""
    ends: PoStage | None = None
    overdue_at: Moment | None = None
    """When the answer that is waited for is overdue."""
    answers: tuple[tuple[str, CommandAnswer], ...] = ()


class PoRunRequest(Frozen):
    """A wish that one of the tenant's runs for purchase orders be made."""

    tenant: str


class PoRunReport(Frozen):
    """What a run did, by what it counts."""

    counts: Mapping[str, int] = Field(default_factory=dict)
