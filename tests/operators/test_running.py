"""`setup`, `config check`, `recover`, `holds resume`, `feed`: on a real server, and where there is none."""

import re
import tomllib
from pathlib import Path

import pytest

from domain.stages import Stage
from operators.settings import load
from operators.temporal_server import TemporalServer
from tests.conftest import MakeTown
from tests.operators.desk import CONFIGURATION, NOBODY, Desk, a_desk
from tests.support.town import Town, an_order, open_line, shipped

EXAMPLE = Path(__file__).parents[2] / "examples" / "waybill.toml"
SECRETS = {
    "WAYBILL__TENANTS__ACME__HOTWAX__PASSWORD": "s3cret-1",
    "WAYBILL__TENANTS__ACME__RETAILPRO__TOKEN": "s3cret-2",
}


@pytest.fixture
async def town(make_town: MakeTown) -> Town:
    return await make_town()


@pytest.fixture
def desk(town: Town, tmp_path: Path, temporal_server: TemporalServer) -> Desk:
    return Desk(town.write_configuration(tmp_path / "waybill.toml"), temporal_server.address)


# ---- configuration ---------------------------------------------------------------------------------------------------


def test_the_example_is_accepted_once_its_secrets_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = load(EXAMPLE)
    assert settings.tenants["acme"].rules.stores["ANTIGUA"] == "GT205"


def test_every_key_that_the_example_comments_out_is_one_that_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    text = re.sub(r"^# (\w+ = .+|\[[\w.]+\])$", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    everything = tmp_path / "waybill.toml"
    everything.write_text(text, encoding="utf-8")
    said = tomllib.loads(text)["tenants"]["acme"]
    known = load(everything).tenants["acme"]
    for name in ("hotwax", "retailpro", "feed", "waits"):
        fields = type(getattr(known, name)).model_fields.keys() - {"password", "token", "allow_http", "ca_file"}
        assert fields - said[name].keys() <= {"verify_tls", "max_answer_bytes", "username"}


@pytest.mark.anyio
async def test_a_check_tests_each_connection_and_shows_no_secret(desk: Desk) -> None:
    ended = await desk.ask("config", "check", "--json")
    assert (ended.code, ended.json["ok"]) == (0, True)
    assert [probe["name"].split(" of ")[0] for probe in ended.json["connections"]] == [
        "ledger",
        "temporal",
        "hotwax",
        "retailpro",
    ]
    assert "sandbox-token" not in ended.out + (await desk.ask("config", "check")).out


@pytest.mark.anyio
async def test_a_check_writes_nothing_to_retail_pro(desk: Desk, town: Town) -> None:
    await desk.ask("config", "check")
    assert town.sandbox.calls(system="retailpro") == []


def test_a_check_names_all_that_fails_and_what_to_do(tmp_path: Path) -> None:
    ended = a_desk(tmp_path).run("config", "check", "--json")
    assert ended.code == 4
    failed = {probe["name"]: probe["what_to_do"] for probe in ended.json["connections"] if not probe["ok"]}
    assert failed.keys() == {"temporal", "hotwax of acme", "retailpro of acme"}
    assert "waybill server" in failed["temporal"]
    assert "[tenants.acme.hotwax]" in failed["hotwax of acme"]


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ("colour = 1", "tenants.acme.retailpro.colour"),
        ('repeat = "maybe"', "tenants.acme.retailpro.repeat"),
        ('token = "x"', "tenants.acme.retailpro.token is a secret"),
    ],
)
def test_a_mistake_in_the_file_is_named_by_its_place(tmp_path: Path, more: str, named: str) -> None:
    ended = a_desk(tmp_path, more).run("config", "check")
    assert ended.code == 2
    assert named in ended.err


def test_a_ledger_that_was_not_set_up_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "waybill.toml"
    path.write_text(CONFIGURATION.format(ledger=tmp_path / "none.db", more=""), encoding="utf-8")
    ended = Desk(path, WAYBILL__TENANTS__ACME__HOTWAX__PASSWORD="x").run("orders")
    assert ended.code == 2
    assert "`waybill setup` makes an empty one, for a new installation only" in ended.err
    assert not (tmp_path / "none.db").exists()


def test_a_check_does_not_make_the_ledger_that_it_looks_for(tmp_path: Path) -> None:
    path = tmp_path / "waybill.toml"
    path.write_text(CONFIGURATION.format(ledger=tmp_path / "none.db", more=""), encoding="utf-8")
    ended = Desk(path, WAYBILL__TENANTS__ACME__HOTWAX__PASSWORD="x").run("config", "check", "--json")
    ledger = next(probe for probe in ended.json["connections"] if probe["name"] == "ledger")
    assert (ledger["ok"], ledger["what_to_do"]) == (False, "waybill setup")
    assert not (tmp_path / "none.db").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ended = Desk(tmp_path / "none.toml").run("orders")
    assert ended.code == 2
    assert "examples/waybill.toml" in ended.err


# ---- set-up and recovery ---------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_set_up_may_be_repeated(desk: Desk, town: Town) -> None:
    first, again = await desk.ask("setup", "--json"), await desk.ask("setup", "--json")
    assert (first.code, again.code) == (0, 0)
    assert f"schedule feed/{town.tenant}/orders: made, every 0:01:00" in first.json["done"]
    assert f"schedule feed/{town.tenant}/orders: up to date, every 0:01:00" in again.json["done"]
    await _drop_schedules(town)


