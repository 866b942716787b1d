"""The demo's day: enough orders, of every kind that it promises."""

from collections import Counter
from collections.abc import Callable

import pytest

from domain.stages import HoldCause, Stage
from operators.demo import day
from operators.demo.cases import Case, End, When
from operators.demo.day import DAY
from operators.demo.goods import AIRPORT, NOWHERE, PRODUCTS
from operators.demo.orders import DayOrder, morning, orders_of

ORDERS = orders_of(DAY)
LONGEST_ORDER_NO = 9


def _shipping_stores(order: DayOrder) -> int:
    """How many stores ship something of an order in the end."""
    case = order.case
    if any(deed.action == "reject" for deed in case.deeds):
        return 1
    cancelled = {place for deed in case.deeds if deed.action == "cancel" for place in deed.lines or ()}
    kept = [line for place, line in enumerate(order.seed["lines"]) if place not in cancelled]
    return len({line["facilityId"] for line in kept} - {NOWHERE})


def _methods(case: Case) -> set[str]:
    return {line.method for line in case.lines}


def _cancels_after(case: Case, seconds: float) -> bool:
    return any(deed.action == "cancel" and deed.after_s > seconds for deed in case.deeds)


SHOWN: dict[str, Callable[[Case], bool]] = {
    "one store": lambda c: c.ends == End(Stage.DONE, invoices=1) and len(c.lines) == 1,
    "two stores": lambda c: c.ends.invoices == 1 and c.ends.slips == 1,
    "three stores": lambda c: c.ends.invoices == 1 and c.ends.slips == 2,
    "pick-up": lambda c: "STOREPICKUP" in _methods(c),
    "pick-up by the method's parent": lambda c: "CURBSIDE" in _methods(c),
    "send sale": lambda c: c.channel == "pos" and c.ends.slips == 1 and not c.ends.invoices,
    "cash and carry": lambda c: c.channel == "pos" and c.ends.stage is Stage.SKIPPED,
    "partial": lambda c: c.ends.stage is Stage.AWAITING_LINES,
    "forced, with a supplement": lambda c: c.name == day.FORCED and c.ends.invoices == 2,
    "a cancelled line": lambda c: bool(c.deeds) and c.deeds[0].action == "cancel" and c.ends.invoices == 1,
    "all cancelled": lambda c: bool(c.deeds) and c.deeds[0].lines is None and c.ends.stage is Stage.CANCELLED,
    "cancelled after shipment": lambda c: _cancels_after(c, 15) and c.ends.stage is Stage.DONE,
    "unmapped store": lambda c: c.times > 1 and any(line.at == AIRPORT for line in c.lines),
    "digital line": lambda c: {NOWHERE} < {line.at for line in c.lines},
    "line discount": lambda c: any(line.discount for line in c.lines),
    "order discount": lambda c: bool(c.details.get("discount")),
    "several taxes": lambda c: any(len(line.tax_rates) > 1 for line in c.lines),
    "larger quantities": lambda c: any(line.units > 10 for line in c.lines),
    "timeout after apply": lambda c: c.name == day.LOST_ANSWER and (c.fault or {}).get("when") == "after",
    "worker killed": lambda c: c.name == day.KILLED and c.fault is not None,
    "reopened line": lambda c: any(deed.action == "reopen" for deed in c.deeds),
    "a hold that stays": lambda c: c.ends.hold is HoldCause.EXCHANGE_ORDER,
}


def test_the_day_has_at_least_sixty_orders() -> None:
    assert len(ORDERS) >= 60


@pytest.mark.parametrize("shown", SHOWN)
def test_the_day_shows(shown: str) -> None:
    assert any(SHOWN[shown](case) for case in DAY)


def test_the_storm_answers_429() -> None:
    assert (day.STORM["status"], day.STORM["system"]) == (429, "retailpro")


def test_the_same_table_gives_the_same_day() -> None:
    again = orders_of(DAY)
    assert [(o.number, o.order_id, o.seed, o.deeds) for o in again] == [
        (o.number, o.order_id, o.seed, o.deeds) for o in ORDERS
    ]


def test_ids_are_unique_and_numbers_fit_retail_pro() -> None:
    assert len({order.order_id for order in ORDERS}) == len(ORDERS)
    assert max(len(order.number) for order in ORDERS) <= LONGEST_ORDER_NO
    shared = [number for number, count in Counter(order.number for order in ORDERS).items() if count > 1]
    assert shared == [next(order.number for order in ORDERS if order.case.name == day.COPY)]


def test_names_of_cases_are_unique() -> None:
    assert len({case.name for case in DAY}) == len(DAY)


def test_nobody_ships_a_line_that_is_to_be_cancelled() -> None:
    for case in DAY:
        for deed in case.deeds:
            if deed.action == "cancel":
                lines = case.lines if deed.lines is None else [case.lines[place] for place in deed.lines]
                assert {line.ships for line in lines} == {When.NEVER}, case.name


def test_an_invoiced_order_has_a_slip_for_each_store_but_one() -> None:
    for order in ORDERS:
        end = order.case.ends
        if end.stage is Stage.DONE and end.invoices:
            assert end.slips == max(_shipping_stores(order) - 1, 0), order.case.name


def test_every_store_begins_with_what_it_will_ship() -> None:
    stock = {(row["store"], row["upc"]): row["quantity"] for row in morning(ORDERS)["stock"]}
    assert min(stock.values()) > 0
    assert PRODUCTS["GIFT-CARD"].upc not in {upc for _, upc in stock}
