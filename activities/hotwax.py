"""What is done at HotWax: orders are read and assessed, confirmations awaited, invoice numbers written back."""

from datetime import UTC, datetime

from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.assess import Assessor
from activities.effects import Effects, Writer
from activities.failures import tells_temporal
from activities.promises import Promises
from activities.systems import Tenants
from domain.keys import hotwax_queue
from domain.messages import Assessment, AssessRequest, EffectRequest
from domain.outcomes import EffectResult
from domain.plan import is_confirmed
from ledger import journal, orders
from ledger.database import Ledger
from ledger.tables import EffectRow

NOT_CONFIRMED = "NotConfirmed"


class HotWaxActivities:
    """Activities on a tenant's HotWax queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants, effects: Effects) -> None:
        self._ledger, self._tenants, self._effects = ledger, tenants, effects
        self._assessor = Assessor(ledger, tenants)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def assess_order(self, request: AssessRequest) -> Assessment:
        """The order is read, the commands are applied, and what it owes is promised in the ledger."""
        return self._assessor.assess(request)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def ensure_invoice_number_in_oms(self, request: EffectRequest) -> EffectResult:
        """The invoice's number stands on the order in HotWax once."""
        systems = self._tenants.get(request.tenant)

        def promise(session: Session) -> None:
            row = orders.see(session, request.tenant, request.order_id, _now())
            Promises(session, systems, row, _now()).promise_write_back(request.key)

        writer = Writer(
            system=hotwax_queue(request.tenant),
            turn=systems.oms.turn,
            send=systems.oms.write_number,
            find=systems.oms.find_number,
            # The stored body names the row's whole primary key with its fromDate (hotwax 2.8): a repeat is refused.
            repeat_safe=True,
            before=promise,
        )
        return self._effects.ensure(request.key, writer)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def await_confirmation(self, request: EffectRequest) -> None:
        """The store has confirmed the invoice; until then the activity fails benignly, and Temporal asks again."""
        order = self._tenants.get(request.tenant).oms.read_order(request.order_id)
        with self._ledger.writing() as session:
            row = session.get_one(EffectRow, request.key)
            memory = orders.memory_of(
                session, orders.see(session, request.tenant, request.order_id, _now()), row.order_no
            )
            invoice = next(i for i in memory.made if i.key == request.key)
            if not (invoice.confirmed or is_confirmed(order, invoice)):
                raise ApplicationError(
                    f"{request.key} is not confirmed by the store yet",
                    type=NOT_CONFIRMED,
                    category=ApplicationErrorCategory.BENIGN,
                )
            row.confirmed = True
            of = (request.tenant, request.order_id)
            journal.write(session, of, _now(), "invoice", f"{row.key} confirmed by the store")


def _now() -> datetime:
    return datetime.now(UTC)
