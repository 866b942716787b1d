"""What goes into the proof and what comes out of it: plain values."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from domain.base import Frozen, Moment
from domain.books import Document, LedgerDocument, Place
from domain.order import Order
from domain.proof_order import Known, Value
from domain.stages import Stage

VERIFIED, NOT_VERIFIED = "verified", "not verified"


class Difference(Frozen):
    """One thing on which the sides do not agree. A side that has no say in it is None."""

    kind: str
    key: str
    ledger: Value = None
    hotwax: Value = None
    retailpro: Value = None
    likely_cause: str


class Explained(Frozen):
    """Something that is not invoiced or not booked yet, and why that is as it should be."""

    kind: str
    key: str
    reason: str
    units: int | None = None


class Period(Frozen):
    """The time that Retail Pro's export covers. What happened outside of it may be missing from the export."""

    since: Moment | None = None
    until: Moment | None = None

    def covers(self, at: Moment | None) -> bool:
        """Whether the export must show what happened at this moment."""
        if at is None:
            return True
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


class Booked(Frozen):
    """Retail Pro's side: its documents, and its changes of stock (None when they were not exported)."""

    documents: tuple[Document, ...] = ()
    stock: Mapping[Place, Decimal] | None = None
    bad: tuple[str, ...] = ()
    """Why rows of the export were left out."""


class Case(Frozen):
    """One order: what the ledger remembers, and what HotWax says now."""

    order_id: str
    order_no: str
    stage: Stage
    hold: str | None = None
    cancel_wanted: bool = False
    forced: bool = False
    acknowledged: frozenset[str] = Field(default_factory=frozenset)
    read_at: Moment | None = None
    """When the ledger's word on the order was read from HotWax."""
    documents: tuple[LedgerDocument, ...] = ()
    order: Order | None = None
    """The order as HotWax has it; None when it is no sales order, or could not be read."""
    unreadable: str = ""
    """Why HotWax did not tell the order; empty when it did."""

    @property
    def name(self) -> str:
        """What operators call it."""
        return self.order_no or self.order_id

    @property
    def excuse(self) -> str | None:
        """Why something may be missing for this order; None when it should be settled."""
        if self.hold:
            return f"held: {self.hold}"
        if not self.stage.is_end:
            return f"open: {self.stage}"
        if self.stage is Stage.CANCELLED and self.cancel_wanted:
            return "cancelled by an operator"
        return None

    @property
    def known(self) -> Known:
        """What the comparison with HotWax needs of it."""
        return Known(
            order_no=self.name,
            forced=self.forced,
            acknowledged=self.acknowledged,
            read_at=self.read_at,
            settled=self.excuse is None,
        )


class Verdict(Frozen):
    """What the proof came to. `ok` speaks for what was compared only: `retailpro` and `stock` say whether they were."""

    ok: bool
    retailpro: str
    stock: str
    checked: Mapping[str, int]
    invoiced: Mapping[str, str]
    """What the ledger's invoices come to, by currency."""
    differences: tuple[Difference, ...]
    explained: tuple[Explained, ...]
