"""Where a purchase order stands, what HotWax is owed, and how it ends (design 6)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.po_commands import sent_again
from domain.po_plan import plan_po
from domain.purchase_order import (
    ImportedLine,
    ImportState,
    NetSuiteMode,
    PoLine,
    PoMemory,
    PoPlan,
    PoPolicy,
    PoStage,
    PoStatus,
    PurchaseOrder,
)
from domain.stages import Hold, HoldCause
from tests.domain.po_life import a_line
from tests.domain.test_po_receipts import THREE, a_po, in_hotwax, received

STOCK = PoPolicy(netsuite_mode=NetSuiteMode.STOCK)


def planned(po: PurchaseOrder, memory: PoMemory | None = None, policy: PoPolicy | None = None) -> PoPlan:
    return plan_po(po, memory or PoMemory(), policy or PoPolicy())


def owed(plan: PoPlan) -> dict[str, str]:
    """Line id -> pieces, or closed."""
    return {line.line_id: "closed" if line.closed else str(line.pieces) for line in plan.import_lines}


def asked(*lines: ImportedLine) -> dict[str, Any]:
    return {"import_state": ImportState.DONE, "asked": {line.line_id: line for line in lines}}


# ---- pending ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["B", "D", "E", None])
def test_every_status_in_which_goods_may_come_is_pending(status: str | None) -> None:
    plan = planned(a_po(a_line("1", 4, unit_rate=12), a_line("4", 5), status=status))
    assert (plan.stage, owed(plan)) == (PoStage.PENDING, {"1": "48", "4": "5"})


@pytest.mark.parametrize(
    ("status", "ends"), [("A", None), ("P", None), ("C", "CANCELLED"), ("H", "CLOSED"), ("F", "RECEIPT_SYNCED")]
)
def test_no_other_status_is_imported(status: str, ends: str | None) -> None:
    plan = planned(a_po(a_line("1", 4), status=status))
    assert (owed(plan), plan.hold, plan.ends) == ({}, None, PoStage(ends) if ends else None)
    assert bool(ends) or f"approval in NetSuite: its status is {status}" in plan.waiting_for


def test_closed_lines_and_lines_without_a_remainder_are_not_imported() -> None:
    po = a_po(a_line("1", 10, received=10), a_line("4", 5, closed=True), a_line("7", 2, received=1), status="E")
    assert owed(planned(po)) == {"7": "2"}


def test_it_is_imported_when_hotwax_has_every_line_as_netsuite_has_it() -> None:
    plan = planned(THREE, in_hotwax(THREE))
    assert (plan.stage, plan.import_lines, plan.hold) == (PoStage.IMPORTED, (), None)
    assert plan.waiting_for == "received 0/17 pieces (line 1: 0/10; line 4: 0/5; line 7: 0/2)"


# ---- deleted ---------------------------------------------------------------------------------------------------------


def test_a_deleted_one_is_held_goes_nowhere_and_takes_its_promise_back() -> None:
    po = THREE.model_copy(update={"deleted": True})
    plan = planned(po, PoMemory(receipts=(received("R1", "promised", pieces={"1": 4}),)))
    assert (plan.hold and plan.hold.cause, plan.import_lines, plan.send) == (HoldCause.DELETED_IN_NETSUITE, (), None)
    assert plan.withdraw == ("R1",)


def test_a_deleted_one_is_closed_in_hotwax_once_it_is_cancelled() -> None:
    po, memory = THREE.model_copy(update={"deleted": True}), in_hotwax(THREE, cancel_wanted=True)
    assert (owed(planned(po, memory)), planned(po, memory).hold) == (
        {"1": "closed", "4": "closed", "7": "closed"},
        None,
    )
    assert planned(po, PoMemory(cancel_wanted=True)).ends is PoStage.CANCELLED


def test_rows_that_cannot_be_read_say_that_it_is_there() -> None:
    po = THREE.model_copy(update={"deleted": True})
    assert planned(po, PoMemory(bad_rows=("row 1",))).hold == Hold(cause=HoldCause.BAD_ROWS, evidence="row 1")


# ---- amended ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"quantity": 12}, {"facility": "18"}, {"arrival": date(2026, 12, 1)}, {"unit_rate": 2}, {"sku": "OTHER"}],
)
def test_only_the_line_that_differs_is_imported_again(change: dict[str, Any]) -> None:
    amended = a_po(a_line("1", 10, **{k: v for k, v in change.items() if k != "quantity"}), a_line("4", 5))
    if "quantity" in change:
        amended = a_po(a_line("1", 12), a_line("4", 5))
    plan = planned(amended, in_hotwax(a_po(a_line("1", 10), a_line("4", 5)), stage=PoStage.IMPORTED))
    assert ([line.line_id for line in plan.import_lines], plan.stage) == (["1"], PoStage.IMPORTED)


def test_a_new_line_is_imported_and_a_closed_or_vanished_one_is_closed_in_hotwax() -> None:
    amended = a_po(a_line("1", 10), a_line("4", 5, closed=True), a_line("10", 3))
    assert owed(planned(amended, in_hotwax(THREE))) == {"4": "closed", "7": "closed", "10": "3"}


def test_an_amendment_below_what_is_received_is_held_and_the_other_lines_go_on() -> None:
    amended = a_po(a_line("1", 4), a_line("4", 6), a_line("7", 2), status="E")
    memory = in_hotwax(THREE, received("R1", "created", pieces={"1": 6}, sent={"1": 6}), status_after=PoStatus("E"))
    plan = planned(amended, memory)
    assert plan.hold is not None
    assert (plan.hold.cause, owed(plan)) == (HoldCause.AMENDED_BELOW_RECEIVED, {"4": "6"})
    assert "amended from 10 to 4 pieces, 6 are received" in plan.hold.evidence
    settled = memory.model_copy(update={"acknowledged": frozenset(plan.acknowledges)})
    assert owed(planned(amended, settled)) == {"1": "4", "4": "6"}


def test_an_over_receipt_is_no_amendment() -> None:
    memory = in_hotwax(THREE, received("R1", "created", pieces={"7": 3}, sent={"7": 2}, held_back={"7": 1}))
    plan = planned(THREE, memory)
    assert plan.hold is not None
    assert plan.hold.cause is HoldCause.RECEIPT_EXCESS


def test_a_line_that_a_store_closed_short_is_left_closed_and_one_reopened_in_netsuite_is_owed() -> None:
    had = in_hotwax(a_po(a_line("1", 10, closed=True), a_line("4", 5)))
    by_store = had.model_copy(update={"closed_in_oms": frozenset({"1"})})
    po = a_po(a_line("1", 10), a_line("4", 5))
    assert owed(planned(po, by_store)) == {}
    assert owed(planned(po, had)) == {"1": "10"}


# ---- uploads ---------------------------------------------------------------------------------------------------------


def test_nothing_is_owed_twice_while_an_upload_is_under_way() -> None:
    plan = planned(THREE, PoMemory(import_state=ImportState.SENT))
    assert (owed(plan), plan.hold) == ({}, None)
    assert "waiting for HotWax's import" in plan.waiting_for


@pytest.mark.parametrize(
    ("state", "cause"),
    [(ImportState.UNKNOWN, HoldCause.IMPORT_UNKNOWN), (ImportState.REJECTED, HoldCause.IMPORT_REJECTED)],
)
def test_an_upload_that_went_wrong_holds_it_with_hotwax_s_words(state: ImportState, cause: HoldCause) -> None:
    plan = planned(THREE, PoMemory(import_state=state, import_problem="line 4: no product SKU-4"))
    assert plan.hold is not None
    assert (plan.hold.cause, plan.hold.evidence, owed(plan)) == (cause, "line 4: no product SKU-4", {})


def test_a_refused_line_that_netsuite_tells_otherwise_since_is_imported_again() -> None:
    first = planned(a_po(a_line("1", 10)))
    memory = PoMemory(import_state=ImportState.REJECTED, asked={"1": first.import_lines[0]})
    assert planned(a_po(a_line("1", 10)), memory).hold is not None
    assert owed(planned(a_po(a_line("1", 10, sku="MENDED")), memory)) == {"1": "10"}


def test_a_change_that_hotwax_took_without_a_word_and_did_not_make_is_held_not_repeated() -> None:
    amended = a_po(a_line("1", 12), a_line("4", 5), a_line("7", 2))
    first = planned(amended, in_hotwax(THREE))
    assert owed(first) == {"1": "12"}
    ignored = in_hotwax(THREE, **asked(*first.import_lines))
    plan = planned(amended, ignored)
    assert plan.hold is not None
    assert (plan.hold.cause, owed(plan)) == (HoldCause.IMPORT_NOT_TAKEN, {})
    assert "line 1: 10 pieces in HotWax, 12 wanted" in plan.hold.evidence
    gone_on = planned(amended, ignored.model_copy(update={"acknowledged": frozenset(plan.acknowledges)}))
    assert (gone_on.hold, owed(gone_on)) == (None, {})


@pytest.mark.parametrize("change", [{"facility": "18"}, {"arrival": date(2026, 12, 1)}, {"sku": "OTHER"}])
@pytest.mark.parametrize("said", ["not_taken:1:12:SKU-1:17", "not_taken:1:12"])
def test_who_left_a_quantity_as_hotwax_has_it_is_asked_anew_about_anything_else(
    said: str, change: dict[str, Any]
) -> None:
    more = [a_po(a_line("1", 12, **given), a_line("4", 5), a_line("7", 2)) for given in ({}, change)]
    held = [planned(po, in_hotwax(THREE, **asked(*planned(po, in_hotwax(THREE)).import_lines))) for po in more]
    assert "not_taken:1:12:SKU-1:17" in held[0].acknowledges
    for po, is_asked in zip(more, (False, True), strict=True):
        wanted = planned(po, in_hotwax(THREE)).import_lines
        plan = planned(po, in_hotwax(THREE, **asked(*wanted), acknowledged=frozenset({said})))
        assert (plan.hold is not None, owed(plan)) == (is_asked, {})


@pytest.mark.parametrize(("partial", "lines"), [(False, {}), (True, {"4": "5"})])
def test_a_unit_without_a_rate_holds_the_import_as_a_whole_unless_parts_are_allowed(
    partial: bool, lines: dict[str, str]
) -> None:
    plan = planned(a_po(a_line("1", 10, unit_rate=0), a_line("4", 5)), None, PoPolicy(partial_pos=partial))
    assert plan.hold is not None
    assert (plan.hold.cause, owed(plan)) == (HoldCause.UNIT_NOT_EXACT, lines)
    assert plan.hold.evidence == "line 1: the unit's rate is 0: a unit has more than no pieces"


# ---- bad rows --------------------------------------------------------------------------------------------------------

BAD = ("line 3, quantity 'ten': not a number",)


def test_bad_rows_hold_the_whole_purchase_order_with_the_row_shown() -> None:
    promised = received("R1", "promised", pieces={"1": 1}, sent={"1": 1})
    plan = planned(THREE, in_hotwax(THREE, promised, bad_rows=BAD))
    assert plan.hold is not None
    assert (plan.hold.cause, plan.hold.evidence) == (HoldCause.BAD_ROWS, BAD[0])
    assert (owed(plan), plan.send, plan.withdraw) == ({}, None, ("R1",))


def test_where_parts_are_allowed_good_rows_go_on_and_no_line_is_taken_for_gone() -> None:
    memory = in_hotwax(THREE, received(pieces={"1": 1}), bad_rows=BAD)
    plan = planned(a_po(a_line("1", 12)), memory, PoPolicy(partial_pos=True))
    assert (owed(plan), plan.hold, plan.send is not None) == ({"1": "12"}, None, True)


def test_the_stock_importer_gets_no_receipt_while_lines_may_be_unknown() -> None:
    policy = PoPolicy(partial_pos=True, netsuite_mode=NetSuiteMode.STOCK)
    plan = planned(THREE, in_hotwax(THREE, received(pieces={"1": 1}), bad_rows=BAD), policy)
    assert plan.hold is not None
    assert (plan.hold.cause, plan.send) == (HoldCause.BAD_ROWS, None)


# ---- ends ------------------------------------------------------------------------------------------------------------

ALL = received("R1", "created", pieces={"1": 10}, sent={"1": 10})
TEN = a_po(a_line("1", 10))


@pytest.mark.parametrize("status", ["F", "G"])
def test_it_is_synced_when_all_is_received_confirmed_and_netsuite_says_so(status: str) -> None:
    plan = planned(TEN, in_hotwax(TEN, ALL, status_after=PoStatus(status)))
    assert (plan.stage, plan.ends, plan.hold) == (PoStage.RECEIPT_SYNCED, PoStage.RECEIPT_SYNCED, None)


@pytest.mark.parametrize("status", ["B", "D", "E"])
def test_it_is_held_when_netsuite_s_status_contradicts_the_receipts_it_confirmed(status: str) -> None:
    memory = in_hotwax(TEN, ALL, status_after=PoStatus(status))
    plan = planned(TEN, memory)
    assert plan.hold is not None
    assert (plan.hold.cause, plan.acknowledges, plan.ends) == (HoldCause.STATUS_DIFFERS, (f"status:{status}",), None)
    settled = memory.model_copy(update={"acknowledged": frozenset(plan.acknowledges)})
    assert planned(TEN, settled).ends is PoStage.RECEIPT_SYNCED


def test_it_waits_while_netsuite_has_not_told_its_status_since() -> None:
    plan = planned(TEN, in_hotwax(TEN, ALL))
    assert (plan.ends, plan.hold, plan.stage) == (None, None, PoStage.RECEIVED)
    assert plan.waiting_for.endswith("waiting for NetSuite to tell its status")


def test_short_lines_stay_open_until_one_side_closes_them() -> None:
    part = received("R1", "created", pieces={"1": 4}, sent={"1": 4})
    memory = in_hotwax(TEN, part, status_after=PoStatus("E"))
    assert planned(TEN, memory).ends is None
    assert planned(TEN, memory).waiting_for == "received 4/10 pieces (line 1: 4/10)"
    by_store = memory.model_copy(update={"closed_in_oms": frozenset({"1"})})
    assert planned(TEN, by_store).ends is PoStage.RECEIPT_SYNCED
    closed = a_po(a_line("1", 10, closed=True, received=4), status="F")
    assert owed(planned(closed, memory)) == {"1": "closed"}
    taken = in_hotwax(closed, part, status_after=PoStatus("E"))
    assert planned(closed, taken).ends is PoStage.RECEIPT_SYNCED


def test_with_the_stock_importer_it_ends_accepted_and_unverified_until_a_file_tells() -> None:
    unverified = received("R1", "unverified", pieces={"1": 10}, sent={"1": 10})
    untold = a_po(a_line("1", 10), status=None)
    plan = planned(untold, in_hotwax(untold, unverified), STOCK)
    assert plan.ends is PoStage.RECEIPT_SYNCED
    assert plan.waiting_for == "accepted, unverified: NetSuite's stock importer confirms nothing"
    told = a_po(a_line("1", 10, received=10), status="F")
    assert (planned(told, in_hotwax(told, unverified), STOCK).waiting_for) == ""


@pytest.mark.parametrize(("status", "stage"), [("C", "CANCELLED"), ("H", "CLOSED")])
def test_one_that_netsuite_ended_is_closed_in_hotwax_first(status: str, stage: str) -> None:
    ended = a_po(a_line("1", 10), status=status)
    assert owed(planned(ended, in_hotwax(TEN))) == {"1": "closed"}
    closed = in_hotwax(a_po(a_line("1", 10, closed=True)))
    assert planned(ended, closed).ends is PoStage(stage)


def test_goods_that_came_after_netsuite_closed_it_are_held() -> None:
    ended = a_po(a_line("1", 10), status="H")
    plan = planned(ended, in_hotwax(a_po(a_line("1", 10, closed=True)), received(pieces={"1": 2})))
    assert (plan.hold and plan.hold.cause, plan.send, plan.ends) == (HoldCause.RECEIPT_EXCESS, None, None)


def test_a_cancelled_one_is_closed_in_hotwax_and_a_receipt_overtakes_the_cancel() -> None:
    assert owed(planned(TEN, in_hotwax(TEN, cancel_wanted=True))) == {"1": "closed"}
    assert planned(TEN, PoMemory(cancel_wanted=True)).ends is PoStage.CANCELLED
    assert planned(TEN, PoMemory(cancel_wanted=True, import_state=ImportState.UNKNOWN)).ends is None
    overtaken = planned(TEN, in_hotwax(TEN, received(pieces={"1": 2}), cancel_wanted=True))
    assert (owed(overtaken), overtaken.send is not None) == ({}, True)


def test_an_operator_s_close_closes_the_remainder_and_still_syncs_what_was_received() -> None:
    came = in_hotwax(TEN, received(pieces={"1": 2}), close_wanted=True)
    plan = planned(TEN, came)
    assert (owed(plan), plan.send is not None, plan.ends) == ({"1": "closed"}, True, None)
    closed = a_po(a_line("1", 10, closed=True))
    made = received("R1", "created", pieces={"1": 2}, sent={"1": 2})
    assert planned(TEN, in_hotwax(closed, made, close_wanted=True)).ends is PoStage.CLOSED


def test_one_whose_lines_were_all_closed_before_anything_came_is_closed() -> None:
    closed = a_po(*(a_line(i, 5, closed=True) for i in ("1", "4")))
    assert planned(closed).ends is PoStage.CLOSED


def test_evidence_stays_short_however_many_lines_are_wrong() -> None:
    lines: tuple[PoLine, ...] = tuple(a_line(str(n), 1, unit_rate=Decimal(0)) for n in range(500))
    plan = planned(a_po(*lines))
    assert plan.hold is not None
    assert plan.hold.evidence.endswith("; and 495 more")


def test_one_that_was_received_in_full_is_synced_whoever_closes_it_then() -> None:
    full = a_po(a_line("1", 10, received=10), status="H")
    closed = in_hotwax(a_po(a_line("1", 10, closed=True)), ALL)
    assert planned(full, closed).ends is PoStage.RECEIPT_SYNCED


def test_a_close_gives_up_nothing_that_was_received_and_says_so() -> None:
    refused = received("R1", "rejected", pieces={"1": 2}, sent={"1": 2}, problem="the period is closed")
    memory = in_hotwax(a_po(a_line("1", 10, closed=True)), refused, closed_in_oms=frozenset({"1"}))
    closing = planned(TEN, memory.model_copy(update={"close_wanted": True}))
    assert (closing.hold and closing.hold.cause, closing.ends) == (HoldCause.RECEIPT_REJECTED, None)
    assert closing.waiting_for.endswith("it is closed once everything received is in NetSuite")
    again = memory.model_copy(update={"receipts": (sent_again(refused, NetSuiteMode.WAYBILL),), "close_wanted": True})
    assert planned(TEN, again).send is not None


def test_a_word_of_netsuite_that_is_newer_than_its_answer_is_its_status() -> None:
    gone = a_po(a_line("1", 10, received=0), status="B")
    answered = in_hotwax(gone, ALL, status_after=PoStatus("F"))
    assert planned(gone, answered).ends is PoStage.RECEIPT_SYNCED
    plan = planned(gone, answered.model_copy(update={"told_after_answer": True}))
    assert (plan.hold and plan.hold.cause, plan.ends) == (HoldCause.STATUS_DIFFERS, None)


def test_an_answer_says_nothing_about_a_later_receipt_that_only_an_operator_has_seen() -> None:
    first = received("R1", "created", pieces={"1": 6}, sent={"1": 6})
    doubt = received("R2", "unknown", pieces={"1": 4}, sent={"1": 4})
    seen = in_hotwax(TEN, first, doubt, status_after=PoStatus("E"), acknowledged=frozenset({"doubt:R2"}))
    plan = planned(TEN, seen)
    assert (plan.hold, plan.ends) == (None, None)
    assert plan.waiting_for.endswith("waiting for NetSuite to tell its status")


def test_an_amendment_of_the_date_is_no_lower_quantity_though_too_much_was_received() -> None:
    memory = in_hotwax(TEN, received("R1", "created", pieces={"1": 12}, sent={"1": 10}, held_back={"1": 2}))
    later = a_po(a_line("1", 10, arrival=date(2026, 12, 1)))
    assert owed(planned(later, memory)) == {"1": "10"}


# ---- lines under another key -----------------------------------------------------------------------------------------


def told_by_keys(*keys: str | None) -> PurchaseOrder:
    """One line as it is told after it was told under these keys, the newest last."""
    told = a_po(a_line("1", 10, unique_key=keys[0], received=0))
    for key in keys[1:]:
        told = a_po(a_line("1", 10, unique_key=key, received=0)).told_after(told)
    return told


@pytest.mark.parametrize("keys", [("7", "9"), ("7", "9", "9"), ("7", "8", "9")])
def test_a_line_under_another_unique_key_holds_the_whole_order_with_both_keys(keys: tuple[str, ...]) -> None:
    po, come = told_by_keys(*keys), received("R2", "promised", pieces={"1": 10}, sent={"1": 10})
    memory = in_hotwax(po, come)
    plan = planned(po, memory)
    assert (plan.hold and plan.hold.cause, plan.send, plan.withdraw) == (HoldCause.LINE_KEY_CHANGED, None, ("R2",))
    assert plan.hold is not None
    assert "was told under unique key 7 before, and is under 9" in plan.hold.evidence
    gone_on = memory.model_copy(update={"acknowledged": frozenset(plan.acknowledges)})
    assert planned(po, gone_on).hold is None


@pytest.mark.parametrize("keys", [("7", "7"), ("7", None), (None, "9"), ("7", "9", "7")])
def test_the_same_key_again_or_none_to_compare_holds_nothing(keys: tuple[str | None, ...]) -> None:
    po = told_by_keys(*keys)
    assert planned(po, in_hotwax(po)).hold is None


# ---- gone from HotWax ------------------------------------------------------------------------------------------------
