"""What the partner service answers becomes one of four outcomes, or is not trusted."""

from typing import Any

import pytest

from connectors.errors import Contract
from connectors.http import Answer
from connectors.retailpro.answers import outcome_of
from connectors.settings import RetailProSettings
from domain.outcomes import Outcome, WriteOutcome

SENT = {"OrderNo": "A1", "CustomerBilling": {"FirstName": "Ximena", "LastName": "Paz Ovalle", "Email": "x@y.test"}}


def outcome(status: int, body: bytes | str, **settings: Any) -> WriteOutcome:
    """The outcome of an answer with this status and body."""
    raw = body.encode() if isinstance(body, str) else body
    given = RetailProSettings.model_validate({"base_url": "https://rp.example.test", **settings})
    return outcome_of(Answer("retailpro", "create_invoice", status, {}, raw), SENT, given)


@pytest.mark.parametrize(
    ("status", "body", "number"),
    [
        (200, '{"success":true,"DocumentNo":"700001","Sid":"600000000000000001"}', "700001"),
        (201, '{"DocumentNo":700001}', "700001"),
        (200, '{"documentno":"7"}', "7"),
        (200, '{"Sid":"600000000000000001"}', "600000000000000001"),
        (200, '{"success":true}', None),
        (200, '{"success":"true","DocumentNo":""}', None),
        (200, '{"success":true,"errors":[],"error":null}', None),
        (204, "", None),
    ],
)
def test_a_success_is_created_with_the_number_it_gives(status: int, body: str, number: str | None) -> None:
    found = outcome(status, body)
    assert (found.outcome, found.number, found.problem) == (Outcome.CREATED, number, "")
    assert found.http_status == status


def test_the_keys_of_the_number_are_the_merchants() -> None:
    assert outcome(200, '{"Factura":"F-1","DocumentNo":"7"}', document_no_keys=("Factura",)).number == "F-1"


@pytest.mark.parametrize(
    "body",
    [
        '{"success":false,"Message":"no"}',
        '{"success":"false"}',
        '{"error":"no"}',
        '{"errors":[{"field":"UPC","error":"unknown"}]}',
        '{"_ERROR_MESSAGE_":"no"}',
    ],
)
def test_a_failure_inside_a_success_is_rejected(body: str) -> None:
    assert outcome(200, body).outcome is Outcome.REJECTED


def test_a_message_may_mean_a_failure_where_the_merchant_says_so() -> None:
    body = '{"Message":"No se pudo crear"}'
    assert outcome(200, body).outcome is Outcome.CREATED
    assert outcome(200, body, failure_pattern="no se pudo").outcome is Outcome.REJECTED


@pytest.mark.parametrize("status", [400, 404, 405, 422, 451])
@pytest.mark.parametrize("body", ['{"Message":"Items[0].UPC is unknown"}', "<html>", ""])
def test_a_refusal_is_rejected_whatever_its_body(status: int, body: str) -> None:
    found = outcome(status, body)
    assert found.outcome is Outcome.REJECTED
    assert found.problem.startswith(f"{status}")


def test_a_rejection_tells_what_the_service_objects_to() -> None:
    body = '{"success":false,"Message":"bad","errors":[{"field":"Items[0].UPC","error":"is required"}]}'
    assert outcome(400, body).problem == "400: bad; Items[0].UPC: is required"


def test_a_conflict_means_that_the_document_exists() -> None:
    found = outcome(409, '{"success":false,"Message":"Order A1 already exists","DocumentNo":"700001"}')
    assert (found.outcome, found.number) == (Outcome.ALREADY_EXISTS, "700001")
    assert outcome(409, "").number is None


def test_a_text_means_that_the_document_exists_only_where_the_merchant_says_so() -> None:
    body = '{"Message":"La orden A1 ya existe: documento 700001"}'
    assert outcome(400, body).outcome is Outcome.REJECTED
    found = outcome(400, body, duplicate_pattern=r"ya existe: documento (?P<number>\d+)")
    assert (found.outcome, found.number) == (Outcome.ALREADY_EXISTS, "700001")
    assert outcome(200, '{"error":"YA EXISTE"}', duplicate_pattern="ya existe").outcome is Outcome.ALREADY_EXISTS


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><body>It works!</body></html>",
        '{"success":true,"Docu',
        "[]",
        '"ok"',
        '{"success":[true],"DocumentNo":6}',
        '{"DocumentNo":{"0":"7"}}',
        '{"DocumentNo":true}',
        b"\xff\xfe",
    ],
)
def test_a_success_whose_body_makes_no_sense_is_not_trusted(body: str | bytes) -> None:
    with pytest.raises(Contract):
        outcome(200, body)


def test_personal_values_that_the_service_repeats_are_masked() -> None:
    message = "Ximena Paz Ovalle (x@y.test, other@z.test): XIMENA is too long, Ovalle too"
    problem = outcome(400, f'{{"Message":"{message}"}}').problem
    for secret in ("Ximena", "XIMENA", "Ovalle", "x@y.test", "other@z.test"):
        assert secret not in problem
    assert "is too long" in problem


def test_the_raw_answer_is_kept_and_bounded() -> None:
    assert outcome(400, '{"Message":"no"}').raw == '{"Message":"no"}'
    assert len(outcome(400, "x" * 50_000).raw) == 4_000
