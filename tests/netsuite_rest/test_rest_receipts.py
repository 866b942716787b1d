"""Item receipts over REST: made once, exactly as promised, or refused with the reason."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.errors import Ambiguous, Contract, NotFound, Throttled, Unreachable
from connectors.guard import UnguardedWrite, writing_allowed
from connectors.netsuite.errors import BadRecord, LinesChanged
from connectors.po_files.errors import UnsafeReceiptError
from domain.outcomes import Outcome
from domain.purchase_order import PoStatus
from tests.netsuite_rest.account import LINES, Account, a_receipt, answering, create

TRANSFORM = ".*transform.*"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_receipt_is_made_with_every_open_line_named_and_only_what_was_received(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="4", l4=None)))
    (made,) = account.made(po_id)
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, made["id"])
    assert (made["externalId"], made["lines"], made["date"]) == (
        "WB-RCPT-4410021-SH1",
        {"1": Decimal(4)},
        "2026-11-20",
    )


def test_the_promised_body_is_what_is_sent_with_validation_on_error(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id, l1="4.50", l4="0.25"))
    create(client, body)
    (call,) = account.calls("POST", "transform")
    assert json.loads(call["body"]) == json.loads(body)["receipt"]
    assert call["body"].endswith(
        '"item":{"items":[{"orderLine":1,"itemReceive":true,"quantity":4.5},'
        '{"orderLine":4,"itemReceive":true,"quantity":0.25}]}}'
    )
    assert f"/purchaseOrder/{po_id}/!transform/itemReceipt WB-RCPT-4410021-SH1" in client.describe_receipt(body)


def test_the_day_is_the_accounts_own(account: Account) -> None:
    late = a_receipt().model_copy(update={"received_at": datetime(2026, 11, 21, 2, tzinfo=UTC)})
    days = [
        json.loads(account.client(timezone=zone).receipt_body(late))["receipt"]["tranDate"]
        for zone in ("America/Los_Angeles", "UTC")
    ]
    assert days == ["2026-11-20", "2026-11-21"]


@pytest.mark.parametrize("lines", [{"l1": None}, {"l1": "-1"}, {"l0": "1"}])
def test_a_receipt_that_would_mean_something_else_is_never_promised(
    account: Account, lines: dict[str, str | None]
) -> None:
    with pytest.raises(UnsafeReceiptError):
        account.client().receipt_body(a_receipt("4410021", "4410021-SH1", **lines))


def test_a_receipt_is_made_only_inside_the_effect_mechanism(account: Account) -> None:
    client = account.client()
    with pytest.raises(UnguardedWrite):
        client.create_receipt(client.receipt_body(a_receipt()))


def test_an_attempt_that_another_has_taken_over_sends_nothing(account: Account) -> None:
    client = account.client()
    body = client.receipt_body(a_receipt(account.order()))
    with writing_allowed(lambda: False), pytest.raises(Unreachable, match="another one has taken over"):
        client.create_receipt(body)
    assert account.calls("POST", "!transform") == []


def test_the_way_lines_are_named_is_a_setting(account: Account) -> None:
    account.sandbox.change(netsuite_line_key="line")
    po_id = account.order()
    client = account.client(line_key="line")
    create(client, client.receipt_body(a_receipt(po_id, l1="4", l4=None)))
    assert [made["lines"] for made in account.made(po_id)] == [{"1": Decimal(4)}]


@pytest.mark.parametrize("key", ["orderLine", "line"])
def test_a_line_that_could_not_be_read_is_named_as_not_received_while_it_is_open(account: Account, key: str) -> None:
    account.sandbox.change(netsuite_line_key=key)
    po_id = account.order()
    client = account.client(line_key=key)
    for name, closing in (("4410021-SH1", "7"), ("4410021-SH2", "4")):
        account.act("close", po_id, line=int(closing))
        create(client, client.receipt_body(a_receipt(po_id, name, l1="4"), unreadable=["1", "4", "7"]))
    sent = [json.loads(call["body"])["item"]["items"] for call in account.calls("POST", "transform")]
    received = {key: 1, "itemReceive": True, "quantity": 4}
    assert sent == [[received, {key: 4, "itemReceive": False}], [received]]
    assert [made["lines"] for made in account.made(po_id)] == [{"1": Decimal(4)}] * 2


@pytest.mark.parametrize("number", ["1E99999999999999", "1E3000000", "-1E-3000000", '"1E31"'])
@pytest.mark.parametrize("name", ["quantity", "quantityReceived"])
def test_a_quantity_that_nobody_could_write_out_makes_no_sense(tmp_path: Path, name: str, number: str) -> None:
    lines = f'[{{"line":1,"quantity":5,"{name}":{number}}}]'
    with answering(tmp_path, f'{{"id":"1","item":{{"items":{lines}}}}}'.encode()) as client:
        body = client.receipt_body(a_receipt("1", l1="4"), {"1": Decimal(0)})
        with pytest.raises(BadRecord, match="plain digits"):
            create(client, body)


# ---- what changed meanwhile ------------------------------------------------------------------------------------------


def test_a_line_that_was_added_meanwhile_is_not_received_in_full(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.act("add_line", po_id, new={"line": 9, "item": "SOCK", "quantity": 50, "location": 17})
    with pytest.raises(LinesChanged, match="open lines that the receipt does not name: 9; nothing was sent"):
        create(client, body)
    assert (account.made(po_id), account.calls("POST", "transform")) == ([], [])


def test_a_line_that_was_closed_or_received_meanwhile_is_told(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.act("close", po_id, line=4)
    with pytest.raises(LinesChanged, match="closed or received in full: 4"):
        create(client, body)


def test_goods_that_were_received_by_hand_meanwhile_are_told(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id), {"1": Decimal(0), "4": Decimal(0)})
    account.act("receive", po_id, quantities={"1": 4})
    with pytest.raises(LinesChanged, match="line 1 has 4 received, 0 when it was promised"):
        create(client, body)
    assert len(account.made(po_id)) == 1


def test_a_purchase_order_that_others_are_changing_is_tried_again_three_times(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    changed = {"path_regex": TRANSFORM, "status": 400, "code": "RCRD_HAS_BEEN_CHANGED"}
    account.sandbox.fault("status", next=2, **changed)
    outcome = create(client, client.receipt_body(a_receipt(po_id)))
    assert (outcome.outcome, len(account.made(po_id))) == (Outcome.CREATED, 1)
    account.sandbox.fault("status", **changed)
    body = client.receipt_body(a_receipt(po_id, "4410021-SH2"))
    with pytest.raises(Throttled, match="being changed by others"):
        create(client, body)
    assert len(account.made(po_id)) == 1


# ---- repeats ---------------------------------------------------------------------------------------------------------


def test_the_same_receipt_again_is_the_one_that_is_there(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    first, second = create(client, body), create(client, body)
    assert (second.outcome, second.number, len(account.made(po_id))) == (Outcome.CREATED, first.number, 1)


def test_a_receipt_that_finished_its_purchase_order_is_found_again(account: Account) -> None:
    po_id = account.order(lines=LINES[:1])
    client = account.client()
    body = client.receipt_body(a_receipt(po_id, l1="24"), {"1": Decimal(0)})
    first, second = create(client, body), create(client, body)
    assert (second.outcome, second.number) == (Outcome.CREATED, first.number)


def test_an_external_id_that_has_another_receipt_is_refused_with_the_difference(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    create(client, client.receipt_body(a_receipt(po_id, l1="4", l4=None)))
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="5", l4=None)))
    assert outcome.outcome is Outcome.REJECTED
    assert (
        "has the external id WB-RCPT-4410021-SH1 already, and line 1 has 4 received, 5 were promised" in outcome.problem
    )
    assert len(account.made(po_id)) == 1


def test_a_lost_answer_is_in_doubt_and_the_look_up_finds_the_receipt(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.sandbox.fault("drop", when="after", path_regex=TRANSFORM, next=1)
    with pytest.raises(Ambiguous):
        create(client, body)
    found = client.find_receipt(body, datetime.now(UTC))
    assert found is not None
    assert (found.outcome, found.number) == (Outcome.ALREADY_EXISTS, account.made(po_id)[0]["id"])


def test_a_request_that_never_arrived_is_not_found_and_can_be_made(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.sandbox.fault("drop", when="before", path_regex=TRANSFORM, next=1)
    with pytest.raises(Ambiguous):
        create(client, body)
    assert client.find_receipt(body, LONG_AGO) is None
    assert create(client, body).outcome is Outcome.CREATED
    assert len(account.made(po_id)) == 1


def test_what_is_not_seen_yet_stays_in_doubt_until_it_must_have_shown(account: Account) -> None:
    po_id = account.order()
    client = account.client(visible_after=60)
    body = client.receipt_body(a_receipt(po_id))
    account.sandbox.fault("delayed_visibility", path="ItemReceipt", seconds=3600)
    account.sandbox.fault("drop", when="after", path_regex=TRANSFORM, next=1)
    with pytest.raises(Ambiguous):
        create(client, body)
    with pytest.raises(Ambiguous, match=r"is not seen .* look again"):
        client.find_receipt(body, datetime.now(UTC) - timedelta(seconds=30))
    assert client.find_receipt(body, datetime.now(UTC) - timedelta(seconds=61)) is None


def test_a_duplicate_that_does_not_show_yet_is_in_doubt_and_no_second_receipt_is_made(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.sandbox.fault("delayed_visibility", path="ItemReceipt", seconds=3600)
    create(client, body)
    with pytest.raises(Ambiguous, match="is taken, and does not show yet"):
        create(client, body)
    assert len(account.made(po_id)) == 1


def test_what_was_received_before_keeps_a_second_receipt_from_an_account_that_drops_external_ids(
    account: Account,
) -> None:
    account.sandbox.change(netsuite_keeps_external_id=False)
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id), {"1": Decimal(0), "4": Decimal(0)})
    outcome = create(client, body)
    with pytest.raises(LinesChanged):
        create(client, body)
    assert len(account.made(po_id)) == 1
    assert client.read_back(body, outcome.number or "").differs == (
        "its external id is empty: NetSuite did not keep WB-RCPT-4410021-SH1",
    )


# ---- refusals --------------------------------------------------------------------------------------------------------


def test_more_than_remains_is_refused_in_netsuites_words(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="25", l4=None)))
    assert outcome.outcome is Outcome.REJECTED
    assert outcome.problem.startswith("400: USER_ERROR: ")


def test_to_a_purchase_order_that_is_not_there_nothing_is_sent(account: Account) -> None:
    client = account.client()
    with pytest.raises(LinesChanged, match="purchase order 999 is not there"):
        create(client, client.receipt_body(a_receipt("999")))


def test_a_purchase_order_that_is_not_approved_is_refused(account: Account) -> None:
    po_id = account.order(approval="pending")
    client = account.client()
    outcome = create(client, client.receipt_body(a_receipt(po_id)))
    assert outcome.outcome is Outcome.REJECTED
    assert "INVALID_INITIALIZE_REF" in outcome.problem


@pytest.mark.parametrize(
    ("fault", "definition", "error"),
    [
        ("status", {"status": 429}, Throttled),
        ("status", {"status": 400, "code": "SSS_REQUEST_LIMIT_EXCEEDED"}, Throttled),
        ("status", {"status": 400, "code": "UNEXPECTED_ERROR"}, Ambiguous),
        ("status", {"status": 500}, Ambiguous),
        ("status", {"status": 503}, Ambiguous),
        ("garbage", {"garbage": "truncated"}, Ambiguous),
        ("soft_error", {}, Ambiguous),
    ],
)
def test_each_trouble_says_whether_a_receipt_may_have_been_made(
    account: Account, fault: str, definition: dict[str, object], error: type[Exception]
) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id))
    account.sandbox.fault(fault, path_regex=TRANSFORM, next=1, **definition)
    with pytest.raises(error):
        create(client, body)
    assert len(account.made(po_id)) == 0


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "empty", "wrong_types"])
def test_a_yes_that_makes_no_sense_is_looked_up(account: Account, garbage: str) -> None:
    po_id = account.order()
    client = account.client()
    account.sandbox.fault("garbage", garbage=garbage, when="after", path_regex=TRANSFORM, next=1)
    try:
        outcome = create(client, client.receipt_body(a_receipt(po_id)))
    except Ambiguous:
        found = client.find_receipt(client.receipt_body(a_receipt(po_id)), LONG_AGO)
        assert found is not None
        outcome = found
    assert outcome.number == account.made(po_id)[0]["id"]


def test_trouble_before_the_sending_is_safe_to_repeat(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    account.sandbox.fault("status", status=503, method="GET", next=1)
    with pytest.raises(Unreachable):
        create(client, client.receipt_body(a_receipt(po_id)))
    assert account.calls("POST", "transform") == []


PAGE, PLAIN = b"<html><h1>temporarily unavailable</h1></html>", b'{"title": "Not Found", "status": 404}'
AN_ORDER = json.dumps({"id": "1", "item": {"items": [{"line": 1, "quantity": 9}]}}).encode()
NOT_NETSUITES = pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found"])


@NOT_NETSUITES
@pytest.mark.parametrize("page", [PAGE, PLAIN, b""])
def test_a_page_of_something_in_between_says_nothing_about_a_purchase_order_or_a_receipt(
    tmp_path: Path, status: str, page: bytes
) -> None:
    with answering(tmp_path, page, status=status) as client:
        body = client.receipt_body(a_receipt("1", l1="4"))
        with pytest.raises(Contract, match="an error of NetSuite's own"):
            create(client, body)
        with pytest.raises(Contract, match="an error of NetSuite's own"):
            client.find_receipt(body, LONG_AGO)


@NOT_NETSUITES
@pytest.mark.parametrize("page", [PAGE, PLAIN, b""])
def test_a_page_of_something_in_between_leaves_the_sending_in_doubt(tmp_path: Path, status: str, page: bytes) -> None:
    with answering(tmp_path, AN_ORDER, page, status=status) as client:
        body = client.receipt_body(a_receipt("1", l1="4"))
        with pytest.raises(Ambiguous, match=r"no error of NetSuite's own .* look before any repeat"):
            create(client, body)


# ---- reading back ----------------------------------------------------------------------------------------------------


def test_the_read_back_tells_the_receipt_and_what_the_purchase_order_has_now(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    body = client.receipt_body(a_receipt(po_id, l1="24", l4="0.5"))
    outcome = create(client, body)
    back = client.read_back(body, outcome.number or "")
    assert (back.differs, back.status) == ((), PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED)
    assert back.received == {"1": Decimal(24), "4": Decimal("0.5"), "7": Decimal(0)}


def test_the_read_back_tells_a_receipt_that_is_not_as_promised(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    outcome = create(client, client.receipt_body(a_receipt(po_id, l1="4", l4=None)))
    other = client.receipt_body(a_receipt(po_id, l1="4", l4="1"))
    assert client.read_back(other, outcome.number or "").differs == ("line 4 has 0 received, 1 were promised",)


def test_a_read_back_of_what_is_not_there_is_told(account: Account) -> None:
    client = account.client()
    with pytest.raises(NotFound):
        client.read_back(client.receipt_body(a_receipt(account.order())), "123456")


def test_receipts_are_found_by_their_ids(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    numbers = {
        name: create(client, client.receipt_body(a_receipt(po_id, name, l1="1", l4=None))).number
        for name in ("4410021-SH1", "4410021-O'Brien")
    }
    assert client.receipts([*numbers, "4410021-none"]) == numbers
