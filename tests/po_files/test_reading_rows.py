"""Good rows go on, bad rows are told with line, column, value and reason."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connectors.po_files.formats import PoFileFormat
from domain.purchase_order import PoLine, PoStatus, PurchaseOrder
from tests.po_files.making import STOCK_ROW, WAYBILL_ROW, Read, sealed, stock_file, waybill_file


def test_the_exact_header_of_the_stock_exporter_is_recognized() -> None:
    header = b"external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date\n"
    assert Read(header + f"{STOCK_ROW}\n".encode()).summary.format is PoFileFormat.STOCK


def test_a_stock_row_becomes_a_line_in_pieces() -> None:
    read = Read(stock_file(STOCK_ROW))
    line = PoLine(line_id="3", sku="SHOE-BLK-42", quantity=Decimal(24), facility="17", arrival=date(2025, 6, 15))
    assert read.orders()[0].po == PurchaseOrder(tenant="acme", po_id="4410021", lines=(line,))
    assert read.bad == []


def test_a_row_of_our_own_format_becomes_a_line_in_its_unit() -> None:
    row = '4410021,PO1077,D,3,900123,"SHOE ""X"", 42",2.5,CASE,12,1,T,17,2026-12-01,2026-11-20T10:15:00Z'
    line = PoLine(
        line_id="3",
        unique_key="900123",
        sku='SHOE "X", 42',
        quantity=Decimal("2.5"),
        unit="CASE",
        unit_rate=Decimal(12),
        received=Decimal(1),
        closed=True,
        facility="17",
        arrival=date(2026, 12, 1),
    )
    assert Read(waybill_file(row)).orders()[0].po == PurchaseOrder(
        tenant="acme",
        po_id="4410021",
        number="PO1077",
        status=PoStatus.PARTIALLY_RECEIVED,
        lines=(line,),
        modified_at=datetime(2026, 11, 20, 10, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize("text", ["", "null"])
def test_a_missing_date_of_the_stock_exporter_is_no_date(text: str) -> None:
    po = Read(stock_file(f"4410021,A,1,17,3,{text}")).orders()[0].po
    assert po
    assert po.lines[0].arrival is None


def test_quotation_marks_inside_a_stock_value_are_part_of_it() -> None:
    po = Read(stock_file('4410021,PIPE 3/4" BLACK,1,17,3,')).orders()[0].po
    assert po
    assert po.lines[0].sku == 'PIPE 3/4" BLACK'


STOCK_FLAWS = [
    ("4410021,BOOT, BROWN,24,17,3,06/15/2025", "row", "has 7 columns instead of 6: a comma in a value"),
    ('4410021,"BOOT",24,17,3,06/15/2025', "row", "begins with a quotation mark"),
    ("4410021,SHOE,24,17", "row", "has 4 columns instead of 6: the row was cut"),
    ("4410021,,24,17,3,", "product-sku", "is empty"),
    ("4410021,A\x07B,24,17,3,", "product-sku", "control characters"),
    ("4410021," + "x" * 256 + ",24,17,3,", "product-sku", "longer than 255"),
    ("4410021,A,many,17,3,", "quantity", "is no amount"),
    ("4410021,A,1e3,17,3,", "quantity", "is no amount"),
    ("4410021,A,NaN,17,3,", "quantity", "is no amount"),
    ("4410021,A, 5,17,3,", "quantity", "is no amount"),
    ("4410021,A,٣,17,3,", "quantity", "is no amount"),
    ("4410021,A,-5,17,3,", "quantity", "is negative"),
    ("4410021,A,0,17,3,", "quantity", "is zero"),
    ("4410021,A,1000000000000,17,3,", "quantity", "at most 12"),
    ("4410021,A,5,undefined,3,", "external-facility-id", "is no location"),
    ("4410021,A,5,Main Store,3,", "external-facility-id", "is no location"),
    ("4410021,A,5,17,,", "item-external-id", "is no line id"),
    ("4410021,A,5,17,3.0,", "item-external-id", "is no line id"),
    ("4410021,A,5,17,03,", "item-external-id", "without leading zeros"),
    ("4410021,A,5,17,3,02/30/2026", "arrival-date", "does not exist"),
    ("4410021,A,5,17,3,13/01/2026", "arrival-date", "does not exist"),
    ("4410021,A,5,17,3,2026-01-02", "arrival-date", "is no date"),
    ("4410021,A,5,17,3,06/15/0025", "arrival-date", "the year is not"),
]


@pytest.mark.parametrize(("row", "column", "reason"), STOCK_FLAWS)
def test_a_broken_stock_row_is_told_and_the_others_go_on(row: str, column: str, reason: str) -> None:
    read = Read(stock_file(STOCK_ROW, row, "4410022,B,1,17,1,"))
    assert [(bad.number, bad.column, bad.po_id) for bad in read.bad] == [(3, column, "4410021")]
    assert reason in read.bad[0].reason
    assert [number for number, _, _ in read.rows] == [2, 4]


def in_place_of(column: int, value: str) -> str:
    cells = WAYBILL_ROW.split(",")
    cells[column] = value
    return ",".join(cells)


WAYBILL_FLAWS = [
    (in_place_of(2, "Z"), "po_status", "no status letter"),
    (in_place_of(4, "x"), "unique_key", "no internal id"),
    (in_place_of(6, "0"), "quantity", "is zero on an open line"),
    (in_place_of(8, ""), "unit_rate", "the unit says nothing"),
    (in_place_of(8, "0"), "unit_rate", "is zero"),
    (in_place_of(9, ""), "quantity_received", "is no amount"),
    (in_place_of(10, "true"), "line_closed", "neither T nor F"),
    (in_place_of(11, ""), "facility_id", "is empty on an open line"),
    (in_place_of(12, "2026-02-29"), "arrival_date", "does not exist"),
    (in_place_of(12, "null"), "arrival_date", "is no date"),
    (in_place_of(13, "2026-11-20T10:15:00"), "modified_at", "is no moment"),
    (in_place_of(13, "2026-11-20T25:15:00Z"), "modified_at", "does not exist"),
    (in_place_of(13, "9999-12-31T23:59:59Z"), "modified_at", "is not between 2000 and 2100"),
    (in_place_of(5, '"never closed'), "row", "the quoting is broken"),
    (in_place_of(5, '"a" b'), "row", "the quoting is broken"),
    (WAYBILL_ROW + "," * 186, "row", "has 200 columns instead of 14"),
]


@pytest.mark.parametrize(("row", "column", "reason"), WAYBILL_FLAWS)
def test_a_broken_row_of_our_own_format_is_told_and_the_others_go_on(row: str, column: str, reason: str) -> None:
    read = Read(waybill_file(row, in_place_of(3, "4")))
    assert [(bad.number, bad.column, bad.po_id) for bad in read.bad] == [(2, column, "4410021")]
    assert reason in read.bad[0].reason
    assert [number for number, _, _ in read.rows] == [3]


def test_a_closed_line_needs_neither_quantity_nor_location() -> None:
    row = "4410021,PO1077,B,3,900123,SHOE,0,,,0,T,,,2026-11-20T10:15:00Z"
    assert Read(waybill_file(row)).bad == []


@pytest.mark.parametrize("first", ["PO1077", "0", "", "=1+1", "12345678901234567890"])
def test_a_row_whose_purchase_order_is_not_told_is_counted_as_unplaced(first: str) -> None:
    read = Read(stock_file(STOCK_ROW, f"{first},A,5,17,3,"))
    assert [(bad.column, bad.value, bad.po_id) for bad in read.bad] == [("external-id", first, None)]
    assert (read.summary.rows, read.summary.bad_rows, read.summary.unplaced_rows) == (2, 1, 1)


def test_a_value_that_could_be_a_formula_is_kept_as_it_is() -> None:
    po = Read(stock_file("4410021,=SUM(A1),1,17,3,")).orders()[0].po
    assert po
    assert po.lines[0].sku == "=SUM(A1)"


def test_a_long_value_is_shortened_where_it_is_told() -> None:
    assert len(Read(stock_file("4410021," + "x" * 9_000 + ",1,17,3,")).bad[0].value) <= 60


def test_blank_lines_and_carriage_returns_are_no_rows() -> None:
    read = Read(stock_file(STOCK_ROW, "", "4410022,B,1,17,1,").replace(b"\n", b"\r\n"))
    assert (len(read.rows), read.bad, read.summary.rows) == (2, [], 2)


# ---- encodings -------------------------------------------------------------------------------------------------------

NAMED = "4410021,PEÑA BOTÍN,1,17,3,"


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (stock_file(STOCK_ROW), "ASCII"),
        (stock_file(NAMED), "UTF-8"),
        (b"\xef\xbb\xbf" + stock_file(NAMED), "UTF-8 with byte order mark"),
        (stock_file(NAMED).decode().encode("cp1252"), "Windows-1252"),
    ],
)
def test_the_encoding_is_found_out_and_said(encoded: bytes, said: str) -> None:
    read = Read(encoded)
    assert (read.summary.encoding, read.bad) == (said, [])
    assert read.rows[0][2] in {STOCK_ROW, NAMED}
    assert any("Windows-1252" in remark for remark in read.summary.remarks) == (said == "Windows-1252")


@pytest.mark.parametrize(("first", "second"), [("utf-8", "cp1252"), ("cp1252", "utf-8")])
def test_a_row_in_another_encoding_than_those_before_it_is_bad(first: str, second: str) -> None:
    row = f"{NAMED}\n"
    read = Read(stock_file() + row.encode(first) + row.encode(second))
    assert [(bad.number, bad.po_id) for bad in read.bad] == [(3, "4410021")]
    assert "as rows before it are" in read.bad[0].reason


def test_a_byte_order_mark_means_utf_8_and_nothing_else() -> None:
    read = Read(b"\xef\xbb\xbf" + stock_file() + f"{NAMED}\n".encode("cp1252"))
    assert [bad.number for bad in read.bad] == [2]


# ---- remarks ---------------------------------------------------------------------------------------------------------


def test_a_header_alone_is_told_as_a_file_without_rows() -> None:
    for content in (stock_file(), waybill_file()):
        read = Read(content)
        assert (read.rows, read.summary.remarks) == ([], ("a header without any row",))


def test_the_line_in_which_a_stock_file_was_cut_may_belong_to_any_order() -> None:
    [bad] = Read(stock_file(STOCK_ROW, STOCK_ROW)[:-3]).bad
    assert (bad.number, bad.column, bad.po_id) == (3, "row", None)
    assert "no line end" in bad.reason


def test_the_trailer_of_our_own_format_counts_bad_rows_too() -> None:
    read = Read(waybill_file(WAYBILL_ROW, in_place_of(6, "x")))
    assert (read.summary.rows, read.summary.bad_rows) == (2, 1)


def test_the_checksum_is_that_of_all_bytes() -> None:
    content = waybill_file(WAYBILL_ROW)
    assert sealed(content, 0).endswith(f"{Read(content).summary.sha256}\n".encode())
    assert Read(content).summary.size == len(content)
