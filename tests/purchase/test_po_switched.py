"""The line that says which way receipts go is changed while some are under way: none is stranded, none goes twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from domain.po_messages import PoRun
from domain.purchase_order import NetSuiteMode, ReceiptState
from domain.stages import HoldCause
from ledger.po_tables import ReceiptRow
from operators.bootstrap import LiveTenants, open_budget
from operators.po_prove import PoSides, PoVerdict, prove
from tests.purchase.conftest import MakeIn
from tests.purchase.test_po_rest import CUTS, TRANSFORM
from tests.purchase.test_po_stock_errors import archived_in_silence, error_file
from tests.sandbox.erp import RECEIPT
from tests.support.depot import Depot, held

pytestmark = pytest.mark.anyio

OURS, STOCK, REST = NetSuiteMode.WAYBILL, NetSuiteMode.STOCK, NetSuiteMode.REST


def switch(depot: Depot, mode: NetSuiteMode, **netsuite: Any) -> None:
    """The operator changes the one line."""
    tenant, given = depot.settings.tenants[depot.tenant], depot.po_settings
    policy = given.policy.model_copy(update={"netsuite_mode": mode})
    changed = tenant.model_copy(update={"netsuite": given.model_copy(update={"policy": policy, **netsuite})})
    depot.settings = depot.settings.model_copy(update={"tenants": {depot.tenant: changed}})


@contextmanager
def unwritable(depot: Depot) -> Iterator[None]:
    """NetSuite's server takes no receipt files."""
    folder = depot.netsuite.base / RECEIPT
    away = folder.rename(folder.with_name("away"))
    yield
    away.rename(folder)


async def promised(depot: Depot, po_id: str, pieces: int = 5) -> None:
    """A store received something of line 1, and its receipt is promised."""
    await depot.bring_in(po_id)
    depot.receive(po_id, line_1=pieces)
    await depot.run(PoRun.RECEIPTS)
    await depot.until_true(lambda: depot.receipts(po_id)[0].state is ReceiptState.PROMISED, "it is promised")


async def tried(depot: Depot, po_id: str) -> None:
    """Runs that try to send the receipt come to nothing, until there is a promise of its write."""
    async with asyncio.timeout(180):
        while not depot.receipts(po_id)[0].effect_key:
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    await depot.run(PoRun.RECEIPT_FILES)


async def until_made(depot: Depot, po_id: str) -> None:
    """The receipts are in NetSuite, by its own word."""
    await depot.carry(po_id, lambda _: all(r.state is ReceiptState.CREATED for r in depot.receipts(po_id)))


async def proved(depot: Depot) -> PoVerdict:
    """What the proof says now."""
    tenants = LiveTenants(depot.settings, open_budget(depot.settings, depot.ledger), None)
    try:
        sides = PoSides(depot.ledger, depot.tenant, tenants.get(depot.tenant).purchasing)
        return await asyncio.to_thread(prove, sides, None, lambda _: None)
    finally:
        tenants.close()


# ---- never sent ------------------------------------------------------------------------------------------------------


async def test_a_receipt_whose_file_never_came_to_the_server_goes_over_rest(make_in: MakeIn) -> None:
    depot = make_in("files+waybill-scripts", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
    # The run that came to nothing repeats itself: nothing is writable while a worker lives that could.
    with unwritable(depot):
        async with depot.working():
            await tried(depot, po_id)
    assert depot.receipts(po_id)[0].effect_key
    switch(depot, REST)
    async with depot.working():
        await until_made(depot, po_id)
        depot.receive(po_id, line_1=15, line_4=12)
        await depot.sync(po_id)
    assert depot.made(po_id) == [{1: "5"}, {1: "15", 4: "12"}]
    assert depot.receipt_files() == []
    assert any("never sent in file WB-RCPT-" in entry for entry in depot.story(po_id))


async def test_a_receipt_that_rest_never_took_goes_into_a_file(make_in: MakeIn) -> None:
    depot = make_in("files+waybill-scripts", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        switch(depot, REST)
    depot.sandbox.fault("status", status=403, code="INSUFFICIENT_PERMISSION", **TRANSFORM)
    async with depot.working():
        await promised(depot, po_id)
        await tried(depot, po_id)
        assert depot.receipts(po_id)[0].effect_key
        switch(depot, OURS)
    async with depot.working():
        await until_made(depot, po_id)
    assert depot.made(po_id) == [{1: "5"}]


# ---- in doubt --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["lost_before_it_arrived", "applied_and_never_answered"])
async def test_a_receipt_that_rest_may_have_made_is_held_when_receipts_go_by_file_and_is_made_once(
    make_in: MakeIn, cut: str
) -> None:
    depot = make_in("files+waybill-scripts", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id)
        switch(depot, REST)
    depot.sandbox.fault(next=1, **CUTS[cut])
    async with depot.working():
        await promised(depot, po_id)
        await depot.run(PoRun.RECEIPT_FILES)
        assert depot.receipts(po_id)[0].state is ReceiptState.SENT
        switch(depot, OURS)
    async with depot.working():
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
        assert "may have gone into NetSuite over REST before netsuite_mode became files+way" in row.hold_evidence
        assert depot.receipt_files() == []
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await until_made(depot, po_id)
    assert depot.made(po_id) == [{1: "5"}]


# ---- what the stock importer has -------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize("mode", [REST, OURS])


async def stock_file(depot: Depot, po_id: str) -> str:
    """The name of a file with a receipt, which the stock importer has not read yet."""
    await promised(depot, po_id)
    await depot.run(PoRun.RECEIPT_FILES)
    [name] = depot.receipt_files()
    return name


async def resent(depot: Depot, po_id: str) -> None:
    """An operator has the receipt sent again, and a run sees to it."""
    answer = await depot.po_command(po_id, "resend_receipt")
    assert answer.accepted, answer.message
    await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))


