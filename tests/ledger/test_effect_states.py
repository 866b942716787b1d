"""Every state of an effect x every call on it: what it becomes, and who may send (design 8)."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Barrier

import pytest

from domain.outcomes import Outcome, WriteOutcome
from domain.stages import EffectKind, EffectState
from ledger import effects, journal, orders
from ledger.database import Ledger
from ledger.effects import EffectDraft, Turn
from ledger.tables import EffectRow, OrderRow
from tests.support.ledgers import NOW, ORDER, TENANT, draft, effect, promise

KEY = "invoice/gt/W1001/0"
LEASE = timedelta(seconds=60)
LATER = NOW + timedelta(seconds=61)
PLANNED, SENDING, UNKNOWN, REJECTED, DONE = (
    EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN, EffectState.REJECTED, EffectState.DONE
)  # fmt: skip
CREATED = WriteOutcome(outcome=Outcome.CREATED, number="17")
ANSWERS = {
    o: WriteOutcome(outcome=o, number="17" if o is Outcome.CREATED else None, problem=f"it is {o}") for o in Outcome
}


def begin(ledger: Ledger, now: datetime = NOW, *, may_repeat: bool = True) -> Turn:
    with ledger.durable() as session:
        turn, _ = effects.begin(session, KEY, now, LEASE, may_repeat=may_repeat)
    return turn


def settle(ledger: Ledger, outcome: Outcome | WriteOutcome, attempt: int = 1) -> EffectRow:
    given = outcome if isinstance(outcome, WriteOutcome) else ANSWERS[outcome]
    with ledger.durable() as session:
        return effects.settle(session, KEY, attempt, given, LATER)


def brought_to(ledger: Ledger, state: EffectState) -> EffectRow:
    """The effect in this state, by the way that leads there."""
    promise(ledger)
    if state is not PLANNED:
        begin(ledger)
    if state not in {PLANNED, SENDING}:
        outcome = {UNKNOWN: Outcome.UNKNOWN, REJECTED: Outcome.REJECTED, DONE: Outcome.CREATED}[state]
        settle(ledger, outcome)
    row = effect(ledger)
    assert row.state is state
    return row


# ---- promise ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", EffectState)
def test_a_body_changes_only_while_it_surely_does_not_exist(ledger: Ledger, state: EffectState) -> None:
    brought_to(ledger, state)
    row = promise(ledger, body="another", lines={"2": "F2"}, store="S9")
    exists = state in {SENDING, UNKNOWN, DONE}
    kept = ('{"OrderNo":"W1001"}', {"1": "F1"}, "S1", state)
    assert (row.body, row.lines, row.store, row.state) == (kept if exists else ("another", {"2": "F2"}, "S9", PLANNED))


@pytest.mark.parametrize("state", EffectState)
def test_another_orders_promise_changes_nothing(ledger: Ledger, state: EffectState) -> None:
    brought_to(ledger, state)
    row = promise(ledger, order_id="2002", body="another")
    assert (row.order_id, row.body, row.state) == (ORDER, '{"OrderNo":"W1001"}', state)


def test_a_refused_repeat_of_a_write_in_doubt_keeps_its_body(ledger: Ledger) -> None:
    """The first attempt may have arrived; that the second was refused says nothing about it."""
    brought_to(ledger, UNKNOWN)
    begin(ledger)
    assert settle(ledger, Outcome.REJECTED, attempt=2).state is UNKNOWN
    assert promise(ledger, body="another").body == '{"OrderNo":"W1001"}'


# ---- begin -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "may_repeat", "turn", "after"),
    [
        (PLANNED, True, Turn.SEND, SENDING),
        (PLANNED, False, Turn.SEND, SENDING),
        (SENDING, True, Turn.BUSY, SENDING),
        (SENDING, False, Turn.BUSY, SENDING),
        (UNKNOWN, True, Turn.LOOK_FIRST, SENDING),
        (UNKNOWN, False, Turn.SETTLED, UNKNOWN),
        (REJECTED, True, Turn.SETTLED, REJECTED),
        (DONE, True, Turn.SETTLED, DONE),
    ],
)
def test_who_begins_learns_what_to_do(
    ledger: Ledger, state: EffectState, may_repeat: bool, turn: Turn, after: EffectState
) -> None:
    before = brought_to(ledger, state)
    assert begin(ledger, may_repeat=may_repeat) is turn
    row = effect(ledger)
    assert row.state is after
    assert row.attempt == before.attempt + (turn in {Turn.SEND, Turn.LOOK_FIRST})


@pytest.mark.parametrize(
    ("may_repeat", "turn", "after"), [(True, Turn.LOOK_FIRST, SENDING), (False, Turn.SETTLED, UNKNOWN)]
)
def test_an_attempt_whose_lease_ended_left_its_effect_in_doubt(
    ledger: Ledger, may_repeat: bool, turn: Turn, after: EffectState
) -> None:
    brought_to(ledger, SENDING)
    assert begin(ledger, LATER, may_repeat=may_repeat) is turn
    row = effect(ledger)
    assert (row.state, row.in_doubt) == (after, True)


def test_an_effect_that_nobody_promised_cannot_begin(ledger: Ledger) -> None:
    with pytest.raises(LookupError, match=f"effect {KEY} was never promised"):
        begin(ledger)


@pytest.mark.parametrize("state", EffectState)
def test_a_promise_that_a_newer_assessment_did_not_renew_is_not_sent(ledger: Ledger, state: EffectState) -> None:
    brought_to(ledger, state)
    with ledger.writing() as session:
        session.get_one(OrderRow, (TENANT, ORDER)).epoch += 1
    if state is not PLANNED:
        begin(ledger)
        return
    with pytest.raises(effects.NotPromisedError, match=f"effect {KEY} was promised before the order changed"):
        begin(ledger)
    assert effect(ledger).attempt == 0


def test_a_claim_that_waits_for_an_assessment_knows_what_it_decided(ledger: Ledger) -> None:
    promise(ledger)
    with ThreadPoolExecutor(1) as pool:
        with ledger.writing() as session:
            orders.see(session, TENANT, ORDER, NOW).epoch += 1
            session.flush()
            claim = pool.submit(begin, ledger)
            assert wait([claim], timeout=0.2).not_done
        with pytest.raises(effects.NotPromisedError, match="was promised before the order changed"):
            claim.result()


def test_of_many_attempts_at_once_one_sends(ledger: Ledger) -> None:
    promise(ledger)
    start = Barrier(6)

    def attempt(_: int) -> Turn:
        start.wait()
        return begin(ledger)

    with ThreadPoolExecutor(6) as pool:
        turns = sorted(turn.name for turn in pool.map(attempt, range(6)))
    assert turns == ["BUSY"] * 5 + ["SEND"]
    assert effect(ledger).attempt == 1


# ---- settle ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "after", "foreign"),
    [
        (Outcome.CREATED, DONE, False),
        (Outcome.ALREADY_EXISTS, REJECTED, True),
        (Outcome.REJECTED, REJECTED, False),
        (Outcome.UNKNOWN, UNKNOWN, False),
    ],
)
def test_the_first_answer_settles_an_effect(
    ledger: Ledger, outcome: Outcome, after: EffectState, foreign: bool
) -> None:
    brought_to(ledger, SENDING)
    row = settle(ledger, outcome)
    assert (row.state, row.foreign, row.lease_until) == (after, foreign, None)
    assert row.in_doubt == (after is UNKNOWN)


@pytest.mark.parametrize(
    ("outcome", "after"),
    [
        (Outcome.CREATED, DONE),
        (Outcome.ALREADY_EXISTS, DONE),
        (Outcome.REJECTED, UNKNOWN),
        (Outcome.UNKNOWN, UNKNOWN),
    ],
)
def test_the_answer_to_a_repeat_settles_an_effect_in_doubt(
    ledger: Ledger, outcome: Outcome, after: EffectState
) -> None:
    brought_to(ledger, UNKNOWN)
    begin(ledger)
    row = settle(ledger, outcome, attempt=2)
    assert (row.state, row.foreign) == (after, False)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_late_answer_counts_only_when_it_proves_the_document(ledger: Ledger, outcome: Outcome) -> None:
    brought_to(ledger, SENDING)
    begin(ledger, LATER)
    row = settle(ledger, outcome, attempt=1)
    proves = outcome in {Outcome.CREATED, Outcome.ALREADY_EXISTS}
    assert (row.state, row.attempt) == (DONE if proves else SENDING, 2)


@pytest.mark.parametrize("outcome", Outcome)
def test_nothing_undoes_a_document_that_exists(ledger: Ledger, outcome: Outcome) -> None:
    brought_to(ledger, DONE)
    row = settle(ledger, outcome, attempt=1)
    assert (row.state, row.number) == (DONE, "17")


def test_no_answer_is_lost_for_characters_that_a_database_refuses(ledger: Ledger) -> None:
    brought_to(ledger, SENDING)
    row = settle(ledger, WriteOutcome(outcome=Outcome.CREATED, number="1\x007", raw="half \ud800 of it\x00"))
    assert (row.state, row.number, effect(ledger).answer) == (DONE, "17", "half ? of it")


def test_a_long_answer_is_kept_within_bounds(ledger: Ledger) -> None:
    brought_to(ledger, SENDING)
    row = settle(ledger, WriteOutcome(outcome=Outcome.CREATED, raw="x" * 10_000))
    assert len(row.answer) == effects.ANSWER_MAX


# ---- release, confirm, resend, forget --------------------------------------------------------------------------------


def release(ledger: Ledger, attempt: int) -> EffectRow:
    with ledger.durable() as session:
        effects.release(session, KEY, attempt, NOW, "connection refused")
    return effect(ledger)


@pytest.mark.parametrize("state", EffectState)
def test_only_a_claim_is_given_back(ledger: Ledger, state: EffectState) -> None:
    attempt = brought_to(ledger, state).attempt
    row = release(ledger, attempt)
    assert row.state is (PLANNED if state is SENDING else state)
    if state is SENDING:
        assert (row.sent_at, row.lease_until, row.problem) == (None, None, "connection refused")
        assert begin(ledger) is Turn.SEND


def test_a_claim_given_back_stays_in_doubt_when_an_earlier_attempt_was(ledger: Ledger) -> None:
    brought_to(ledger, UNKNOWN)
    begin(ledger)
    assert release(ledger, attempt=2).state is UNKNOWN
    assert begin(ledger) is Turn.LOOK_FIRST


def test_a_claim_that_a_newer_attempt_took_over_is_not_given_back(ledger: Ledger) -> None:
    brought_to(ledger, SENDING)
    begin(ledger, LATER)
    assert release(ledger, attempt=1).state is SENDING


@pytest.mark.parametrize("state", [UNKNOWN, REJECTED])
def test_what_an_operator_confirms_exists_with_its_number(ledger: Ledger, state: EffectState) -> None:
    brought_to(ledger, state)
    with ledger.writing() as session:
        effects.confirm(session.get_one(EffectRow, KEY), "A-99", NOW)
    row = effect(ledger)
    assert (row.state, row.number, row.confirmed, row.problem) == (DONE, "A-99", False, "")
    assert begin(ledger) is Turn.SETTLED


def test_a_document_that_is_known_to_exist_is_confirmed_in_the_stores_place(ledger: Ledger) -> None:
    brought_to(ledger, DONE)
    with ledger.writing() as session:
        effects.confirm(session.get_one(EffectRow, KEY), "A-99", NOW)
    row = effect(ledger)
    assert (row.state, row.number, row.confirmed) == (DONE, "A-99", True)


def test_what_an_operator_resends_is_sent_as_if_for_the_first_time(ledger: Ledger) -> None:
    brought_to(ledger, UNKNOWN)
    with ledger.writing() as session:
        effects.resend(session.get_one(EffectRow, KEY))
    assert promise(ledger, body="mended").body == "mended"
    assert begin(ledger, may_repeat=False) is Turn.SEND


def test_a_cancelled_order_forgets_only_what_surely_does_not_exist(ledger: Ledger) -> None:
    brought_to(ledger, UNKNOWN)
    promise(ledger, "invoice/gt/W1001/1", revision=1)
    promise(ledger, "invoice/gt/W1001/2", revision=2)
    with ledger.writing() as session:
        effects.forget_unmade(session, TENANT, ORDER)
    with ledger.reading() as session:
        assert [row.key for row in effects.of_order(session, TENANT, ORDER)] == [KEY]


# ---- the trail, and slip numbers -------------------------------------------------------------------------------------


def test_the_journal_tells_each_turn_of_an_effect(ledger: Ledger) -> None:
    brought_to(ledger, SENDING)
    begin(ledger, LATER)
    settle(ledger, Outcome.UNKNOWN, attempt=1)
    settle(ledger, CREATED, attempt=2)
    with ledger.reading() as session:
        told = [(entry.kind, entry.text.removeprefix(f"{KEY} ")) for entry in journal.timeline(session, TENANT, ORDER)]
    assert told == [
        ("invoice", "an attempt ended without an answer"),
        ("invoice", "a late answer of attempt 1 changes nothing: unknown"),
        ("invoice", "done: 17"),
    ]


def test_amounts_come_back_as_they_went_in(ledger: Ledger) -> None:
    row = promise(ledger, amount="1234567.8901", order_discount="0.1000")
    assert (row.amount, row.order_discount) == ("1234567.8901", "0.1000")
    assert draft().amount == 0


def test_a_file_that_the_ledger_did_not_send_is_taken_up_once_and_known_by_its_name(ledger: Ledger) -> None:
    kinds, name = {EffectKind.STOCK_RECEIPT_FILE}, "WB-RCPT-20261120T180000Z-7.json"
    strange = EffectDraft(key=name, tenant=TENANT, kind=EffectKind.STOCK_RECEIPT_FILE, body="[]", remote_no=name)
    for _ in range(2):
        with ledger.writing() as session:
            effects.take_up(session, strange, NOW, NOW)
    with ledger.reading() as session:
        [row] = effects.taken_up(session, TENANT, kinds, since=NOW)
        assert (row.state, row.remote_no, row.foreign) == (EffectState.DONE, name, True)
        assert effects.taken_up(session, TENANT, kinds, since=NOW + timedelta(seconds=1)) == []
        assert effects.names_of(session, TENANT, kinds) == {name}
        assert effects.is_named(session, TENANT, kinds, name)
        assert not effects.is_named(session, "beta", kinds, name)
