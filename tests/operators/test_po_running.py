"""`config check`, `setup` and `feed` for purchase orders: on real servers, and where something is wrong with them."""

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.po_messages import PoRun
from operators.settings import ConfigurationError, NetSuiteSettings, load
from operators.temporal_server import TemporalServer
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.reach import Reach
from tests.operators.po_desk import PoDesk
from tests.support.sandbox import SandboxProcess

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "waybill.toml"
FOLDERS = ("fulfillment", "receipt", "receipt/ack")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FailingSftpServer]:
    """An SFTP server with NetSuite's folders."""
    with FailingSftpServer(tmp_path / "files", tmp_path / "keys") as made:
        for folder in FOLDERS:
            (made.folder / "netsuite" / "purchaseorder" / folder).mkdir(parents=True)
        yield made


@pytest.fixture
def reach(server: FailingSftpServer) -> Reach:
    return server.reach


def login(reach: Reach, **changes: Any) -> Mapping[str, Any]:
    """How the server is reached, in the words of the configuration."""
    known = {
        "host": reach.host,
        "port": reach.port,
        "username": reach.username,
        "private_key": str(reach.private_key),
        "host_keys": list(reach.host_keys),
    }
    return known | changes


def checked(desk: PoDesk) -> dict[str, Any]:
    """The connections of a check that belong to purchase orders, by the first word of their names."""
    found = desk.run("config", "check", "--json").json["connections"]
    return {probe["name"].split()[0]: probe for probe in found if probe["name"].startswith(("sftp", "purchase"))}


# ---- configuration ---------------------------------------------------------------------------------------------------


def test_a_check_tests_the_host_key_the_login_the_folders_and_what_is_read_in_hotwax(
    tmp_path: Path, reach: Reach, sandbox: SandboxProcess
) -> None:
    desk = PoDesk(tmp_path, hotwax=sandbox.hotwax_url, sftp=login(reach))
    found = checked(desk)
    assert {name: probe["ok"] for name, probe in found.items()} == {"purchase": True, "sftp": True}
    assert "host key is pinned, logged in, read netsuite/purchaseorder/fulfillment" in found["sftp"]["detail"]
    assert "receipts, shipments and co.hotwax.datamanager.DataManagerLog read" in found["purchase"]["detail"]


def test_a_check_names_what_hotwax_does_not_let_be_read(tmp_path: Path, reach: Reach, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=403, system="hotwax", body="primaryOrderId")
    found = checked(PoDesk(tmp_path, hotwax=sandbox.hotwax_url, sftp=login(reach)))["purchase"]
    assert (found["ok"], "403 Forbidden" in found["detail"]) == (False, True)
    assert "permit entityData on receipts, shipments and" in found["what_to_do"]


def test_a_check_of_an_unpinned_server_sends_nothing_and_shows_its_fingerprint(tmp_path: Path, reach: Reach) -> None:
    found = checked(PoDesk(tmp_path, sftp=login(reach, host_keys=[])))["sftp"]
    assert not found["ok"]
    for part in ("no host key of", "SHA256:", "ssh-keyscan", "nothing was sent"):
        assert part in found["detail"]
    assert "netsuite.sftp]" in found["what_to_do"]


def test_a_check_of_a_server_with_another_key_says_so(tmp_path: Path, reach: Reach) -> None:
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6GQk2fH9uQ1ypGXz0mJ1qzv3sKZ5vTn8rYw4xCbD0L"
    found = checked(PoDesk(tmp_path, sftp=login(reach, host_keys=[other])))["sftp"]
    assert not found["ok"]
    assert "is not the pinned server" in found["detail"]


def test_a_check_names_the_folders_that_are_missing(tmp_path: Path, server: FailingSftpServer, reach: Reach) -> None:
    (server.folder / "netsuite/purchaseorder/receipt/ack").rmdir()
    found = checked(PoDesk(tmp_path, sftp=login(reach)))["sftp"]
    assert not found["ok"]
    assert "has no folder netsuite/purchaseorder/receipt/ack" in found["detail"]
    assert "make them on the server" in found["what_to_do"]
    assert checked(PoDesk(tmp_path, sftp=login(reach), netsuite_mode="files"))["sftp"]["ok"]


def test_a_check_writes_nothing_to_the_server(tmp_path: Path, server: FailingSftpServer, reach: Reach) -> None:
    before = sorted(server.folder.rglob("*"))
    checked(PoDesk(tmp_path, sftp=login(reach)))
    assert sorted(server.folder.rglob("*")) == before


