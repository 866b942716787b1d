"""Whole purchase orders come of rows in any order, and contradictions are told, never settled by chance."""

from collections.abc import Sequence

from connectors.po_files.assembly import ToldPo, purchase_orders
from connectors.po_files.formats import PoFileFormat, Row
from connectors.po_files.limits import FileLimits
from tests.po_files.making import WAYBILL_ROW, Read, stock_file, waybill_file


def line_ids(told: ToldPo) -> list[str]:
    assert told.po
    return [line.line_id for line in told.po.lines]


def bad_numbers(told: ToldPo) -> list[int]:
    return [bad.number for bad in told.bad]


def test_rows_of_a_purchase_order_that_stand_apart_come_together() -> None:
    rows = ["4410022,A,1,17,1,", "4410021,A,1,17,10,", "4410022,B,1,17,4,", "4410021,C,1,17,2,"]
    first, second = Read(stock_file(*rows)).orders()
    assert [(told.po_id, line_ids(told)) for told in (first, second)] == [
        ("4410021", ["10", "2"]),
        ("4410022", ["1", "4"]),
    ]


def test_one_sku_on_two_lines_is_two_lines() -> None:
    (told,) = Read(stock_file("4410021,A,1,17,1,", "4410021,A,1,17,2,")).orders()
    assert (line_ids(told), told.bad) == (["1", "2"], ())


def test_a_line_id_that_comes_twice_is_told_at_each_place_and_left_out() -> None:
    rows = ["4410021,A,1,17,1,", "4410021,B,1,17,2,", "4410022,A,1,17,1,", "4410021,A,5,17,1,"]
    first, second = Read(stock_file(*rows)).orders()
    assert (line_ids(first), bad_numbers(first)) == (["2"], [2, 5])
    assert first.bad[0].reason == "the line stands 2 times in the file: only one can be true"
    assert (line_ids(second), second.bad) == (["1"], ())


def test_a_purchase_order_of_doubled_lines_alone_has_none_left() -> None:
    (told,) = Read(stock_file("4410021,A,1,17,1,", "4410021,A,1,17,1,")).orders()
    assert (told.po, bad_numbers(told)) == (None, [2, 3])


def test_rows_that_disagree_about_their_purchase_order_are_told() -> None:
    rows = [WAYBILL_ROW, WAYBILL_ROW.replace(",B,3,", ",H,4,"), WAYBILL_ROW.replace(",B,3,", ",B,5,")]
    (told,) = Read(waybill_file(*rows)).orders()
    assert (line_ids(told), bad_numbers(told)) == (["3", "5"], [3])
    assert "differ from the purchase order's first row" in told.bad[0].reason


def assembled(rows: Sequence[Row], po_lines: int) -> list[ToldPo]:
    return list(purchase_orders(rows, PoFileFormat.STOCK, "acme", FileLimits(po_lines=po_lines)))


def test_a_purchase_order_beyond_the_bound_is_told_and_the_next_one_goes_on() -> None:
    ids = [("4410021", 1), ("4410021", 2), ("4410021", 3), ("4410022", 1), ("4410022", 2)]
    rows = [(n, po_id, f"{po_id},A,1,17,{line},") for n, (po_id, line) in enumerate(ids, 2)]
    first, second = assembled(rows, po_lines=2)
    assert (first.po, bad_numbers(first)) == (None, [4])
    assert (line_ids(second), second.bad) == (["1", "2"], ())
