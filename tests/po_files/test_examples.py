"""The published examples come to what stands beside them, and the documentation shows them as they are."""

import hashlib
import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter

from connectors.po_files.ack import ack_schema, answered_file, read_ack
from connectors.po_files.error_csv import ErrorCsv
from connectors.po_files.errors import Refusal
from connectors.po_files.formats import STOCK, WAYBILL
from connectors.po_files.import_csv import RefusedRecord, close_csv, import_csv, refused_records
from connectors.po_files.receipts import read_receipts, receipt_files
from connectors.po_files.stock_errors import StockError, stock_errors
from domain.purchase_order import ImportedLine, PurchaseOrder, ReceiptToSend
from tests.po_files.making import Read

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "netsuite" / "examples"
GUIDE = (ROOT / "docs" / "purchase-order-files.md").read_text()
RECEIPTS = "WB-RCPT-20261120T181500Z-1"
TOLD = ["WB-PO-20261120T101500Z-1", "stock-purchase-orders", "stock-with-bad-rows"]
SHOWN = sorted(file.name for file in EXAMPLES.iterdir() if file.suffix == ".csv" or file.name.endswith(".ack.json"))


def example(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


@pytest.mark.parametrize("name", TOLD)
def test_a_purchase_order_file_tells_the_expected_purchase_orders(name: str) -> None:
    expected = TypeAdapter(list[PurchaseOrder]).validate_json(example(f"{name}.expected.json"))
    assert [told.po for told in Read(example(f"{name}.csv")).orders()] == expected


def test_bad_rows_come_to_the_expected_error_file() -> None:
    errors = ErrorCsv()
    errors.add(Read(example("stock-with-bad-rows.csv")).bad)
    assert errors.content() == example("stock-with-bad-rows.errors.csv")


def test_receipts_come_to_the_expected_file() -> None:
    receipts = TypeAdapter(list[ReceiptToSend]).validate_json(example(f"{RECEIPTS}.input.json"))
    (file,) = receipt_files(receipts)
    assert file.content == example(f"{RECEIPTS}.json")
    assert list(read_receipts(file.content)) == receipts


@pytest.mark.parametrize("name", [RECEIPTS, "WB-RCPT-20261120T183000Z-1"])
def test_an_acknowledgment_answers_its_receipt_file(name: str) -> None:
    content = example(f"{name}.ack.json")
    jsonschema.validate(json.loads(content), json.loads(ack_schema()), jsonschema.Draft202012Validator)
    ack = read_ack(content)
    assert ack.file == answered_file(f"{name}.ack.json") == f"{name}.json"
    assert ack.sha256 == hashlib.sha256(example(ack.file)).hexdigest()


def test_lines_come_to_the_expected_files_for_hotwax() -> None:
    lines = TypeAdapter(dict[str, list[ImportedLine]]).validate_json(example("hotwax-import.input.json"))
    assert (import_csv(lines), close_csv(lines)) == (example("hotwax-import.csv"), example("hotwax-close.csv"))


def test_the_errors_of_hotwax_name_line_and_reason() -> None:
    reason = 'no product has the SKU "BOOT, BROWN "XL""'
    assert refused_records(example("hotwax-import-errors.csv")) == (
        RefusedRecord(po_id="4410021", line_id="4", reason=reason),
    )


def test_the_errors_of_the_stock_importer_come_to_the_expected_ones() -> None:
    expected = TypeAdapter(tuple[StockError, ...]).validate_json(example("stock-errors.expected.json"))
    assert stock_errors(example("stock-errors.csv")) == expected


@pytest.mark.parametrize("name", [*SHOWN, f"{RECEIPTS}.json"])
def test_the_guide_shows_each_example_as_it_is(name: str) -> None:
    assert example(name).decode().rstrip("\n") in GUIDE


def test_the_guide_names_every_column_and_every_refusal() -> None:
    names = [column.name for layout in (STOCK, WAYBILL) for column in layout.columns] + list(Refusal)
    assert [name for name in names if f"`{name}`" not in GUIDE] == []
