"""Asynchronous requests and idempotency keys (reference netsuite.md 8, "Async" and "Idempotency")."""

from typing import Any

import httpx

from tests.sandbox.bodies import eventually
from tests.sandbox.erp import NetSuite
from tests.sandbox.rest_client import Rest, told
from tests.support.sandbox import SandboxProcess

ASYNC = {"prefer": "respond-async"}
KEY = "X-NetSuite-Idempotency-Key"
FIRST_KEY, SECOND_KEY = "5f1d5d53-72a3-4c3f-8ea9-0f66a24a2a11", "d3c9a1de-1f2c-4b3e-9b64-30dd62e1a5a2"


def read(rest: Rest, path: str) -> httpx.Response:
    return rest.client.get(path, headers=rest.headers)


def ended(rest: Rest, job: str) -> dict[str, Any]:
    """The job, which has come to its end."""
    assert eventually(lambda: read(rest, job).json()["completed"] is True)
    told_job: dict[str, Any] = read(rest, job).json()
    return told_job


def test_a_transform_can_be_taken_in_and_followed_to_its_result(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    answer = rest.transform(po_id, {"orderLine": 1, "quantity": 1.5}, externalId="R1", headers=ASYNC)
    job = answer.headers["location"]
    assert (answer.status_code, job, answer.content) == (202, "/services/rest/async/v1/job/1", b"")
    shown = ended(rest, job)
    base = rest.sandbox.admin_url
    assert shown == {
        "links": [{"rel": "self", "href": f"{base}{job}"}],
        "id": "1",
        "completed": True,
        "progress": "succeeded",
        "task": {"links": [{"rel": "self", "href": f"{base}{job}/task"}]},
    }
    [task] = read(rest, shown["task"]["links"][0]["href"]).json()["items"]
    one = read(rest, task["links"][0]["href"]).json()
    assert (task["id"], one["completed"], one["progress"], one["startTime"][-1]) == ("1", True, "succeeded", "Z")
    [result_link] = [link["href"] for link in one["links"] if link["rel"] == "related"]
    result = read(rest, result_link)
    made = rest.receipt("eid:R1")["id"]
    assert (result.status_code, result.headers["location"].rsplit("/", 1)[1]) == (204, made)
    assert books.received(po_id) == {1: "1.5", 4: "12"}


def test_nothing_is_received_before_the_job_is_done(rest: Rest, books: NetSuite, sandbox: SandboxProcess) -> None:
    sandbox.change(netsuite_job_delay_s=4)
    po_id = books.order()
    job = rest.transform(po_id, headers=ASYNC).headers["location"]
    waiting = read(rest, job).json()
    assert (waiting["completed"], waiting["progress"], books.received(po_id)) == (False, "pending", {1: "0", 4: "0"})
    assert read(rest, f"{job}/task/1").json()["progress"] == "pending"
    assert read(rest, f"{job}/task/1/result").status_code == 404
    ended(rest, job)
    assert books.received(po_id) == {1: "20", 4: "12"}


def test_a_job_that_is_refused_tells_why_in_its_result(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    rest.transform(po_id, {"orderLine": 1, "quantity": 1}, externalId="R1")
    job = rest.transform(books.order(), externalId="R1", headers=ASYNC).headers["location"]
    assert ended(rest, job)["progress"] == "failed"
    assert told(read(rest, f"{job}/task/1/result")) == (400, "DUP_RCRD", "")


def test_a_key_that_came_before_names_the_first_job(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    first = rest.transform(po_id, externalId="R1", headers={**ASYNC, KEY: FIRST_KEY})
    again = rest.transform(po_id, externalId="R1", headers={**ASYNC, KEY: FIRST_KEY})
    other = rest.transform(po_id, externalId="R1", headers={**ASYNC, KEY: SECOND_KEY})
    assert (told(again)[:2], again.headers["location"]) == ((400, "IDEMPOTENCY_ERROR"), first.headers["location"])
    assert (other.status_code, ended(rest, other.headers["location"])["progress"]) == (202, "failed")
    assert len(books.read(po_id)["receipts"]) == 1


def test_a_key_of_a_call_that_is_not_asynchronous_is_ignored(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    part = {"orderLine": 1, "quantity": 1}, {"orderLine": 4, "itemReceive": False}
    assert [rest.transform(po_id, *part, headers={KEY: FIRST_KEY}).status_code for _ in range(2)] == [204, 204]
    assert books.received(po_id)[1] == "2"


def test_a_job_needs_no_more_than_one_call_and_outlives_its_token(
    rest: Rest, books: NetSuite, sandbox: SandboxProcess
) -> None:
    sandbox.change(netsuite_job_delay_s=0.1)
    po_id = books.order()
    rest.transform(po_id, headers=ASYNC)
    sandbox.post("/admin/expire-tokens", {"system": "netsuite"})
    assert eventually(lambda: books.received(po_id) == {1: "20", 4: "12"})


def test_an_unknown_job_is_404(rest: Rest) -> None:
    assert told(read(rest, "/services/rest/async/v1/job/77"))[:2] == (404, "NONEXISTENT_ID")
