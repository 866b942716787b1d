"""What the ledger says at one moment: for the screen, and to see whether every order is where it must be."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from domain.purchase_order import ImportState, PoStage, ReceiptState
from domain.stages import EffectKind, EffectState, HoldCause, Stage
from ledger import purchase_orders
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_files import FileKind, FileState
from ledger.po_tables import PoFileRow, PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow, JournalRow, OrderRow
from operators.demo.cases import End
from operators.demo.goods import TENANT
from operators.demo.purchases import DayPo, PoEnd
from operators.queries import HoldGroup, hold_groups


@dataclass(frozen=True)
class PoStanding:
    """Where one purchase order stands; `lines` is what HotWax has of it, in pieces."""

    end: PoEnd
    state: ImportState
    lines: Mapping[str, str]


@dataclass(frozen=True)
class Picture:
    """Orders and purchase orders by stage, holds by cause, remote writes, receipts and files by state, and each one."""

    stages: Mapping[Stage, int]
    holds: Sequence[HoldGroup]
    effects: Mapping[tuple[EffectKind, EffectState], int]
    orders: Mapping[str, End]
    """Where each order stands, by its HotWax id."""
    pos: Mapping[str, PoStanding] = field(default_factory=dict)
    """Where each purchase order stands, by NetSuite's id."""
    receipts: Mapping[ReceiptState, int] = field(default_factory=dict)
    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many files of each name are in each state."""
    archived: Mapping[str, str] = field(default_factory=dict)
    """Name -> name in the archive, of the files that were read."""

    @property
    def po_stages(self) -> Mapping[PoStage, int]:
        """Purchase orders by stage."""
        return Counter(po.end.stage for po in self.pos.values())

    def stands(self, po: DayPo) -> tuple[PoStage, HoldCause | None] | None:
        """Stage and hold of a purchase order that is known."""
        known = self.pos.get(po.po_id)
        return (known.end.stage, known.end.hold) if known else None

    @property
    def seen(self) -> int:
        """How many orders Waybill has had word of."""
        return sum(self.stages.values())


def take(ledger: Ledger) -> Picture:
    """The picture of now."""
    with ledger.reading() as session:
        documents = _documents(session)
        # HotWax tells of purchase orders beside orders: those are skipped before their number is known.
        sales = or_(col(OrderRow.order_no).is_not(None), OrderRow.stage != Stage.SKIPPED)
        rows = session.exec(select(OrderRow.order_id, OrderRow.stage, OrderRow.hold_cause).where(sales)).all()
        orders = {order_id: _standing(Stage(stage), cause, documents, order_id) for order_id, stage, cause in rows}
        return Picture(
            stages=Counter(end.stage for end in orders.values()),
            holds=hold_groups(session, [TENANT]),
            effects=_effects(session),
            orders=orders,
            pos=_pos(session),
            receipts=_receipts(session),
            **_files(session),
        )


def _pos(session: Session) -> Mapping[str, PoStanding]:
    return {row.po_id: _po_standing(row) for row in session.exec(select(PurchaseOrderRow)).all()}


def _po_standing(row: PurchaseOrderRow) -> PoStanding:
    end = PoEnd(row.stage, HoldCause(row.hold_cause) if row.hold_cause else None)
    lines = {line_id: f"{line.pieces:f}" for line_id, line in purchase_orders.imported(row).items()}
    return PoStanding(end, row.import_state, lines)


def _receipts(session: Session) -> Mapping[ReceiptState, int]:
    found = session.exec(select(ReceiptRow.state, func.count()).group_by(col(ReceiptRow.state))).all()
    return {ReceiptState(state): count for state, count in found}


def _files(session: Session) -> dict[str, Any]:
    orders = select(PoFileRow).where(PoFileRow.kind == FileKind.ORDERS).order_by(col(PoFileRow.id))
    rows = session.exec(orders).all()
    archived = {row.name: row.archived_as for row in rows if row.state == FileState.DONE and row.archived_as}
    return {"files": Counter((row.name, row.state) for row in rows), "archived": archived}


_Documents = Mapping[tuple[str, EffectKind], int]


def _standing(stage: Stage, cause: str | None, documents: _Documents, order_id: str) -> End:
    return End(
        stage=stage,
        hold=HoldCause(cause) if cause else None,
        invoices=documents.get((order_id, EffectKind.INVOICE), 0),
        slips=documents.get((order_id, EffectKind.SLIP), 0),
    )


def _documents(session: Session) -> _Documents:
    made = col(EffectRow.state) == EffectState.DONE
    query = select(EffectRow.order_id, EffectRow.kind, func.count()).where(made)
    found = session.exec(query.group_by(col(EffectRow.order_id), col(EffectRow.kind))).all()
    return {(order_id, EffectKind(kind)): count for order_id, kind, count in found if order_id}


def _effects(session: Session) -> Mapping[tuple[EffectKind, EffectState], int]:
    query = select(EffectRow.kind, EffectRow.state, func.count())
    found = session.exec(query.group_by(col(EffectRow.kind), col(EffectRow.state))).all()
    return {(EffectKind(kind), EffectState(state)): count for kind, state, count in found}


class Lookout:
    """Takes pictures; one of a moment ago does for all who ask: dozens of scenes wait for their cues at a time."""

    def __init__(self, ledger: Ledger, fresh_for_s: float = 0.2) -> None:
        self._ledger, self._fresh_for_s = ledger, fresh_for_s
        self._picture, self._taken_at = take(ledger), time.monotonic()

    def now(self) -> Picture:
        """The picture of now, or of hardly before."""
        if time.monotonic() - self._taken_at > self._fresh_for_s:
            self._picture, self._taken_at = take(self._ledger), time.monotonic()
        return self._picture


class Diary:
    """Reads what is new in the audit trail, in words."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._last = ledger, 0

    def news(self) -> list[str]:
        """One sentence for each entry since the last call."""
        order, po = OrderRow, PurchaseOrderRow
        query = (
            select(JournalRow, order.order_no, po.number)
            .outerjoin(order, (col(order.tenant) == JournalRow.tenant) & (col(order.order_id) == JournalRow.subject))
            .outerjoin(po, (col(po.tenant) == JournalRow.tenant) & (col(po.po_id) == JournalRow.subject))
            .where(col(JournalRow.id) > self._last)
            .order_by(col(JournalRow.id))
        )
        with self._ledger.reading() as session:
            rows = session.exec(query).all()
        self._last = max((entry.id or 0 for entry, _, _ in rows), default=self._last)
        return [in_words(entry, _number(entry, order_no, po_no)) for entry, order_no, po_no in rows]


def _number(entry: JournalRow, order_no: str | None, po_no: str | None) -> str:
    return (order_no if entry.flow == Flow.ORDER else po_no) or entry.subject


def in_words(entry: JournalRow, number: str) -> str:
    """An entry of the audit trail as one sentence about an order, or a purchase order."""
    name = f"order {number}" if entry.flow == Flow.ORDER else number
    match entry.kind:
        case "stage":
            return f"{name} is {entry.text.rpartition('-> ')[2]}"
        case "command":
            return f"{name}: {entry.actor}: {entry.text}"
        case "hold" | "plan":
            return f"{name}: {entry.text}"
        case kind:
            key, _, what = entry.text.partition(" ")
            return f"{name}: {kind.replace('_', ' ')} {what}" if "/" in key else f"{name}: {entry.text}"
