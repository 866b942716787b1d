"""NetSuite over REST when it goes wrong: faults, late sight, the account's slots (reference netsuite.md 4, 8, 9)."""

import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import httpx
import pytest

from tests.sandbox.bodies import eventually
from tests.sandbox.erp import NetSuite
from tests.sandbox.rest_client import Rest, told
from tests.support.ports import closed_port
from tests.support.sandbox import SandboxProcess

FOUND = "SELECT t.id FROM transaction t WHERE t.type = 'ItemRcpt' AND t.externalid = 'R1'"
RECEIVED = """
SELECT BUILTIN.CF(t.status) AS status, SUM(tl.quantityshiprecv) AS received
FROM transaction t JOIN transactionline tl ON tl.transaction = t.id WHERE t.id = {} GROUP BY BUILTIN.CF(t.status)
"""


@pytest.mark.parametrize(("when", "receipts"), [("before", 0), ("after", 1)])
def test_a_transform_can_be_cut_before_or_after_it_is_applied(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess, when: str, receipts: int
) -> None:
    po_id = books.order()
    sandbox.fault("drop", system="netsuite", path_regex="!transform", when=when, next=1)
    with pytest.raises(httpx.ReadError):
        rest.transform(po_id, externalId="R1")
    assert len(books.read(po_id)["receipts"]) == receipts
    [call] = sandbox.calls(system="netsuite", fault="drop")
    assert (call["status"], call["applied"]) == (0, bool(receipts))
    assert rest.transform(po_id, externalId="R1").status_code == (400 if receipts else 204)


@pytest.mark.parametrize(("status", "is_json"), [(500, True), (429, True), (400, True), (503, False), (504, False)])
def test_an_error_can_hide_an_applied_transform(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess, status: int, is_json: bool
) -> None:
    po_id = books.order()
    sandbox.fault("status", system="netsuite", status=status, when="after")
    answer = rest.transform(po_id)
    assert (answer.status_code, answer.headers["content-type"]) == (
        *(status, "application/json" if is_json else "text/html"),
    )
    assert len(books.read(po_id)["receipts"]) == 1


def test_a_fault_can_say_any_error_code(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", system="netsuite", status=400, code="RCRD_HAS_BEEN_CHANGED")
    assert told(rest.transform(books.order())) == (400, "RCRD_HAS_BEEN_CHANGED", "")


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "wrong_types", "empty"])
def test_garbage_takes_the_place_of_a_query_and_of_a_204(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess, garbage: str
) -> None:
    po_id = books.order()
    sandbox.fault("garbage", system="netsuite", garbage=garbage, when="after")
    query, transform = rest.query("SELECT id FROM item"), rest.transform(po_id)
    assert (query.status_code, transform.status_code, books.received(po_id)) == (200, 200, {1: "20", 4: "12"})
    if garbage == "wrong_types":
        assert isinstance(query.json()["items"], str | dict)
    else:
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|Invalid"):
            query.json()


def test_an_error_can_come_with_status_200(rest: Rest, sandbox: SandboxProcess) -> None:
    sandbox.fault("soft_error", system="netsuite", message="no luck")
    assert told(rest.query("SELECT id FROM item")) == (200, "UNEXPECTED_ERROR", "")


