"""`!transform/itemReceipt`: a body that is read, judged, and made into a receipt (reference netsuite.md 3 and 8)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.netsuite import receipts
from sandbox.netsuite.orders import the_order
from sandbox.netsuite.receipts import NetSuiteError
from sandbox.netsuite.rest_errors import RestError, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.database import Row
    from sandbox.netsuite.orders import PurchaseOrder
    from sandbox.netsuite.receipts import Draft
    from sandbox.settings import Settings
    from sandbox.world import World

Strictness = Literal["Error", "Warning", "Ignore"]
NAME_HEADER: Final = "X-NetSuite-PropertyNameValidation"
VALUE_HEADER: Final = "X-NetSuite-PropertyValueValidation"
_STRICTNESS: Final[tuple[Strictness, ...]] = ("Error", "Warning", "Ignore")

_HEAD: Final = {"externalId", "tranDate", "memo", "item"}
_LINE: Final = {"orderLine", "line", "itemReceive", "quantity", "location"}
_NOT_PLAYED: Final = {"tranId", "postingPeriod", "createdFrom", "location"}
_NOT_PLAYED_IN_LINES: Final = {
    *("quantityRemaining", "inventoryDetail", "units", "serialNumbers", "binNumbers", "unitCostOverride"),
}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class _WrongValueError(Exception):
    """A property has a value that its kind does not take."""


@dataclass(frozen=True)
class Wanted:
    """A transform as it was asked for: its body, and how strictly names and values are judged."""

    order_id: str
    body: Row
    names: Strictness
    values: Strictness

    def stored(self) -> str:
        """Return it as text that `taken_up` reads."""
        return json.dumps([self.order_id, self.body, self.names, self.values], default=float)


def taken_up(text: str) -> Wanted:
    """Return a stored transform."""
    order_id, body, names, values = json.loads(text, parse_float=Decimal)
    return Wanted(order_id, body, names, values)


def read_wanted(order_id: str, raw: bytes, headers: Mapping[str, str]) -> Wanted:
    """Return what a request asks for, not yet judged by the rules of the purchase order.

    Raises:
        RestError: The body is no JSON object, or a validation header says what is none.
    """
    try:
        body = json.loads(raw, parse_float=Decimal) if raw.strip() else {}
    except (ValueError, RecursionError) as error:
        raise bad_request("INVALID_CONTENT", f"Invalid content in the request body: {error}.") from error
    if not isinstance(body, dict):
        raise bad_request("INVALID_CONTENT", "The request body must be a JSON object.")
    names = _strictness(headers, NAME_HEADER, "Warning")
    return Wanted(order_id, body, names, _strictness(headers, VALUE_HEADER, "Error"))


def receive(world: World, wanted: Wanted) -> int:
    """Make the item receipt and return its internal id: lines that are not named receive their remainder.

    Raises:
        RestError: The body or NetSuite's rules forbid it; nothing was saved.
    """
    body = _Reader(wanted, world.settings)
    try:
        draft = receipts.transform(world.database, wanted.order_id)
        stamp, lines = body.stamp(), body.lines()
        order = the_order(world.database, draft.order_id)
        for number, line in enumerate(lines):
            _set_line(draft, order, line, f"item.items[{number}]")
        return receipts.save(world, draft, stamp)
    except NetSuiteError as error:
        raise RestError(HTTPStatus.BAD_REQUEST, error.name, error.message) from error


@dataclass
class _Reader:
    """Reads a body's properties; what its headers let pass counts as not sent."""

    wanted: Wanted
    settings: Settings
    _kept: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._kept = self._known(self.wanted.body, _HEAD, _NOT_PLAYED, "")

    def stamp(self) -> receipts.Stamp:
        """Return what the receipt carries beside its lines."""
        external_id = self._value(self._kept, "externalId", _text, "")
        day = self._value(self._kept, "tranDate", _date, "")
        memo = self._value(self._kept, "memo", _text, "")
        return receipts.Stamp("rest", memo, external_id if self.settings.netsuite_keeps_external_id else None, day)

    def lines(self) -> list[Row]:
        """Return the lines: `key`, `itemReceive`, `quantity` and `location`, each None where it was not sent."""
        sublist = self._value(self._kept, "item", _object, "") or {}
        items = self._value(self._known(sublist, {"items"}, set(), "item."), "items", _list, "item.") or []
        return [self._line(item, f"item.items[{number}].") for number, item in enumerate(items)]

    def _line(self, item: Any, path: str) -> Row:
        if not isinstance(item, dict):
            raise bad_request("INVALID_CONTENT", "Each line must be a JSON object.", path=path.rstrip("."))
        if "item" in item:
            detail = "The field item cannot be set: the transformed line has its item already."
            raise bad_request("USER_ERROR", detail, path=f"{path}item")
        kept = self._known(item, _LINE, _NOT_PLAYED_IN_LINES, path)
        return {
            "key": self._value(kept, self.settings.netsuite_line_key, _whole, path),
            "itemReceive": self._value(kept, "itemReceive", _boolean, path),
            "quantity": self._value(kept, "quantity", _quantity, path),
            "location": self._value(kept, "location", _reference, path),
        }

    def _known(self, given: Row, known: set[str], not_played: set[str], path: str) -> dict[str, Any]:
        """Return the properties that exist; the others are refused, or dropped without a word."""
        for name in given:
            if name in not_played:
                detail = f"The sandbox does not play {name}: leave it out."
                raise bad_request("INVALID_CONTENT", detail, path=f"{path}{name}")
            if name not in known and self.wanted.names == "Error":
                detail = f"Unknown reference or field name: {name}."
                raise bad_request("INVALID_CONTENT", detail, path=f"{path}{name}")
        return {name: value for name, value in given.items() if name in known}

    def _value(self, given: Row, name: str, read: Callable[[Any], Any], path: str) -> Any:
        """Return a property's value; a wrong one is refused, or counts as not sent."""
        if given.get(name) is None:
            return None
        try:
            return read(given[name])
        except (_WrongValueError, ValueError) as error:
            if self.wanted.values != "Error":
                return None
            detail = f"Invalid value for the field {name}: {error}."
            raise bad_request("INVALID_CONTENT", detail, path=f"{path}{name}") from error


