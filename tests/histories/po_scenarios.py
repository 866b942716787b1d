"""The paths of purchase orders whose histories are kept."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW, po_workflow_id
from domain.po_messages import PoRun, PoRunReport, PoRunRequest
from domain.purchase_order import PoStage
from domain.stages import HoldCause
from tests.histories.path import Path
from tests.po_files.making import waybill_file
from tests.sandbox.erp import FULFILLMENT
from tests.support.depot import STOCK, Depot, at, held

LINE = {"item": "SKU-1", "quantity": 20, "location": 17}
SYNCED, CLOSED, CANCELLED = (at(PoStage(end)) for end in ("RECEIPT_SYNCED", "CLOSED", "CANCELLED"))
BROKEN = "4410021,PO1,B,1,900123,SKU-1,many,EA,1,0,F,17,2026-12-01,2026-11-20T10:15:00Z"
MENDED = "4410021,PO1,B,1,900123,SKU-1,20,EA,1,0,F,17,2026-12-01,2026-11-20T10:20:00Z"


def _of(depot: Depot, po_id: str) -> str:
    return po_workflow_id(depot.tenant, po_id)


async def _imported(depot: Depot) -> str:
    po_id = depot.netsuite.order(LINE)
    await depot.bring_in(po_id)
    return po_id


async def _ended(depot: Depot, po_id: str) -> str:
    await depot.po_handle(po_id).result()
    return _of(depot, po_id)


def _received(*visits: int) -> Callable[[Depot], Awaitable[str]]:
    """A purchase order that a store receives in so many visits."""

    async def play(depot: Depot) -> str:
        po_id = await _imported(depot)
        for pieces in visits:
            depot.receive(po_id, line_1=pieces)
            await depot.sync(po_id)
        await depot.carry(po_id, SYNCED)
        return await _ended(depot, po_id)

    return play


async def _amended(depot: Depot) -> str:
    po_id = await _imported(depot)
    depot.netsuite.act("amend", po_id, line=1, quantity=25)
    await depot.export()
    await depot.carry(po_id, lambda row: (row.imported or {})["1"]["pieces"] == "25")
    depot.receive(po_id, line_1=25)
    await depot.carry(po_id, SYNCED)
    return await _ended(depot, po_id)


async def _bad_rows(depot: Depot) -> str:
    depot.netsuite.put("WB-PO-1.csv", waybill_file(BROKEN), FULFILLMENT)
    await depot.take_files()
    await depot.until_po("4410021", held(HoldCause.BAD_ROWS))
    depot.netsuite.put("WB-PO-2.csv", waybill_file(MENDED), FULFILLMENT)
    await depot.take_files()
    await depot.carry("4410021", at(PoStage.IMPORTED))
    await depot.po_command("4410021", "cancel")
    await depot.carry("4410021", CANCELLED)
    return await _ended(depot, "4410021")


async def _excess(depot: Depot) -> str:
    po_id = await _imported(depot)
    depot.receive(po_id, line_1=23)
    await depot.carry(po_id, held(HoldCause.RECEIPT_EXCESS))
    await depot.sync(po_id)
    await depot.po_command(po_id, "resume")
    await depot.carry(po_id, SYNCED)
    return await _ended(depot, po_id)


async def _closed(depot: Depot) -> str:
    po_id = await _imported(depot)
    depot.receive(po_id, line_1=5)
    await depot.sync(po_id)
    await depot.po_command(po_id, "close")
    await depot.carry(po_id, CLOSED)
    return await _ended(depot, po_id)


async def _unanswered(depot: Depot) -> str:
    po_id = await _imported(depot)
    depot.receive(po_id, line_1=20)
    await depot.run(PoRun.RECEIPTS)
    await depot.run_until(PoRun.RECEIPT_FILES, lambda: bool(depot.receipt_files()))
    await depot.until_po(po_id, held(HoldCause.RECEIPT_UNANSWERED))
    await depot.carry(po_id, SYNCED)
    return await _ended(depot, po_id)


async def _rejected(depot: Depot) -> str:
    po_id = await _imported(depot)
    depot.netsuite.act("close", po_id)
    depot.receive(po_id, line_1=20)
    await depot.carry(po_id, held(HoldCause.RECEIPT_REJECTED))
    depot.netsuite.act("reopen", po_id)
    await depot.po_command(po_id, "resend_receipt")
    await depot.carry(po_id, SYNCED)
    return await _ended(depot, po_id)


async def _run(depot: Depot) -> str:
    depot.netsuite.order(LINE)
    depot.netsuite.good_run("export")
    run_id, report = await _recorded_run(depot)
    assert report.counts["told"] == 1
    return run_id


async def _run_without_news(depot: Depot) -> str:
    (depot.netsuite.base / FULFILLMENT).mkdir(parents=True)
    run_id, report = await _recorded_run(depot)
    assert "told" not in report.counts
    return run_id


async def _recorded_run(depot: Depot) -> tuple[str, PoRunReport]:
    run_id = f"feed/{depot.tenant}/po-files/recorded"
    report: PoRunReport = await depot.client.execute_workflow(
        PO_RUN_WORKFLOW,
        PoRunRequest(tenant=depot.tenant, run=PoRun.FILES),
        id=run_id,
        task_queue=ORDERS_QUEUE,
        result_type=PoRunReport,
    )
    return run_id, report


def _po(play: Callable[[Depot], Awaitable[str]], *, is_long: bool = True, **settings: Any) -> Path:
    return Path(play, {"netsuite": settings} if settings else {}, has_files=True, is_long=is_long)


PO_PATHS: Mapping[str, Path] = {
    "po_received": _po(_received(20), is_long=False),
    "po_received_in_parts": _po(_received(8, 12)),
    "po_accepted_unverified": _po(_received(20), **STOCK),
    "po_amended": _po(_amended),
    "po_bad_rows_then_cancelled": _po(_bad_rows),
    "po_excess_resumed": _po(_excess),
    "po_closed": _po(_closed),
    "po_receipt_unanswered": _po(_unanswered, waits={"answer": 1}),
    "po_receipt_rejected": _po(_rejected),
    "po_run": _po(_run, is_long=False),
    "po_run_without_news": _po(_run_without_news, is_long=False),
}
"""Every path by the name of its history's file."""
