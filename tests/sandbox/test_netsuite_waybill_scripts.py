"""The exporter and the importer of Waybill's own formats: complete files, each receipt once, every file answered."""

import csv
import hashlib
import io
import re
from typing import Any

import pytest

from tests.sandbox.bodies import eventually
from tests.sandbox.erp import FULFILLMENT, RECEIPT, NetSuite, entry

HEADER = (
    "po_id,po_number,po_status,line_id,unique_key,sku,quantity,unit,unit_rate,quantity_received,"
    "line_closed,facility_id,arrival_date,modified_at"
)


def exported(erp: NetSuite, **settings: int) -> list[dict[str, str]]:
    """The rows of all files of one run; each file is whole."""
    erp.sandbox.change(**settings)
    rows = []
    for name in erp.good_run("export", "waybill"):
        assert re.fullmatch(r"WB-PO-\d{8}T\d{6}Z-\d+\.csv", name)
        *lines, trailer = erp.text(FULFILLMENT, name).splitlines(keepends=True)
        assert lines[0] == f"{HEADER}\n"
        digest = hashlib.sha256("".join(lines).encode()).hexdigest()
        assert trailer == f"#end,{len(lines) - 1},{digest}\n"
        rows += list(csv.DictReader(io.StringIO("".join(lines))))
    return rows


def imported(erp: NetSuite, *entries: Any, name: str = "WB-RCPT-1.json") -> list[dict[str, Any]]:
    """What the importer answered to a file, receipt by receipt."""
    erp.put(name, list(entries))
    assert erp.good_run("import", "waybill") == [name]
    answer = erp.ack(name)
    assert (answer["version"], answer["file"], answer["problem"]) == (1, name, None)
    results: list[dict[str, Any]] = answer["results"]
    return results


def test_rows_tell_units_keys_and_what_is_received(erp: NetSuite) -> None:
    line = {"item": 'Shoe, "black"', "quantity": "2.5", "unit": "Case", "unitRate": 12, "location": 17}
    po_id = erp.order(line, {"item": "SKU-2", "quantity": 1, "closed": True, "expected": "2026-06-15"}, tranid="PO-7")
    erp.act("receive", po_id, quantities={"1": "0.5"})
    first, second = exported(erp)
    keys = [line["uniqueKey"] for line in erp.read(po_id)["lines"]]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first.pop("modified_at"))
    assert list(first.values()) == [
        *(po_id, "PO-7", "E", "1", str(keys[0]), 'Shoe, "black"', "2.5", "Case", "12", "0.5", "F", "17", ""),
    ]
    assert [second[name] for name in ("line_closed", "facility_id", "arrival_date")] == ["T", "", "2026-06-15"]


def test_every_order_that_changed_is_told_again_whatever_its_status_and_age(erp: NetSuite) -> None:
    old, rejected = erp.order(created=0, exported=True), erp.order(approval="rejected")
    assert {(row["po_id"], row["po_status"]) for row in exported(erp)} == {(old, "B"), (rejected, "C")}
    assert exported(erp) == []
    erp.act("amend", old, line=1, quantity=21)
    assert [(row["po_id"], row["quantity"]) for row in exported(erp)] == [(old, "21"), (old, "12")]


def test_orders_are_never_split_between_files(erp: NetSuite) -> None:
    orders = [erp.order() for _ in range(3)]
    assert {row["po_id"] for row in exported(erp, netsuite_rows_per_file=3)} == set(orders)
    assert len(erp.files(FULFILLMENT)) == 3


@pytest.mark.parametrize("kind", ["crash_before_upload", "truncated_upload", "crash_before_rename"])
def test_a_run_that_ends_before_the_rename_leaves_no_file_and_repeats(erp: NetSuite, kind: str) -> None:
    po_id = erp.order()
    erp.fault(kind)
    assert erp.run("export", "waybill")["error"]
    assert [name for name in erp.files(FULFILLMENT) if not name.endswith(".tmp")] == []
    assert {row["po_id"] for row in exported(erp)} == {po_id}
    assert [name for name in erp.files(FULFILLMENT) if name.endswith(".tmp")] == []