def test_a_set_up_without_temporal_is_out_of_reach(tmp_path: Path) -> None:
    ended = a_desk(tmp_path).run("setup")
    assert ended.code == 4
    assert NOBODY in ended.err


@pytest.mark.anyio
async def test_a_recovery_starts_what_is_missing_once(desk: Desk, town: Town) -> None:
    town.seed(*(an_order(str(n), shipped("GT101"), open_line("GT205")) for n in range(1, 6)))
    async with town.working():
        await town.poll()
        for number in range(1, 6):
            await town.until(str(number), lambda row: bool(row.waiting_for))
    for order_id in ("2", "3"):
        await town.handle(order_id).terminate("a test")
    rehearsed = (await desk.ask("recover", "--dry-run", "--json")).json
    first = (await desk.ask("recover", "--json")).json
    again = (await desk.ask("recover", "--json")).json
    counted = {"tenant": town.tenant, "open_orders": 5, "started": 2, "running": 3}
    assert rehearsed["tenants"] == [counted]
    assert first["tenants"] == [counted]
    assert again["tenants"] == [{**counted, "started": 0, "running": 5}]


# ---- holds and feed --------------------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_hold_is_resumed_for_all_its_orders_with_one_entry_in_each_trail(
    desk: Desk, town: Town, tmp_path: Path
) -> None:
    town.seed(*(an_order(str(n), shipped("X9")) for n in range(1, 8)))
    path = tmp_path / "waybill.toml"
    async with town.working(path):
        await town.poll()
        for number in range(1, 8):
            await town.until_held(str(number), "unmapped_store")
        town.sandbox.post("/admin/seed", {"facilities": [{"facilityId": "X9", "storeCode": "GT999"}]})
        town.write_configuration(path, stores={"X9": "GT999"})
        ended = await desk.ask("holds", "resume", "unmapped_store:X9", "--reason", "mapped", "--json")
        assert (ended.code, ended.json["orders"]) == (0, 7)
        for number in range(1, 8):
            await town.until_stage(str(number), Stage.DONE)
    for number in range(1, 8):
        trail = [(e.actor, e.text) for e in town.timeline(str(number)) if e.kind == "command"]
        assert trail == [("ana", "resume: mapped")]


@pytest.mark.anyio
async def test_a_feed_is_shown_paused_and_resumed_with_who_and_why(desk: Desk, town: Town) -> None:
    assert (await desk.ask("feed", "--json")).code == 1
    await desk.ask("setup")
    assert (await desk.ask("feed", "pause", "--reason", "an upgrade")).code == 0
    paused = (await desk.ask("feed", "--json")).json["schedules"]
    assert [(s["paused"], s["note"]) for s in paused] == [(True, "paused by ana: an upgrade")] * 2
    await desk.ask("feed", "resume", "--reason", "done")
    assert [s["paused"] for s in (await desk.ask("feed", "--json")).json["schedules"]] == [False, False]
    await _drop_schedules(town)


@pytest.mark.anyio
async def test_pausing_a_feed_that_was_not_set_up_is_not_found(desk: Desk) -> None:
    ended = await desk.ask("feed", "pause", "--reason", "x")
    assert ended.code == 5
    assert "waybill setup" in ended.err


@pytest.mark.anyio
async def test_a_backfill_reports_what_it_found(desk: Desk, town: Town) -> None:
    town.seed(an_order("1", shipped("GT101")))
    async with town.working():
        (told,) = (await desk.ask("feed", "orders", "--since", "2020-01-01", "--json")).json
        await town.until_stage("1", Stage.DONE)
    assert told["workflow_id"] == f"feed/{town.tenant}/orders/backfill/2020-01-01T00:00:00Z"
    assert told["orders"] == 1


@pytest.mark.anyio
async def test_a_backfill_without_a_worker_says_that_it_goes_on(desk: Desk, town: Town) -> None:
    ended = await desk.ask("feed", "orders", "--since", "2020-01-01", "--wait", "1s")
    assert ended.code == 4
    assert "it goes on while a worker runs" in ended.err
    (told,) = (await desk.ask("feed", "orders", "--since", "2020-01-01", "--no-wait", "--json")).json
    assert told["events"] is None
    await town.client.get_workflow_handle(told["workflow_id"]).terminate("the test is over")


async def _drop_schedules(town: Town) -> None:
    for name in (f"feed/{town.tenant}/orders", f"feed/{town.tenant}/orders/sweep"):
        await town.client.get_schedule_handle(name).delete()


# ---- help ------------------------------------------------------------------------------------------------------------


def test_the_help_lists_every_exit_code(tmp_path: Path) -> None:
    shown = " ".join(a_desk(tmp_path).run("--help").out.split())
    for part in ("Exit codes: 0 fine", "1 something", "2 wrong usage", "3 the command", "4 a remote", "5 no such"):
        assert part in shown


@pytest.mark.parametrize(
    "command",
    [
        *(["orders"], ["order", "show"], ["order", "force-invoice"], ["order", "cancel"], ["order", "resume"]),
        *(["order", "confirm"], ["order", "resend"], ["holds"], ["holds", "resume"], ["feed"], ["feed", "orders"]),
        *(["feed", "pause"], ["feed", "resume"], ["prove"], ["exposure"], ["recover"], ["config", "check"]),
        *(["setup"], ["worker"], ["server"], ["sandbox"]),
    ],
)
def test_every_command_has_an_example_and_takes_json(tmp_path: Path, command: list[str]) -> None:
    shown = a_desk(tmp_path).run(*command, "--help").out
    assert "Example: waybill" in shown
    assert "--json" in shown
