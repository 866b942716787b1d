"""Commands to orders on a real server: answered, refused, repeated without harm, and rehearsed without a trace."""

from pathlib import Path

import pytest

from activities.promises import SLIPS
from domain.stages import Stage
from ledger.tables import SequenceRow
from operators.temporal_server import TemporalServer
from tests.conftest import MakeTown
from tests.operators.desk import Desk, a_desk, keep, order_row, reopened, unmapped
from tests.support.town import Town, an_order, open_line, shipped

pytestmark = pytest.mark.anyio

WHY = ("--reason", "the customer waits")


class Counter:
    """A town, and the desk of an operator in it."""

    def __init__(self, town: Town, folder: Path, server: TemporalServer) -> None:
        self.town, self.path = town, folder / "waybill.toml"
        self.desk = Desk(town.write_configuration(self.path), server.address)

    async def partly_fulfilled(self, order_id: str) -> None:
        """An order of which one line is shipped and one is open."""
        self.town.seed(an_order(order_id, shipped("GT101"), open_line("GT205")))
        await self.town.poll()
        await self.town.until(order_id, lambda row: bool(row.waiting_for))

    async def reopened(self, order_id: str) -> None:
        """An order of two invoiced lines that is held since the first was reopened."""
        self.town.seed(an_order(order_id, shipped("GT101"), shipped("GT101", "P2")))
        await self.town.poll()
        await self.town.until_stage(order_id, Stage.DONE)
        self.town.sandbox.deed("reopen", order_id, items=["00101"], order_too=True)
        await self.town.poll()
        await self.town.until_held(order_id, "reopened_line")

    def commands_given(self, order_id: str) -> list[tuple[str, str]]:
        """Who asked what of the order, by its audit trail."""
        return [(e.actor, e.text) for e in self.town.timeline(order_id) if e.kind == "command"]


@pytest.fixture
async def counter(make_town: MakeTown, tmp_path: Path, temporal_server: TemporalServer) -> Counter:
    return Counter(await make_town(), tmp_path, temporal_server)


