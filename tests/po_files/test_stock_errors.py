"""The stock importer's error file is understood, malformed as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.stock_errors import StockError, stock_errors

HEADER = b"orderId,errorMessage\n"


def as_the_script_writes(errors: list[tuple[str, str]]) -> bytes:
    """An array of rows, each ending its own line, made a text by the comma that JavaScript joins arrays with."""
    return HEADER + ",".join(f"{po_id},{message}\n" for po_id, message in errors).encode()


def test_rows_behind_the_first_begin_with_a_comma() -> None:
    content = b'orderId,errorMessage\n4410021,Invalid "line", see 3\n,4410022,You cannot\nreceive, it\n,4410023,x\n'
    assert stock_errors(content) == (
        StockError(po_id="4410021", message='Invalid "line", see 3'),
        StockError(po_id="4410022", message="You cannot receive, it"),
        StockError(po_id="4410023", message="x"),
    )


def test_a_file_without_errors_has_none() -> None:
    assert stock_errors(HEADER) == ()


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.EMPTY),
        (b"line,column,value,reason\n", Refusal.UNKNOWN_HEADER),
        (HEADER + b"?,x\n", Refusal.WRONG_SHAPE),
    ],
)
def test_what_is_no_such_file_is_refused_by_name(content: bytes, refusal: Refusal) -> None:
    with pytest.raises(FileRefusedError) as refused:
        stock_errors(content)
    assert refused.value.refusal is refusal


IDS = st.integers(1, 10**15 - 1).map(str)
MESSAGES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=80)


@given(st.lists(st.tuples(IDS, MESSAGES.filter(lambda text: "\n," not in text)), min_size=1, max_size=6))
def test_every_purchase_order_of_the_script_is_found_with_its_words(errors: list[tuple[str, str]]) -> None:
    found = stock_errors(as_the_script_writes(errors))
    assert [(each.po_id, each.message) for each in found] == [(po_id, " ".join(m.split())) for po_id, m in errors]


@given(st.binary() | st.binary().map(lambda rest: HEADER + rest))
def test_any_bytes_are_read_or_refused_by_name(content: bytes) -> None:
    try:
        assert all(each.po_id for each in stock_errors(content))
    except FileRefusedError:
        return
