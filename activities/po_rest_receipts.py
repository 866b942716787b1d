"""Receipts into NetSuite over REST: each one a remote write of its own, made once, then read back."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlmodel import Session

from activities.beating import alone, side_by_side
from activities.effects import Effects, InDoubtError, StillSendingError, Writer
from activities.po_rest import RestOrders
from activities.systems import Purchasing
from connectors.errors import ConnectorError, Contract, NotFound, Rejected
from connectors.netsuite.errors import LinesChanged
from connectors.netsuite.port import ReadBack
from connectors.po_files.assembly import ToldPo
from connectors.po_files.errors import UnsafeReceiptError
from domain.keys import netsuite_queue, upload_key
from domain.outcomes import EffectResult
from domain.purchase_order import ReceiptState
from domain.stages import EffectKind, EffectState
from ledger import effects, purchase_orders, receipts, sequences
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.po_tables import ReceiptRow
from ledger.tables import EffectRow

log = structlog.get_logger()

TAKEN_AT_ONCE = 200
MORE_THAN_CHANCE = 2
"""So many unanswered calls for each that may run at once, and NetSuite itself is out of reach: the rest are left."""
NUMBERS = "item_receipt"
"""The sequence that names each promise of an item receipt."""


class RestReceipts:
    """Makes item receipts, and finds out how their purchase orders stand then."""

    def __init__(self, ledger: Ledger, made: Effects) -> None:
        self._ledger, self._effects, self._orders = ledger, made, RestOrders(ledger)

    # ---- making ------------------------------------------------------------------------------------------------------

    def send(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """Every promised receipt is made, refused, or in doubt until the next run looks; one stops no other."""
        with self._ledger.reading() as session:
            keys = receipts.under_way(session, tenant, EffectKind.ITEM_RECEIPT)
        keys += self._promise(tenant, systems)
        attempts = _Attempts(most=MORE_THAN_CHANCE * systems.slots)
        works = [partial(attempts.tried, partial(self._make, tenant, systems, key)) for key in keys]
        ended = sum(side_by_side(works, systems.slots)) if works else 0
        if attempts.trouble:
            raise attempts.trouble
        return {"receipts": ended, "in_doubt": len(keys) - ended}

    def _promise(self, tenant: str, systems: Purchasing) -> list[str]:
        """The promised writes of all receipts that wait: each sent only while nobody else receives on its order."""
        with self._ledger.reading() as session:
            po_ids = {row.po_id for row in receipts.promised(session, tenant, TAKEN_AT_ONCE)}
        if not po_ids:
            return []
        there = alone(lambda: systems.netsuite.orders(po_ids))
        with self._ledger.durable() as session:
            rows = [r for r in receipts.promised(session, tenant, TAKEN_AT_ONCE) if r.po_id in po_ids]
            keys = [_promise_one(session, systems, row, there.get(row.po_id)) for row in rows]
        return [key for key in keys if key]

    def _make(self, tenant: str, systems: Purchasing, key: str) -> bool:
        """Make one receipt; whether its fate is known now."""
        with self._ledger.reading() as session:
            effect = session.get_one(EffectRow, key)
        netsuite = systems.netsuite
        writer = Writer(
            system=netsuite_queue(tenant),
            turn=netsuite.turn,
            send=netsuite.create_receipt,
            find=lambda body: netsuite.find_receipt(body, effect.sent_at or _now()),
            repeat_safe=netsuite.repeat.is_safe,
        )
        try:
            made = self._effects.ensure(key, writer)
        except LinesChanged as error:
            self._take_back(tenant, systems, key, error)
            return False
        except (InDoubtError, StillSendingError):
            self._wait_for(tenant, systems, key)
            return False
        except (Rejected, NotFound, Contract) as error:
            self._give_up(tenant, key, error)
            return True
        standing = self._standing(systems, effect.body, made)
        if standing is None and made.state is EffectState.DONE:
            self._wait_for(tenant, systems, key)
            return False
        with self._ledger.writing() as session:
            for row in receipts.of_effect(session, tenant, key):
                _settle(session, row, made, standing)
        return True

    def _standing(self, systems: Purchasing, body: str, made: EffectResult) -> ReadBack | None:
        """The item receipt as NetSuite has it; None where it does not show yet: the next run reads it again."""
        if made.state is not EffectState.DONE or made.number is None:
            return None
        try:
            return systems.netsuite.read_back(body, made.number)
        except ConnectorError as error:
            log.warning("item receipt not read back", effect=made.key, number=made.number, problem=str(error))
            return None

    def _wait_for(self, tenant: str, systems: Purchasing, key: str) -> None:
        """Note that NetSuite's word is awaited; the next run looks for the receipt before it repeats anything."""
        with self._ledger.writing() as session:
            for row in receipts.of_effect(session, tenant, key):
                if row.state is ReceiptState.PROMISED:
                    row.state, row.sent_at, row.due_at = ReceiptState.SENT, _now(), _now() + systems.waits.answer
                    purchase_orders.note_receipts(session, [row], _now())

    def _give_up(self, tenant: str, key: str, why: ConnectorError) -> None:
        """Hold what NetSuite answers this one receipt with no sense, or refuses to show: the others are not kept."""
        with self._ledger.writing() as session:
            may_exist = session.get_one(EffectRow, key, with_for_update=True).state.may_exist
            for row in receipts.of_effect(session, tenant, key):
                row.state = ReceiptState.UNKNOWN if may_exist else ReceiptState.REJECTED
                row.problem = why.message
                purchase_orders.note_receipts(session, [row], _now())
            effects.forget(session, key)

    def _take_back(self, tenant: str, systems: Purchasing, key: str, why: LinesChanged) -> None:
        """Plan the receipts of a promise anew that does not fit its purchase order any more: nothing was sent.

        Where NetSuite tells the purchase order as before, a new promise would not fit either: then they are held.
        """
        with self._ledger.reading() as session:
            po_ids = {row.po_id for row in receipts.of_effect(session, tenant, key)}
        is_news = self._orders.record(tenant, systems, systems.netsuite.orders(po_ids).values()) > 0
        with self._ledger.writing() as session:
            if session.get_one(EffectRow, key, with_for_update=True).state.may_exist:
                return
            for row in receipts.of_effect(session, tenant, key):
                receipts.take_back(row)
                if not is_news:
                    row.state, row.problem = ReceiptState.REJECTED, why.message
                text = f"receipt {row.receipt_id} was not sent: {why.message}"
                purchase_orders.note(session, tenant, row.po_id, "receipt", text, _now())
            effects.forget(session, key)

    # ---- standing ----------------------------------------------------------------------------------------------------

    def answers(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """How purchase orders stand whose receipts NetSuite has, and that have not ended: their status may be new."""
        with self._ledger.reading() as session:
            waiting = receipts.of_open_orders(session, tenant)
        changed, ids = 0, sorted(waiting)
        for start in range(0, len(ids), TAKEN_AT_ONCE):
            changed += self._orders.look_at(tenant, systems, ids[start : start + TAKEN_AT_ONCE])
        return {"answered": changed}


class _Attempts:
    """Tries each receipt, whatever becomes of the others; gives up only where NetSuite itself is in trouble."""

    def __init__(self, most: int) -> None:
        self._most, self._failed = most, 0
        self.trouble: ConnectorError | None = None

    def tried(self, work: Callable[[], bool]) -> bool:
        """What the work comes to; false where NetSuite could not be asked."""
        if self._failed >= self._most:
            return False
        try:
            return work()
        except ConnectorError as error:
            self._failed, self.trouble = self._failed + 1, self.trouble or error
            return False


def _promise_one(session: Session, systems: Purchasing, row: ReceiptRow, told: ToldPo | None) -> str | None:
    """The key of the promise; None where NetSuite would make something else of the receipt.

    One that an earlier promise may have made keeps that promise, which is looked up before anything is repeated.
    """
    if row.in_doubt and (earlier := effects.newest_named(session, row.tenant, EffectKind.ITEM_RECEIPT, row.receipt_id)):
        row.effect_key = earlier.key
        return earlier.key
    lines = told.po.lines if told and told.po else ()
    received = {line.line_id: line.received for line in lines if line.received is not None}
    try:
        body = systems.netsuite.receipt_body(receipts.wanted(row), received)
    except UnsafeReceiptError as error:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=str(error))
        purchase_orders.note_receipts(session, [row], _now())
        return None
    number = sequences.next_number(session, row.tenant, NUMBERS)
    key = upload_key(EffectKind.ITEM_RECEIPT, row.tenant, number)
    draft = EffectDraft(key=key, tenant=row.tenant, kind=EffectKind.ITEM_RECEIPT, body=body, remote_no=row.receipt_id)
    effects.promise(session, draft, _now())
    row.effect_key = key
    return key


def _settle(session: Session, row: ReceiptRow, made: EffectResult, standing: ReadBack | None) -> None:
    """Write down what became of a receipt, and how its purchase order stands since."""
    before = (row.state, row.problem)
    match made.state:
        case EffectState.DONE if standing and standing.differs:
            row.state = ReceiptState.UNKNOWN
            row.problem = f"NetSuite made item receipt {made.number} otherwise: {'; '.join(standing.differs)}"
        case EffectState.DONE:
            receipts.answer(row, ReceiptState.CREATED, _now(), item_receipt_id=made.number)
        case EffectState.REJECTED:
            receipts.answer(row, ReceiptState.REJECTED, _now(), problem=made.problem)
        case _:
            row.state, row.problem = ReceiptState.UNKNOWN, made.problem
    if standing and standing.status:
        purchase_orders.locked(session, row.tenant, row.po_id).status_after = standing.status
    if (row.state, row.problem) != before:
        purchase_orders.note_receipts(session, [row], _now())


def _now() -> datetime:
    return datetime.now(UTC)
