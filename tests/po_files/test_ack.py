"""Our importer's answers are read exactly as their published schema says, or refused with the place."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.po_files.ack import AckOutcome, ack_schema, answered_file, read_ack
from connectors.po_files.errors import FileRefusedError, Refusal
from domain.purchase_order import PoStatus

SCHEMA_FILE = Path(__file__).parents[2] / "netsuite" / "ack.schema.json"
SCHEMA: dict[str, Any] = json.loads(ack_schema())
RESULT = {
    "receipt_id": "4410021-SH100",
    "order_id": "4410021",
    "result": "created",
    "item_receipt_id": "991",
    "po_status": "D",
    "reason": None,
}
REJECTED = {**RESULT, "result": "rejected", "item_receipt_id": None, "reason": "line 9 is unknown", "po_status": None}
ACK = {
    "version": 1,
    "file": "WB-RCPT-20261120T181500Z-1.json",
    "sha256": "ab" * 32,
    "processed_at": "2026-11-20T18:30:00Z",
    "problem": None,
    "results": [RESULT],
}


def test_the_published_schema_is_that_of_the_model() -> None:
    assert SCHEMA_FILE.read_text() == ack_schema(), "write connectors.po_files.ack.ack_schema() to the file"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_results_are_found_by_their_receipt() -> None:
    other = {**REJECTED, "receipt_id": "4410022-SH7"}
    by_receipt = read_ack(json.dumps({**ACK, "results": [RESULT, other]}).encode()).by_receipt()
    created, rejected = by_receipt["4410021-SH100"], by_receipt["4410022-SH7"]
    assert (created.result, created.item_receipt_id, created.po_status) == (
        AckOutcome.CREATED,
        "991",
        PoStatus.PARTIALLY_RECEIVED,
    )
    assert (rejected.result, rejected.reason) == (AckOutcome.REJECTED, "line 9 is unknown")


def test_no_text_of_an_answer_has_a_character_that_a_database_refuses() -> None:
    result = {**REJECTED, "receipt_id": "4410022\0", "reason": "no\0good"}
    ack = read_ack(json.dumps({**ACK, "file": "a\0.json", "problem": "\0", "results": [result]}).encode())
    [told] = ack.results
    assert (ack.file, ack.problem, told.receipt_id, told.reason) == ("a�.json", "�", "4410022�", "no�good")


@pytest.mark.parametrize(
    ("told", "read"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\uDE00\ud83d\ude00\uD83D\uD83D\uDE00", "\ufffd\U0001f600\ufffd\U0001f600"),
        (r"\\ud83d \\\ud83d", "\\ud83d \\\ufffd"),
        (r"\ud83dx\n\u00e9", "\ufffdx\n\u00e9"),
    ],
)
def test_a_message_cut_inside_a_character_costs_no_answer(told: str, read: str) -> None:
    answer = {**ACK, "problem": "@", "results": [{**REJECTED, "reason": "@"}, {**RESULT, "receipt_id": "B"}]}
    ack = read_ack(json.dumps(answer).replace('"@"', f'"{told}"').encode())
    assert (ack.problem, ack.results[0].reason, ack.by_receipt()["B"].result) == (read, read, AckOutcome.CREATED)


def test_a_refusal_has_no_character_that_a_database_refuses_either() -> None:
    with pytest.raises(FileRefusedError, match="got a�b"):
        read_ack(json.dumps({**ACK, "sha256": "a\0b"}).encode())


def test_the_answer_to_a_file_has_its_name() -> None:
    assert answered_file("WB-RCPT-20261120T181500Z-1.ack.json") == "WB-RCPT-20261120T181500Z-1.json"


def with_result(**changed: Any) -> dict[str, Any]:
    return {**ACK, "results": [{**RESULT, **changed}]}


GOOD = [
    ACK,
    {**ACK, "problem": "the file is no JSON", "results": []},
    with_result(result="already"),
    with_result(po_status=None),
    {**ACK, "results": [REJECTED]},
    {**ACK, "results": [{**REJECTED, "receipt_id": "", "order_id": ""}] * 2},
]
WRONG = [
    [],
    {},
    {**ACK, "version": 2},
    {**ACK, "version": "1"},
    {**ACK, "sha256": "ab"},
    {**ACK, "file": ""},
    {**ACK, "processed_at": 1_700_000_000},
    {**ACK, "problem": ""},
    {**ACK, "more": 1},
    with_result(result="made"),
    with_result(po_status="Z"),
    with_result(item_receipt_id=991),
    with_result(item_receipt_id=None),
    {**ACK, "results": [{**REJECTED, "reason": None}]},
    {**ACK, "results": [{**REJECTED, "item_receipt_id": "991"}]},
    {**ACK, "results": None},
]
BEYOND_THE_SCHEMA = [
    {**ACK, "results": []},
    {**ACK, "results": [RESULT, RESULT]},
    {**ACK, "processed_at": "2026-11-20T18:30:00"},
    {**ACK, "processed_at": "9999-12-31T23:59:59-06:00"},
]


@pytest.mark.parametrize("answer", GOOD)
def test_what_the_schema_allows_is_read(answer: Any) -> None:
    jsonschema.validate(answer, SCHEMA, jsonschema.Draft202012Validator)
    assert read_ack(json.dumps(answer).encode()).version == 1


@pytest.mark.parametrize("answer", WRONG)
def test_what_the_schema_forbids_is_refused(answer: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer, SCHEMA, jsonschema.Draft202012Validator)
    with pytest.raises(FileRefusedError):
        read_ack(json.dumps(answer).encode())


@pytest.mark.parametrize("answer", BEYOND_THE_SCHEMA)
def test_what_contradicts_itself_is_refused(answer: Any) -> None:
    with pytest.raises(FileRefusedError, match="ack"):
        read_ack(json.dumps(answer).encode())


def test_a_refusal_tells_the_place_and_what_stands_there() -> None:
    with pytest.raises(FileRefusedError, match=r"ack\.results\[0\]\.po_status: .*got Z"):
        read_ack(json.dumps(with_result(po_status="Z")).encode())


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.EMPTY),
        (json.dumps(ACK).encode()[:-5], Refusal.NOT_JSON),
        (b'{"a":' * 50_000, Refusal.NOT_JSON),
        (b" " * 11_000_000 + json.dumps(ACK).encode(), Refusal.TOO_LARGE),
    ],
)
def test_what_is_cut_or_too_large_is_refused_by_name(content: bytes, refusal: Refusal) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read_ack(content)
    assert refused.value.refusal is refusal


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ACK, *RESULT]), inner),
)


@given(JSON.map(json.dumps).map(str.encode) | st.binary())
def test_anything_else_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(FileRefusedError):
        read_ack(content)
