"""Laws of reading: what was written comes back, chunks change nothing, and no bytes can do harm."""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from connectors.po_files.errors import FileRefusedError
from connectors.po_files.formats import STOCK, WAYBILL
from connectors.po_files.reading import FileSummary
from domain.purchase_order import PoLine, PoStatus, PurchaseOrder
from tests.po_files.making import STOCK_ROW, WAYBILL_ROW, Read, sealed, stock_file, told, waybill_file

IDS = st.integers(1, 10**15 - 1).map(str)
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=40)
NAMES = TEXTS.filter(lambda text: text.strip(" ") != "")
AMOUNTS = st.decimals(0, 10**12 - 1, places=8)
DATES = st.none() | st.dates(date(2000, 1, 1), date(2100, 12, 31))
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=5)


@st.composite
def lines(draw: st.DrawFn) -> PoLine:
    closed, unit = draw(st.booleans()), draw(st.none() | NAMES)
    return PoLine(
        line_id=draw(IDS),
        unique_key=draw(st.none() | IDS),
        sku=draw(NAMES),
        quantity=draw(AMOUNTS if closed else AMOUNTS.filter(bool)),
        unit=unit,
        unit_rate=draw(AMOUNTS.filter(bool)) if unit else None,
        received=draw(AMOUNTS),
        closed=closed,
        facility=draw(IDS),
        arrival=draw(DATES),
    )


ORDERS = st.builds(
    PurchaseOrder,
    tenant=st.just("acme"),
    po_id=IDS,
    number=st.none() | NAMES,
    status=st.sampled_from(PoStatus),
    lines=st.lists(lines(), min_size=1, max_size=5, unique_by=lambda line: line.line_id).map(tuple),
    modified_at=MOMENTS,
)


@given(st.lists(ORDERS, max_size=5, unique_by=lambda po: po.po_id), SIZES)
def test_purchase_orders_come_back_as_they_were_written(orders: list[PurchaseOrder], sizes: list[int]) -> None:
    read = Read(told(orders), sizes)
    assert read.bad == []
    assert [each.bad for each in read.orders()] == [()] * len(orders)
    assert {each.po_id: each.po for each in read.orders()} == {po.po_id: po for po in orders}


def come_to(content: bytes, sizes: list[int]) -> tuple[object, ...] | str:
    """What a file comes to, or by what name it is refused; any other error fails the test."""
    try:
        read = Read(content, sizes)
    except FileRefusedError as refused:
        return "refused" if refused.refusal else ""
    assert isinstance(read.summary, FileSummary)
    for each in read.orders():
        assert each.po or each.bad
    return read.rows, read.bad, read.summary


MAGIC = st.sampled_from([b"", b"PK\x03\x04", b"\x1f\x8b", b"\xff\xfe", b"\xef\xbb\xbf", b"\0", b'"', b"#end,1,", b",,"])
PIECES = st.sampled_from(
    [STOCK_ROW.encode(), WAYBILL_ROW.encode(), STOCK.header.encode(), b"\n", b"\r", b",", b'"', b"\xf1", b"\xc3\xb1"]
)
SOUP = st.lists(PIECES | MAGIC | st.binary(max_size=30), max_size=12).map(b"".join)
HEADED = st.sampled_from([STOCK.header, WAYBILL.header]).map(lambda header: f"{header}\n".encode())


@given(st.binary() | SOUP, SIZES)
@example(b"\xef\xbb", [1])
@example(b"P", [1])
def test_any_bytes_are_read_or_refused_by_name_whatever_the_chunks(content: bytes, sizes: list[int]) -> None:
    assert come_to(content, sizes) == come_to(content, [1_000_000])


@given(HEADED, SOUP, st.booleans(), SIZES)
def test_any_rows_under_a_good_header_are_read_or_told(head: bytes, soup: bytes, seal: bool, sizes: list[int]) -> None:
    body = head + soup + b"\n"
    content = sealed(body, sum(line not in {b"", b"\r"} for line in soup.split(b"\n"))) if seal else body
    assert come_to(content, sizes) == come_to(content, [1_000_000])


@given(st.binary(max_size=60), st.integers(0, 400))
def test_a_good_file_with_bytes_put_into_it_does_no_harm(noise: bytes, at: int) -> None:
    for good in (stock_file(STOCK_ROW, STOCK_ROW), waybill_file(WAYBILL_ROW)):
        come_to(good[:at] + noise + good[at:], [64])


@given(st.lists(st.sampled_from(["0", "1", "-", ".", "e", "+", "_", " ", "9" * 12, "٣", "\u2028"]), max_size=6))
def test_a_quantity_is_an_exact_positive_amount_or_a_bad_row(parts: list[str]) -> None:
    text = "".join(parts)
    read = Read(stock_file(f"4410021,A,{text},17,3,"))
    if read.bad:
        assert (read.bad[0].column, read.rows) == ("quantity", [])
    else:
        po = read.orders()[0].po
        assert po
        assert 0 < po.lines[0].quantity == Decimal(text) < 10**12


@given(
    st.lists(st.sampled_from([STOCK_ROW, "4410022,PIPE 3/4,7,17,1,", "4410023,PEÑA,7,17,12,null"]), max_size=4), SIZES
)
@example([STOCK_ROW], [1])
def test_a_stock_file_cut_at_any_byte_within_a_line_never_passes_for_a_whole_one(
    rows: list[str], sizes: list[int]
) -> None:
    whole = stock_file(*rows)
    for size in range(whole.index(b"\n"), len(whole)):
        read, ends = Read(whole[:size], sizes), whole[:size].count(b"\n")
        assert [text for _, _, text in read.rows] == rows[: max(0, ends - 1)]
        is_cut = not whole[:size].endswith(b"\n")
        assert [(bad.number, bad.po_id) for bad in read.bad] == [(ends + 1, None)] * is_cut
        assert read.summary.unplaced_rows == is_cut