async def test_an_accepted_command_is_answered_carried_out_and_in_the_audit_trail(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
        ended = await counter.desk.ask("order", "force-invoice", "W1", "--store", "GT205", "--json", *WHY)
        assert (ended.code, ended.json["accepted"]) == (0, True)
        await counter.town.until_true(lambda: counter.town.invoices() == [("W1", "GT205")], "invoiced at GT205")
    assert counter.commands_given("1") == [("ana", "force_invoice: the customer waits")]


async def test_a_command_given_again_with_its_id_is_done_once(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
        first = await counter.desk.ask("order", "force-invoice", "W1", "--id", "c-1", *WHY)
        again = await counter.desk.ask("order", "force-invoice", "W1", "--id", "c-1", *WHY)
    assert (first.code, again.code) == (0, 0)
    assert "was given before" in again.out
    assert len(counter.commands_given("1")) == 1


async def test_a_refused_command_says_why_and_ends_with_its_own_code(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
        ended = await counter.desk.ask("order", "resume", "W1", *WHY)
    assert (ended.code, ended.out.strip()) == (3, "order W1: the order is not held: it is AWAITING_LINES")


async def test_an_order_that_ended_refuses_from_the_ledger_without_a_worker(counter: Counter) -> None:
    counter.town.seed(an_order("1", shipped("GT101")))
    async with counter.town.working():
        await counter.town.poll()
        await counter.town.until_stage("1", Stage.DONE)
    ended = await counter.desk.ask("order", "cancel", "W1", *WHY)
    assert ended.code == 3
    assert "return or credit it in Retail Pro" in ended.out


async def test_a_resume_settles_the_reopened_line_that_the_operator_saw(counter: Counter) -> None:
    async with counter.town.working():
        await counter.reopened("1")
        shown = (await counter.desk.ask("order", "show", "W1", "--json")).json
        ended = await counter.desk.ask("order", "resume", "W1", "--seen", shown["seen"], "--json", *WHY)
        await counter.town.until("1", lambda row: row.hold_cause is None)
    assert ended.code == 0
    assert ended.json["message"] == f"resume accepted, goes on without: {shown['hold']['evidence']}"
    assert (counter.town.known("1").acknowledged or {}).keys() == {"00101"}


async def test_a_resume_is_refused_where_more_lines_are_reopened_than_the_operator_saw(counter: Counter) -> None:
    async with counter.town.working():
        await counter.reopened("1")
        seen = (await counter.desk.ask("order", "show", "W1", "--json")).json["seen"]
        counter.town.sandbox.deed("reopen", "1", items=["00102"])
        rehearsed = (await counter.desk.ask("order", "resume", "W1", "--dry-run", "--json", *WHY)).json
        ended = await counter.desk.ask("order", "resume", "W1", "--seen", seen, *WHY)
        await counter.town.until("1", lambda row: "line 00102" in row.hold_evidence)
        assert (ended.code, counter.town.known("1").acknowledged) == (3, None)
        assert "it is held otherwise now: reopened_line: line 00101 was" in ended.out
        assert "look at `order show` again" in ended.out.replace("\n", " ")
        shown = (await counter.desk.ask("order", "show", "W1", "--json")).json
        assert (shown["seen"], shown["goes_on_without"]) == (rehearsed["seen"], rehearsed["goes_on_without"])
        assert (await counter.desk.ask("order", "resume", "W1", "--seen", shown["seen"], *WHY)).code == 0
    assert (counter.town.known("1").acknowledged or {}).keys() == {"00101", "00102"}


async def test_all_orders_of_a_hold_are_resumed_for_what_was_listed_and_no_line_that_came_since(
    counter: Counter,
) -> None:
    async with counter.town.working():
        await counter.reopened("1")
        counter.town.sandbox.deed("reopen", "1", items=["00102"])
        ended = await counter.desk.ask("holds", "resume", "reopened_line", "--tenant", counter.town.tenant, *WHY)
        await counter.town.until("1", lambda row: "line 00102" in row.hold_evidence)
    assert (ended.code, counter.town.known("1").acknowledged) == (0, None)


async def test_no_worker_is_out_of_reach_and_the_command_may_be_given_again(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
    ended = await counter.desk.ask("order", "cancel", "W1", "--id", "c-2", "--wait", "1s", *WHY)
    assert ended.code == 4
    assert "no worker answered within 1 s" in ended.err
    assert "--id c-2" in ended.err
    async with counter.town.working():
        assert (await counter.desk.ask("order", "cancel", "W1", "--id", "c-2", *WHY)).code == 0
    assert len(counter.commands_given("1")) == 1


async def test_a_command_starts_the_workflow_of_an_order_that_lost_its_own(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
        await counter.town.handle("1").terminate("a test")
        assert (await counter.desk.ask("order", "cancel", "W1", *WHY)).code == 0
        assert (await counter.town.ended("1")).stage is Stage.CANCELLED


async def test_a_document_in_doubt_is_confirmed_with_the_number_found(
    make_town: MakeTown, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    counter = Counter(await make_town(retailpro={"repeat": "unknown"}), tmp_path, temporal_server)
    town = counter.town
    town.seed(an_order("1", shipped("GT101")))
    town.sandbox.fault("drop", system="retailpro", when="after", next=1)
    async with town.working():
        await town.poll()
        await town.until_held("1", "invoice_unknown")
        rehearsed = await counter.desk.ask("order", "resend", "W1", "--dry-run", *WHY)
        assert "POST" in rehearsed.out
        assert "Ordertoinvoice" in rehearsed.out
        assert (await counter.desk.ask("order", "confirm", "W1", "--number", "700001", *WHY)).code == 0
        await town.until_stage("1", Stage.DONE)
    assert len(town.invoices()) == 1


# ---- rehearsals ------------------------------------------------------------------------------------------------------


async def test_a_dry_run_prints_every_call_with_its_body_and_changes_nothing(counter: Counter) -> None:
    counter.town.seed(an_order("1", shipped("GT101"), shipped("GT205", "P2"), open_line("GT307")))
    async with counter.town.working():
        await counter.town.poll()
        await counter.town.until("1", lambda row: bool(row.waiting_for))
    before = counter.town.known("1")
    told = (await counter.desk.ask("order", "force-invoice", "W1", "--dry-run", "--json", *WHY)).json
    assert told["answer"]["accepted"]
    invoice, slip, write_back = told["calls"]
    assert invoice["method"] == slip["method"] == write_back["method"] == "POST"
    assert invoice["url"] == f"{counter.town.sandbox.retailpro_url}/api/v1/Document/Ordertoinvoice"
    assert '"OrderNo":"W1"' in invoice["body"]
    assert '"FromStore":"GT205"' in slip["body"] or '"FromStore":"GT101"' in slip["body"]
    assert write_back["url"].endswith("/rest/s1/oms/orders/1/identifications")
    assert "the number that Retail Pro answers" in write_back["note"]
    assert (counter.town.known("1"), counter.town.effects("1"), counter.commands_given("1")) == (before, [], [])
    with counter.town.ledger.reading() as session:
        assert session.get(SequenceRow, (counter.town.tenant, SLIPS)) is None
    assert counter.town.sandbox.calls(system="retailpro") == []


async def test_a_dry_run_of_what_would_be_refused_says_so(counter: Counter) -> None:
    async with counter.town.working():
        await counter.partly_fulfilled("1")
    ended = await counter.desk.ask("order", "resume", "W1", "--dry-run", *WHY)
    assert ended.code == 3
    assert "would be refused: the order is not held" in ended.out


async def test_a_dry_run_for_an_order_that_stays_held_makes_no_call(counter: Counter) -> None:
    counter.town.seed(an_order("1", shipped("X9")))
    async with counter.town.working():
        await counter.town.poll()
        await counter.town.until_held("1", "unmapped_store")
    ended = await counter.desk.ask("order", "resume", "W1", "--dry-run", *WHY)
    assert ended.code == 0
    assert "held: unmapped_store:X9" in ended.out
    assert "no remote call would be made" in ended.out


# ---- what needs no server --------------------------------------------------------------------------------------------


def test_no_line_is_settled_that_nobody_said_to_have_seen(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    keep(tmp_path, reopened("1"))
    ended = desk.run("order", "resume", "W1", "--json", *WHY)
    line = "line 10 was settled as fulfilled by F1, now gone"
    assert (ended.code, ended.json["accepted"], ended.json["goes_on_without"]) == (3, False, [line])
    assert ended.json["message"] == f"to go on without all of this, say --seen {ended.json['seen']}: {line}"
    assert ended.json["seen"] == desk.run("order", "show", "W1", "--json").json["seen"]


def test_temporal_out_of_reach_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    desk = a_desk(tmp_path)
    keep(tmp_path, order_row("1"))
    ended = desk.run("order", "cancel", "1", *WHY)
    assert ended.code == 4
    assert len(ended.err.splitlines()) == 1
    assert "Temporal at 127.0.0.1:1 is out of reach" in ended.err
    assert "TEMPORAL_ADDRESS" in ended.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("force-invoice", "1", "--store", "S9", *WHY), "S1, S2, S3"),
        (("cancel", "1", "--reason", ""), "--reason"),
        (("cancel", "1", "--wait", "long", *WHY), "90s"),
        (("cancel", "1", "--tenant", "acne", *WHY), "acme"),
        (("cancel", "1"), "--reason"),
        (("confirm", "1", *WHY), "--number"),
    ],
)
def test_wrong_usage_is_named(tmp_path: Path, arguments: tuple[str, ...], named: str) -> None:
    desk = a_desk(tmp_path)
    keep(tmp_path, unmapped("1"))
    ended = desk.run("order", *arguments)
    assert ended.code == 2
    assert named in ended.err


def test_a_defect_is_one_line_and_its_trace_only_with_debug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("Ana Paz")

    desk = a_desk(tmp_path)
    monkeypatch.setattr("operators.cli.orders.order_list", broken)
    ended = desk.run("orders")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert "Ana Paz" not in ended.err
    assert "Traceback" in desk.run("orders", "--debug").err
