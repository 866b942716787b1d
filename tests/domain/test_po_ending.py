"""Purchase orders that end though their lines cannot be told: HotWax closes what it has, no receipt goes by guess."""

from typing import Any

import pytest

from domain.po_commands import resumption, told_of_resume
from domain.po_plan import plan_po
from domain.purchase_order import NetSuiteMode, PoMemory, PoPlan, PoPolicy, PoStage, ReceiptFact
from domain.stages import HoldCause
from tests.domain.po_life import a_line
from tests.domain.test_po_plan import BAD, owed
from tests.domain.test_po_receipts import THREE, a_po, in_hotwax, received

ALL_CLOSED = {"1": "closed", "4": "closed", "7": "closed"}
STOCK_PARTIAL = PoPolicy(netsuite_mode=NetSuiteMode.STOCK, partial_pos=True)
WITHHELD = {"bad_rows": HoldCause.BAD_ROWS, "another_key": HoldCause.LINE_KEY_CHANGED}


def planned(why: str, *receipts: ReceiptFact, status: str = "B", **more: Any) -> PoPlan:
    keys = {"unique_key": "8", "former_key": "7"} if why == "another_key" else {}
    po = a_po(a_line("1", 10, **keys), a_line("4", 5), a_line("7", 2), status=status)
    bad = BAD if why == "bad_rows" else ()
    return plan_po(po, in_hotwax(THREE, *receipts, bad_rows=bad, **more), PoPolicy())


ENDING: dict[str, tuple[str, dict[str, Any]]] = {
    "cancelled": ("bad_rows", {"cancel_wanted": True}),
    "closed": ("bad_rows", {"close_wanted": True}),
    "closed in NetSuite by its good rows": ("bad_rows", {"status_beside": "H"}),
    "another key, cancelled": ("another_key", {"cancel_wanted": True}),
    "another key, closed": ("another_key", {"close_wanted": True}),
    "another key, closed in NetSuite": ("another_key", {"status": "H"}),
    "another key, rejected in NetSuite": ("another_key", {"status": "C"}),
}


@pytest.mark.parametrize("case", ENDING)
def test_one_of_which_no_goods_are_expected_is_closed_in_hotwax_and_ends(case: str) -> None:
    why, given = ENDING[case]
    plan = planned(why, **given)
    assert (plan.hold, owed(plan)) == (None, ALL_CLOSED)
    closed = {i: line.model_copy(update={"closed": True}) for i, line in in_hotwax(THREE).imported.items()}
    ends = planned(why, imported=closed, **given).ends
    is_cancelled = "cancel_wanted" in given or given.get("status") == "C"
    assert ends is (PoStage.CANCELLED if is_cancelled else PoStage.CLOSED)


@pytest.mark.parametrize("why", WITHHELD)
def test_its_receipts_are_withheld_all_the_same_and_it_stays_held_for_them(why: str) -> None:
    plan = planned(why, received("R1", "promised", pieces={"1": 1}, sent={"1": 1}), close_wanted=True)
    assert (owed(plan), plan.send, plan.withdraw, plan.ends) == (ALL_CLOSED, None, ("R1",), None)
    assert plan.hold is not None
    assert plan.hold.cause is WITHHELD[why]


def test_what_netsuite_has_of_it_already_does_not_keep_it_from_its_end() -> None:
    confirmed = received("R1", "created", pieces={"1": 1}, sent={"1": 1})
    assert planned("bad_rows", confirmed, close_wanted=True, imported={}).ends is PoStage.CLOSED


@pytest.mark.parametrize("more", [{"status": "H"}, {"status": "H", "status_beside": "B"}])
def test_a_status_from_before_the_bad_rows_ends_nothing(more: dict[str, Any]) -> None:
    plan = planned("bad_rows", **more)
    assert (plan.hold and plan.hold.cause, owed(plan)) == (HoldCause.BAD_ROWS, {})


def test_bad_rows_beside_the_stock_importer_keep_no_cancelled_one_from_its_end() -> None:
    plan = plan_po(a_po(a_line("1", 10)), PoMemory(bad_rows=BAD, cancel_wanted=True), STOCK_PARTIAL)
    assert (plan.hold, plan.ends) == (None, PoStage.CANCELLED)


@pytest.mark.parametrize("policy", [PoPolicy(), PoPolicy(partial_pos=True)])
def test_one_of_which_only_bad_rows_are_known_is_held_until_it_is_cancelled(policy: PoPolicy) -> None:
    nothing = THREE.model_copy(update={"lines": ()})
    plan = plan_po(nothing, PoMemory(bad_rows=BAD), policy)
    assert (plan.hold and plan.hold.cause, plan.ends) == (HoldCause.BAD_ROWS, None)
    assert plan_po(nothing, PoMemory(bad_rows=BAD, cancel_wanted=True), policy).ends is PoStage.CANCELLED


def test_a_resume_says_what_becomes_of_a_cancel_or_a_close() -> None:
    held = in_hotwax(THREE, received(pieces={"1": 1}), bad_rows=BAD, close_wanted=True)
    ended = in_hotwax(THREE, cancel_wanted=True, imported={})
    for memory, words in ((held, "the close stands"), (ended, "the cancel is taken back"), (in_hotwax(THREE), "")):
        plan = plan_po(THREE, memory, PoPolicy())
        assert words in told_of_resume(memory, plan)
        assert bool(words) == bool(told_of_resume(memory, plan))
        assert resumption(memory, plan).withdraw == ("taken back" in words)
