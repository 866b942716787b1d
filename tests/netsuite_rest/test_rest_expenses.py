"""Expense lines: whether a receipt over REST receives them is not known, so none is made until somebody has looked."""

import json
from decimal import Decimal
from typing import Any

import pytest

from domain.outcomes import Outcome, WriteOutcome
from tests.netsuite_rest.account import Account, a_receipt, create
from tests.support.raw_server import RawServer, an_answer

TOKEN = [an_answer(b'{"access_token":"t","expires_in":"3600"}')]
NOT_THERE = b'{"status":404,"o:errorDetails":[{"detail":"not there","o:errorCode":"NONEXISTENT_ID"}]}'
NO_RECEIPT = [an_answer(NOT_THERE, "404 Not Found")]
MADE = [an_answer(b"", "204 No Content", "Location: /services/rest/record/v1/itemReceipt/991")]
THERE = {
    "id": "991",
    "externalId": "WB-RCPT-4410021-SH1",
    "createdFrom": {"id": "4410021"},
    "item": {"items": [{"orderLine": 1, "quantity": 4, "itemReceive": True}]},
}


def order(*expenses: dict[str, Any]) -> list[bytes]:
    """A purchase order with one line of goods, and these expense lines."""
    lines = [{"line": 1, "quantity": 24, "quantityReceived": 0}]
    told = {"id": "4410021", "item": {"items": lines}, "expense": {"items": list(expenses)}}
    return [an_answer(json.dumps(told).encode())]


def tried(account: Account, *answers: list[bytes], **settings: Any) -> tuple[WriteOutcome, bool]:
    """What becomes of a receipt of 4, and whether it was sent."""
    with RawServer(TOKEN, *answers) as server:
        client = account.client(base_url=server.url, **settings)
        outcome = create(client, client.receipt_body(a_receipt(l1="4"), {"1": Decimal(0)}))
        return outcome, any(b"!transform" in request for request in server.requests)


def test_a_purchase_order_with_expense_lines_is_refused_before_anything_is_sent(account: Account) -> None:
    outcome, was_sent = tried(account, order({"line": 5}), NO_RECEIPT)
    assert (outcome.outcome, was_sent) == (Outcome.REJECTED, False)
    assert "open expense lines (1)" in (outcome.problem or "")
    assert "by hand with the external id WB-RCPT-4410021-SH1" in (outcome.problem or "")


def test_the_receipt_that_somebody_made_by_hand_is_found(account: Account) -> None:
    outcome, was_sent = tried(account, order({"line": 5}), [an_answer(json.dumps(THERE).encode())])
    assert (outcome.outcome, outcome.number, was_sent) == (Outcome.CREATED, "991", False)


@pytest.mark.parametrize(
    ("expenses", "settings"),
    [((), {}), (({"line": 5, "isClosed": True},), {}), (({"line": 5},), {"expense_lines": "left_alone"})],
)
def test_it_is_sent_where_none_is_open_or_they_are_known_to_be_left_alone(
    account: Account, expenses: tuple[dict[str, Any], ...], settings: dict[str, Any]
) -> None:
    outcome, was_sent = tried(account, order(*expenses), MADE, **settings)
    assert (outcome.outcome, outcome.number, was_sent) == (Outcome.CREATED, "991", True)


def test_the_record_of_the_sandbox_tells_expense_lines_and_which_are_closed(account: Account) -> None:
    po_id = account.order(expenses=[{}, {"closed": True}])
    refusing, knowing = account.client(), account.client(expense_lines="left_alone")
    outcome = create(refusing, refusing.receipt_body(a_receipt(po_id)))
    assert (outcome.outcome, account.made(po_id)) == (Outcome.REJECTED, [])
    assert "open expense lines (1)" in (outcome.problem or "")
    assert create(knowing, knowing.receipt_body(a_receipt(po_id))).outcome is Outcome.CREATED
    assert [made["lines"] for made in account.made(po_id)] == [{"1": Decimal(4)}]
