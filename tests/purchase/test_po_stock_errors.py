"""Which receipt an error file of the stock importer is about: old and late ones judge no receipt but their own."""

import os
from datetime import timedelta
from pathlib import Path
from time import time
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import ReceiptState
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.purchase.stock_flow import LINE, SYNCED
from tests.sandbox.erp import RECEIPT
from tests.support.depot import STOCK, Depot, held

pytestmark = pytest.mark.anyio
ERRORS, ARCHIVE = f"{RECEIPT}/error", f"{RECEIPT}/archive"
MONTH, MINUTE = timedelta(days=30), timedelta(minutes=1)


def error_file(depot: Depot, po_id: str, *, age: timedelta = timedelta(0), number: int = 1) -> None:
    """An error file of the stock importer that names the purchase order."""
    name = f"{number}-ErrorPurchaseOrderReceipts.csv"
    depot.netsuite.put(name, f"orderId,errorMessage\n{po_id},Record has been changed\n".encode(), ERRORS)
    aged(depot.netsuite.base / ERRORS / name, age)


def aged(file: Path, age: timedelta) -> None:
    """The file as if it had been written so long ago."""
    then = time() - age.total_seconds()
    os.utime(file, (then, then))


async def sent(depot: Depot, po_id: str, pieces: int) -> str:
    """The name of a receipt file that NetSuite can read."""
    before = depot.netsuite.files(RECEIPT)
    depot.receive(po_id, line_1=pieces)
    await depot.run(PoRun.RECEIPTS)
    await depot.run_until(PoRun.RECEIPT_FILES, lambda: depot.netsuite.files(RECEIPT) != before)
    [name] = set(depot.netsuite.files(RECEIPT)) - set(before)
    return name


def archived_in_silence(depot: Depot, name: str) -> None:
    """The importer takes a file and makes nothing of it; its word of an error has yet to come."""
    (depot.netsuite.base / ARCHIVE).mkdir(parents=True, exist_ok=True)
    (depot.netsuite.base / RECEIPT / name).rename(depot.netsuite.base / ARCHIVE / name)


async def until(depot: Depot, po_id: str, *states: ReceiptState) -> None:
    """Its receipts stand so, the oldest first."""
    await depot.run_until(PoRun.ANSWERS, lambda: tuple(r.state for r in depot.receipts(po_id)) == states)


