"""Receipts into NetSuite over REST: each one a remote write of its own, made once, then read back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

from sqlmodel import Session

from activities.beating import alone, side_by_side
from activities.effects import Effects, InDoubtError, StillSendingError, Writer
from activities.po_earlier_files import EarlierFiles
from activities.po_rest import RestOrders, trouble_of
from activities.po_still_wanted import StillWanted, that_go
from activities.systems import Purchasing
from connectors.errors import ConnectorError, NotFound, Rejected
from connectors.netsuite.errors import BadRecord, LinesChanged, ReceiptGone
from connectors.netsuite.port import NetSuitePort, ReadBack
from connectors.po_files.assembly import ToldPo
from connectors.po_files.errors import UnsafeReceiptError
from domain.keys import netsuite_queue, upload_key
from domain.outcomes import EffectResult, WriteOutcome
from domain.po_messages import PoRunReport
from domain.purchase_order import ReceiptState
from domain.stages import EffectKind, EffectState
from ledger import effects, purchase_orders, receipts, sequences
from ledger.database import Ledger
from ledger.effects import EffectDraft, NotPromisedError
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.rows import locked_or_none
from ledger.tables import EffectRow

TAKEN_AT_ONCE = 200
_OF_THIS_RECEIPT = (LinesChanged, Rejected, NotFound, BadRecord)
"""What is wrong with one receipt and its purchase order, and stops no other."""
_LOOKED_FOR = frozenset({EffectState.UNKNOWN, EffectState.DONE})
_KINDS = frozenset({EffectKind.ITEM_RECEIPT})
_WAITING = frozenset({ReceiptState.PROMISED, ReceiptState.SENT})
MORE_THAN_CHANCE = 2
"""So many unanswered calls for each that may run at once, and NetSuite itself is out of reach: the rest are left."""
NUMBERS = "item_receipt"
"""The sequence that names each promise of an item receipt."""


class RestReceipts:
    """Makes item receipts, and finds out how their purchase orders stand then."""

    def __init__(self, ledger: Ledger, made: Effects) -> None:
        self._ledger, self._effects, self._orders = ledger, made, RestOrders(ledger)
        self._earlier, self._wanted = EarlierFiles(ledger), StillWanted(ledger)

    # ---- making ------------------------------------------------------------------------------------------------------

    def send(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """Every promised receipt is made, refused, or in doubt until the next run looks; one stops no other."""
        self._promise(tenant, systems)
        with self._ledger.reading() as session:
            keys = receipts.under_way(session, tenant, _KINDS, _WAITING)
        attempts = _Attempts(most=MORE_THAN_CHANCE * systems.slots)
        works = [partial(attempts.tried, partial(self._make, tenant, systems, key)) for key in keys]
        ended = sum(side_by_side(works, systems.slots)) if works else 0
        if attempts.trouble:
            raise attempts.trouble
        return {"receipts": ended, "in_doubt": len(keys) - ended}

    def _promise(self, tenant: str, systems: Purchasing) -> None:
        """The promised writes of all receipts that wait: each sent only while nobody else receives on its order.

        What NetSuite tells of the orders by now is recorded first: a receipt that it overtakes is planned anew.
        """
        self._earlier.look_beside_rest(tenant, systems)
        with self._ledger.reading() as session:
            po_ids = {row.po_id for row in receipts.promised(session, tenant, TAKEN_AT_ONCE)}
        if not po_ids:
            return
        there = alone(lambda: systems.netsuite.orders(po_ids))
        self._orders.record(tenant, systems, there.values())
        going = self._wanted.ask(tenant, systems.policy, TAKEN_AT_ONCE)
        with self._ledger.durable() as session:
            for row in that_go(session, tenant, going, TAKEN_AT_ONCE):
                if row.po_id in po_ids:
                    _promise_one(session, systems, row, there.get(row.po_id))

    def _make(self, tenant: str, systems: Purchasing, key: str) -> bool:
        """Make one receipt; whether its fate is known now.

        Raises:
            ConnectorError: NetSuite could not be asked.
        """
        with self._ledger.reading() as session:
            if (effect := session.get(EffectRow, key)) is None:
                return False  # a run beside this one has taken it back
            is_asked_again = any(row.in_doubt for row in receipts.of_effect(session, tenant, key))
        look = _LookUp(self._ledger, systems.netsuite, key)
        is_asked_again &= effect.state is EffectState.DONE
        try:
            made = self._attempt(tenant, systems, look, is_asked_again=is_asked_again)
            standing = _standing(systems, effect.body, made)
        except NotPromisedError:
            return False
        except (InDoubtError, StillSendingError, *_OF_THIS_RECEIPT) as error:
            return self._note_trouble(tenant, systems, look, error)
        except ConnectorError as error:
            self._note_trouble(tenant, systems, look, error)
            raise
        with self._ledger.writing() as session:
            for row in receipts.of_effect(session, tenant, key):
                _settle(session, row, made, standing)
        return True

    def _attempt(self, tenant: str, systems: Purchasing, look: "_LookUp", *, is_asked_again: bool) -> EffectResult:
        """What one attempt comes to; where the purchase order has changed, the ledger knows how.

        One that was made, and that an operator wants to be sent again, is looked for: it may have been deleted.
        """
        netsuite = systems.netsuite
        try:
            made = self._effects.ensure(
                look.key,
                Writer(
                    system=netsuite_queue(tenant),
                    turn=netsuite.turn,
                    send=netsuite.create_receipt,
                    find=look,
                    repeat_safe=netsuite.repeat.is_safe,
                ),
            )
            return look.still_there(made) if is_asked_again else made
        except LinesChanged:
            with self._ledger.reading() as session:
                po_ids = {row.po_id for row in receipts.of_effect(session, tenant, look.key)}
            self._orders.look_at(tenant, systems, po_ids)
            raise

    def _note_trouble(self, tenant: str, systems: Purchasing, look: "_LookUp", why: Exception) -> bool:
        """Write down what becomes of a receipt whose attempt came to nothing; whether its fate is known now.

        It is due from its first such attempt on, so that it is held when nothing comes of it. A promise that NetSuite
        surely has not is dropped with it: what is owed then is promised anew, under the same external id.
        """
        with self._ledger.writing() as session:
            effect = locked_or_none(session, EffectRow, key=look.key)
            if effect is None:
                return False
            rows = receipts.of_effect(session, tenant, look.key)
            for row in (row for row in rows if row.state in _WAITING):
                before = (row.state, row.due_at)
                row.state, row.problem = _state_after(why, effect, row, look), _words(why)
                row.due_at = row.due_at or _now() + systems.waits.answer
                if row.state is ReceiptState.SENT:
                    row.sent_at = row.sent_at or effect.sent_at
                if row.state is ReceiptState.NEW:
                    receipts.take_back(row)
                if row.state in {ReceiptState.NEW, ReceiptState.REJECTED}:
                    session.delete(effect)
                if before != (row.state, row.due_at):
                    purchase_orders.note_receipts(session, [row], _now())
            return not any(row.state in _WAITING for row in rows)

    # ---- standing ----------------------------------------------------------------------------------------------------

    def answers(self, tenant: str, systems: Purchasing) -> PoRunReport:
        """How purchase orders stand whose receipts NetSuite has, and that have not ended: their status may be new."""
        with self._ledger.reading() as session:
            ids = sorted(receipts.of_open_orders(session, tenant))
        looked = [
            self._orders.look_at(tenant, systems, ids[start : start + TAKEN_AT_ONCE])
            for start in range(0, len(ids), TAKEN_AT_ONCE)
        ]
        hidden = [po_id for each in looked for po_id in each.hidden]
        return PoRunReport(counts={"answered": sum(each.changed for each in looked)}, trouble=trouble_of(hidden))


class _LookUp:
    """Looks for a receipt that an earlier attempt may have made, and remembers by which attempt it was not found."""

    def __init__(self, ledger: Ledger, netsuite: NetSuitePort, key: str) -> None:
        self._ledger, self._netsuite, self.key = ledger, netsuite, key
        self._not_found_by: int | None = None

    def __call__(self, body: str) -> WriteOutcome | None:
        """What the look-up finds; None where it may be sent again as it was promised.

        Raises:
            LinesChanged: it is not there, and the ledger knows that a line has another unit by now; nothing was sent.
        """
        found = self._find(body)
        with self._ledger.reading() as session:
            effect = session.get_one(EffectRow, self.key)
            rows = receipts.of_effect(session, effect.tenant, self.key) if found is None else ()
            others = [line_id for row in rows for line_id in _in_other_units(session, row)]
        if others:
            told = f"line {', '.join(others)} has another unit than when it was promised; nothing was sent"
            raise LinesChanged(netsuite_queue(effect.tenant), "find_receipt", told, may_be_ours=False)
        return found

    def _find(self, body: str) -> WriteOutcome | None:
        """What is there. Others may have sent it while this attempt waited for its turn: when, is read now."""
        with self._ledger.reading() as session:
            effect = session.get_one(EffectRow, self.key)
        found = self._netsuite.find_receipt(body, effect.sent_at or _now())
        self._not_found_by = effect.attempt if found is None else None
        return found

    def still_there(self, made: EffectResult) -> EffectResult:
        """The result with the number that the item receipt has now: its own, or that of its external id.

        Raises:
            ReceiptGone: NetSuite has neither.
            InDoubtError: it could not be asked, or it is too early to be sure.
        """
        with self._ledger.reading() as session:
            effect = session.get_one(EffectRow, self.key)
        try:
            if made.number is None or self._is_there(effect.body, made.number):
                return made
            found = self._find(effect.body)
        except ConnectorError as error:
            raise InDoubtError(f"item receipt {made.number} was made, and is looked for: {error}") from None
        if found is None:
            told = f"item receipt {made.number} was made, and NetSuite has it no more, nor another of its external id"
            raise ReceiptGone(netsuite_queue(effect.tenant), "find_receipt", told)
        return made.model_copy(update={"number": found.number})

    def _is_there(self, body: str, number: str) -> bool:
        try:
            self._netsuite.read_back(body, number)
        except NotFound:
            return False
        return True

    def proves_absence(self, effect: EffectRow) -> bool:
        """Whether NetSuite surely has it not: it never left, or was not found when it had to show, nor sent since."""
        if not effect.state.may_exist:
            return True
        return effect.state in _LOOKED_FOR and effect.attempt == self._not_found_by


def _in_other_units(session: Session, row: ReceiptRow) -> Sequence[str]:
    """The lines that the receipt receives and that have other units by now than it was promised in."""
    order = session.get_one(PurchaseOrderRow, (row.tenant, row.po_id))
    return purchase_orders.standing_of(session, order).in_other_units(receipts.wanted(row).rates)


def _state_after(why: Exception, effect: EffectRow, row: ReceiptRow, look: _LookUp) -> ReceiptState:
    """Where a receipt stands after an attempt that came to nothing: the one place that decides it.

    Where lines changed, and NetSuite surely has it not, it is planned anew until its time is up. Where its own lines
    have other goods, and an earlier sending is in doubt, only an operator can tell whether that was what it made.
    """
    may_exist = effect.state.may_exist
    match why:
        case LinesChanged() if look.proves_absence(effect):
            if may_exist and why.may_be_ours and not row.in_doubt:
                return ReceiptState.UNKNOWN
            return ReceiptState.REJECTED if row.due_at and row.due_at <= _now() else ReceiptState.NEW
        case Rejected() | NotFound() | BadRecord():
            return ReceiptState.UNKNOWN if may_exist else ReceiptState.REJECTED
        case _:
            return ReceiptState.SENT if may_exist else ReceiptState.PROMISED


def _words(why: Exception) -> str:
    return why.message if isinstance(why, ConnectorError) else str(why)


def _standing(systems: Purchasing, body: str, made: EffectResult) -> ReadBack | None:
    """The item receipt as NetSuite has it; None where it has none.

    Raises:
        InDoubtError: it does not show yet: the next run reads it again.
    """
    if made.state is not EffectState.DONE or made.number is None:
        return None
    try:
        return systems.netsuite.read_back(body, made.number)
    except ConnectorError as error:
        raise InDoubtError(f"item receipt {made.number} was made, and could not be read back: {error}") from None


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


def _promise_one(session: Session, systems: Purchasing, row: ReceiptRow, told: ToldPo | None) -> None:
    """Promise a receipt, or refuse it where NetSuite would make something else of it.

    One that an earlier promise may have made keeps that promise, which is looked up before anything is repeated.
    """
    if row.in_doubt and (earlier := effects.newest_named(session, row.tenant, _KINDS, row.receipt_id)):
        row.effect_key = earlier.key
        return
    lines = told.po.lines if told and told.po else ()
    received = {line.line_id: line.received for line in lines if line.received is not None}
    unreadable = {str(bad.number) for bad in told.bad} if told and systems.policy.partial_pos else ()
    try:
        body = systems.netsuite.receipt_body(receipts.wanted(row), received, unreadable)
    except UnsafeReceiptError as error:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=str(error))
        purchase_orders.note_receipts(session, [row], _now())
        return
    number = sequences.next_number(session, row.tenant, NUMBERS)
    key = upload_key(EffectKind.ITEM_RECEIPT, row.tenant, number)
    draft = EffectDraft(key=key, tenant=row.tenant, kind=EffectKind.ITEM_RECEIPT, body=body, remote_no=row.receipt_id)
    effects.promise(session, draft, _now())
    row.effect_key = key


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
        order = purchase_orders.locked(session, row.tenant, row.po_id)
        order.status_after, order.status_after_at = standing.status, _now()
    if (row.state, row.problem) != before:
        purchase_orders.note_receipts(session, [row], _now())


def _now() -> datetime:
    return datetime.now(UTC)
