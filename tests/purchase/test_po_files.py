"""Files that are late, broken, repeated or hostile, and uploads that HotWax takes in part."""

import csv
import zipfile
from io import BytesIO, StringIO
from typing import Any

import pytest

from connectors.errors import Contract
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.po_ports import ImportProgress
from domain.po_messages import PoRun
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from ledger.po_files import FileState
from tests.po_files.making import stock_file, waybill_file
from tests.purchase.conftest import MakeDepot
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import STOCK, Depot, at, held

pytestmark = pytest.mark.anyio

SYNCED, IMPORTED = at(PoStage.RECEIPT_SYNCED), at(PoStage.IMPORTED)
PARTIAL = {"policy": {"partial_pos": True}}
UPLOADS = "/api/uploadAndImportFile"


def _row(po_id: int = 4410021, line: int = 1, **changes: str) -> str:
    """A row of our own format."""
    cells = {
        "po_id": str(po_id),
        "number": f"PO{po_id}",
        "status": "B",
        "line": str(line),
        "key": str(po_id * 10 + line),
        "sku": "SKU-1",
        "quantity": "20",
        "unit": "EA",
        "rate": "1",
        "received": "0",
        "closed": "F",
        "facility": "17",
        "arrival": "2026-12-01",
        "modified": "2026-11-20T10:15:00Z",
    }
    return ",".join({**cells, **changes}.values())


async def _taken(depot: Depot, name: str, content: bytes) -> None:
    depot.netsuite.put(name, content, FULFILLMENT)
    await depot.take_files()


def _told(depot: Depot) -> list[tuple[str, int | None, int | None]]:
    return [(str(file.state), file.rows, file.bad_rows) for file in depot.files()]


def _error_rows(depot: Depot) -> list[list[str]]:
    [name] = depot.netsuite.files(f"{FULFILLMENT}/error")
    return list(csv.reader(StringIO(depot.netsuite.text(f"{FULFILLMENT}/error", name))))


# ---- repeats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", ["WB-PO-1.csv", "WB-PO-renamed-copy.csv"])
async def test_the_same_bytes_again_change_nothing(make_depot: MakeDepot, second: str) -> None:
    depot = make_depot()
    content = waybill_file(_row())
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", content)
        await depot.into_hotwax("4410021")
        news = depot.known_po("4410021").news
        await _taken(depot, second, content)
    assert [file.state for file in depot.files()] == [FileState.DONE, FileState.REPEAT]
    assert depot.known_po("4410021").news == news
    assert set(depot.netsuite.files(f"{FULFILLMENT}/archive")) == {file.archived_as for file in depot.files()}
    assert len(depot.sandbox.calls(path=UPLOADS)) == 1


async def test_the_same_name_with_other_bytes_is_read_and_both_are_kept(make_depot: MakeDepot) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row()))
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(modified="2026-11-20T10:20:00Z", quantity="25")))
        row = await depot.into_hotwax("4410021")
    assert [file.state for file in depot.files()] == [FileState.DONE, FileState.DONE]
    assert (row.imported or {})["1"]["pieces"] == "25"
    assert len(depot.netsuite.files(f"{FULFILLMENT}/archive")) == 2


async def test_a_file_that_is_older_than_what_is_known_changes_nothing(make_depot: MakeDepot) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row(modified="2026-11-20T10:20:00Z", quantity="25")))
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row()))
        row = await depot.into_hotwax("4410021")
    assert (row.imported or {})["1"]["pieces"] == "25"


async def test_what_our_own_format_tells_counts_after_the_stock_format_told_it_later(make_depot: MakeDepot) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "old PurchaseOrder.csv", stock_file("4410021,SKU-1,10,17,1,12/01/2026"))
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(quantity="10", unit="CS", rate="12")))
        row = await depot.into_hotwax("4410021")
    assert _pieces(row.imported) == "120"


@pytest.mark.parametrize("flaw", [{"quantity": "many"}, {"sku": "BOOT, BROWN"}])
async def test_an_older_file_does_not_free_what_bad_rows_of_a_newer_one_hold(
    make_depot: MakeDepot, flaw: dict[str, Any]
) -> None:
    depot = make_depot()
    newer: dict[str, Any] = {"modified": "2026-11-20T12:15:00Z"}
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row()))
        await depot.into_hotwax("4410021")
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row(**newer, **flaw)))
        await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
        await _taken(depot, "WB-PO-3.csv", waybill_file(_row(), _row(4410022)))
        await depot.into_hotwax("4410022")
        assert depot.known_po("4410021").bad_rows
        await _taken(depot, "WB-PO-4.csv", waybill_file(_row(**newer, quantity="35")))
        row = await depot.carry("4410021", lambda row: at(PoStage.IMPORTED)(row) and _pieces(row.imported) == "35")
    assert row.bad_rows is None


