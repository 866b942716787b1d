"""Purchase orders come over REST exactly as our own file format tells them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Contract, Rejected, Throttled
from connectors.netsuite.session import Page, Session
from connectors.po_files.assembly import purchase_orders
from connectors.po_files.formats import LAYOUTS, PoFileFormat
from connectors.po_files.reading import PoFileReader
from domain.purchase_order import PoStatus
from tests.netsuite_rest.account import LINES, Account, answering
from tests.support.raw_server import RawServer, an_answer

ROW = {
    "po_id": "1",
    "tranid": "PO1",
    "status": "PurchOrd:B",
    "modified": "2026-11-20T10:15:00",
    "line_id": "3",
    "uniquekey": "9",
    "sku": "X",
    "quantity": "5",
    "received": "0",
    "location": "17",
    "isclosed": "F",
}


def test_a_purchase_order_is_told_whole_with_quantities_in_each_lines_own_unit(account: Account) -> None:
    po_id = account.order()
    account.act("receive", po_id, quantities={"1": 4, "4": 1.5})
    (told,) = account.client().pending_orders().told
    assert told.po is not None
    assert (told.bad, told.po.status, told.po.number) == ((), PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED, "PO4410021")
    lines = {line.line_id: line for line in told.po.lines}
    assert (lines["4"].quantity, lines["4"].received, lines["4"].unit_rate) == (Decimal(3), Decimal("1.5"), Decimal(12))
    assert (lines["1"].sku, lines["1"].facility, str(lines["1"].arrival)) == ("SHOE-42", "17", "2026-11-30")
    assert [line.line_id for line in told.po.lines if line.closed] == ["7"]


def test_a_file_and_rest_tell_the_same_purchase_order(account: Account) -> None:
    po_id = account.order(modified="2026-11-20T10:15:00Z")
    account.act("receive", po_id, quantities={"1": 4, "4": 1.5})
    (by_rest,) = account.client().pending_orders().told
    reader = PoFileReader([our_file(account.sandbox.get(f"/admin/netsuite/purchase-orders/{po_id}"))])
    rows = [row for batch in reader.batches() for row in batch.rows]
    (by_file,) = purchase_orders(rows, reader.format, "gt")
    assert by_rest == by_file


def our_file(order: Mapping[str, Any]) -> bytes:
    """The purchase order as a file of our format, from what the sandbox's admin API shows."""
    modified = f"{datetime.fromtimestamp(order['lastModifiedDate'] // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    rows = [
        (
            *(order["poId"], order["tranid"], order["status"], line["line"], line["uniqueKey"], line["item"]),
            *(line["quantity"], line["unit"], line["unitRate"], line["received"], "T" if line["closed"] else "F"),
            *(line["location"] or "", line["expected"] or "", modified),
        )
        for line in order["lines"]
    ]
    header = LAYOUTS[PoFileFormat.WAYBILL].header
    body = "".join(f"{','.join(map(str, row))}\n" for row in [[header], *rows]).encode()
    return body + f"#end,{len(rows)},{sha256(body).hexdigest()}\n".encode()


def test_what_is_received_closed_or_not_approved_is_not_pending(account: Account) -> None:
    account.order(4410021)
    account.order(4410022, approval="pending")
    account.order(4410023)
    account.order(4410024)
    account.act("close", "4410023")
    account.act("receive", "4410024")
    told = account.client().pending_orders().told
    assert [each.po_id for each in told] == ["4410021"]


def test_given_purchase_orders_are_told_of_any_status_and_unknown_ones_are_absent(account: Account) -> None:
    account.order(4410021)
    account.order(4410022)
    account.act("close", "4410022")
    told = account.client().orders(["4410021", "4410022", "999"])
    assert {po_id: each.po and each.po.status for po_id, each in told.items()} == {
        "4410021": PoStatus.PENDING_RECEIPT,
        "4410022": PoStatus.CLOSED,
    }


@pytest.mark.parametrize("page_rows", [1, 2, 3, 4, 5, 1000])
def test_pages_of_any_size_tell_every_purchase_order_whole_and_once(account: Account, page_rows: int) -> None:
    for number in range(4):
        account.order(4410021 + number, LINES[: number % 3 + 1] if number % 3 < 2 else LINES)
    client, found, after = account.client(page_rows=page_rows), list[tuple[str, int]](), None
    while True:
        page = client.pending_orders(after)
        found += [(each.po_id, len(each.po.lines)) for each in page.told if each.po]
        if page.after is None:
            break
        after = page.after
    assert found == [("4410021", 1), ("4410022", 2), ("4410023", 3), ("4410024", 1)]
    assert {po_id: len(each.po.lines) for po_id, each in client.orders(dict(found)).items() if each.po} == dict(found)


