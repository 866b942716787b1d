"""What operators may ask, and the words with which a request that makes no sense is refused (P5)."""

from typing import Any

import pytest
from pydantic import ValidationError

from domain.commands import Command, Situation, Verb, effect_in_question, order_sight, refusal
from domain.stages import Hold, HoldCause, Stage

INVOICE, SLIP = "invoice/gt/W1001/0", "slip/gt/W1001/0/S2"


def command(**more: Any) -> Command:
    return Command.model_validate({"id": "c1", "operator": "ana", "reason": "asked by the store", **more})


def refused(verb: str, situation: dict[str, Any], **more: Any) -> str | None:
    given = Situation.model_validate({"stage": Stage.AWAITING_LINES, **situation})
    return refusal(Verb(verb), command(**more), given)


REFUSED: dict[str, tuple[str, dict[str, Any], dict[str, Any], list[str]]] = {
    "cancel of an invoiced order": ("cancel", {"stage": "TRANSFERRING", "invoices": 1}, {}, ["invoiced", "credit"]),
    "cancel of a forced order": ("cancel", {"stage": "AWAITING_LINES", "invoices": 1}, {}, ["invoiced", "Retail Pro"]),
    "cancel of a cancelled order": ("cancel", {"stage": "CANCELLED"}, {}, ["has ended", "CANCELLED"]),
    "cancel of a skipped order": ("cancel", {"stage": "SKIPPED"}, {}, ["has ended", "SKIPPED"]),
    "cancel of a send sale": ("cancel", {"stage": "TRANSFERRING"}, {}, ["point of sale", "void it in Retail Pro"]),
    "force of an ended order": ("force_invoice", {"stage": "DONE", "fulfilled_due": 1}, {}, ["has ended", "DONE"]),
    "force while one is under way": ("force_invoice", {"sending": True, "fulfilled_due": 1}, {}, ["under way", "wait"]),
    "force without fulfilled lines": ("force_invoice", {"fulfilled_due": 0}, {}, ["nothing is fulfilled"]),
    "resume of an order that is not held": ("resume", {"stage": "INVOICING"}, {}, ["not held", "INVOICING"]),
    "confirm without a number": ("confirm", {"in_doubt": (INVOICE,)}, {}, ["needs the number"]),
    "confirm with nothing in doubt": ("confirm", {}, {"number": "7"}, ["no remote write", "in doubt"]),
    "confirm without saying which": (
        "confirm", {"in_doubt": (INVOICE, SLIP)}, {"number": "7"}, ["--effect", INVOICE, SLIP],
    ),
    "confirm of something else": (
        "confirm", {"in_doubt": (INVOICE,)}, {"number": "7", "effect": SLIP}, [SLIP, "not in doubt", INVOICE],
    ),
    "resend with nothing in doubt": ("resend", {}, {}, ["no remote write", "in doubt"]),
    "resend without saying which": ("resend", {"in_doubt": (INVOICE, SLIP)}, {}, ["--effect", INVOICE, SLIP]),
    "resend of an invoice that exists": ("resend", {"unconfirmed": (INVOICE,)}, {"effect": INVOICE}, ["in doubt"]),
    "resend of something else": ("resend", {"in_doubt": (INVOICE,)}, {"effect": SLIP}, [SLIP, "not in doubt"]),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_with_what_to_do_instead(case: str) -> None:
    verb, situation, more, named = REFUSED[case]
    words = refused(verb, situation, **more)
    assert words is not None
    assert [word for word in named if word not in words] == []


ACCEPTED: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "cancel before the invoice": ("cancel", {}, {}),
    "cancel of a held order": ("cancel", {"stage": "INVOICING", "hold": HoldCause.UNMAPPED_STORE}, {}),
    "cancel of one in doubt": ("cancel", {"stage": "INVOICING", "sending": True, "in_doubt": (INVOICE,)}, {}),
    "force of a partly fulfilled order": ("force_invoice", {"fulfilled_due": 1}, {}),
    "force of a supplement": ("force_invoice", {"fulfilled_due": 1, "invoices": 1}, {"store": "S2"}),
    "resume of a held order": ("resume", {"hold": HoldCause.TOTALS_DIFFER}, {}),
    "confirm of the only one in doubt": ("confirm", {"in_doubt": (INVOICE,)}, {"number": "7"}),
    "confirm of a named one": ("confirm", {"in_doubt": (INVOICE, SLIP)}, {"number": "7", "effect": SLIP}),
    "confirm for the store": ("confirm", {"unconfirmed": (INVOICE,)}, {"number": "7"}),
    "resend of the only one in doubt": ("resend", {"in_doubt": (SLIP,), "unconfirmed": (INVOICE,)}, {}),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_it_is_accepted(case: str) -> None:
    verb, situation, more = ACCEPTED[case]
    assert refused(verb, situation, **more) is None


def test_an_accepted_command_is_about_the_named_effect_or_the_only_one() -> None:
    doubt = Situation(stage=Stage.INVOICING, in_doubt=(SLIP,), unconfirmed=(INVOICE,))
    assert effect_in_question(command(), doubt) == SLIP
    assert effect_in_question(command(effect=INVOICE), doubt) == INVOICE
    assert effect_in_question(command(), doubt.model_copy(update={"in_doubt": ()})) == INVOICE


@pytest.mark.parametrize("field", ["id", "operator", "reason"])
def test_every_command_says_who_and_why(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        command(**{field: ""})


# ---- the hold that an operator saw -----------------------------------------------------------------------------------


def reopened(evidence: str) -> Hold:
    return Hold(cause=HoldCause.REOPENED_LINE, evidence=evidence)


@pytest.mark.parametrize("cause", HoldCause)
def test_a_resume_goes_on_without_reopened_lines_and_nothing_else(cause: HoldCause) -> None:
    sight = order_sight(Hold(cause=cause, evidence="line 1"))
    waives = cause is HoldCause.REOPENED_LINE
    assert sight.waived == (("line 1",) if waives else ())
    assert sight.to_name == (sight.mark if waives else None)
    assert sight.went_on_without == (", goes on without: line 1" if waives else "")


def test_a_mark_is_of_one_hold_and_of_all_its_lines() -> None:
    other = Hold(cause=HoldCause.DUPLICATE_ORDER_NO, evidence="line 1")
    sights = [order_sight(hold) for hold in (reopened("line 1"), reopened("line 1; line 2"), other, None)]
    assert len({sight.mark for sight in sights}) == 4
    refusals = [sight.unseen(sights[0].mark, "order show") for sight in sights]
    assert refusals == [
        None,
        "it is held otherwise now: reopened_line: line 1; line 2; look at `order show` again",
        "it is held otherwise now: duplicate_order_no: line 1; look at `order show` again",
        "it is not held any more; look at `order show` again",
    ]
    assert [sight.unseen(None, "order show") for sight in sights] == [None] * 4
