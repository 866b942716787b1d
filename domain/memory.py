"""What the ledger remembers of an order: the remote writes promised or made for it, and what operators asked."""

from collections.abc import Mapping
from decimal import Decimal

from pydantic import Field

from domain.base import Frozen, Moment
from domain.stages import EffectState


class InvoiceFact(Frozen):
    """One invoice of the order; `lines` maps line id to the facility that had fulfilled it."""

    key: str
    revision: int
    state: EffectState
    store: str
    lines: Mapping[str, str]
    order_discount: Decimal = Decimal(0)
    number: str | None = None
    sent_at: Moment | None = None
    confirmed: bool = False


class WriteFact(Frozen):
    """A slip or a write-back that belongs to one revision of the invoice; `store` is where a slip starts."""

    key: str
    revision: int
    state: EffectState
    store: str = ""


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
    acknowledged: frozenset[str] = Field(default_factory=frozenset)
    """Lines whose change after the invoice an operator has settled."""
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
    def invoiced_lines(self) -> Mapping[str, str]:
        """Line id -> facility, of every line on an invoice that exists or may exist."""
        return {line: facility for invoice in self.made for line, facility in invoice.lines.items()}
