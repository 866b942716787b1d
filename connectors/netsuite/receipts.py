"""Item receipts: made once by transform, every open line named, looked up before any repeat (netsuite 3, 4, 8)."""

import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from urllib.parse import quote

from connectors import exact_json
from connectors.errors import Ambiguous, ConnectorError, Contract, NotFound, Throttled, Unreachable
from connectors.exact_json import plain
from connectors.guard import still_allowed
from connectors.http import Answer
from connectors.netsuite import suiteql
from connectors.netsuite.answers import (
    CHANGED,
    DUPLICATE,
    IDEMPOTENCY,
    NOT_RECEIVABLE,
    OUTCOME_UNKNOWN,
    refusal_of,
)
from connectors.netsuite.errors import LinesChanged
from connectors.netsuite.jobs import Jobs, NoResult
from connectors.netsuite.orders import cell
from connectors.netsuite.port import ReadBack
from connectors.netsuite.records import StoredReceipt, WireOrder, WireReceipt, read
from connectors.netsuite.session import RECORDS, Session, path_in
from connectors.netsuite.settings import RestSettings
from connectors.po_files.receipts import receipt_files
from domain.outcomes import Outcome, WriteOutcome
from domain.purchase_order import ReceiptToSend

EXTERNAL_ID = "WB-RCPT-"
"""What the external id of an item receipt of ours begins with; the receipt's own name follows."""
_WHOLE = {"expandSubResources": "true"}
_STRICT = {"X-NetSuite-PropertyNameValidation": "Error", "X-NetSuite-PropertyValueValidation": "Error"}
"""By default a misspelt field is dropped in silence (netsuite 8)."""
_IDEMPOTENCY_KEYS = uuid.UUID("6f0e8a5c-53c5-4ef0-9d52-2f7f5b1d5f0a")
_ATTEMPTS = 3
_KEYS = 50
"""So many times one receipt is sent, or followed where it was sent before, in one go; each time has its own key."""
_NONE = Decimal(0)
_AT_ONCE = 100
_RAW = 4_000
_CREATE, _FIND, _READ = "create_receipt", "find_receipt", "read_back"


NO_ORDER = "0"
"""An internal id that no purchase order has."""
_IMPOSSIBLE = exact_json.dumps({"waybillConfigCheck": True})


def external_id(receipt_id: str) -> str:
    """The name that a receipt's item receipt has in NetSuite, whichever way it goes there."""
    return EXTERNAL_ID + receipt_id