@BOTH
async def test_a_receipt_that_the_stock_importer_took_is_verified_by_the_account_after_the_switch(
    make_in: MakeIn, mode: NetSuiteMode
) -> None:
    depot = make_in("files", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await stock_file(depot, po_id)
        depot.netsuite.good_run("import", "stock")
        switch(depot, mode)
    async with depot.working():
        assert (await proved(depot)).netsuite == "accepted, unverified"
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.run_until(PoRun.ANSWERS, lambda: depot.receipts(po_id)[0].state is ReceiptState.CREATED)
    assert depot.made(po_id) == [{1: "5"}]


@BOTH
async def test_a_receipt_is_not_sent_again_by_another_way_while_the_stock_importer_may_read_its_file(
    make_in: MakeIn, mode: NetSuiteMode
) -> None:
    depot = make_in("files", beside=True, waits={"answer": 1})
    po_id = depot.netsuite.order()
    async with depot.working():
        name = await stock_file(depot, po_id)
        switch(depot, mode)
    async with depot.working():
        await depot.run(PoRun.RECEIPT_FILES)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        await resent(depot, po_id)
        assert f"{RECEIPT}/{name} lies there unread" in depot.known_po(po_id).hold_evidence
        depot.netsuite.good_run("import", "stock")
        await depot.run_until(PoRun.ANSWERS, lambda: depot.receipts(po_id)[0].state is ReceiptState.CREATED)
        await depot.run(PoRun.RECEIPT_FILES)
    assert depot.made(po_id) == [{1: "5"}]
    assert depot.receipt_files() == [name]


async def test_a_receipt_whose_unread_stock_file_was_removed_goes_over_rest_once_its_folder_was_seen(
    make_in: MakeIn,
) -> None:
    depot = make_in("files", beside=True, waits={"answer": 1})
    po_id = depot.netsuite.order()
    async with depot.working():
        name = await stock_file(depot, po_id)
        switch(depot, REST)
    async with depot.working():
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        with unwritable(depot):
            assert (await depot.po_command(po_id, "resend_receipt")).accepted
            await depot.run_until(
                PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNANSWERED)(depot.known_po(po_id))
            )
            assert f"it goes when {name} has been looked for" in depot.known_po(po_id).hold_evidence
        (depot.netsuite.base / RECEIPT / name).unlink()
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.made(po_id)))
        await until_made(depot, po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_where_nobody_can_look_for_a_stock_file_its_receipt_is_held_and_never_sent_again(make_in: MakeIn) -> None:
    depot = make_in("files", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await stock_file(depot, po_id)
        switch(depot, REST, sftp=None)
    async with depot.working():
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert (
            "before netsuite_mode became rest; look among its order's item receipts"
            in depot.known_po(po_id).hold_evidence
        )
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: "no netsuite.sftp" in depot.known_po(po_id).hold_evidence)
        assert (await proved(depot)).netsuite == "accepted, unverified"
    depot.netsuite.good_run("import", "stock")
    assert depot.made(po_id) == [{1: "5"}]


async def test_what_the_stock_importer_refuses_after_the_switch_goes_over_rest_when_it_is_resumed(
    make_in: MakeIn,
) -> None:
    depot = make_in("files", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        name = await stock_file(depot, po_id)
        archived_in_silence(depot, name)
        error_file(depot, po_id)
        switch(depot, REST)
    async with depot.working():
        await depot.run_until(PoRun.ANSWERS, lambda: held(HoldCause.RECEIPT_REJECTED)(depot.known_po(po_id)))
        assert (await depot.po_command(po_id, "resume")).accepted
        await until_made(depot, po_id)
    assert depot.made(po_id) == [{1: "5"}]


async def test_a_receipt_in_doubt_never_goes_to_the_stock_importer_without_a_look(make_in: MakeIn) -> None:
    depot = make_in("files+waybill-scripts", beside=True, waits={"answer": 1})
    po_id = depot.netsuite.order()
    async with depot.working():
        name = await stock_file(depot, po_id)
        await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
        assert (await depot.po_command(po_id, "resend_receipt")).accepted
        switch(depot, STOCK)
    async with depot.working():
        await depot.run_until(PoRun.RECEIPT_FILES, lambda: held(HoldCause.RECEIPT_UNKNOWN)(depot.known_po(po_id)))
        assert "stock importer would make it again" in depot.known_po(po_id).hold_evidence
    assert depot.receipt_files() == [name]


async def test_a_receipt_in_doubt_in_a_planned_file_never_goes_to_the_stock_importer_either(
    make_in: MakeIn,
) -> None:
    depot = make_in("files+waybill-scripts", beside=True)
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
    with unwritable(depot):
        async with depot.working():
            await tried(depot, po_id)
    with depot.ledger.writing() as session:
        session.get_one(ReceiptRow, (depot.tenant, depot.receipts(po_id)[0].receipt_id)).in_doubt = True
    switch(depot, STOCK)
    async with depot.working():
        row = await depot.carry(po_id, held(HoldCause.RECEIPT_UNKNOWN))
    assert "stock importer would make it again" in row.hold_evidence
    assert depot.receipt_files() == []


async def test_what_our_scripts_answered_is_heard_also_where_the_stock_importer_reads_since(
    make_in: MakeIn,
) -> None:
    depot = make_in("files+waybill-scripts")
    po_id = depot.netsuite.order()
    async with depot.working():
        await promised(depot, po_id)
        await depot.run(PoRun.RECEIPT_FILES)
        depot.netsuite.good_run("import", "waybill")
        switch(depot, STOCK)
    async with depot.working():
        await until_made(depot, po_id)
    assert depot.made(po_id) == [{1: "5"}]
