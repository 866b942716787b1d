"""What operators may ask of a purchase order, why it is refused, and what an accepted request changes (P5)."""

from decimal import Decimal
from typing import Any

import pytest

from domain.po_commands import (
    PoSituation,
    po_sight,
    receipt_in_question,
    refusal,
    resumption,
    sent_again,
    situation_of,
)
from domain.po_plan import plan_po
from domain.purchase_order import (
    ImportState,
    NetSuiteMode,
    PoMemory,
    PoPolicy,
    PoStage,
    PoVerb,
    PurchaseOrder,
    ReceiptState,
)
from domain.stages import HoldCause
from tests.domain.po_life import a_line
from tests.domain.test_po_receipts import THREE, a_po, in_hotwax, received

REFUSED: dict[str, tuple[str, dict[str, Any], str | None, list[str]]] = {
    "resume of one that is not held": ("resume", {"stage": "IMPORTED"}, None, ["not held", "IMPORTED"]),
    "cancel of an ended one": ("cancel", {"stage": "RECEIPT_SYNCED"}, None, ["has ended", "RECEIPT_SYNCED"]),
    "cancel after goods came": ("cancel", {"stage": "RECEIVED", "received": True}, None, ["`close`"]),
    "cancel of one being cancelled": ("cancel", {"cancelled_by_operator": True}, None, ["already", "HotWax"]),
    "close of an ended one": ("close", {"stage": "CLOSED"}, None, ["has ended", "CLOSED"]),
    "close of one being closed": ("close", {"closed_by_operator": True}, None, ["already"]),
    "close before HotWax has it": ("close", {}, None, ["`cancel`"]),
    "resume of one that NetSuite has no more": (
        "resume", {"hold": "deleted_in_netsuite"}, None, ["`cancel` or `close`", "by itself"],
    ),
    "resend with nothing wrong": ("resend_receipt", {}, None, ["no receipt", "in doubt or rejected"]),
    "resend of one on its way": ("resend_receipt", {"on_the_way": ("R1",)}, None, ["R1", "wait"]),
    "resend of a named one on its way": ("resend_receipt", {"on_the_way": ("R1",)}, "R1", ["second one", "wait"]),
    "resend without saying which": ("resend_receipt", {"in_doubt": ("R1",), "rejected": ("R2",)}, None, ["R1, R2"]),
    "resend of a confirmed one": ("resend_receipt", {"rejected": ("R2",)}, "R1", ["R1", "R2", "mended there"]),
    "resend of all unverified ones": ("resend_receipt", {"unverified": ("R1",)}, None, ["no receipt"]),
    "resend of all that were seen": ("resend_receipt", {"believed": ("R1",)}, None, ["no receipt"]),
}  # fmt: skip


def situation(**more: Any) -> PoSituation:
    return PoSituation.model_validate({"stage": "PENDING", **more})


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_what_to_do_instead(case: str) -> None:
    verb, given, receipt, named = REFUSED[case]
    words = refusal(PoVerb(verb), situation(**given), receipt)
    assert words is not None
    assert [word for word in named if word not in words] == []


