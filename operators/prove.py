"""Gathering the three sides for the proof: the ledger's rows, HotWax order by order, and Retail Pro's export."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func
from sqlmodel import col, or_, select

from activities.feed import FIRST_POLL_READS
from activities.systems import TenantSystems
from connectors.errors import Contract, NotASalesOrder, NotFound, Rejected
from connectors.retailpro.export_v1 import Books, read_books
from connectors.settings import RetailProSettings
from domain.base import Frozen
from domain.books import Document, LedgerDocument, Moves, add_moves, same_code
from domain.order import Order
from domain.proof import Proof
from domain.proof_report import Booked, Case, Period, Verdict
from domain.stages import EffectKind
from ledger import feeds, holding
from ledger.database import Ledger
from ledger.tables import EffectRow, OrderRow
from operators.documents import as_document, document_of
from operators.queries import batches

BATCH = 200
Told = Callable[[str], None]


class Read(Frozen):
    """What HotWax said of one order: the order, None for what is no sales order, or why it could not be read."""

    order_id: str
    order: Order | None = None
    problem: str = ""


@dataclass(frozen=True)
class Sides:
    """Where the three sides are, for one tenant. `readers` is how many orders are read from HotWax side by side."""

    ledger: Ledger
    systems: TenantSystems
    retailpro: RetailProSettings
    readers: int = 4


def prove(sides: Sides, since: datetime | None, told: Told) -> Verdict:
    """Compare the three sides of one tenant, for orders that were seen, or had a document made, since `since`.

    Raises:
        ConnectorError: HotWax or the export is out of reach: nothing can be said.
    """
    booked, until = _books(sides)
    told("Retail Pro's side is read" if booked else "Retail Pro's side is not verified: set proof_export")
    proof = Proof(sides.systems.policy, booked, Period(since=since, until=until))
    with ThreadPoolExecutor(sides.readers, "prove") as readers:
        done = 0
        for cases in _cases(sides, readers, since):
            for case in cases:
                proof.take(case)
            done += len(cases)
            told(f"{done} orders compared")
        for order, excuse in _unseen(sides, readers, since):
            proof.unseen(order, excuse)
    for stray in _known_elsewhere(sides, proof.strays()):
        proof.claim(stray)
    return proof.verdict()


# ---- Retail Pro ------------------------------------------------------------------------------------------------------


def _books(sides: Sides) -> tuple[Booked | None, datetime | None]:
    """Retail Pro's side, and until when it speaks; what happened while it was read may be missing from it."""
    location = sides.retailpro.proof_export
    if location is None:
        return None, None
    until = datetime.now(UTC)
    if not location.startswith(("http://", "https://")) and Path(location).exists():
        until = min(until, datetime.fromtimestamp(Path(location).stat().st_mtime, UTC))
    return _booked(read_books(location, sides.retailpro, name=f"proof export of {sides.systems.name}")), until


def _booked(books: Books) -> Booked:
    stock = Moves()
    for row in books.stock:
        add_moves(stock, {(same_code(row.store), same_code(row.upc)): row.change})
    invoices, slips = map(as_document, books.invoices), map(as_document, books.slips)
    return Booked(
        documents=(*invoices, *slips),
        stock=stock if books.stock else None,
        bad=books.bad,
    )


def _known_elsewhere(sides: Sides, strays: Sequence[Document]) -> Iterator[Document]:
    """The documents that the ledger asked for in orders older than the period."""
    for start in range(0, len(strays), BATCH):
        some = strays[start : start + BATCH]
        numbers = {document.number for document in some}
        asked = select(EffectRow).where(EffectRow.tenant == sides.systems.name, col(EffectRow.remote_no).in_(numbers))
        with sides.ledger.reading() as session:
            rows = session.exec(asked).all()
        known = {made.document.identity for made in _documents(rows) if made.state.may_exist or made.foreign}
        yield from (document for document in some if document.identity in known)


# ---- the ledger and HotWax -------------------------------------------------------------------------------------------


