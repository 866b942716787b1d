"""`waybill prove` on real systems: silent on a clean day, and naming each wrong document that is planted."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, delete

from domain.stages import Stage
from ledger.tables import EffectRow, FeedEventRow, JournalRow, LineRow, OrderRow
from operators.temporal_server import TemporalServer
from tests.conftest import MakeTown
from tests.operators.desk import Desk, order_row
from tests.support.town import Town, an_order, open_line, shipped

pytestmark = pytest.mark.anyio


Books = dict[str, list[dict[str, Any]]]


def since(before: Books, now: Books) -> Books:
    """What came into the books after they looked as `before`."""
    then = {(row["Store"], row["UPC"]): row["Change"] for row in before["stock"]}
    stock = [{**row, "Change": row["Change"] - then.get((row["Store"], row["UPC"]), 0)} for row in now["stock"]]
    documents = {kind: [row for row in now[kind] if row not in before[kind]] for kind in ("invoices", "slips")}
    return {**documents, "stock": stock}


PATIENT = {"timeout_read": 60}
"""A proof asks once, however slow the machine is."""


class Proving:
    """A town after a small day, and its proof."""

    def __init__(self, town: Town, folder: Path, server: TemporalServer) -> None:
        self.town, self._export = town, folder / "export.json"
        self._before: Books = {"invoices": [], "slips": [], "stock": []}
        retailpro = {"proof_export": str(self._export)}
        written = town.write_configuration(folder / "waybill.toml", retailpro=retailpro, hotwax=PATIENT)
        self.desk = Desk(written, server.address)

    async def day(self) -> None:
        """Orders of one store and of two, one that waits, one that is held, a send sale."""
        self.town.seed(
            an_order("1", shipped("GT101"), shipped("GT101", "P2")),
            an_order("2", shipped("GT101"), shipped("GT205", "P2"), shipped("GT205", "P2"), discount=5, shipping=3.5),
            an_order("3", shipped("GT101"), open_line("GT205")),
            an_order("4", shipped("X9")),
            an_order("5", shipped("GT205"), channel="pos", pos_sale=True, attributes={"orderFacility": "GT101"}),
        )
        async with self.town.working():
            await self.town.poll()
            for order_id in ("1", "2", "5"):
                await self.town.until_stage(order_id, Stage.DONE)
            await self.town.until("3", lambda row: bool(row.waiting_for))
            await self.town.until_held("4", "unmapped_store")

    async def prove(self, *options: str) -> tuple[int, dict[str, Any]]:
        """What `waybill prove --json` says of the books as they are now, and its exit code."""
        self._export.write_text(json.dumps(since(self._before, self.town.sandbox.books())), encoding="utf-8")
        ended = await self.desk.ask("prove", "--json", *options)
        return ended.code, ended.json

    def begin_a_period(self) -> str:
        """From now on the export leaves out what was there before; the moment, as an operator types it."""
        self._before = self.town.sandbox.books()
        return datetime.now(UTC).isoformat()

    def lose_from_ledger(self, order_id: str) -> None:
        """Make the ledger as if it had never heard of the order."""
        with self.town.ledger.writing() as session:
            session.exec(delete(JournalRow).where(col(JournalRow.subject) == order_id))
            for table in (EffectRow, LineRow, FeedEventRow, OrderRow):
                session.exec(delete(table).where(col(table.order_id) == order_id))

    def wrong(self, kind: str, **details: object) -> None:
        """Plant a wrong document in Retail Pro."""
        self.town.sandbox.post("/admin/wrongs", {"kind": kind, **details})


@pytest.fixture
async def proving(make_town: MakeTown, tmp_path: Path, temporal_server: TemporalServer) -> Proving:
    proving = Proving(await make_town(), tmp_path, temporal_server)
    await proving.day()
    return proving


async def test_a_clean_day_is_proved_and_what_waits_is_explained(proving: Proving) -> None:
    code, said = await proving.prove()
    assert (code, said["ok"], said["differences"]) == (0, True, [])
    assert (said["retailpro"], said["stock"]) == ("verified", "verified")
    assert {(e["key"], e["reason"], e["units"]) for e in said["explained"]} == {
        ("W3", "open: AWAITING_LINES", 1),
        ("W4", "held: unmapped_store:X9", 1),
    }
    counts = {"orders": 5, "invoices": 2, "slips": 2, "units_invoiced": 5, "retailpro_invoices": 2}
    assert counts.items() <= said["checked"].items()
    assert said["invoiced"] == {proving.town.tenant: {"USD": "498.5000"}}


async def test_a_tenant_that_only_the_ledger_has_is_named_and_nothing_is_proved(proving: Proving) -> None:
    with proving.town.ledger.writing() as session:
        session.add(order_row("77"))
    code, said = await proving.prove()
    assert (code, said["ok"], said["tenants_not_configured"], said["differences"]) == (1, False, ["acme"], [])
    ended = await proving.desk.ask("holds")
    assert "NOT LOOKED AT: acme: orders in the ledger that have not ended" in ended.err


async def test_each_planted_difference_is_found_by_name_with_both_values(proving: Proving) -> None:
    slip = proving.town.sandbox.get("/admin/slips")["slips"][0]
    proving.wrong("lost_invoice", orderNo="W1")
    proving.wrong("wrong_quantity", orderNo="W2", upc="0740000000028", delta=3)
    proving.wrong("doubled_slip", slipNo=slip["number"])
    proving.wrong("wrong_store", slipNo=slip["number"], toStore="GT307")
    proving.wrong("unasked_invoice", orderNo="9999", store="GT307", items=[{"upc": "0740000000035"}])
    code, said = await proving.prove()
    found = {(d["kind"], d["key"]): d for d in said["differences"] if d["kind"] != "stock"}
    assert found.keys() == {
        ("lost_invoice", "invoice W1"),
        ("wrong_quantity", "invoice W2"),
        ("doubled_slip", f"slip {slip['number']}"),
        ("wrong_store", f"slip {slip['number']}"),
        ("unasked_invoice", "invoice 9999"),
    }
    assert (code, said["ok"]) == (1, False)
    wrong = found["wrong_quantity", "invoice W2"]
    assert (wrong["ledger"]["0740000000028"], wrong["retailpro"]["0740000000028"]) == ("2", "5")
    assert all(d["likely_cause"] and d["tenant"] == proving.town.tenant for d in said["differences"])
    stock = [d for d in said["differences"] if d["kind"] == "stock"]
    assert stock
    assert all(d["likely_cause"].startswith("follows from") for d in stock)


async def test_a_completed_order_that_the_feed_missed_is_found(proving: Proving) -> None:
    proving.town.seed(an_order("6", shipped("GT101")))
    _, said = await proving.prove()
    assert [(e["kind"], e["key"]) for e in said["explained"] if e["key"] == "W6"] == [("not_read_yet", "W6")]
    proving.town.sandbox.post("/admin/seed", {"orders": [an_order("7", shipped("GT101"))]})
    async with proving.town.working():
        await proving.town.poll()
        await proving.town.until_stage("7", Stage.DONE)
        await proving.town.until_stage("6", Stage.DONE)
    assert (await proving.prove())[0] == 0
    proving.lose_from_ledger("6")
    code, said = await proving.prove()
    assert code == 1
    found = {(d["kind"], d["key"]) for d in said["differences"]}
    assert {("never_seen", "W6"), ("unasked_invoice", "invoice W6")} <= found


async def test_without_an_export_retail_pros_side_is_plainly_not_verified(
    make_town: MakeTown, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    town = await make_town()
    desk = Desk(town.write_configuration(tmp_path / "waybill.toml", hotwax=PATIENT), temporal_server.address)
    said = (await desk.ask("prove", "--json")).json
    assert (said["ok"], said["retailpro"], said["stock"]) == (True, "not verified", "not verified")
    assert "NOT VERIFIED" in (await desk.ask("prove")).out


async def test_a_proof_of_a_later_period_compares_what_happened_in_it(proving: Proving) -> None:
    moment = proving.begin_a_period()
    proving.town.sandbox.deed("fulfill", "3")
    proving.town.sandbox.post("/admin/seed", {"orders": [an_order("6", shipped("GT101"), shipped("GT307"))]})
    async with proving.town.working():
        await proving.town.poll()
        for order_id in ("3", "6"):
            await proving.town.until_stage(order_id, Stage.DONE)
    code, said = await proving.prove("--since", moment)
    assert (code, said["differences"], said["explained"]) == (0, [], [])
    assert (said["checked"]["orders"], said["checked"]["invoices"]) == (2, 2)
    proving.wrong("lost_invoice", orderNo="W6")
    _, said = await proving.prove("--since", moment)
    assert [d["key"] for d in said["differences"] if d["kind"] != "stock"] == ["invoice W6"]


async def test_hotwax_out_of_reach_gives_no_verdict(proving: Proving) -> None:
    proving.town.sandbox.fault("status", status=503, system="hotwax")
    code, said = await proving.prove()
    assert code == 4
    assert "answered 503" in said["error"]
    assert "ok" not in said


async def test_an_export_that_is_not_there_is_named(proving: Proving) -> None:
    ended = await proving.desk.ask("prove")
    assert ended.code == 4
    assert "export.json" in ended.err
