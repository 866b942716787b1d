"""Item receipts made by asynchronous jobs: followed to their end, and never an answer to a later call."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.errors import Ambiguous
from connectors.netsuite.errors import LinesChanged
from domain.outcomes import Outcome
from tests.netsuite_rest.account import Account, a_receipt, create

TRANSFORM = ".*transform.*"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_job_is_followed_to_the_receipt(account: Account) -> None:
    account.sandbox.change(netsuite_job_delay_s=0.4)
    po_id = account.order()
    client = account.client(respond_async=True)
    outcome = create(client, client.receipt_body(a_receipt(po_id)))
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, account.made(po_id)[0]["id"])


def test_a_job_that_fails_says_why(account: Account) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="99", l4=None)))
    assert outcome.outcome is Outcome.REJECTED
    assert "USER_ERROR" in outcome.problem


def test_a_job_that_does_not_end_in_time_is_in_doubt_and_a_repeat_follows_the_same_job(account: Account) -> None:
    account.sandbox.change(netsuite_job_delay_s=1.0)
    po_id = account.order()
    body = account.client().receipt_body(a_receipt(po_id))
    with pytest.raises(Ambiguous, match="did not end within 0 s"):
        create(account.client(respond_async=True, job_wait=0.1), body)
    outcome = create(account.client(respond_async=True), body)
    assert (outcome.outcome, len(account.made(po_id))) == (Outcome.CREATED, 1)


def test_a_job_that_was_refused_is_no_answer_to_a_later_call(account: Account) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id, l1="99", l4=None))
    refused = [create(client, body).outcome for _ in range(2)]
    account.act("amend", po_id, line=1, quantity=120)
    outcome = create(client, body)
    assert (refused, outcome.outcome) == ([Outcome.REJECTED, Outcome.REJECTED], Outcome.CREATED)
    assert [made["id"] for made in account.made(po_id)] == [outcome.number]


@pytest.mark.parametrize("answer", [{"status": 400, "code": "UNEXPECTED_ERROR"}, {"status": 500}, {"status": 403}])
def test_a_job_that_ended_without_a_word_of_its_fate_keeps_no_later_call_from_being_made(
    account: Account, answer: dict[str, object]
) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id), {"1": Decimal(0), "4": Decimal(0)})
    account.sandbox.change(netsuite_line_key="line")  # that job makes nothing
    account.sandbox.fault("status", path_regex="/job/1/task/1/result$", method="GET", **answer)
    with pytest.raises(Ambiguous):
        create(client, body)
    account.sandbox.change(netsuite_line_key="orderLine")
    assert client.find_receipt(body, LONG_AGO) is None
    outcome = create(client, body)
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, account.made(po_id)[0]["id"])


def test_a_job_that_made_its_receipt_and_lost_the_answer_is_not_done_again(account: Account) -> None:
    account.sandbox.change(netsuite_keeps_external_id=False)
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id), {"1": Decimal(0), "4": Decimal(0)})
    account.sandbox.fault("status", path_regex="/job/1/task/1/result$", method="GET", status=500)
    with pytest.raises(Ambiguous):
        create(client, body)
    with pytest.raises(LinesChanged) as changed:
        create(client, body)
    assert (changed.value.may_be_ours, len(account.made(po_id))) == (True, 1)


def test_a_yes_without_an_id_whose_receipt_cannot_be_looked_up_is_in_doubt(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    account.sandbox.fault("soft_error", path_regex=TRANSFORM, next=1)
    account.sandbox.fault("status", status=503, method="GET", path_regex="/itemReceipt/", next=1)
    with pytest.raises(Ambiguous):
        create(client, client.receipt_body(a_receipt(po_id)))
