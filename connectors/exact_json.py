"""JSON in which an amount is exactly the digits that were meant: no binary fraction, no exponent, on either side.

Every text in it can be kept: what a database refuses has a mark in its place.
"""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

Value = Mapping[str, "Value"] | Sequence["Value"] | str | int | Decimal | None
"""What can be written; floats cannot, on purpose."""

_ESCAPE = re.compile(r"\\(?:u(?i:d[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|(d[89a-f][0-9a-f]{2}|0000))|.)")
"""What a JSON text escapes: both halves of a character, (one half alone, or NUL), or anything else."""
_SUSPECT = re.compile(r"\\u(?i:d[89a-f]|0000)")
_HALF = re.compile("[\ud800-\udfff]")


def loads(text: str | bytes) -> Any:
    """The value of a JSON text, its fractions as decimals, its texts with whole characters.

    Raises:
        ValueError: it is no JSON, or nested beyond reason.
    """
    try:
        json_text = with_whole_characters(text if isinstance(text, str) else _decoded(text))
        return json.loads(json_text, parse_float=Decimal, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def with_whole_characters(json_text: str) -> str:
    """The JSON text with a mark for each NUL and for each lone half of a character, as cutting a message leaves it.

    No database takes either: no answer, and no row beside it, is lost for them.
    """
    if not _SUSPECT.search(json_text):
        return json_text
    return _ESCAPE.sub(lambda escape: r"\ufffd" if escape[1] else escape[0], json_text)


def _decoded(content: bytes) -> str:
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return _HALF.sub("\ufffd", content.decode(encoding, "surrogatepass"))


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
