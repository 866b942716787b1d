"""A file that is no use as a whole is refused by name, whatever its size."""

import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.formats import STOCK, WAYBILL
from connectors.po_files.limits import FileLimits
from connectors.po_files.reading import PoFileReader
from tests.po_files.making import STOCK_ROW, WAYBILL_ROW, Read, cut, sealed, stock_file, waybill_file

MEGABYTE = 1024 * 1024


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("po.csv", content)
    return archive.getvalue()


GOOD = waybill_file(WAYBILL_ROW, WAYBILL_ROW)
BODY = GOOD[: GOOD.index(b"#end")]
NAMED = {
    "empty": (b"", Refusal.EMPTY),
    "a zip with the name of a CSV": (zipped(stock_file(STOCK_ROW)), Refusal.ZIP),
    "gzip": (gzip.compress(stock_file(STOCK_ROW)), Refusal.GZIP),
    "UTF-16": (stock_file(STOCK_ROW).decode().encode("utf-16"), Refusal.UTF_16),
    "UTF-16 without its mark": (stock_file(STOCK_ROW).decode().encode("utf-16-le"), Refusal.NUL_BYTE),
    "a NUL byte": (stock_file(STOCK_ROW, "4410021,A\0B,1,17,3,"), Refusal.NUL_BYTE),
    "a long line": (stock_file(STOCK_ROW, "4410021," + "x" * 20_000), Refusal.LONG_LINE),
    "a long last line": (stock_file(STOCK_ROW) + b"x" * 20_000, Refusal.LONG_LINE),
    "blank": (b"\n", Refusal.UNKNOWN_HEADER),
    "another header": (b"id,sku\n1,2\n", Refusal.UNKNOWN_HEADER),
    "a header in other order": (
        stock_file(STOCK_ROW).replace(b"external-id,p", b"External-Id,p"),
        Refusal.UNKNOWN_HEADER,
    ),
    "200 columns": (b",".join([b"external-id"] * 200) + b"\n", Refusal.UNKNOWN_HEADER),
    "no header": (f"{STOCK_ROW}\n".encode(), Refusal.UNKNOWN_HEADER),
    "no trailer": (BODY, Refusal.NO_TRAILER),
    "our header alone": (f"{WAYBILL.header}\n".encode(), Refusal.NO_TRAILER),
    "a row after the trailer": (GOOD + f"{WAYBILL_ROW}\n".encode(), Refusal.NO_TRAILER),
    "a trailer with too few cells": (BODY + b"#end,2\n", Refusal.NO_TRAILER),
    "a trailer with a wrong count": (sealed(BODY, 3), Refusal.TRAILER_COUNT),
    "two files in one": (GOOD + BODY[BODY.index(b"\n") + 1 :] + GOOD[len(BODY) :], Refusal.TRAILER_COUNT),
    "a wrong checksum": (GOOD.replace(b",24,EA", b",25,EA"), Refusal.TRAILER_CHECKSUM),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("size", [1, 3, 4_096, 1_000_000])
def test_a_file_that_is_no_use_is_refused_by_name(name: str, size: int) -> None:
    content, refusal = NAMED[name]
    with pytest.raises(FileRefusedError) as refused:
        Read(content, (size,))
    assert refused.value.refusal is refusal


def test_every_cut_of_our_own_format_is_refused() -> None:
    for size in range(len(GOOD)):
        with pytest.raises(FileRefusedError):
            Read(GOOD[:size])


def test_the_line_of_a_nul_byte_is_told_whatever_the_chunks() -> None:
    content = stock_file(STOCK_ROW, STOCK_ROW, "4410021,A\0B,1,17,3,")
    for size in (1, 50, 10_000):
        with pytest.raises(FileRefusedError, match="line 4 has a NUL byte"):
            Read(content, (size,))


def test_what_a_reader_came_to_is_not_told_before_it_read() -> None:
    with pytest.raises(RuntimeError, match="take its batches first"):
        PoFileReader([GOOD]).summary()


def gigabyte_of_one_line() -> Iterator[bytes]:
    yield f"{STOCK.header}\n".encode()
    for _ in range(1024):
        yield b"x" * MEGABYTE


def many_rows(rows: int, row: str) -> Iterator[bytes]:
    yield f"{STOCK.header}\n".encode()
    block = "".join(f"{row}\n" for _ in range(1_000)).encode()
    for _ in range(rows // 1_000):
        yield from cut(block, (32_768,))


def read_through(chunks: Iterator[bytes]) -> int:
    batches = PoFileReader(chunks, FileLimits(bad_rows=60_000)).batches()
    return sum(len(batch.rows) + len(batch.bad) for batch in batches)


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is traced during the test."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak_of(rows: int, row: str) -> int:
    tracemalloc.reset_peak()
    assert read_through(many_rows(rows, row)) == rows
    return tracemalloc.get_traced_memory()[1]


@pytest.mark.usefixtures("traced")
def test_a_line_of_a_gigabyte_is_refused_without_being_held() -> None:
    with pytest.raises(FileRefusedError, match="line 2 is longer than 16,384 bytes"):
        read_through(gigabyte_of_one_line())
    assert tracemalloc.get_traced_memory()[1] < 4 * MEGABYTE


@pytest.mark.parametrize("row", [STOCK_ROW, "4410021,A, B,-1,undefined,3,", "4410021,A,x,17,3,"])
@pytest.mark.usefixtures("traced")
def test_memory_does_not_grow_with_the_file(row: str) -> None:
    small, large = peak_of(6_000, row), peak_of(60_000, row)
    assert large < 16 * MEGABYTE
    assert large < small * 3


def test_a_file_of_nothing_but_bad_rows_is_refused_before_they_fill_the_memory() -> None:
    batches = PoFileReader(many_rows(2_000_000, "4410021,x")).batches()
    with pytest.raises(FileRefusedError, match="more than 10,000 rows are bad, up to line 10") as refused:
        list(batches)
    assert refused.value.refusal is Refusal.MANY_BAD_ROWS


def test_as_many_bad_rows_as_are_allowed_are_told() -> None:
    limits = FileLimits(bad_rows=3)
    *_, batch = PoFileReader([stock_file(*["4410021,x"] * 3)], limits).batches()
    assert len(batch.bad) == 3
    with pytest.raises(FileRefusedError):
        list(PoFileReader([stock_file(*["4410021,x"] * 4)], limits).batches())


def test_a_batch_has_at_most_as_many_rows_as_the_limit() -> None:
    reader = PoFileReader([stock_file(*[STOCK_ROW] * 25)], FileLimits(batch_rows=10))
    assert [len(batch.rows) for batch in reader.batches()] == [10, 10, 5]
