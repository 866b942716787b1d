"""What the partner service demands of each field: the tables of reference retailpro.md 2.1 and 2.2."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.settings import Settings

_INTEGER_DIGITS, _SCALE = 6, 4
_SHORT = range(-(2**15), 2**15)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class FieldRule:
    """One row of a field table."""

    kind: str
    required: bool = False
    length: int | None = None
    allowed: tuple[int, ...] = ()


@dataclass(frozen=True)
class FieldError:
    """One reason to refuse a body: the field's path and what is wrong with it."""

    field: str
    error: str


def _text(length: int | None, *, required: bool = False) -> FieldRule:
    return FieldRule("text", required, length)


_MONEY: Final = FieldRule("decimal")
_NEEDED_MONEY: Final = FieldRule("decimal", required=True)

INVOICE: Final[Mapping[str, FieldRule]] = {
    "InvoicingStore": _text(5, required=True),
    "OrderNo": _text(9, required=True),
    "CreatedDate": FieldRule("datetime", required=True),
    "DeliveryType": FieldRule("short", required=True, allowed=(1, 2)),
    "PaymentType": FieldRule("short", required=True, allowed=(1, 2)),
    "TotalAmt": _NEEDED_MONEY,
    "TotalDiscAmt": _MONEY,
    "ShippingAmt": _MONEY,
    "FiscalCredit": FieldRule("boolean", required=True),
    "CompanyId": _text(20),
    "CompanyName": _text(30),
    "CompanyAddress": _text(80),
    "CustomerBilling": FieldRule("object", required=True),
    "CustomerShipping": FieldRule("object", required=True),
    "Items": FieldRule("list", required=True),
}
CUSTOMER: Final[Mapping[str, FieldRule]] = {
    "FirstName": _text(30, required=True),
    "LastName": _text(30, required=True),
    "Email": _text(60, required=True),
    "Address1": _text(40, required=True),
    "Address2": _text(40),
    "City": _text(40),
    "Country": _text(40),
    "NoDocument": _text(20, required=True),
    "TypeDocument": _text(40, required=True),
    "Phone": _text(None),
}
INVOICE_ITEM: Final[Mapping[str, FieldRule]] = {
    "UPC": _text(19, required=True),
    "OrigPrice": _NEEDED_MONEY,
    "OrigTax": _NEEDED_MONEY,
    "Price": _NEEDED_MONEY,
    "Tax": _NEEDED_MONEY,
    "Qty": _NEEDED_MONEY,
    "StoreOrig": _text(5, required=True),
    "StoreDest": _text(5),
}
SLIP: Final[Mapping[str, FieldRule]] = {
    "SlipNo": _text(None, required=True),
    "FromStore": _text(5, required=True),
    "ToStore": _text(5, required=True),
    "CreatedDate": FieldRule("datetime", required=True),
    "TotalQty": _NEEDED_MONEY,
    "Items": FieldRule("list", required=True),
}
SLIP_ITEM: Final[Mapping[str, FieldRule]] = {"UPC": _text(19, required=True), "Qty": _NEEDED_MONEY}
COMPANY_FIELDS: Final = ("CompanyId", "CompanyName", "CompanyAddress")


def read_body(raw: bytes) -> dict[str, Any]:
    """Return a body with its numbers exact.

    Raises:
        ValueError: It is no JSON object, or holds a number that JSON does not know.
    """
    body = json.loads(raw, parse_float=Decimal, parse_constant=_no_constant)
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - one kind of error for every bad body
    return body


def invoice_errors(body: Mapping[str, Any], settings: Settings) -> list[FieldError]:
    """Return everything that is wrong with an OrderToInvoice body, as far as the body alone tells."""
    check = Checker(settings)
    check.table("", body, INVOICE)
    for name in ("CustomerBilling", "CustomerShipping"):
        if isinstance(body.get(name), dict):
            check.table(f"{name}.", body[name], CUSTOMER)
    check.items(body, INVOICE_ITEM)
    if str(body.get("FiscalCredit")).lower() == "true":
        for name in COMPANY_FIELDS:
            check.present(name, body.get(name), "is required when FiscalCredit is true")
    if body.get("DeliveryType") != 1:
        check.no_destination(body)
    return check.errors


def slip_errors(body: Mapping[str, Any], settings: Settings) -> list[FieldError]:
    """Return everything that is wrong with a Manual Slip body, as far as the body alone tells."""
    check = Checker(settings)
    check.table("", body, SLIP)
    check.items(body, SLIP_ITEM)
    number = body.get("SlipNo")
    if settings.slip_no_max and isinstance(number, str) and len(number) > settings.slip_no_max:
        check.add("SlipNo", f"is longer than {settings.slip_no_max}")
    if body.get("FromStore") and body.get("FromStore") == body.get("ToStore"):
        check.add("ToStore", "is the same store as FromStore")
    if not check.errors and body["TotalQty"] != sum(item["Qty"] for item in body["Items"]):
        check.add("TotalQty", "is not the sum of Items[].Qty")
    return check.errors


