"""More lines than a record tells of a sublist (netsuite 8): they would be received in full, so nothing is sent."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain.outcomes import Outcome
from tests.netsuite_rest.account import Account, a_receipt, create
from tests.netsuite_rest.test_rest_expenses import MADE, NO_RECEIPT, THERE, TOKEN, tried
from tests.support.raw_server import RawServer, an_answer

LINE = {"line": 1, "quantity": 24, "quantityReceived": 0}
CUT = {"hasMore": True, "items": [LINE]}
COUNTED = {"totalResults": 2, "items": [LINE]}
CLOSED = {"hasMore": True, "items": [{"line": 5, "isClosed": True}]}


def an_order(**sublists: Mapping[str, Any]) -> list[bytes]:
    """A purchase order with these sublists."""
    return [an_answer(json.dumps({"id": "4410021", "item": {"items": [LINE]}, **sublists}).encode())]


@pytest.mark.parametrize("sublists", [{"item": CUT}, {"item": COUNTED}, {"expense": CLOSED}])
def test_an_order_with_lines_that_its_record_does_not_tell_is_refused_before_anything_is_sent(
    account: Account, sublists: dict[str, Any]
) -> None:
    outcome, was_sent = tried(account, an_order(**sublists), NO_RECEIPT)
    assert (outcome.outcome, was_sent) == (Outcome.REJECTED, False)
    assert "has more lines than the 1 that its record tells over REST" in (outcome.problem or "")
    assert "by hand with the external id WB-RCPT-4410021-SH1, or set netsuite_mode" in (outcome.problem or "")


def test_the_receipt_that_somebody_made_of_it_by_hand_is_found(account: Account) -> None:
    outcome, was_sent = tried(account, an_order(item=CUT), [an_answer(json.dumps(THERE).encode())])
    assert (outcome.outcome, outcome.number, was_sent) == (Outcome.CREATED, "991", False)


def test_its_expenses_do_not_matter_where_they_are_known_to_be_left_alone(account: Account) -> None:
    outcome, was_sent = tried(account, an_order(expense=CLOSED), MADE, expense_lines="left_alone")
    assert (outcome.outcome, was_sent) == (Outcome.CREATED, True)


def test_an_item_receipt_that_is_not_told_whole_is_not_taken_for_the_promised_one(account: Account) -> None:
    lines = {"hasMore": True, "items": [{"orderLine": 1, "quantity": 4, "itemReceive": True}]}
    receipt = [an_answer(json.dumps({**THERE, "item": lines}).encode())]
    with RawServer(TOKEN, receipt, an_order()) as server:
        client = account.client(base_url=server.url)
        back = client.read_back(client.receipt_body(a_receipt(l1="4")), "991")
    assert back.differs == ("its record tells only 1 of its lines: compare them by hand",)


def test_an_order_of_1200_lines_is_told_whole_and_no_receipt_of_it_is_sent(account: Account) -> None:
    lines = [{"line": at, "item": f"SKU-{at}", "quantity": 5, "location": 17} for at in range(1, 1201)]
    po_id, client = account.order(lines=lines), account.client()
    (told,) = client.pending_orders().told
    assert told.po is not None
    wanted: dict[str, str | None] = {f"l{line.line_id}": None for line in told.po.lines} | {"l1": "5"}
    outcome = create(client, client.receipt_body(a_receipt(po_id, "4410021-SH1", **wanted), {"1": Decimal(0)}))
    assert (len(wanted), outcome.outcome, account.made(po_id)) == (1200, Outcome.REJECTED, [])
    assert "more lines than the 1000 that" in (outcome.problem or "")
