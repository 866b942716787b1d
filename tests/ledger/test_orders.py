"""Orders in the books: what was read, what is remembered, where they stand and why they wait."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from domain.memory import Force, Memory
from domain.messages import StageRecord
from domain.order import Order, Party
from domain.stages import EffectKind, EffectState, Hold, HoldCause, Stage
from ledger import holding, journal, orders
from ledger.database import Ledger
from ledger.orders import OrderFilter
from ledger.tables import LineRow, OrderRow
from tests.support.ledgers import NOW, ORDER, TENANT, promise
from tests.support.making_orders import a_line, a_policy, an_order, open_line

UNMAPPED = Hold(cause=HoldCause.UNMAPPED_STORE, subject="X9", evidence="no Retail Pro store for facility X9")
LATER = NOW + timedelta(hours=1)


def read(ledger: Ledger, order: Order) -> OrderRow:
    with ledger.writing() as session:
        row = orders.see(session, TENANT, order.order_id, NOW)
        orders.record_read(session, row, order, a_policy(), NOW)
        return row


def lines(ledger: Ledger) -> list[LineRow]:
    with ledger.reading() as session:
        return list(orders.lines_of(session, TENANT, ORDER))


def memory(ledger: Ledger, order_id: str = ORDER, order_no: str = "W1001") -> Memory:
    with ledger.writing() as session:
        return orders.memory_of(session, orders.see(session, TENANT, order_id, NOW), order_no)


def stage(ledger: Ledger, stage: Stage, hold: Hold | None = None, now: Any = NOW) -> OrderRow:
    with ledger.writing() as session:
        row = orders.see(session, TENANT, ORDER, NOW)
        holding.set_stage(session, row, stage, hold, now)
        return row


def told(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.reading() as session:
        return [(entry.kind, entry.text) for entry in journal.timeline(session, TENANT, ORDER)]


def test_an_order_is_seen_once(ledger: Ledger) -> None:
    with ledger.writing() as session:
        orders.see(session, TENANT, ORDER, NOW)
        row = orders.see(session, TENANT, ORDER, LATER)
    assert (row.stage, row.seen_at, row.epoch) == (Stage.AWAITING_LINES, NOW, 0)


def test_what_was_read_is_kept_with_its_lines_and_without_personal_data(ledger: Ledger) -> None:
    party = Party(name="Leonora Quetzalli", email="leo@example.test", address1="Calle 12")
    row = read(ledger, an_order(a_line("1"), open_line("2", "X9"), billing=party, shipping=party))
    assert (row.order_no, row.channel, row.currency, row.epoch) == ("W1001", "WEB_SALES_CHANNEL", "GTQ", 1)
    kept = [(line.line_id, line.store, line.status, line.unit_price) for line in lines(ledger)]
    assert kept == [("1", "S1", "ITEM_COMPLETED", "100"), ("2", None, "ITEM_APPROVED", "100")]
    told_of_party = str([row.model_dump(), *(line.model_dump() for line in lines(ledger))])
    assert [word for word in ("Leonora", "leo@", "Calle") if word in told_of_party] == []


def test_lines_follow_the_oms_changed_new_and_gone(ledger: Ledger) -> None:
    read(ledger, an_order(open_line("1"), open_line("2")))
    read(ledger, an_order(a_line("2", "F3"), open_line("3")))
    assert [(line.line_id, line.facility_id, line.status) for line in lines(ledger)] == [
        ("2", "F3", "ITEM_COMPLETED"),
        ("3", "F1", "ITEM_APPROVED"),
    ]


def test_memory_is_what_was_promised_and_asked(ledger: Ledger) -> None:
    promise(ledger, order_discount="2.5")
    promise(ledger, "slip/gt/W1001/0/S2", kind=EffectKind.SLIP, store="S2", lines=None)
    promise(ledger, "write_back/gt/W1001/0", kind=EffectKind.WRITE_BACK, store="", lines=None)
    force = Force(revision=0, operator="ana", reason="why", store="S2")
    with ledger.writing() as session:
        row = orders.see(session, TENANT, ORDER, NOW)
        row.force, row.cancel_wanted, row.acknowledged = force.model_dump(), True, {"1": "gone"}
    found = memory(ledger)
    (invoice,), (slip,), (back,) = found.invoices, found.slips, found.write_backs
    assert (invoice.lines, invoice.order_discount, invoice.state) == ({"1": "F1"}, Decimal("2.5"), EffectState.PLANNED)
    assert (slip.store, back.revision) == ("S2", 0)
    assert (found.force, found.cancel_wanted, found.acknowledged) == (force, True, {"1": "gone"})


def test_a_number_belongs_to_the_order_that_promised_an_invoice_with_it_first(ledger: Ledger) -> None:
    promise(ledger)
    assert memory(ledger, "2002").same_number == ORDER
    assert memory(ledger).same_number is None
    assert memory(ledger, "2002", "W2002").same_number is None


# ---- stages and holds ------------------------------------------------------------------------------------------------


def test_a_stage_is_written_down_when_it_changes(ledger: Ledger) -> None:
    stage(ledger, Stage.INVOICING)
    row = stage(ledger, Stage.INVOICING, now=LATER)
    assert (row.stage, row.stage_since) == (Stage.INVOICING, NOW)
    assert told(ledger) == [("stage", "AWAITING_LINES -> INVOICING")]


def test_a_hold_keeps_since_when_while_its_cause_is_the_same(ledger: Ledger) -> None:
    stage(ledger, Stage.INVOICING, UNMAPPED)
    row = stage(ledger, Stage.INVOICING, UNMAPPED.model_copy(update={"evidence": "two facilities"}), LATER)
    assert (row.hold_since, row.hold_evidence) == (NOW, "two facilities")
    row = stage(ledger, Stage.INVOICING, Hold(cause=HoldCause.UNMAPPED_STORE, subject="X8"), LATER)
    assert row.hold_since == LATER


def test_a_hold_and_its_release_stand_in_the_journal(ledger: Ledger) -> None:
    stage(ledger, Stage.INVOICING, UNMAPPED)
    row = stage(ledger, Stage.INVOICING)
    assert (holding.hold_of(row), row.hold_since) == (None, None)
    assert told(ledger)[1:] == [
        ("hold", "held: unmapped_store:X9: no Retail Pro store for facility X9"),
        ("hold", "unmapped_store released"),
    ]


def test_the_hold_comes_back_as_it_was_written(ledger: Ledger) -> None:
    assert holding.hold_of(stage(ledger, Stage.INVOICING, UNMAPPED)) == UNMAPPED


def test_a_record_of_an_older_assessment_is_void(ledger: Ledger) -> None:
    read(ledger, an_order(a_line("1")))
    read(ledger, an_order(a_line("1")))
    written = []
    for epoch in (1, 2):
        record = StageRecord(tenant=TENANT, order_id=ORDER, epoch=epoch, stage=Stage.DONE, hold=None)
        with ledger.writing() as session:
            written.append(orders.record_stage(session, record, NOW))
    assert written == [False, True]


# ---- finding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(ledger: Ledger) -> Ledger:
    """An invoiced order, one held for an hour, and one of another tenant."""
    rows = [
        OrderRow(tenant="gt", order_id="1", order_no="W1", stage=Stage.DONE, store="S1", stage_since=NOW, seen_at=NOW),
        OrderRow(tenant="gt", order_id="2", order_no="W2", stage=Stage.INVOICING, hold_cause="unmapped_store",
                 hold_subject="X9", stage_since=NOW - timedelta(hours=1), seen_at=NOW),
        OrderRow(tenant="hn", order_id="1", order_no="W2", stage_since=NOW, seen_at=NOW),
    ]  # fmt: skip
    with ledger.writing() as session:
        session.add_all(rows)
    return ledger


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["gt/2", "gt/1", "hn/1"]),
        ({"tenant": "gt"}, ["gt/2", "gt/1"]),
        ({"stage": Stage.DONE}, ["gt/1"]),
        ({"hold": HoldCause.UNMAPPED_STORE}, ["gt/2"]),
        ({"hold": HoldCause.UNMAPPED_STORE, "subject": "X8"}, []),
        ({"store": "S1"}, ["gt/1"]),
        ({"open_only": True}, ["gt/2", "hn/1"]),
        ({"older_than": NOW - timedelta(minutes=30)}, ["gt/2"]),
    ],
)
def test_orders_are_found_by_what_operators_ask(three: Ledger, wanted: dict[str, Any], found: list[str]) -> None:
    with three.reading() as session:
        rows = orders.find(session, OrderFilter.model_validate(wanted))
    names = [f"{row.tenant}/{row.order_id}" for row in rows]
    assert (names[:1], sorted(names)) == (found[:1], sorted(found))


def test_an_order_is_found_by_its_number_or_its_id_in_one_tenant_or_all(three: Ledger) -> None:
    with three.reading() as session:
        everywhere = orders.by_number(session, None, "W2")
        by_id = orders.by_number(session, "gt", "2")
    assert ({row.tenant for row in everywhere}, [row.order_id for row in by_id]) == ({"gt", "hn"}, ["2"])


def test_a_command_is_known_by_its_id_and_told_in_turn(ledger: Ledger) -> None:
    with ledger.writing() as session:
        for number in (1, 2, 3):
            text, command_id = f"entry {number}", f"c{number}"
            journal.write(session, (TENANT, ORDER), NOW, "command", text, actor="ana", command_id=command_id)
    with ledger.reading() as session:
        entry = journal.answer_to(session, TENANT, ORDER, "c2")
        assert journal.answer_to(session, TENANT, ORDER, "c9") is None
        assert journal.answer_to(session, TENANT, "2002", "c2") is None
    assert entry is not None
    assert (entry.text, entry.actor) == ("entry 2", "ana")
    assert [text for _, text in told(ledger)] == ["entry 1", "entry 2", "entry 3"]