def test_a_run_that_ends_after_the_rename_tells_the_orders_twice(erp: NetSuite) -> None:
    erp.order()
    erp.fault("crash_before_note")
    assert erp.run("export", "waybill")["error"]
    assert len(exported(erp)) == 2
    assert len(erp.files(FULFILLMENT)) == 2


def test_a_receipt_is_made_once_and_answered(erp: NetSuite) -> None:
    po_id = erp.order()
    [result] = imported(erp, entry(po_id, "R1", line_1="20", line_4=None))
    [receipt] = erp.read(po_id)["receipts"]
    assert (receipt["externalId"], receipt["tranDate"]) == ("WB-RCPT-R1", "2026-11-20")
    told = {"result": "created", "item_receipt_id": receipt["id"], "po_status": "E", "reason": None}
    assert result == {"receipt_id": "R1", "order_id": po_id, **told}
    body = (erp.base / RECEIPT / "archive" / "WB-RCPT-1.json").read_bytes()
    assert erp.ack("WB-RCPT-1.json")["sha256"] == hashlib.sha256(body).hexdigest()
    assert erp.files(RECEIPT) == []


def test_the_same_receipt_again_is_told_as_already_there(erp: NetSuite) -> None:
    po_id = erp.order()
    again = entry(po_id, "R1", line_1="5", line_4=None)
    results = [*imported(erp, again, again), *imported(erp, again)]
    assert [row["result"] for row in results] == ["created", "already", "already"]
    assert len({row["item_receipt_id"] for row in results}) == 1
    assert erp.received(po_id)[1] == "5"
    assert erp.files(f"{RECEIPT}/archive") == ["WB-RCPT-1.2.json", "WB-RCPT-1.json"]


def test_a_line_that_is_not_named_is_not_received(erp: NetSuite) -> None:
    po_id = erp.order()
    imported(erp, entry(po_id, "R1", line_1="5"))
    assert erp.received(po_id) == {1: "5", 4: "0"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"items": [{"line_id": "2", "quantity": "1"}]}, "line 2 is unknown"),
        ({"items": [{"line_id": "1", "quantity": "1"}] * 2}, "named twice"),
        ({"items": []}, "at least one line"),
        ({"items": [{"line_id": "1", "quantity": None}]}, "no line has a quantity"),
        ({"items": [{"line_id": "1", "quantity": "-1"}]}, "negative"),
        ({"items": [{"line_id": "1", "quantity": "NaN"}]}, "no number"),
        ({"items": [{"line_id": 1, "quantity": "1"}]}, "line_id"),
        ({"items": [{"line_id": "1", "quantity": "21"}]}, "USER_ERROR"),
        ({"receipt_id": None}, "receipt_id"),
        ({"receipt_id": "\ud800"}, "receipt_id"),
        ({"items": [{"line_id": "1", "quantity": "1e999999"}]}, "too large"),
        ({"order_id": "9" * 40}, "INVALID_INITIALIZE_REF"),
        ({"order_id": "999"}, "INVALID_INITIALIZE_REF"),
        ({"received_at": "yesterday"}, "ISO 8601"),
        ({"received_at": "2026-11-20T18:00:00"}, "time zone"),
    ],
)
def test_a_receipt_that_makes_no_sense_is_rejected_before_it_is_saved(
    erp: NetSuite, changes: dict[str, Any], reason: str
) -> None:
    po_id = erp.order()
    good = entry(po_id, "R2", line_1="1")
    results = imported(erp, {**entry(po_id, "R1", line_1="1"), **changes}, good)
    assert [row["result"] for row in results] == ["rejected", "created"]
    assert reason in results[0]["reason"]
    assert erp.received(po_id)[1] == "1"


def test_a_closed_period_is_told_as_the_reason(erp: NetSuite) -> None:
    erp.sandbox.change(netsuite_closed_until="2026-11-20")
    [result] = imported(erp, entry(erp.order(), "R1", line_1="1"))
    assert (result["result"], "period" in result["reason"]) == ("rejected", True)


