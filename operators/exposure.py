"""What was shipped and Retail Pro does not know of, as the file that HotWax's variance import takes (hotwax 5.5).

Retail Pro's nightly stock is too high by these units: their order waits for its other lines, is held, or was cancelled
by an operator. An invoice in doubt counts as missing, since selling what is gone is worse than the other way round.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from sqlmodel import Session, col, select

from domain.base import Frozen
from domain.channel import POS_CHANNELS
from domain.order import LineStatus
from domain.stages import EffectKind, EffectState
from ledger import holding
from ledger.database import Ledger
from ledger.tables import EffectRow, LineRow, OrderRow
from operators.queries import batches

COLUMNS = ("facilityId", "idType", "idValue", "availableDelta", "locationSeqId", "varianceReasonId", "comments")
REASON = "VAR_INTEGR"
DEFAULT_LOCATION = "TLTLTLLL01"
"""The location that OFBiz gives a facility that has no others; a tenant's own may differ."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Exposed(Frozen):
    """Units of one order that a facility shipped and that are on no invoice."""

    tenant: str
    order: str
    facility: str
    id_type: str
    upc: str | None
    product_id: str
    quantity: int
    why: str

    def row(self, location: str) -> tuple[str, ...]:
        """The line of HotWax's import."""
        comment = f"order {self.order}: {self.why}"
        cells = (self.facility, self.id_type, self.upc or "", location, REASON, comment)
        facility, id_type, upc, place, reason, text = (_harmless(cell) for cell in cells)
        return facility, id_type, upc, str(-self.quantity), place, reason, text


def _harmless(cell: str) -> str:
    """The text, unable to start a formula in a spreadsheet."""
    return f"'{cell}" if cell.startswith(_STARTS_A_FORMULA) else cell


def exposed(ledger: Ledger, tenant: str, id_type: str) -> Iterator[Exposed]:
    """Everything of this tenant that was shipped and is not invoiced, order by order."""
    for rows in batches(ledger, tenant, *_may_owe_an_invoice()):
        with ledger.reading() as session:
            yield from _of_batch(session, tenant, rows, id_type)


def _may_owe_an_invoice() -> list[object]:
    """Sales of the point of sale are invoiced there: they are never exposed (hotwax 5.1)."""
    return [col(OrderRow.channel).is_not(None), col(OrderRow.channel).not_in(POS_CHANNELS)]


def _of_batch(session: Session, tenant: str, rows: Sequence[OrderRow], id_type: str) -> Iterator[Exposed]:
    by_id = {row.order_id: row for row in rows}
    invoiced = _invoiced_lines(session, tenant, by_id)
    shipped = select(LineRow).where(
        LineRow.tenant == tenant,
        col(LineRow.order_id).in_(by_id),
        LineRow.status == LineStatus.COMPLETED,
        col(LineRow.digital).is_(False),
    )
    units: dict[tuple[str, str, str | None, str], int] = {}
    for line in session.exec(shipped.order_by(col(LineRow.order_id), col(LineRow.line_id))):
        if (line.order_id, line.line_id) not in invoiced:
            key = (line.order_id, line.facility_id, line.upc, line.product_id)
            units[key] = units.get(key, 0) + line.quantity
    for (order_id, facility, upc, product), quantity in units.items():
        row = by_id[order_id]
        yield Exposed(
            tenant=tenant,
            order=row.order_no or order_id,
            facility=facility,
            id_type=id_type,
            upc=upc,
            product_id=product,
            quantity=quantity,
            why=_why(row),
        )


def _invoiced_lines(session: Session, tenant: str, order_ids: Iterable[str]) -> set[tuple[str, str]]:
    made = select(EffectRow.order_id, EffectRow.lines).where(
        EffectRow.tenant == tenant,
        col(EffectRow.order_id).in_(list(order_ids)),
        EffectRow.kind == EffectKind.INVOICE,
        EffectRow.state == EffectState.DONE,
    )
    return {(order_id, line) for order_id, lines in session.exec(made) if order_id for line in lines or ()}


def _why(row: OrderRow) -> str:
    hold = holding.hold_of(row)
    if hold:
        return f"held, {hold.cause}"
    return "cancelled by an operator" if row.cancel_wanted else str(row.stage)


def write_csv(rows: Iterable[Exposed], location: str, to: IO[str]) -> None:
    """Write the import file: every cell quoted, lines end as RFC 4180 wants it."""
    writer = csv.writer(to, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(row.row(location) for row in rows if row.upc)