class Checker:
    """Collects errors while a body is compared with its field tables."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.errors: list[FieldError] = []

    def add(self, field: str, error: str) -> None:
        """Note one error."""
        self.errors.append(FieldError(field, error))

    def table(self, prefix: str, values: Mapping[str, Any], rules: Mapping[str, FieldRule]) -> None:
        """Compare one object with its table; unknown fields are errors where the settings say so."""
        for name, rule in rules.items():
            self._value(prefix + name, values.get(name), rule)
        if self._settings.unknown_fields == "refuse":
            for name in values.keys() - rules.keys():
                self.add(prefix + name, "is not a field of this call")

    def items(self, body: Mapping[str, Any], rules: Mapping[str, FieldRule]) -> None:
        """Compare every line with its table; there must be one, and each quantity must be positive."""
        lines = body.get("Items")
        if not isinstance(lines, list):
            return
        if not lines:
            self.add("Items", "must not be empty")
        for number, line in enumerate(lines):
            if not isinstance(line, dict):
                self.add(f"Items[{number}]", "must be an object")
                continue
            self.table(f"Items[{number}].", line, rules)
            if _is_number(line.get("Qty")) and line["Qty"] <= 0:
                self.add(f"Items[{number}].Qty", "must be positive")

    def present(self, field: str, value: object, message: str) -> None:
        """Demand that a text is there and not empty."""
        if value in (None, ""):
            self.add(field, message)

    def no_destination(self, body: Mapping[str, Any]) -> None:
        """Refuse StoreDest on orders that nobody collects in a store."""
        lines = body.get("Items")
        for number, line in enumerate(lines if isinstance(lines, list) else []):
            if isinstance(line, dict) and line.get("StoreDest"):
                self.add(f"Items[{number}].StoreDest", "is only for pick-up orders (DeliveryType 1)")

    def _value(self, field: str, value: Any, rule: FieldRule) -> None:
        if value is None or (value == "" and rule.kind == "text"):
            if rule.required:
                self.add(field, "is required")
            return
        error = self._wrong(value, rule)
        if error:
            self.add(field, error)

    def _wrong(self, value: Any, rule: FieldRule) -> str | None:
        match rule.kind:
            case "text":
                return _wrong_text(value, rule.length)
            case "decimal":
                return _wrong_decimal(value)
            case "short":
                return _wrong_short(value, rule.allowed)
            case "datetime":
                return _wrong_datetime(value, zone_allowed=self._settings.created_date_zone == "allowed")
            case "boolean":
                return _wrong_boolean(value, self._settings.fiscal_credit)
            case kind:
                return None if isinstance(value, dict if kind == "object" else list) else f"must be a JSON {kind}"


def _wrong_text(value: Any, length: int | None) -> str | None:
    if not isinstance(value, str):
        return "must be text"
    return f"is longer than {length}" if length is not None and len(value) > length else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _wrong_decimal(value: Any) -> str | None:
    if not _is_number(value):
        return "must be a number"
    exponent = Decimal(value).as_tuple().exponent
    if not isinstance(exponent, int) or exponent > 0:
        return "must not be written with an exponent"
    if -exponent > _SCALE:
        return f"has more than {_SCALE} decimal places"
    return f"has more than {_INTEGER_DIGITS} digits before the point" if abs(value) >= 10**_INTEGER_DIGITS else None


def _wrong_short(value: Any, allowed: tuple[int, ...]) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool) or value not in _SHORT:
        return "must be a whole number of 16 bits"
    return None if value in allowed else f"must be one of {list(allowed)}"


def _wrong_datetime(value: Any, *, zone_allowed: bool) -> str | None:
    found = _DATE.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return "must be a date and time such as 2025-02-11T09:14:00"
    if found["zone"] and not zone_allowed:
        return "must carry no time zone"
    try:
        datetime.fromisoformat(value)
    except ValueError as error:
        return f"is no moment: {error}"
    return None


def _wrong_boolean(value: Any, form: str) -> str | None:
    is_text = isinstance(value, str) and value.lower() in {"true", "false"}
    fits = {"boolean": isinstance(value, bool), "text": is_text, "either": isinstance(value, bool) or is_text}
    return None if fits[form] else {"text": 'must be "true" or "false" as text'}.get(form, "must be true or false")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")
