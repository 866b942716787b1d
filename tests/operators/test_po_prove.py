"""`waybill prove` on purchase orders: silent on a clean day, and naming each difference that is planted."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from domain.purchase_order import NetSuiteMode, PoStage
from operators.po_netsuite import HEADER, ReconciliationError, read_reconciliation
from operators.temporal_server import TemporalServer
from tests.operators.desk import Desk
from tests.purchase.conftest import MakeDepot
from tests.support.depot import Depot

pytestmark = pytest.mark.anyio


def toml(value: object) -> str:
    """A value as TOML writes it, tables inline."""
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(name)} = {toml(item)}" for name, item in value.items() if item is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class Proving:
    """A depot after a small day, and its proof."""

    def __init__(self, depot: Depot, folder: Path, server: TemporalServer) -> None:
        self.depot, self._folder = depot, folder
        self.desk = Desk(self._configuration(folder / "waybill.toml"), server.address)

    def _configuration(self, path: Path) -> Path:
        tenant = {name: dict(table) for name, table in self.depot.configured.items()}
        (self._folder / "token").write_text(tenant["hotwax"].pop("token"), encoding="utf-8")
        tenant["hotwax"]["token_file"] = "token"
        lines = [f"ledger_url = {toml(self.depot.settings.ledger_url)}", f"[tenants.{self.depot.tenant}]"]
        lines += [f"{name} = {toml(table)}" for name, table in tenant.items()]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    async def day(self) -> list[str]:
        """Purchase orders: one done in two parts, one received in part, one not received, one with a bad row."""
        netsuite = self.depot.netsuite
        done, partly, new = netsuite.order(), netsuite.order(), netsuite.order()
        netsuite.order({"item": "SKU-1", "quantity": 5})
        await self.depot.bring_in(done)
        for po_id in (partly, new):
            await self.depot.into_hotwax(po_id)
        self.depot.receive(done, line_1=5)
        self.depot.receive(partly, line_1=7)
        await self.depot.sync(done)
        await self.depot.sync(partly)
        self.depot.receive(done, line_1=15, line_4=12)
        await self.depot.sync(done)
        await self.depot.until_po(done, lambda row: row.stage is PoStage.RECEIPT_SYNCED)
        await self.depot.export()
        return [done, partly, new]

    def wrong(self, kind: str, po_id: str, **details: object) -> None:
        """Plant a difference."""
        self.depot.sandbox.post("/admin/wrongs", {"kind": kind, "poId": po_id, **details})

    async def prove(self, *options: str) -> tuple[int, dict[str, Any]]:
        """What `waybill prove --json` says, and its exit code."""
        ended = await self.desk.ask("prove", "--json", *options)
        return ended.code, ended.json

    async def found(self, *options: str) -> set[tuple[str, str]]:
        """Kinds and keys of the differences."""
        return {(row["kind"], row["key"]) for row in (await self.prove(*options))[1]["differences"]}

    def reconciliation(self) -> Path:
        """What NetSuite holds of each line, as its script on demand writes it."""
        rows = [",".join(HEADER)]
        for order in self.depot.sandbox.get("/admin/netsuite/purchase-orders")["purchaseOrders"]:
            made = self.depot.netsuite.read(order["poId"])["receipts"]
            for line in order["lines"]:
                parts = [
                    _part(receipt, row) for receipt in made for row in receipt["lines"] if row["line"] == line["line"]
                ]
                closed = "T" if line["closed"] else "F"
                numbers = (order["poId"], str(line["line"]), line["quantity"], line["received"])
                rows.append(",".join([*numbers, closed, order["status"], ";".join(parts)]))
        path = self._folder / "netsuite.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return path


def _part(receipt: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    return f"{receipt['externalId'] or receipt['id']}={row['quantity']}"


@pytest.fixture
async def proving(make_depot: MakeDepot, tmp_path: Path, temporal_server: TemporalServer) -> AsyncIterator[Proving]:
    async with AsyncExitStack() as stack:
        depot = make_depot()
        await stack.enter_async_context(depot.working())
        yield Proving(depot, tmp_path, temporal_server)


async def test_a_clean_day_has_no_difference_and_tells_each_line_on_all_sides(proving: Proving) -> None:
    done, partly, _ = await proving.day()
    code, said = await proving.prove()
    assert (code, said["ok"], said["differences"], said["netsuite"]) == (0, True, [], "verified")
    counts = {"purchase_orders": 4, "purchase_order_lines": 6, "receipts": 3}
    assert counts.items() <= said["checked"].items()
    lines = {(row["purchase_order"], row["line_id"]): row for row in said["purchase_order_lines"]}
    columns = ("ordered", "imported", "received_in_hotwax", "received_in_netsuite", "by")
    assert [lines[f"PO{done}", "1"][name] for name in columns] == ["20", "20", "20", "20", "file"]
    assert [lines[f"PO{partly}", "1"][name] for name in columns] == ["20", "20", "7", "7", "file"]
    assert [row["kind"] for row in said["explained"]] == ["po_not_read"]
    _, later = await proving.prove("--since", "2100-01-01")
    assert (later["checked"]["purchase_orders"], later["ok"]) == (0, True)


async def test_each_planted_difference_is_found_by_name(proving: Proving) -> None:
    done, partly, new = await proving.day()
    lost = proving.depot.netsuite.order()
    doubled, falsified = proving.depot.netsuite.order(), proving.depot.netsuite.order()
    await proving.depot.bring_in(lost)
    for po_id in (doubled, falsified):
        await proving.depot.into_hotwax(po_id)
        proving.depot.receive(po_id, line_1=20, line_4=4)
        await proving.depot.sync(po_id)
    proving.wrong("lost_receipt", done)
    proving.wrong("doubled_receipt", doubled)
    proving.wrong("wrong_receipt", falsified, line=4, delta=-2)
    proving.wrong("lost_po", lost)
    proving.wrong("lost_po_line", new, line=4)
    await proving.depot.export()
    names = {po_id: [row.receipt_id for row in proving.depot.receipts(po_id)] for po_id in (done, doubled)}
    expected = {
        ("receipt_lost", f"PO{done}:{names[done][1]}"),
        ("receipt_doubled", f"PO{doubled}:{names[doubled][0]}"),
        ("receipt_wrong", f"PO{falsified}:4"),
        ("po_never_imported", f"PO{lost}"),
        ("line_missing", f"PO{new}:4"),
    }
    assert await proving.found() == expected
    code, said = await proving.prove("--netsuite", str(proving.reconciliation()))
    by_receipt = {(row["kind"], row["key"]) for row in said["differences"]}
    [wrong] = [row.receipt_id for row in proving.depot.receipts(falsified)]
    assert by_receipt - expected == {("receipt_wrong", f"PO{falsified}:{wrong}")}
    assert expected - by_receipt == {("receipt_wrong", f"PO{falsified}:4")}
    assert (code, said["ok"]) == (1, False)
    assert all(row["likely_cause"] and row["tenant"] == proving.depot.tenant for row in said["differences"])
    assert partly not in {key for _, key in by_receipt}


async def test_a_receipt_lost_before_any_file_told_it_is_found(proving: Proving) -> None:
    po_id = proving.depot.netsuite.order()
    await proving.depot.bring_in(po_id)
    proving.depot.receive(po_id, line_1=20, line_4=12)
    await proving.depot.sync(po_id)
    assert await proving.found() == set()
    proving.wrong("lost_receipt", po_id)
    await proving.depot.export()
    [receipt] = proving.depot.receipts(po_id)
    assert await proving.found() == {("receipt_lost", f"PO{po_id}:{receipt.receipt_id}")}


async def test_a_reconciliation_names_what_no_file_told(proving: Proving) -> None:
    await proving.day()
    untold = proving.depot.netsuite.order()
    assert await proving.found("--netsuite", str(proving.reconciliation())) == {("po_never_seen", untold)}


async def test_what_the_stock_importer_took_is_accepted_and_unverified(
    make_depot: MakeDepot, tmp_path: Path, temporal_server: TemporalServer
) -> None:
    depot = make_depot(netsuite={"policy": {"netsuite_mode": NetSuiteMode.STOCK}})
    proving = Proving(depot, tmp_path, temporal_server)
    async with depot.working():
        po_id = depot.netsuite.order()
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.sync(po_id)
        code, said = await proving.prove()
        assert (code, said["netsuite"]) == (0, "accepted, unverified")
        assert [row["kind"] for row in said["explained"]] == ["unverified"]
        assert "ACCEPTED, UNVERIFIED" in (await proving.desk.ask("prove")).out


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("po_id,line_id\n", "the first line must be po_id,line_id,ordered"),
        (f"{','.join(HEADER)}\n1,1,5,5,T\n", "line 2: has 5 columns instead of 7"),
        (f"{','.join(HEADER)}\n1,1,5,five,T,B,\n", "line 2"),
        (f"{','.join(HEADER)}\n1,1,5,5,yes,B,\n", "closed is 'yes'"),
        (f"{','.join(HEADER)}\n1,1,5,5,T,B,\n1,1,5,5,T,B,\n", "line 1 of purchase order 1 stands there twice"),
    ],
)
def test_a_reconciliation_that_makes_no_sense_is_refused_by_line(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "netsuite.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReconciliationError, match=problem):
        read_reconciliation(path)
