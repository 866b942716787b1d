"""SuiteQL: what is answered, how rows and pages look, and what is refused by name (reference netsuite.md 2 and 8)."""

from typing import Any

import pytest

from tests.sandbox.erp import NetSuite
from tests.sandbox.rest_client import Rest, told, why
from tests.support.sandbox import SandboxProcess

PENDING = """
SELECT t.id AS po_id, t.tranid, BUILTIN.CF(t.status) AS status, t.entity,
       TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD"T"HH24:MI:SS') AS modified,
       tl.id AS line_id, tl.uniquekey, tl.linesequencenumber, tl.item, i.itemid AS sku, tl.quantity,
       tl.quantityshiprecv, tl.units, u.conversionrate, tl.location, tl.subsidiary, tl.isclosed,
       TO_CHAR(tl.expectedreceiptdate, 'YYYY-MM-DD') AS eta
FROM transaction t JOIN transactionline tl ON tl.transaction = t.id JOIN item i ON i.id = tl.item
     LEFT JOIN unitstypeuom u ON u.internalid = tl.units
WHERE t.type = 'PurchOrd' AND BUILTIN.CF(t.status) IN ('PurchOrd:B', 'PurchOrd:D', 'PurchOrd:E')
  AND tl.mainline = 'F' AND tl.taxline = 'F' AND tl.isclosed = 'F' AND tl.quantity > NVL(tl.quantityshiprecv, 0)
  AND t.id > {after} ORDER BY t.id, tl.id
"""
STATUS = "SELECT BUILTIN.CF(status) AS status FROM transaction WHERE id = {}"
VALUE = "SELECT {} AS found FROM transaction WHERE id = 4410021"
WHERE = "SELECT id FROM transaction WHERE {}"
CASES = {"item": "SKU-3", "quantity": "2.5", "unit": "CS", "unitRate": 12, "location": 18}


def pending(rest: Rest, after: int = 0) -> list[tuple[str, str]]:
    return [(row["po_id"], row["line_id"]) for row in rest.rows(PENDING.format(after=after))]


def status(rest: Rest, po_id: str) -> str:
    [row] = rest.rows(STATUS.format(po_id))
    return row["status"]


def test_a_line_that_waits_for_goods_is_told_in_texts_under_lower_case_names(rest: Rest, books: NetSuite) -> None:
    books.order(
        {"item": "SKU-2", "quantity": 12, "location": 17, "expected": "2026-06-15"},
        poId=4410021,
        tranid="PO77",
        modified="2026-11-20T18:00:05Z",
    )
    [row] = rest.rows(PENDING.format(after=0))
    item, units = row.pop("item"), row.pop("units")
    assert (item.isdigit(), units.isdigit()) == (True, True)
    assert row == {
        "po_id": "4410021",
        "tranid": "PO77",
        "status": "PurchOrd:B",
        "entity": "600",
        "line_id": "1",
        "modified": "2026-11-20T10:00:05",
        "uniquekey": "900001",
        "linesequencenumber": "1",
        "sku": "SKU-2",
        "quantity": "12",
        "quantityshiprecv": "0",
        "conversionrate": "1",
        "location": "17",
        "subsidiary": "1",
        "isclosed": "F",
        "eta": "2026-06-15",
    }


def test_quantities_are_in_base_units_and_the_rate_leads_back_to_the_line(rest: Rest, books: NetSuite) -> None:
    po_id = books.order(CASES)
    rest.transform(po_id, {"orderLine": 1, "quantity": 0.5}, externalId="R1")
    [row] = rest.rows(PENDING.format(after=0))
    assert (row["quantity"], row["quantityshiprecv"], row["conversionrate"]) == ("30", "6", "12")
    [line] = rest.order(po_id)["item"]["items"]
    assert (line["quantity"], line["quantityReceived"], line["units"]) == (2.5, 0.5, row["units"])