class Receipts:
    """Makes and finds item receipts of one account."""

    def __init__(self, settings: RestSettings, session: Session) -> None:
        self._settings, self._session = settings, session
        self._jobs = Jobs(session, settings.job_wait)

    def body(self, receipt: ReceiptToSend, received: Mapping[str, Decimal], unreadable: Collection[str]) -> str:
        """The exact JSON text that makes this item receipt."""
        list(receipt_files([receipt]))  # raises where NetSuite would make something else of it
        lines = sorted(receipt.quantities.items(), key=lambda line: int(line[0]))
        made: dict[str, exact_json.Value] = {
            "externalId": external_id(receipt.receipt_id),
            "tranDate": receipt.received_at.astimezone(self._settings.timezone).date().isoformat(),
            "item": {"items": [self._item(line_id, quantity) for line_id, quantity in lines]},
        }
        before = {line_id: received[line_id] for line_id, _ in lines if line_id in received}
        hidden = sorted({*unreadable} - receipt.quantities.keys(), key=int)
        beside: dict[str, exact_json.Value] = {"received": before, "unreadable": hidden}
        told = {name: known for name, known in beside.items() if known}
        return exact_json.dumps({"po_id": receipt.po_id, "receipt": made, **told})

    def _item(self, line_id: str, quantity: exact_json.Value) -> Mapping[str, exact_json.Value]:
        received = {"itemReceive": True, "quantity": quantity} if quantity else {"itemReceive": False}
        return {self._settings.line_key: int(line_id), **received}

    # ---- making ------------------------------------------------------------------------------------------------------

    def create(self, body: str) -> WriteOutcome:
        """Make this item receipt once; transformed anew where somebody else changed the purchase order meanwhile."""
        stored, changed = self._stored(_CREATE, body), 0
        for number in range(_KEYS):
            order = self._order_of(stored)
            if (before := self._outcome_before(stored, order)) is not None:
                return before
            answer = self._sent(stored.beside(order.open_lines), number)
            if answer is None:
                continue
            if answer.ok or refusal_of(answer).code != CHANGED:
                return self._outcome(stored, answer)
            changed += 1
            if changed == _ATTEMPTS:
                break
        told = f"purchase order {stored.po_id} is being changed by others ({CHANGED}); nothing was applied"
        raise Throttled(self._session.name, _CREATE, told)

    def _order_of(self, stored: StoredReceipt) -> WireOrder:
        """The purchase order as it stands now.

        Raises:
            LinesChanged: there is none.
        """
        try:
            return self._order(_CREATE, stored.po_id)
        except NotFound as error:
            told = f"purchase order {stored.po_id} is not there ({error.message}); nothing was sent"
            raise LinesChanged(self._session.name, _CREATE, told, may_be_ours=True) from None

    def _outcome_before(self, stored: StoredReceipt, order: WireOrder) -> WriteOutcome | None:
        """What is known without sending: lines not as promised, too many, or expenses; None to send.

        Raises:
            LinesChanged: other lines are open, and the receipt is not there.
        """
        too_many = self._too_many(stored, order)
        changes = "" if too_many else "; ".join(_changes(stored, order))
        refusal = too_many or self._expenses(stored, order)
        if not changes and not refusal:
            return None
        if (found := self._by_external_id(_CREATE, stored)) is not None:
            return _already(stored, found)
        if not changes:
            return WriteOutcome(outcome=Outcome.REJECTED, problem=refusal)
        told = f"{changes}; nothing was sent: read it again and promise anew"
        raise LinesChanged(self._session.name, _CREATE, told, may_be_ours=_is_received_otherwise(stored, order))

    def _too_many(self, stored: StoredReceipt, order: WireOrder) -> str:
        """Why nobody can tell which lines are open: those that a record does not tell would be received in full."""
        asked = [order.item] if self._settings.expense_lines == "left_alone" else [order.item, order.expense]
        cut = [sublist for sublist in asked if not sublist.is_whole]
        if not cut:
            return ""
        return (
            f"purchase order {order.id} has more lines than the {len(cut[0].items)} that its record tells over REST, "
            "and a receipt must name each that is open; nothing was sent: make the item receipt by hand with the "
            f'external id {stored.external_id}, or set netsuite_mode = "files+waybill-scripts"; then resume'
        )

    def _expenses(self, stored: StoredReceipt, order: WireOrder) -> str:
        """Why a receipt might receive what nobody asked for: a transform may take expense lines along (netsuite 2)."""
        lines = sum(not line.is_closed for line in order.expense.items)
        if not lines or self._settings.expense_lines == "left_alone":
            return ""
        return (
            f"purchase order {order.id} has open expense lines ({lines}), which a receipt over REST may receive too; "
            f"nothing was sent: close them, or make the item receipt by hand with the external id {stored.external_id}"
        )

    def _sent(self, stored: StoredReceipt, number: int) -> Answer | None:
        """What NetSuite answers to this receipt now; work that it has taken on before is followed, not sent again.

        None where that work has ended without success, or what it made was deleted since: its key gets that answer for
        ever, so the next one is due. By then the purchase order shows what the work has done, if anything.
        """
        if not still_allowed():
            told = "this attempt took too long, another one has taken over; nothing was sent"
            raise Unreachable(self._session.name, _CREATE, told)
        content, path = exact_json.dumps(stored.receipt), _transform(stored.po_id)
        headers = {**_STRICT, **self._async_headers(stored, number)}
        answer = self._session.call(_CREATE, "POST", path, content=content, headers=headers, write=True)
        if answer.status == HTTPStatus.ACCEPTED:
            return self._jobs.answer_of(_CREATE, answer)
        if answer.ok or refusal_of(answer).code != IDEMPOTENCY:
            return answer
        try:
            earlier = self._jobs.answer_of(_CREATE, answer)
        except NoResult:
            return None
        return earlier if earlier.ok and not self._is_deleted(stored, earlier) else None

    def _is_deleted(self, stored: StoredReceipt, made: Answer) -> bool:
        """Whether what an earlier job made is there no more, by its number nor by its external id.

        A repeat is up to NetSuite then, which knows the external id, and to the goods of the order, which is read anew.
        """
        number = _number_in(made)
        if number is None:
            return False
        try:
            return self._found(_CREATE, number) is None and self._by_external_id(_CREATE, stored) is None
        except ConnectorError as error:
            raise self._in_doubt(
                f"item receipt {number} was made by an earlier job, and then {error.message}"
            ) from None

    def _async_headers(self, stored: StoredReceipt, number: int) -> Mapping[str, str]:
        if not self._settings.respond_async:
            return {}
        key = uuid.uuid5(_IDEMPOTENCY_KEYS, f"{self._settings.account}/{stored.external_id}/{number}")
        return {"Prefer": "respond-async", "X-NetSuite-Idempotency-Key": str(key)}

    def _outcome(self, stored: StoredReceipt, answer: Answer) -> WriteOutcome:
        if answer.ok:
            return WriteOutcome(outcome=Outcome.CREATED, number=self._number(stored, answer), http_status=answer.status)
        refusal = refusal_of(answer)
        if refusal.code == OUTCOME_UNKNOWN:
            raise self._in_doubt(f"{answer.status}: {refusal.words}")
        if refusal.code in {DUPLICATE, NOT_RECEIVABLE}:
            if (found := self._by_external_id(_CREATE, stored)) is not None:
                return _already(stored, found)
            if refusal.code == DUPLICATE:
                raise self._in_doubt(f"{stored.external_id} is taken, and does not show yet ({DUPLICATE})")
        problem = f"{answer.status}: {refusal.words}"
        return WriteOutcome(
            outcome=Outcome.REJECTED, problem=problem, http_status=answer.status, raw=answer.text[:_RAW]
        )

    def _number(self, stored: StoredReceipt, answer: Answer) -> str:
        """The internal id that the answer's Location ends with; looked up where it has none."""
        if number := _number_in(answer):
            return number
        try:
            found = self._by_external_id(_CREATE, stored)
        except ConnectorError as error:
            raise self._in_doubt(f"NetSuite said yes, without an id, and then {error.message}") from None
        if found is None:
            raise self._in_doubt("NetSuite said yes, without an id, and the receipt does not show yet")
        return found.id

    def _in_doubt(self, why: str) -> Ambiguous:
        return Ambiguous(self._session.name, _CREATE, f"{why}; look before any repeat")

    # ---- finding -----------------------------------------------------------------------------------------------------

    def find(self, body: str, sent_at: datetime) -> WriteOutcome | None:
        """`already_exists`, or None where it is late enough to be sure that it is not there."""
        stored = self._stored(_FIND, body)
        found = self._by_external_id(_FIND, stored)
        if found is not None:
            return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number=found.id)
        waited = datetime.now(UTC) - sent_at
        if waited < self._settings.visible_after:
            limit = f"{self._settings.visible_after.total_seconds():.0f} s"
            told = f"{stored.external_id} is not seen {waited.total_seconds():.0f} s after it was sent; NetSuite may"
            raise Ambiguous(self._session.name, _FIND, f"{told} show it up to {limit} late: look again")
        return None

    def there(self, receipt_ids: Collection[str]) -> Mapping[str, str]:
        """Receipt id -> internal id of its item receipt."""
        wanted, found = sorted({*receipt_ids}), dict[str, str]()
        for start in range(0, len(wanted), _AT_ONCE):
            names = {external_id(each): each for each in wanted[start : start + _AT_ONCE]}
            for row in self._session.query("receipts", suiteql.receipts_named(names)).rows:
                name = cell(row, "externalid")
                if name not in names:
                    raise Contract(self._session.name, "receipts", place="externalid", expected="one asked for")
                found[names[name]] = cell(row, "receipt_id")
        return found

    def read_back(self, body: str, item_receipt_id: str) -> ReadBack:
        """The item receipt and its purchase order as they stand now."""
        stored = self._stored(_READ, body)
        receipt = self._receipt(_READ, quote(item_receipt_id, safe=""))
        order = self._order(_READ, stored.po_id)
        return ReadBack(
            item_receipt_id=receipt.id,
            differs=tuple(_differences(stored, receipt)),
            status=order.status,
            received={line.line: line.quantity_received for line in order.item.items},
        )

    def describe(self, body: str) -> str:
        """The call that `create` would make."""
        stored = self._stored(_CREATE, body)
        return f"POST {self._session.url(_transform(stored.po_id))} {stored.external_id}"

    def impossible(self, operation: str) -> Answer:
        """What NetSuite says to a receipt that it cannot make: a refusal, or that the role may not ask.

        Two reasons, each enough: no purchase order has this id, and a field that does not exist is to be refused.
        """
        return self._session.call(operation, "POST", _transform(NO_ORDER), content=_IMPOSSIBLE, headers=_STRICT)

    def _order(self, operation: str, po_id: str) -> WireOrder:
        said = self._session.get(operation, f"{RECORDS}/purchaseOrder/{quote(po_id, safe='')}", _WHOLE)
        return read(self._session.name, operation, WireOrder, said)

    def _by_external_id(self, operation: str, stored: StoredReceipt) -> WireReceipt | None:
        return self._found(operation, f"eid:{quote(stored.external_id, safe='')}")

    def _found(self, operation: str, name: str) -> WireReceipt | None:
        try:
            return self._receipt(operation, name)
        except NotFound:
            return None

    def _receipt(self, operation: str, name: str) -> WireReceipt:
        said = self._session.get(operation, f"{RECORDS}/itemReceipt/{name}", _WHOLE)
        return read(self._session.name, operation, WireReceipt, said)

    def _stored(self, operation: str, body: str) -> StoredReceipt:
        return read(self._session.name, operation, StoredReceipt, exact_json.loads(body))


