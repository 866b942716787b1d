"""Rows of a file are staged and come back as they were, and what they tell is kept, however they are mixed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import select

from connectors.sftp.names import STAMP
from domain.purchase_order import PoLine, PurchaseOrder
from ledger import journal, po_files, purchase_orders
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_files import FileKind, FileState, StagedLine
from ledger.po_tables import PoFileRow, PurchaseOrderRow, StagedRow
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


def test_a_file_of_any_size_and_its_farthest_rows_are_kept(ledger: Ledger, file_id: int) -> None:
    huge = 6 << 40
    staged(ledger, file_id, [(huge, "7", "a")])
    with ledger.writing() as session:
        row = po_files.still_mine(session, file_id, 1)
        row.size, row.rows = huge, huge
    with ledger.reading() as session:
        assert list(po_files.staged_rows(session, file_id, ["7"])) == [(huge, "7", "a")]
        assert session.get_one(PoFileRow, file_id).size == huge


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


@pytest.mark.parametrize(
    ("bad", "imported", "added_at"),
    [((), None, NOW + timedelta(hours=1)), (["line 3"], None, None), ((), {"4": {}}, None)],
)
def test_a_line_is_known_by_when_it_was_added_unless_it_was_only_not_seen(
    ledger: Ledger, bad: list[str], imported: dict[str, object] | None, added_at: datetime | None
) -> None:
    first, news = an_order("7"), []
    added = first.lines[0].model_copy(update={"line_id": "4"})
    orders = (an_order("7", quantity) for quantity in (5, 5, 6))
    later = [po.model_copy(update={"lines": (*po.lines, added)}) for po in orders]
    for hours, told in enumerate([Told("7", first, bad), *(Told("7", po) for po in later)]):
        with ledger.writing() as session:
            news.append(purchase_orders.record_told(session, "t", [told], ["7"], 1, NOW + timedelta(hours=hours)))
            (row,) = purchase_orders.rows_of(session, "t", ["7"]).values()
            row.imported = imported
    found = purchase_orders.told(row)
    assert news == [1, 1, 0, 1]
    assert found
    assert {line.line_id: line.added_at for line in found.lines} == {"1": None, "4": added_at}


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


def test_a_time_that_an_earlier_version_kept_and_that_is_still_to_come_makes_no_word_old(ledger: Ledger) -> None:
    assert pieces_after(ledger, Told("7", an_order("7", 20))) == (20, None)
    with ledger.writing() as session:
        purchase_orders.locked(session, "t", "7").modified_at = NOW + timedelta(days=400)
    assert pieces_after(ledger, Told("7", an_order("7", 33))) == (33, None)


def test_of_two_words_of_one_time_the_one_that_was_exported_later_counts_whichever_is_read_first(
    ledger: Ledger,
) -> None:
    with ledger.writing() as session:
        for name in (
            "WB-PO-20261120T081500Z-1.csv",
            "WB-PO-20261120T080000Z-2.csv",
            "WB-PO-20261120T083000Z-all-1.csv",
        ):
            po_files.taken(session, "t", FileKind.ORDERS, name, f"c-{name}", NOW)
    later, earlier, latest = (Told("7", an_order("7", pieces, at=NOW)) for pieces in (25, 20, 30))
    assert pieces_after(ledger, later, earlier) == (25, None)
    assert pieces_after(ledger, later, earlier, latest) == (30, None)


def test_an_older_word_neither_frees_what_newer_broken_rows_hold_nor_holds_by_its_own(ledger: Ledger) -> None:
    good, broken = Told("7", an_order("7")), Told("7", None, ["line 3"], modified_at=LATER)
    assert pieces_after(ledger, good, broken, good) == (5, ["line 3"])
    assert pieces_after(ledger, broken, good) == (5, ["line 3"])
    mended = Told("7", an_order("7", 35, at=LATER))
    assert pieces_after(ledger, mended, Told("7", None, ["line 4"], modified_at=NOW)) == (35, None)


def test_broken_rows_that_are_seen_again_at_a_later_time_are_as_new_as_that(ledger: Ledger) -> None:
    first, again = Told("7", None, ["line 3"], modified_at=NOW), Told("7", None, ["line 3"], modified_at=LATER)
    assert pieces_after(ledger, first, again, Told("7", an_order("7"))) == (0, ["line 3"])


# ---- stock files: words without a time of their own ------------------------------------------------------------------


FRIDAY = "Fri Nov 20 2026 08:00:00 GMT+0800 (CST)-PurchaseOrder.csv"
THURSDAY = "Thu Nov 19 2026 23:00:00 GMT-0800 (PST)-PurchaseOrder.csv"
"""An hour later by its words, and seven hours later in truth."""


READ = NOW + timedelta(hours=9)
"""When the files are read: later than any of them was changed."""


def after_files(
    ledger: Ledger, *files: tuple[int, int, str], bad_at: int | None = None
) -> tuple[int, list[str] | None]:
    """What is known of purchase order 7 after stock files of so many hours, pieces and this name were read in turn."""
    for hours, pieces, name in files:
        with ledger.writing() as session:
            changed = f"{NOW + timedelta(hours=hours):{STAMP}}"
            file = po_files.taken(session, "t", FileKind.ORDERS, name, f"{changed}-waybill-{name}", READ)
            file.state = FileState.DONE
            po, bad = an_order("7", pieces, at=None), ["line 3"]
            word = Told("7", None, bad, po, timeless=True) if hours == bad_at else Told("7", po, timeless=True)
            purchase_orders.record_told(session, "t", [word], ["7"], file.id, READ)
    with ledger.reading() as session:
        [row] = purchase_orders.rows_of(session, "t", ["7"]).values()
        po_now = purchase_orders.told(row)
    return int(po_now.lines[0].quantity) if po_now else 0, row.bad_rows


def test_an_older_stock_file_that_is_read_late_changes_nothing_and_leaves_a_trace(ledger: Ledger) -> None:
    assert after_files(ledger, (2, 20, "b"), (1, 10, "a")) == (20, None)
    with ledger.reading() as session:
        story = [entry.text for entry in journal.timeline(session, "t", "7", Flow.PURCHASE_ORDER)]
    assert story == ["first told with 1 lines by file 1", "left aside, since file 1 is younger, what is told by file 2"]


def test_stock_files_in_their_order_count_though_they_tell_what_was_told_before(ledger: Ledger) -> None:
    assert after_files(ledger, (1, 10, "a"), (2, 20, "b"), (3, 10, "a again")) == (10, None)
    assert after_files(ledger, (4, 10, "told again"), (3, 20, "between")) == (10, None)
    assert after_files(ledger, (5, 30, "c")) == (30, None)


def test_broken_rows_of_a_newer_stock_file_are_not_freed_by_an_older_one(ledger: Ledger) -> None:
    assert after_files(ledger, (3, 20, "c"), (1, 10, "a"), bad_at=3) == (0, ["line 3"])
    assert after_files(ledger, (5, 20, "e"), (4, 10, "d"), bad_at=5) == (0, ["line 3"])
    assert after_files(ledger, (6, 20, "f"), (2, 10, "b"), bad_at=2) == (20, None)


@pytest.mark.parametrize("names", [(THURSDAY, FRIDAY), (FRIDAY, THURSDAY)])
def test_stock_files_of_one_time_are_ordered_by_the_moments_in_their_names(
    ledger: Ledger, names: tuple[str, str]
) -> None:
    pieces = {FRIDAY: 10, THURSDAY: 15}
    assert after_files(ledger, *((0, pieces[name], name) for name in names)) == (15, None)


@pytest.mark.parametrize("name", ["a.csv", "Fri Nov 31 2026 10:00:00 GMT-0800 (PST)-PurchaseOrder.csv"])
def test_a_stock_file_of_the_same_time_without_a_moment_in_its_name_counts_when_it_is_read(
    ledger: Ledger, name: str
) -> None:
    assert after_files(ledger, (0, 15, THURSDAY), (0, 10, name)) == (10, None)


def test_our_own_format_goes_by_its_own_times_however_old_its_file_is(ledger: Ledger) -> None:
    after_files(ledger, (2, 20, "b"))
    with ledger.writing() as session:
        old = po_files.taken(session, "t", FileKind.ORDERS, "WB", f"{NOW:{STAMP}}-waybill-WB", NOW)
        assert purchase_orders.record_told(session, "t", [Told("7", an_order("7", 8))], ["7"], old.id, NOW) == 1


def test_what_is_asked_for_over_rest_is_never_old_though_the_accounts_clock_was_put_back(ledger: Ledger) -> None:
    amended = Told("7", an_order("7", quantity=8, at=NOW - timedelta(minutes=40)))
    with ledger.writing() as session:
        purchase_orders.record_told(session, "t", [Told("7", an_order("7"))], ["7"], None, NOW)
        assert purchase_orders.record_told(session, "t", [amended], ["7"], None, NOW) == 1


@pytest.mark.parametrize(
    ("minute", "exported", "pieces"),
    [(0, "080100", 8), (0, "080020", 5), (-1, "080100", 5), (1, "080200", 8)],
    ids=["exported after that change", "before it", "of an earlier minute", "of a later one"],
)
@pytest.mark.parametrize("deleted", [False, True])
def test_a_file_without_seconds_is_not_older_than_what_rest_told_with_them_in_the_same_minute(
    ledger: Ledger, minute: int, exported: str, pieces: int, deleted: bool
) -> None:
    over_rest = an_order("7", at=NOW + timedelta(seconds=30)).model_copy(update={"deleted": deleted})
    name = f"WB-PO-20261120T{exported}Z-1.csv"
    with ledger.writing() as session:
        purchase_orders.record_told(session, "t", [Told("7", over_rest)], ["7"], None, NOW)
        file = po_files.taken(session, "t", FileKind.ORDERS, name, f"c-{name}", NOW)
        told = Told("7", an_order("7", 8, at=NOW + timedelta(minutes=minute)))
        purchase_orders.record_told(session, "t", [told], ["7"], file.id, LATER)
    with ledger.reading() as session:
        [row] = purchase_orders.rows_of(session, "t", ["7"]).values()
        known = purchase_orders.told(row)
    assert known is not None
    assert (int(known.lines[0].quantity), known.deleted) == (pieces, deleted and pieces == 5)