def test_a_finished_line_may_be_named_with_null(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.act("close", po_id, line=4)
    [result] = imported(erp, entry(po_id, "R1", line_1="5", line_4=None))
    assert result["result"] == "created"


@pytest.mark.parametrize("content", [b"[", b"null", b"{}", b"", b"\xff\xfe", b"[" * 100_000])
def test_a_bad_file_is_answered_and_put_away_and_blocks_no_other(erp: NetSuite, content: bytes) -> None:
    po_id = erp.order()
    erp.put("a.json", content)
    assert erp.files(RECEIPT) == ["a.json"]
    imported_after = entry(po_id, "R1", line_1="1")
    erp.put("b.json", [imported_after])
    assert erp.good_run("import", "waybill") == ["a.json", "b.json"]
    assert (bool(erp.ack("a.json")["problem"]), erp.ack("a.json")["results"]) == (True, [])
    assert (erp.files(f"{RECEIPT}/error"), erp.received(po_id)[1]) == (["a.json"], "1")


def test_names_that_do_not_end_in_json_are_left_alone(erp: NetSuite) -> None:
    erp.put("a.json.tmp", b"[")
    assert erp.good_run("import", "waybill") == []
    assert erp.files(RECEIPT) == ["a.json.tmp"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "crash_after_receipts", "receipts": 1},
        {"kind": "crash_before_ack"},
        {"kind": "truncated_upload"},
        {"kind": "crash_before_rename"},
        {"kind": "crash_before_move"},
        {"kind": "governance", "units": 330},
    ],
)
def test_a_run_that_ends_anywhere_is_repeated_without_a_second_receipt(erp: NetSuite, fault: dict[str, Any]) -> None:
    orders = [erp.order() for _ in range(3)]
    erp.put("a.json", [entry(po_id, f"R{po_id}", line_1="1") for po_id in orders])
    erp.fault(**fault)
    erp.run("import", "waybill")
    assert erp.files(RECEIPT) == ["a.json"]
    assert erp.good_run("import", "waybill") == ["a.json"]
    assert {row["result"] for row in erp.ack("a.json")["results"]} <= {"created", "already"}
    assert [erp.received(po_id)[1] for po_id in orders] == ["1", "1", "1"]
    assert erp.files(f"{RECEIPT}/ack") == ["a.ack.json"]


def test_a_delayed_run_starts_later(erp: NetSuite) -> None:
    erp.order()
    erp.fault("delayed_run", seconds=0.1)
    assert len(exported(erp)) == 2
    assert erp.sandbox.get("/admin/netsuite/faults")["faults"][0]["fired"] == 1


def test_scripts_run_by_themselves_when_told_to(erp: NetSuite) -> None:
    po_id = erp.order()
    erp.put("a.json", [entry(po_id, "R1", line_1="1")])
    erp.sandbox.change(netsuite_every_s=0.05)
    assert eventually(lambda: erp.files(f"{RECEIPT}/ack") == ["a.ack.json"])
    erp.sandbox.change(netsuite_every_s=None)
    assert erp.files(FULFILLMENT) != []

    def ran() -> set[str]:
        """What has ended: a run writes its files before it is noted."""
        return {run["script"] for run in erp.sandbox.get("/admin/netsuite/runs")["runs"]}

    assert eventually(lambda: ran() == {"export", "import"})


@pytest.mark.parametrize(
    ("login", "said"),
    [({"password": "wrong"}, "Authentication"), ({"host_key": "ssh-ed25519 AAAA"}, "host_key"), ({"port": 1}, "SFTP")],
)
def test_a_run_that_cannot_connect_says_why(erp: NetSuite, login: dict[str, Any], said: str) -> None:
    erp.sandbox.change(netsuite_sftp=login)
    assert said in erp.run("export", "waybill")["error"]


def test_a_run_without_a_server_is_a_clear_400(erp: NetSuite) -> None:
    erp.sandbox.change(netsuite_sftp=None)
    answer = erp.sandbox.admin.post("/admin/netsuite/run", json={"script": "export"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "netsuite_sftp")
