"""The stock importer with its documented defects (reference hotwax.md 4.5, 4.6 and 4.7)."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sandbox.erp import RECEIPT, NetSuite, entry

ARCHIVE, ERROR = f"{RECEIPT}/archive", f"{RECEIPT}/error"


def imported(erp: NetSuite, *entries: Any, name: str = "a.json") -> None:
    """Have a file imported, which the run must survive."""
    erp.put(name, list(entries))
    assert erp.good_run("import", "stock") == [name]


def errors(erp: NetSuite) -> str:
    [name] = erp.files(ERROR)
    assert name.endswith("-ErrorPurchaseOrderReceipts.csv")
    return erp.text(ERROR, name)


def test_a_file_makes_receipts_and_goes_to_the_archive(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id, line_1="20", line_4=None))
    found = erp.read(po_id)
    [receipt] = found["receipts"]
    assert (found["status"], receipt["memo"], receipt["externalId"]) == ("E", "Item Receipt is created by HotWax", None)
    assert receipt["lines"] == [{"line": 1, "quantity": "20"}]
    assert (erp.files(RECEIPT), erp.files(ARCHIVE)) == ([], ["a.json"])


def test_a_line_that_is_not_named_is_received_in_full(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id, line_1="5"))
    assert erp.received(po_id) == {1: "5", 4: "12"}


def test_no_item_at_all_receives_the_whole_order(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id))
    assert erp.received(po_id) == {1: "20", 4: "12"}


@pytest.mark.parametrize(
    ("quantities", "received"),
    [
        (["5", "3"], "3"),
        (["5", None], "5"),
        ([None, "5"], "5"),
        (["0", "4"], "4"),
        ([4.5], "4.5"),
        ([" 7 "], "7"),
        ([True], "1"),
    ],
)
def test_of_two_rows_for_a_line_the_last_positive_one_counts(
    erp: NetSuite, quantities: list[Any], received: str
) -> None:
    po_id = erp.order()
    items = [{"line_id": "1", "quantity": quantity} for quantity in quantities]
    imported(erp, {"order_id": po_id, "items": [*items, {"line_id": "4", "quantity": None}]})
    assert erp.received(po_id) == {1: received, 4: "0"}


@pytest.mark.parametrize("line_id", [1, "2", None])
def test_a_line_that_is_unknown_or_a_number_fails_its_order_and_no_other(erp: NetSuite, line_id: Any) -> None:
    bad, good = erp.order(), erp.order()
    imported(erp, {"order_id": bad, "items": [{"line_id": line_id, "quantity": "1"}]}, entry(good, line_1="1"))
    assert (erp.received(bad)[1], erp.received(good)[1]) == ("0", "1")
    assert errors(erp).startswith(f"orderId,errorMessage\n{bad},")


@pytest.mark.parametrize("act", [{"action": "close", "line": 4}, {"action": "receive", "quantities": {"4": 12}}])
def test_a_closed_or_finished_line_that_is_named_fails_the_whole_order(erp: NetSuite, act: dict[str, Any]) -> None:
    po_id = erp.order()
    erp.act(po_id=po_id, **act)
    imported(erp, entry(po_id, line_1="5", line_4=None))
    assert erp.received(po_id)[1] == "0"
    assert "line" in errors(erp)


def test_a_receipt_without_any_quantity_is_refused(erp: NetSuite) -> None:
    imported(erp, entry(erp.order(), line_1=None, line_4="abc"))
    assert "at least one line" in errors(erp)


def test_more_than_remains_is_refused_unless_overage_is_allowed(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id, line_1="21", line_4=None))
    assert "remain" in errors(erp)
    erp.sandbox.change(netsuite_overage=True)
    imported(erp, entry(po_id, line_1="21", line_4=None), name="b.json")
    assert erp.received(po_id)[1] == "21"


def test_the_rows_of_the_error_file_are_joined_by_commas(erp: NetSuite) -> None:
    imported(erp, entry("1"), entry("2"))
    said = "You can not initialize itemreceipt: invalid reference"
    assert errors(erp) == f"orderId,errorMessage\n1,{said} 1.\n,2,{said} 2.\n"
    assert erp.files(ARCHIVE) == ["a.json"]


@pytest.mark.parametrize("order_id", ["\ud800", "9" * 40, True, [1], {"a": 1}])
def test_an_order_id_that_is_none_fails_and_stops_nothing(erp: NetSuite, order_id: Any) -> None:
    po_id = erp.order()
    imported(erp, {"order_id": order_id, "items": []}, entry(po_id, line_1="1", line_4=None))
    assert (erp.received(po_id)[1], "invalid reference" in errors(erp)) == ("1", True)


@pytest.mark.parametrize("content", [{"order_id": "1"}, [], 7, [{"order_id": ""}], [{"items": []}], ["text"]])
def test_what_names_no_order_is_archived_with_nothing_done(erp: NetSuite, content: Any) -> None:
    erp.put("a.json", content)
    assert erp.good_run("import", "stock") == ["a.json"]
    assert (erp.files(ARCHIVE), erp.files(ERROR)) == (["a.json"], [])


@pytest.mark.parametrize("content", [b'[{"order_id":"1","items":[', b"\xef\xbb\xbf[]", b"null", b"hello", b"[null]"])
@pytest.mark.parametrize("name", ["a.json", "b.tmp"])
def test_a_file_that_cannot_be_read_stops_every_run(erp: NetSuite, content: bytes, name: str) -> None:
    erp.put(name, content)
    assert [bool(erp.run("import", "stock")["error"]) for _ in range(2)] == [True, True]
    assert erp.files(RECEIPT) == [name]


def test_a_null_entry_ends_the_run_after_the_receipts_before_it(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.put("a.json", [entry(po_id, line_1="1", line_4=None), None])
    assert [bool(erp.run("import", "stock")["error"]) for _ in range(2)] == [True, True]
    assert erp.received(po_id)[1] == "2"


def test_an_empty_file_is_left_in_place(erp: NetSuite) -> None:
    erp.put("a.json", b"")
    erp.put("b.json", b"[", f"{RECEIPT}/folder")
    assert erp.good_run("import", "stock") == []
    assert erp.files(RECEIPT) == ["a.json"]


def test_a_crash_between_save_and_move_receives_again(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.put("a.json", [entry(po_id, line_1="5", line_4=None)])
    erp.fault("crash_before_move")
    assert erp.run("import", "stock")["error"]
    assert erp.good_run("import", "stock") == ["a.json"]
    assert erp.received(po_id)[1] == "10"


def test_a_name_that_is_in_the_archive_receives_at_every_run(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.put("a.json", [entry(po_id, line_1="5", line_4=None)])
    erp.put("a.json", b"[]", ARCHIVE)
    assert [bool(erp.run("import", "stock")["error"]) for _ in range(2)] == [True, True]
    assert erp.received(po_id)[1] == "10"


def test_a_crash_after_some_receipts_makes_them_again(erp: NetSuite) -> None:
    orders = [erp.order() for _ in range(3)]
    erp.put("a.json", [entry(po_id, line_1="1", line_4=None) for po_id in orders])
    erp.fault("crash_after_receipts", receipts=2)
    assert len(erp.run("import", "stock")["receipts"]) == 2
    assert erp.good_run("import", "stock") == ["a.json"]
    assert [erp.received(po_id)[1] for po_id in orders] == ["2", "2", "1"]


def test_a_file_of_more_than_329_receipts_uses_up_the_units(erp: NetSuite) -> None:
    po_id = erp.order({"item": "SKU-1", "quantity": 1000, "location": 17})
    erp.put("a.json", [entry(po_id, line_1="1")] * 330)
    assert "SSS_USAGE_LIMIT_EXCEEDED" in erp.run("import", "stock")["error"]
    assert erp.received(po_id)[1] == "329"


def test_fewer_units_end_the_run_sooner(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.put("a.json", [entry(po_id, line_1="1", line_4=None)] * 3)
    erp.fault("governance", units=110 + 2 * 30)
    assert "SSS_USAGE_LIMIT_EXCEEDED" in erp.run("import", "stock")["error"]
    assert erp.received(po_id)[1] == "2"


def test_the_receipt_is_dated_by_the_import(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id, "R1", line_1="1", line_4=None))
    [receipt] = erp.read(po_id)["receipts"]
    saved = datetime.fromtimestamp(receipt["at"] / 1000, ZoneInfo("America/Los_Angeles"))
    assert receipt["tranDate"] == saved.date().isoformat()
