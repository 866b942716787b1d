"""The driver of Retail Pro's partner service: OrderToInvoice and Manual Slip (retailpro 2).

The service publishes no read call: a write whose answer was lost stays in doubt until a person looks, unless the
merchant has confirmed what a repeat does.
"""

from contextlib import AbstractContextManager
from datetime import datetime

from connectors import exact_json
from connectors.errors import Ambiguous, Contract, Rejected
from connectors.guard import remote_write
from connectors.http import CallBudget, OnCall, RemoteSystem
from connectors.retailpro.answers import outcome_of
from connectors.retailpro.auth import auth_headers
from connectors.retailpro.documents import invoice_document, invoice_number, slip_document
from connectors.settings import RetailProSettings
from domain.invoice import Invoice, Slip
from domain.outcomes import RepeatBehavior, WriteOutcome


class PartnerV1:
    """A `PosPort` on the partner service; safe to share between threads.

    Args:
        settings: the merchant's answers to what nobody has published.
        budget: the right to call; none means no bounds.
        on_call: told about each call.
        name: what the system is called in messages, metrics and the budget.
    """

    can_find = False

    def __init__(
        self,
        settings: RetailProSettings,
        budget: CallBudget | None = None,
        on_call: OnCall | None = None,
        *,
        name: str = "retailpro",
    ) -> None:
        self._settings = settings
        self._system = RemoteSystem(name, settings, budget, on_call)
        self._headers = auth_headers(settings)

    @property
    def repeat(self) -> RepeatBehavior:
        """What the merchant says the service does with a second document of the same number."""
        return self._settings.repeat

    @property
    def invoice_url(self) -> str:
        """Where invoices are sent."""
        return self._system.url(self._settings.invoice_path)

    @property
    def slip_url(self) -> str:
        """Where transfer slips are sent."""
        return self._system.url(self._settings.transfer_path)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call the service."""
        return self._system.turn()

    def close(self) -> None:
        """Let go of all connections."""
        self._system.close()

    def invoice_body(self, invoice: Invoice) -> str:
        """The exact JSON text of OrderToInvoice."""
        return exact_json.dumps(invoice_document(invoice, self._settings))

    def invoice_no(self, invoice: Invoice) -> str:
        """The order number under which the service will know the invoice."""
        return invoice_number(invoice, self._settings)

    def slip_no(self, number: int) -> str:
        """A number of the stored sequence as the service spells it."""
        return self._settings.slip_no_template.format(number=number)

    def slip_body(self, slip: Slip, slip_no: str, at: datetime) -> str:
        """The exact JSON text of a manual slip."""
        return exact_json.dumps(slip_document(slip, slip_no, at, self._settings))

    @remote_write
    def create_invoice(self, body: str) -> WriteOutcome:
        """Send this invoice once."""
        return self._send("create_invoice", self._settings.invoice_path, body)

    @remote_write
    def create_slip(self, body: str) -> WriteOutcome:
        """Send this slip once."""
        return self._send("create_slip", self._settings.transfer_path, body)

    def find_invoice(self, body: str) -> WriteOutcome | None:
        """Never an answer: the service publishes no read call.

        Raises:
            Rejected: always.
        """
        raise self._cannot_find("find_invoice", body)

    def find_slip(self, body: str) -> WriteOutcome | None:
        """Never an answer: the service publishes no read call.

        Raises:
            Rejected: always.
        """
        raise self._cannot_find("find_slip", body)

    def _cannot_find(self, operation: str, body: str) -> Rejected:
        sent = exact_json.loads(body)
        number = sent.get("OrderNo") or sent.get("SlipNo")
        advice = f"the partner service has no read call: look for {number} in Retail Pro by hand"
        return Rejected(self._system.name, operation, advice)

    def _send(self, operation: str, path: str, body: str) -> WriteOutcome:
        answer = self._system.call(
            operation, self._settings.method, path, content=body, headers=self._headers, write=True
        )
        try:
            return outcome_of(answer, exact_json.loads(body), self._settings)
        except Contract as error:
            advice = "the document may exist: look before any repeat"
            raise Ambiguous(self._system.name, operation, f"{error.message}; {advice}") from None
