"""Each thing that keeps an order from being invoiced is a hold with its cause, subject and evidence (P2)."""

from decimal import Decimal
from typing import Any

import pytest

from domain.memory import InvoiceFact, Memory, WriteFact
from domain.order import Line, Order
from domain.plan import plan_order
from domain.stages import NEXT_ACTIONS, EffectState, Hold, HoldCause, Stage
from tests.support.making_orders import a_line, a_policy, adjustment, an_order, cancelled_line, digital_line, open_line

FEE = adjustment("FEE", "2.5")
INVOICED = Memory(
    invoices=(
        InvoiceFact(
            key="invoice/gt/W1001/0", revision=0, state=EffectState.DONE, store="S1", lines={"1": "F1", "2": "F2"}
        ),
    )
)


def hold_of(order: Order, memory: Memory | None = None, **policy: Any) -> Hold:
    plan = plan_order(order, memory or Memory(), a_policy(**policy))
    assert plan.hold is not None
    assert (plan.invoice, plan.slips, plan.write_backs, plan.ends) == (None, (), (), None)
    return plan.hold


def pos_order(**more: Any) -> Order:
    line = a_line("1", "F2", shipment_method="STANDARD", **more.pop("line", {}))
    return an_order(line, channel="POS_CHANNEL", **more)


