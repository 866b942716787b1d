"""What stores received and NetSuite does not have: its stock is too low by these pieces until their receipts are made.

A receipt in doubt counts as missing. What an operator said to go on without was settled by hand, and is left out.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from domain.base import Frozen
from domain.po_agreed import changed_key
from domain.po_receipts import counted
from domain.po_standing import Standing, is_believed
from domain.purchase_order import ZERO, ReceiptFact, ReceiptState
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from operators.po_queries import open_stages
from operators.po_show import STANDING
from operators.queries import name_of, pages


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
    standing = purchase_orders.standing_of(session, row)
    memory = standing.memory
    skus = {line_id: line.sku for line_id, line in memory.imported.items()}
    skus |= {line.line_id: line.sku for line in standing.po.lines}
    hold = f"held, {row.hold_cause}" if row.hold_cause else ""
    for receipt in memory.receipts:
        for line_id, sku, pieces in _missing(receipt, standing):
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


def _missing(receipt: ReceiptFact, standing: Standing) -> Iterator[tuple[str | None, str, Decimal]]:
    """Line, SKU where it is on no line, and pieces of the receipt that NetSuite does not have."""
    got, passed = counted(receipt, standing), _passed(receipt, standing)
    for line_id in sorted(got.keys() | passed.keys()):
        now = got.get(line_id, ZERO)
        missing = now - passed.get(line_id, ZERO)
        missing -= min(max(ZERO, missing), standing.agreed.left_out(receipt, line_id))
        is_as_agreed = changed_key(receipt, line_id, now) in standing.memory.acknowledged
        if missing and not is_as_agreed:
            yield line_id, "", missing
    for sku, pieces in sorted(standing.agreed.unplanned_left(receipt).items()):
        if pieces and standing.added_line(receipt, sku) is None:
            yield None, sku, pieces


def _passed(receipt: ReceiptFact, standing: Standing) -> Mapping[str, Decimal]:
    """Line id -> pieces that NetSuite is believed to have of the receipt."""
    if not is_believed(receipt, standing.memory):
        return {}
    return {line_id: sent * standing.rate(line_id) for line_id, sent in receipt.sent.items()}
