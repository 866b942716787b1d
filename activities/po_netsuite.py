"""The runs at NetSuite: the same three for every tenant, whichever way its account is reached."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from temporalio import activity

from activities.effects import Effects
from activities.failures import tells_temporal
from activities.po_answers import FileReceipts
from activities.po_files import FileOrders
from activities.po_left_behind import LeftBehind
from activities.po_noting import noted
from activities.po_rest import RestOrders
from activities.po_rest_receipts import RestReceipts
from activities.systems import Purchasing, Tenants
from domain.po_messages import PoRunReport, PoRunRequest
from domain.purchase_order import NetSuiteMode
from ledger.database import Ledger

Work = Callable[[str, Purchasing], PoRunReport]
"""What a run does for a tenant; what it came to, and what of it could not be done."""


def _counted(work: Callable[[str, Purchasing], Mapping[str, int]]) -> Work:
    """Work that either raises or does all it can, and tells numbers alone."""
    return lambda tenant, systems: PoRunReport(counts=work(tenant, systems))


class _Way(NamedTuple):
    """How an account is reached: what each of the runs does."""

    take: Work
    send: Work
    answers: Work


class NetSuiteActivities:
    """The runs on a tenant's NetSuite queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants, made: Effects) -> None:
        self._ledger, self._tenants = ledger, tenants
        receipts, over_rest = FileReceipts(ledger, made), RestReceipts(ledger, made)
        files = _Way(_counted(FileOrders(ledger).take), receipts.send, receipts.answers)

        def answers_over_rest(tenant: str, systems: Purchasing) -> PoRunReport:
            of_files = receipts.late_answers(tenant, systems)
            told = over_rest.answers(tenant, systems)
            return PoRunReport(counts={**told.counts, **of_files.counts}, trouble=told.trouble or of_files.trouble)

        rest = _Way(RestOrders(ledger).take, _counted(over_rest.send), answers_over_rest)
        self._left_behind = LeftBehind(ledger)
        self._ways = {NetSuiteMode.STOCK: files, NetSuiteMode.WAYBILL: files, NetSuiteMode.REST: rest}

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def take_purchase_orders(self, request: PoRunRequest) -> PoRunReport:
        """What NetSuite tells of purchase orders is in the ledger."""
        return self._run(request, lambda way: way.take)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def send_receipts(self, request: PoRunRequest) -> PoRunReport:
        """Every promised receipt is on its way into NetSuite; those of a run that died are finished first."""
        return self._run(request, self._sending)

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def read_answers(self, request: PoRunRequest) -> PoRunReport:
        """What NetSuite made of the receipts is in the ledger, as far as it answers at all."""
        return self._run(request, lambda way: way.answers)

    def _sending(self, way: _Way) -> Work:
        """To send, when nothing waits any more for a way that is not the tenant's now."""

        def work(tenant: str, systems: Purchasing) -> PoRunReport:
            self._left_behind.take_over(tenant, systems)
            return way.send(tenant, systems)

        return work

    def _run(self, request: PoRunRequest, chosen: Callable[[_Way], Work]) -> PoRunReport:
        def work() -> PoRunReport:
            systems = self._tenants.get(request.tenant).purchasing
            return chosen(self._ways[systems.policy.netsuite_mode])(request.tenant, systems)

        return noted(self._ledger, request, work)
