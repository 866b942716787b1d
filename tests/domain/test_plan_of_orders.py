"""What an order owes, row by row of the table of its life (design 5)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from domain.memory import Force, InvoiceFact, Memory, WriteFact
from domain.order import Line
from domain.plan import Plan, plan_order
from domain.stages import EffectState, Stage
from tests.support.making_orders import (
    a_line,
    a_policy,
    adjustment,
    an_order,
    at,
    cancelled_line,
    digital_line,
    open_line,
)

NOTHING = Memory()
DONE = EffectState.DONE


def made(
    state: EffectState = DONE, revision: int = 0, lines: Mapping[str, str] | None = None, **more: Any
) -> InvoiceFact:
    given = {"key": f"invoice/gt/W1001/{revision}", "revision": revision, "state": state, "store": "S1"}
    return InvoiceFact.model_validate({**given, "lines": lines or {"1": "F1"}, **more})


def slip_done(store: str, line: str) -> WriteFact:
    lines = {line: f"F{store[1:]}"}
    return WriteFact(key=f"slip/gt/W1001/0/{store}", revision=0, state=DONE, store=store, lines=lines)


def written_back(revision: int = 0) -> WriteFact:
    return WriteFact(key=f"write_back/gt/W1001/{revision}", revision=revision, state=DONE)


def plan(*lines: Line, memory: Memory = NOTHING, channel: str = "WEB_SALES_CHANNEL", **policy: Any) -> Plan:
    attributes = {"orderFacility": "F1"}
    return plan_order(an_order(*lines, channel=channel, attributes=attributes), memory, a_policy(**policy))


# ---- awaiting lines --------------------------------------------------------------------------------------------------


def test_an_order_waits_until_its_last_line_is_fulfilled_and_says_how_many_are() -> None:
    waiting = plan(a_line("1"), a_line("2"), open_line("3"), cancelled_line("4"))
    assert (waiting.stage, waiting.invoice, waiting.ends) == (Stage.AWAITING_LINES, None, None)
    assert waiting.waiting_for == "2 of 3 lines fulfilled; waiting for the others"


def test_the_whole_order_goes_on_one_invoice_with_its_slips_and_its_number_back() -> None:
    owed = plan(a_line("1", "F1"), a_line("2", "F2", completed_at=at(20)), a_line("3", "F3", completed_at=at(30)))
    assert owed.invoice is not None
    assert (owed.invoice.store, owed.invoice.line_ids, owed.invoice.revision) == ("S1", ("1", "2", "3"), 0)
    assert [(s.from_store, s.to_store) for s in owed.slips] == [("S2", "S1"), ("S3", "S1")]
    assert (owed.stage, owed.write_backs, owed.ends) == (Stage.INVOICING, (0,), Stage.DONE)


@pytest.mark.parametrize("status", ["ITEM_CANCELLED", "ITEM_REJECTED", "ITEM_EXPIRED"])
def test_a_dropped_line_can_be_what_completes_an_order_and_is_not_invoiced(status: str) -> None:
    owed = plan(a_line("1"), a_line("2", status=status))
    assert owed.invoice is not None
    assert owed.invoice.line_ids == ("1",)


def test_an_order_of_cancelled_lines_only_is_cancelled() -> None:
    assert plan(cancelled_line("1"), cancelled_line("2")).ends is Stage.CANCELLED


def test_a_cancelled_order_ends_without_a_remote_write_even_if_it_is_fulfilled_later() -> None:
    ended = plan(a_line("1"), memory=Memory(cancel_wanted=True))
    assert (ended.ends, ended.invoice, ended.slips, ended.write_backs) == (Stage.CANCELLED, None, (), ())


@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN])
def test_a_cancel_waits_for_the_truth_about_an_invoice_that_may_exist(state: EffectState) -> None:
    owed = plan(a_line("1"), memory=Memory(cancel_wanted=True, invoices=(made(state),)))
    assert owed.unsettled is not None
    assert owed.ends is not Stage.CANCELLED


@pytest.mark.parametrize("state", [EffectState.PLANNED, EffectState.REJECTED])
def test_a_cancel_needs_no_truth_about_an_invoice_that_does_not_exist(state: EffectState) -> None:
    assert plan(a_line("1"), memory=Memory(cancel_wanted=True, invoices=(made(state),))).ends is Stage.CANCELLED


# ---- point of sale ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["POS_SALES_CHANNEL", "POS_CHANNEL"])
def test_an_order_carried_out_of_the_store_is_skipped(channel: str) -> None:
    ended = plan(a_line("1", shipment_method="POS_COMPLETED"), channel=channel)
    assert (ended.ends, ended.invoice, ended.slips) == (Stage.SKIPPED, None, ())


def test_a_send_sale_owes_transfers_to_its_selling_store_and_no_invoice() -> None:
    lines = [a_line("1", "F2", shipment_method="STANDARD"), a_line("2", "F1", shipment_method="STANDARD")]
    owed = plan(*lines, channel="POS_CHANNEL")
    assert (owed.stage, owed.invoice, owed.write_backs, owed.ends) == (Stage.TRANSFERRING, None, (), Stage.DONE)
    assert [(s.from_store, s.to_store) for s in owed.slips] == [("S2", "S1")]


def test_a_send_sale_from_its_own_store_owes_nothing() -> None:
    owed = plan(a_line("1", "F1", shipment_method="STANDARD"), channel="POS_CHANNEL")
    assert (owed.stage, owed.slips, owed.ends) == (Stage.DONE, (), Stage.DONE)


def test_a_send_sale_waits_for_its_open_lines() -> None:
    lines = [a_line("1", "F2", shipment_method="STANDARD"), open_line("2", shipment_method="STANDARD")]
    assert plan(*lines, channel="POS_CHANNEL").stage is Stage.AWAITING_LINES


# ---- after the invoice -----------------------------------------------------------------------------------------------


def test_what_is_done_is_not_owed_again() -> None:
    lines = [a_line("1", "F1"), a_line("2", "F2")]
    invoice = made(lines={"1": "F1", "2": "F2"})
    owed = plan(*lines, memory=Memory(invoices=(invoice,)))
    assert (owed.stage, [s.from_store for s in owed.slips], owed.write_backs) == (Stage.TRANSFERRING, ["S2"], (0,))
    done = Memory(invoices=(invoice,), slips=(slip_done("S2", "2"),), write_backs=(written_back(),))
    ended = plan(*lines, memory=done)
    assert (ended.stage, ended.invoice, ended.slips, ended.write_backs, ended.ends) == (
        Stage.DONE,
        None,
        (),
        (),
        Stage.DONE,
    )


@pytest.mark.parametrize("state", [s for s in EffectState if s is not DONE])
def test_a_slip_that_is_not_done_stays_owed_and_touches_no_other(state: EffectState) -> None:
    lines = [a_line("1", "F1"), a_line("2", "F2"), a_line("3", "F3")]
    failed = slip_done("S2", "2").model_copy(update={"state": state})
    memory = Memory(
        invoices=(made(lines={"1": "F1", "2": "F2", "3": "F3"}),),
        slips=(failed, slip_done("S3", "3")),
        write_backs=(written_back(),),
    )
    assert [s.from_store for s in plan(*lines, memory=memory).slips] == ["S2"]


@pytest.mark.parametrize("state", [EffectState.SENDING, EffectState.UNKNOWN])
def test_an_invoice_in_doubt_is_settled_before_anything_new_is_planned(state: EffectState) -> None:
    owed = plan(a_line("1"), a_line("2"), memory=Memory(invoices=(made(state),)))
    assert owed.unsettled is not None
    assert (owed.invoice, owed.stage) == (None, Stage.INVOICING)


@pytest.mark.parametrize("state", [EffectState.PLANNED, EffectState.REJECTED])
def test_an_invoice_that_does_not_exist_is_planned_anew_under_the_same_revision(state: EffectState) -> None:
    owed = plan(a_line("1"), a_line("2"), memory=Memory(invoices=(made(state),)))
    assert owed.invoice is not None
    assert (owed.invoice.revision, owed.invoice.line_ids) == (0, ("1", "2"))


def test_a_tenant_without_a_write_back_type_writes_nothing_back() -> None:
    assert plan(a_line("1"), write_back_type=None).write_backs == ()


# ---- force and supplement --------------------------------------------------------------------------------------------


def force(revision: int = 0, store: str | None = None) -> Force:
    return Force(revision=revision, operator="ana", reason="the customer waits", store=store)


def test_a_forced_order_is_invoiced_with_what_is_fulfilled_and_goes_on_waiting() -> None:
    owed = plan(a_line("1", "F2"), open_line("2"), memory=Memory(force=force()))
    assert owed.invoice is not None
    assert (owed.invoice.line_ids, owed.invoice.store, owed.ends) == (("1",), "S2", None)
    assert owed.waiting_for == "1 of 2 lines fulfilled; waiting for the others"


def test_an_operator_may_name_the_store_of_a_forced_invoice() -> None:
    owed = plan(a_line("1", "F2"), open_line("2"), memory=Memory(force=force(store="S3")))
    assert owed.invoice is not None
    assert (owed.invoice.store, owed.invoice.reason) == ("S3", "forced by ana")
    assert [(s.from_store, s.to_store) for s in owed.slips] == [("S2", "S3")]


def test_lines_fulfilled_after_a_forced_invoice_go_on_a_supplement_at_the_same_store() -> None:
    memory = Memory(
        invoices=(made(store="S3", order_discount=Decimal(4)),), force=force(), slips=(slip_done("S1", "1"),)
    )
    order = an_order(a_line("1"), a_line("2", "F2"), adjustments=(adjustment("EXT_PROMO_ADJUSTMENT", -10),))
    owed = plan_order(order, memory, a_policy())
    assert owed.invoice is not None
    assert (owed.invoice.revision, owed.invoice.line_ids, owed.invoice.store) == (1, ("2",), "S3")
    assert owed.invoice.order_discount == Decimal(6)
    assert owed.invoice.reason == "supplement: the store of the order's first invoice"
    assert [(s.revision, s.from_store) for s in owed.slips] == [(1, "S2")]


def test_one_force_makes_one_invoice() -> None:
    memory = Memory(invoices=(made(),), force=force(revision=0))
    owed = plan(a_line("1"), a_line("2"), open_line("3"), memory=memory)
    assert (owed.invoice, owed.waiting_for) == (None, "2 of 3 lines fulfilled; waiting for the others")


def test_a_second_force_makes_the_next_supplement() -> None:
    memory = Memory(invoices=(made(),), force=force(revision=1))
    owed = plan(a_line("1"), a_line("2"), open_line("3"), memory=memory)
    assert owed.invoice is not None
    assert (owed.invoice.revision, owed.invoice.line_ids) == (1, ("2",))


# ---- confirmation ----------------------------------------------------------------------------------------------------


def confirmation_owed(memory: Memory, **order: Any) -> int | None:
    lines = (a_line("1"), a_line("2"))
    return plan_order(an_order(*lines, **order), memory, a_policy(confirmation="store")).confirm


def test_a_new_invoice_and_one_in_doubt_are_to_be_confirmed_by_the_store() -> None:
    assert confirmation_owed(NOTHING) == 0
    assert confirmation_owed(Memory(invoices=(made(EffectState.UNKNOWN),))) == 0
    assert plan(a_line("1")).confirm is None


@pytest.mark.parametrize(("minutes", "owed"), [(None, 0), (1, None)])
def test_the_first_invoice_is_confirmed_by_any_word_of_the_store(minutes: int | None, owed: int | None) -> None:
    confirmed = {} if minutes is None else {"confirmed_at": at(minutes)}
    invoice = made(lines={"1": "F1", "2": "F1"}, sent_at=at(5))
    assert confirmation_owed(Memory(invoices=(invoice,)), **confirmed) == owed


@pytest.mark.parametrize(("minutes", "owed"), [(4, 1), (5, None), (6, None)])
def test_a_supplement_is_confirmed_only_by_a_word_that_came_after_it_was_sent(minutes: int, owed: int | None) -> None:
    invoices = (made(confirmed=True), made(revision=1, lines={"2": "F1"}, sent_at=at(5)))
    assert confirmation_owed(Memory(invoices=invoices), confirmed_at=at(minutes)) == owed


def test_an_operators_confirmation_is_as_good_as_the_stores() -> None:
    assert confirmation_owed(Memory(invoices=(made(lines={"1": "F1", "2": "F1"}, confirmed=True),))) is None


def test_slips_wait_in_the_invoicing_stage_until_the_store_confirms() -> None:
    memory = Memory(invoices=(made(lines={"1": "F1"}),), write_backs=(written_back(),))
    assert plan(a_line("1"), memory=memory, confirmation="store").stage is Stage.INVOICING


# ---- digital lines ---------------------------------------------------------------------------------------------------


def test_digital_lines_are_invoiced_without_a_transfer_where_the_tenant_says_so() -> None:
    owed = plan(a_line("1", "F2"), digital_line("2"), digital_lines="invoice")
    assert owed.invoice is not None
    assert [(i.upc, i.store) for i in owed.invoice.items] == [("740000000001", "S2"), ("740000000002", "S2")]
    assert owed.slips == ()


def test_an_order_of_digital_lines_only_is_invoiced_at_the_digital_store() -> None:
    owed = plan(digital_line("1"), digital_lines="invoice", digital_store="S3")
    assert owed.invoice is not None
    assert (owed.invoice.store, owed.slips) == ("S3", ())
