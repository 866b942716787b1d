"""Receipt files are exact, bounded, and never make NetSuite receive what nobody received."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.po_files.errors import FileRefusedError, Refusal, UnsafeReceiptError
from connectors.po_files.limits import ReceiptLimits
from connectors.po_files.receipts import FileName, file_name, file_name_in, read_receipts, receipt_files
from domain.purchase_order import ReceiptToSend

AT = datetime(2026, 11, 20, 18, tzinfo=UTC)


def receipt(po_id: str = "4410021", number: int = 100, **lines: str | None) -> ReceiptToSend:
    quantities = {name.removeprefix("line_"): Decimal(text) if text else None for name, text in lines.items()}
    return ReceiptToSend(receipt_id=f"{po_id}-SH{number}", po_id=po_id, received_at=AT, quantities=quantities)


def test_a_receipt_file_has_exactly_the_agreed_bytes() -> None:
    (file,) = receipt_files([receipt(line_10=None, line_4="1E+2", line_3="20.50")])
    assert file.receipt_ids == ("4410021-SH100",)
    assert file.content == (
        b'[{"order_id":"4410021","receipt_id":"4410021-SH100","received_at":"2026-11-20T18:00:00Z",'
        b'"items":[{"line_id":"3","quantity":"20.5"},{"line_id":"4","quantity":"100"},{"line_id":"10","quantity":null}]}]'
    )


@pytest.mark.parametrize(
    ("unsafe", "why"),
    [
        (receipt(), "would receive the whole purchase order"),
        (receipt(line_3=None, line_4=None), "it receives nothing"),
        (receipt(line_3="0", line_4="1"), "line 3 has the quantity 0"),
        (receipt(line_3="-1"), "line 3 has the quantity -1"),
        (receipt(line_3="0.000000001"), "line 3 has the quantity"),
        (receipt(line_3="1e15"), "line 3 has the quantity"),
        (receipt(line_03="1"), "is no line id of NetSuite"),
        (receipt(po_id="PO77", line_3="1"), "is no internal id of NetSuite"),
    ],
)
def test_a_receipt_that_netsuite_would_take_for_something_else_is_not_written(unsafe: ReceiptToSend, why: str) -> None:
    with pytest.raises(UnsafeReceiptError, match=why):
        list(receipt_files([unsafe]))


def test_one_purchase_order_or_receipt_is_never_in_the_files_twice() -> None:
    with pytest.raises(UnsafeReceiptError, match="purchase order 4410021 comes twice"):
        list(receipt_files([receipt(line_3="1"), receipt(number=101, line_3="1")]))
    same = receipt(line_3="1").model_copy(update={"po_id": "4410022"})
    with pytest.raises(UnsafeReceiptError, match="receipt 4410021-SH100 comes twice"):
        list(receipt_files([receipt(line_3="1"), same]))


def many(count: int) -> list[ReceiptToSend]:
    return [receipt(str(4410000 + number), line_1="1", line_2=None) for number in range(count)]


def test_files_are_split_by_receipts_and_keep_their_order() -> None:
    files = list(receipt_files(many(130)))
    assert [len(file.receipt_ids) for file in files] == [60, 60, 10]
    assert [name for file in files for name in file.receipt_ids] == [r.receipt_id for r in many(130)]


@given(st.integers(1, 12), st.integers(200, 900))
def test_files_are_split_by_size_and_never_over_it(count: int, file_bytes: int) -> None:
    files = list(receipt_files(many(count), ReceiptLimits(file_bytes=file_bytes, entries=1_000)))
    assert all(len(file.content) <= file_bytes for file in files)
    assert [r for file in files for r in read_receipts(file.content)] == many(count)
    for before, after in pairwise(files):
        first = json.dumps(json.loads(after.content)[0], separators=(",", ":"))
        assert len(before.content) + 1 + len(first) > file_bytes


def test_a_receipt_that_is_too_large_by_itself_is_told() -> None:
    with pytest.raises(UnsafeReceiptError, match=r"4410000-SH100 alone is over 100 bytes.*raise sizes.bytes_per_file"):
        list(receipt_files(many(1), ReceiptLimits(file_bytes=100)))


QUANTITIES = st.dictionaries(
    st.integers(1, 10**15 - 1).map(str),
    st.none() | st.decimals(0, 10**12 - 1, places=8).filter(bool),
    min_size=1,
    max_size=6,
).filter(lambda lines: any(lines.values()))
RECEIPTS = st.builds(
    ReceiptToSend,
    receipt_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip),
    po_id=st.integers(1, 10**15 - 1).map(str),
    received_at=st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - bound
        lambda at: at.replace(microsecond=0)
    ),
    quantities=QUANTITIES,
)


@given(st.lists(RECEIPTS, unique_by=(lambda r: r.receipt_id, lambda r: r.po_id), max_size=5))
def test_receipts_come_back_as_they_were_written(receipts: list[ReceiptToSend]) -> None:
    files = list(receipt_files(receipts, ReceiptLimits(entries=2)))
    assert [back for file in files for back in read_receipts(file.content)] == receipts
    assert list(receipt_files(receipts, ReceiptLimits(entries=2))) == files


def entry(**changed: Any) -> bytes:
    good = {
        "order_id": "4410021",
        "receipt_id": "4410021-SH100",
        "received_at": "2026-11-20T18:00:00Z",
        "items": [{"line_id": "3", "quantity": "20"}],
    }
    return json.dumps([{**good, **changed}]).encode()


UNREADABLE = [
    (b"", Refusal.EMPTY),
    (b"[", Refusal.NOT_JSON),
    (b"[" * 100_000, Refusal.NOT_JSON),
    (b"{}", Refusal.WRONG_SHAPE),
    (b"[null]", Refusal.WRONG_SHAPE),
    (entry(items=[]), Refusal.WRONG_SHAPE),
    (entry(items=[{"line_id": "3", "quantity": None}]), Refusal.WRONG_SHAPE),
    (entry(items=[{"line_id": 3, "quantity": "20"}]), Refusal.WRONG_SHAPE),
    (entry(items=[{"line_id": "3", "quantity": 20}]), Refusal.WRONG_SHAPE),
    (entry(items=[{"line_id": "3", "quantity": ["20"]}]), Refusal.WRONG_SHAPE),
    (entry(items=[{"line_id": "3", "quantity": "1"}] * 2), Refusal.WRONG_SHAPE),
    (entry(received_at="2026-11-20T18:00:00"), Refusal.WRONG_SHAPE),
    (entry(received_at=1_700_000_000), Refusal.WRONG_SHAPE),
    (entry(receipt_id=""), Refusal.WRONG_SHAPE),
    (entry(more="x"), Refusal.WRONG_SHAPE),
]


@pytest.mark.parametrize(("content", "refusal"), UNREADABLE)
def test_what_is_no_receipt_file_of_ours_is_refused_by_name(content: bytes, refusal: Refusal) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read_receipts(content)
    assert refused.value.refusal is refusal


def test_a_refusal_tells_the_place() -> None:
    with pytest.raises(FileRefusedError, match=r"file\[0\]\.items\[0\]\.line_id: .*, got 3"):
        read_receipts(entry(items=[{"line_id": 3, "quantity": "20"}]))


@given(st.binary())
def test_any_bytes_are_refused_by_name(content: bytes) -> None:
    with pytest.raises(FileRefusedError):
        read_receipts(content + b"x")


@pytest.mark.parametrize("around", ["{}", "20261121-{}", "{}.done"])
def test_a_name_of_ours_is_known_whatever_its_reader_wrote_around_it(around: str) -> None:
    at = datetime(2026, 11, 20, 18, 0, 7, tzinfo=UTC)
    name = file_name(at, 12)
    assert (name, file_name_in(around.format(name))) == ("WB-RCPT-20261120T180007Z-12.json", FileName(at, name))


@pytest.mark.parametrize("name", ["WB-PO-20261120T180007Z-1.csv", "WB-RCPT-20261320T180007Z-1.json", "r.json"])
def test_another_name_is_none_of_ours(name: str) -> None:
    assert file_name_in(name) is None
