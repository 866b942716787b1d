"""What the ledger remembers of an order: the remote writes promised or made for it, and what operators asked."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from domain.base import Frozen, Moment
from domain.stages import EffectState


class InvoiceFact(Frozen):
    """One invoice of the order, as it was promised.

    `lines` maps line id to the facility that had fulfilled it, `stores` those facilities to their store codes then.
    """

    key: str
    revision: int
    state: EffectState
    store: str
    lines: Mapping[str, str]
    stores: Mapping[str, str] = Field(default_factory=dict)
    order_discount: Decimal = Decimal(0)
    number: str | None = None
    sent_at: Moment | None = None
    confirmed: bool = False


class WriteFact(Frozen):
    """A slip or a write-back; `store` is where a slip starts, `lines` maps the lines it moves to their facility."""

    key: str
    revision: int
    state: EffectState
    store: str = ""
    lines: Mapping[str, str] = Field(default_factory=dict)


class Force(Frozen):
    """An operator's wish to invoice what is fulfilled now, as the given revision, optionally at a named store."""

    revision: int
    operator: str
    reason: str
    store: str | None = None


class Memory(Frozen):
    """Everything remembered of one order, before it is read again."""

    invoices: tuple[InvoiceFact, ...] = ()
    slips: tuple[WriteFact, ...] = ()
    write_backs: tuple[WriteFact, ...] = ()
    force: Force | None = None
    cancel_wanted: bool = False
    acknowledged: Mapping[str, str] = Field(default_factory=dict)
    """Line id -> the state after its invoice or slip that an operator has settled; another change is held again."""
    same_number: str | None = None
    """Another order that already uses this order's number, by its id."""

    @property
    def made(self) -> tuple[InvoiceFact, ...]:
        """The invoices that exist or may exist, by revision."""
        return tuple(i for i in self.invoices if i.state.may_exist)

    @property
    def next_revision(self) -> int:
        """The revision of the next invoice."""
        return len(self.made)

    @property
    def unsettled(self) -> InvoiceFact | None:
        """The invoice whose fate is not known yet, if there is one."""
        return next((i for i in self.made if i.state is not EffectState.DONE), None)

    @property
    def moved(self) -> tuple[WriteFact, ...]:
        """The slips that exist or may exist."""
        return tuple(s for s in self.slips if s.state.may_exist)

    @property
    def settled_lines(self) -> Mapping[str, str]:
        """Line id -> facility, of every line on a document that exists or may exist."""
        moved = {line: facility for slip in self.moved for line, facility in slip.lines.items()}
        return {**moved, **self.invoiced_lines}

    @property
    def invoiced_lines(self) -> Mapping[str, str]:
        """Line id -> facility, of every line on an invoice that exists or may exist."""
        return {line: facility for invoice in self.made for line, facility in invoice.lines.items()}
