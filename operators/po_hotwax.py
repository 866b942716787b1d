"""What HotWax says of purchase orders at this moment, for the proof."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from activities.po_receipts import OF_ONE_ORDER
from connectors.po_ports import (
    BadReceipt,
    OmsPurchaseLine,
    OmsPurchaseOrder,
    OmsReceipt,
    PurchasePort,
    UnclearPurchaseOrder,
)


@dataclass(frozen=True)
class InHotWax:
    """What HotWax says of one purchase order now.

    `receipts` is None when it does not have the order, or they cannot be read: `bad` says why.
    """

    order: OmsPurchaseOrder | UnclearPurchaseOrder | None
    receipts: Sequence[OmsReceipt] | None
    bad: Sequence[BadReceipt] = ()

    @property
    def count(self) -> int | None:
        """How many orders it has under the id; None when it cannot be told."""
        if isinstance(self.order, UnclearPurchaseOrder):
            return len(self.order.order_ids) if self.order.is_doubled else None
        return 1 if self.order else 0

    @property
    def lines(self) -> Mapping[str, OmsPurchaseLine]:
        """Its lines by NetSuite's line id."""
        if not isinstance(self.order, OmsPurchaseOrder):
            return {}
        return {line.line_id: line for line in self.order.lines if line.line_id}


def read_hotwax(oms: PurchasePort, pool: ThreadPoolExecutor, po_ids: Sequence[str]) -> Mapping[str, InHotWax]:
    """What HotWax says of each of these now."""
    found = oms.read_back(po_ids)

    def read(po_id: str) -> InHotWax:
        order = found.get(po_id)
        if not isinstance(order, OmsPurchaseOrder):
            return InHotWax(order, None)
        try:
            page = oms.receipts_of(order.order_id)
        except OF_ONE_ORDER as error:
            return InHotWax(order, None, (BadReceipt(told=str(error)),))
        unread = (BadReceipt(told=page.unread),) if page.unread else ()
        return InHotWax(order, page.receipts, page.bad + unread)

    return dict(zip(po_ids, pool.map(read, po_ids), strict=True))
