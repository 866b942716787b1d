"""Each remote write is made once, wherever an attempt is cut, whatever the remote does with repeats (P1, P4)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from activities.effects import Effects, InDoubtError, Send, StillSendingError, Writer
from connectors.errors import Ambiguous, ConnectorError, Throttled, Unauthorized, Unreachable
from connectors.guard import UnguardedWrite, remote_write, still_allowed
from domain.outcomes import EffectResult, Outcome, RepeatBehavior, WriteOutcome
from domain.stages import EffectState
from ledger import effects as book
from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger, LedgerUnavailableError
from ledger.tables import EffectRow
from tests.support.ledgers import NOW, draft, effect, promise
from tests.support.remote import Cut, Killed, Remote

KEY = "invoice/gt/W1001/0"
BODY = draft().body
MINUTE, OVER_AT_ONCE = timedelta(minutes=1), timedelta(0)
"""Leases: of an attempt that may still be on the wire, and of one that surely is not."""
REJECTS, IGNORES, UNKNOWN = RepeatBehavior.REJECTS, RepeatBehavior.IGNORES, RepeatBehavior.UNKNOWN


class FailingLedger(Ledger):
    """A ledger whose durable writes fail from the `fails_at`-th on: 1 is the claim, 2 the answer."""

    def __init__(self, url: str, fails_at: int, error: type[BaseException]) -> None:
        super().__init__(url)
        self._left, self._error = fails_at, error

    @contextmanager
    def durable(self) -> Iterator[Session]:
        """The n-th of these fails."""
        self._left -= 1
        if not self._left:
            raise self._error
        with super().durable() as session:
            yield session


def interrupted(ledger: Ledger, remote: Remote, cut: Cut, how: type[BaseException]) -> None:
    """One attempt that ends at the cut."""
    mine = Ledger(ledger.url.render_as_string(hide_password=False))
    remote.cut, remote.how = cut, how
    if cut is Cut.AFTER_ANSWER:
        mine = FailingLedger(ledger.url.render_as_string(hide_password=False), 2, how)
    try:
        Effects(mine, OVER_AT_ONCE).ensure(KEY, remote.writer())
    except (Killed, ConnectorError, InDoubtError, LedgerUnavailableError):
        return
    finally:
        remote.cut = None
        mine.close()


def recovered(ledger: Ledger, remote: Remote) -> EffectResult:
    """The result of trying again as Temporal does, once the dead attempt's lease has ended."""
    for _ in range(3):
        try:
            return Effects(ledger, OVER_AT_ONCE).ensure(KEY, remote.writer())
        except (InDoubtError, StillSendingError):
            continue
    raise AssertionError("it never settled")


def settled_by_operator(ledger: Ledger, remote: Remote) -> EffectResult:
    """An operator looks at the remote, then confirms what is there, or resends what is not."""
    with ledger.writing() as session:
        row = session.get_one(EffectRow, KEY)
        book.confirm(row, "D1", NOW) if BODY in remote.documents else book.resend(row)
    return recovered(ledger, remote)


cuts = pytest.mark.parametrize("cut", Cut)
repeats = pytest.mark.parametrize("repeat", RepeatBehavior)
finds = pytest.mark.parametrize("can_find", [False, True], ids=["no look-up", "look-up"])


@cuts
@pytest.mark.parametrize("how", [Killed, LedgerUnavailableError], ids=["killed", "network or ledger lost"])
@repeats
@finds
def test_every_cut_ends_in_one_document(
    ledger: Ledger, cut: Cut, how: type[BaseException], repeat: RepeatBehavior, can_find: bool
) -> None:
    remote = Remote(repeat, can_find=can_find)
    promise(ledger)
    interrupted(ledger, remote, cut, how)
    assert len(remote.documents) == (cut in {Cut.AFTER_APPLY, Cut.AFTER_ANSWER})
    result = recovered(ledger, remote)
    if result.state is EffectState.UNKNOWN:
        assert repeat is UNKNOWN
        assert not (can_find and remote.documents)
        result = settled_by_operator(ledger, remote)
    assert (result.state, result.number, remote.documents) == (EffectState.DONE, "D1", [BODY])


@cuts
@repeats
@finds
def test_a_process_that_is_killed_at_every_attempt_never_makes_a_second_document(
    ledger: Ledger, cut: Cut, repeat: RepeatBehavior, can_find: bool
) -> None:
    remote = Remote(repeat, can_find=can_find)
    promise(ledger)
    for _ in range(4):
        remote.cut = cut
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(book, "settle", _killed if cut is Cut.AFTER_ANSWER else book.settle)
            try:
                Effects(ledger, OVER_AT_ONCE).ensure(KEY, remote.writer())
            except Killed:
                continue
    assert len(remote.documents) <= 1


def _killed(*_: object) -> None:
    raise Killed


