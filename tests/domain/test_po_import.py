"""What HotWax has of the lines that it was told, in words; and what it does not tell any more."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.po_import import difference
from domain.purchase_order import ImportedLine, ImportState, PoMemory, PoStage
from domain.stages import HoldCause
from tests.domain.test_po_plan import owed, planned
from tests.domain.test_po_receipts import THREE


def a_line(**changes: Any) -> ImportedLine:
    told = {"line_id": "1", "sku": "LAMP", "pieces": Decimal(12), "facility": "17", "arrival": date(2026, 12, 1)}
    return ImportedLine.model_validate({**told, **changes})


@pytest.mark.parametrize(
    ("wanted", "there", "words"),
    [
        (a_line(), a_line(), None),
        (a_line(), a_line(sku=""), None),
        (a_line(arrival=None), a_line(), None),
        (a_line(), None, "line 1 is not in HotWax"),
        (a_line(closed=True), None, None),
        (a_line(closed=True), a_line(), "line 1: still open in HotWax"),
        (a_line(), a_line(sku="VASE"), "line 1: SKU VASE in HotWax, LAMP wanted"),
        (a_line(), a_line(pieces=Decimal(10)), "line 1: 10 pieces in HotWax, 12 wanted"),
        (a_line(), a_line(facility="18"), "line 1: facility 18 in HotWax, 17 wanted"),
        (a_line(), a_line(arrival=None), "line 1: arrival none in HotWax, 2026-12-01 wanted"),
    ],
)
def test_a_line_that_hotwax_has_otherwise_is_told_in_words(
    wanted: ImportedLine, there: ImportedLine | None, words: str | None
) -> None:
    assert difference([wanted], {"1": there} if there else {}) == words


def test_what_hotwax_does_not_tell_any_more_is_held_and_uploaded_by_nobody_until_no_goods_are_expected() -> None:
    there = {line.line_id: line for line in planned(THREE).import_lines}
    gone = PoMemory(import_state=ImportState.GONE, import_problem="HotWax has none", imported=there)
    plan = planned(THREE, gone)
    assert (plan.hold and plan.hold.cause, owed(plan)) == (HoldCause.GONE_IN_HOTWAX, {})
    resumed = planned(THREE, gone.model_copy(update={"import_problem": ""}))
    assert (resumed.hold, owed(resumed), "looked for in HotWax" in resumed.waiting_for) == (None, {}, True)
    assert planned(THREE, gone.model_copy(update={"close_wanted": True})).ends is PoStage.CLOSED
    assert planned(THREE, gone.model_copy(update={"cancel_wanted": True})).ends is PoStage.CANCELLED


@pytest.mark.parametrize("wish", [{}, {"cancel_wanted": True}, {"close_wanted": True}])
def test_what_was_uploaded_and_never_seen_is_looked_for_before_it_is_uploaded_anew_or_ends(
    wish: dict[str, Any],
) -> None:
    unseen = PoMemory.model_validate({"is_unseen": True, **wish})
    plan = planned(THREE, unseen)
    assert (plan.looks, owed(plan), plan.ends, "looked for in HotWax" in plan.waiting_for) == (True, {}, None, True)
    looked_for = planned(THREE, unseen.model_copy(update={"import_state": ImportState.GONE}))
    assert (looked_for.looks, looked_for.ends, looked_for.hold) == (False, None, None)
    twice = {"import_state": ImportState.GONE, "import_problem": "two orders carry its id"}
    plan = planned(THREE, unseen.model_copy(update=twice))
    assert (plan.hold and plan.hold.cause, plan.ends) == (HoldCause.GONE_IN_HOTWAX, None)


def test_a_refused_upload_that_was_never_seen_stays_held_until_somebody_mends_or_ends_it() -> None:
    asked = {line.line_id: line for line in planned(THREE).import_lines}
    refused = PoMemory(import_state=ImportState.REJECTED, import_problem="no such SKU", is_unseen=True, asked=asked)
    plan = planned(THREE, refused)
    assert (plan.hold and plan.hold.cause, plan.looks) == (HoldCause.IMPORT_REJECTED, False)
    amended = THREE.model_copy(update={"lines": THREE.lines[:1]})
    assert planned(amended, refused.model_copy(update={"asked": {**asked, "1": a_line()}})).looks
    assert planned(THREE, refused.model_copy(update={"cancel_wanted": True})).looks
