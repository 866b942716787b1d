"""Amounts cross the wire digit for digit."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import exact_json


@given(st.decimals(min_value=-999_999, max_value=999_999, places=4))
def test_an_amount_comes_back_as_the_same_digits_without_exponent(amount: Decimal) -> None:
    text = exact_json.dumps({"a": amount})
    assert "e" not in text[5:].lower()
    assert exact_json.loads(text) == {"a": amount}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("180.00"), "180"),
        (Decimal("1E+2"), "100"),
        (Decimal("10.7143"), "10.7143"),
        (Decimal("0.0001"), "0.0001"),
        (Decimal("-0.00"), "0"),
        (Decimal("-5.10"), "-5.1"),
    ],
)
def test_an_amount_is_written_in_plain_digits(amount: Decimal, text: str) -> None:
    assert exact_json.dumps(amount) == text


def test_other_values_are_written_as_json_in_their_order() -> None:
    value = {"b": [True, None, 3], "a": 'Peña "x"\n'}
    assert exact_json.dumps(value) == '{"b":[true,null,3],"a":"Peña \\"x\\"\\n"}'
    assert json.loads(exact_json.dumps(value)) == value


def test_a_fraction_is_read_without_passing_through_a_float() -> None:
    assert exact_json.loads('{"a": 0.1000000000000000055}') == {"a": Decimal("0.1000000000000000055")}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\uDE00\ud83d\ude00\uD83D\uD83D\uDE00"', "\ufffd\U0001f600\ufffd\U0001f600"),
        (rb'"\\ud83d \\u0000 \u0000"', "\\ud83d \\u0000 \ufffd"),
        (b'"half \xed\xa0\x80"', "half \ufffd"),
        (rb'{"a\u0000": ["\ud800"]}', {"a\ufffd": ["\ufffd"]}),
        ('"Peña \U0001f600"'.encode(), "Peña \U0001f600"),
        ('\ufeff"Peña"'.encode(), "Peña"),
    ],
)
def test_every_text_that_is_read_has_whole_characters_and_no_nul(text: bytes, value: object) -> None:
    assert exact_json.loads(text) == value


@pytest.mark.parametrize("text", ["", "{", "NaN", b"\xff", b'"caf\xe9"', '{"a": Infinity}', "[" * 100_000])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        exact_json.loads(text)
