"""Error files of the stock importer that cannot be read when they are found."""

from collections.abc import Callable
from typing import Any

import pytest

from activities import po_stock_errors
from connectors.errors import ConnectorError, Unauthorized
from connectors.sftp.errors import ServerFailed
from domain.po_messages import PoRun
from domain.purchase_order import ReceiptState
from domain.stages import HoldCause
from tests.purchase.conftest import MakeDepot
from tests.purchase.stock_flow import LINE
from tests.purchase.test_po_stock_errors import archived_in_silence, error_file, sent, until
from tests.support.depot import STOCK, Depot, held

pytestmark = pytest.mark.anyio

FAILED = ServerFailed("netsuite", "read", "error/1-Error: Failure (4)")
FORBIDDEN = Unauthorized("netsuite", "read", "error/1-Error: Permission denied", 3)


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Callable[[ConnectorError | None], None]:
    """Have the first error file fail like this; None mends it."""
    now: list[ConnectorError | None] = [None]
    original = po_stock_errors.whole

    def whole(files: Any, folder: str, file: Any) -> tuple[str, bytes]:
        if now[0] and file.name.startswith("1-"):
            raise now[0]
        return original(files, folder, file)

    monkeypatch.setattr(po_stock_errors, "whole", whole)
    return lambda error: now.__setitem__(0, error)


def held_runs(depot: Depot) -> dict[str, str]:
    """The runs that are held, and why."""
    return {row.run: row.hold_cause for row in depot.runs() if row.hold_cause}


@pytest.mark.parametrize(
    ("error", "cause"), [(FAILED, HoldCause.REMOTE_UNREACHABLE), (FORBIDDEN, HoldCause.REMOTE_FORBIDS)]
)
async def test_an_error_file_that_cannot_be_read_holds_the_runs_and_stops_neither_receipts_nor_other_errors(
    make_depot: MakeDepot,
    broken: Callable[[ConnectorError | None], None],
    error: ConnectorError,
    cause: HoldCause,
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id, other, third = (depot.netsuite.order(LINE) for _ in range(3))
    async with depot.working():
        await depot.bring_in(po_id, other, third)
        archived_in_silence(depot, await sent(depot, po_id, 8))
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        broken(error)
        error_file(depot, po_id)
        await sent(depot, other, 5)
        await sent(depot, third, 4)
        assert held_runs(depot) == {PoRun.RECEIPT_FILES: cause}
        depot.netsuite.good_run("import", "stock")
        error_file(depot, third, number=2)
        await until(depot, other, ReceiptState.UNVERIFIED)
        await until(depot, third, ReceiptState.REJECTED)
        assert held_runs(depot) == {PoRun.RECEIPT_FILES: cause, PoRun.ANSWERS: cause}
        broken(None)
        await until(depot, po_id, ReceiptState.REJECTED)
        assert held_runs(depot) == {PoRun.RECEIPT_FILES: cause}
        await sent(depot, other, 5)
        assert held_runs(depot) == {}


async def test_an_error_that_lay_there_unread_when_a_receipt_was_sent_is_not_laid_to_it(
    make_depot: MakeDepot, broken: Callable[[ConnectorError | None], None]
) -> None:
    depot = make_depot(netsuite=STOCK)
    po_id = depot.netsuite.order(LINE)
    async with depot.working():
        await depot.bring_in(po_id)
        archived_in_silence(depot, await sent(depot, po_id, 5))
        await until(depot, po_id, ReceiptState.UNVERIFIED)
        broken(FAILED)
        error_file(depot, po_id)
        await sent(depot, po_id, 7)
        depot.netsuite.good_run("import", "stock")
        await until(depot, po_id, ReceiptState.UNVERIFIED, ReceiptState.UNVERIFIED)
        broken(None)
        await until(depot, po_id, ReceiptState.UNKNOWN, ReceiptState.UNVERIFIED)
        row = await depot.until_po(po_id, held(HoldCause.RECEIPT_UNKNOWN))
    assert "Record has been changed (in 1-ErrorPurchaseOrderReceipts.csv, which may be" in row.hold_evidence
