"""Item receipts made by asynchronous jobs: followed to their end, and never an answer to a later call."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connectors.errors import Ambiguous
from connectors.netsuite.errors import LinesChanged
from domain.outcomes import Outcome, WriteOutcome
from tests.netsuite_rest.account import Account, a_receipt, create

TRANSFORM = ".*transform.*"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_job_is_followed_to_the_receipt(account: Account) -> None:
    account.sandbox.change(netsuite_job_delay_s=0.4)
    po_id = account.order()
    client = account.client(respond_async=True)
    outcome = create(client, client.receipt_body(a_receipt(po_id)))
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, account.made(po_id)[0]["id"])


class OneAtATime:
    """A budget of one slot."""

    def __init__(self) -> None:
        self._slot = threading.Lock()

    @contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """The one slot."""
        del system
        with self._slot:
            yield

    def pause(self, system: str, seconds: float) -> None:
        """Nobody asks for one here."""


def test_a_job_leaves_the_only_slot_to_others_while_it_runs(account: Account) -> None:
    account.sandbox.change(netsuite_job_delay_s=3)
    po_id, budget = account.order(), OneAtATime()
    making, live = account.client(budget, respond_async=True), account.client(budget)
    body = making.receipt_body(a_receipt(po_id))

    def made_in_a_turn() -> WriteOutcome:
        with making.turn():
            return create(making, body)

    with ThreadPoolExecutor(1) as pool:
        made = pool.submit(made_in_a_turn)
        while not account.calls("POST", "!transform"):
            threading.Event().wait(0.02)
        assert po_id in live.orders([po_id])
        assert (made.done(), account.made(po_id)) == (False, [])
        assert made.result().outcome is Outcome.CREATED
    assert len(account.made(po_id)) == 1


def test_a_job_that_fails_says_why(account: Account) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="99", l4=None)))
    assert outcome.outcome is Outcome.REJECTED
    assert "USER_ERROR" in outcome.problem


def test_a_job_that_does_not_end_in_time_is_in_doubt_and_a_repeat_follows_the_same_job(account: Account) -> None:
    account.sandbox.change(netsuite_job_delay_s=3600)
    po_id = account.order()
    body = account.client().receipt_body(a_receipt(po_id))
    told = set()
    for _ in range(2):
        with pytest.raises(Ambiguous, match="job/1 did not end within 0 s") as in_doubt:
            create(account.client(respond_async=True, job_wait=0.1), body)
        told.add(str(in_doubt.value))
    assert (len(told), account.made(po_id)) == (1, [])


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


def test_a_receipt_that_a_job_made_and_that_was_deleted_is_made_again_each_time_by_the_next_job(
    account: Account,
) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id), {"1": Decimal(0), "4": Decimal(0)})
    numbers = []
    for _ in range(3):
        numbers.append(create(client, body).number)
        assert [made["id"] for made in account.made(po_id)] == numbers[-1:]
        account.sandbox.post("/admin/wrongs", {"kind": "lost_receipt", "poId": po_id})
    assert len({*numbers}) == len(numbers)


def test_a_receipt_that_a_job_made_and_that_is_there_is_not_made_again(account: Account) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id))  # nobody can tell by its lines that it was made
    made = [create(client, body).number for _ in range(2)]
    assert [receipt["id"] for receipt in account.made(po_id)] == [made[0]] == [made[1]]


def test_while_nobody_can_tell_whether_a_job_s_receipt_is_there_it_is_in_doubt_and_not_made_again(
    account: Account,
) -> None:
    po_id = account.order()
    client = account.client(respond_async=True)
    body = client.receipt_body(a_receipt(po_id))
    number = create(client, body).number
    account.sandbox.fault("status", status=503, method="GET", path_regex=f"/itemReceipt/{number}$")
    with pytest.raises(Ambiguous, match=f"item receipt {number} was made by an earlier job"):
        create(client, body)
    assert [receipt["id"] for receipt in account.made(po_id)] == [number]


def test_a_yes_without_an_id_whose_receipt_cannot_be_looked_up_is_in_doubt(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    account.sandbox.fault("soft_error", path_regex=TRANSFORM, next=1)
    account.sandbox.fault("status", status=503, method="GET", path_regex="/itemReceipt/", next=1)
    with pytest.raises(Ambiguous):
        create(client, client.receipt_body(a_receipt(po_id)))
