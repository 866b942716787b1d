"""The runs that carry purchase orders between files, HotWax and the ledger, each started by a schedule.

A run does its work in one activity, then tells the purchase orders that have news, where any has. One system that is
out of reach stops its own runs only.
"""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.po_imports import PoImportActivities
    from activities.po_netsuite import NetSuiteActivities
    from activities.po_news import PoNewsActivities
    from activities.po_receipts import PoReceiptActivities
    from domain.keys import PO_RUN_WORKFLOW, hotwax_queue, netsuite_queue
    from domain.po_messages import PoRun, PoRunReport, PoRunRequest
    from workflows import policies

WORK: dict[PoRun, tuple[Callable[[Any, PoRunRequest], PoRunReport], Callable[[str], str]]] = {
    PoRun.FILES: (NetSuiteActivities.take_purchase_orders, netsuite_queue),
    PoRun.IMPORTS: (PoImportActivities.import_purchase_orders, hotwax_queue),
    PoRun.RECEIPTS: (PoReceiptActivities.poll_receipts, hotwax_queue),
    PoRun.SWEEP: (PoReceiptActivities.sweep_receipts, hotwax_queue),
    PoRun.RECEIPT_FILES: (NetSuiteActivities.send_receipts, netsuite_queue),
    PoRun.ANSWERS: (NetSuiteActivities.read_answers, netsuite_queue),
}
"""The activity of each run, and whose queue it is on."""


@workflow.defn(name=PO_RUN_WORKFLOW)
class PurchaseOrderRunWorkflow:
    """One run: its work, then word to the purchase orders that have news."""

    @workflow.run
    async def run(self, request: PoRunRequest) -> PoRunReport:
        """What the run did; a remote system that is out of reach is waited for."""
        work, queue_of = WORK[request.run]
        report: PoRunReport = await workflow.execute_activity_method(
            work, request, **policies.feed_poll(queue_of(request.tenant), f"{request.run} of {request.tenant}")
        )
        if not report.has_news:
            return report
        told = await workflow.execute_activity_method(
            PoNewsActivities.tell_purchase_orders,
            request,
            **policies.feed_poll(hotwax_queue(request.tenant), "tell the purchase orders that have news"),
        )
        return PoRunReport(counts={**report.counts, **told.counts})