async def test_what_the_importer_refused_before_the_first_receipt_judges_none_of_ours(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    error_file(depot, po_id, age=MONTH)
    error_file(depot, po_id, number=2)
    async with depot.working():
        await depot.bring_in(po_id)
        depot.receive(po_id, line_1=20)
        await depot.carry(po_id, SYNCED)
    assert [receipt.state for receipt in depot.receipts(po_id)] == [ReceiptState.UNVERIFIED]
    assert depot.made(po_id) == [{1: "20"}]


async def test_an_old_error_file_that_turns_up_late_judges_no_younger_receipt(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        await sent(depot, po_id, 8)
        error_file(depot, po_id, age=MONTH)
        await depot.run(PoRun.ANSWERS)
        depot.netsuite.good_run("import", "stock")
        await until(depot, po_id, ReceiptState.UNVERIFIED)
    assert depot.made(po_id) == [{1: "8"}]


async def test_an_error_that_comes_late_rejects_the_receipt_that_was_taken_for_accepted(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        archived_in_silence(depot, await sent(depot, po_id, 5))
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        error_file(depot, po_id)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
        assert "Record has been changed" in row.hold_evidence
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_folders_that_are_given_by_their_whole_path_are_watched_there(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    relative = Depot._netsuite

    def whole(depot: Depot, tenant: dict[str, Any]) -> dict[str, Any]:
        netsuite = relative(depot, tenant)
        receipts = netsuite["sftp"]["folders"]["receipts"]
        base = f"{depot.reach.folder}/{receipts['path']}"
        receipts |= {"archive": f"{base}/archive", "error": f"{base}/error"}
        return netsuite

    monkeypatch.setattr(Depot, "_netsuite", whole)
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        archived_in_silence(depot, await sent(depot, po_id, 5))
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        error_file(depot, po_id)
        await until(depot, po_id, ReceiptState.REJECTED)


async def test_a_late_error_is_read_before_the_next_receipt_goes_and_does_not_judge_it(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        archived_in_silence(depot, await sent(depot, po_id, 5))
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        error_file(depot, po_id)
        await sent(depot, po_id, 7)
        depot.netsuite.good_run("import", "stock")
        await until(depot, po_id, ReceiptState.REJECTED, ReceiptState.UNVERIFIED)
    assert depot.made(po_id) == [{1: "7"}]


async def test_an_error_counts_where_a_moved_file_looks_younger_than_it_is(make_depot: MakeDepot) -> None:
    """Servers that keep files as objects write a moved file anew."""
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        archived_in_silence(depot, await sent(depot, po_id, 5))
        error_file(depot, po_id, age=MINUTE)
        await until(depot, po_id, ReceiptState.REJECTED)


async def test_an_error_about_a_receipt_whose_file_is_gone_leaves_it_in_doubt(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        (depot.netsuite.base / RECEIPT / await sent(depot, po_id, 5)).unlink()
        error_file(depot, po_id)
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
    assert "Record has been changed (in 1-ErrorPurchaseOrderReceipts.csv, which may be" in row.hold_evidence


async def test_a_receipt_that_an_error_put_in_doubt_stays_held_however_long_its_file_lies_in_the_archive(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id, other = depot.netsuite.order(LINE), depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id, other)
        first = await sent(depot, po_id, 5)
        archived_in_silence(depot, first)
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        archived_in_silence(depot, await sent(depot, po_id, 7))
        await until(depot, po_id, ReceiptState.UNVERIFIED, ReceiptState.UNVERIFIED)
        aged(depot.netsuite.base / ARCHIVE / first, 60 * MINUTE)
        error_file(depot, po_id, age=30 * MINUTE)
        await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        archived_in_silence(depot, await sent(depot, other, 3))
        await until(depot, other, ReceiptState.UNVERIFIED)  # the other file lay there for longer by then
        await until(depot, po_id, ReceiptState.UNKNOWN, ReceiptState.UNVERIFIED)
        assert held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id))
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.until_po(po_id, lambda row: row.hold_cause is None)


# ---- sent again ------------------------------------------------------------------------------------------------------


async def test_a_receipt_is_not_sent_again_while_its_file_lies_there_unread(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={**STOCK, "waits": {"answer": 1}})
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        name = await sent(depot, po_id, 8)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert f"{RECEIPT}/{name} lies there unread" in depot.known_po(po_id).hold_evidence
        assert depot.receipt_files() == [name]
        depot.netsuite.good_run("import", "stock")
        await until(depot, po_id, ReceiptState.UNVERIFIED)
    assert depot.made(po_id) == [{1: "8"}]


async def test_a_refused_receipt_whose_file_lies_unread_counts_as_what_becomes_of_the_file(
    make_depot: MakeDepot,
) -> None:
    """The importer died between its word of an error and the move of the file: it reads the file once more."""
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        name = await sent(depot, po_id, 8)
        error_file(depot, po_id)
        await depot.run_until(PoRun.ANSWERS, lambda: held(HoldCause.RECEIPT_REJECTED)(depot.known_po(po_id)))
        assert (await depot.po_command(po_id, "resume")).accepted
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert depot.receipt_files() == [name]
        depot.netsuite.good_run("import", "stock")
        await until(depot, po_id, ReceiptState.UNVERIFIED)
    assert depot.made(po_id) == [{1: "8"}]


async def test_a_receipt_whose_unread_file_was_removed_is_sent_again(make_depot: MakeDepot) -> None:
    depot = make_depot(netsuite={**STOCK, "waits": {"answer": 1}})
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        (depot.netsuite.base / RECEIPT / await sent(depot, po_id, 8)).unlink()
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "8"}]


async def test_a_receipt_that_the_importer_took_since_the_operator_looked_is_not_sent_again(
    make_depot: MakeDepot,
) -> None:
    depot = make_depot(netsuite={**STOCK, "waits": {"answer": 1}})
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        name = await sent(depot, po_id, 8)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        depot.netsuite.good_run("import", "stock")
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert f"importer has taken {name} meanwhile" in depot.known_po(po_id).hold_evidence
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        assert (await depot.po_command(po_id, "resend_receipt", effect=depot.receipts(po_id)[0].receipt_id)).accepted
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: len(depot.receipt_files()) > 1)
    assert depot.made(po_id) == [{1: "8"}]