def _set_line(draft: Draft, order: PurchaseOrder, wanted: Row, path: str) -> None:
    """Set one line of the receipt as it was asked for; a quantity that was not sent is what remains."""
    line = draft.line(None if wanted["key"] is None else str(wanted["key"]))
    if line is None:
        detail = f"The line {wanted['key']} is not on the transformed record."
        raise bad_request("INVALID_KEY_OR_REF", detail, path=path)
    own = next(each.location for each in order.lines if str(each.line) == line.orderline)
    if wanted["location"] not in (None, own):
        detail = f"You have entered an Invalid Field Value {wanted['location']} for the following field: location"
        raise bad_request("INVALID_CONTENT", detail, path=f"{path}.location")
    if wanted["itemReceive"] is not None:
        line.itemreceive = wanted["itemReceive"]
    if wanted["quantity"] is not None:
        line.quantity = wanted["quantity"]


def _strictness(headers: Mapping[str, str], name: str, default: Strictness) -> Strictness:
    given = headers.get(name, default)
    found = next((each for each in _STRICTNESS if each.lower() == given.lower()), None)
    if found is None:
        raise bad_request("INVALID_HEADER", f"{name} must be Error, Warning or Ignore, not {given}.", header=name)
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _WrongValueError("it must be a text")
    return value


def _date(value: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise _WrongValueError("it must be a date such as 2026-11-20")
    return date.fromisoformat(value)


def _object(value: Any) -> Row:
    if not isinstance(value, dict):
        raise _WrongValueError("it must be an object")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _WrongValueError("it must be a list")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongValueError("it must be true or false")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongValueError("it must be a whole number")
    return value


def _quantity(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        raise _WrongValueError("it must be a number, and not negative")
    return Decimal(value)


def _reference(value: Any) -> str:
    if not isinstance(value, dict) or set(value) - {"id", "refName"} or not value.get("id"):
        raise _WrongValueError('it must be a reference such as {"id": "6"}')
    return str(value["id"])