@repeats
@finds
def test_what_is_done_is_never_sent_again(ledger: Ledger, repeat: RepeatBehavior, can_find: bool) -> None:
    remote = Remote(repeat, can_find=can_find)
    promise(ledger)
    results = [recovered(ledger, remote) for _ in range(3)]
    assert ({r.state for r in results}, remote.sends, remote.documents) == ({EffectState.DONE}, 1, [BODY])


def test_nothing_is_sent_before_the_claim_is_in_the_books(ledger: Ledger) -> None:
    remote, seen = Remote(REJECTS, can_find=False), list[EffectState]()
    remote.before = lambda: seen.append(effect(ledger).state)
    promise(ledger)
    recovered(ledger, remote)
    assert seen == [EffectState.SENDING]
    broken = FailingLedger(ledger.url.render_as_string(hide_password=False), 1, LedgerUnavailableError)
    promise(ledger, "invoice/gt/W1001/1", revision=1, body="other")
    with pytest.raises(LedgerUnavailableError):
        Effects(broken, MINUTE).ensure("invoice/gt/W1001/1", remote.writer())
    broken.close()
    assert remote.sends == 1


def test_an_effect_that_nobody_promised_is_not_sent(ledger: Ledger) -> None:
    remote = Remote(REJECTS, can_find=False)
    with pytest.raises(LookupError, match="was never promised"):
        Effects(ledger, MINUTE).ensure(KEY, remote.writer())
    assert remote.sends == 0


# ---- what is sure, and what is in doubt ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("pos", "create", "connection refused"),
        Throttled("pos", "create", "429", timedelta(seconds=3)),
        Unauthorized("pos", "create", "401", 401),
    ],
    ids=["unreachable", "throttled", "unauthorized"],
)
def test_a_call_that_surely_was_not_applied_leaves_no_doubt(ledger: Ledger, error: ConnectorError) -> None:
    def send(_: str) -> WriteOutcome:
        raise error

    promise(ledger)
    with pytest.raises(type(error)):
        Effects(ledger, MINUTE).ensure(KEY, _writer(send))
    row = effect(ledger)
    assert (row.state, row.in_doubt, row.problem) == (EffectState.PLANNED, False, str(error))
    assert promise(ledger, body="mended").body == "mended"


def test_a_lost_answer_is_an_unknown_outcome_and_a_person_is_asked_where_nothing_else_can_tell(ledger: Ledger) -> None:
    remote = Remote(UNKNOWN, can_find=False)
    remote.cut, remote.how = Cut.AFTER_APPLY, Ambiguous
    promise(ledger)
    result = Effects(ledger, MINUTE).ensure(KEY, remote.writer())
    assert (result.state, "the network was cut" in result.problem) == (EffectState.UNKNOWN, True)
    assert recovered(ledger, remote).state is EffectState.UNKNOWN
    assert (remote.sends, remote.documents) == (1, [BODY])


def test_a_lost_answer_is_asked_again_where_the_remote_can_tell(ledger: Ledger) -> None:
    for repeat, can_find in ((REJECTS, False), (IGNORES, False), (UNKNOWN, True)):
        remote = Remote(repeat, can_find=can_find)
        remote.cut, remote.how = Cut.AFTER_APPLY, Ambiguous
        key = f"invoice/gt/W1001/{repeat}"
        promise(ledger, key)
        with pytest.raises(InDoubtError, match=f"{key}: remote create: the network was cut"):
            Effects(ledger, MINUTE).ensure(key, remote.writer())
        assert effect(ledger, key).state is EffectState.UNKNOWN


def test_a_write_that_finds_no_turn_to_wait_for_its_answer_is_in_doubt_and_looked_up(ledger: Ledger) -> None:
    remote = Remote(REJECTS, can_find=True)
    promise(ledger)

    def sent_and_left_waiting(body: str) -> WriteOutcome:
        remote.documents.append(body)
        raise BudgetExhaustedError("netsuite-1: no slot among its calls within 60 s")

    with pytest.raises(InDoubtError, match="no slot among its calls"):
        Effects(ledger, MINUTE).ensure(KEY, replace(remote.writer(), send=sent_and_left_waiting))
    result = Effects(ledger, MINUTE).ensure(KEY, remote.writer())
    assert (result.state, result.number, remote.documents, remote.sends) == (EffectState.DONE, "D1", [BODY], 0)


def test_a_refusal_is_an_answer_and_is_not_repeated(ledger: Ledger) -> None:
    sent: list[str] = []

    def send(body: str) -> WriteOutcome:
        sent.append(body)
        return WriteOutcome(outcome=Outcome.REJECTED, http_status=422, problem="no store S9")

    promise(ledger)
    results = [Effects(ledger, MINUTE).ensure(KEY, _writer(send)) for _ in range(2)]
    assert ([r.state for r in results], sent) == ([EffectState.REJECTED] * 2, [BODY])


