"""What a receipt for NetSuite names, how much of it is passed on, and what of it is held."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.po_commands import resumption
from domain.po_plan import plan_po
from domain.po_standing import Standing, received_before
from domain.purchase_order import (
    ImportedLine,
    ImportState,
    PoLine,
    PoMemory,
    PoPlan,
    PoPolicy,
    PoStage,
    PoStatus,
    PurchaseOrder,
    ReceiptFact,
)
from domain.stages import HoldCause
from tests.domain.po_life import START, a_line

LATER = START + timedelta(hours=1)


def a_po(*lines: PoLine, status: str | None = "B") -> PurchaseOrder:
    told = PoStatus(status) if status else None
    return PurchaseOrder(tenant="gt", po_id="4410021", number="PO77", status=told, lines=lines)


def received(receipt_id: str = "R1", state: str = "new", **more: Any) -> ReceiptFact:
    """A receipt; `pieces` by line."""
    return ReceiptFact.model_validate({"receipt_id": receipt_id, "received_at": START, "state": state, **more})


def in_hotwax(po: PurchaseOrder, *receipts: ReceiptFact, **more: Any) -> PoMemory:
    """The memory of a purchase order that HotWax has as NetSuite tells it."""
    imported = {
        line.line_id: ImportedLine(
            line_id=line.line_id,
            sku=line.sku,
            pieces=line.quantity * (line.unit_rate or 1),
            facility=line.facility,
            closed=line.closed,
        )
        for line in po.lines
    }
    given = {"import_state": ImportState.DONE, "imported": imported, "receipts": receipts}
    return PoMemory.model_validate({**given, **more})


def planned(po: PurchaseOrder, *receipts: ReceiptFact, tolerance: int = 0, **more: Any) -> PoPlan:
    return plan_po(po, in_hotwax(po, *receipts, **more), PoPolicy(over_receipt_percent=Decimal(tolerance)))


def quantities_of(plan: PoPlan) -> dict[str, str | None]:
    assert plan.send is not None
    return {i: None if n is None else str(n) for i, n in plan.send.quantities.items()}


THREE = a_po(a_line("1", 10), a_line("4", 5), a_line("7", 2))


def test_it_names_exactly_the_lines_with_a_remainder_and_none_for_those_not_received() -> None:
    plan = planned(THREE, received(pieces={"4": 3}))
    assert quantities_of(plan) == {"1": None, "4": "3", "7": None}
    assert (plan.hold, plan.stage) == (None, PoStage.RECEIVED)


def test_a_promised_receipt_goes_only_as_it_was_promised_and_while_the_fate_of_no_other_is_open() -> None:
    promise = {"pieces": {"4": 3}, "sent": {"4": 3}, "named": {"1", "4", "7"}}
    second = received("R2", "promised", **promise)
    assert planned(THREE, second).goes == "R2"
    assert planned(a_po(*THREE.lines, a_line("9", 1)), second).goes is None
    assert planned(THREE, received("R1", "unknown", pieces={"1": 1}, sent={"1": 1}), second).goes is None
    assert planned(THREE, received("R2", "promised", is_settling=True, **promise)).goes is None


def test_lines_that_earlier_receipts_finished_are_not_named_any_more() -> None:
    first = received("R1", "created", pieces={"1": 10, "4": 2}, sent={"1": 10, "4": 2})
    assert quantities_of(planned(THREE, first, received("R2", pieces={"4": 3}))) == {"4": "3", "7": None}


def test_closed_lines_and_what_netsuite_received_by_itself_are_not_named() -> None:
    po = a_po(a_line("1", 10, received=10), a_line("4", 5, closed=True), a_line("7", 2, received=0), status="E")
    assert quantities_of(planned(po, received(pieces={"7": 1}))) == {"7": "1"}


def test_lines_are_matched_by_their_id_though_two_have_one_product() -> None:
    po = a_po(a_line("1", 10, sku="SHOE"), a_line("4", 10, sku="SHOE"))
    assert quantities_of(planned(po, received(pieces={"4": 6}))) == {"1": None, "4": "6"}


def test_pieces_go_out_in_the_lines_own_unit() -> None:
    po = a_po(a_line("1", 4, unit="BOX", unit_rate=12))
    plan = planned(po, received(pieces={"1": 30}))
    assert quantities_of(plan) == {"1": "2.5"}
    assert plan.waiting_for.startswith("received 30/48 pieces (line 1: 30/48)")


def test_pieces_without_an_exact_value_in_the_unit_hold_the_receipt_and_not_the_next_one() -> None:
    po = a_po(a_line("1", 4, unit_rate=12), a_line("4", 5))
    plan = planned(po, received("R1", pieces={"1": 10, "4": 1}), received("R2", pieces={"4": 2}))
    assert plan.hold is not None
    assert (plan.hold.cause, plan.send and plan.send.receipt_id) == (HoldCause.UNIT_NOT_EXACT, "R2")
    assert "inexact:R1:1:10: 10 pieces in units of 12" in plan.hold.evidence


@pytest.mark.parametrize(
    ("ordered", "tolerance", "got", "passed", "held"),
    [
        (10, 0, 12, "10", "2"),
        (10, 10, 11, "11", None),
        (10, 10, 12, "11", "1"),
        (10, 15, 12, "11", "1"),
        (3, 10, 4, "3", "1"),
    ],
)
def test_excess_is_passed_on_up_to_the_tolerance_in_whole_pieces(
    ordered: int, tolerance: int, got: int, passed: str, held: str | None
) -> None:
    plan = planned(a_po(a_line("1", ordered)), received(pieces={"1": got}), tolerance=tolerance)
    assert quantities_of(plan) == {"1": passed}
    assert plan.send is not None
    assert plan.send.held_back == ({"1": Decimal(held)} if held else {})
    assert plan.acknowledges == ((f"excess:R1:1:{held}",) if held else ())


def test_a_tolerance_that_is_no_exact_part_of_the_unit_passes_the_remainder_on() -> None:
    plan = planned(a_po(a_line("1", 2, unit_rate=12)), received(pieces={"1": 26}), tolerance=10)
    assert quantities_of(plan) == {"1": "2"}
    assert plan.hold is not None
    assert plan.hold.evidence.startswith("excess:R1:1:2: 2 pieces of receipt R1 are not passed on")


def test_excess_that_was_acknowledged_holds_nothing_any_more() -> None:
    sent = received("R1", "created", pieces={"1": 12}, sent={"1": 10}, held_back={"1": 2})
    po, after = a_po(a_line("1", 10)), PoStatus.PENDING_BILLING
    held = planned(po, sent, status_after=after)
    assert (held.hold and held.hold.cause, held.ends) == (HoldCause.RECEIPT_EXCESS, None)
    done = planned(po, sent, status_after=after, acknowledged=frozenset(held.acknowledges))
    assert (done.hold, done.ends) == (None, PoStage.RECEIPT_SYNCED)


def test_goods_on_a_line_that_bad_rows_may_hide_hold_their_receipt_until_they_are_read_or_left_out() -> None:
    told, policy = a_po(a_line("1", 10), a_line("7", 2)), PoPolicy(partial_pos=True)
    both, other = received("R1", "promised", pieces={"1": 1, "4": 2}), received("R2", pieces={"1": 3})
    memory = in_hotwax(THREE, both, other, bad_rows=("line 3, quantity 'ten'",))
    plan = plan_po(told, memory, policy)
    assert (plan.hold and plan.hold.cause, plan.acknowledges) == (HoldCause.BAD_ROWS, ("excess:R1:4:2",))
    assert (plan.send and plan.send.receipt_id, plan.withdraw) == ("R2", ("R1",))
    left_out = memory.model_copy(update={"acknowledged": frozenset(plan.acknowledges)})
    plan = plan_po(told, left_out, policy)
    assert (plan.hold, plan.withdraw, quantities_of(plan)) == (None, (), {"1": "1", "7": None})
    plan = plan_po(THREE, in_hotwax(THREE, both), policy)
    assert quantities_of(plan) == {"1": "1", "4": "2", "7": None}


@pytest.mark.parametrize("now", [1, 200])
def test_excess_that_changes_its_size_after_it_was_acknowledged_is_asked_anew(now: int) -> None:
    said = frozenset({"excess:R2:1:2"})
    full = received("R1", "created", pieces={"1": 10}, sent={"1": 10})
    memory = in_hotwax(THREE, full, received("R2", pieces={"1": now}), acknowledged=said)
    plan = plan_po(THREE, memory, PoPolicy())
    assert (plan.hold and plan.hold.cause, plan.acknowledges) == (HoldCause.RECEIPT_EXCESS, (f"excess:R2:1:{now}",))
    assert resumption(memory, plan).acknowledged == {f"excess:R2:1:{now}"}


@pytest.mark.parametrize(("got", "passed"), [(5, None), (8, "3")])
def test_pieces_that_were_acknowledged_are_left_out_though_netsuite_would_take_them_now(
    got: int, passed: str | None
) -> None:
    raised, said = a_po(a_line("1", 30)), frozenset({"excess:R2:1:5"})
    full = received("R1", "created", pieces={"1": 20}, sent={"1": 20})
    plan = planned(raised, full, received("R2", pieces={"1": got}), acknowledged=said)
    assert (quantities_of(plan) if plan.send else None) == (passed and {"1": passed})
    assert plan.hold is None


@pytest.mark.parametrize("kind", ["excess", "inexact"])
def test_an_earlier_ledger_s_key_leaves_out_what_it_is_about_and_is_asked_once_more(kind: str) -> None:
    raised, said = a_po(a_line("1", 30)), frozenset({f"{kind}:R1:1"})
    plan = planned(raised, received(pieces={"1": 5}), acknowledged=said)
    assert (plan.send, plan.acknowledges) == (None, ("excess:R1:1:5",))
    promised = received("R1", "promised", pieces={"1": 35}, sent={"1": 30}, held_back={"1": 5}, named={"1"})
    plan = planned(raised, promised, acknowledged=said)
    assert (plan.withdraw, plan.acknowledges) == ((), ("excess:R1:1:5",))


def test_a_line_booked_by_hand_for_its_unit_is_never_sent_and_asked_anew_when_it_changes() -> None:
    po, said = a_po(a_line("1", 4, unit_rate=12)), frozenset({"inexact:R1:1:10"})
    assert planned(po, received(pieces={"1": 10}), acknowledged=said).hold is None
    changed = planned(po, received(pieces={"1": 12}), acknowledged=said)
    assert (changed.send, changed.acknowledges) == (None, ("inexact:R1:1:12",))


@pytest.mark.parametrize(
    ("po", "line"),
    [(a_po(a_line("1", 10)), None), (a_po(a_line("1", 10), a_line("4", 9, sku="HAT", added_at=LATER)), "3")],
)
def test_more_of_a_product_that_was_ignored_is_asked_anew_or_received_without_what_was_ignored(
    po: PurchaseOrder, line: str | None
) -> None:
    receipt = received(pieces={"1": 3}, unplanned={"HAT": 5})
    plan = planned(po, receipt, acknowledged=frozenset({"unplanned:R1:HAT:2"}))
    assert plan.acknowledges == (() if line else ("unplanned:R1:HAT:5",))
    assert (quantities_of(plan) if plan.send else None) == (line and {"1": "3", "4": line})


@pytest.mark.parametrize(
    ("po", "why"),
    [
        (a_po(a_line("1", 10), a_line("4", 5, closed=True)), "line 4 is closed in NetSuite"),
        (a_po(a_line("1", 10)), "the line is not on the purchase order"),
        (a_po(a_line("1", 10), a_line("4", 5, received=5), status="E"), "line 4 (SKU-4) has 5 of 5 pieces in NetSuite"),
    ],
)
def test_what_no_line_can_take_is_excess_and_the_rest_goes_on(po: PurchaseOrder, why: str) -> None:
    plan = planned(po, received(pieces={"1": 1, "4": 2}))
    assert quantities_of(plan) == {"1": "1"}
    assert plan.hold is not None
    assert why in plan.hold.evidence


def test_a_receipt_that_names_nothing_positive_is_never_sent() -> None:
    nothing = received("R1", pieces={}, rejected={"1": 3})
    excess = received("R2", pieces={"4": 1})
    po = a_po(a_line("1", 10), a_line("4", 5, closed=True))
    assert planned(po, nothing, excess).send is None
    assert planned(po, nothing).hold is None


def test_rejected_pieces_are_not_received() -> None:
    assert quantities_of(planned(THREE, received(pieces={"1": 3}, rejected={"1": 2, "4": 5})))["1"] == "3"


def test_a_product_without_a_line_holds_its_receipt_until_it_is_added_or_ignored() -> None:
    receipt = received(pieces={"1": 3}, unplanned={"HAT": 2})
    held = planned(a_po(a_line("1", 10)), receipt)
    assert (held.hold and held.hold.cause, held.send) == (HoldCause.RECEIPT_UNPLANNED, None)
    assert held.acknowledges == ("unplanned:R1:HAT:2",)
    ignored = planned(a_po(a_line("1", 10)), receipt, acknowledged=frozenset(held.acknowledges))
    assert quantities_of(ignored) == {"1": "3"}
    added = planned(a_po(a_line("1", 10), a_line("4", 2, sku="HAT", added_at=LATER)), receipt)
    assert (quantities_of(added), added.hold) == ({"1": "3", "4": "2"}, None)


def test_a_product_that_is_on_two_lines_is_given_to_neither() -> None:
    hats = (a_line("4", 2, sku="HAT", added_at=LATER), a_line("7", 2, sku="HAT", added_at=LATER))
    assert planned(a_po(a_line("1", 10), *hats), received(pieces={"1": 3}, unplanned={"HAT": 2})).send is None


@pytest.mark.parametrize("added_at", [None, START - timedelta(minutes=1)])
def test_a_product_without_a_line_is_never_laid_to_one_that_was_there_before(added_at: datetime | None) -> None:
    hats = a_line("4", 9, sku="HAT", added_at=added_at)
    receipt = received(pieces={"4": 3}, unplanned={"HAT": 2})
    held = planned(a_po(hats), receipt)
    assert (held.send, held.acknowledges) == (None, ("unplanned:R1:HAT:2",))
    assert "came on no line; line 4 has the same product" in held.told[0]
    ignored = planned(a_po(hats), receipt, acknowledged=frozenset(held.acknowledges))
    assert quantities_of(ignored) == {"4": "3"}
    added = planned(a_po(hats, a_line("7", 2, sku="HAT", added_at=LATER)), receipt)
    assert (quantities_of(added), added.hold) == ({"4": "3", "7": "2"}, None)


def test_a_product_without_a_line_that_comes_to_a_sent_receipt_is_held_also_where_a_line_has_it() -> None:
    sent = received("R1", "created", pieces={"4": 3}, sent={"4": 3}, unplanned={"HAT": 2})
    assert planned(a_po(a_line("4", 9, sku="HAT")), sent).acknowledges == ("unplanned:R1:HAT:2",)


@pytest.mark.parametrize("added_at", [None, LATER])
def test_a_product_that_was_sent_on_the_line_added_for_it_is_at_rest(added_at: datetime | None) -> None:
    """A ledger of an earlier version does not know when a line was added."""
    sent = received("R1", "created", pieces={"1": 3}, sent={"1": 3, "4": 2}, unplanned={"HAT": 2})
    po = a_po(a_line("1", 10), a_line("4", 2, sku="HAT", added_at=added_at))
    assert planned(po, sent).hold is None


@pytest.mark.parametrize(
    ("now", "told"), [(3, "HotWax says 3 now"), (0, "HotWax says 0 now"), (9, "HotWax says 9 now")]
)
def test_a_receipt_changed_after_it_was_sent_is_held_with_both_numbers(now: int, told: str) -> None:
    sent = received("R1", "created", pieces={"1": now} if now else {}, sent={"1": 5})
    plan = planned(a_po(a_line("1", 10)), sent, status_after=PoStatus.PENDING_BILLING_PARTIALLY_RECEIVED)
    assert plan.hold is not None
    assert (plan.hold.cause, plan.acknowledges) == (HoldCause.RECEIPT_CHANGED, (f"changed:R1:1:{now}",))
    assert "5 pieces were received, 5 of them sent" in plan.hold.evidence
    assert told in plan.hold.evidence


def test_a_receipt_taken_back_by_a_row_of_its_own_is_held_and_never_sent() -> None:
    plan = planned(a_po(a_line("1", 10)), received(pieces={"1": -2}))
    assert plan.send is None
    assert (plan.hold and plan.hold.cause, plan.acknowledges) == (HoldCause.RECEIPT_CHANGED, ("changed:R1:1:-2",))


@pytest.mark.parametrize("state", ["sent", "unknown"])
def test_while_the_fate_of_one_is_unknown_no_later_one_is_sent(state: str) -> None:
    plan = planned(THREE, received("R1", state, pieces={"1": 1}, sent={"1": 1}), received("R2", pieces={"1": 1}))
    assert plan.send is None
    assert "waiting for NetSuite's answer to receipt R1" in plan.waiting_for
    assert (plan.hold and plan.hold.cause) == (HoldCause.RECEIPT_UNKNOWN if state == "unknown" else None)


def test_a_receipt_in_doubt_that_was_found_in_netsuite_lets_the_next_one_go() -> None:
    doubt = received("R1", "unknown", pieces={"1": 10}, sent={"1": 10})
    plan = planned(THREE, doubt, received("R2", pieces={"4": 1}), acknowledged=frozenset({"doubt:R1"}))
    assert quantities_of(plan) == {"4": "1", "7": None}


def test_a_refused_receipt_is_held_and_does_not_keep_the_next_one() -> None:
    refused = received("R1", "rejected", pieces={"1": 4}, sent={"1": 4}, problem="the period is closed")
    plan = planned(THREE, refused, received("R2", pieces={"1": 10}))
    assert plan.hold is not None
    assert (plan.hold.cause, plan.hold.evidence) == (HoldCause.RECEIPT_REJECTED, "receipt R1: the period is closed")
    assert quantities_of(plan)["1"] == "10"


def test_a_promised_receipt_is_owed_again_only_when_it_would_name_something_else() -> None:
    names = frozenset({"1", "4", "7"})
    promised = received("R1", "promised", pieces={"1": 4}, sent={"1": 4}, named=names)
    assert planned(THREE, promised).send is None
    more = a_po(*THREE.lines, a_line("10", 1))
    assert quantities_of(planned(more, promised)) == {"1": "4", "10": None, "4": None, "7": None}


def test_a_promised_receipt_that_netsuite_would_not_take_is_withdrawn() -> None:
    promised = received("R1", "promised", pieces={"1": 4}, sent={"1": 4})
    for po in (a_po(a_line("1", 10, closed=True), a_line("4", 5)), a_po(a_line("1", 10), status="A")):
        plan = planned(po, promised)
        assert (plan.withdraw, plan.send) == (("R1",), None)


def test_a_receipt_in_doubt_is_sent_again_as_it_was_though_hotwax_counts_otherwise_now() -> None:
    again = received("R1", pieces={"1": 7}, sent={"1": 4}, in_doubt=True)
    assert quantities_of(planned(THREE, again)) == {"1": "4", "4": None, "7": None}


def test_a_receipt_in_doubt_is_not_sent_again_in_another_unit_than_it_was_meant_in() -> None:
    again = received("R1", pieces={"1": 24}, sent={"1": 24}, rates={"1": 1}, in_doubt=True)
    pieces, cases = a_po(a_line("1", 120, unit="EA", unit_rate=1)), a_po(a_line("1", 10, unit="CASE", unit_rate=12))
    same = planned(pieces, again).send
    assert same is not None
    assert (same.quantities, same.rates) == ({"1": Decimal(24)}, {"1": Decimal(1)})
    plan = planned(cases, again)
    assert (plan.send, plan.hold and plan.hold.cause) == (None, HoldCause.UNIT_NOT_EXACT)
    assert plan.hold
    assert "24 units of 1 were sent" in plan.hold.evidence
    memory = in_hotwax(cases, again)
    said = resumption(memory, plan).acknowledged
    assert said == {"inexact:R1:1:24"}
    resumed = planned(cases, again, acknowledged=said)
    assert (resumed.send, resumed.hold) == (None, None)
    assert planned(pieces, again, acknowledged=said).send is None, "somebody has seen to it, whatever its unit is then"


def test_a_promise_in_another_unit_is_owed_anew_though_its_number_is_the_same() -> None:
    promise = {"sent": {"1": 2}, "named": {"1"}, "rates": {"1": 24}}
    assert planned(a_po(a_line("1", 10, unit_rate=24)), received("R1", "promised", pieces={"1": 48}, **promise)).goes
    plan = planned(a_po(a_line("1", 10, unit_rate=12)), received("R1", "promised", pieces={"1": 24}, **promise))
    assert (plan.goes, quantities_of(plan)) == (None, {"1": "2"})
    assert plan.send is not None
    assert plan.send.rates == {"1": Decimal(12)}


def test_what_netsuite_had_before_and_what_we_sent_add_up_before_a_file_tells_both() -> None:
    po = a_po(a_line("1", 10, received=4), status="E")
    before = received_before(po, PoMemory())
    assert before == {"1": Decimal(4)}
    first = received("R1", "created", pieces={"1": 4}, sent={"1": 4})
    memory = in_hotwax(po, first, received("R2", pieces={"1": 4}), received_before=before)
    assert received_before(po, memory) == before
    plan = plan_po(po, memory, PoPolicy())
    assert quantities_of(plan) == {"1": "2"}


@pytest.mark.parametrize(
    ("told", "in_file", "after", "in_force"),
    [
        (0, "B", "E", "E"),
        (4, "G", "F", "G"),
        (0, "H", "E", "H"),
        (0, "C", "E", "C"),
        (None, None, "F", "F"),
        (0, "D", None, "D"),
    ],
)
def test_the_status_in_force_is_the_newest_that_netsuite_told(
    told: int | None, in_file: str | None, after: str | None, in_force: str
) -> None:
    po = a_po(a_line("1", 10, received=told), status=in_file)
    status_after = PoStatus(after) if after else None
    memory = PoMemory(receipts=(received("R1", "created", pieces={"1": 4}, sent={"1": 4}),), status_after=status_after)
    assert Standing(po, memory).status is PoStatus(in_force)
