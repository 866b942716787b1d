"""`waybill prove` on purchase orders: silent on a clean day, and naming each difference that is planted."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.purchase_order import NetSuiteMode, PoStage
from operators.po_reconciliation import ReconciliationError, read_reconciliation
from operators.temporal_server import TemporalServer
from tests.operators.desk import Desk
from tests.purchase.conftest import MakeDepot
from tests.support.depot import Depot, at
from tests.support.reconciliations import reconciliation_file

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
        # A proof asks once, however slow the machine is.
        tenant["hotwax"] |= {"token_file": "token", "timeout_read": 60}
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
        _, said = await self.prove(*options)
        assert "differences" in said, said
        return {(row["kind"], row["key"]) for row in said["differences"]}

    def reconciliation(self, began: datetime | None = None) -> Path:
        """What NetSuite holds of each line, as its script on demand writes it."""
        return self.written(*self.rows(), began=began)

    def written(self, *rows: str, part: int = 1, parts: int = 1, began: datetime | None = None) -> Path:
        """A file of a reconciliation with these rows."""
        path = self._folder / f"{part}-of-{parts}.csv"
        path.write_text(reconciliation_file(*rows, part=part, parts=parts, began=began), encoding="utf-8")
        return path

    def rows(self) -> list[str]:
        """One for each line in NetSuite."""
        rows = []
        for order in self.depot.sandbox.get("/admin/netsuite/purchase-orders")["purchaseOrders"]:
            made = self.depot.netsuite.read(order["poId"])["receipts"]
            for line in order["lines"]:
                parts = [
                    _part(receipt, row) for receipt in made for row in receipt["lines"] if row["line"] == line["line"]
                ]
                closed = "T" if line["closed"] else "F"
                numbers = (order["poId"], str(line["line"]), line["quantity"], line["received"])
                rows.append(",".join([*numbers, closed, order["status"], ";".join(parts)]))
        return rows


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


async def test_a_reconciliation_in_parts_counts_with_all_of_them_in_any_order(proving: Proving) -> None:
    await proving.day()
    untold, rows = proving.depot.netsuite.order(), proving.rows()
    began = datetime.now(UTC)
    halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
    first, last = (proving.written(*half, part=part, parts=2, began=began) for part, half in enumerate(halves, 1))
    whole = ("--netsuite", str(last), "--netsuite", str(first))
    assert await proving.found(*whole) == {("po_never_seen", untold)}
    for options in (("--netsuite", str(first)), ("--netsuite", str(last)), (*whole, "--netsuite", str(first))):
        ended = await proving.desk.ask("prove", *options)
        assert ended.code == 2
        assert "-of-2.csv" in ended.err


async def test_an_open_purchase_order_that_a_reconciliation_lacks_is_told(proving: Proving) -> None:
    done, partly, new = await proving.day()
    rows = [row for row in proving.rows() if row.partition(",")[0] not in {done, partly, new}]
    later = datetime.now(UTC) + timedelta(minutes=2)
    lacking = proving.written(*rows, began=later)
    assert await proving.found("--netsuite", str(lacking)) == {
        ("po_missing", f"PO{partly}"),
        ("po_missing", f"PO{new}"),
    }
    assert (await proving.depot.po_command(new, "cancel")).accepted
    await proving.depot.carry(new, at(PoStage.CANCELLED))
    assert await proving.found("--netsuite", str(lacking)) == {("po_missing", f"PO{partly}")}
    younger = proving.written(*rows, began=datetime.now(UTC) - timedelta(minutes=2))
    assert await proving.found("--netsuite", str(younger)) == set()


async def test_what_happened_after_a_reconciliation_was_read_is_not_told_yet_rather_than_lost(proving: Proving) -> None:
    _, partly, new = await proving.day()
    reconciliation = proving.reconciliation(datetime.now(UTC) - timedelta(seconds=1))
    depot = proving.depot
    depot.receive(partly, line_1=2)
    await depot.sync(partly)
    depot.netsuite.act("amend", new, line=4, quantity=15)
    await depot.export()
    await depot.carry(new, lambda row: (row.imported or {})["4"]["pieces"] == "15")
    assert await proving.found("--netsuite", str(reconciliation)) == set()


async def test_what_a_reconciliation_cannot_tell_is_unreadable_whether_we_know_it_or_not(proving: Proving) -> None:
    _, partly, _ = await proving.day()
    rows = [row for row in proving.rows() if not row.startswith(f"{partly},")]
    unreadable = [f"{po_id},,,,,,line 4: the quantity -1 is negative" for po_id in (partly, "77")]
    code, said = await proving.prove("--netsuite", str(proving.written(*rows, *unreadable)))
    assert (code, said["ok"]) == (1, False)
    told = {(row["kind"], row["key"]): row["likely_cause"] for row in said["differences"]}
    assert set(told) == {("po_unreadable", f"PO{partly}"), ("po_unreadable", "77")}
    assert all("line 4: the quantity -1 is negative" in cause for cause in told.values())


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
        (reconciliation_file(header=["po_id", "line_id"]), "the first line must be po_id,line_id,ordered"),
        (reconciliation_file("1,1,5,5,T"), "line 2: has 5 columns instead of 7"),
        (reconciliation_file("1,1,5,five,T,B,"), "line 2"),
        (reconciliation_file("1,1,5,5,yes,B,"), "closed is 'yes'"),
        (reconciliation_file("1,1,5,5,T,B,", "1,1,5,5,T,B,"), "line 3: line 1 of purchase order 1 stands there twice"),
    ],
)
def test_a_reconciliation_that_makes_no_sense_is_refused_by_line(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "netsuite.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReconciliationError, match=problem):
        read_reconciliation([path])


WHOLE = reconciliation_file("1,1,5,5,T,B,", "2,1,5,15,F,D,991=15").encode()


def test_a_reconciliation_that_was_cut_anywhere_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "WB-RECON.csv"
    for length in range(len(WHOLE)):
        path.write_bytes(WHOLE[:length])
        with pytest.raises(ReconciliationError, match=r"WB-RECON\.csv: its last line is no trailer .* install"):
            read_reconciliation([path])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (WHOLE.partition(b"#end")[0], "no trailer .* install the newest waybill_reconcile.js"),
        (WHOLE.replace(b"991=15", b"991=16"), "not what its trailer seals"),
        (WHOLE.replace(b",1,1,2", b",1,2,2"), "not what its trailer seals"),
        (WHOLE.replace(b"\n", b"\r\n"), "not what its trailer seals"),
        (WHOLE + WHOLE, "put together with another file"),
    ],
)
def test_a_reconciliation_without_its_trailer_or_changed_is_refused(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "WB-RECON.csv"
    path.write_bytes(content)
    with pytest.raises(ReconciliationError, match=problem):
        read_reconciliation([path])


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([(1, 3, 0), (2, 3, 0)], "part 3 is not given"),
        ([(3, 3, 0)], "part 1, 2 is not given: give all of them, each with --netsuite"),
        ([(1, 2, 0), (1, 2, 0)], "are both part 1"),
        ([(1, 1, 0), (1, 1, 0)], "are both part 1"),
        ([(1, 2, 0), (2, 2, 1)], "give all files of one"),
        ([(1, 2, 0), (2, 3, 0)], "give all files of one"),
    ],
)
def test_a_reconciliation_is_read_with_all_its_parts_or_not_at_all(
    tmp_path: Path, parts: list[tuple[int, int, int]], problem: str
) -> None:
    began = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    paths = [tmp_path / f"file-{place}.csv" for place in range(len(parts))]
    for path, (part, of, later) in zip(paths, parts, strict=True):
        at = began + timedelta(seconds=later)
        path.write_text(reconciliation_file(f"{part},1,5,5,T,B,", part=part, parts=of, began=at), encoding="utf-8")
    with pytest.raises(ReconciliationError, match=problem):
        read_reconciliation(paths)