def _number_in(answer: Answer) -> str | None:
    """The internal id of the item receipt that the answer's Location names, if it names one."""
    path = path_in(answer.headers.get("Location", "")) or ""
    number = path.rstrip("/").rpartition("/itemReceipt/")[2]
    return number if number.isdigit() else None


def _transform(po_id: str) -> str:
    return f"{RECORDS}/purchaseOrder/{po_id}/!transform/itemReceipt"


def _already(stored: StoredReceipt, found: WireReceipt) -> WriteOutcome:
    """Made, where NetSuite has just this receipt under its external id, which nobody else gives (netsuite 3)."""
    if differences := "; ".join(_differences(stored, found)):
        told = f"item receipt {found.id} has the external id {stored.external_id} already, and {differences}"
        return WriteOutcome(outcome=Outcome.REJECTED, problem=told)
    return WriteOutcome(outcome=Outcome.CREATED, number=found.id)


def _differences(stored: StoredReceipt, found: WireReceipt) -> Iterator[str]:
    """Where an item receipt is not the one that was promised."""
    source = found.created_from.id if found.created_from else None
    if source is not None and source != stored.po_id:
        yield f"it is of purchase order {source}, not {stored.po_id}"
    if found.external_id != stored.external_id:
        yield f"its external id is {found.external_id or 'empty'}: NetSuite did not keep {stored.external_id}"
    if not found.item.is_whole:
        yield f"its record tells only {len(found.item.items)} of its lines: compare them by hand"
        return
    wanted = {line_id: quantity for line_id, quantity in stored.quantities.items() if quantity}
    for line_id in sorted(wanted.keys() | found.quantities.keys()):
        got, meant = found.quantities.get(line_id, _NONE), wanted.get(line_id, _NONE)
        if got != meant:
            yield f"line {line_id} has {plain(got)} received, {plain(meant)} were promised"


def _is_received_otherwise(stored: StoredReceipt, order: WireOrder) -> bool:
    """Whether a line that the receipt receives has other goods than when it was promised, or nobody knows."""
    now = {line.line: line.quantity_received for line in order.item.items}
    return any(stored.received.get(line) != now.get(line) for line, quantity in stored.quantities.items() if quantity)


def _changes(stored: StoredReceipt, order: WireOrder) -> Iterator[str]:
    """Where the purchase order is not as the receipt takes it to be."""
    named = stored.quantities.keys()
    if more := sorted(order.open_lines - named - stored.unreadable):
        yield f"purchase order {order.id} has open lines that the receipt does not name: {', '.join(more)}"
    if gone := sorted(named - order.open_lines):
        yield f"lines of the receipt are closed or received in full: {', '.join(gone)}"
    for line in order.item.items:
        before = stored.received.get(line.line, line.quantity_received)
        if before != line.quantity_received:
            now = plain(line.quantity_received)
            yield f"line {line.line} has {now} received, {plain(before)} when it was promised"
