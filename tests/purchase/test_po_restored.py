"""A ledger that was restored from a backup: what was sent since then is not sent again, and nothing is lost unsaid."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import ReceiptState
from domain.stages import HoldCause
from tests.po_files.making import stock_file
from tests.purchase.conftest import MakeDepot
from tests.purchase.stock_flow import LINE
from tests.sandbox.erp import FULFILLMENT, RECEIPT
from tests.support.depot import STOCK, Depot, held

pytestmark = pytest.mark.anyio

ANSWER = {
    "version": 1,
    "file": "WB-RCPT-20261120T180000Z-7.json",
    "sha256": "0" * 64,
    "processed_at": "2026-11-20T18:05:00Z",
    "problem": "it is no JSON",
    "results": [],
}
"""What our importer says to a file of another ledger."""


def copied(source: Path, target: Path) -> None:
    """A ledger's whole content in place of another's."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


class Backup:
    """A copy of a depot's ledger as it is now."""

    def __init__(self, depot: Depot, folder: Path) -> None:
        self._depot, self._copy = depot, folder / "nightly.db"
        copied(self._ledger, self._copy)

    @property
    def _ledger(self) -> Path:
        return Path(self._depot.settings.ledger_url.removeprefix("sqlite:///"))

    def restore(self) -> None:
        """Have the ledger be as it was; no worker lives."""
        copied(self._copy, self._ledger)


async def backed_up(make_depot: MakeDepot, folder: Path, received: int = 0) -> tuple[Depot, str, Backup]:
    """A stock importer's depot with one purchase order in HotWax, so many received of it, and a backup as of then."""
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        if received:
            depot.receive(po_id, line_1=received)
            await depot.run(PoRun.RECEIPTS)
    return depot, po_id, Backup(depot, folder)


def told_again(depot: Depot) -> None:
    """An operator has put back what was archived: the files that the ledger has are repeats."""
    place = depot.netsuite.base / FULFILLMENT
    for name in depot.netsuite.files(f"{FULFILLMENT}/archive"):
        (place / "archive" / name).rename(place / name)


def hold_of(depot: Depot, run: PoRun) -> tuple[str | None, str]:
    """Why a run is held."""
    rows = {row.run: row for row in depot.runs()}
    return (rows[run].hold_cause, rows[run].hold_evidence) if run in rows else (None, "")


async def test_a_receipt_that_went_after_the_backup_is_held_and_not_made_twice(
    make_depot: MakeDepot, tmp_path: Path
) -> None:
    depot, po_id, backup = await backed_up(make_depot, tmp_path)
    async with depot.working():
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
    [name] = depot.receipt_files()
    backup.restore()
    async with depot.working():
        await depot.sync(po_id)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        assert f"{name} has it, which this ledger did not send" in row.hold_evidence
        for _ in range(3):
            await depot.round()
        assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNKNOWN]
        assert (await depot.po_command(po_id, "resume")).accepted
        depot.receive(po_id, line_1=15)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}, {1: "15"}]
    assert depot.netsuite.differences() == []


async def test_a_receipt_that_an_operator_did_not_find_in_netsuite_goes_again(
    make_depot: MakeDepot, tmp_path: Path
) -> None:
    depot, po_id, backup = await backed_up(make_depot, tmp_path, received=5)
    async with depot.working():
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.receipt_files() != [])
    [name] = depot.receipt_files()
    backup.restore()
    async with depot.working():
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.run_until(
            PoRun.RECEIPT_FILES, lambda: f"{RECEIPT}/{name} lies there unread" in depot.known_po(po_id).hold_evidence
        )
        assert depot.receipt_files() == [name]
        (depot.netsuite.base / RECEIPT / name).unlink()
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_what_files_told_after_the_backup_comes_back_with_them_and_is_asked_for_until_then(
    make_depot: MakeDepot, tmp_path: Path
) -> None:
    """As the operator's guide has it: archived files go back, or NetSuite exports everything again."""
    depot, amended, backup = await backed_up(make_depot, tmp_path)
    async with depot.working():
        depot.netsuite.act("amend", amended, line=1, quantity=33)
        depot.netsuite.put("WB-PO-2.csv", stock_file(f"{amended},SKU-1,33,17,1,12/01/2026"), FULFILLMENT)
        fresh = depot.netsuite.order(LINE)
        await depot.bring_in(fresh)
        depot.receive(fresh, line_1=2)
        await depot.sync(fresh)
    backup.restore()
    async with depot.working():
        await depot.run(PoRun.RECEIPTS)
        [polled] = [row for row in depot.runs() if row.run == PoRun.RECEIPTS]
        assert polled.counts == {"read": 1, "changed": 0, "of_unknown_orders": 1}
        await depot.run(PoRun.RECEIPT_FILES)
        cause, evidence = hold_of(depot, PoRun.RECEIPT_FILES)
        assert cause == HoldCause.FILE_STRANGE
        assert f"has receipts of purchase order {fresh}, which it does not know" in evidence
        told_again(depot)
        await depot.take_files()
        await depot.run(PoRun.RECEIPT_FILES)
        assert hold_of(depot, PoRun.RECEIPT_FILES) == (None, "")
        await depot.carry(fresh, held(HoldCause.RECEIVED_BEFORE))
        assert (await depot.po_command(fresh, "resume")).accepted
        depot.receive(fresh, line_1=18)
        depot.receive(amended, line_1=33)
        await depot.sync(fresh)
        await depot.sync(amended)
    assert (depot.made(fresh), depot.made(amended)) == ([{1: "2"}, {1: "18"}], [{1: "33"}])
    assert depot.netsuite.differences() == []


async def test_no_receipt_goes_while_a_file_of_ours_that_the_ledger_lacks_cannot_be_read(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id, name = depot.netsuite.order(LINE), "WB-RCPT-20261120T180000Z-7.json"
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.put(name, b"[", f"{RECEIPT}/archive")
        depot.receive(po_id, line_1=5)
        await depot.run(PoRun.RECEIPTS)
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: hold_of(depot, PoRun.RECEIPT_FILES)[0] is not None)
        assert hold_of(depot, PoRun.RECEIPT_FILES)[0] == HoldCause.FILE_STRANGE
        assert f"{name}, and which receipts it has cannot be read" in hold_of(depot, PoRun.RECEIPT_FILES)[1]
        (depot.netsuite.base / RECEIPT / "archive" / name).unlink()
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_an_answer_to_a_file_that_the_ledger_did_not_send_stays_and_holds_the_run(make_depot: MakeDepot) -> None:
    depot = make_depot()
    po_id, acks = depot.netsuite.order(LINE), f"{RECEIPT}/ack"
    async with depot.working():
        await depot.bring_in(po_id)
        depot.netsuite.put("WB-RCPT-20261120T180000Z-7.ack.json", ANSWER, acks)
        depot.receive(po_id, line_1=5)
        await depot.sync(po_id)
        [left] = depot.netsuite.files(f"{acks}/claimed")
        cause, evidence = hold_of(depot, PoRun.ANSWERS)
        assert (cause, f"{left}: answers to receipt files" in evidence) == (HoldCause.FILE_STRANGE, True)
        (depot.netsuite.base / acks / "claimed" / left).unlink()
        await depot.run(PoRun.ANSWERS)
        assert hold_of(depot, PoRun.ANSWERS) == (None, "")
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.CREATED]
