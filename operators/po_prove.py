"""Gathering the sides for the proof of purchase orders: the ledger, HotWax order by order, and NetSuite's word."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from activities.systems import Purchasing
from connectors.netsuite.receipts import EXTERNAL_ID, external_id
from connectors.po_ports import OmsReceipt, UnclearPurchaseOrder
from domain.base import Frozen
from domain.po_agreed import changed_key, unplanned_key
from domain.po_plan import UNVERIFIED
from domain.po_proof import PoCase, PoDifference, PoFinding, PoLineBooks, ReceiptBooks, check_po
from domain.po_receipts import counted
from domain.po_standing import is_believed, received_before
from domain.po_units import plain, sums
from domain.proof_report import VERIFIED, Explained
from domain.purchase_order import (
    ZERO,
    ImportState,
    PoStage,
    ReceiptFact,
    ReceiptState,
    UnreadableRow,
)
from ledger import feeds, holding, purchase_orders, receipt_rows, receipts
from ledger.database import Ledger
from ledger.po_tables import PoFileRow, PurchaseOrderRow, ReceiptRow
from ledger.slots import backfill
from operators.po_hotwax import InHotWax, read_hotwax
from operators.po_netsuite import NetSuiteWord, newest, pending_in_account, word_of_file, words_of_account
from operators.po_queries import RECEIPTS, unplaced_rows
from operators.po_reconciliation import Reconciliation
from operators.queries import pages

FILE, ANSWERS, NOBODY, NOTHING = "file", "answers", "unverified", "nothing"
"""Who says what NetSuite has received of a line: its newest word (a file, a reconciliation, the account itself), its
answers, or nobody; or nothing was passed on that anybody could say something about."""
NOT_ASKED = "nothing to verify"

ACCEPTED = UNVERIFIED.partition(":")[0]

Pieces = Mapping[str, Decimal]


class LineProof(Frozen):
    """One line on both sides, everything in pieces; None where a side does not have it."""

    purchase_order: str
    line_id: str
    sku: str
    ordered: str | None
    imported: str | None
    received_in_hotwax: str
    received_in_netsuite: str
    by: str
    """Who says so of NetSuite: `file`, `answers`, `unverified` or `nothing`."""


class PoVerdict(Frozen):
    """What the proof came to. `netsuite` says whether its side was verified, or only believed."""

    ok: bool
    netsuite: str
    checked: Mapping[str, int]
    lines: tuple[LineProof, ...]
    differences: tuple[PoDifference, ...]
    explained: tuple[Explained, ...]


@dataclass(frozen=True)
class PoSides:
    """Where the sides are, for one tenant.

    `netsuite` is a reconciliation, all of it. Without one the account is asked, where it may be over REST.
    """

    ledger: Ledger
    tenant: str
    purchasing: Purchasing
    netsuite: Reconciliation | None = None
    readers: int = 4


def prove(sides: PoSides, since: datetime | None, told: Callable[[str], None]) -> PoVerdict:
    """Compare the sides of one tenant, for purchase orders with anything new since `since`.

    Raises:
        ConnectorError: HotWax or NetSuite's account is out of reach: nothing can be said.
    """
    cases: list[tuple[PoCase, tuple[LineProof, ...]]] = []
    findings: list[PoFinding] = []
    with ThreadPoolExecutor(sides.readers, "prove") as pool:
        for rows in pages(sides.ledger, _in_period(sides.tenant, since), PurchaseOrderRow.po_id):
            there, words = (
                read_hotwax(sides.purchasing.oms, pool, [row.po_id for row in rows]),
                _read_netsuite(sides, rows),
            )
            with sides.ledger.reading() as session:
                books = [_Books(session, row, there[row.po_id], words.get(row.po_id)) for row in rows]
                cases += [(book.case(), tuple(book.lines())) for book in books]
                findings += [found for book in books for found in book.remarks()]
            told(f"{len(cases)} purchase orders compared")
    findings += [found for case, _ in cases for found in check_po(case)]
    findings += [found for case in _never_seen(sides) for found in check_po(case)]
    findings += unplaced_rows(sides.ledger, sides.tenant)
    return _verdict(cases, findings)


def _verdict(cases: Sequence[tuple[PoCase, tuple[LineProof, ...]]], findings: Sequence[PoFinding]) -> PoVerdict:
    differences = tuple(found for found in findings if isinstance(found, PoDifference))
    lines = tuple(line for _, of_case in cases for line in of_case)
    said = {line.by for line in lines}
    is_asked = said - {NOTHING}
    return PoVerdict(
        ok=not differences,
        netsuite=ACCEPTED if NOBODY in said else VERIFIED if is_asked else NOT_ASKED,
        checked={
            "purchase_orders": len(cases),
            "purchase_order_lines": len(lines),
            "receipts": sum(len(case.receipts) for case, _ in cases),
        },
        lines=lines,
        differences=differences,
        explained=tuple(found for found in findings if isinstance(found, Explained)),
    )


def _in_period(tenant: str, since: datetime | None) -> SelectOfScalar[PurchaseOrderRow]:
    mine = select(PurchaseOrderRow).where(PurchaseOrderRow.tenant == tenant)
    if since is None:
        return mine
    received = select(ReceiptRow.po_id).where(ReceiptRow.tenant == tenant, col(ReceiptRow.received_at) >= since)
    return mine.where(
        or_(
            col(PurchaseOrderRow.told_at) >= since,
            col(PurchaseOrderRow.stage_since) >= since,
            col(PurchaseOrderRow.po_id).in_(received),
        )
    )


def _never_seen(sides: PoSides) -> Iterator[PoCase]:
    """Purchase orders of the reconciliation, or pending in the account, that nobody has told us."""
    rest = sides.purchasing.rest
    with backfill():
        words = sides.netsuite.words if sides.netsuite else dict(pending_in_account(rest)) if rest else {}
    with sides.ledger.reading() as session:
        mine = select(PurchaseOrderRow.po_id).where(PurchaseOrderRow.tenant == sides.tenant)
        known = set(session.exec(mine).all()) if words else set()
    for po_id in sorted(words.keys() - known):
        word = words[po_id]
        yield PoCase(po_id=po_id, stage=PoStage.PENDING, status=word.status, seen=False, unreadable=word.unreadable)


def _read_netsuite(sides: PoSides, rows: Sequence[PurchaseOrderRow]) -> Mapping[str, NetSuiteWord]:
    """What NetSuite says of these purchase orders beyond its files."""
    if sides.netsuite is not None:
        return {row.po_id: word for row in rows if (word := sides.netsuite.word_of(row.po_id, row.told_at))}
    rest = sides.purchasing.rest
    with backfill():
        return words_of_account(rest, [row.po_id for row in rows]) if rest and rows else {}


# ---- one purchase order on all sides ---------------------------------------------------------------------------------


class _Books:
    """One purchase order as all sides have it."""

    def __init__(self, session: Session, row: PurchaseOrderRow, there: InHotWax, word: NetSuiteWord | None) -> None:
        self._row, self._there = row, there
        self._standing = purchase_orders.standing_of(session, row)
        self._po, self._memory = self._standing.po, self._standing.memory
        self._answered = [r.answered_at for r in receipts.of_po(session, row.tenant, row.po_id) if r.answered_at]
        self._file = session.get(PoFileRow, row.file_id) if row.file_id is not None else None
        of_file = word_of_file(self._po, self._told_until())
        self._unreadable_in_netsuite = word.unreadable if word else ""
        self._is_missing = word is not None and word.missing
        self._is_deleted = word.deleted if word and not word.missing else self._standing.is_deleted
        self._asked = word is not None and not (word.unreadable or word.deleted or word.missing)
        self._word = word if word and self._asked else of_file
        self._ordered = newest(self._word, of_file)
        self._cursor = feeds.cursor_of(session, row.tenant, RECEIPTS)
        self._parts = receipt_rows.lines_of_parts(session, row.tenant, row.po_id)
        self._before = receipt_rows.parts_before(session, row.tenant, row.po_id)
        told_now = [receipt.receipt_id for receipt in there.receipts or ()]
        self._read = receipt_rows.known_rows(session, row.tenant, told_now)
        self._facts, self._unread = self._receipts_now()
        self._pieces = sums(fact.pieces for fact in self._facts)

    def case(self) -> PoCase:
        """What the rules of the proof compare."""
        row, hold = self._row, holding.hold_of(self._row)
        return PoCase(
            po_id=row.po_id,
            number=row.number,
            stage=row.stage,
            hold=hold.key if hold else None,
            status=self._standing.status,
            unreadable=self._unreadable_in_netsuite,
            deleted=self._is_deleted,
            missing=self._is_missing,
            importing=row.import_state in {ImportState.WANTED, ImportState.SENT},
            orders_in_hotwax=self._there.count,
            lines=tuple(self._line(line_id) for line_id in self._line_ids),
            receipts=tuple(self._receipt(fact) for fact in self._facts),
        )

    def lines(self) -> Iterator[LineProof]:
        """What each side has of each line."""
        for line_id in self._line_ids:
            books = self._line(line_id)
            told = books.received_in_netsuite
            believed = books.received_before + self._standing.confirmed_sent[line_id] * self._standing.rate(line_id)
            yield LineProof(
                purchase_order=self._name,
                line_id=line_id,
                sku=books.sku,
                ordered=_told(books.ordered),
                imported=_told(books.imported),
                received_in_hotwax=plain(self._received(line_id)),
                received_in_netsuite=plain(believed if told is None else told),
                by=self._by(line_id, told),
            )

    def remarks(self) -> Iterator[PoFinding]:
        """What cannot be compared, and why."""
        if isinstance(self._there.order, UnclearPurchaseOrder) and self._there.count is None:
            yield PoDifference(
                kind="po_unclear",
                key=self._name,
                netsuite="once",
                hotwax="unclear",
                likely_cause=self._there.order.problem,
            )
        if not self._po.lines and (hold := holding.hold_of(self._row)):
            yield Explained(kind="po_not_read", key=self._name, reason=f"held: {hold.key}: {hold.evidence}")
        yield from self._unreadable()
        for line_id, pieces in self._memory.old_pieces.items():
            reason = f"HotWax had {plain(pieces)} pieces before Waybill brought it: they are not sent a second time"
            yield Explained(kind="received_before", key=f"{self._name}:{line_id}", reason=reason)
        for fact in self._unread:
            reason = "the next poll of receipts reads it"
            yield Explained(kind="not_read_yet", key=f"{self._name}:{fact.receipt_id}", reason=reason)

    def _unreadable(self) -> Iterator[PoFinding]:
        """Receipt rows that HotWax tells, and that nobody can read."""
        for bad in self._there.bad:
            key = f"{self._name}:{bad.receipt_id or 'receipt'}"
            if UnreadableRow(told=bad.told).key in self._memory.acknowledged:
                reason = f"an operator said to go on without it: {bad.told}"
                yield Explained(kind="left_out", key=key, reason=reason)
            else:
                cause = f"nobody knows how much was received until the row is mended in HotWax: {bad.told}"
                yield PoDifference(kind="receipt_unreadable", key=key, hotwax="unreadable", likely_cause=cause)

    @property
    def _name(self) -> str:
        return self._row.number or self._row.po_id

    @property
    def _line_ids(self) -> list[str]:
        told = [line.line_id for line in self._po.lines]
        return [*told, *sorted((self._there.lines.keys() | self._ordered.lines.keys()) - set(told))]

    # ---- lines -------------------------------------------------------------------------------------------------------

    def _line(self, line_id: str) -> PoLineBooks:
        netsuite, hotwax = self._ordered.lines.get(line_id), self._there.lines.get(line_id)
        line, rate = self._standing.lines.get(line_id), self._standing.rate(line_id)
        known = self._known(line_id)
        return PoLineBooks(
            line_id=line_id,
            sku=line.sku if line else (hotwax.sku or hotwax.product_id) if hotwax else "",
            ordered=netsuite.ordered * rate if netsuite else None,
            imported=hotwax.pieces if hotwax else None,
            received_in_netsuite=None if known is None else known * rate,
            received_before=received_before(self._po, self._memory).get(line_id, ZERO) * rate,
            closed=netsuite.closed if netsuite else False,
            closed_in_hotwax=hotwax.closed if hotwax else False,
        )

    def _told_until(self) -> datetime | None:
        """Up to when the newest file tells everything: to the second, and never beyond when it was read."""
        told = self._row.told_at
        return min(told, self._file.taken_at) if told and self._file else told

    def _is_fresh(self) -> bool:
        """Whether NetSuite's word is newer than its answer to our newest receipt; it tells times to the second."""
        until = self._word.until
        return until is not None and all(at.replace(microsecond=0) <= until for at in self._answered)

    def _received(self, line_id: str) -> Decimal:
        """What stores have received of the line, before Waybill brought it too, in pieces."""
        return self._pieces[line_id] + self._memory.old_pieces.get(line_id, ZERO)

    def _known(self, line_id: str) -> Decimal | None:
        """What NetSuite has surely received of the line, in its unit; None where its word may be too old."""
        told = self._received_by_word(line_id)
        if told is None:
            return None
        before = received_before(self._po, self._memory).get(line_id, ZERO)
        least, most = before + self._standing.confirmed_sent[line_id], before + self._standing.sent[line_id]
        if least <= told <= most:
            return least if least == most else None
        return told if told > most or self._is_fresh() else None

    def _received_by_word(self, line_id: str) -> Decimal | None:
        """What NetSuite's word says of it; None where it says nothing, or is of before it was put right by hand."""
        line, netsuite = self._standing.lines.get(line_id), self._word.lines.get(line_id)
        is_overtaken = not self._asked and line is not None and self._standing.agreed.told(line) is None
        return None if netsuite is None or is_overtaken else netsuite.received

    def _by(self, line_id: str, told: Decimal | None) -> str:
        if told is not None:
            return FILE
        ours = [fact for fact in self._memory.receipts if line_id in fact.sent and fact.state.may_exist]
        if not ours:
            return NOTHING
        is_answered = all(fact.state is ReceiptState.CREATED for fact in ours)
        return ANSWERS if is_answered and not self._unreadable_in_netsuite else NOBODY

    # ---- receipts ----------------------------------------------------------------------------------------------------

    def _receipts_now(self) -> tuple[list[ReceiptFact], list[ReceiptFact]]:
        """The receipts with what HotWax has of each now, and those that the feed may not have read yet."""
        if self._there.receipts is None:
            return list(self._memory.receipts), []
        rows: dict[str, list[OmsReceipt]] = defaultdict(list)
        for receipt in (row for row in self._there.receipts if row.receipt_id not in self._before):
            name = receipt_rows.receipt_id_of(self._row.po_id, receipt.shipment_id or receipt.receipt_id)
            rows[name].append(receipt)
        known = [self._now(fact, rows.pop(fact.receipt_id, [])) for fact in self._memory.receipts]
        strange = [self._now(ReceiptFact(receipt_id=n, received_at=r[0].at, pieces={}), r) for n, r in rows.items()]
        unread = [fact for fact in strange if all(self._is_to_come(row) for row in rows[fact.receipt_id])]
        return [*known, *(fact for fact in strange if fact not in unread)], unread

    def _is_to_come(self, row: OmsReceipt) -> bool:
        """Whether the next poll is the first that reads the row."""
        return row.receipt_id not in self._read and (self._cursor is None or row.at > self._cursor)

    def _now(self, fact: ReceiptFact, rows: Sequence[OmsReceipt]) -> ReceiptFact:
        pieces, unplanned = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
        lines = {line.seq_id: line_id for line_id, line in self._there.lines.items()}
        for row in rows:
            line_id = lines.get(row.seq_id or "") or self._parts.get(row.receipt_id)
            if line_id:
                pieces[line_id] += row.accepted
            else:
                unplanned[row.sku or row.product_id] += row.accepted
        return fact.model_copy(update={"pieces": dict(pieces), "unplanned": dict(unplanned)})

    def _receipt(self, fact: ReceiptFact) -> ReceiptBooks:
        got = dict(counted(fact, self._standing))
        for sku, pieces in fact.unplanned.items():
            if self._standing.added_line(fact, sku) is None:
                got[sku] = got.get(sku, ZERO) + pieces
        is_by_word = fact.state is ReceiptState.UNKNOWN and is_believed(fact, self._memory)
        passed = {line_id: sent * self._standing.rate(line_id) for line_id, sent in fact.sent.items()}
        return ReceiptBooks(
            receipt_id=fact.receipt_id,
            state=ReceiptState.UNVERIFIED if is_by_word else fact.state,
            in_hotwax=got,
            passed_on=passed,
            in_netsuite=self._item_receipts(fact, passed),
            left_out=frozenset(self._left_out(fact, got)),
        )

    def _left_out(self, fact: ReceiptFact, got: Pieces) -> Iterator[str]:
        """Lines, and products without one, on which an operator said to go on as it is."""
        said, agreed = self._memory.acknowledged, self._standing.agreed
        for line_id, pieces in got.items():
            passed = fact.sent.get(line_id, ZERO) * self._standing.rate(line_id) if fact.state.may_exist else ZERO
            keys = {changed_key(fact, line_id, pieces), unplanned_key(fact, line_id, pieces)}
            if keys & said or 0 < pieces - passed == agreed.left_out(fact, line_id):
                yield line_id

    def _item_receipts(self, fact: ReceiptFact, passed: Pieces) -> tuple[Pieces, ...] | None:
        """What NetSuite made of a receipt: under its external id, and copies of it under none."""
        made = self._word.item_receipts
        if made is None or not self._is_fresh():
            return None
        named = [self._in_pieces(lines) for name, lines in made.items() if name == external_id(fact.receipt_id)]
        strays = [self._in_pieces(lines) for name, lines in made.items() if not name.startswith(EXTERNAL_ID)]
        return (*named, *(lines for lines in strays if lines == passed))

    def _in_pieces(self, lines: Pieces) -> Pieces:
        return {line_id: quantity * self._standing.rate(line_id) for line_id, quantity in lines.items()}


def _told(pieces: Decimal | None) -> str | None:
    return None if pieces is None else plain(pieces)