# ---- not complete ----------------------------------------------------------------------------------------------------


async def test_a_file_that_is_still_being_written_is_left_alone_until_it_is_whole(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    whole = stock_file("4410021,SKU-1,20,17,1,12/01/2026", "4410022,SKU-2,5,17,1,")
    name = "Fri Nov 20 2026 10:15:00 GMT-0800 (PST)-PurchaseOrder.csv"
    async with depot.working():
        depot.netsuite.put(name, whole[:-30], FULFILLMENT)
        await depot.run(PoRun.FILES)
        depot.netsuite.put(name, whole, FULFILLMENT)
        await depot.run(PoRun.FILES)
        assert depot.files() == []
        await depot.take_files()
    assert _told(depot) == [("done", 2, 0)]


async def test_a_temporary_name_is_never_read(make_depot: MakeDepot) -> None:
    depot = make_depot()
    depot.netsuite.put("WB-PO-1.csv.tmp", waybill_file(_row()), FULFILLMENT)
    async with depot.working():
        await _taken_but(depot, "WB-PO-1.csv.tmp")


LAST = "WB-PO-last.csv"


async def _taken_but(depot: Depot, *left: str) -> None:
    """Everything is read that can be, and only these are left."""
    depot.netsuite.put(LAST, waybill_file(_row(po_id=4419999)), FULFILLMENT)
    await depot.run_until(PoRun.FILES, lambda: LAST in {file.name for file in depot.files() if file.ended_at})
    assert depot.netsuite.files(FULFILLMENT) == sorted(left)
    assert [file.name for file in depot.files()] == [LAST]


async def test_hostile_names_and_links_are_never_touched(make_depot: MakeDepot) -> None:
    depot = make_depot()
    outside = depot.netsuite.base / "secret.csv"
    hostile = ["bad\nname.csv", "back\\slash.csv", "\u202evsc.csv"]
    for name in hostile:
        depot.netsuite.put(name, waybill_file(_row()), FULFILLMENT)
    outside.write_bytes(waybill_file(_row(po_id=4410666)))
    (depot.netsuite.base / FULFILLMENT / "link.csv").symlink_to(outside)
    async with depot.working():
        await _taken_but(depot, *hostile, "link.csv")
    assert (depot.po("4410666"), outside.exists()) == (None, True)


# ---- bad rows --------------------------------------------------------------------------------------------------------


async def test_bad_rows_are_reported_their_order_is_held_and_the_others_go_on(make_depot: MakeDepot) -> None:
    depot = make_depot()
    rows = (_row(4410021), _row(4410021, 4, quantity="many", sku="=HYPERLINK(1)"), _row(4410022))
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(*rows))
        assert (await depot.into_hotwax("4410022")).stage is PoStage.IMPORTED
        row = await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
        assert "line 3, quantity 'many'" in row.hold_evidence
        header, error = _error_rows(depot)
        assert (header, error[:3]) == (["line", "column", "value", "reason"], ["3", "quantity", "many"])
        assert row.imported is None
        mended = (_row(4410021, modified="2026-11-20T11:00:00Z"), _row(4410021, 4, modified="2026-11-20T11:00:00Z"))
        await _taken(depot, "WB-PO-2.csv", waybill_file(*mended))
        await depot.carry("4410021", IMPORTED)
    assert _told(depot) == [("done", 3, 1), ("done", 2, 0)]


async def test_where_the_tenant_allows_it_an_order_goes_on_with_its_good_rows(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=PARTIAL)
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(), _row(line=4, facility="")))
        row = await depot.into_hotwax("4410021")
    assert (row.stage, list(row.imported or {})) == (PoStage.IMPORTED, ["1"])


