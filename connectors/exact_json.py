"""JSON in which an amount is exactly the digits that were meant: no binary fraction, no exponent, on either side."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

Value = Mapping[str, "Value"] | Sequence["Value"] | str | int | Decimal | None
"""What can be written; floats cannot, on purpose."""


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, its fractions as decimals.

    Raises:
        ValueError: it is no JSON, or nested beyond reason.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


def dumps(value: Value) -> str:
    """The value as JSON text, keys in their order, decimals as plain numbers."""
    match value:
        case Decimal():
            return plain(value)
        case None | str() | bool() | int():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            return "{" + ",".join(f"{json.dumps(key)}:{dumps(member)}" for key, member in value.items()) + "}"
        case _:
            return "[" + ",".join(map(dumps, value)) + "]"


def plain(amount: Decimal) -> str:
    """The amount in plain digits, without exponent, trailing zeros or a negative zero."""
    return format((amount + 0).normalize(), "f")
