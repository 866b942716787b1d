"""What NetSuite has beside our receipts, and what of ours may be there: the next receipt counts on neither twice."""

from decimal import Decimal
from typing import Any

import pytest

from domain.po_standing import received_by_others
from domain.purchase_order import ReceiptFact
from domain.stages import HoldCause
from tests.domain.po_life import a_line
from tests.domain.test_po_receipts import LATER, a_po, in_hotwax, planned, quantities_of, received


def doubtful(**more: Any) -> ReceiptFact:
    """Twelve pieces that may be in NetSuite, to be sent again; it came after the others."""
    given = {"pieces": {"1": 12}, "sent": {"1": 12}, "in_doubt": True, "received_at": LATER}
    return received("R9", "new", **{**given, **more})


def test_a_receipt_that_may_be_there_goes_before_all_others() -> None:
    first, promised = received("R1", pieces={"1": 12}), {"pieces": {"1": 8}, "sent": {"1": 8}, "named": {"1"}}
    plan = planned(a_po(a_line("1", 20)), first, received("R2", "promised", **promised), doubtful())
    assert (plan.send and plan.send.receipt_id, plan.goes) == ("R9", None)
    assert quantities_of(plan) == {"1": "12"}


@pytest.mark.parametrize("blocked", [{"rates": {"1": 12}}, {"rates": {"1": 12}, "is_settling": True}])
def test_none_goes_past_one_that_may_be_there_and_cannot_go_until_an_operator_has_looked(
    blocked: dict[str, Any],
) -> None:
    po, other = a_po(a_line("1", 20)), received("R1", pieces={"1": 8})
    plan = planned(po, other, doubtful(**blocked))
    assert (plan.send, plan.hold and plan.hold.cause) == (None, HoldCause.UNIT_NOT_EXACT)
    plan = planned(po, other, doubtful(**blocked), acknowledged={"inexact:R9:1:12"})
    assert plan.send
    assert plan.send.receipt_id == "R1"


def test_one_that_may_be_there_goes_as_it_was_though_the_store_still_writes_it() -> None:
    plan = planned(a_po(a_line("1", 20)), doubtful(pieces={"1": 15}, is_settling=True))
    assert quantities_of(plan) == {"1": "12"}


CREATED = received("R1", "created", pieces={"1": 5}, sent={"1": 5})
REFUSED = received("R1", "rejected", pieces={"1": 5}, sent={"1": 5})
OPEN = received("R1", "sent", pieces={"1": 5}, sent={"1": 5})
EXACT = {"told_after_answer": True}
WORDS: dict[str, tuple[int | None, ReceiptFact | None, int, dict[str, Any], int]] = {
    "before any receipt of ours it has just what it tells": (4, None, 9, {}, 4),
    "what is beyond ours is somebody else's": (7, CREATED, 0, {}, 2),
    "a word that may be older than ours takes nothing away": (6, CREATED, 4, {}, 4),
    "a word that has ours in does": (6, CREATED, 4, EXACT, 1),
    "unless one of ours seems to be gone from it": (3, CREATED, 4, EXACT, 4),
    "or the fate of one is open": (6, OPEN, 4, EXACT, 4),
    "what is on its way may be in the word": (5, OPEN, 0, {}, 0),
    "and so may one in doubt": (5, doubtful(sent={"1": 5}), 0, {}, 0),
    "or a refused one that was made by hand": (5, REFUSED, 0, {}, 0),
    "a word without a number says nothing": (None, CREATED, 4, EXACT, 4),
}


@pytest.mark.parametrize("case", WORDS)
def test_what_netsuite_has_beside_ours(case: str) -> None:
    told, ours, known, more, others = WORDS[case]
    po = a_po(a_line("1", 20, received=told))
    memory = in_hotwax(po, *([ours] if ours else []), received_by_others={"1": known} if ours else None, **more)
    assert received_by_others(po, memory).get("1", 0) == others


def test_a_ledger_of_an_earlier_version_knows_what_was_there_before_ours() -> None:
    po = a_po(a_line("1", 20, received=4))
    assert received_by_others(po, in_hotwax(po, CREATED, received_before={"1": 4})) == {"1": Decimal(4)}
    plan = planned(po, CREATED, received("R2", pieces={"1": 15}), received_before={"1": 4})
    assert quantities_of(plan) == {"1": "11"}
