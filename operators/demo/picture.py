"""What the ledger says at one moment: for the screen, and to see whether every order is where it must be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from domain.stages import EffectKind, EffectState, HoldCause, Stage
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.tables import EffectRow, JournalRow, OrderRow
from operators.demo.cases import End
from operators.demo.goods import TENANT
from operators.queries import HoldGroup, hold_groups


@dataclass(frozen=True)
class Picture:
    """Orders by stage, holds by cause, remote writes by state, and each order by itself."""

    stages: Mapping[Stage, int]
    holds: Sequence[HoldGroup]
    effects: Mapping[tuple[EffectKind, EffectState], int]
    orders: Mapping[str, End]
    """Where each order stands, by its HotWax id."""

    @property
    def seen(self) -> int:
        """How many orders Waybill has had word of."""
        return sum(self.stages.values())


def take(ledger: Ledger) -> Picture:
    """The picture of now."""
    with ledger.reading() as session:
        documents = _documents(session)
        rows = session.exec(select(OrderRow.order_id, OrderRow.stage, OrderRow.hold_cause)).all()
        orders = {order_id: _standing(Stage(stage), cause, documents, order_id) for order_id, stage, cause in rows}
        return Picture(
            stages=Counter(end.stage for end in orders.values()),
            holds=hold_groups(session, [TENANT]),
            effects=_effects(session),
            orders=orders,
        )


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


class Diary:
    """Reads what is new in the audit trail, in words."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self._last = ledger, 0

    def news(self) -> list[str]:
        """One sentence for each entry since the last call."""
        query = (
            select(JournalRow, OrderRow.order_no)
            .join(
                OrderRow, (col(OrderRow.tenant) == JournalRow.tenant) & (col(OrderRow.order_id) == JournalRow.subject)
            )
            .where(col(JournalRow.flow) == Flow.ORDER, col(JournalRow.id) > self._last)
            .order_by(col(JournalRow.id))
        )
        with self._ledger.reading() as session:
            rows = session.exec(query).all()
        self._last = max((entry.id or 0 for entry, _ in rows), default=self._last)
        return [in_words(entry, number or entry.subject) for entry, number in rows]


def in_words(entry: JournalRow, number: str) -> str:
    """An entry of the audit trail as one sentence about an order."""
    match entry.kind:
        case "stage":
            return f"order {number} is {entry.text.rpartition('-> ')[2]}"
        case "command":
            return f"order {number}: {entry.actor}: {entry.text}"
        case "hold" | "plan":
            return f"order {number}: {entry.text}"
        case kind:
            key, _, what = entry.text.partition(" ")
            return f"order {number}: {kind.replace('_', ' ')} {what}" if "/" in key else f"order {number}: {entry.text}"
