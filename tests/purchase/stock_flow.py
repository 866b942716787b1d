"""What the tests of the stock flow's defects share."""

from datetime import UTC, datetime, timedelta

from domain.purchase_order import PoStage
from tests.support.depot import Depot, at

SYNCED = at(PoStage.RECEIPT_SYNCED)
RECEIVED = at(PoStage.RECEIVED)
LINE = {"item": "SKU-1", "quantity": 20, "location": 17}


def yesterday() -> int:
    """A moment of yesterday, in milliseconds."""
    return int((datetime.now(UTC) - timedelta(days=1)).timestamp() * 1000)


async def received_right(depot: Depot, *po_ids: str) -> None:
    """NetSuite and HotWax agree to the piece, and no item receipt is there twice."""
    assert depot.netsuite.differences() == []
    for po_id in po_ids:
        assert len(depot.made(po_id)) == len(depot.receipts(po_id))
