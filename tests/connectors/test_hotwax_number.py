"""The invoice number goes back to HotWax once, and is found afterwards, whatever happened on the way."""

from typing import Any

import pytest

from connectors.errors import (
    Ambiguous,
    ConnectorError,
    Throttled,
    Unauthorized,
)
from domain.outcomes import Outcome
from tests.connectors.conftest import MakeHotWax
from tests.connectors.hotwax_help import AT, KIND, ORDERS, numbers, write_number
from tests.sandbox.bodies import eventually
from tests.support.sandbox import SandboxProcess


def test_a_number_is_written_once_and_found_afterwards(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    body = hotwax.number_body(order_id, KIND, "700001", AT)
    assert hotwax.find_number(body) is None
    outcome = write_number(hotwax, order_id)
    assert (outcome.outcome, outcome.number, outcome.http_status) == (Outcome.CREATED, "700001", 200)
    found = hotwax.find_number(body)
    assert found is not None
    assert (found.outcome, found.number) == (Outcome.ALREADY_EXISTS, "700001")
    (row,) = numbers(sandbox, order_id)
    assert (row["orderIdentificationTypeId"], row["idValue"]) == (KIND, "700001")
    assert row["fromDate"] == int(AT.timestamp() * 1000)


def test_the_body_is_sent_exactly_as_it_was_stored(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    write_number(hotwax, order_id)
    (call,) = sandbox.calls(path=f"{ORDERS}/{order_id}/identifications")
    assert call["body"] == hotwax.number_body(order_id, KIND, "700001", AT)


@pytest.mark.parametrize(("kind", "number"), [(KIND, "700002"), ("SHOPIFY_ORD_ID", "700001")])
def test_another_number_or_type_is_not_ours(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, kind: str, number: str
) -> None:
    hotwax = make_hotwax()
    write_number(hotwax, order_id)
    assert hotwax.find_number(hotwax.number_body(order_id, kind, number, AT)) is None
    assert len(numbers(sandbox, order_id)) == 1


def test_an_expired_number_is_not_found(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    (order_id,) = sandbox.seed(
        products=[{"productId": "P1"}],
        orders=[
            {
                "lines": [{"productId": "P1"}],
                "identifications": [
                    {"orderIdentificationTypeId": KIND, "idValue": "700001", "fromDate": 1, "thruDate": 1740000000000}
                ],
            }
        ],
    )
    hotwax = make_hotwax()
    assert hotwax.find_number(hotwax.number_body(order_id, KIND, "700001", AT)) is None


def test_a_number_is_found_among_more_than_a_hundred(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    rows = [{"orderIdentificationTypeId": KIND, "idValue": str(at), "fromDate": at} for at in range(1, 131)]
    (order_id,) = sandbox.seed(
        products=[{"productId": "P1"}], orders=[{"lines": [{"productId": "P1"}], "identifications": rows}]
    )
    hotwax = make_hotwax()
    assert hotwax.find_number(hotwax.number_body(order_id, KIND, "130", AT)) is not None


def test_a_type_that_is_not_seeded_is_rejected_with_its_name(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    outcome = write_number(make_hotwax(), order_id, kind="NO_SUCH_TYPE")
    assert (outcome.outcome, outcome.http_status, outcome.number) == (Outcome.REJECTED, 400, None)
    assert "NO_SUCH_TYPE" in outcome.problem
    assert numbers(sandbox, order_id) == []


def test_an_order_that_is_gone_is_a_rejection(make_hotwax: MakeHotWax) -> None:
    outcome = write_number(make_hotwax(), "99999")
    assert (outcome.outcome, outcome.http_status) == (Outcome.REJECTED, 404)


@pytest.mark.parametrize("status", [400, 500])
def test_a_repeat_of_the_same_body_makes_no_second_row(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, status: int
) -> None:
    sandbox.change(duplicate_key_status=status)
    hotwax = make_hotwax()
    write_number(hotwax, order_id)
    if status == 400:
        assert write_number(hotwax, order_id).outcome is Outcome.REJECTED
    else:
        with pytest.raises(Ambiguous):
            write_number(hotwax, order_id)
    assert len(numbers(sandbox, order_id)) == 1


WRITE_FAULTS: list[tuple[dict[str, Any], type[ConnectorError], int]] = [
    ({"kind": "drop", "when": "before"}, Ambiguous, 0),
    ({"kind": "drop", "when": "after"}, Ambiguous, 1),
    ({"kind": "stall", "when": "before"}, Ambiguous, 0),
    ({"kind": "stall", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 500}, Ambiguous, 0),
    ({"kind": "status", "status": 504, "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "not_json"}, Ambiguous, 0),
    ({"kind": "garbage", "garbage": "truncated", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "empty", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "huge", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 429, "retry_after": 3}, Throttled, 0),
    ({"kind": "status", "status": 403}, Unauthorized, 0),
]
WRITE_NAMES = ["-".join(map(str, fault.values())) for fault, _, _ in WRITE_FAULTS]


@pytest.mark.parametrize(("fault", "kind", "rows"), WRITE_FAULTS, ids=WRITE_NAMES)
def test_a_failed_write_is_of_the_exact_kind_and_the_look_up_tells_the_truth(
    sandbox: SandboxProcess,
    make_hotwax: MakeHotWax,
    order_id: str,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    rows: int,
) -> None:
    sandbox.fault(**fault, method="POST", path=f"{ORDERS}/{order_id}/identifications")
    hotwax = make_hotwax()
    silent = make_hotwax(timeout_read=0.5, token="sandbox-token")  # no login, which might be slow, before the write
    with pytest.raises(ConnectorError) as refused:
        write_number(silent if fault["kind"] == "stall" else hotwax, order_id)
    assert type(refused.value) is kind
    assert fault["kind"] != "stall" or eventually(lambda: bool(sandbox.get("/admin/held")["held"]))
    sandbox.post("/admin/release", {"outcome": "drop"})
    assert len(numbers(sandbox, order_id)) == rows
    found = hotwax.find_number(hotwax.number_body(order_id, KIND, "700001", AT))
    assert (found is not None) == bool(rows)


def test_a_refusal_inside_a_200_is_a_rejection(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    sandbox.fault("soft_error", method="POST", path=ORDERS, message="no permission")
    outcome = write_number(make_hotwax(), order_id)
    assert (outcome.outcome, outcome.problem) == (Outcome.REJECTED, "200: no permission")


def test_a_write_is_described_without_being_made(make_hotwax: MakeHotWax, sandbox: SandboxProcess) -> None:
    hotwax = make_hotwax()
    described = hotwax.describe_write(hotwax.number_body("A/1", KIND, "7", AT))
    assert described == f"POST {sandbox.hotwax_url}{ORDERS}/A%2F1/identifications"
    assert sandbox.calls() == []
