"""Receipts that the stock importer took without a word, verified where NetSuite may be asked over REST."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlmodel import Session

from activities.beating import alone
from activities.systems import Purchasing
from connectors.po_files.assembly import ToldPo
from domain.po_standing import Standing
from domain.purchase_order import ReceiptState
from ledger import purchase_orders, receipts
from ledger.database import Ledger
from ledger.slots import backfill

ASKED_FOR = timedelta(days=7)
"""How long NetSuite is asked about a receipt; what is not right by then is the proof's to say."""
AT_ONCE = 200


def verify(ledger: Ledger, tenant: str, systems: Purchasing) -> int:
    """How many receipts are verified now that were only accepted: NetSuite has received just what all of them say."""
    if systems.rest is None:
        return 0
    with backfill():
        return _verify(ledger, tenant, systems)


def _verify(ledger: Ledger, tenant: str, systems: Purchasing) -> int:
    with ledger.reading() as session:
        po_ids = sorted(receipts.unverified_orders(session, tenant, datetime.now(UTC) - ASKED_FOR))
    verified = 0
    for start in range(0, len(po_ids), AT_ONCE):
        asked = po_ids[start : start + AT_ONCE]
        there = alone(partial(systems.netsuite.orders, asked))
        with ledger.writing() as session:
            verified += sum(_verified(session, tenant, po_id, there) for po_id in asked)
    return verified


def _verified(session: Session, tenant: str, po_id: str, there: Mapping[str, ToldPo]) -> int:
    row = purchase_orders.locked(session, tenant, po_id)
    theirs, ours = there[po_id].po if po_id in there else None, purchase_orders.told(row)
    if not (theirs and ours and Standing(ours, purchase_orders.memory_of(session, row)).is_just_received(theirs)):
        return 0
    now, mine = datetime.now(UTC), receipts.of_po(session, tenant, po_id)
    taken = [receipt for receipt in mine if receipt.state is ReceiptState.UNVERIFIED]
    for receipt in taken:
        receipts.answer(receipt, ReceiptState.CREATED, now)
        text = f"receipt {receipt.receipt_id} is verified: NetSuite has received what it says"
        purchase_orders.note(session, tenant, po_id, "receipt", text, now)
    if theirs.status:
        row.status_after, row.status_after_at = theirs.status, now
    return len(taken)
