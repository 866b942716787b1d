"""Each kind of fault as a real client meets it, and whether the call was applied all the same."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import eventually, invoice, order, slip
from tests.sandbox.conftest import TOWN
from tests.support.sandbox import SandboxProcess

INVOICE, SLIP = "/Document/Ordertoinvoice", "/Transfer/Slip"


def post(client: httpx.Client, path: str = SLIP, body: dict[str, Any] | None = None) -> httpx.Response:
    return client.post(path, json=body or slip(), timeout=20)


def made(sandbox: SandboxProcess) -> int:
    counts = sandbox.get("/admin/counts")
    return int(counts["invoices"]) + int(counts["slips"])


@pytest.mark.parametrize(("when", "documents"), [("before", 0), ("after", 1)])
def test_a_dropped_call_is_a_reset_connection(
    retailpro: httpx.Client, sandbox: SandboxProcess, when: str, documents: int
) -> None:
    sandbox.fault("drop", when=when, next=1)
    with pytest.raises(httpx.ReadError):
        post(retailpro)
    assert made(sandbox) == documents
    [call] = sandbox.calls(system="retailpro")
    assert (call["status"], call["fault"], call["applied"]) == (0, "drop", bool(documents))
    assert post(retailpro).status_code == (409 if documents else 200)


@pytest.mark.parametrize("retry_after", [None, 2, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_429_comes_with_or_without_retry_after(
    retailpro: httpx.Client, sandbox: SandboxProcess, retry_after: str | int | None
) -> None:
    sandbox.fault("status", status=429, retry_after=retry_after)
    answer = post(retailpro)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, retry_after and str(retry_after))
    assert made(sandbox) == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("when", "documents"), [("before", 0), ("after", 1)])
def test_a_server_error_can_hide_an_applied_call(
    retailpro: httpx.Client, sandbox: SandboxProcess, status: int, when: str, documents: int
) -> None:
    sandbox.fault("status", status=status, when=when)
    assert post(retailpro).status_code == status
    assert made(sandbox) == documents


def test_an_error_can_come_with_status_200(
    retailpro: httpx.Client, hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("soft_error", message="no luck")
    assert post(retailpro).json() == {"success": False, "Message": "no luck"}
    answer = hotwax.get("/oms/facilities")
    assert (answer.status_code, answer.json()) == (200, {"_ERROR_MESSAGE_": "no luck"})
    assert made(sandbox) == 0


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "empty"])
def test_garbage_is_no_json(retailpro: httpx.Client, sandbox: SandboxProcess, garbage: str) -> None:
    sandbox.fault("garbage", garbage=garbage, when="after")
    answer = post(retailpro)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert made(sandbox) == 1


def test_garbage_can_be_json_of_the_wrong_types(
    retailpro: httpx.Client, hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("garbage", garbage="wrong_types", when="after")
    answer = post(retailpro).json()
    assert isinstance(answer["DocumentNo"], int)
    assert answer["success"] == [True]
    assert isinstance(hotwax.get("/oms/facilities").json(), dict)


def test_garbage_can_be_huge(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("garbage", garbage="huge", size_mb=10.5)
    answer = post(retailpro)
    assert len(answer.content) > 10_500_000
    assert answer.json()["answer"]["success"] is True
    assert made(sandbox) == 0


def test_latency_delays_and_adds_up(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    for _ in range(2):
        sandbox.fault("latency", seconds=0.1)
    start = time.monotonic()
    assert post(retailpro).status_code == 200
    assert time.monotonic() - start >= 0.2
    assert sandbox.calls(system="retailpro")[0]["fault"] == "latency"


def held(retailpro: httpx.Client, sandbox: SandboxProcess, pool: ThreadPoolExecutor) -> Future[httpx.Response]:
    """A call that the sandbox holds at this moment."""
    future = pool.submit(post, retailpro)
    assert eventually(lambda: len(sandbox.get("/admin/held")["held"]) == 1)
    return future


@pytest.mark.parametrize(("when", "meanwhile"), [("before", 0), ("after", 1)])
def test_a_stalled_call_waits_for_its_release(
    retailpro: httpx.Client, sandbox: SandboxProcess, pool: ThreadPoolExecutor, when: str, meanwhile: int
) -> None:
    sandbox.fault("stall", when=when, next=1, path="/api/v1")
    future = held(retailpro, sandbox, pool)
    assert made(sandbox) == meanwhile
    assert sandbox.post("/admin/release", {"outcome": "continue"}) == {"released": 1}
    assert future.result().status_code == 200
    assert made(sandbox) == 1


def test_a_stalled_call_can_be_dropped_and_is_then_never_applied(
    retailpro: httpx.Client, sandbox: SandboxProcess, pool: ThreadPoolExecutor
) -> None:
    sandbox.fault("stall", next=1, path="/api/v1")
    future = held(retailpro, sandbox, pool)
    [call] = sandbox.get("/admin/held")["held"]
    sandbox.post("/admin/release", {"seq": call["seq"], "outcome": "drop"})
    with pytest.raises(httpx.ReadError):
        future.result()
    assert made(sandbox) == 0


def test_a_stalled_call_is_applied_even_when_its_caller_has_gone(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("stall", next=1, path="/api/v1")
    with pytest.raises(httpx.ReadTimeout):
        retailpro.post(SLIP, json=slip(), timeout=0.3)
    assert eventually(lambda: len(sandbox.get("/admin/held")["held"]) == 1)
    sandbox.post("/admin/release")
    assert eventually(lambda: made(sandbox) == 1)


def test_a_stall_can_end_by_itself(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("stall", seconds=0.05)
    assert post(retailpro).status_code == 200


def test_expired_tokens_need_a_new_login(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    login = {"username": "waybill", "password": "waybill"}
    bearer = {"authorization": f"Bearer {hotwax.post('/admin/login', json=login).json()['token']}"}
    sandbox.fault("expire_token", next=1)
    codes = [hotwax.get("/oms/facilities", headers=bearer).status_code for _ in range(2)]
    assert codes == [401, 401]
    again = {"authorization": f"Bearer {hotwax.post('/admin/login', json=login).json()['token']}"}
    assert hotwax.get("/oms/facilities", headers=again).status_code == 200


def completed(hotwax: httpx.Client) -> list[str]:
    body = {"selectedEntity": "OrderStatus", "customParametersMap": {"statusId": "ORDER_COMPLETED"}}
    return [row["orderId"] for row in hotwax.post("/oms/entityData", json=body).json()["entityValueList"]]


def test_new_status_rows_can_come_into_sight_late_with_a_past_time(
    hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(**TOWN, orders=[order("LATE"), order("SOON")])
    sandbox.fault("delayed_visibility", body="LATE", seconds=3)
    for name in ("LATE", "SOON"):
        sandbox.deed("fulfill", name)
    assert completed(hotwax) == ["SOON"]
    assert sandbox.get("/admin/orders/LATE")["statusId"] == "ORDER_COMPLETED"
    assert eventually(lambda: set(completed(hotwax)) == {"LATE", "SOON"})


def test_all_status_rows_can_come_late_by_setting(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order()])
    sandbox.change(visibility_delay_s=3)
    sandbox.deed("fulfill", "HW1")
    assert completed(hotwax) == []
    assert eventually(lambda: completed(hotwax) == ["HW1"])


def outcomes(client: httpx.Client, number: int) -> str:
    """A letter per call: x for one that was hit."""
    codes = [post(client, body=slip(SlipNo=str(index))).status_code for index in range(number)]
    return "".join("x" if code == 503 else "." for code in codes)


def test_exact_call_numbers_are_hit(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", calls=[2, 4])
    assert outcomes(retailpro, 5) == ".x.x."


def test_the_next_calls_are_hit(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", next=2)
    assert outcomes(retailpro, 4) == "xx.."


def test_the_same_seed_hits_the_same_calls(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    seen = []
    for seed in (7, 7, 8):
        fault = sandbox.fault("status", probability=0.5, seed=seed)
        seen.append(outcomes(retailpro, 20))
        assert sandbox.get("/admin/faults")["faults"][0]["matched"] == 20
        assert sandbox.admin.delete(f"/admin/faults/{fault['id']}").is_success
    assert seen[0] == seen[1] != seen[2]
    assert 3 < seen[0].count("x") < 17


def test_a_fault_can_have_a_window_of_time(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", from_s=3, for_s=3)
    assert post(retailpro).status_code == 200
    assert eventually(lambda: post(retailpro).status_code == 503)
    assert eventually(lambda: post(retailpro).status_code == 409)


@pytest.mark.parametrize(
    "wanted",
    [
        {"system": "retailpro"},
        {"path": "/api/v1/Transfer"},
        {"path_regex": "Slip$"},
        {"method": "POST", "body": '"00031877"'},
    ],
)
def test_only_the_calls_that_are_meant_are_hit(
    retailpro: httpx.Client, hotwax: httpx.Client, sandbox: SandboxProcess, wanted: dict[str, str]
) -> None:
    sandbox.fault("status", **wanted)
    assert post(retailpro).status_code == 503
    assert hotwax.get("/oms/facilities").status_code == 200
    assert post(retailpro, INVOICE, invoice()).status_code == (503 if wanted == {"system": "retailpro"} else 200)


def test_of_several_faults_the_first_that_hits_is_applied(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=500, next=1)
    sandbox.fault("status", status=503, next=1)
    assert [post(retailpro).status_code for _ in range(3)] == [500, 503, 200]


def test_disarmed_faults_do_nothing(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("status")
    assert sandbox.admin.delete("/admin/faults").json() == {"removed": 1}
    assert post(retailpro).status_code == 200
    assert sandbox.admin.delete("/admin/faults/77").status_code == 404


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"kind": "explode"}, "kind"),
        ({}, "kind"),
        ({"kind": "drop", "probability": 2}, "probability"),
        ({"kind": "drop", "calls": [0]}, "calls[0]"),
        ({"kind": "drop", "path_regex": "("}, "path_regex"),
        ({"kind": "drop", "when": "later"}, "when"),
        ({"kind": "status", "status": 200}, "status"),
        ({"kind": "drop", "paths": "/"}, "paths"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_by_field(
    sandbox: SandboxProcess, definition: dict[str, Any], field: str
) -> None:
    answer = sandbox.admin.post("/admin/faults", json=definition)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_faults_never_touch_the_admin_api(sandbox: SandboxProcess) -> None:
    sandbox.fault("drop")
    assert sandbox.get("/admin/health")["status"] == "ok"


def test_the_record_counts_calls_that_come_at_once(
    retailpro: httpx.Client, sandbox: SandboxProcess, pool: ThreadPoolExecutor
) -> None:
    sandbox.fault("stall", path="/api/v1")
    waiting = [pool.submit(post, retailpro, SLIP, slip(SlipNo=str(number))) for number in range(5)]
    assert eventually(lambda: len(sandbox.get("/admin/held")["held"]) == 5)
    assert sandbox.get("/admin/health")["inFlight"] == {"retailpro": 5}
    sandbox.post("/admin/release")
    assert {future.result().status_code for future in waiting} == {200}
    assert sorted(call["inFlight"] for call in sandbox.calls()) == [1, 2, 3, 4, 5]
    [count] = sandbox.get("/admin/counts")["calls"]
    assert (count["count"], count["peakInFlight"]) == (5, 5)
    assert sandbox.get("/admin/health")["inFlight"] == {}


def test_the_record_can_be_searched(retailpro: httpx.Client, hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    post(retailpro)
    post(retailpro, INVOICE, invoice())
    hotwax.get("/oms/orders", params={"orderId": "HW1"})
    assert [call["path"] for call in sandbox.calls(contains="A1000417")] == [f"/api/v1{INVOICE}"]
    assert [call["query"] for call in sandbox.calls(applied="false")] == ["orderId=HW1"]
    assert len(sandbox.calls(since=1, limit=1)) == 1
    [call] = sandbox.calls(status=200, system="retailpro", contains="SlipNo")
    assert json.loads(call["body"]) == slip()
    assert call["bodySize"] == len(call["body"])
    assert call["durationMs"] > 0
    assert sandbox.admin.get("/admin/calls", params={"sytem": "x"}).status_code == 400


def test_bodies_on_record_are_bounded_and_single_calls_can_be_left_out(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.change(record_body_bytes=10)
    post(retailpro)
    assert len(sandbox.calls()[0]["body"]) == 10
    sandbox.change(record="counts")
    post(retailpro)
    assert len(sandbox.calls()) == 1
    assert sum(row["count"] for row in sandbox.get("/admin/counts")["calls"]) == 2
