"""One assessment: the order is read, commands are applied, and what it owes is promised, all in one transaction."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import pytest

from activities.assess import Assessor
from activities.systems import FixedTenants, TenantSystems
from connectors.errors import ConnectorError, Contract, NotASalesOrder, NotFound, Unreachable
from connectors.ports import OmsPort
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.settings import RetailProSettings
from domain.commands import Command, CommandAnswer, Verb, order_sight
from domain.messages import Assessment, AssessRequest, GivenCommand
from domain.order import Line, LineStatus, Order, Party
from domain.stages import EffectState, Hold, HoldCause, Stage
from ledger import effects, holding, journal
from ledger.database import Ledger
from ledger.tables import EffectRow, OrderRow
from tests.support.ledgers import NOW
from tests.support.making_orders import a_line, a_policy, an_order, open_line

PARTY = Party(name="Leonora Quetzalli", email="leo@example.test", address1="Calle 12")


class Oms:
    """An OMS that tells one order, or fails in a given way; reading is all that an assessment does there."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.trouble: ConnectorError | None = None

    def turn(self) -> AbstractContextManager[None]:
        """No bounds."""
        return nullcontext()

    def read_order(self, _: str) -> Order:
        """The order as it stands now."""
        if self.trouble:
            raise self.trouble
        return self.order


class Shop:
    """One tenant with its books, an OMS that can be told what to say, and the real bodies of Retail Pro."""

    def __init__(self, ledger: Ledger, *lines: Line, **policy: Any) -> None:
        self.ledger, self.oms = ledger, Oms(an_order(*lines, billing=PARTY, shipping=PARTY))
        settings = {"base_url": "http://127.0.0.1:9", "identity_number_default": "0", "identity_type_default": "dpi"}
        pos = PartnerV1(RetailProSettings.model_validate(settings))
        systems = TenantSystems("gt", a_policy(**policy), cast("OmsPort", self.oms), pos)
        self.assessor = Assessor(ledger, FixedTenants({"gt": systems}))

    def tell(self, *lines: Line, **more: Any) -> None:
        """What the OMS says from now on."""
        self.oms.order = an_order(*lines, billing=PARTY, shipping=PARTY, **more)

    def assess(self, *given: GivenCommand, order_id: str = "1001") -> Assessment:
        """The assessment after these commands."""
        return self.assessor.assess(AssessRequest(tenant="gt", order_id=order_id, commands=given))

    def preview(self, *given: GivenCommand) -> tuple[EffectRow, ...]:
        """The effects that an assessment would promise."""
        return self.assessor.preview(AssessRequest(tenant="gt", order_id="1001", commands=given)).promised

    def ask(self, verb: str, command_id: str = "c1", **more: Any) -> tuple[Assessment, CommandAnswer]:
        """The assessment after one command, and what became of the command."""
        seen = self.assess(given(verb, command_id, **more))
        return seen, dict(seen.answers)[command_id]

    def effects(self) -> dict[str, EffectRow]:
        """The promised effects by key."""
        with self.ledger.reading() as session:
            return {row.key: row for row in effects.of_order(session, "gt", "1001")}

    def bring(self, key: str, state: EffectState, **more: Any) -> None:
        """The effect as if it had been tried and had come to this."""
        with self.ledger.writing() as session:
            row = session.get_one(EffectRow, key)
            for name, value in {"state": state, **more}.items():
                setattr(row, name, value)

    def row(self) -> OrderRow:
        """The order in the books."""
        with self.ledger.reading() as session:
            return session.get_one(OrderRow, ("gt", "1001"))

    def told(self) -> list[str]:
        """The journal."""
        with self.ledger.reading() as session:
            return [f"{entry.actor} {entry.kind} {entry.text}" for entry in journal.timeline(session, "gt", "1001")]


def given(verb: str, command_id: str = "c1", **more: Any) -> GivenCommand:
    command = Command.model_validate({"id": command_id, "operator": "ana", "reason": "asked", **more})
    return GivenCommand(verb=Verb(verb), command=command)


INVOICE, SLIP = "invoice/gt/W1001/0", "slip/gt/W1001/0/S2"


