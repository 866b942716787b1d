"""Purchase orders out of NetSuite over REST: all that are pending, and the end of those that are not any more."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog

from activities.beating import alone
from activities.systems import Purchasing
from connectors.po_files.assembly import ToldPo
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.purchase_orders import Told
from ledger.slots import backfill

log = structlog.get_logger()

AT_ONCE = 200
"""Purchase orders that are asked for, or taken over, at once."""

TOLD_ROWS = 3
"""Bad lines of one purchase order that are told by its hold."""


class RestOrders:
    """What NetSuite tells of purchase orders, page by page into the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """Every pending purchase order is in the ledger as it stands now, and so is every one that the ledger has open.

        One that was closed, received or rejected is not pending any more: it is asked for by its id. All of it gives
        way to receipts, which stores wait for.
        """
        with backfill():
            return self._take(tenant, systems)

    def _take(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        seen, changed, after = set[str](), 0, None
        while True:
            page = alone(lambda from_here=after: systems.netsuite.pending_orders(from_here))  # type: ignore[misc]
            seen |= {told.po_id for told in page.told}
            changed += self.record(tenant, systems, page.told)
            if (after := page.after) is None:
                break
        open_here, behind = 0, ""
        while ids := self._open(tenant, behind):
            behind, ids = ids[-1], [po_id for po_id in ids if po_id not in seen]
            open_here += len(ids)
            changed += self.look_at(tenant, systems, ids)
        return {"purchase_orders": len(seen) + open_here, "changed": changed}

    def look_at(self, tenant: str, systems: Purchasing, po_ids: Iterable[str]) -> int:
        """Take over how these stand now; how many of them have changed."""
        wanted = sorted(po_ids)
        if not wanted:
            return 0
        there = alone(lambda: systems.netsuite.orders(wanted))
        for po_id in wanted:
            if po_id not in there:
                log.error("NetSuite has no such purchase order any more", tenant=tenant, po=po_id)
        return self.record(tenant, systems, there.values())

    def record(self, tenant: str, systems: Purchasing, told: Iterable[ToldPo]) -> int:
        """Take over what NetSuite told; how many purchase orders are new or changed."""
        by_id = {each.po_id: _news(each, partial=systems.policy.partial_pos) for each in told}
        changed, ids = 0, sorted(by_id)
        for start in range(0, len(ids), AT_ONCE):
            batch = ids[start : start + AT_ONCE]
            with self._ledger.writing() as session:
                news = (by_id[po_id] for po_id in batch)
                changed += purchase_orders.record_told(session, tenant, news, batch, None, datetime.now(UTC))
        return changed

    def _open(self, tenant: str, after: str) -> list[str]:
        with self._ledger.reading() as session:
            return [row.po_id for row in purchase_orders.not_ended(session, tenant, after, AT_ONCE)]


def _news(told: ToldPo, *, partial: bool) -> Told:
    bad = [str(row) for row in told.bad[:TOLD_ROWS]]
    return Told(told.po_id, told.po, bad) if partial or not bad else Told(told.po_id, None, bad, told.po)
