"""A town with purchase orders: NetSuite's scripts and their files on a real OpenSSH server, beside everything else."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import select
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from domain.commands import CommandAnswer
from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW, po_workflow_id
from domain.po_messages import PoResult, PoRun, PoRunReport, PoRunRequest
from domain.purchase_order import PoStage, ReceiptState
from ledger import journal, receipts
from ledger.journal import Flow
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from sandbox.sftp.reach import Reach
from tests.sandbox.erp import NetSuite
from tests.support.sandbox import SandboxProcess
from tests.support.town import PATIENCE, Town, a_command

STORES = [{"facilityId": "GT101", "externalId": "17"}, {"facilityId": "GT205", "externalId": "18"}]
PRODUCTS = [{"productId": f"P{number}", "sku": f"SKU-{number}"} for number in (1, 2, 3, 4)]
SHORT_WAITS = {"answer": 30, "hold_retry": 2, "receipt_overlap": 60, "archived": 0.2}


class Depot(Town):
    """A tenant with purchase orders; its files lie in a folder of its own on the server that all depots share."""

    def __init__(self, sandbox: SandboxProcess, client: Client, ledger_url: str, reach: Reach, **tenant: Any) -> None:
        self.reach, self.root = reach, f"d{uuid.uuid4().hex[:8]}"
        super().__init__(sandbox, client, ledger_url, **{**tenant, "netsuite": self._netsuite(tenant)})
        sandbox.change(
            netsuite_sftp={
                "host": reach.host,
                "port": reach.port,
                "username": reach.username,
                "private_key": reach.private_key.read_text(encoding="utf-8"),
                "host_key": reach.host_keys[0],
                "folder": f"{self.root}/netsuite",
            }
        )
        self.netsuite = NetSuite(sandbox, Path(reach.folder) / self.root)
        sandbox.post("/admin/seed", {"facilities": STORES, "products": PRODUCTS})

    def _netsuite(self, tenant: dict[str, Any]) -> dict[str, Any]:
        base = f"{self.root}/netsuite/purchaseorder"
        at_once = {"settled_for": 0.05, "older_than": None}
        folders = {
            "orders": {
                "path": f"{base}/fulfillment",
                "pattern": "*.csv",
                "complete": {**at_once, "renamed": ["WB-PO-*.csv"]},
            },
            "receipts": {"path": f"{base}/receipt"},
            "acks": {"path": f"{base}/receipt/ack", "pattern": "*.ack.json", "complete": {**at_once, "renamed": ["*"]}},
        }
        sftp = {
            "host": self.reach.host,
            "port": self.reach.port,
            "username": self.reach.username,
            "private_key": str(self.reach.private_key),
            "host_keys": list(self.reach.host_keys),
            "folders": folders,
        }
        given = tenant.get("netsuite", {})
        return {
            "sftp": {**sftp, **given.get("sftp", {})},
            "policy": given.get("policy", {}),
            "waits": {**SHORT_WAITS, **given.get("waits", {})},
            "sizes": given.get("sizes", {}),
        }

    # ---- the runs ----------------------------------------------------------------------------------------------------

    async def run(self, run: PoRun) -> PoRunReport:
        """One run, to its end."""
        report: PoRunReport = await self.client.execute_workflow(
            PO_RUN_WORKFLOW,
            PoRunRequest(tenant=self.tenant, run=run),
            id=f"feed/{self.tenant}/{run}/{uuid.uuid4().hex}",
            task_queue=ORDERS_QUEUE,
            result_type=PoRunReport,
        )
        return report

    async def bring_in(self, po_id: str, kind: str = "waybill") -> PurchaseOrderRow:
        """NetSuite exports, and the purchase order is in HotWax."""
        self.netsuite.good_run("export", kind)
        await self.run_until(PoRun.FILES, lambda: self.po(po_id) is not None)
        return await self.into_hotwax(po_id)

    async def into_hotwax(self, po_id: str) -> PurchaseOrderRow:
        """The purchase order is imported as it was told last, or held."""
        await self.run_until(PoRun.IMPORTS, lambda: self.known_po(po_id).stage is not PoStage.PENDING)
        return self.known_po(po_id)

    async def run_until(self, run: PoRun, holds: Callable[[], bool]) -> None:
        """Run again and again until it holds, as a schedule does."""
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await self.run(run)
                await asyncio.sleep(0.05)

    def receive(self, po_id: str, **quantities: object) -> None:
        """A store receives: pieces by line, as `line_1=20`."""
        items = [{"line": name.removeprefix("line_"), "accepted": pieces} for name, pieces in quantities.items()]
        self.sandbox.post("/admin/po-deeds", {"action": "receive", "poId": po_id, "items": items})

    async def sync(self, po_id: str, kind: str = "waybill") -> None:
        """Receipts of the purchase order go to NetSuite, and its answers come back, until nothing is under way."""
        await self.run(PoRun.RECEIPTS)
        async with asyncio.timeout(PATIENCE):
            while any(row.state in {ReceiptState.NEW, ReceiptState.PROMISED} for row in self.receipts(po_id)):
                await self.run(PoRun.RECEIPT_FILES)
                self.netsuite.good_run("import", kind)
                await self.run(PoRun.ANSWERS)
                await asyncio.sleep(0.1)

    # ---- looking and asking ------------------------------------------------------------------------------------------

    def po(self, po_id: str) -> PurchaseOrderRow | None:
        """The purchase order's row in the ledger."""
        with self.ledger.reading() as session:
            return session.get(PurchaseOrderRow, (self.tenant, po_id))

    def known_po(self, po_id: str) -> PurchaseOrderRow:
        """The row of a purchase order that the ledger must know."""
        row = self.po(po_id)
        assert row is not None, f"the ledger does not know purchase order {po_id}"
        return row

    def receipts(self, po_id: str) -> list[ReceiptRow]:
        """Its receipts in the ledger, oldest first."""
        with self.ledger.reading() as session:
            return list(receipts.of_po(session, self.tenant, po_id))

    def story(self, po_id: str) -> list[str]:
        """Its audit trail, in short."""
        with self.ledger.reading() as session:
            entries = journal.timeline(session, self.tenant, po_id, Flow.PURCHASE_ORDER)
            return [f"{entry.kind}: {entry.text}" for entry in entries]

    def po_handle(self, po_id: str) -> WorkflowHandle[Any, PoResult]:
        """Its workflow."""
        return self.client.get_workflow_handle(po_workflow_id(self.tenant, po_id), result_type=PoResult)

    async def po_command(self, po_id: str, verb: str, **fields: Any) -> CommandAnswer:
        """An operator's command, as an update."""
        command = a_command(**fields)
        try:
            answer: CommandAnswer = await self.po_handle(po_id).execute_update(
                verb, command, id=command.id, result_type=CommandAnswer
            )
        except WorkflowUpdateFailedError as error:
            return CommandAnswer(accepted=False, message=str(error.cause))
        return answer

    async def until_po(self, po_id: str, told: Callable[[PurchaseOrderRow], bool]) -> PurchaseOrderRow:
        """Its row once `told` holds of it."""
        await self.until_true(lambda: told(self.known_po(po_id)), f"{po_id}: {self.story(po_id)}")
        return self.known_po(po_id)

    async def until_po_stage(self, po_id: str, stage: PoStage) -> PurchaseOrderRow:
        """Its row once it is in this stage, and not held."""
        return await self.until_po(po_id, lambda row: row.stage is stage and row.hold_cause is None)

    async def until_po_held(self, po_id: str, cause: str) -> PurchaseOrderRow:
        """Its row once it is held for this cause."""
        return await self.until_po(po_id, lambda row: row.hold_cause == cause)

    async def clear(self) -> None:
        """End every workflow of this depot."""
        with self.ledger.reading() as session:
            mine = select(PurchaseOrderRow.po_id).where(PurchaseOrderRow.tenant == self.tenant)
            po_ids = session.exec(mine).all()
        for po_id in po_ids:
            with contextlib.suppress(Exception):
                await self.po_handle(po_id).terminate("the test is over")
        await super().clear()