async def test_a_tenant_who_comes_to_allow_it_resumes_an_order_with_its_good_rows(make_depot: MakeDepot) -> None:
    depot = make_depot()
    content = waybill_file(_row(quantity="25"), _row(line=4, facility=""))
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", content)
        await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
        await _taken(depot, "WB-PO-2.csv", content)
    _allow_partial_pos(depot)
    async with depot.working():
        # Refused where its workflow has looked again by itself.
        await depot.po_command("4410021", "resume")
        await depot.until_po("4410021", lambda row: row.hold_cause is None)
        row = await depot.into_hotwax("4410021")
        assert (row.stage, list(row.imported or {}), _pieces(row.imported)) == (PoStage.IMPORTED, ["1"], "25")
    assert [file.state for file in depot.files()] == [FileState.DONE, FileState.REPEAT]


def _allow_partial_pos(depot: Depot) -> None:
    tenant, policy = depot.settings.tenants[depot.tenant], depot.po_settings.policy
    netsuite = depot.po_settings.model_copy(update={"policy": policy.model_copy(update={"partial_pos": True})})
    changed = {depot.tenant: tenant.model_copy(update={"netsuite": netsuite})}
    depot.settings = depot.settings.model_copy(update={"tenants": changed})


async def test_a_comma_that_nobody_quoted_holds_its_order_and_no_other(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    rows = ("4410021,SHOE, BLACK,24,17,3,06/15/2026", "4410022,SKU-1,20,17,1,null", "4410023,SKU-1,20,undefined,1,")
    async with depot.working():
        await _taken(depot, "a.csv", stock_file(*rows))
        assert (await depot.into_hotwax("4410022")).stage is PoStage.IMPORTED
        shifted = await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
        homeless = await depot.until_po("4410023", held(HoldCause.BAD_ROWS))
    assert "has 7 columns instead of 6" in shifted.hold_evidence
    assert "set the line's location in NetSuite" in homeless.hold_evidence
    assert [row[0] for row in _error_rows(depot)] == ["line", "2", "4"]


def _zipped() -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.csv", "po_id")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (_zipped(), "zip"),
        (waybill_file(_row())[:-20], "trailer"),
        (waybill_file(_row()).replace(b"SKU-1", b"SKU-9"), "checksum"),
        (b"a,b,c\n1,2,3\n", "header"),
        (waybill_file(_row()).replace(b"SKU", b"S\0U"), "NUL"),
    ],
    ids=["empty", "zip", "cut", "changed", "header", "nul"],
)
async def test_a_file_that_is_no_use_is_put_aside_by_name_and_the_next_is_read(
    make_depot: MakeDepot, content: bytes, words: str
) -> None:
    depot = make_depot()
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", content)
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row()))
    refused, good = depot.files()
    assert (refused.state, good.state) == (FileState.REFUSED, FileState.DONE)
    assert words.lower() in refused.note.lower()
    [kept] = depot.netsuite.files(f"{FULFILLMENT}/error")
    assert (refused.archived_as, (depot.netsuite.base / FULFILLMENT / "error" / kept).read_bytes()) == (kept, content)


async def test_a_header_alone_is_said_and_windows_letters_are_read(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    depot.sandbox.seed(products=[{"productId": "P9", "sku": "CAFÉ"}])
    async with depot.working():
        await _taken(depot, "a.csv", stock_file())
        await _taken(depot, "b.csv", stock_file("4410021,CAFÉ,20,17,1,12/01/2026").decode().encode("cp1252"))
        assert (await depot.into_hotwax("4410021")).stage is PoStage.IMPORTED
    alone, windows = depot.files()
    assert "a header without any row" in alone.note
    assert "Windows-1252" in windows.note


# ---- uploads into HotWax ---------------------------------------------------------------------------------------------


async def test_what_hotwax_refuses_comes_home_to_its_order_with_hotwaxs_words(make_depot: MakeDepot) -> None:
    depot = make_depot()
    rows = (_row(4410021), _row(4410022, sku="NO-SUCH"), _row(4410023, facility="99"))
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(*rows))
        await depot.carry("4410021", IMPORTED)
        product = await depot.carry("4410022", held(HoldCause.IMPORT_REJECTED))
        facility = await depot.carry("4410023", held(HoldCause.IMPORT_REJECTED))
        assert "line 1: product-sku: there is no product NO-SUCH" in product.hold_evidence
        assert "there is no facility 99" in facility.hold_evidence
        depot.sandbox.seed(products=[{"productId": "P7", "sku": "NO-SUCH"}])
        assert (await depot.po_command("4410022", "resume")).accepted
        await depot.carry("4410022", IMPORTED)


