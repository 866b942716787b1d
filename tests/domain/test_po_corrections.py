"""A receipt that HotWax counts otherwise after NetSuite has it: held, and what NetSuite was put right to counts."""

from decimal import Decimal

import pytest

from domain.po_commands import resumption
from domain.po_plan import plan_po
from domain.po_standing import Standing
from domain.purchase_order import NetSuiteMode, PoMemory, PoPolicy, PoStatus, PurchaseOrder
from domain.stages import HoldCause
from tests.domain.po_life import a_line
from tests.domain.test_po_receipts import THREE, a_po, in_hotwax, planned, quantities_of, received


def put_right(memory: PoMemory, po: PurchaseOrder, policy: PoPolicy) -> PoMemory:
    """The memory after a resume: what NetSuite was put right to counts as sent."""
    change = resumption(memory, plan_po(po, memory, policy))
    kept = {(s.receipt_id, s.line_id): s for s in change.settled}
    facts = list(memory.receipts)
    for (receipt_id, line_id), settled in kept.items():
        n = next(n for n, fact in enumerate(facts) if fact.receipt_id == receipt_id)
        sent = {**facts[n].sent, line_id: settled.sent}
        held_back = {**facts[n].held_back, line_id: settled.held_back} if settled.held_back else {}
        facts[n] = facts[n].model_copy(update={"sent": sent, "held_back": held_back})
    return memory.model_copy(update={"receipts": tuple(facts), "acknowledged": change.acknowledged})


@pytest.mark.parametrize("told", [None, 18, 20])
@pytest.mark.parametrize(
    ("mode", "state"), [(NetSuiteMode.STOCK, "unverified"), (NetSuiteMode.WAYBILL, "created")], ids=["stock", "ours"]
)
def test_what_netsuite_was_put_right_to_is_what_it_has_from_then_on(
    mode: NetSuiteMode, state: str, told: int | None
) -> None:
    policy = PoPolicy(netsuite_mode=mode)
    po = a_po(a_line("1", 20, received=told), a_line("4", 12, received=told and 0), status="E" if told else None)
    corrected = received("R1", state, pieces={"1": 18}, sent={"1": 20})
    memory = put_right(in_hotwax(po, corrected), po, policy)
    assert plan_po(po, memory, policy).hold is None
    both = memory.model_copy(update={"receipts": (*memory.receipts, received("R2", pieces={"4": 12}))})
    assert quantities_of(plan_po(po, both, policy)) == {"1": None, "4": "12"}
    rest = memory.model_copy(update={"receipts": (*memory.receipts, received("R2", pieces={"1": 2}))})
    assert quantities_of(plan_po(po, rest, policy)) == {"1": "2", "4": None}


def test_a_file_is_as_new_by_what_netsuite_was_put_right_to() -> None:
    po = a_po(a_line("1", 20, received=18), status="D")
    corrected = received("R1", "created", pieces={"1": 18}, sent={"1": 20})
    memory = in_hotwax(po, corrected, status_after=PoStatus.PENDING_BILLING)
    assert Standing(po, memory).status is PoStatus.PENDING_BILLING
    assert Standing(po, put_right(memory, po, PoPolicy())).status is PoStatus.PARTIALLY_RECEIVED


def test_a_count_that_goes_back_after_netsuite_was_put_right_is_held_again() -> None:
    po = a_po(a_line("1", 20))
    memory = put_right(in_hotwax(po, received("R1", "created", pieces={"1": 18}, sent={"1": 20})), po, PoPolicy())
    back = memory.receipts[0].model_copy(update={"pieces": {"1": Decimal(20)}})
    plan = plan_po(po, memory.model_copy(update={"receipts": (back,)}), PoPolicy())
    assert plan.acknowledges == ("changed:R1:1:20",)


def test_a_change_that_an_earlier_ledger_acknowledged_is_asked_once_more() -> None:
    corrected = received("R1", "created", pieces={"1": 8}, sent={"1": 10})
    plan = planned(THREE, corrected, acknowledged=frozenset({"changed:R1:1:8"}))
    assert (plan.hold and plan.hold.cause, [str(s.sent) for s in plan.settles]) == (HoldCause.RECEIPT_CHANGED, ["8"])


