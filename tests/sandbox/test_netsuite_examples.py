"""The examples that the tests of NetSuite's own scripts read too: the sandbox's scripts come to the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.erp import FULFILLMENT, RECEIPT, NetSuite

EXAMPLES = Path(__file__).parents[2] / "netsuite" / "examples"
IMPORTS = sorted(folder.name for folder in (EXAMPLES / "importer").iterdir())
EXPORTS = sorted(folder.name for folder in (EXAMPLES / "exporter").iterdir())


def told(path: Path) -> Any:
    return json.loads(path.read_text())


def orders_before(erp: NetSuite, folder: Path) -> list[str]:
    """The purchase orders of an example, made in the sandbox."""
    ids: list[str] = erp.sandbox.post("/admin/netsuite/seed", told(folder / "before.json"))["purchaseOrders"]
    return ids


def comparable(ack: dict[str, Any]) -> dict[str, Any]:
    """An answer without the moment, and without the words in which a JSON parser complains."""
    problem = ack["problem"] and ack["problem"].split(":")[0]
    return {**ack, "problem": problem, "processed_at": None}


def receipts_of(erp: NetSuite, po_id: str) -> list[dict[str, Any]]:
    """The item receipts of a purchase order, as an example tells them."""
    return [
        {
            "id": str(receipt["id"]),
            "externalId": receipt["externalId"],
            "tranDate": receipt["tranDate"],
            "lines": {str(line["line"]): line["quantity"] for line in receipt["lines"]},
        }
        for receipt in erp.read(po_id)["receipts"]
    ]


@pytest.mark.parametrize("name", IMPORTS)
def test_the_importer_answers_as_the_example_says(erp: NetSuite, name: str) -> None:
    folder = EXAMPLES / "importer" / name
    orders = orders_before(erp, folder)
    inputs = sorted(file for file in folder.glob("WB-RCPT-*.json") if not file.name.endswith(".ack.json"))
    for file in inputs:
        erp.put(file.name, file.read_bytes())
    erp.good_run("import", "waybill")
    for file in inputs:
        expected = told(file.with_name(f"{file.stem}.ack.json"))
        assert comparable(erp.ack(file.name)) == comparable(expected)
    assert {po_id: receipts_of(erp, po_id) for po_id in orders} == told(folder / "after.json")
    assert erp.files(RECEIPT) == []


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exporter_writes_what_the_example_says(erp: NetSuite, name: str) -> None:
    folder = EXAMPLES / "exporter" / name
    orders_before(erp, folder)
    erp.good_run("export", "waybill")
    (file,) = erp.files(FULFILLMENT)
    assert erp.text(FULFILLMENT, file) == (folder / "expected.csv").read_text()
