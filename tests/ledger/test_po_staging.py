"""Rows of a file are staged and come back as they were, and what they tell is kept, however they are mixed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from domain.purchase_order import PoLine, PurchaseOrder
from ledger import po_files, purchase_orders
from ledger.database import Ledger
from ledger.po_files import FileKind, StagedLine
from ledger.po_tables import PurchaseOrderRow, StagedRow
from ledger.purchase_orders import Told

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
MIXED: list[StagedLine] = [
    (2, "7", "a"),
    (3, "7", "b"),
    (5, "7", "c"),
    (6, "8", "d"),
    (7, "7", "e"),
    (8, "9", "f" * 50),
]


def an_order(po_id: str, quantity: int = 5, at: datetime | None = NOW, key: str | None = None) -> PurchaseOrder:
    line = PoLine(line_id="1", unique_key=key, sku="SHOE", quantity=Decimal(quantity), facility="17")
    return PurchaseOrder(tenant="t", po_id=po_id, number=f"PO{po_id}", lines=(line,), modified_at=at)


@pytest.fixture
def file_id(ledger: Ledger) -> int:
    """A file that is being read."""
    with ledger.writing() as session:
        return po_files.taken(session, "t", FileKind.ORDERS, "x.csv", "c-x.csv", NOW).id or 0


def staged(ledger: Ledger, file_id: int, rows: list[StagedLine]) -> None:
    with ledger.writing() as session:
        po_files.stage(session, file_id, rows)


def test_rows_come_back_by_purchase_order_and_line_number(ledger: Ledger, file_id: int) -> None:
    staged(ledger, file_id, MIXED[:4])
    staged(ledger, file_id, MIXED[4:])
    with ledger.reading() as session:
        assert list(po_files.staged_rows(session, file_id, ["7", "8"])) == [*MIXED[:3], MIXED[4], MIXED[3]]


def test_neighbors_of_one_purchase_order_are_kept_as_one(ledger: Ledger, file_id: int) -> None:
    staged(ledger, file_id, MIXED)
    with ledger.reading() as session:
        kept = session.exec(select(StagedRow.number, StagedRow.body).order_by("number")).all()
    assert [tuple(each) for each in kept] == [(2, "a\nb"), (5, "c"), (6, "d"), (7, "e"), (8, "f" * 50)]


@pytest.mark.parametrize(
    ("after", "most_text", "told"),
    [("", 1_000, ["7", "8", "9"]), ("7", 1_000, ["8", "9"]), ("", 10, ["7", "8"]), ("8", 10, ["9"]), ("9", 10, [])],
)
def test_only_so_much_text_is_taken_at_once_but_always_a_purchase_order(
    ledger: Ledger, file_id: int, after: str, most_text: int, told: list[str]
) -> None:
    staged(ledger, file_id, MIXED)
    with ledger.reading() as session:
        assert po_files.staged_ids(session, file_id, after, 100, most_text) == told


def test_new_purchase_orders_with_and_without_good_rows_do_not_mix(ledger: Ledger) -> None:
    told = [Told("7", an_order("7")), Told("8", None, ["line 3"]), Told("9", an_order("9"), ["line 4"])]
    with ledger.writing() as session:
        assert purchase_orders.record_told(session, "t", told, ["7", "8", "9"], 1, NOW) == 3
    with ledger.reading() as session:
        rows = {row.po_id: row for row in session.exec(select(PurchaseOrderRow)).all()}
    assert {po_id: purchase_orders.told(row) for po_id, row in rows.items()} == {
        po_id: an and an.model_copy(update={"modified_at": None})
        for po_id, an in (("7", an_order("7")), ("8", None), ("9", an_order("9")))
    }
    assert {po_id: (row.bad_rows, row.number, row.news) for po_id, row in rows.items()} == {
        "7": (None, "PO7", 1),
        "8": (["line 3"], None, 1),
        "9": (["line 4"], "PO9", 1),
    }


def test_a_line_that_comes_back_under_another_key_keeps_the_former_one_and_is_news_once(ledger: Ledger) -> None:
    news = []
    for key in ("7", "9", "9"):
        with ledger.writing() as session:
            told = [Told("7", an_order("7", key=key))]
            news.append(purchase_orders.record_told(session, "t", told, ["7"], 1, NOW))
    with ledger.reading() as session:
        (row,) = purchase_orders.rows_of(session, "t", ["7"]).values()
        found = purchase_orders.told(row)
    assert (news, found and found.lines[0].former_key) == ([1, 1, 0], "7")


def test_what_is_told_again_is_no_news_and_what_is_amended_is(ledger: Ledger) -> None:
    with ledger.writing() as session:
        purchase_orders.record_told(
            session, "t", [Told("7", an_order("7")), Told("8", an_order("8"))], ["7", "8"], 1, NOW
        )
    with ledger.writing() as session:
        told = [Told("7", an_order("7")), Told("8", an_order("8", quantity=6))]
        assert purchase_orders.record_told(session, "t", told, ["7", "8"], 2, NOW) == 1
    with ledger.reading() as session:
        assert [row.news for row in purchase_orders.rows_of(session, "t", ["7", "8"]).values()] == [1, 2]


LATER = NOW + timedelta(hours=2)


def pieces_after(ledger: Ledger, *words: Told, read_at: datetime = LATER) -> tuple[int, list[str] | None]:
    """What is known of purchase order 7 after these words of it, each in a file of its own."""
    for file_id, word in enumerate(words, 1):
        with ledger.writing() as session:
            purchase_orders.record_told(session, "t", [word], ["7"], file_id, read_at)
    with ledger.reading() as session:
        [row] = purchase_orders.rows_of(session, "t", ["7"]).values()
        po = purchase_orders.told(row)
    return int(po.lines[0].quantity) if po else 0, row.bad_rows


def test_a_word_without_a_time_is_not_newer_than_one_with_a_time_because_of_when_it_was_read(ledger: Ledger) -> None:
    without, with_time = Told("7", an_order("7", 10, at=None)), Told("7", an_order("7", 120, at=NOW))
    assert pieces_after(ledger, without, with_time) == (120, None)
    assert pieces_after(ledger, Told("7", an_order("7", 11, at=None)), with_time) == (120, None)
    older = Told("7", an_order("7", 5, at=NOW - timedelta(seconds=1)))
    assert pieces_after(ledger, Told("7", an_order("7", 12, at=None)), older) == (12, None)


def test_an_older_word_neither_frees_what_newer_broken_rows_hold_nor_holds_by_its_own(ledger: Ledger) -> None:
    good, broken = Told("7", an_order("7")), Told("7", None, ["line 3"], modified_at=LATER)
    assert pieces_after(ledger, good, broken, good) == (5, ["line 3"])
    assert pieces_after(ledger, broken, good) == (5, ["line 3"])
    mended = Told("7", an_order("7", 35, at=LATER))
    assert pieces_after(ledger, mended, Told("7", None, ["line 4"], modified_at=NOW)) == (35, None)


def test_broken_rows_that_are_seen_again_at_a_later_time_are_as_new_as_that(ledger: Ledger) -> None:
    first, again = Told("7", None, ["line 3"], modified_at=NOW), Told("7", None, ["line 3"], modified_at=LATER)
    assert pieces_after(ledger, first, again, Told("7", an_order("7"))) == (0, ["line 3"])


def test_what_is_asked_for_over_rest_is_never_old_though_the_accounts_clock_was_put_back(ledger: Ledger) -> None:
    amended = Told("7", an_order("7", quantity=8, at=NOW - timedelta(minutes=40)))
    with ledger.writing() as session:
        purchase_orders.record_told(session, "t", [Told("7", an_order("7"))], ["7"], None, NOW)
        assert purchase_orders.record_told(session, "t", [amended], ["7"], None, NOW) == 1
