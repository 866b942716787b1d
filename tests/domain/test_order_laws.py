"""The invariant of design 5, for any order, policy and sequence of events, commands, faults and crashes.

Hypothesis draws a life, lives it, lets everything settle, and looks at what Retail Pro was sent.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.commands import Verb
from domain.money import net_of, order_discount_of, shipping_of, tax_of, tax_on_top
from domain.order import LineStatus, Order
from domain.policy import TenantPolicy
from domain.stages import EffectState, HoldCause, Stage
from tests.support.life import Fate, Life
from tests.support.making_orders import LAWS, STORES, a_line, a_policy, an_order, policies, priced_orders

Event = Callable[[Life], None]
LIVES = settings(LAWS, max_examples=120)

numbers = st.integers(0, 4)
facilities = st.sampled_from(sorted(STORES))
orders = priced_orders(("ITEM_COMPLETED", "ITEM_APPROVED", "ITEM_CANCELLED"))
fates = st.lists(st.sampled_from(Fate), max_size=3)


def fulfil(number: int, facility: str) -> Event:
    return lambda life: life.set_line(number, LineStatus.COMPLETED, facility)


def cancel_line(number: int) -> Event:
    return lambda life: life.set_line(number, LineStatus.CANCELLED)


def reopen(number: int) -> Event:
    return lambda life: life.set_line(number, LineStatus.APPROVED)


def force(store: str | None) -> Event:
    return lambda life: life.ask(Verb.FORCE_INVOICE, store)


def work(luck: list[Fate]) -> Event:
    return lambda life: life.work(luck)


def go_on(luck: list[Fate]) -> Event:
    def assess_and_work(life: Life) -> None:
        life.assess()
        life.work(luck)

    return assess_and_work


def assess(life: Life) -> None:
    life.assess()


def resume(life: Life) -> None:
    life.ask(Verb.RESUME)


def cancel(life: Life) -> None:
    life.ask(Verb.CANCEL)


happenings = st.one_of(
    st.builds(go_on, fates),
    st.builds(fulfil, numbers, facilities),
    st.builds(go_on, fates),
    st.builds(reopen, numbers),
    st.builds(force, st.none() | st.sampled_from(sorted(STORES.values()))),
    st.builds(cancel_line, numbers),
    st.just(assess),
    st.builds(work, fates),
    st.just(resume),
)


def settle(life: Life) -> None:
    """Fulfill every open line where it was meant to be, then go on until nothing is owed any more."""
    for number in range(len(life.order.lines)):
        life.set_line(number, LineStatus.COMPLETED)
    for _ in range(8):
        life.assess()
        if life.held_for is HoldCause.REOPENED_LINE:
            life.ask(Verb.RESUME)
            life.assess()
        assert life.held_for is None
        life.work([])
    plan = life.assess()
    assert (plan.invoice, plan.unsettled, plan.slips, plan.write_backs) == (None, None, (), ())


def lived(order: Order, policy: TenantPolicy, events: list[Event]) -> Life:
    life = Life(order, policy)
    for event in events:
        event(life)
    settle(life)
    return life


# ---- what is promised of every life, one by one ----------------------------------------------------------------------


def every_fulfilled_line_is_on_exactly_one_invoice(life: Life) -> None:
    invoiced = Counter(line_id for invoice in life.invoices for line_id in invoice.line_ids)
    fulfilled = {line.line_id for line in life.order.fulfilled}
    assert [line_id for line_id, times in invoiced.items() if times > 1] == []
    assert fulfilled <= invoiced.keys()
    assert invoiced.keys() - fulfilled <= life.acknowledged.keys()


def what_the_ledger_remembers_is_what_retail_pro_has(life: Life) -> None:
    for key, document in life.remote.items():
        assert life.kept[key].document == document
        assert life.kept[key].state is EffectState.DONE


def stock_changes_by_exactly_what_each_store_shipped(life: Life) -> None:
    assert life.stock_changes() == life.shipped()
    if not life.acknowledged:
        truth: Counter[tuple[str, str]] = Counter()
        for line in life.order.fulfilled:
            truth[STORES[line.facility_id], line.upc or ""] -= line.quantity
        assert life.stock_changes() == truth


def all_invoices_together_cost_exactly_their_lines_shipping_and_discounts(life: Life) -> None:
    invoiced = life.memory().invoiced_lines
    lines = [line for line in life.order.lines if line.line_id in invoiced]
    goods = sum((net_of(line) + tax_on_top(tax_of(line), life.policy) for line in lines), Decimal(0))
    shipping = shipping_of(life.order, life.policy) if life.invoices else Decimal(0)
    assert life.total() == goods + shipping - discounts_of(life)


def an_order_invoiced_to_its_end_got_its_whole_discount(life: Life) -> None:
    wanted = [kept.whole_discount for key, kept in life.kept.items() if key[0] == "invoice" and key in life.remote]
    assert [discount for discount in wanted if discount is not None] in ([], [discounts_of(life)])


def all_invoices_are_at_one_store_and_numbered_in_turn(life: Life) -> None:
    assert len({invoice.store for invoice in life.invoices}) <= 1
    assert [invoice.revision for invoice in life.invoices] == list(range(len(life.invoices)))


def an_order_is_either_invoiced_or_cancelled_and_stays_so(life: Life) -> None:
    before = dict(life.remote)
    plan = life.assess()
    life.work([])
    assert plan.ends is (Stage.DONE if life.invoices else Stage.CANCELLED)
    assert life.remote == before


PROMISES = [
    every_fulfilled_line_is_on_exactly_one_invoice,
    what_the_ledger_remembers_is_what_retail_pro_has,
    stock_changes_by_exactly_what_each_store_shipped,
    all_invoices_together_cost_exactly_their_lines_shipping_and_discounts,
    an_order_invoiced_to_its_end_got_its_whole_discount,
    all_invoices_are_at_one_store_and_numbered_in_turn,
    an_order_is_either_invoiced_or_cancelled_and_stays_so,
]


def discounts_of(life: Life) -> Decimal:
    return sum((invoice.order_discount for invoice in life.invoices), Decimal(0))


# ---- the laws --------------------------------------------------------------------------------------------------------


REFUSED_REPEAT: list[Event] = [go_on([Fate.LOST_AFTER]), go_on([Fate.REJECTED]), reopen(0), fulfil(0, "F2")]
"""Made, its answer lost, then the repeat refused for another reason: the document exists all the same."""


@LIVES
@example(an_order(a_line("0")), a_policy(), REFUSED_REPEAT)
@example(an_order(a_line("0"), a_line("1")), a_policy(), [go_on([Fate.LOST_AFTER]), go_on([Fate.REJECTED]), cancel])
@given(orders, policies(), st.lists(happenings, min_size=4, max_size=20))
def test_every_life_keeps_every_promise(order: Order, policy: TenantPolicy, events: list[Event]) -> None:
    life = lived(order, policy, events)
    for promise in PROMISES:
        promise(life)


@LIVES
@given(orders, policies(), st.lists(st.one_of(happenings, st.just(cancel)), min_size=4, max_size=20))
def test_a_cancelled_order_has_no_document_and_an_invoiced_one_is_not_cancelled(
    order: Order, policy: TenantPolicy, events: list[Event]
) -> None:
    life = lived(order, policy, events)
    an_order_is_either_invoiced_or_cancelled_and_stays_so(life)
    assert life.stock_changes() == life.shipped()
    assert bool(life.remote) == bool(life.invoices)


@LIVES
@given(orders, policies(), st.permutations(range(5)), fates)
def test_an_order_fulfilled_in_any_sequence_is_invoiced_once_with_its_whole_discount(
    order: Order, policy: TenantPolicy, sequence: list[int], luck: list[Fate]
) -> None:
    events: list[Event] = [event for n in sequence for event in (fulfil(n, "F1"), assess, assess, work(luck))]
    life = lived(order, policy, events)
    assert len(life.invoices) == bool(life.order.kept)
    if len(life.order.kept) == len(life.order.lines):
        assert discounts_of(life) == order_discount_of(order)
