"""Commands to purchase orders on a real server: answered, refused, repeated without harm, and rehearsed."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.purchase_order import ReceiptState
from operators.temporal_server import TemporalServer
from tests.operators.po_desk import PoDesk, a_line

pytestmark = pytest.mark.anyio

WHY = ("--reason", "looked at it")


class Counter:
    """An operator's desk beside a real server, and what was asked there."""

    def __init__(self, desk: PoDesk, client: Client) -> None:
        self.desk, self.client = desk, client

    def imported(self, po_id: str) -> None:
        """A purchase order of ten pieces that HotWax has."""
        self.desk.tell(po_id, a_line("1", 10))
        self.desk.imported(po_id)

    async def give(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Give a command: its exit code, and its answer."""
        ended = await self.desk.ask("po", *arguments, "--json", *WHY)
        return ended.code, ended.json

    async def end(self, *po_ids: str) -> None:
        """End these workflows: other tests share the server."""
        for po_id in po_ids:
            await self.desk.handle(self.client, po_id).terminate("the test is over")


@pytest.fixture
async def counter(tmp_path: Path, temporal_server: TemporalServer) -> AsyncIterator[Counter]:
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    desk = PoDesk(tmp_path, temporal_server.address)
    yield Counter(desk, client)
    desk.ledger.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PoDesk]:
    made = PoDesk(tmp_path)
    yield made
    made.ledger.close()


# ---- answers ---------------------------------------------------------------------------------------------------------


async def test_an_accepted_cancel_closes_the_lines_in_hotwax_and_is_in_the_audit_trail(counter: Counter) -> None:
    counter.imported("1")
    async with counter.desk.working(counter.client):
        code, told = await counter.give("cancel", "PO1")
        assert (code, told["accepted"], told["po_id"]) == (0, True, "1")
        await counter.end("1")
    row = counter.desk.row("1")
    assert row.cancel_wanted
    assert json.loads(row.import_wanted)[0]["closed"]
    assert counter.desk.commands_given("1") == [("ana", "cancel: looked at it")]


async def test_a_command_given_again_with_its_id_is_done_once(counter: Counter) -> None:
    counter.imported("1")
    async with counter.desk.working(counter.client):
        first, again = [await counter.give("close", "1", "--id", "c-1") for _ in range(2)]
        await counter.end("1")
    assert (first[0], again[0]) == (0, 0)
    assert "was given before" in again[1]["message"]
    assert len(counter.desk.commands_given("1")) == 1


async def test_a_refused_command_says_why_and_what_to_do_instead(counter: Counter) -> None:
    counter.imported("1")
    counter.desk.receive("1", "S1", L1=4)
    async with counter.desk.working(counter.client):
        code, told = await counter.give("cancel", "1")
        await counter.end("1")
    assert code == 3
    assert "goods were received: `close` the remainder instead" in told["message"]


async def test_a_resume_goes_on_without_the_excess_that_the_operator_saw(counter: Counter) -> None:
    counter.imported("1")
    counter.desk.answer(counter.desk.receive("1", "S1", L1=12), ReceiptState.CREATED)
    shown = counter.desk.run("po", "show", "1", "--json").json
    assert (shown["hold"]["cause"], len(shown["goes_on_without"])) == ("receipt_excess", 1)
    assert f"waybill po resume PO1 --seen {shown['seen']} " in counter.desk.run("po", "show", "1").out
    async with counter.desk.working(counter.client):
        code, told = await counter.give("resume", "1", "--seen", shown["seen"])
        await counter.end("1")
    assert (code, counter.desk.row("1").hold_cause) == (0, None)
    assert told["message"] == "resume accepted, goes on without: excess:1-S1:1:2"
    assert counter.desk.row("1").acknowledged == ["excess:1-S1:1:2"]


async def test_a_resume_is_refused_where_it_is_held_otherwise_than_the_operator_saw(counter: Counter) -> None:
    counter.imported("1")
    counter.desk.answer(counter.desk.receive("1", "S1", L1=12), ReceiptState.CREATED)
    seen = counter.desk.run("po", "show", "1", "--json").json["seen"]
    counter.desk.receive("1", "S2", L1=200)
    async with counter.desk.working(counter.client):
        code, told = await counter.give("resume", "1", "--seen", seen)
        await counter.end("1")
    assert (code, counter.desk.row("1").acknowledged) == (3, None)
    assert "it is held otherwise now: receipt_excess: " in told["message"]
    assert "look at `po show` again" in told["message"]


def test_a_receipt_in_doubt_for_the_second_time_is_asked_about_anew(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    receipt = desk.receive("1", "S1", L1=10)
    for verb in ("resume", "resend_receipt", "resume"):
        desk.answer(receipt, ReceiptState.UNKNOWN, "its answer is no use")
        assert desk.row("1").hold_cause == "receipt_unknown"
        assert desk.command("1", "resume").accepted
        assert desk.row("1").hold_cause is None
        if verb == "resume":  # NetSuite refuses it after all, and it goes once more
            desk.answer(receipt, ReceiptState.REJECTED, "the period is closed")
        assert desk.command("1", verb, effect=receipt).accepted
        assert desk.row("1").acknowledged is None
        assert desk.run("po", "show", "1", "--json").json["receipts"][0]["state"] == "promised"


def test_nothing_is_gone_on_without_that_nobody_said_to_have_seen(desk: PoDesk) -> None:
    lines = [a_line(str(number), 1) for number in range(1, 10)]
    desk.tell("1", *lines)
    desk.imported("1")
    desk.receive("1", "S1", None, **{f"L{line.line_id}": 3 for line in lines})
    ended = desk.run("po", "resume", "1", "--json", *WHY)
    rehearsed = desk.run("po", "resume", "1", "--dry-run", "--json", *WHY).json
    shown = desk.run("po", "resume", "1", "--dry-run", *WHY).out
    assert (ended.code, ended.json["accepted"], len(ended.json["goes_on_without"])) == (3, False, 9)
    assert f"--seen {ended.json['seen']}" in ended.json["message"]
    for line in lines:
        key = f"excess:1-S1:{line.line_id}:2"
        assert key in ended.json["message"]
        assert key in "".join(rehearsed["goes_on_without"])
        assert key in shown
    assert (desk.row("1").acknowledged, rehearsed["seen"]) == (None, ended.json["seen"])


async def test_a_rejected_receipt_is_sent_again_by_its_name(counter: Counter) -> None:
    counter.imported("1")
    receipt = counter.desk.receive("1", "S1", L1=4)
    counter.desk.answer(receipt, ReceiptState.REJECTED, "You have entered an Invalid Field Value")
    async with counter.desk.working(counter.client):
        wrong = await counter.give("resend-receipt", "1", "--receipt", "1-S9")
        right = await counter.give("resend-receipt", "1", "--receipt", receipt)
        await counter.end("1")
    assert (wrong[0], right[0]) == (3, 0)
    assert f"in doubt or rejected: {receipt}" in wrong[1]["message"]
    assert counter.desk.run("po", "show", "1", "--json").json["receipts"][0]["state"] == "promised"


async def test_no_worker_is_out_of_reach_and_the_command_may_be_given_again(counter: Counter) -> None:
    counter.imported("1")
    code, told = await counter.give("close", "1", "--id", "c-2", "--wait", "1s")
    assert code == 4
    assert "--id c-2" in told["error"]
    async with counter.desk.working(counter.client):
        assert (await counter.give("close", "1", "--id", "c-2"))[0] == 0
        await counter.end("1")
    assert len(counter.desk.commands_given("1")) == 1


async def test_an_ended_purchase_order_refuses_from_the_ledger_without_a_worker(counter: Counter) -> None:
    counter.desk.tell("1", a_line("1", 10), status="H")
    assert counter.desk.row("1").stage == "CLOSED"
    code, told = await counter.give("close", "1")
    assert (code, told["message"]) == (3, "the purchase order has ended: it is CLOSED")


async def test_a_hold_is_resumed_for_all_its_purchase_orders(counter: Counter) -> None:
    for po_id in ("1", "2"):
        counter.imported(po_id)
        counter.desk.answer(counter.desk.receive(po_id, "S1", L1=12), ReceiptState.CREATED)
    rehearsed = counter.desk.run("holds", "resume", "receipt_excess", "--reason", "returned", "--dry-run").out
    assert "without, PO2: excess:2-S1:1:2: " in rehearsed
    async with counter.desk.working(counter.client):
        ended = await counter.desk.ask("holds", "resume", "receipt_excess", "--reason", "returned", "--json")
        assert (ended.code, ended.json["purchase_orders"], ended.json["orders"]) == (0, 2, 0)
        async with asyncio.timeout(120):
            while any(counter.desk.row(i).hold_cause for i in ("1", "2")):  # noqa: ASYNC110 - a signal has no answer
                await asyncio.sleep(0.05)
        await counter.end("1", "2")
    assert counter.desk.commands_given("2") == [("ana", "resume: returned")]


async def test_a_recovery_starts_the_purchase_orders_that_lost_their_workflows_once(counter: Counter) -> None:
    for po_id in ("1", "2"):
        counter.imported(po_id)
    rehearsed = (await counter.desk.ask("recover", "--dry-run", "--json")).json["purchase_orders"]
    first = (await counter.desk.ask("recover", "--json")).json["purchase_orders"]
    again = (await counter.desk.ask("recover", "--json")).json["purchase_orders"]
    found = {"tenant": counter.desk.tenant, "open_orders": 2}
    assert rehearsed == first == [{**found, "started": 2, "running": 0}]
    assert again == [{**found, "started": 0, "running": 2}]
    described = await counter.desk.handle(counter.client, "1").describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    await counter.end("1", "2")


# ---- rehearsals ------------------------------------------------------------------------------------------------------


def test_a_dry_run_of_a_cancel_prints_the_upload_and_changes_nothing(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10), a_line("2", 5))
    desk.imported("1")
    before = desk.row("1")
    told = desk.run("po", "cancel", "1", "--dry-run", "--json", *WHY).json
    (call,) = told["calls"]
    assert call["method"] == "POST"
    assert call["url"] == "http://127.0.0.1:1/api/uploadAndImportFile IMP_CLOSED_PO"
    assert call["body"] == "external-id,item-external-id\n1,1\n1,2\n"
    assert "next upload" in call["note"]
    assert (desk.row("1"), desk.commands_given("1")) == (before, [])


def test_a_dry_run_of_a_resume_prints_the_receipt_as_netsuite_would_read_it(desk: PoDesk) -> None:
    desk.tell("1", a_line("3", 20), a_line("4", 5))
    desk.imported("1")
    receipt = desk.receive("1", "S1", L3=20)
    desk.answer(receipt, ReceiptState.REJECTED, "location")
    (call,) = desk.run("po", "resume", "1", "--dry-run", "--json", *WHY).json["calls"]
    assert (call["method"], call["url"]) == ("write", "sftp://127.0.0.1:1/netsuite/purchaseorder/receipt")
    (entry,) = json.loads(call["body"])
    assert (entry["order_id"], entry["receipt_id"]) == ("1", receipt)
    assert entry["items"] == [{"line_id": "3", "quantity": "20"}, {"line_id": "4", "quantity": None}]
    shown = desk.run("po", "resume", "1", "--dry-run", *WHY).out
    for part in ("resume accepted; the purchase order would be RECEIVED", '"quantity": "20"', "nothing was changed"):
        assert part in shown


def test_a_dry_run_of_a_new_amendment_prints_the_lines_as_hotwax_shall_have_them(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    desk.imported("1")
    desk.receive("1", "S1", L1=8)
    desk.tell("1", a_line("1", 7))
    assert desk.row("1").hold_cause == "amended_below_received"
    (call,) = desk.run("po", "resume", "1", "--dry-run", "--json", *WHY).json["calls"][:1]
    assert call["body"].splitlines() == [
        "external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date",
        "1,SKU1,7,17,1,",
    ]


def test_a_dry_run_of_what_would_be_refused_says_so(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    ended = desk.run("po", "resume", "1", "--dry-run", *WHY)
    assert ended.code == 3
    assert "would be refused: the purchase order is not held" in ended.out


def test_a_dry_run_that_leads_to_no_write_says_so(desk: PoDesk) -> None:
    desk.tell("1", a_line("1", 10))
    ended = desk.run("po", "cancel", "1", "--dry-run", *WHY)
    assert ended.code == 0
    assert "would be CANCELLED" in ended.out
    assert "no remote call would be made" in ended.out


# ---- what needs no server --------------------------------------------------------------------------------------------


def test_temporal_out_of_reach_is_one_line_that_says_what_to_do(desk: PoDesk) -> None:
    desk.tell("1", a_line())
    ended = desk.run("po", "cancel", "1", *WHY)
    assert ended.code == 4
    assert len(ended.err.splitlines()) == 1
    assert "TEMPORAL_ADDRESS" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("cancel", "404", *WHY), 5, "no purchase order '404'"),
        (("cancel", "1", "--reason", ""), 2, "--reason"),
        (("cancel", "1", "--wait", "long", *WHY), 2, "90s"),
        (("cancel", "1", "--tenant", "acne", *WHY), 2, "acne"),
        (("close", "1"), 2, "--reason"),
    ],
)
def test_wrong_usage_is_named(desk: PoDesk, arguments: tuple[str, ...], code: int, named: str) -> None:
    desk.tell("1", a_line())
    ended = desk.run("po", *arguments)
    assert ended.code == code
    assert named in ended.err


@pytest.mark.parametrize("command", ["list", "show", "resume", "cancel", "close", "resend-receipt"])
def test_every_command_has_an_example_and_takes_json(desk: PoDesk, command: str) -> None:
    shown = desk.run("po", command, "--help").out
    assert "Example: waybill po" in shown
    assert "--json" in shown