def test_every_key_of_the_purchase_order_table_stands_in_the_example(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for system, secret in (("HOTWAX", "PASSWORD"), ("RETAILPRO", "TOKEN")):
        monkeypatch.setenv(f"WAYBILL__TENANTS__ACME__{system}__{secret}", "x")
    text = re.sub(r"^# (\w+ = .+|\[[\w.]+\])$", r"\1", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    everything = tmp_path / "waybill.toml"
    everything.write_text(text, encoding="utf-8")
    assert load(everything).tenants["acme"].netsuite is not None
    said = tomllib.loads(text)["tenants"]["acme"]["netsuite"]
    secrets = {"sftp.password", "sftp.passphrase", "rest.key.passphrase"}
    either_or = {"sftp.known_hosts", "rest.key.certificate_id", "rest.next_key"}
    of_all_systems = {"rest.allow_http", "rest.verify_tls", "rest.ca_file", "rest.max_answer_bytes"}
    assert missing(NetSuiteSettings, said) == secrets | either_or | of_all_systems


def test_more_receipts_in_a_file_than_netsuite_settles_are_refused_by_their_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for system, secret in (("HOTWAX", "PASSWORD"), ("RETAILPRO", "TOKEN")):
        monkeypatch.setenv(f"WAYBILL__TENANTS__ACME__{system}__{secret}", "x")
    given = tmp_path / "waybill.toml"
    text = EXAMPLE.read_text(encoding="utf-8")
    given.write_text(text.replace("# receipts_per_file = 60", "receipts_per_file = 200"), encoding="utf-8")
    load(given)
    given.write_text(text.replace("# receipts_per_file = 60", "receipts_per_file = 201"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"netsuite\.sizes\.receipts_per_file: .* less than or equal to 200"):
        load(given)


def missing(model: type[BaseModel], said: Mapping[str, Any], stem: str = "") -> set[str]:
    """The keys that a table does not have, with their place."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        if name not in said:
            found.add(f"{stem}{name}")
        for kind in get_args(field.annotation) or (field.annotation,):
            if name in said and isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= missing(kind, said[name], f"{stem}{name}.")
    return found


# ---- schedules -------------------------------------------------------------------------------------------------------


@pytest.fixture
async def desk(tmp_path: Path, temporal_server: TemporalServer) -> AsyncIterator[PoDesk]:
    """A desk with schedules of its own on the real server."""
    made = PoDesk(tmp_path, temporal_server.address)
    assert (await made.ask("setup")).code == 0
    yield made
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    for state in (await made.ask("feed", "--json")).json["schedules"]:
        await client.get_schedule_handle(state["name"]).delete()
    made.ledger.close()


async def paused(desk: PoDesk) -> set[str]:
    """The schedules that are paused, without the tenant."""
    states = (await desk.ask("feed", "--json")).json["schedules"]
    return {state["name"].split("/", 2)[2] for state in states if state["paused"]}


@pytest.mark.anyio
async def test_the_runs_for_purchase_orders_are_shown_paused_and_resumed_apart_from_the_order_feed(
    desk: PoDesk,
) -> None:
    runs = {f"po-{run}" for run in PoRun}
    shown = (await desk.ask("feed", "--json")).json["schedules"]
    assert {state["name"].split("/", 2)[2] for state in shown} == {"orders", "orders/sweep", *runs}
    assert (await desk.ask("feed", "pause", "--only", "po", "--reason", "SFTP moves")).code == 0
    assert await paused(desk) == runs
    assert (await desk.ask("feed", "pause", "--reason", "all")).code == 0
    assert await paused(desk) == {"orders", "orders/sweep", *runs}
    assert (await desk.ask("feed", "resume", "--only", "orders", "--reason", "back")).code == 0
    assert await paused(desk) == runs


@pytest.mark.anyio
async def test_only_is_refused_for_what_there_is_not(desk: PoDesk) -> None:
    ended = await desk.ask("feed", "pause", "--only", "tax", "--reason", "x")
    assert ended.code == 2
    assert "there are: orders, po" in ended.err


# ---- a server that cannot be trusted ---------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_server_whose_key_is_not_pinned_holds_the_runs_and_says_what_to_do(
    tmp_path: Path, reach: Reach, temporal_server: TemporalServer
) -> None:
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    desk = PoDesk(tmp_path, temporal_server.address, sftp=login(reach, host_keys=[]))
    run = await desk.start(client, PoRun.FILES)
    async with desk.working(client), asyncio.timeout(120):
        while not (groups := desk.run("holds", "--json").json):  # noqa: ASYNC110 - what a run writes raises no event
            await asyncio.sleep(0.1)
    await run.terminate("the test is over")
    assert [(group["kind"], group["hold"], group["order_numbers"]) for group in groups] == [
        ("run", "host_key_unknown", ["files"])
    ]
    assert "ssh-keyscan" in groups[0]["evidence"]
    assert "pin it in waybill.toml" in groups[0]["next_action"]
    desk.ledger.close()
