"""The ledger's invoices and slips as the proof knows them, read out of the exact bodies that were sent."""

from collections.abc import Sequence
from decimal import Decimal
from http import HTTPStatus

from connectors import exact_json
from connectors.retailpro.export_v1 import BookedInvoice, BookedItem, BookedSlip
from domain.books import Document, LedgerDocument, Units
from domain.stages import EffectKind
from ledger.tables import EffectRow


def document_of(row: EffectRow) -> LedgerDocument | None:
    """The document that this effect makes in Retail Pro; None for an effect elsewhere."""
    if row.kind not in {EffectKind.INVOICE, EffectKind.SLIP}:
        return None
    body = exact_json.loads(row.body)
    booked = BookedInvoice if row.kind is EffectKind.INVOICE else BookedSlip
    return LedgerDocument(
        key=row.key,
        document=as_document(booked.model_validate(body)),
        state=row.state,
        foreign=row.foreign,
        revision=row.revision,
        lines=row.lines or {},
        stores=row.stores or {},
        order_discount=Decimal(row.order_discount),
        at=row.settled_at or row.sent_at,
        number=row.number,
        adopted=row.http_status == HTTPStatus.CONFLICT,
        attempts=row.attempt,
        amount=Decimal(row.amount),
    )


def as_document(booked: BookedInvoice | BookedSlip) -> Document:
    """A document of Retail Pro's, from its books or from a body that was sent."""
    if isinstance(booked, BookedInvoice):
        return Document(
            kind=EffectKind.INVOICE,
            number=booked.order_no.strip(),
            store=booked.invoicing_store.strip(),
            total=booked.total_amt,
            units=_units(booked.items),
            document_no=booked.document_no,
        )
    return Document(
        kind=EffectKind.SLIP,
        number=booked.slip_no.strip(),
        store=booked.from_store.strip(),
        to_store=booked.to_store.strip(),
        units=_units(booked.items),
    )


def _units(items: Sequence[BookedItem]) -> tuple[Units, ...]:
    return tuple(Units(upc=item.upc.strip(), quantity=item.qty, origin=item.store_orig) for item in items)