def test_what_an_order_owes_is_promised_with_its_bodies(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1", "F1"), a_line("2", "F2"))
    seen = shop.assess()
    assert (seen.stage, seen.store, seen.ends) == (Stage.INVOICING, "S1", Stage.DONE)
    assert seen.invoice is not None
    assert [seen.invoice.key, *(o.key for o in seen.after)] == [INVOICE, SLIP, "write_back/gt/W1001/0"]
    promised = shop.effects()
    assert {key: row.state for key, row in promised.items()} == dict.fromkeys((INVOICE, SLIP), EffectState.PLANNED)
    assert '"InvoicingStore":"S1"' in promised[INVOICE].body.replace(" ", "")
    assert (promised[SLIP].remote_no, "00000001" in promised[SLIP].body) == ("00000001", True)


def test_an_assessment_repeated_changes_nothing_but_its_epoch(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1", "F1"), a_line("2", "F2"))
    first, before = shop.assess(), shop.effects()
    second, after = shop.assess(), shop.effects()
    assert second == first.model_copy(update={"epoch": first.epoch + 1})
    bodies = [
        {key: (row.body.split("CreatedDate")[0], row.remote_no) for key, row in e.items()} for e in (before, after)
    ]
    assert bodies[0] == bodies[1]


def test_no_personal_data_leaves_for_temporal(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1", "F1"), a_line("2", "F2"))
    seen = shop.assess().model_dump_json()
    assert [word for word in ("Leonora", "leo@", "Calle") if word in seen + str(shop.told()) + str(shop.row())] == []


@pytest.mark.parametrize(
    ("trouble", "cause"),
    [
        (NotFound("hotwax", "read_order", "no order 1001"), HoldCause.ORDER_NOT_FOUND),
        (Contract("hotwax", "read_order", place="orders[0]", expected="lines"), HoldCause.REMOTE_CONTRACT),
    ],
)
def test_an_order_told_in_no_sensible_way_is_held_and_never_guessed(
    ledger: Ledger, trouble: ConnectorError, cause: HoldCause
) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.oms.trouble = trouble
    seen = shop.assess()
    assert seen.hold is not None
    assert (seen.hold.cause, seen.hold.evidence) == (cause, str(trouble))
    assert (seen.invoice, shop.effects(), shop.row().hold_cause) == (None, {}, cause)


def test_an_order_that_nobody_invoices_is_skipped(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.oms.trouble = NotASalesOrder("hotwax", "read_order", "a transfer order")
    assert shop.assess().ends is Stage.SKIPPED


def test_an_oms_out_of_reach_changes_nothing(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.oms.trouble = Unreachable("hotwax", "read_order", "refused")
    with pytest.raises(Unreachable):
        shop.assess(given("cancel"))
    shop.oms.trouble = None
    assert shop.assess().invoice is not None


def test_a_body_that_does_not_fit_holds_the_order_and_promises_nothing(ledger: Ledger) -> None:
    shop = Shop(ledger)
    shop.tell(a_line("1"), a_line("2", "F2"), order_no="W100123456789")
    seen = shop.assess()
    assert seen.hold is not None
    assert (seen.hold.cause, "OrderNo" in seen.hold.evidence) == (HoldCause.FIELD_TOO_LONG, True)
    assert (seen.invoice, shop.effects()) == (None, {})


def test_a_number_of_another_order_holds_the_second(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.tell(a_line("1"), order_id="2002")
    seen = shop.assess(order_id="2002")
    assert seen.hold is not None
    assert (seen.hold.cause, "1001" in seen.hold.evidence) == (HoldCause.DUPLICATE_ORDER_NO, True)


def test_a_supplement_and_an_order_of_its_number_never_share_an_invoice(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"), a_line("2", "F2", status=LineStatus.APPROVED))
    shop.ask("force_invoice")
    shop.bring(INVOICE, EffectState.DONE, number="7")
    shop.tell(a_line("1"), a_line("2", "F2"))
    supplement = shop.assess().invoice
    assert supplement is not None
    assert shop.effects()[supplement.key].remote_no == "W1001-1"
    shop.tell(a_line("1"), order_id="2002", order_no="W1001-1")
    seen = shop.assess(order_id="2002")
    assert seen.hold is not None
    assert (seen.hold.cause, "1001" in seen.hold.evidence) == (HoldCause.DUPLICATE_ORDER_NO, True)
    assert seen.invoice is None


# ---- commands --------------------------------------------------------------------------------------------------------


def test_a_command_is_applied_once_however_often_it_is_given(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"), open_line("2"))
    first, answer = shop.ask("force_invoice")
    assert (answer.accepted, first.invoice is not None) == (True, True)
    _, again = shop.ask("force_invoice")
    assert again.message.startswith("was given before: force_invoice: asked")
    assert len([line for line in shop.told() if line.startswith("ana ")]) == 1


def test_a_refused_command_says_why_and_stands_in_the_journal(ledger: Ledger) -> None:
    shop = Shop(ledger, open_line("1"))
    seen, answer = shop.ask("force_invoice")
    assert (answer.accepted, seen.invoice) == (False, None)
    assert [line for line in shop.told() if "ana" in line and answer.message in line]


def test_a_cancelled_order_forgets_its_promises_and_frees_its_number(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    seen, answer = shop.ask("cancel")
    assert (answer.accepted, seen.ends, shop.effects()) == (True, Stage.CANCELLED, {})
    shop.tell(a_line("1"), order_id="2002")
    assert shop.assess(order_id="2002").invoice is not None


@pytest.mark.parametrize(("truth", "ends"), [(EffectState.DONE, Stage.DONE), (EffectState.REJECTED, Stage.CANCELLED)])
def test_a_cancel_in_doubt_waits_and_follows_the_truth(ledger: Ledger, truth: EffectState, ends: Stage) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.UNKNOWN)
    seen, answer = shop.ask("cancel")
    assert (answer.accepted, seen.ends is Stage.CANCELLED) == (True, False)
    shop.bring(INVOICE, truth)
    assert shop.assess().ends is ends


def test_a_cancel_after_the_invoice_is_refused_with_what_to_do(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.DONE)
    _, answer = shop.ask("cancel")
    assert (answer.accepted, "return or credit it in Retail Pro" in answer.message) == (False, True)


def test_confirm_adopts_the_number_that_was_found(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.UNKNOWN, in_doubt=True)
    seen, answer = shop.ask("confirm", number="A-99")
    row = shop.effects()[INVOICE]
    assert (answer.accepted, row.state, row.number, seen.invoice) == (True, EffectState.DONE, "A-99", None)


def test_a_number_that_another_invoice_has_is_not_confirmed(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.DONE, number="700001")
    shop.tell(a_line("1"), order_id="2002", order_no="W2002")
    shop.assess(order_id="2002")
    shop.bring("invoice/gt/W2002/0", EffectState.UNKNOWN, in_doubt=True)
    wrong = given("confirm", number="700001")
    answer = dict(shop.assess(wrong, order_id="2002").answers)["c1"]
    assert (answer.accepted, f"belongs to {INVOICE}" in answer.message) == (False, True)


def test_resend_plans_the_effect_anew(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.UNKNOWN, in_doubt=True)
    seen, answer = shop.ask("resend")
    row = shop.effects()[INVOICE]
    assert (answer.accepted, row.state, row.in_doubt, seen.invoice is not None) == (
        True,
        EffectState.PLANNED,
        False,
        True,
    )


def test_resume_settles_a_line_that_changed_after_its_invoice(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1"))
    shop.assess()
    shop.bring(INVOICE, EffectState.DONE)
    shop.tell(open_line("1"))
    held = shop.assess()
    assert held.hold is not None
    assert held.hold.cause is HoldCause.REOPENED_LINE
    seen, answer = shop.ask("resume")
    assert (answer.accepted, seen.hold, shop.row().acknowledged) == (True, None, {"1": "ITEM_APPROVED at F1"})


def _reopened(ledger: Ledger) -> tuple[Shop, str]:
    """An order of two invoiced lines that is held for the first, and the mark of that."""
    shop = Shop(ledger, a_line("1"), a_line("2"))
    shop.assess()
    shop.bring(INVOICE, EffectState.DONE)
    shop.tell(open_line("1"), a_line("2"))
    return shop, order_sight(shop.assess().hold).mark


def test_resume_settles_the_lines_that_the_operator_saw(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    seen, answer = shop.ask("resume", seen=mark)
    assert (answer.accepted, seen.hold, shop.row().acknowledged) == (True, None, {"1": "ITEM_APPROVED at F1"})
    told = "resume accepted, goes on without: line 1 was settled as fulfilled by F1, now ITEM_APPROVED at F1"
    assert answer.message == told


def test_resume_settles_no_line_that_changed_since_the_operator_looked(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    shop.tell(open_line("1"), open_line("2"))
    seen, answer = shop.ask("resume", seen=mark)
    assert (answer.accepted, shop.row().acknowledged) == (False, None)
    assert "it is held otherwise now: reopened_line: line 1 was settled" in answer.message
    assert "line 2 was settled" in answer.message
    assert seen.hold is not None
    again, answer = shop.ask("resume", "c2", seen=order_sight(seen.hold).mark)
    assert (answer.accepted, again.hold) == (True, None)
    assert shop.row().acknowledged == {"1": "ITEM_APPROVED at F1", "2": "ITEM_APPROVED at F1"}


def test_resume_of_what_is_not_reopened_any_more_settles_nothing(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    shop.tell(a_line("1"), a_line("2"))
    seen, answer = shop.ask("resume", seen=mark)
    assert (answer.accepted, seen.hold, shop.row().acknowledged) == (False, None, None)
    assert "it is not held any more" in answer.message


def test_resume_of_another_hold_settles_no_reopened_line(ledger: Ledger) -> None:
    shop, _ = _reopened(ledger)
    shop.oms.trouble = NotFound("hotwax", "read_order", "no order 1001")
    gone = order_sight(shop.assess().hold).mark
    shop.oms.trouble = None
    shop.assess()
    _, answer = shop.ask("resume", seen=gone)
    assert (answer.accepted, shop.row().acknowledged) == (False, None)


def test_a_settled_line_that_came_back_and_is_reopened_again_is_asked_about_anew(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    shop.ask("resume", seen=mark)
    assert shop.assess().hold is None
    shop.tell(a_line("1"), a_line("2"))
    assert (shop.assess().hold, shop.row().acknowledged) == (None, None)
    shop.tell(open_line("1"), a_line("2"))
    assert order_sight(shop.assess().hold).mark == mark


def test_resume_settles_nothing_where_the_order_cannot_be_read(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    shop.oms.trouble = NotFound("hotwax", "read_order", "no order 1001")
    seen, answer = shop.ask("resume", seen=mark)
    assert seen.hold is not None
    assert (answer.accepted, seen.hold.cause, shop.row().acknowledged) == (False, HoldCause.ORDER_NOT_FOUND, None)


def _out_of_reach(shop: Shop) -> None:
    """HotWax does not answer: the workflow writes that down, and keeps its commands for later."""
    with shop.ledger.writing() as session:
        row = session.get_one(OrderRow, ("gt", "1001"))
        holding.set_stage(session, row, row.stage, Hold(cause=HoldCause.REMOTE_UNREACHABLE, evidence="timed out"), NOW)


def test_a_resume_that_waited_for_hotwax_settles_the_lines_that_the_operator_saw(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    _out_of_reach(shop)
    seen, answer = shop.ask("resume", seen=mark)
    assert (answer.accepted, seen.hold, shop.row().acknowledged) == (True, None, {"1": "ITEM_APPROVED at F1"})


def test_a_resume_that_waited_for_hotwax_settles_no_other_line(ledger: Ledger) -> None:
    shop, mark = _reopened(ledger)
    shop.tell(open_line("1"), open_line("2"))
    for seen in (mark, None):
        _out_of_reach(shop)
        held, _ = shop.ask("resume", f"of {seen}", **({"seen": seen} if seen else {}))
        assert held.hold is not None
        assert (held.hold.cause, shop.row().acknowledged) == (HoldCause.REOPENED_LINE, None)


@pytest.mark.parametrize("befalls", [_out_of_reach, lambda _: None])
def test_a_mended_hold_is_resumed_by_the_mark_it_had(ledger: Ledger, befalls: Callable[[Shop], None]) -> None:
    shop = Shop(ledger, a_line("1", "X9"))
    mark = order_sight(shop.assess().hold).mark
    shop.tell(a_line("1", "F1"))
    befalls(shop)
    seen, answer = shop.ask("resume", seen=mark)
    assert (answer.accepted, answer.message, seen.hold) == (True, "resume accepted", None)


def test_a_preview_shows_the_exact_bodies_and_changes_nothing(ledger: Ledger) -> None:
    shop = Shop(ledger, a_line("1", "F2"), open_line("2"))
    shop.assess()
    before = shop.told()
    promised = shop.preview(given("force_invoice", store="S1"))
    assert [row.key for row in promised] == [INVOICE, SLIP]
    assert '"InvoicingStore":"S1"' in promised[0].body.replace(" ", "")
    assert (shop.effects(), shop.told(), shop.row().force) == ({}, before, None)