ACCEPTED: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "resume of a held one": ("resume", {"hold": "receipt_excess"}, None),
    "resume of one that an operator cancelled": ("resume", {"stage": "CANCELLED", "cancelled_by_operator": True}, None),
    "resume of one that an operator closed": ("resume", {"stage": "CLOSED", "closed_by_operator": True}, None),
    "cancel before anything came": ("cancel", {"stage": "IMPORTED", "in_hotwax": True}, None),
    "cancel of a held one": ("cancel", {"hold": "import_rejected"}, None),
    "close of a partly received one": ("close", {"stage": "RECEIVED", "received": True, "in_hotwax": True}, None),
    "resend of the only one in doubt": ("resend_receipt", {"in_doubt": ("R1",)}, None),
    "resend of a refused one": ("resend_receipt", {"rejected": ("R1",), "in_doubt": ("R2",)}, "R1"),
    "resend of a named unverified one": ("resend_receipt", {"unverified": ("R1",)}, "R1"),
    "resend of a named one that only an operator saw": ("resend_receipt", {"believed": ("R1",)}, "R1"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_it_is_accepted(case: str) -> None:
    verb, given, receipt = ACCEPTED[case]
    assert refusal(PoVerb(verb), situation(**given), receipt) is None


def test_the_receipt_in_question_is_the_named_one_or_the_only_one() -> None:
    assert receipt_in_question(situation(in_doubt=("R1",))) == "R1"
    assert receipt_in_question(situation(in_doubt=("R1",), rejected=("R2",)), "R2") == "R2"


def judged(po: PurchaseOrder, memory: PoMemory) -> PoSituation:
    return situation_of(memory, plan_po(po, memory, PoPolicy()))


def test_the_situation_tells_each_receipt_by_what_became_of_it() -> None:
    states = ("new", "promised", "sent", "unverified", "unknown", "unknown", "rejected", "created")
    receipts = (received(f"R{n}", state, pieces={"1": 1}, sent={"1": 1}) for n, state in enumerate(states))
    seen = judged(THREE, in_hotwax(THREE, *receipts, acknowledged=frozenset({"doubt:R5"})))
    assert (seen.on_the_way, seen.in_doubt, seen.rejected) == (("R1", "R2"), ("R4",), ("R6",))
    assert (seen.unverified, seen.believed, seen.received, seen.in_hotwax) == (("R3",), ("R5",), True, True)
    assert (seen.stage, seen.hold) == (PoStage.RECEIVED, HoldCause.RECEIPT_UNKNOWN)


@pytest.mark.parametrize("state", ImportState)
def test_one_whose_upload_may_have_arrived_is_in_hotwax(state: ImportState) -> None:
    seen = judged(THREE, PoMemory(import_state=state))
    assert seen.in_hotwax == (state in {ImportState.SENT, ImportState.UNKNOWN})


def test_a_resume_acknowledges_what_the_hold_names_and_nothing_else() -> None:
    memory = in_hotwax(THREE, received(pieces={"1": 12, "4": 6, "7": 2}))
    change = resumption(memory, plan_po(THREE, memory, PoPolicy()))
    assert change.acknowledged == {"excess:R1:1:2", "excess:R1:4:1"}
    assert (change.send_again, change.import_again, change.withdraw) == ((), False, False)


def test_a_doubt_for_another_reason_is_another_question() -> None:
    doubt = received("R1", "unknown", pieces={"1": 5}, sent={"1": 5}, problem="its answer is lost")
    memory = in_hotwax(THREE, doubt)
    said = memory.model_copy(
        update={"acknowledged": resumption(memory, plan_po(THREE, memory, PoPolicy())).acknowledged}
    )
    assert judged(THREE, said).believed == ("R1",)
    other = doubt.model_copy(update={"problem": "an error may be about it"})
    seen = judged(THREE, said.model_copy(update={"receipts": (other,)}))
    assert (seen.believed, seen.in_doubt, seen.hold) == ((), ("R1",), HoldCause.RECEIPT_UNKNOWN)


def test_a_mark_is_of_one_hold_and_of_all_that_it_names() -> None:
    sights = [
        po_sight(plan_po(THREE, in_hotwax(THREE, received(pieces=pieces)), PoPolicy()))
        for pieces in ({"1": 12}, {"1": 200}, {"1": 12, "4": 6}, {"1": 1})
    ]
    marks = [sight.mark for sight in sights]
    assert len(set(marks)) == 4
    refusals = [sight.unseen(marks[0], "po show") for sight in sights]
    assert [reason is None for reason in refusals] == [True, False, False, False]
    assert "held otherwise now: receipt_excess: excess:R1:1:190" in (refusals[1] or "")
    assert "not held any more; look at `po show` again" in (refusals[3] or "")
    assert sights[0].unseen(None, "po show") is None


def test_a_resume_after_a_refusal_tries_again() -> None:
    refused = in_hotwax(THREE, received("R1", "rejected", pieces={"1": 1}, sent={"1": 1}))
    assert resumption(refused, plan_po(THREE, refused, PoPolicy())).send_again == ("R1",)
    upload = PoMemory(import_state=ImportState.REJECTED)
    assert resumption(upload, plan_po(THREE, upload, PoPolicy())).import_again


@pytest.mark.parametrize("wanted", ["cancel_wanted", "close_wanted"])
def test_a_resume_without_a_hold_takes_a_cancel_or_a_close_back(wanted: str) -> None:
    memory = PoMemory.model_validate({wanted: True})
    assert resumption(memory, plan_po(THREE, memory, PoPolicy())).withdraw
    assert not resumption(PoMemory(), plan_po(THREE, PoMemory(), PoPolicy())).withdraw


@pytest.mark.parametrize(
    ("mode", "state", "stays"),
    [
        ("files+waybill-scripts", "unknown", True),
        ("files", "unknown", False),
        ("files+waybill-scripts", "rejected", False),
    ],
)
def test_only_one_in_doubt_that_our_importer_recognizes_is_sent_again_as_it_was(
    mode: str, state: str, stays: bool
) -> None:
    before = received("R1", state, pieces={"1": 5}, sent={"1": 4}, held_back={"1": 1}, problem="?")
    again = sent_again(before, NetSuiteMode(mode))
    assert (again.state, again.problem, again.in_doubt) == (ReceiptState.NEW, "", stays)
    assert (again.sent, again.held_back) == (({"1": Decimal(4)}, {"1": Decimal(1)}) if stays else ({}, {}))


def test_goods_from_before_waybill_brought_it_count_as_received() -> None:
    before = {"old_pieces": {"1": Decimal(6)}, "received_before": {"1": Decimal(6)}}
    plan = plan_po(a_po(a_line("1", 4), status="E"), in_hotwax(a_po(a_line("1", 10)), **before), PoPolicy())
    assert plan.hold is not None
    assert (plan.stage, plan.hold.cause) == (PoStage.RECEIVED, HoldCause.AMENDED_BELOW_RECEIVED)
    assert "amended from 10 to 4 pieces, 6 are received" in plan.hold.evidence
    memory = in_hotwax(THREE, **before)
    unchanged = plan_po(THREE, memory, PoPolicy())
    assert unchanged.waiting_for.startswith("received 6/17 pieces")
    said = refusal(PoVerb.CANCEL, situation_of(memory, unchanged))
    assert said is not None
    assert "goods were received: `close` the remainder" in said


def test_a_cancel_that_was_accepted_stands_though_goods_came_before_waybill_brought_it() -> None:
    before = {"old_pieces": {"1": Decimal(6)}, "received_before": {"1": Decimal(6)}}
    memory = in_hotwax(a_po(a_line("1", 10, closed=True)), cancel_wanted=True, **before)
    plan = plan_po(a_po(a_line("1", 10, received=6), status="E"), memory, PoPolicy())
    assert (plan.ends, plan.import_lines) == (PoStage.CANCELLED, ())
