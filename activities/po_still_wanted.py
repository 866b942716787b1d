"""Promised receipts are asked about once more before they go: their purchase orders may have changed since.

A workflow hears of news when a run ends, and a promise waits for its own run; in between the ledger knows better.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlmodel import Session

from activities.beating import beat
from activities.po_assess import plan_of
from domain.purchase_order import PoPolicy, ReceiptState
from ledger import purchase_orders, receipts
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow, ReceiptRow


class Going(NamedTuple):
    """A promised receipt that goes as it is, after so much news of its purchase order."""

    receipt_id: str
    news: int


class StillWanted:
    """Asks purchase orders what they owe by now, and withdraws promises of what they do not owe like that."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def ask(self, tenant: str, policy: PoPolicy, limit: int) -> Mapping[str, Going]:
        """Which promised receipts go as they are, by purchase order; the others are withdrawn, with news.

        No purchase order is locked for it: hundreds of plans would keep everybody else waiting. See `that_go`.
        """
        with self._ledger.reading() as session:
            po_ids = sorted({row.po_id for row in receipts.promised(session, tenant, limit)})
        going: dict[str, Going] = {}
        for po_id in po_ids:
            beat()
            with self._ledger.reading() as session:
                order = session.get_one(PurchaseOrderRow, (tenant, po_id))
                goes = plan_of(session, order, policy).goes
            if goes:
                going[po_id] = Going(goes, order.news)
            else:
                self._withdraw(tenant, po_id, policy)
        return going

    def _withdraw(self, tenant: str, po_id: str, policy: PoPolicy) -> None:
        with self._ledger.writing() as session:
            order = purchase_orders.locked(session, tenant, po_id)
            goes = plan_of(session, order, policy).goes
            for row in receipts.of_po(session, tenant, po_id):
                if receipts.waits_for_a_write(row) and row.receipt_id != goes:
                    receipts.withdraw(session, tenant, [row.receipt_id])
                    text = f"receipt {row.receipt_id} is not sent as it was promised: that is not what is owed now"
                    purchase_orders.note(session, tenant, po_id, "receipt", text, datetime.now(UTC))


def that_go(session: Session, tenant: str, going: Mapping[str, Going], limit: int) -> Sequence[ReceiptRow]:
    """Those of these receipts whose purchase orders have no news since they were asked, and are locked now."""
    orders = purchase_orders.rows_of(session, tenant, going.keys())
    same = {each.receipt_id for po_id, each in going.items() if po_id in orders and orders[po_id].news == each.news}
    return [row for row in receipts.promised(session, tenant, limit) if row.receipt_id in same]


def is_still_wanted(session: Session, row: ReceiptRow, policy: PoPolicy) -> bool:
    """Whether a receipt would be promised now just as the write tells it that was planned for it and never sent."""
    key, row.effect_key = row.effect_key, None
    session.flush()
    order = session.get_one(PurchaseOrderRow, (row.tenant, row.po_id))
    goes = plan_of(session, order, policy).goes
    row.effect_key = key
    return row.state is ReceiptState.PROMISED and goes == row.receipt_id
