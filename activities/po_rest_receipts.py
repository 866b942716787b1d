"""Receipts into NetSuite over REST: each one a remote write of its own, made once, then read back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import structlog
from sqlmodel import Session

from activities.beating import alone, side_by_side
from activities.effects import Effects, InDoubtError, StillSendingError, Writer
from activities.po_rest import RestOrders
from activities.systems import Purchasing
from connectors.errors import ConnectorError
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
        works = [partial(self._make, tenant, systems, key) for key in keys]
        ended = sum(side_by_side(works, systems.slots)) if works else 0
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
        standing = self._standing(systems, effect.body, made)
        with self._ledger.writing() as session:
            for row in receipts.of_effect(session, tenant, key):
                _settle(session, row, made, standing)
        return True

    def _standing(self, systems: Purchasing, body: str, made: EffectResult) -> ReadBack | None:
        """The item receipt as NetSuite has it; None where it does not show yet: the next reading tells its order."""
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
                    _tell(session, row)

    def _take_back(self, tenant: str, systems: Purchasing, key: str, why: LinesChanged) -> None:
        """Plan the receipts of a promise anew that does not fit its purchase order any more: nothing was sent."""
        with self._ledger.writing() as session:
            if session.get_one(EffectRow, key, with_for_update=True).state.may_exist:
                return
            rows = receipts.of_effect(session, tenant, key)
            for row in rows:
                receipts.take_back(row)
                text = f"receipt {row.receipt_id} was not sent: {why.message}"
                purchase_orders.note(session, tenant, row.po_id, "receipt", text, _now())
            effects.forget(session, key)
            po_ids = {row.po_id for row in rows}
        there = systems.netsuite.orders(po_ids)
        self._orders.record(tenant, systems, there.values())

    # ---- standing ----------------------------------------------------------------------------------------------------

    def answers(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """How purchase orders stand whose receipts NetSuite has, and that have not ended: their status may be new."""
        with self._ledger.reading() as session:
            waiting = receipts.of_open_orders(session, tenant)
        changed, ids = 0, sorted(waiting)
        for start in range(0, len(ids), TAKEN_AT_ONCE):
            changed += self._orders.look_at(tenant, systems, ids[start : start + TAKEN_AT_ONCE])
        return {"answered": changed}


def _promise_one(session: Session, systems: Purchasing, row: ReceiptRow, told: ToldPo | None) -> str | None:
    """The key of the promise; None where NetSuite would make something else of the receipt."""
    lines = told.po.lines if told and told.po else ()
    received = {line.line_id: line.received for line in lines if line.received is not None}
    try:
        body = systems.netsuite.receipt_body(receipts.wanted(row), received)
    except UnsafeReceiptError as error:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=str(error))
        _tell(session, row)
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
        _tell(session, row)


def _tell(session: Session, row: ReceiptRow) -> None:
    problem = f": {row.problem}" if row.problem else ""
    made = f" as item receipt {row.item_receipt_id}" if row.item_receipt_id else ""
    text = f"receipt {row.receipt_id} is {row.state}{made}{problem}"
    purchase_orders.note(session, row.tenant, row.po_id, "receipt", text, _now())


def _now() -> datetime:
    return datetime.now(UTC)
