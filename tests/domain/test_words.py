"""Keys, outcomes, holds and details: the small words that everything else is said with."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.commands import CommandAnswer, Situation
from domain.details import order_details
from domain.keys import invoice_key, slip_key, write_back_key
from domain.messages import Assessment
from domain.order import Line
from domain.outcomes import EffectResult, Outcome, RepeatBehavior, state_after
from domain.stages import EffectKind, EffectState, Hold, HoldCause, Stage
from tests.support.making_orders import LAWS, a_line, an_order

numbers = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=8)


@LAWS
@given(numbers, numbers, st.integers(0, 9), st.integers(0, 9))
def test_two_order_numbers_never_share_a_key(one: str, other: str, first: int, second: int) -> None:
    assert (invoice_key("gt", one, first) == invoice_key("gt", other, second)) == ((one, first) == (other, second))
    assert (slip_key("gt", one, first, "S1") == slip_key("gt", other, second, "S1")) == (
        (one, first) == (other, second)
    )


def test_keys_tell_what_they_are() -> None:
    assert invoice_key("gt", "W1", 0) == "invoice/gt/W1/0"
    assert slip_key("gt", "a/b%", 1, "S2") == "slip/gt/a%2Fb%25/1/S2"
    assert write_back_key("gt", "W1", 2) == "write_back/gt/W1/2"


@pytest.mark.parametrize(
    ("outcome", "in_doubt", "state"),
    [
        (Outcome.CREATED, False, EffectState.DONE),
        (Outcome.CREATED, True, EffectState.DONE),
        (Outcome.ALREADY_EXISTS, False, EffectState.REJECTED),
        (Outcome.ALREADY_EXISTS, True, EffectState.DONE),
        (Outcome.REJECTED, False, EffectState.REJECTED),
        (Outcome.REJECTED, True, EffectState.UNKNOWN),
        (Outcome.UNKNOWN, False, EffectState.UNKNOWN),
        (Outcome.UNKNOWN, True, EffectState.UNKNOWN),
    ],
)
def test_an_answer_leads_to_its_state(outcome: Outcome, in_doubt: bool, state: EffectState) -> None:
    assert state_after(outcome, in_doubt=in_doubt) is state


def test_only_a_remote_of_known_behavior_may_be_sent_the_same_again() -> None:
    assert [b for b in RepeatBehavior if b.is_safe] == [RepeatBehavior.REJECTS, RepeatBehavior.IGNORES]


@pytest.mark.parametrize("kind", [EffectKind.INVOICE, EffectKind.SLIP, EffectKind.WRITE_BACK])
@pytest.mark.parametrize("state", [EffectState.REJECTED, EffectState.UNKNOWN])
def test_every_write_that_went_wrong_leads_to_a_hold_of_its_own(kind: EffectKind, state: EffectState) -> None:
    hold = EffectResult(key="k/1", kind=kind, state=state, problem="no such store").hold
    assert hold is not None
    assert (hold.cause, hold.evidence) == (HoldCause(f"{kind}_{state}"), "k/1: no such store")


def test_a_foreign_document_under_our_number_is_a_hold_of_its_own_and_done_is_none() -> None:
    foreign = EffectResult(key="k", kind=EffectKind.INVOICE, state=EffectState.REJECTED, foreign=True)
    assert foreign.hold is not None
    assert foreign.hold.cause is HoldCause.DUPLICATE_ORDER_NO
    assert EffectResult(key="k", kind=EffectKind.SLIP, state=EffectState.DONE).hold is None


@pytest.mark.parametrize("stage", Stage)
def test_the_ends_of_an_orders_life_are_known(stage: Stage) -> None:
    assert stage.is_end == (stage in {Stage.DONE, Stage.CANCELLED, Stage.SKIPPED})


def test_moments_are_aware_and_utc_inside() -> None:
    local = datetime(2026, 3, 1, 3, 0, tzinfo=timezone(timedelta(hours=-6)))
    order = an_order(a_line(), placed_at=local)
    assert (order.placed_at, order.placed_at.tzinfo) == (local, UTC)
    with pytest.raises(ValidationError, match="timezone"):
        an_order(a_line(), placed_at=local.replace(tzinfo=None))


def test_an_unknown_field_or_status_or_quantity_is_refused() -> None:
    for wrong in ({"colour": "red"}, {"status": "ITEM_LOST"}, {"quantity": 0}):
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            Line.model_validate({**a_line().model_dump(), **wrong})


def test_what_a_remote_said_makes_no_line_link_or_tag_in_the_details() -> None:
    said = "no\n\n**DONE** since 2026\n# [all fine](https://elsewhere.example) <img src=x>"
    hold = Hold(cause=HoldCause.RECEIPT_REJECTED, evidence=said)
    lines = order_details(Stage.INVOICING, datetime(2026, 11, 20, tzinfo=UTC), hold, None, None).split("\n\n")
    told = r"no \*\*DONE\*\* since 2026 \# \[all fine\](https://elsewhere.example) &lt;img src=x>"
    assert lines[2] == told


def test_the_details_tell_where_the_order_stands_and_what_to_do() -> None:
    seen = Assessment(
        epoch=1, order_no="W1001", stage=Stage.INVOICING, situation=Situation(stage=Stage.INVOICING), store="S1",
        reason="first_shipped", waiting_for="1 of 2 lines fulfilled",
    )  # fmt: skip
    hold = Hold(cause=HoldCause.UNMAPPED_STORE, subject="X9", evidence="no Retail Pro store for facility X9")
    since = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    held = order_details(Stage.INVOICING, since, hold, seen, CommandAnswer(accepted=False, message="not now"))
    told = ["**INVOICING** since 2026-03-01 09:30:00Z", "W1001", "unmapped_store:X9", hold.evidence, hold.next_action]
    assert [word for word in [*told, "S1 (first_shipped)", "Last command: not now"] if word not in held] == []
    waiting = order_details(Stage.AWAITING_LINES, since, None, seen, None)
    assert "1 of 2 lines fulfilled" in waiting
    assert "HELD" not in waiting
