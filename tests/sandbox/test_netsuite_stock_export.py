"""The stock exporter with its documented defects (reference hotwax.md 4.2 and 4.7)."""

import re

import pytest

from tests.sandbox.erp import FULFILLMENT, NetSuite

HEADER = "external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date"
DAY_MS = 86_400_000


def exported(erp: NetSuite) -> list[str]:
    """The rows of the only file."""
    [name] = erp.good_run("export", "stock")
    assert erp.files(FULFILLMENT) == [name]
    header, *rows = erp.text(FULFILLMENT, name).splitlines()
    assert header == HEADER
    return rows


def test_rows_have_the_stock_columns_and_dates_of_america(erp: NetSuite) -> None:
    po_id = erp.order()
    assert exported(erp) == [f"{po_id},SKU-1,20,17,1,", f"{po_id},SKU-2,12,17,4,06/15/2026"]


def test_the_file_name_is_a_date_as_javascript_writes_it(erp: NetSuite) -> None:
    erp.order()
    [name] = erp.good_run("export", "stock")
    form = r"\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT-0[78]00 \(P[SD]T\)-PurchaseOrder\.csv"
    assert re.fullmatch(form, name)


def test_no_row_makes_no_file(erp: NetSuite) -> None:
    assert erp.good_run("export", "stock") == []


def test_a_name_with_a_comma_shifts_the_columns_since_nothing_is_quoted(erp: NetSuite) -> None:
    po_id = erp.order({"item": 'Shoe, "black"', "quantity": 1, "location": 17})
    assert exported(erp) == [f'{po_id},Shoe, "black",1,17,1,']


def test_a_missing_location_is_the_word_undefined(erp: NetSuite) -> None:
    po_id = erp.order({"item": "SKU-1", "quantity": 1})
    assert exported(erp) == [f"{po_id},SKU-1,1,undefined,1,"]


def test_quantities_are_told_in_base_units(erp: NetSuite) -> None:
    po_id = erp.order({"item": "SKU-1", "quantity": "2.5", "unit": "Case", "unitRate": 12, "location": 17})
    assert exported(erp) == [f"{po_id},SKU-1,30,17,1,"]


def test_closed_lines_are_exported_as_if_open(erp: NetSuite) -> None:
    erp.order({"item": "SKU-1", "quantity": 1, "closed": True}, {"item": "SKU-2", "quantity": 1})
    assert len(exported(erp)) == 2


def test_rows_come_in_the_order_of_text_keys(erp: NetSuite) -> None:
    erp.order(*({"item": "SKU-1", "quantity": 1, "line": line} for line in (2, 10, 1)))
    assert [row.split(",")[4] for row in exported(erp)] == ["1", "10", "2"]


def test_an_order_of_yesterday_that_is_approved_today_is_never_exported(erp: NetSuite) -> None:
    now = erp.read(erp.order(approval="pending"))["createdDate"]
    po_id = erp.order(approval="pending", created=now - 2 * DAY_MS)
    erp.act("approve", po_id)
    assert erp.good_run("export", "stock") == []


def test_partly_received_and_amended_orders_are_not_exported_again(erp: NetSuite) -> None:
    partly, amended = erp.order(), erp.order()
    erp.act("receive", partly, quantities={"1": 1})
    assert len(exported(erp)) == 2
    erp.act("amend", amended, line=1, quantity=99)
    assert erp.good_run("export", "stock") == []


def test_a_failed_upload_loses_the_order_since_it_is_flagged_beforehand(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.fault("failed_upload")
    report = erp.run("export", "stock")
    assert (report["failedExport"], bool(report["error"])) == ([po_id], True)
    assert erp.read(po_id)["exported"] is True
    assert erp.good_run("export", "stock") == []
    assert erp.files(FULFILLMENT) == []


def test_a_map_error_drops_its_line_silently(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.fault("map_error", line=4)
    assert exported(erp) == [f"{po_id},SKU-1,20,17,1,"]
    assert erp.good_run("export", "stock") == []


def test_a_copy_of_an_exported_order_is_never_exported(erp: NetSuite) -> None:
    po_id = erp.order()
    exported(erp)
    erp.act("copy", po_id)
    assert erp.good_run("export", "stock") == []


def test_a_cut_upload_leaves_a_part_under_the_final_name(erp: NetSuite) -> None:
    erp.order()
    erp.fault("truncated_upload", bytes=100)
    assert "CONNECTION_RESET" in erp.run("export", "stock")["error"]
    [name] = erp.files(FULFILLMENT)
    assert len(erp.text(FULFILLMENT, name)) == 100


@pytest.mark.parametrize("kind", ["stock", "waybill"])
def test_a_slow_upload_ends_with_the_whole_file(erp: NetSuite, kind: str) -> None:
    po_id = erp.order()
    erp.fault("slow_upload", bytes=10, seconds=0.05)
    [name] = erp.good_run("export", kind)
    assert erp.text(FULFILLMENT, name).count(po_id) >= 2
