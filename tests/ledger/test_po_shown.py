"""Purchase orders that were uploaded and never shown are asked for in the order in which they are likely to come."""

from domain.purchase_order import ImportState
from ledger import po_shown
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow
from tests.support.ledgers import NOW, TENANT

UPLOADS = (
    ("refused long ago", ImportState.REJECTED, 1),
    ("refused", ImportState.REJECTED, 2),
    ("in doubt", ImportState.UNKNOWN, 4),
    ("in doubt for long", ImportState.UNKNOWN, 3),
    ("just sent", ImportState.SENT, 6),
    ("sent", ImportState.SENT, 5),
    ("never uploaded", ImportState.WANTED, None),
)


def test_what_is_under_way_comes_before_what_was_refused(ledger: Ledger) -> None:
    with ledger.writing() as session:
        for po_id, state, batch in UPLOADS:
            row = PurchaseOrderRow(tenant=TENANT, po_id=po_id, import_state=state, import_batch=batch)
            row.stage_since = row.seen_at = NOW
            session.add(row)
    with ledger.reading() as session:
        found = po_shown.never_shown(session, TENANT, 5)
    assert found == ["sent", "just sent", "in doubt for long", "in doubt", "refused"]
