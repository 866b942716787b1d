"""Purchase orders out of NetSuite over REST: all that are pending, and the end of those that are not any more."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import structlog

from activities.beating import alone
from activities.systems import Purchasing
from connectors.po_files.assembly import ToldPo
from domain.po_messages import PoRunReport
from domain.purchase_order import PurchaseOrder
from domain.stages import Hold, HoldCause
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from ledger.purchase_orders import Told
from ledger.slots import backfill

log = structlog.get_logger()

AT_ONCE = 200
"""Purchase orders that are asked for, or taken over, at once."""

TOLD_ROWS = 3
"""Bad lines of one purchase order that are told by its hold."""

TOLD_HIDDEN = 10
"""Purchase orders that are named where nobody can tell how they stand."""


class Looked(NamedTuple):
    """What a look at purchase orders came to: how many have changed, and which of them nobody can tell of.

    Those are not shown by NetSuite's query, which proves nothing, and their records do not say that they are gone.
    """

    changed: int
    hidden: tuple[str, ...]


def trouble_of(hidden: Sequence[str]) -> Hold | None:
    """What holds a run that could not find out how these stand; all the others went on."""
    if not hidden:
        return None
    more = f" and {len(hidden) - TOLD_HIDDEN} more" if len(hidden) > TOLD_HIDDEN else ""
    told = (
        f"its query does not show purchase order {', '.join(hidden[:TOLD_HIDDEN])}{more}, and the record, asked for by "
        "its id, is not said to be gone (the worker's log has the answer). It is asked for again; if it stays so, see "
        "whether the integration's role may see it"
    )
    return Hold(cause=HoldCause.REMOTE_CONTRACT, subject="netsuite", evidence=told)


class RestOrders:
    """What NetSuite tells of purchase orders, page by page into the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take(self, tenant: str, systems: Purchasing) -> PoRunReport:
        """Every pending purchase order is in the ledger as it stands now, and so is every one that the ledger has open.

        One that was closed, received or rejected is not pending any more: it is asked for by its id. All of it gives
        way to receipts, which stores wait for.
        """
        with backfill():
            return self._take(tenant, systems)

    def _take(self, tenant: str, systems: Purchasing) -> PoRunReport:
        seen, changed, after = set[str](), 0, None
        while True:
            page = alone(partial(systems.netsuite.pending_orders, after))
            seen |= {told.po_id for told in page.told}
            changed += self.record(tenant, systems, page.told)
            if (after := page.after) is None:
                break
        open_here, behind, hidden = 0, "", list[str]()
        while ids := self._open(tenant, behind):
            behind, ids = ids[-1], [po_id for po_id in ids if po_id not in seen]
            open_here += len(ids)
            looked = self.look_at(tenant, systems, ids)
            changed, hidden = changed + looked.changed, [*hidden, *looked.hidden]
        return PoRunReport(
            counts={"purchase_orders": len(seen) + open_here, "changed": changed}, trouble=trouble_of(hidden)
        )

    def look_at(self, tenant: str, systems: Purchasing, po_ids: Iterable[str]) -> Looked:
        """Take over how these stand now."""
        wanted = sorted(po_ids)
        if not wanted:
            return Looked(0, ())
        there = alone(lambda: systems.netsuite.orders(wanted))
        changed = self.record(tenant, systems, there.values())
        absent = [po_id for po_id in wanted if po_id not in there]
        deleted = alone(lambda: systems.netsuite.deleted(absent)) if absent else frozenset[str]()
        changed += self._note_deleted(tenant, deleted)
        hidden = tuple(po_id for po_id in absent if po_id not in deleted)
        if hidden:
            log.error("NetSuite neither shows purchase orders nor says that they are gone", tenant=tenant, pos=hidden)
        return Looked(changed, hidden)

    def _note_deleted(self, tenant: str, deleted: Collection[str]) -> int:
        """Take over that these were deleted; how many are news."""
        if not deleted:
            return 0
        with self._ledger.writing() as session:
            rows = purchase_orders.rows_of(session, tenant, deleted)
            news = [_deletion(row) for row in rows.values()]
            return purchase_orders.record_told(session, tenant, news, rows.keys(), None, datetime.now(UTC))

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


def _deletion(row: PurchaseOrderRow) -> Told:
    """That it is there no more, beside what it was."""
    known = purchase_orders.told(row) or PurchaseOrder(tenant=row.tenant, po_id=row.po_id, lines=())
    return Told(row.po_id, known.model_copy(update={"deleted": True}))


def _news(told: ToldPo, *, partial: bool) -> Told:
    bad = [str(row) for row in told.bad[:TOLD_ROWS]]
    return Told(told.po_id, told.po, bad) if partial or not bad else Told(told.po_id, None, bad, told.po)