def _cases(sides: Sides, readers: ThreadPoolExecutor, since: datetime | None) -> Iterator[list[Case]]:
    """The orders that the ledger knows, a batch at a time. HotWax is read first, so that the ledger knows no less."""
    tenant = sides.systems.name
    for rows in batches(sides.ledger, tenant, *_in_period(tenant, since), size=BATCH):
        reads = readers.map(lambda row: read_order(sides.systems, row.order_id), rows)
        by_id = {read.order_id: read for read in reads}
        yield _joined(sides, by_id)


def _in_period(tenant: str, since: datetime | None) -> list[object]:
    if since is None:
        return []
    made = select(EffectRow.order_id).where(EffectRow.tenant == tenant, col(EffectRow.settled_at) >= since)
    return [or_(col(OrderRow.seen_at) >= since, col(OrderRow.order_id).in_(made))]


def read_order(systems: TenantSystems, order_id: str) -> Read:
    """The order as HotWax tells it now, or why it does not.

    Raises:
        ConnectorError: HotWax is out of reach.
    """
    try:
        return Read(order_id=order_id, order=systems.oms.read_order(order_id))
    except NotASalesOrder:
        return Read(order_id=order_id)
    except (NotFound, Contract, Rejected) as error:
        return Read(order_id=order_id, problem=error.message)


def _joined(sides: Sides, reads: dict[str, Read]) -> list[Case]:
    tenant = sides.systems.name
    rows = select(OrderRow).where(OrderRow.tenant == tenant, col(OrderRow.order_id).in_(reads))
    made = select(EffectRow).where(EffectRow.tenant == tenant, col(EffectRow.order_id).in_(reads))
    with sides.ledger.reading() as session:
        effects = session.exec(made).all()
        return [_case(row, effects, reads[row.order_id]) for row in session.exec(rows)]


def _case(row: OrderRow, effects: Iterable[EffectRow], read: Read) -> Case:
    hold = holding.hold_of(row)
    return Case(
        order_id=row.order_id,
        order_no=row.order_no or "",
        stage=row.stage,
        hold=hold.key if hold else None,
        cancel_wanted=row.cancel_wanted,
        forced=row.force is not None,
        acknowledged=frozenset(row.acknowledged or ()),
        read_at=row.read_at,
        documents=tuple(_documents(effect for effect in effects if effect.order_id == row.order_id)),
        order=read.order,
        unreadable=read.problem,
    )


def _documents(rows: Iterable[EffectRow]) -> Iterator[LedgerDocument]:
    return filter(None, map(document_of, (row for row in rows if row.kind is not EffectKind.WRITE_BACK)))


# ---- what the ledger never saw ---------------------------------------------------------------------------------------


def _unseen(sides: Sides, readers: ThreadPoolExecutor, since: datetime | None) -> Iterator[tuple[Order, str | None]]:
    """Orders with events in HotWax that the ledger does not know, and why that may be."""
    tenant = sides.systems.name
    with sides.ledger.reading() as session:
        cursor = feeds.cursor_of(session, tenant)
        first = session.exec(select(func.min(OrderRow.seen_at)).where(OrderRow.tenant == tenant)).one()
    start = since or (first - FIRST_POLL_READS if first else datetime.now(UTC) - FIRST_POLL_READS)
    for happened in _unknown_orders(sides, start):
        for read in readers.map(lambda order_id: read_order(sides.systems, order_id), happened):
            if read.order is not None:
                yield read.order, _not_polled_yet(happened[read.order_id], cursor)


def _not_polled_yet(last_event: datetime, cursor: datetime | None) -> str | None:
    """Why the feed may not have it: what happens at the very moment of the cursor may come with the next poll."""
    if cursor is None or last_event >= cursor:
        return "the feed has not read it yet"
    return None


def _unknown_orders(sides: Sides, since: datetime) -> Iterator[dict[str, datetime]]:
    """Unknown order ids, each once, with their last event, a page of events at a time."""
    done: set[str] = set()
    page = 0
    while True:
        found = sides.systems.oms.events_since(since, page)
        happened = {event.order_id: event.at for event in found.events if event.order_id not in done}
        done |= happened.keys()
        known = select(OrderRow.order_id).where(
            OrderRow.tenant == sides.systems.name, col(OrderRow.order_id).in_(happened)
        )
        with sides.ledger.reading() as session:
            seen = set(session.exec(known).all())
        yield {order_id: at for order_id, at in happened.items() if order_id not in seen}
        if found.last:
            return
        page += 1