async def test_an_error_file_that_cannot_be_fetched_stops_nothing(make_depot: MakeDepot) -> None:
    depot = make_depot()
    depot.sandbox.fault("status", status=404, path="/api/downloadCsvFile")
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(4410021), _row(4410022, sku="NO-SUCH")))
        await depot.carry("4410021", IMPORTED)
        refused = await depot.carry("4410022", held(HoldCause.IMPORT_REJECTED))
    assert "has no such purchase order; HotWax's error file" in refused.hold_evidence
    assert not any(run.hold_cause for run in depot.runs())


async def test_an_upload_that_cannot_be_followed_holds_the_run_and_stops_no_other(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, strange = make_depot(), dict[str, bool]()
    progress = HotWaxPurchase.import_progress

    def first_is_strange(self: HotWaxPurchase, upload_id: str) -> ImportProgress:
        if strange.setdefault(upload_id, not strange):
            raise Contract("hotwax", "import_progress", place="statusId", expected="a status of a job", got="ODD")
        return progress(self, upload_id)

    monkeypatch.setattr(HotWaxPurchase, "import_progress", first_is_strange)
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(_row(4410021)))
        for _ in range(2):
            await depot.run(PoRun.IMPORTS)
        await _taken(depot, "WB-PO-2.csv", waybill_file(_row(4410022)))
        await depot.carry("4410022", IMPORTED)
        await depot.run(PoRun.IMPORTS)
        held_run = next(run for run in depot.runs() if run.run == PoRun.IMPORTS)
        assert (held_run.hold_cause, "ODD" in held_run.hold_evidence) == (HoldCause.REMOTE_CONTRACT, True)
        strange.update(dict.fromkeys(strange, False))
        await depot.carry("4410021", IMPORTED)
    assert not any(run.hold_cause for run in depot.runs())


async def test_a_poisoned_upload_is_split_until_the_culprit_stands_alone(make_depot: MakeDepot) -> None:
    depot = make_depot()
    rows = [_row(4410020 + number) for number in range(1, 6)]
    depot.sandbox.fault("status", status=400, path=UPLOADS, body="4410023,", message="this file cannot be read")
    async with depot.working():
        await _taken(depot, "WB-PO-1.csv", waybill_file(*rows))
        culprit = await depot.carry("4410023", held(HoldCause.IMPORT_REJECTED))
        for number in (1, 2, 4, 5):
            await depot.carry(str(4410020 + number), IMPORTED)
        assert "this file cannot be read" in culprit.hold_evidence
        depot.sandbox.heal()
        assert (await depot.po_command("4410023", "resume")).accepted
        await depot.carry("4410023", IMPORTED)
    assert {row["kind"] for row in depot.sandbox.get("/admin/netsuite/check")["differences"]} == set()


@pytest.mark.parametrize("repeat", ["upserts", "ignores", "duplicates"])
async def test_whatever_hotwax_does_with_a_repeat_an_amendment_is_there_or_held(
    make_depot: MakeDepot, repeat: str
) -> None:
    depot = make_depot(hotwax={"import_repeat": repeat})
    depot.sandbox.change(import_repeat=repeat)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.act("amend", po_id, line=1, quantity=25)
        await depot.export()
        row = await depot.carry(po_id, lambda row: bool(row.hold_cause) or _pieces(row.imported) == "25")
        if repeat == "upserts":
            assert depot.netsuite.differences() == []
        else:
            assert row.hold_cause in {HoldCause.IMPORT_NOT_TAKEN, HoldCause.IMPORT_REJECTED}
            assert row.hold_evidence
        if repeat == "duplicates":
            assert len(depot.sandbox.calls(path=UPLOADS, applied="true")) == 1
            assert "nothing was uploaded; line 1: 20 pieces in HotWax, 25 wanted" in row.hold_evidence


def _pieces(imported: dict[str, Any] | None) -> str:
    return str((imported or {}).get("1", {}).get("pieces"))


async def test_an_upload_whose_answer_was_lost_is_found_and_not_repeated(make_depot: MakeDepot) -> None:
    depot = make_depot(hotwax={"import_repeat": "duplicates"})
    depot.sandbox.change(import_repeat="duplicates")
    po_id = depot.netsuite.order()
    depot.sandbox.fault("drop", when="after", path=UPLOADS, next=1)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20, line_4=12)
        await depot.carry(po_id, SYNCED)
    assert depot.netsuite.differences() == []
    assert len(depot.sandbox.calls(path=UPLOADS, applied="true")) == 1
