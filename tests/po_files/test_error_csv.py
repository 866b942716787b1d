"""The CSV of bad rows is RFC 4180, bounded, and does nothing in a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.po_files.error_csv import ErrorCsv, neutral
from connectors.po_files.errors import BadRow, bad_row
from tests.po_files.making import Read, stock_file


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))


def test_each_bad_row_stands_with_line_column_value_and_reason() -> None:
    errors = ErrorCsv()
    errors.add(Read(stock_file('4410021,"A", B,1,17,3,', "4410021,A,-5,17,4,")).bad)
    reason = "begins with a quotation mark, and the stock exporter quotes nothing: rename the item"
    assert rows_of(errors.content()) == [
        ["line", "column", "value", "reason"],
        ["2", "row", '4410021,"A", B,1,17,3,', reason],
        ["3", "quantity", "'-5", "is negative"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
def test_what_could_be_a_formula_is_shown_as_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@given(st.text(), st.text(), st.text())
def test_no_cell_of_the_file_begins_a_formula(column: str, value: str, reason: str) -> None:
    errors = ErrorCsv()
    errors.add([bad_row(2, column, value, reason)])
    cells = rows_of(errors.content())[1]
    assert len(cells) == 4
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_a_file_of_bad_rows_gives_a_bounded_error_file_that_says_what_it_leaves_out() -> None:
    errors = ErrorCsv(most_rows=3)
    errors.add(BadRow(number, "quantity", "x", "y" * 10_000) for number in range(2, 1_502))
    rows = rows_of(errors.content())
    assert [row[0] for row in rows] == ["line", "2", "3", "4", ""]
    assert rows[-1][3] == "1,497 more bad rows are not listed"
    assert errors.rows == 1_500
    assert len(errors.content()) < 1_500