def test_a_document_under_our_number_that_we_never_sent_is_not_adopted(ledger: Ledger) -> None:
    remote = Remote(REJECTS, can_find=False)
    remote.documents.append(BODY)
    promise(ledger)
    result = Effects(ledger, MINUTE).ensure(KEY, remote.writer())
    assert (result.state, result.foreign, remote.documents) == (EffectState.REJECTED, True, [BODY])


def test_a_crash_in_a_connector_leaves_doubt_and_not_a_second_document(ledger: Ledger) -> None:
    remote = Remote(REJECTS, can_find=False)

    def send(body: str) -> WriteOutcome:
        remote._send(body)
        raise ZeroDivisionError

    promise(ledger)
    with pytest.raises(ZeroDivisionError):
        Effects(ledger, MINUTE).ensure(KEY, _writer(send))
    with pytest.raises(StillSendingError, match=f"{KEY}: another attempt may be on the wire until"):
        Effects(ledger, MINUTE).ensure(KEY, remote.writer())


def test_a_write_is_guarded_and_the_mechanism_holds_the_key(ledger: Ledger) -> None:
    class Pos:
        @remote_write
        def create_for_this_test(self, body: str) -> WriteOutcome:
            return WriteOutcome(outcome=Outcome.CREATED, number=body)

    promise(ledger, body="17")
    with pytest.raises(UnguardedWrite):
        Pos().create_for_this_test("17")
    result = Effects(ledger, MINUTE).ensure(KEY, _writer(Pos().create_for_this_test))
    assert result.number == "17"


# ---- two at once -----------------------------------------------------------------------------------------------------


@repeats
def test_of_many_workers_at_once_one_sends_and_the_others_wait(ledger: Ledger, repeat: RepeatBehavior) -> None:
    remote, start = Remote(repeat, can_find=False), threading.Barrier(5)
    promise(ledger)

    def work(_: int) -> str:
        start.wait()
        try:
            return Effects(ledger, MINUTE).ensure(KEY, remote.writer()).state
        except StillSendingError:
            return "waits"

    with ThreadPoolExecutor(5) as pool:
        said = set(pool.map(work, range(5)))
    assert said <= {EffectState.DONE, "waits"}
    assert (remote.sends, remote.documents) == (1, [BODY])


@repeats
@finds
def test_a_zombie_that_answers_late_makes_no_second_document(
    ledger: Ledger, repeat: RepeatBehavior, can_find: bool
) -> None:
    """The first attempt's request is stuck on its way while a second attempt goes on after the lease."""
    remote, stuck, go_on = Remote(repeat, can_find=can_find), threading.Event(), threading.Event()

    def first_one_waits() -> None:
        if not stuck.is_set():
            stuck.set()
            assert go_on.wait(20)

    remote.before = first_one_waits
    promise(ledger)
    with ThreadPoolExecutor(1) as pool:
        zombie = pool.submit(Effects(ledger, OVER_AT_ONCE).ensure, KEY, remote.writer())
        assert stuck.wait(20)
        second = recovered(ledger, remote)
        go_on.set()
        late = zombie.result(20)
    resolved = repeat.is_safe
    assert second.state is (EffectState.DONE if resolved else EffectState.UNKNOWN)
    assert (late.state, effect(ledger).state, effect(ledger).number) == (EffectState.DONE, EffectState.DONE, "D1")
    assert remote.documents == [BODY]


@pytest.mark.parametrize("others", [0, 1])
def test_an_attempt_learns_before_its_last_step_whether_another_has_taken_over(ledger: Ledger, others: int) -> None:
    found: list[bool] = []

    def send(_body: str) -> WriteOutcome:
        for _ in range(others):
            Effects(ledger, OVER_AT_ONCE).ensure(KEY, Remote(REJECTS, can_find=False).writer())
        found.append(still_allowed())
        return WriteOutcome(outcome=Outcome.CREATED, number="D1")

    promise(ledger)
    Effects(ledger, OVER_AT_ONCE).ensure(KEY, _writer(send))
    assert found == [not others]


def test_an_attempt_that_asks_before_its_last_step_has_a_whole_lease_for_it(ledger: Ledger) -> None:
    def send(_: str) -> WriteOutcome:
        with ledger.writing() as session:
            session.get_one(EffectRow, KEY).lease_until = NOW
        assert still_allowed()
        with pytest.raises(StillSendingError):
            Effects(ledger, MINUTE).ensure(KEY, Remote(REJECTS, can_find=False).writer())
        return WriteOutcome(outcome=Outcome.CREATED, number="D1")

    promise(ledger)
    assert Effects(ledger, MINUTE).ensure(KEY, _writer(send)).state is EffectState.DONE


def _writer(send: Send) -> Writer:
    remote = Remote(REJECTS, can_find=False).writer()
    return Writer("pos", remote.turn, send, repeat_safe=True)