def test_units_are_told_by_their_own_table(rest: Rest, books: NetSuite) -> None:
    books.order(CASES, {"item": "SKU-1", "quantity": 1})
    sql = "SELECT unitname, abbreviation, conversionrate, baseunit, unitstype FROM unitstypeuom ORDER BY unitname"
    assert rest.rows(sql) == [
        {"unitname": "CS", "abbreviation": "CS", "conversionrate": "12", "baseunit": "F", "unitstype": "1"},
        {"unitname": "EA", "abbreviation": "EA", "conversionrate": "1", "baseunit": "T", "unitstype": "1"},
    ]


def test_only_b_d_and_e_with_an_open_remainder_are_pending(rest: Rest, books: NetSuite) -> None:
    waits, received, closed, approved_later = (books.order(poId=number) for number in (1, 2, 3, 4))
    partly = books.order(poId=5)
    books.act("receive", received)
    books.act("close", closed)
    books.act("reject", approved_later)
    books.act("receive", partly, quantities={"1": 20})
    assert pending(rest) == [(waits, "1"), (waits, "4"), (partly, "4")]
    assert [status(rest, str(number)) for number in (2, 3, 4, 5)] == [
        *("PurchOrd:F", "PurchOrd:H", "PurchOrd:C", "PurchOrd:E"),
    ]
    books.act("bill", partly)
    books.act("approve", approved_later)
    assert (status(rest, partly), status(rest, approved_later)) == ("PurchOrd:D", "PurchOrd:B")


def test_a_page_goes_on_after_the_last_key(rest: Rest, books: NetSuite) -> None:
    for number in (11, 12, 13):
        books.order(poId=number)
    assert pending(rest, 11) == [("12", "1"), ("12", "4"), ("13", "1"), ("13", "4")]


def test_pages_by_offset_tell_whether_there_is_more(rest: Rest, books: NetSuite) -> None:
    for number in (11, 12, 13):
        books.order(poId=number)
    sql = "SELECT id FROM transaction WHERE type = 'PurchOrd' ORDER BY id"
    first = rest.query(sql, limit="2").json()
    assert {name: first[name] for name in ("count", "hasMore", "offset", "totalResults")} == {
        "count": 2,
        "hasMore": True,
        "offset": 0,
        "totalResults": 3,
    }
    assert first["items"][0] == {"links": [], "id": "11"}
    links = {link["rel"]: link["href"] for link in first["links"]}
    headers = {**rest.headers, "prefer": "transient"}
    second = rest.client.post(links["next"], json={"q": sql}, headers=headers).json()
    assert ([row["id"] for row in second["items"]], second["hasMore"], second["totalResults"]) == (["13"], False, 3)
    assert [link["rel"] for link in second["links"]] == ["self"]


def test_a_page_has_at_most_a_thousand_rows(rest: Rest, sandbox: SandboxProcess) -> None:
    line = {"item": "SKU-1", "quantity": 1}
    sandbox.post("/admin/netsuite/seed", {"purchaseOrders": [{"lines": [line] * 600}, {"lines": [line] * 600}]})
    body = rest.query("SELECT uniquekey FROM transactionline WHERE mainline = 'F' ORDER BY uniquekey").json()
    assert (body["count"], body["hasMore"], body["totalResults"]) == (1000, True, 1200)
    for limit in ("1001", "0", "many"):
        assert told(rest.query("SELECT id FROM item", limit=limit)) == (400, "INVALID_PARAMETER", "limit")


def test_a_query_tells_no_more_rows_than_the_limit_of_all(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    assert sandbox.get("/admin/settings")["netsuite_sql_rows"] == 100_000
    books.order()
    sandbox.change(netsuite_sql_rows=2)
    body = rest.query("SELECT linesequencenumber FROM transactionline ORDER BY uniquekey").json()
    assert (body["count"], body["hasMore"], body["totalResults"]) == (2, False, 2)
    assert told(rest.query("SELECT id FROM item", offset="2")) == (400, "INVALID_PARAMETER", "offset")


def test_the_header_prefer_transient_is_needed(rest: Rest) -> None:
    answer = rest.client.post(
        "/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM item"}, headers=rest.headers
    )
    assert told(answer) == (400, "INVALID_HEADER", "Prefer")


