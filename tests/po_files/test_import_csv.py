"""What HotWax imports is written exactly, and what it refused finds its way home."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.import_csv import RefusedRecord, close_csv, import_csv, refused_records
from domain.purchase_order import ImportedLine


def imported(line_id: str = "3", sku: str = "SHOE", *, pieces: str = "24", closed: bool = False) -> ImportedLine:
    day = date(2026, 2, 1)
    return ImportedLine(line_id=line_id, sku=sku, pieces=Decimal(pieces), facility="17", arrival=day, closed=closed)


def test_lines_are_imported_with_the_stock_header_and_us_dates() -> None:
    batch = {"4410021": [imported(), imported("4", 'PIPE 3/4", black')], "4410022": [imported("1", pieces="2.50")]}
    assert import_csv(batch) == (
        b"external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date\n"
        b"4410021,SHOE,24,17,3,02/01/2026\n"
        b'4410021,"PIPE 3/4"", black",24,17,4,02/01/2026\n'
        b"4410022,SHOE,2.5,17,1,02/01/2026\n"
    )


def test_a_line_without_a_date_has_an_empty_one() -> None:
    line = imported().model_copy(update={"arrival": None})
    assert (import_csv({"4410021": [line]}) or b"").endswith(b",3,\n")


def test_closed_lines_are_closed_and_never_imported() -> None:
    batch = {"4410021": [imported(), imported("4", closed=True)]}
    assert b",4," not in (import_csv(batch) or b"")
    assert close_csv(batch) == b"external-id,item-external-id\n4410021,4\n"


def test_no_file_is_made_of_no_lines() -> None:
    assert import_csv({"4410021": [imported(closed=True)]}) is None
    assert close_csv({"4410021": [imported()], "4410022": []}) is None


@pytest.mark.parametrize("pieces", ["0", "-1"])
def test_no_line_is_imported_without_a_positive_quantity(pieces: str) -> None:
    with pytest.raises(ValueError, match="cannot be imported"):
        import_csv({"4410021": [imported(pieces=pieces)]})


def test_no_value_breaks_out_of_its_line() -> None:
    with pytest.raises(ValueError, match="control characters"):
        import_csv({"4410021": [imported(sku="A\n4410022,B,1,17,1,")]})


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1), st.decimals("0.00000001", 10**12, places=8))
def test_any_sku_and_quantity_come_back_from_the_csv(sku: str, pieces: Decimal) -> None:
    content = import_csv({"4410021": [imported(sku=sku, pieces=f"{pieces:f}")]}) or b""
    row = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))[1]
    assert (row[1], Decimal(row[2])) == (sku, pieces)
    assert "e" not in row[2].lower()


HEADER = b"external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date,error\n"


def test_each_refused_record_comes_home_to_its_purchase_order_and_line() -> None:
    content = HEADER + (
        b'4410021,"A, B",24,17,3,02/01/2026,"no product ""A, B"",\nfacility 17"\n'
        b"4410022,C,1,17,1,,unknown facility, 17\n"
        b"?,C,1,17,,,\n"
        b"4410023\n"
    )
    assert refused_records(content) == (
        RefusedRecord(po_id="4410021", line_id="3", reason='no product "A, B", facility 17'),
        RefusedRecord(po_id="4410022", line_id="1", reason="unknown facility, 17"),
        RefusedRecord(po_id=None, line_id=None, reason="HotWax gave no reason"),
        RefusedRecord(po_id="4410023", line_id=None, reason="HotWax gave no reason"),
    )


def test_the_error_file_of_closing_is_read_too() -> None:
    content = b"external-id,item-external-id,error\r\n4410021,3,unknown order\r\n"
    assert refused_records(content) == (RefusedRecord(po_id="4410021", line_id="3", reason="unknown order"),)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.EMPTY),
        (b"<html>gone</html>", Refusal.UNKNOWN_HEADER),
        (b"external-id,error,item-external-id\n", Refusal.UNKNOWN_HEADER),
        (HEADER + b'4410021,"never closed\n', Refusal.NOT_TEXT),
        (HEADER + b"\0", Refusal.NUL_BYTE),
        (HEADER + b"4410021,A\n" * 2_000_000, Refusal.TOO_LARGE),
    ],
)
def test_what_is_no_error_file_is_refused_by_name(content: bytes, refusal: Refusal) -> None:
    with pytest.raises(FileRefusedError) as refused:
        refused_records(content)
    assert refused.value.refusal is refusal


@given(st.binary() | st.binary().map(lambda rest: HEADER + rest))
def test_any_bytes_are_read_or_refused_by_name(content: bytes) -> None:
    try:
        for record in refused_records(content):
            assert record.reason
    except FileRefusedError:
        return
