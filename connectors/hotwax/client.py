"""HotWax as an `OmsPort`: one whole read for an order, one page of events, and the invoice number written back."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from connectors import exact_json
from connectors.errors import Ambiguous, Contract, NotASalesOrder, NotFound
from connectors.guard import remote_write
from connectors.hotwax.lookups import LookupTables
from connectors.hotwax.mapping import NOWHERE, order_from
from connectors.hotwax.session import Session, failure_in, refusal_words
from connectors.hotwax.wire import WireEvent, WireIdentification, WireKey, WireOrder, read
from connectors.http import Answer, CallBudget, OnCall
from connectors.ports import EventPage, StatusEvent
from connectors.remote_words import object_of
from connectors.settings import HotWaxSettings
from domain.order import Order
from domain.outcomes import Outcome, WriteOutcome

ORDER_STATUS = "org.apache.ofbiz.order.order.OrderStatus"
WATCHED = (
    *("ITEM_COMPLETED", "ITEM_CANCELLED", "ITEM_APPROVED", "ITEM_REJECTED", "ITEM_EXPIRED"),
    *("ORDER_COMPLETED", "ORDER_CANCELLED"),
)
"""Statuses that may change what an order owes; approval again is how a completed line is reopened (hotwax 1.2)."""

_SALES_ORDER = "SALES_ORDER"
_ORDERS = "/rest/s1/oms/orders"
_IDENTIFICATIONS_PAGE = 1000
_RAW = 4_000


class HotWax:
    """An `OmsPort` on one tenant's HotWax; safe to share between threads.

    Args:
        tenant: whose orders these are.
        settings: where it is, credentials, and names of its data.
        budget: the right to call; none means no bounds.
        on_call: told about each call.
        name: what the system is called in messages, metrics and the budget.
    """

    def __init__(
        self,
        tenant: str,
        settings: HotWaxSettings,
        budget: CallBudget | None = None,
        on_call: OnCall | None = None,
        *,
        name: str = "hotwax",
    ) -> None:
        self._tenant = tenant
        self._settings = settings
        self._session = Session(name, settings, budget, on_call)
        self._tables = LookupTables(self._session, settings)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call."""
        return self._session.turn()

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    # ---- reading -----------------------------------------------------------------------------------------------------

    def read_order(self, order_id: str) -> Order:
        """The whole order as it stands now, from one read in the master shape (hotwax 2.3) and remembered look-ups."""
        found = self._session.get("read_order", _ORDERS, {"orderId": order_id, "dependentLevels": 1})
        wire = self._the_order(order_id, found)
        return order_from(self._session.name, self._tenant, wire, self._tables.of(wire), self._settings)

    def _the_order(self, order_id: str, found: Any) -> WireOrder:
        rows = read(self._session.name, "read_order", list[Mapping[str, Any]], found, "orders")
        if not rows:
            raise NotFound(self._session.name, "read_order", f"no order {order_id}: check the id in HotWax")
        kind = rows[0].get("orderTypeId") or _SALES_ORDER
        if kind != _SALES_ORDER:
            raise NotASalesOrder(self._session.name, "read_order", f"order {order_id} is a {kind}: it owes no invoice")
        wire = read(self._session.name, "read_order", list[WireOrder], rows, "orders")[0]
        if wire.order_id != order_id or len(rows) > 1:
            raise self._wrong("orders", f"order {order_id} alone", f"{len(rows)} starting with {wire.order_id}")
        return wire

    def _wrong(self, place: str, expected: str, got: str) -> Contract:
        return Contract(self._session.name, "read_order", place=place, expected=expected, got=got)

    def events_since(self, since: datetime, page: int) -> EventPage:
        """Page `page` of the watched status events from `since` on; rows that make no sense are named and left out."""
        size = self._settings.page_size
        wanted = {"statusId": list(WATCHED), "statusId_op": "in", "statusDatetime_from": _milliseconds(since)}
        paging = {"orderByField": "statusDatetime,orderStatusId", "pageIndex": page, "pageSize": size}
        rows = self._session.entity_rows("events_since", ORDER_STATUS, {**wanted, **paging})
        events, bad = [], []
        for at, row in enumerate(rows):
            try:
                events.append(self._event(row, f"entityValueList[{at}]"))
            except Contract as error:
                bad.append(error.message)
        return EventPage(events=tuple(events), bad=tuple(bad), last=not rows)

    def _event(self, row: Any, place: str) -> StatusEvent:
        wire = read(self._session.name, "events_since", WireEvent, row, place)
        line = wire.order_item_seq_id
        return StatusEvent(
            event_id=wire.order_status_id,
            order_id=wire.order_id,
            line_id=None if line == NOWHERE else line,
            status=wire.status_id,
            at=wire.status_datetime,
        )

    # ---- the invoice number's way back (hotwax 2.8, option A) --------------------------------------------------------

    def number_body(self, order_id: str, identification_type: str, number: str, at: datetime) -> str:
        """The exact JSON text of the identification; `at` is part of its key, so that a repeat makes no second row."""
        key = {"orderId": order_id, "orderIdentificationTypeId": identification_type}
        return exact_json.dumps({**key, "idValue": number, "fromDate": _milliseconds(at)})

    @remote_write
    def write_number(self, body: str) -> WriteOutcome:
        """Write this identification once."""
        key = self._key(body)
        answer = self._session.write("write_number", _identifications(key.order_id), body)
        try:
            return _outcome(answer, key)
        except Contract as error:
            raise Ambiguous(self._session.name, "write_number", f"{error.message}; look before any repeat") from None

    def find_number(self, body: str) -> WriteOutcome | None:
        """`already_exists` when an identification of this type and value is active, None when none is."""
        key = self._key(body)
        params: dict[str, str | int] = {"pageIndex": 0, "pageSize": _IDENTIFICATIONS_PAGE}
        found = self._session.get("find_number", _identifications(key.order_id), params)
        rows = read(self._session.name, "find_number", list[WireIdentification], found, "identifications")
        wanted = (key.order_identification_type_id, key.id_value)
        now = datetime.now(UTC)
        if any((r.order_identification_type_id, r.id_value) == wanted and r.is_active(now) for r in rows):
            return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number=key.id_value)
        return None

    def describe_write(self, body: str) -> str:
        """The call that `write_number` would make."""
        return f"POST {self._session.url(_identifications(self._key(body).order_id))}"

    def _key(self, body: str) -> WireKey:
        return read(self._session.name, "write_number", WireKey, exact_json.loads(body), "body")


def _outcome(answer: Answer, key: WireKey) -> WriteOutcome:
    words = failure_in(object_of(answer)) if answer.ok else refusal_words(answer)
    return WriteOutcome(
        outcome=Outcome.REJECTED if words else Outcome.CREATED,
        number=None if words else key.id_value,
        http_status=answer.status,
        problem=f"{answer.status}: {words}" if words else "",
        raw=answer.text[:_RAW],
    )


def _identifications(order_id: str) -> str:
    return f"{_ORDERS}/{quote(order_id, safe='')}/identifications"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
