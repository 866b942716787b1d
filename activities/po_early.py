"""Purchase orders that HotWax shows before the end of their import is seen: a store may receive at once."""

from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial

from activities.beating import alone, beat
from connectors.po_ports import OmsPurchaseOrder, PurchasePort
from ledger import po_shown, purchase_orders
from ledger.database import Ledger

READ_AT_MOST = 400
READ_TOGETHER = 100


class EarlyOrders:
    """Has such orders known that receipts name. One is made for each run.

    Receipts name orders of every kind, so what the ledger does not know is mostly none of these. They are read back
    once in a run, and not all of a backlog: what was received of the others the sweep reads, once they are known.
    """

    def __init__(self, ledger: Ledger, tenant: str, oms: PurchasePort) -> None:
        self._ledger, self._tenant, self._oms = ledger, tenant, oms
        self._shown: dict[str, OmsPurchaseOrder] | None = None

    def find(self, oms_ids: Collection[str]) -> None:
        """Have those of HotWax's orders known that are awaited."""
        with self._ledger.reading() as session:
            unknown = set(oms_ids) - purchase_orders.by_oms_id(session, self._tenant, oms_ids).keys()
        if not unknown:
            return
        if self._shown is None:
            self._shown = self._read()
        found = {order.po_id: order for oms_id, order in self._shown.items() if oms_id in unknown}
        with self._ledger.writing() as session:
            for po_id, row in purchase_orders.rows_of(session, self._tenant, list(found)).items():
                if row.oms_id is None:
                    told = found[po_id]
                    purchase_orders.record_found(session, row, told.order_id, told.by_line_id, datetime.now(UTC))

    def _read(self) -> dict[str, OmsPurchaseOrder]:
        """What HotWax shows of the awaited ones, by its own ids."""
        with self._ledger.reading() as session:
            awaited = po_shown.never_shown(session, self._tenant, READ_AT_MOST)
        shown: dict[str, OmsPurchaseOrder] = {}
        for start in range(0, len(awaited), READ_TOGETHER):
            found = alone(partial(self._oms.read_back, awaited[start : start + READ_TOGETHER]))
            shown |= {told.order_id: told for told in found.values() if isinstance(told, OmsPurchaseOrder)}
            beat()
        return shown
