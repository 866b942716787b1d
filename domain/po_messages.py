"""What the workflows of purchase orders, their activities and clients say to each other. Models only grow."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

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
    import_ended: timedelta = timedelta(hours=6)
    """How long HotWax's job may take with an upload before its purchase orders are read back, done or in doubt."""
    hold_retry: timedelta = timedelta(minutes=30)
    """How often one that is held for a passing cause tries again by itself."""
    receipt_overlap: timedelta = timedelta(minutes=5)
    """How far behind its cursor a poll of receipts begins to read."""
    receipt_settled: timedelta = timedelta(seconds=45)
    """How long a receipt's rows stay the same before it is sent: less than the time between two polls, so that the
    second one sees whether the store had written all of it."""
    archived: timedelta = timedelta(seconds=90)
    """How long a file lies in NetSuite's archive before no word of an error means that there was none."""
    swept_after_end: timedelta = timedelta(days=30)
    """How long receipts of a purchase order that has ended are read again: stores correct what they received."""


class PoSizes(Frozen):
    """How much of the purchase order flow is sent at once, and read."""

    orders_per_upload: int = Field(default=200, gt=0)
    lines_per_upload: int = Field(default=5_000, gt=0)
    receipts_per_file: int = Field(default=60, gt=0, le=200)
    """NetSuite's stock importer dies after 329 receipts in one file, with a good part of them made (netsuite 4).
    Our script looks again in each run at those that are made, and refuses a file with more of one purchase order."""
    bytes_per_file: int = Field(default=5_000_000, gt=0, le=10_000_000)
    units_per_run: int = Field(default=10_000, gt=0)
    """What all files that wait for the stock importer may cost it together. It dies without looking when its units are
    used up, and makes the receipts of the file in whose midst it died once more (hotwax 4.7, 10 and 12)."""
    largest_po_file: int = Field(default=2 << 30, gt=0)
    """Bytes of a file of purchase orders; a larger one is refused unread, however long it would keep a run."""


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


class PoRun(StrEnum):
    """The runs that carry purchase orders and their receipts."""

    FILES = "files"
    """What NetSuite tells of purchase orders, in files or over REST, into the ledger."""
    IMPORTS = "imports"
    """Uploads into HotWax, and what became of them."""
    RECEIPTS = "receipts"
    """New receipts, from HotWax into the ledger."""
    SWEEP = "sweep"
    """All receipts of open purchase orders: corrections tell of themselves nowhere else."""
    RECEIPT_FILES = "receipt-files"
    """Promised receipts into NetSuite: in files, or each by a call of its own."""
    ANSWERS = "answers"
    """What NetSuite made of them."""


class PoRunRequest(Frozen):
    """A wish that one of the tenant's runs for purchase orders be made."""

    tenant: str
    run: PoRun


class PoRunReport(Frozen):
    """What a run did, by what it counts, and what of its work it could not do."""

    counts: Mapping[str, int] = Field(default_factory=dict)
    trouble: Hold | None = None
    has_news: bool = True
    """Whether there was news at its end that some purchase order's workflow has not heard of; by default not known."""
