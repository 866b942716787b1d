"""The promises of purchase orders, for any sequence of receipts, amendments, answers, faults and commands.

Hypothesis draws a life, lives it, lets everything settle, and compares NetSuite with HotWax.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.po_units import to_pieces
from domain.purchase_order import ZERO, NetSuiteMode, PoLine, PoPolicy, PoStage, PoVerb
from domain.stages import HoldCause
from tests.domain.po_life import Fate, Life, a_line
from tests.support.making_orders import LAWS

Event = Callable[[Life], None]
LIVES = settings(LAWS, max_examples=150)

numbers = st.integers(0, 3)
fates = st.sampled_from(Fate)
rates = st.sampled_from([Decimal(1), Decimal(6), Decimal(12), Decimal("0.5")])


@st.composite
def drawn_lines(draw: st.DrawFn) -> list[PoLine]:
    count = draw(st.integers(1, 3))
    ids = [str(1 + 3 * n) for n in range(count)]
    sku = st.sampled_from(["SKU-1", "SKU-2"])
    return [a_line(i, draw(st.integers(1, 20)), unit_rate=draw(rates), sku=draw(sku)) for i in ids]


def policies(modes: st.SearchStrategy[NetSuiteMode]) -> st.SearchStrategy[PoPolicy]:
    percents = st.sampled_from([Decimal(0), Decimal(10), Decimal(50)])
    return st.builds(PoPolicy, netsuite_mode=modes, over_receipt_percent=percents, receipt_decimals=st.just(5))


def work(import_fate: Fate, receipt_fate: Fate) -> Event:
    return lambda life: life.work(import_fate, receipt_fate)


def receive(counts: dict[int, int], unplanned: int) -> Event:
    return lambda life: life.receive(counts, unplanned)


def amend(number: int, quantity: int) -> Event:
    return lambda life: life.amend(number, Decimal(quantity))


def correct(number: int, change: int) -> Event:
    return lambda life: life.correct(number, change)


def close_line(number: int) -> Event:
    return lambda life: life.close_line(number)


def close_in_store(number: int) -> Event:
    return lambda life: life.close_in_store(number)


def ask(verb: PoVerb) -> Event:
    return lambda life: life.ask(verb)


def add_line(life: Life) -> None:
    life.add_line("NEW-1", Decimal(4))


def end_in_netsuite(rejected: bool) -> Event:
    return lambda life: life.end_in_netsuite(rejected=rejected)


counts = st.sampled_from([1, 3, 6, 12, 12, 24, 36, 48, 120])
receipts = st.builds(receive, st.dictionaries(numbers, counts, min_size=1, max_size=3), st.just(0))
goods = [
    st.builds(work, fates, fates),
    receipts,
    st.builds(work, st.just(Fate.DONE), fates),
    st.builds(ask, st.sampled_from([PoVerb.RESUME, PoVerb.RESEND_RECEIPT])),
    st.just(Life.answer),
    st.just(Life.export),
]
amendments = [st.builds(amend, numbers, st.integers(0, 8)), st.just(add_line), st.builds(close_line, numbers)]
surprises = [
    st.builds(receive, st.dictionaries(numbers, counts, max_size=2), st.integers(1, 3)),
    st.builds(correct, numbers, st.integers(-3, 3)),
    st.builds(close_in_store, numbers),
    st.builds(ask, st.sampled_from([PoVerb.CANCEL, PoVerb.CLOSE])),
    st.builds(end_in_netsuite, st.booleans()),
]


def settle(life: Life) -> None:
    """Answer everything, let an operator act on every hold, and close in the stores what nobody delivers."""
    for _ in range(60):
        life.answer()
        plan = life.assess()
        if plan.import_lines or plan.send or plan.withdraw or life.promised:
            life.work()
        elif plan.hold and plan.hold.cause is HoldCause.UNIT_NOT_EXACT:
            recount(life)
        elif plan.hold:
            life.ask(PoVerb.RESUME)
        elif plan.ends:
            return
        else:
            life.export()
            for number in range(len(life.memory.imported)):
                life.close_in_store(number)
    raise AssertionError(f"it neither ended nor was held: {life.plan}")


def recount(life: Life) -> None:
    """The stores count again, in whole units."""
    rates = {line.line_id: line.unit_rate or Decimal(1) for line in life.po.lines}
    for receipt in life.memory.receipts:
        if not receipt.sent:
            whole = {i: got - got % rates.get(i, Decimal(1)) for i, got in receipt.pieces.items()}
            life._replace(receipt.model_copy(update={"pieces": whole}))


def lived(lines: list[PoLine], policy: PoPolicy, events: list[Event]) -> Life:
    life = Life(lines, policy)
    life.work()
    for event in events:
        event(life)
        never_twice(life)
        planning_again_owes_nothing_new(life)
    settle(life)
    return life


# ---- what is promised ------------------------------------------------------------------------------------------------


def never_twice(life: Life) -> None:
    made = Counter(receipt_id for receipt_id, _ in life.netsuite.item_receipts)
    assert [receipt_id for receipt_id, times in made.items() if times > 1] == []


def planning_again_owes_nothing_new(life: Life) -> None:
    plan = life.assess()
    assert life.assess() == plan
    if plan.ends:
        assert (plan.import_lines, plan.send, plan.withdraw, plan.hold) == ((), None, (), None)
    assert plan.ends or plan.hold or plan.waiting_for


def netsuite_has_what_the_ledger_passed_on(life: Life) -> None:
    made = dict(life.netsuite.item_receipts)
    believed = {r.receipt_id: r.sent for r in life.memory.receipts if r.state.may_exist}
    assert made == believed


def netsuite_received_what_hotwax_received_but_for_what_was_left_out(life: Life) -> None:
    """Per receipt and line; each piece that is left out was told to an operator, by name."""
    lines = life.netsuite.lines
    for receipt in life.memory.receipts:
        sent = receipt.sent if receipt.state.may_exist else {}
        for line_id, got in receipt.pieces.items():
            passed = to_pieces(sent.get(line_id, ZERO), lines[line_id].unit_rate, 5)
            names = (f"excess:{receipt.receipt_id}:{line_id}:", f"changed:{receipt.receipt_id}:{line_id}:")
            is_told = any(key.startswith(names) for key in life.memory.acknowledged)
            added = receipt.unplanned.get(lines[line_id].sku, ZERO)
            assert passed in {got, got + added} or is_told


def nothing_is_received_beyond_the_tolerance(life: Life) -> None:
    for line in life.netsuite.lines.values():
        allowed = line.quantity * (100 + life.policy.over_receipt_percent) / 100
        assert life.was_amended or life.netsuite.received(line.line_id) <= allowed


def a_synced_purchase_order_is_received_or_closed_on_every_line(life: Life) -> None:
    if life.plan.ends is not PoStage.RECEIPT_SYNCED:
        return
    open_in_hotwax = {i for i, line in life.memory.imported.items() if not line.closed} - life.memory.closed_in_oms
    assert not life.netsuite.left().keys() & open_in_hotwax


PROMISES = [
    never_twice,
    planning_again_owes_nothing_new,
    netsuite_has_what_the_ledger_passed_on,
    netsuite_received_what_hotwax_received_but_for_what_was_left_out,
    nothing_is_received_beyond_the_tolerance,
    a_synced_purchase_order_is_received_or_closed_on_every_line,
]


def all_kept(life: Life) -> None:
    for promise in PROMISES:
        promise(life)


# ---- the laws --------------------------------------------------------------------------------------------------------


@LIVES
@given(drawn_lines(), policies(st.sampled_from(NetSuiteMode)), st.lists(st.one_of(goods), min_size=3, max_size=25))
def test_what_hotwax_received_netsuite_receives_once_whatever_is_lost_or_refused(
    lines: list[PoLine], policy: PoPolicy, events: list[Event]
) -> None:
    all_kept(lived(lines, policy, events))


@LIVES
@given(
    drawn_lines(),
    policies(st.sampled_from(NetSuiteMode)),
    st.lists(st.one_of([*goods, *amendments]), min_size=3, max_size=25),
)
def test_amendments_change_nothing_about_that(lines: list[PoLine], policy: PoPolicy, events: list[Event]) -> None:
    all_kept(lived(lines, policy, events))


@LIVES
@given(
    drawn_lines(),
    policies(st.sampled_from(NetSuiteMode)),
    st.lists(st.one_of([*goods, *amendments, *surprises]), min_size=3, max_size=25),
)
def test_nor_do_corrections_unplanned_products_and_commands(
    lines: list[PoLine], policy: PoPolicy, events: list[Event]
) -> None:
    all_kept(lived(lines, policy, events))