@pytest.mark.parametrize("body", [{}, {"q": 1}, {"q": "SELECT id FROM item", "params": []}, [], "q"])
def test_the_body_has_the_query_and_nothing_else(rest: Rest, body: Any) -> None:
    headers = {**rest.headers, "prefer": "transient"}
    answer = rest.client.post("/services/rest/query/v1/suiteql", json=body, headers=headers)
    assert told(answer)[:2] == (400, "INVALID_CONTENT")


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT t.quantityreceived FROM transactionline t", "t.quantityreceived"),
        ("SELECT id FROM transaction WHERE subsidiary = 1", "subsidiary"),
        ("SELECT x.id FROM transaction t", "x.id"),
        ("SELECT x_type FROM transaction", "x_type"),
        ("SELECT id FROM customer", "customer"),
        ("SELECT id FROM sqlite_master", "sqlite_master"),
        ("SELECT DECODE(id, 1, 2) FROM item", "DECODE"),
        ("SELECT BUILTIN.CONSOLIDATE(id) FROM item", "BUILTIN.CONSOLIDATE"),
        ("SELECT TO_CHAR(trandate, 'Q') FROM transaction", "Q"),
        ("SELECT TO_CHAR(trandate) FROM transaction", "TO_CHAR"),
        ("SELECT id FROM item LIMIT 5", "LIMIT"),
        ("SELECT id FROM item UNION SELECT id FROM location", "UNION"),
        ("SELECT i.id FROM item i RIGHT JOIN location l ON l.id = i.id", "RIGHT"),
        ("SELECT id FROM item WHERE id = :id", ":id"),
        ("SELECT id FROM item WHERE id = ?", "?"),
        ("SELECT * FROM item", "*"),
        ("SELECT id FROM item; SELECT id FROM item", ";"),
        ("UPDATE item SET id = 1", "UPDATE"),
        ("SELECT id FROM transaction t JOIN transactionline tl ON tl.transaction = t.id", "ambiguous"),
        ("SELECT t.id, tl.id FROM transaction t JOIN transactionline tl ON tl.transaction = t.id", "twice"),
        ("SELECT id FROM transaction WHERE status = 'B'", "BUILTIN.CF(status)"),
        ("SELECT id FROM transaction WHERE SUM(id) > 1", "SUM"),
        ("SELECT id FROM", "the end of the query"),
        ("SELECT " + "(" * 5000, "recursion"),
        ("", "SELECT"),
    ],
)
def test_what_is_not_known_is_refused_by_name(rest: Rest, books: NetSuite, sql: str, named: str) -> None:
    books.order()
    answer = rest.query(sql)
    assert told(answer) == (400, "INVALID_PARAMETER", "q")
    assert named.lower() in why(answer).lower()


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("status", "B"),
        ("BUILTIN.CF(status)", "PurchOrd:B"),
        ("BUILTIN.DF(status)", "Purchase Order : Pending Receipt"),
        ("BUILTIN.DF(approvalstatus)", "Approved"),
        ("memo", None),
        ("NVL(memo, 'none')", "none"),
        ("COALESCE(NULL, memo, tranid)", "PO4410021"),
        ("NULLIF(type, 'PurchOrd')", None),
        ("createddate", "11/20/2026"),
        ("TO_CHAR(createddate, 'DD.MM.YYYY HH24:MI')", "20.11.2026 22:30"),
        ("LOWER(tranid) || '-' || UPPER('x')", "po4410021-X"),
        ("'it''s'", "it's"),
        ("(1 + 2) * 3 - 4 / 8", "8.5"),
        ("0.1 + 0.2", "0.3"),
        ("-ROUND(2.345, 1) + ABS(-1)", "-1.3"),
        ("TO_NUMBER('2.50')", "2.5"),
        ("CASE WHEN type = 'PurchOrd' THEN 'order' ELSE 'other' END", "order"),
        ("LENGTH(TRIM(' ab '))", "2"),
    ],
)
def test_expressions_have_their_values(rest: Rest, books: NetSuite, expression: str, found: str | None) -> None:
    books.order(poId=4410021, created="2026-11-21T06:30:00Z")
    [row] = rest.rows(VALUE.format(expression))
    assert row.get("found") == found


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("id IN (1, 4410021) AND id NOT IN (7)", True),
        ("id BETWEEN 4410020 AND 4410022", True),
        ("tranid LIKE 'PO%21' AND tranid NOT LIKE 'po%'", True),
        ("memo IS NULL AND tranid IS NOT NULL", True),
        ("NOT (id = 1 OR id <> 4410021)", True),
        ("id = '4410021'", True),
        ("createddate >= TO_DATE('2026-11-20', 'YYYY-MM-DD')", True),
        ("createddate > TO_TIMESTAMP('2026-11-20 22:30:00', 'YYYY-MM-DD HH24:MI:SS')", False),
        ("trandate = TO_DATE('20/11/2026', 'DD/MM/YYYY')", True),
        ("id IN (SELECT tl.transaction FROM transactionline tl WHERE tl.quantity > 15)", True),
        ("(SELECT COUNT(*) FROM transactionline tl WHERE tl.transaction = id AND mainline = 'F') = 3", False),
        ("id IN (SELECT id FROM transaction ORDER BY id DESC FETCH FIRST 1 ROWS ONLY)", True),
    ],
)
def test_conditions_hold_or_not(rest: Rest, books: NetSuite, condition: str, holds: bool) -> None:
    books.order(poId=4410021, created="2026-11-21T06:30:00Z")
    found = rest.rows(WHERE.format(condition))
    assert found == ([{"id": "4410021"}] if holds else [])