FIVE = [{"line": at, "item": f"SKU-{at}", "quantity": 5, "location": 17} for at in range(1, 6)]
SOCK = {"line": 9, "item": "SOCK", "quantity": 50, "location": 17}


@pytest.mark.parametrize(
    ("acts", "open_lines"),
    [
        ([("reject", {})], None),
        ([("reject", {}), ("approve", {})], "1 2 3 4 5"),
        ([("close", {"line": 1})], "2 3 4 5"),
        ([("add_line", {"new": SOCK})], "1 2 3 4 5 9"),
        ([("delete", {})], None),
    ],
)
def test_an_order_of_several_pages_that_somebody_changes_between_them_is_never_told_by_half(
    account: Account, monkeypatch: pytest.MonkeyPatch, acts: list[tuple[str, dict[str, Any]]], open_lines: str | None
) -> None:
    po_id = account.order(lines=FIVE, modified="2026-11-20T10:15:00Z")
    due, real = list(acts), Session.query

    def query(session: Session, *asked: Any) -> Page:
        page = real(session, *asked)
        if due:
            action, more = due.pop(0)
            account.act(action, po_id, **more)
        return page

    monkeypatch.setattr(Session, "query", query)
    told = account.client(page_rows=2).pending_orders().told
    lines = [[line.line_id for line in each.po.open_lines] for each in told if each.po]
    assert (lines, [each.bad for each in told]) == (([open_lines.split()], [()]) if open_lines else ([], []))


