"""Receipts whose write was promised before this run: what never left is planned anew where it does not fit any more.

So is what was promised by another way into NetSuite than the tenant's way of now: none waits in silence.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session

from activities.beating import beat
from activities.po_still_wanted import is_still_wanted
from activities.systems import Purchasing
from domain.purchase_order import RECEIPT_KINDS, NetSuiteMode, ReceiptState
from domain.stages import RECEIPT_FILES, EffectKind, EffectState
from ledger import purchase_orders, receipts
from ledger.database import Ledger
from ledger.po_tables import ReceiptRow
from ledger.rows import locked_or_none
from ledger.tables import EffectRow

_WAITING = frozenset({ReceiptState.PROMISED, ReceiptState.SENT})


class LeftBehind:
    """Takes over what earlier runs have left behind, by the tenant's way into NetSuite or by another one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def take_over(self, tenant: str, systems: Purchasing) -> None:
        """Receipts whose promise was never sent wait for one that fits; those of another way are held in doubt."""
        mine = RECEIPT_KINDS[systems.policy.netsuite_mode]
        with self._ledger.reading() as session:
            planned = receipts.under_way(session, tenant, {mine}, {ReceiptState.PROMISED})
            keys = receipts.under_way(session, tenant, {*RECEIPT_KINDS.values()} - {mine}, _WAITING)
        for key in (*planned, *keys):
            beat()
            with self._ledger.writing() as session:
                effect = locked_or_none(session, EffectRow, key=key)
                if effect is None or _is_being_sent(effect):
                    continue
                if effect.kind is not mine:
                    _take_over(session, systems, effect)
                elif effect.state is EffectState.PLANNED:
                    _look_over(session, systems, effect)


def _is_being_sent(effect: EffectRow) -> bool:
    """Whether a worker that has not read the new configuration yet may be sending it right now."""
    return effect.state is EffectState.SENDING and effect.lease_until is not None and effect.lease_until > _now()


def _look_over(session: Session, systems: Purchasing, effect: EffectRow) -> None:
    """Drop a write that was never sent, if one of its receipts is owed otherwise by now; else it keeps its turn."""
    rows = receipts.of_effect(session, effect.tenant, effect.key)
    if not all(is_still_wanted(session, row, systems.policy) for row in rows):
        _drop(session, effect, rows)


def _drop(session: Session, effect: EffectRow, rows: Sequence[ReceiptRow]) -> None:
    """Its receipts are promised as before, and asked about before another write takes them along."""
    for row in rows:
        receipts.leave_write(row)
    session.delete(effect)


def _take_over(session: Session, systems: Purchasing, effect: EffectRow) -> None:
    rows = [row for row in receipts.of_effect(session, effect.tenant, effect.key) if _is_left(row, effect, systems)]
    mode = systems.policy.netsuite_mode
    if effect.state.may_exist:
        for row in rows:
            row.state, row.problem = ReceiptState.UNKNOWN, _words(row, effect, mode)
        purchase_orders.note_receipts(session, rows, _now())
        return
    for row in rows:
        text = f"receipt {row.receipt_id} was never sent {_way(row, effect)}: netsuite_mode is {mode} now"
        purchase_orders.note(session, row.tenant, row.po_id, "receipt", text, _now())
        row.due_at = None
    _drop(session, effect, rows)


def _is_left(row: ReceiptRow, effect: EffectRow, systems: Purchasing) -> bool:
    """Whether nobody goes on with it; what files say is listened to while their server is known."""
    is_heard_of = row.state is ReceiptState.SENT and effect.kind in RECEIPT_FILES and systems.sftp is not None
    return row.state in _WAITING and not is_heard_of


def _way(row: ReceiptRow, effect: EffectRow) -> str:
    return f"in file {row.file_name}" if effect.kind in RECEIPT_FILES else "over REST"


def _words(row: ReceiptRow, effect: EffectRow, mode: NetSuiteMode) -> str:
    said = f"; the last word on it: {row.problem}" if row.problem else ""
    is_stock = effect.kind is EffectKind.STOCK_RECEIPT_FILE
    look = "among its order's item receipts" if is_stock else f"for item receipt WB-RCPT-{row.receipt_id}"
    return f"it may have gone into NetSuite {_way(row, effect)} before netsuite_mode became {mode}{said}; look {look}"


def _now() -> datetime:
    return datetime.now(UTC)