def test_rows_can_be_grouped_ordered_and_cut(rest: Rest, books: NetSuite) -> None:
    for number in (1, 2, 3):
        books.order(poId=number)
    books.act("receive", "2", quantities={"1": 5})
    sql = """SELECT t.id po, SUM(tl.quantityshiprecv) AS received, COUNT(DISTINCT tl.item) items
             FROM transaction t, transactionline tl
             WHERE tl.transaction = t.id AND t.type = 'PurchOrd' AND tl.mainline = 'F'
             GROUP BY t.id HAVING SUM(tl.quantityshiprecv) < 5 ORDER BY po DESC FETCH FIRST 5 ROWS ONLY"""
    assert rest.rows(sql) == [
        {"po": "3", "received": "0", "items": "2"},
        {"po": "1", "received": "0", "items": "2"},
    ]


def test_item_receipts_are_found_by_external_id_with_their_lines(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    for number in (1, 2):
        body: dict[str, Any] = {"externalId": f"WB-RCPT-{number}", "tranDate": "2026-11-20"}
        rest.transform(po_id, {"orderLine": 1, "quantity": number}, {"orderLine": 4, "itemReceive": False}, **body)
    sql = """SELECT t.id, t.externalid, t.tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS day, tl.createdfrom, tl.quantity
             FROM transaction t JOIN transactionline tl ON tl.transaction = t.id AND tl.mainline = 'F'
             WHERE t.type = 'ItemRcpt' AND t.externalid IN ('WB-RCPT-2', 'WB-RCPT-1', 'WB-RCPT-9') ORDER BY t.id"""
    assert rest.rows(sql) == [
        {
            "id": str(990 + number),
            "externalid": f"WB-RCPT-{number}",
            "tranid": f"IR{990 + number}",
            "day": "2026-11-20",
            "createdfrom": po_id,
            "quantity": str(number),
        }
        for number in (1, 2)
    ]


def test_what_changes_by_any_door_is_in_the_next_query(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    po_id = books.order()
    assert pending(rest) == [(po_id, "1"), (po_id, "4")]
    books.act("amend", po_id, line=1, quantity=30)
    books.act("add_line", po_id, new={"item": "SKU-9", "quantity": 1})
    assert [row["quantity"] for row in rest.rows(PENDING.format(after=0))] == ["30", "12", "1"]
    rest.transform(po_id, externalId="R1")
    assert pending(rest) == []
    sandbox.post("/admin/wrongs", {"kind": "lost_receipt", "poId": po_id})
    assert len(pending(rest)) == 3


def test_after_a_reset_nothing_is_left(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    books.order()
    assert len(pending(rest)) == 2
    sandbox.post("/admin/reset")
    rest = Rest(sandbox, rest.client)
    assert (pending(rest), rest.rows("SELECT id FROM item")) == ([], [])
