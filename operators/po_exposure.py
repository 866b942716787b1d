"""What stores received and NetSuite does not have: its stock is too low by these pieces until their receipts are made.

A receipt in doubt counts as missing. What an operator said to go on without was settled by hand, and is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from domain.base import Frozen
from domain.po_agreed import changed_key, left_out, unplanned_left
from domain.po_receipts import added_line, counted, is_believed
from domain.purchase_order import ZERO, PoMemory, PurchaseOrder, ReceiptFact, ReceiptState
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from operators.po_queries import open_stages
from operators.po_show import STANDING
from operators.queries import name_of, pages

_ONE = Decimal(1)


class Unsynced(Frozen):
    """Pieces of one line of one receipt that a store received and NetSuite does not have, or the other way round."""

    tenant: str
    purchase_order: str
    line_id: str | None
    """None for a product that is not on the purchase order."""
    sku: str
    receipt_id: str
    received_at: datetime
    pieces: Decimal
    """Below nothing where HotWax took back what was passed on."""
    why: str


def unsynced(ledger: Ledger, tenant: str) -> Iterator[Unsynced]:
    """Everything of this tenant that was received and is not in NetSuite, purchase order by purchase order."""
    receipt = (col(ReceiptRow.tenant) == tenant, col(ReceiptRow.po_id) == PurchaseOrderRow.po_id)
    is_missing = exists().where(
        *receipt, col(ReceiptRow.state).not_in([state for state in ReceiptState if state.counts])
    )
    is_open = col(PurchaseOrderRow.stage).in_(open_stages())
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, exists().where(*receipt), or_(is_open, is_missing)
    )
    for rows in pages(ledger, mine, PurchaseOrderRow.po_id):
        with ledger.reading() as session:
            for row in rows:
                yield from _of_po(session, row)


def _of_po(session: Session, row: PurchaseOrderRow) -> Iterator[Unsynced]:
    told, memory = purchase_orders.told(row), purchase_orders.memory_of(session, row)
    po = told or PurchaseOrder(tenant=row.tenant, po_id=row.po_id, lines=())
    skus = {line_id: line.sku for line_id, line in memory.imported.items()}
    skus |= {line.line_id: line.sku for line in po.lines}
    hold = f"held, {row.hold_cause}" if row.hold_cause else ""
    for receipt in memory.receipts:
        for line_id, sku, pieces in _missing(receipt, po, memory):
            yield Unsynced(
                tenant=row.tenant,
                purchase_order=name_of(row),
                line_id=line_id,
                sku=sku or skus.get(line_id or "", ""),
                receipt_id=receipt.receipt_id,
                received_at=receipt.received_at,
                pieces=pieces,
                why=hold or STANDING[receipt.state],
            )


def _missing(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory) -> Iterator[tuple[str | None, str, Decimal]]:
    """Line, SKU where it is on no line, and pieces of the receipt that NetSuite does not have."""
    got, passed, settled = counted(receipt, po, memory), _passed(receipt, po, memory), left_out(receipt, memory)
    for line_id in sorted(got.keys() | passed.keys()):
        now = got.get(line_id, ZERO)
        missing = now - passed.get(line_id, ZERO)
        missing -= min(max(ZERO, missing), settled.get(line_id, ZERO))
        is_as_agreed = changed_key(receipt, line_id, now) in memory.acknowledged
        if missing and not is_as_agreed:
            yield line_id, "", missing
    for sku, pieces in sorted(unplanned_left(receipt, memory).items()):
        if pieces and added_line(sku, po) is None:
            yield None, sku, pieces


def _passed(receipt: ReceiptFact, po: PurchaseOrder, memory: PoMemory) -> Mapping[str, Decimal]:
    """Line id -> pieces that NetSuite is believed to have of the receipt."""
    if not is_believed(receipt, memory):
        return {}
    rates = {line.line_id: line.unit_rate or _ONE for line in po.lines}
    return {line_id: sent * rates.get(line_id, _ONE) for line_id, sent in receipt.sent.items()}