CASES: dict[str, tuple[Order, dict[str, Any], str, list[str]]] = {
    "a facility without a store": (
        an_order(a_line("1"), a_line("2", "X9")), {}, "unmapped_store:X9", ["no Retail Pro store", "X9"],
    ),
    "two facilities without a store": (
        an_order(a_line("1", "X9"), a_line("2", "X8")), {}, "unmapped_store:X8", ["X8, X9"],
    ),
    "a fixed store that is not mapped": (
        an_order(a_line("1")), {"invoicing_store": "fixed", "fixed_store": "S7"}, "unmapped_store:S7", ["S7", "fixed"],
    ),
    "a digital store that is not mapped": (
        an_order(digital_line("1")), {"digital_lines": "invoice", "digital_store": "S7"}, "unmapped_store:S7", ["S7"],
    ),
    "a product without a UPC": (
        an_order(a_line("1", upc=None)), {}, "unmapped_product:P1", ["P1", "no UPC"],
    ),
    "digital lines without a rule": (
        an_order(a_line("1"), digital_line("2")), {}, "digital_line", ["digital lines 2"],
    ),
    "only digital lines and no store for them": (
        an_order(digital_line("1")), {"digital_lines": "invoice"}, "digital_line", ["no digital_store"],
    ),
    "an unknown amount on a line": (
        an_order(a_line("1", adjustments=(FEE,))), {}, "unknown_adjustment:FEE", ["FEE 2.5"],
    ),
    "an unknown amount on the order": (
        an_order(a_line("1"), adjustments=(FEE,)), {}, "unknown_adjustment:FEE", ["FEE 2.5"],
    ),
    "a total that does not add up": (
        an_order(a_line("1"), grand_total=Decimal("100.02")), {}, "totals_differ",
        ["HotWax says 100.02 GTQ", "add up to 100", "difference 0.02"],
    ),
    "an exchange without a rule": (
        an_order(a_line("1"), channel="EXCHANGE_CHANNEL"), {}, "exchange_order", ["EXCHANGE_CHANNEL"],
    ),
    "a send sale without its selling store": (
        pos_order(), {}, "selling_store_unknown", ["without the attribute orderFacility"],
    ),
    "a send sale of an unmapped selling store": (
        pos_order(attributes={"orderFacility": "X9"}), {}, "unmapped_store:X9", ["selling facility X9"],
    ),
    "a send sale from an unmapped store": (
        pos_order(attributes={"orderFacility": "F1"}, line={"facility_id": "X9"}), {}, "unmapped_store:X9", ["X9"],
    ),
    "a send sale of a product without a UPC": (
        pos_order(attributes={"orderFacility": "F1"}, line={"upc": None}), {}, "unmapped_product:P1", ["P1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_holds_the_order_and_names_what_is_wrong(case: str) -> None:
    order, policy, key, named = CASES[case]
    hold = hold_of(order, **policy)
    assert hold.key == key
    assert [word for word in named if word not in hold.evidence] == []


@pytest.mark.parametrize("difference", ["0", "0.01", "-0.01"])
def test_a_difference_within_the_tolerance_holds_nothing(difference: str) -> None:
    order = an_order(a_line("1"), grand_total=Decimal(100) + Decimal(difference))
    assert plan_order(order, Memory(), a_policy()).hold is None


def test_totals_are_not_compared_after_a_cancellation_nor_where_the_tenant_says_so() -> None:
    wrong = Decimal(250)
    dropped = an_order(a_line("1"), cancelled_line("2"), grand_total=wrong)
    assert plan_order(dropped, Memory(), a_policy()).hold is None
    trusted = an_order(a_line("1"), grand_total=wrong)
    assert plan_order(trusted, Memory(), a_policy(check_grand_total=False)).hold is None


def test_an_incomplete_order_is_not_held_for_what_may_still_change() -> None:
    order = an_order(a_line("1", "X9", upc=None, adjustments=(FEE,)), open_line("2"), grand_total=Decimal(7))
    plan = plan_order(order, Memory(), a_policy())
    assert (plan.hold, plan.stage) == (None, Stage.AWAITING_LINES)


def test_an_exchange_is_invoiced_where_the_tenant_says_so() -> None:
    order = an_order(a_line("1"), channel="EXCHG_SALES_CHANNEL")
    assert plan_order(order, Memory(), a_policy(exchange_orders="invoice")).invoice is not None


def test_another_orders_number_holds_this_one_and_names_the_other() -> None:
    hold = hold_of(an_order(a_line("1")), Memory(same_number="9001"))
    assert hold.cause is HoldCause.DUPLICATE_ORDER_NO
    assert "W1001" in hold.evidence
    assert "9001" in hold.evidence


@pytest.mark.parametrize(
    ("second", "named"),
    [
        (open_line("2", "F2"), "line 2 was settled as fulfilled by F2, now ITEM_APPROVED at F2"),
        (cancelled_line("2", facility="F2"), "now ITEM_CANCELLED at F2"),
        (a_line("2", "F3"), "now ITEM_COMPLETED at F3"),
        (a_line("3", "F2"), "line 2 was settled as fulfilled by F2, now gone"),
    ],
    ids=["reopened", "cancelled", "fulfilled elsewhere", "gone"],
)
def test_an_invoiced_line_that_changed_holds_the_order(second: Line, named: str) -> None:
    hold = hold_of(an_order(a_line("1"), second), INVOICED)
    assert hold.cause is HoldCause.REOPENED_LINE
    assert named in hold.evidence


def test_a_settled_change_holds_nothing_any_more_and_the_line_is_never_invoiced_again() -> None:
    settled = INVOICED.model_copy(update={"acknowledged": {"2": "ITEM_CANCELLED at F2"}})
    plan = plan_order(an_order(a_line("1"), cancelled_line("2", facility="F2")), settled, a_policy())
    assert (plan.hold, plan.invoice, [s.from_store for s in plan.slips]) == (None, None, ["S2"])


def test_another_change_of_a_settled_line_holds_again() -> None:
    settled = INVOICED.model_copy(update={"acknowledged": {"2": "ITEM_APPROVED at F2"}})
    hold = hold_of(an_order(a_line("1"), a_line("2", "F3")), settled)
    assert hold.cause is HoldCause.REOPENED_LINE


@pytest.mark.parametrize("state", [EffectState.UNKNOWN, EffectState.DONE])
@pytest.mark.parametrize("stores", [{"F1": "S1"}, {"F1": "S1", "F2": "S2"}])
def test_a_store_taken_out_of_the_configuration_after_the_invoice_still_gives_its_slip(
    state: EffectState, stores: dict[str, str]
) -> None:
    invoice = INVOICED.invoices[0].model_copy(update={"state": state, "stores": {"F1": "S1", "F2": "S2"}})
    plan = plan_order(an_order(a_line("1"), a_line("2", "F2")), Memory(invoices=(invoice,)), a_policy(stores=stores))
    assert (plan.hold, [(s.from_store, s.to_store) for s in plan.slips]) == (None, [("S2", "S1")])


def test_a_line_fulfilled_again_where_it_was_holds_nothing() -> None:
    assert plan_order(an_order(a_line("1"), a_line("2", "F2")), INVOICED, a_policy()).hold is None


def test_a_send_sale_that_changed_after_its_slip_is_held() -> None:
    slip = WriteFact(key="slip/gt/W1001/0/S2", revision=0, state=EffectState.DONE, store="S2", lines={"1": "F2"})
    order = an_order(
        a_line("1", "F3", shipment_method="STANDARD"), channel="POS_CHANNEL", attributes={"orderFacility": "F1"}
    )
    assert hold_of(order, Memory(slips=(slip,))).cause is HoldCause.REOPENED_LINE


def test_discounts_that_exceed_what_was_fulfilled_are_held_with_the_amount() -> None:
    order = an_order(a_line("1"), adjustments=(adjustment("EXT_PROMO_ADJUSTMENT", -150),))
    hold = hold_of(order)
    assert (hold.cause, "-50" in hold.evidence) == (HoldCause.TOTALS_DIFFER, True)


def test_a_fee_of_the_order_is_invoiced_with_shipping_where_the_tenant_says_so() -> None:
    plan = plan_order(an_order(a_line("1"), adjustments=(FEE,)), Memory(), a_policy(fees_with_shipping=["FEE"]))
    assert plan.invoice is not None
    assert [plan.invoice.shipping_amount, plan.invoice.total] == [Decimal("2.5"), Decimal("102.5")]


def test_every_cause_has_a_next_action() -> None:
    assert set(NEXT_ACTIONS) == set(HoldCause)
    assert [cause for cause, action in NEXT_ACTIONS.items() if len(action) < 20] == []


def test_orders_that_wait_for_the_same_thing_share_their_holds_key() -> None:
    first = hold_of(an_order(a_line("1", "X9")))
    second = hold_of(an_order(a_line("1"), a_line("2", "X9"), order_id="1002", order_no="W1002"))
    assert first.key == second.key == "unmapped_store:X9"
    assert "X9" not in first.next_action
    assert "resume" in first.next_action
