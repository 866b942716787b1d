"""What the rest of Waybill may ask of an OMS and of a point of sale, whatever product answers."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from domain.base import Frozen, Moment
from domain.invoice import Invoice, Slip
from domain.order import Order
from domain.outcomes import RepeatBehavior, WriteOutcome
from domain.stages import Hold, HoldCause


class StatusEvent(Frozen):
    """Something happened to an order or, with `line_id`, to one of its lines. `at` is when it took effect."""

    event_id: str
    order_id: str
    line_id: str | None
    status: str
    at: Moment


class EventPage(Frozen):
    """One page of events, oldest first; `last` when there are no more, `bad` says why rows were left out."""

    events: tuple[StatusEvent, ...]
    last: bool
    bad: tuple[str, ...] = ()


class Unfit(ValueError):  # noqa: N818 - reads as what it says of the document
    """A document cannot be sent as the remote wants it: which field, and what to do. Never holds the field's value."""

    def __init__(self, cause: HoldCause, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.cause = cause
        self.field = field
        self.detail = detail

    @property
    def hold(self) -> Hold:
        """The hold that follows."""
        return Hold(cause=self.cause, evidence=str(self))


class OmsPort(Protocol):
    """An order management system: orders are read, events followed, and invoice numbers written back.

    Reading raises `Unreachable`, `Throttled`, `Unauthorized`, `Rejected` or `Contract`; never anything of httpx.
    """

    def turn(self) -> AbstractContextManager[None]:
        """A place in the system's budget of calls; calls inside the block, in this thread, take no other."""

    def close(self) -> None:
        """Give the connections back."""

    def read_order(self, order_id: str) -> Order:
        """The whole order as it stands now.

        Raises:
            NotFound: there is none; `NotASalesOrder` when it is an order that nobody invoices.
        """

    def events_since(self, since: datetime, page: int) -> EventPage:
        """Page `page` (from 0) of the status events since `since`, inclusive; the caller takes its overlap off."""

    def number_body(self, order_id: str, identification_type: str, number: str, at: datetime) -> str:
        """The exact JSON text that writes this invoice number to the order, to be stored before it is sent."""

    def write_number(self, body: str) -> WriteOutcome:
        """Write an invoice number back. Guarded: raises `UnguardedWrite` outside the effect mechanism.

        Raises:
            Unreachable, Throttled, Unauthorized: surely nothing was applied.
            Ambiguous: it may have been applied.
        """

    def find_number(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the order carries this number already, None when it does not."""

    def describe_write(self, body: str) -> str:
        """The call that `write_number` would make: method and address."""


class PosPort(Protocol):
    """A point of sale: makes invoices and transfer slips from exact bodies that were stored before.

    Writing is guarded, and raises `Unreachable`, `Throttled` or `Unauthorized` when surely nothing was applied,
    `Ambiguous` when it may have been. A refusal is an outcome, not an exception.
    """

    def turn(self) -> AbstractContextManager[None]:
        """A place in the system's budget of calls; calls inside the block, in this thread, take no other."""

    def close(self) -> None:
        """Give the connections back."""

    @property
    def repeat(self) -> RepeatBehavior:
        """What the system does with a second document of the same number."""

    @property
    def can_find(self) -> bool:
        """Whether documents can be looked up at all."""

    @property
    def invoice_url(self) -> str:
        """Where invoices are sent."""

    @property
    def slip_url(self) -> str:
        """Where transfer slips are sent."""

    def invoice_body(self, invoice: Invoice) -> str:
        """The exact JSON text of an invoice.

        Raises:
            Unfit: a value is missing, or too long where it may not be shortened.
        """

    def invoice_no(self, invoice: Invoice) -> str:
        """The order number under which the system will know the invoice.

        Raises:
            Unfit: it is too long; two orders could share what is left of it.
        """

    def slip_no(self, number: int) -> str:
        """A number of the stored sequence as the system spells it."""

    def slip_body(self, slip: Slip, slip_no: str, at: datetime) -> str:
        """The exact JSON text of a transfer slip.

        Raises:
            Unfit: a value is missing or too long.
        """

    def create_invoice(self, body: str) -> WriteOutcome:
        """Make the invoice."""

    def create_slip(self, body: str) -> WriteOutcome:
        """Make the transfer."""

    def find_invoice(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the invoice is there, None when it surely is not. Only where `can_find`."""

    def find_slip(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the slip is there, None when it surely is not. Only where `can_find`."""