@pytest.mark.parametrize(
    ("ordered", "now", "sent", "held_back"), [(20, 25, "20", "5"), (30, 25, "25", "0"), (20, 0, "0", "0")]
)
def test_a_changed_receipt_gets_what_a_new_one_would(ordered: int, now: int, sent: str, held_back: str) -> None:
    changed = received("R1", "created", pieces={"1": now} if now else {}, sent={"1": 20})
    plan = planned(a_po(a_line("1", ordered)), changed)
    assert [(str(s.sent), str(s.held_back)) for s in plan.settles] == [(sent, held_back)]
    assert plan.hold is not None
    assert plan.hold.evidence.endswith(f"NetSuite is to have {sent} pieces of this receipt")


def test_a_change_without_an_exact_value_in_the_unit_counts_as_it_can_be_written_and_the_rest_is_excess() -> None:
    po = a_po(a_line("1", 4, unit="BOX", unit_rate=12))
    memory = put_right(in_hotwax(po, received("R1", "created", pieces={"1": 7}, sent={"1": 1})), po, PoPolicy())
    assert memory.receipts[0].sent == {"1": Decimal("0.58333")}
    assert plan_po(po, memory, PoPolicy()).acknowledges == ("excess:R1:1:0.00004",)


@pytest.mark.parametrize(("state", "cause"), [("sent", None), ("unknown", HoldCause.RECEIPT_UNKNOWN)])
def test_a_change_of_a_receipt_under_way_is_held_once_netsuite_has_it(state: str, cause: HoldCause | None) -> None:
    plan = planned(THREE, received("R1", state, pieces={"1": 3}, sent={"1": 5}))
    assert (plan.settles, plan.hold and plan.hold.cause) == ((), cause)


def test_pieces_that_another_receipt_took_back_are_open_again_once_netsuite_was_put_right() -> None:
    po, said = a_po(a_line("1", 10)), frozenset({"changed:R2:1:-2"})
    full, back = received("R1", "created", pieces={"1": 10}, sent={"1": 10}), received("R2", pieces={"1": -2})
    plan = planned(po, full, back, received("R3", pieces={"1": 2}), acknowledged=said)
    assert quantities_of(plan) == {"1": "2"}


def standings(standing: Standing) -> tuple[str, str]:
    """What NetSuite has or may have of the first line, and what it is believed to have."""
    line = standing.po.lines[0]
    return f"{standing.received(line):f}", f"{standing.confirmed(line):f}"


@pytest.mark.parametrize(("said", "counts"), [((), ("10", "10")), (("overtaken:1:10",), ("8", "8"))])
def test_what_netsuite_told_before_it_was_put_right_by_hand_counts_nowhere(
    said: tuple[str, ...], counts: tuple[str, str]
) -> None:
    po = a_po(a_line("1", 20, received=10))
    made = received("R1", "created", pieces={"1": 8}, sent={"1": 8})
    assert standings(Standing(po, in_hotwax(po, made, acknowledged=frozenset(said)))) == counts


def test_what_is_under_way_is_received_and_not_confirmed() -> None:
    po = a_po(a_line("1", 20))
    there, sent = (received(name, name, pieces={"1": 8}, sent={"1": 8}) for name in ("created", "sent"))
    assert standings(Standing(po, in_hotwax(po, there, sent))) == ("16", "8")


def test_a_receipt_of_which_a_line_was_received_by_hand_goes_with_no_other_line_either() -> None:
    """Its external id is one item receipt's: that has all of it, or somebody was told to make it whole by hand."""
    sent = {"1": 2, "4": 3}
    again = received("R1", pieces={"1": 24, "4": 3}, sent=sent, rates={"1": 12, "4": 1}, in_doubt=True)
    po = a_po(a_line("1", 120, unit="EA", unit_rate=1), a_line("4", 5, unit="EA", unit_rate=1))
    plan = planned(po, again)
    assert (plan.send, plan.hold and plan.hold.cause) == (None, HoldCause.UNIT_NOT_EXACT)
    resumed = planned(po, again, acknowledged=resumption(in_hotwax(po, again), plan).acknowledged)
    assert (resumed.send, resumed.hold) == (None, None)