def test_faults_of_other_systems_leave_netsuite_alone(
    rest: Rest, books: NetSuite, hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", system="hotwax")
    sandbox.fault("status", path="/services/rest/record")
    assert rest.query("SELECT id FROM item").status_code == 200
    assert (rest.transform(books.order()).status_code, hotwax.get("/oms/facilities").status_code) == (503, 503)


def test_calls_are_counted_by_route(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    for _ in range(2):
        rest.transform(books.order())
    rows = sandbox.get("/admin/counts")["calls"]
    routes = {row["route"]: (row["system"], row["status"], row["count"]) for row in rows}
    assert routes["/services/rest/record/v1/purchaseOrder/{id}/!transform/itemReceipt"] == ("netsuite", 204, 2)


def sees(rest: Rest) -> tuple[bool, bool]:
    """Whether queries and look-ups by external id see the receipt."""
    by_eid = rest.get("/record/v1/itemReceipt/eid:R1").status_code == 200
    return rest.rows(FOUND) != [], by_eid


def test_a_new_receipt_shows_late_to_queries_and_by_external_id(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess
) -> None:
    sandbox.change(netsuite_visibility_delay_s=5)
    po_id = books.order()
    made = rest.transform(po_id, externalId="R1").headers["location"].rsplit("/", 1)[1]
    assert sees(rest) == (False, False)
    assert rest.rows(RECEIVED.format(po_id)) == [{"status": "PurchOrd:B", "received": "0"}]
    assert (rest.receipt(made)["externalId"], rest.order(po_id)["orderStatus"]["id"]) == ("R1", "F")
    assert told(rest.transform(books.order(), externalId="R1"))[1] == "DUP_RCRD"
    assert eventually(lambda: sees(rest) == (True, True))
    assert rest.rows(RECEIVED.format(po_id)) == [{"status": "PurchOrd:F", "received": "32"}]


def test_a_fault_can_delay_one_receipt(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    sandbox.fault("delayed_visibility", system="netsuite", path="ItemReceipt", body="R1", seconds=60)
    rest.transform(books.order(), externalId="R2")
    rest.transform(books.order(), externalId="R1")
    assert sees(rest) == (False, False)
    assert rest.get("/record/v1/itemReceipt/eid:R2").status_code == 200


@pytest.mark.parametrize(("status", "code"), [(429, "CONCURRENCY_LIMIT_EXCEEDED"), (400, "SSS_REQUEST_LIMIT_EXCEEDED")])
def test_a_call_beyond_the_limit_is_refused_at_once_and_not_applied(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess, pool: ThreadPoolExecutor, status: int, code: str
) -> None:
    sandbox.change(netsuite_concurrency=2, netsuite_limit_status=status)
    po_id = books.order()
    sandbox.fault("stall", system="netsuite", path="/services/rest/query")
    held = [pool.submit(rest.query, "SELECT id FROM item") for _ in range(2)]
    assert eventually(lambda: sandbox.get("/admin/netsuite/concurrency")["busy"] == 2)
    answer = rest.transform(po_id)
    assert (told(answer), "retry-after" in answer.headers) == ((status, code, ""), False)
    assert books.read(po_id)["receipts"] == []
    assert rest.ask_token(rest.assertion()).status_code == 200
    sandbox.post("/admin/release")
    assert {future.result().status_code for future in held} == {200}
    assert rest.transform(po_id).status_code == 204


def test_a_call_that_was_cut_gives_its_slot_back(rest: Rest, sandbox: SandboxProcess) -> None:
    sandbox.change(netsuite_concurrency=1)
    sandbox.fault("drop", system="netsuite", path="/services/rest/query", next=1)
    with pytest.raises(httpx.ReadError):
        rest.query("SELECT id FROM item")
    assert rest.query("SELECT id FROM item").status_code == 200


def test_the_slots_tell_how_busy_they_were(rest: Rest, sandbox: SandboxProcess, pool: ThreadPoolExecutor) -> None:
    sandbox.change(netsuite_concurrency=4)
    sandbox.fault("stall", system="netsuite")
    sandbox.admin.delete("/admin/netsuite/concurrency")
    held = [pool.submit(rest.query, "SELECT id FROM item") for _ in range(4)]
    assert eventually(lambda: len(sandbox.get("/admin/held")["held"]) == 4)
    start = time.monotonic()
    assert [rest.query("SELECT id FROM item").status_code for _ in range(2)] == [429, 429]
    busy_s = time.monotonic() - start
    sandbox.post("/admin/release")
    wait(held)
    slots = sandbox.admin.delete("/admin/netsuite/concurrency").json()
    counts = {name: slots[name] for name in ("limit", "busy", "peak", "served", "refused")}
    assert counts == {"limit": 4, "busy": 0, "peak": 4, "served": 4, "refused": 2}
    assert 4 * busy_s <= slots["busySlotSeconds"] <= 4 * slots["seconds"]
    assert slots["utilization"] == pytest.approx(slots["busySlotSeconds"] / (4 * slots["seconds"]), abs=1e-4)
    assert sandbox.get("/admin/netsuite/concurrency")["served"] == 0


def test_fifteen_callers_use_fifteen_slots_and_none_is_refused(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess, pool: ThreadPoolExecutor
) -> None:
    sandbox.change(netsuite_concurrency=15, record="counts")
    paths = [f"/record/v1/purchaseOrder/{books.order()}" for _ in range(15)]
    sandbox.fault("latency", system="netsuite", path="/services/rest/record", seconds=0.1)
    answers = list(pool.map(lambda number: rest.get(paths[number % 15]).status_code, range(150)))
    slots = sandbox.get("/admin/netsuite/concurrency")
    assert (set(answers), slots["served"], slots["refused"], slots["peak"]) == ({200}, 150, 0, 15)
    assert slots["busySlotSeconds"] >= 15


def client_of(sandbox: SandboxProcess) -> httpx.Client:
    return httpx.Client(base_url=sandbox.netsuite_url, trust_env=False, timeout=30)


def test_a_restart_keeps_tokens_receipts_and_what_is_still_hidden(tmp_path: Path) -> None:
    with closed_port() as port:
        _restart(tmp_path, port)


def _restart(tmp_path: Path, port: int) -> None:
    with SandboxProcess(tmp_path, port=port) as first, client_of(first) as client:
        rest, books = Rest(first, client), NetSuite(first, tmp_path)
        seen, hidden = books.order(), books.order()
        rest.transform(seen, externalId="R0")
        first.change(netsuite_visibility_delay_s=3600)
        rest.transform(hidden, externalId="R1")
    with SandboxProcess(tmp_path, port=port) as second, client_of(second) as client:
        rest.client, rest.sandbox = client, second
        assert [rest.order(po_id)["orderStatus"]["id"] for po_id in (seen, hidden)] == ["F", "F"]
        assert rest.rows(RECEIVED.format(seen)) == [{"status": "PurchOrd:F", "received": "32"}]
        assert rest.rows(RECEIVED.format(hidden)) == [{"status": "PurchOrd:B", "received": "0"}]
        assert (sees(rest), rest.receipt("eid:R0")["externalId"]) == ((False, False), "R0")