def test_an_order_of_several_pages_that_is_changed_again_and_again_is_left_for_later(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.order(lines=FIVE)
    real, seconds = Session.query, iter(range(60))

    def query(session: Session, *asked: Any) -> Page:
        page, now = real(session, *asked), f"2026-11-20T10:15:{next(seconds):02}"
        return page._replace(rows=[{**row, "modified": now} for row in page.rows])

    monkeypatch.setattr(Session, "query", query)
    with pytest.raises(Throttled, match="4410021 was changed by others while its lines were read"):
        account.client(page_rows=2).pending_orders()


def test_a_line_that_makes_no_sense_is_told_with_its_id_and_the_others_stand(account: Account) -> None:
    account.order(lines=[LINES[0], {"item": "BOOT", "quantity": 5}])
    (told,) = account.client().pending_orders().told
    assert told.po is not None
    assert [line.line_id for line in told.po.lines] == ["1"]
    (bad,) = told.bad
    assert (bad.number, bad.column, bad.po_id) == (4, "facility_id", "4410021")
    assert "set the line's location in NetSuite" in bad.reason


def test_a_line_of_nothing_is_told_as_closed_and_the_others_stand(account: Account) -> None:
    account.order(lines=[LINES[0], {"line": 4, "item": "BOOT", "quantity": 0}])
    (told,) = account.client().pending_orders().told
    assert told.po is not None
    assert told.bad == ()
    lines = [(line.line_id, line.quantity, line.closed) for line in told.po.lines]
    assert lines == [("1", Decimal(24), False), ("4", Decimal(0), True)]


def test_names_that_look_like_numbers_stay_as_they_are(account: Account) -> None:
    skus = ["1.10", "5E3", "7E9999999", "1E999999"]
    lines = [{"line": at, "item": sku, "quantity": 2.50, "location": 17} for at, sku in enumerate(skus, 1)]
    account.order(lines=lines, tranid="2026.10")
    (told,) = account.client().pending_orders().told
    assert told.po is not None
    assert (told.po.number, [line.sku for line in told.po.lines]) == ("2026.10", skus)
    assert {line.quantity for line in told.po.lines} == {Decimal("2.5")}


def test_a_number_of_a_million_digits_is_a_problem_of_its_line(tmp_path: Path) -> None:
    page = {"count": 1, "hasMore": False, "items": [ROW | {"quantity": "1E999999"}]}
    with answering(tmp_path, json.dumps(page).encode()) as client:
        (each,) = client.pending_orders().told
    assert (each.po, each.bad[0].column, each.bad[0].value) == (None, "quantity", "1E999999")


@pytest.mark.parametrize("column", ["quantity", "received"])
def test_a_negative_quantity_is_told_as_a_problem_never_as_goods_to_receive(tmp_path: Path, column: str) -> None:
    page = {"count": 1, "hasMore": False, "items": [ROW | {column: "-3"}]}
    with answering(tmp_path, json.dumps(page).encode()) as client:
        (each,) = client.pending_orders().told
    assert each.po is None
    assert each.bad[0].reason == "is negative"


def test_a_quantity_without_an_exact_value_in_the_lines_unit_is_told_never_rounded(tmp_path: Path) -> None:
    row = (
        b'{"po_id":"1","tranid":"PO1","status":"PurchOrd:B","modified":"2026-11-20T10:15:00","line_id":"3",'
        b'"uniquekey":"9","sku":"X","quantity":"10","received":"0","unit":"TRIO","rate":"3","location":"17",'
        b'"isclosed":"F"}'
    )
    with answering(tmp_path, b'{"count":1,"hasMore":false,"items":[' + row + b"]}") as client:
        (each,) = client.pending_orders().told
    assert each.po is None
    assert "no exact decimal value" in each.bad[0].reason


def test_a_text_that_was_cut_inside_a_character_is_told_with_a_mark(tmp_path: Path) -> None:
    page = {"count": 1, "hasMore": False, "items": [ROW | {"tranid": "PO\ud83d", "sku": "X\x001"}]}
    with answering(tmp_path, json.dumps(page).encode()) as client:
        (each,) = client.pending_orders().told
    assert each.po
    assert (each.po.number, each.po.lines[0].sku) == ("PO\ufffd", "X\ufffd1")


def test_a_refusal_is_told_without_a_character_that_a_database_refuses(tmp_path: Path) -> None:
    said = {"o:errorDetails": [{"o:errorCode": "BAD", "detail": "cut \ud83d\0"}]}
    with (
        answering(tmp_path, json.dumps(said).encode(), status="400 Bad Request") as client,
        pytest.raises(Rejected, match=r"BAD: cut \ufffd\ufffd$"),
    ):
        client.pending_orders()


@pytest.mark.parametrize("modified", ["9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_utc_cannot_tell_is_told_as_a_problem(tmp_path: Path, modified: str) -> None:
    page = {"count": 1, "hasMore": False, "items": [ROW | {"modified": modified}]}
    with answering(tmp_path, json.dumps(page).encode()) as client:
        (each,) = client.pending_orders().told
    assert (each.po, each.bad[0].column) == (None, "modified_at")


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (b'{"hasMore":true,"items":[]}', "rows in order behind"),
        (
            b'{"hasMore":false,"items":[{"po_id":"2","line_id":"1"},{"po_id":"1","line_id":"1"}]}',
            "rows in order behind",
        ),
        (b'{"hasMore":false,"items":[{"po_id":"x","line_id":"1"}]}', "ids of order and line"),
        (b'{"hasMore":false}', "a list of rows"),
    ],
)
def test_a_page_that_could_skip_or_repeat_purchase_orders_is_refused(tmp_path: Path, rows: bytes, why: str) -> None:
    with answering(tmp_path, rows) as client, pytest.raises(Contract, match=why):
        client.pending_orders()


def test_an_order_is_deleted_only_where_netsuite_itself_has_none_of_its_id(account: Account) -> None:
    account.order(4410021)
    account.order(4410022)
    account.act("delete", "4410022")
    assert account.client().deleted(["4410021", "4410022"]) == {"4410022"}
    token = [an_answer(b'{"access_token":"t","expires_in":"3600"}')]
    with RawServer(token, [an_answer(b"<html>no such page</html>", "404 Not Found")]) as server:
        assert account.client(base_url=server.url).deleted(["4410022"]) == frozenset()


def test_orders_whose_records_are_not_answered_keep_few_others_from_being_asked_for(account: Account) -> None:
    ids = [account.order(4410021 + number) for number in range(8)]
    for po_id in ids:
        account.act("delete", po_id)
    sick = {"status": 500, "system": "netsuite", "method": "GET"}
    one = account.sandbox.fault("status", path_regex=f"/purchaseOrder/{ids[0]}$", **sick)
    assert account.client().deleted(ids) == {*ids[1:]}
    account.sandbox.admin.delete(f"/admin/faults/{one['id']}")
    account.sandbox.fault("status", path_regex="/purchaseOrder/[0-9]+$", **sick)
    asked = len(account.calls("GET", "/purchaseOrder/"))
    assert account.client().deleted(ids) == frozenset()
    assert len(account.calls("GET", "/purchaseOrder/")) - asked == 5
