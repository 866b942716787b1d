"""A town with purchase orders: NetSuite's scripts and their files on a real OpenSSH server, beside everything else."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

from sqlmodel import col, delete, select
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from activities.starting import PoStarter
from domain.commands import CommandAnswer
from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW, po_workflow_id
from domain.po_messages import PoResult, PoRun, PoRunReport, PoRunRequest
from domain.purchase_order import NetSuiteMode, PoStage, ReceiptState
from ledger import journal, po_files, po_runs, receipts
from ledger.journal import Flow
from ledger.po_tables import PoFileRow, PurchaseOrderRow, ReceiptPartRow, ReceiptRow, RunRow
from operators.settings import NetSuiteSettings
from sandbox.sftp.reach import Reach
from tests.sandbox.erp import FULFILLMENT, RECEIPT, NetSuite
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, a_command

STORES = [{"facilityId": "GT101", "externalId": "17"}, {"facilityId": "GT205", "externalId": "18"}]
PRODUCTS = [{"productId": f"P{number}", "sku": f"SKU-{number}"} for number in (1, 2, 3, 4)]
SHORT_WAITS = {"answer": 30, "hold_retry": 2, "receipt_overlap": 60, "receipt_settled": 0, "archived": 0.2}
STOCK: Mapping[str, Any] = {"policy": {"netsuite_mode": "files"}}
"""A tenant's NetSuite that runs the stock scripts."""
EVERYTHING = 1_000
PATIENCE = 180.0
METADATA, ANSWERED_WITHIN = "__temporal_workflow_metadata", timedelta(seconds=2)
PAUSES = (0, 0.02, 0.1, 0.2, 0.4)
"""Seconds after as many turns that told nobody anything: a run more costs more than to wait."""

Told = Callable[[PurchaseOrderRow], bool]


def at(stage: PoStage) -> Told:
    """Whether a purchase order is in this stage, and not held."""
    return lambda row: row.stage is stage and row.hold_cause is None


def held(cause: str) -> Told:
    """Whether a purchase order is held for this cause."""
    return lambda row: row.hold_cause == cause


class Depot(Town):
    """A tenant with purchase orders; its files lie in a folder of its own on the server that all depots share."""

    def __init__(self, sandbox: SandboxProcess, client: Client, ledger_url: str, reach: Reach, **tenant: Any) -> None:
        self.reach, self.root = reach, f"d{uuid.uuid4().hex[:8]}"
        self._have_heard: dict[str, int] = {}
        self._was_told = False
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
            **({"rest": given["rest"]} if "rest" in given else {}),
        }

    # ---- the runs ----------------------------------------------------------------------------------------------------

    async def run(self, run: PoRun) -> PoRunReport:
        """One run, to its end; whoever was told has acted upon it."""
        report: PoRunReport = await self.client.execute_workflow(
            PO_RUN_WORKFLOW,
            PoRunRequest(tenant=self.tenant, run=run),
            id=f"feed/{self.tenant}/{run}/{uuid.uuid4().hex}",
            task_queue=ORDERS_QUEUE,
            result_type=PoRunReport,
        )
        heard = self._heard()
        told = {po_id for po_id, news in heard.items() if news > self._have_heard.get(po_id, 0)}
        self._have_heard, self._was_told = heard, self._was_told or bool(told)
        # A query is answered once the signals before it were acted upon; where no worker lives, nobody answers.
        asked = (self.po_handle(po_id).query(METADATA, rpc_timeout=ANSWERED_WITHIN) for po_id in told)
        await asyncio.gather(*asked, return_exceptions=True)
        return report

    def _heard(self) -> dict[str, int]:
        """How much news each purchase order was told of."""
        with self.ledger.reading() as session:
            heard = select(PurchaseOrderRow.po_id, PurchaseOrderRow.heard)
            return dict(session.exec(heard.where(PurchaseOrderRow.tenant == self.tenant)).all())

    @property
    def po_settings(self) -> NetSuiteSettings:
        """The tenant's settings for purchase orders."""
        netsuite = self.settings.tenants[self.tenant].netsuite
        assert netsuite is not None
        return netsuite

    @property
    def kind(self) -> str:
        """Which scripts this tenant's NetSuite runs."""
        is_stock = self.po_settings.policy.netsuite_mode is NetSuiteMode.STOCK
        return "stock" if is_stock else "waybill"

    async def bring_in(self, *po_ids: str, kind: str | None = None) -> PurchaseOrderRow:
        """NetSuite exports, and the purchase orders are in HotWax; the first one's row."""
        await self.export(kind)
        for po_id in po_ids:
            await self.into_hotwax(po_id)
        return self.known_po(po_ids[0])

    async def export(self, kind: str | None = None) -> None:
        """NetSuite exports, and all its files are read."""
        self.netsuite.good_run("export", kind or self.kind)
        await self.take_files()

    async def take_files(self) -> None:
        """Every file of purchase orders that lies there is read."""
        await self.run_until(PoRun.FILES, lambda: not self.netsuite.files(FULFILLMENT))

    async def into_hotwax(self, po_id: str) -> PurchaseOrderRow:
        """The purchase order is imported as it was told last, or held."""
        await self.run_until(PoRun.IMPORTS, lambda: self.known_po(po_id).stage is not PoStage.PENDING)
        return self.known_po(po_id)

    @contextlib.asynccontextmanager
    async def ticking(self) -> AsyncIterator[None]:
        """All runs come again and again, also while one that died waits for its time-out."""
        tasks = [asyncio.create_task(self._again_and_again(run)) for run in PoRun if run is not PoRun.SWEEP]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _again_and_again(self, run: PoRun) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(3):
                    await self.run(run)
            await asyncio.sleep(2)

    async def run_until(self, run: PoRun, holds: Callable[[], bool]) -> None:
        """Run again and again until it holds, as a schedule does."""
        async with asyncio.timeout(PATIENCE):
            await self._in_turns((lambda: self.run(run),), holds)

    def receive(self, po_id: str, *more: Mapping[str, Any], **quantities: object) -> None:
        """A store receives in one visit: pieces by line, as `line_1=20`, and `more` in the desk's own words."""
        items = [{"line": name.removeprefix("line_"), "accepted": pieces} for name, pieces in quantities.items()]
        self.desk("receive", po_id, items=[*items, *more])

    def desk(self, action: str, po_id: str, **details: Any) -> None:
        """A store does something to a purchase order."""
        self.sandbox.post("/admin/po-deeds", {"action": action, "poId": po_id, **details})

    async def carry(self, po_id: str, told: Told) -> PurchaseOrderRow:
        """All runs but that of the files, in turns as schedules do, until `told` holds of its row.

        Those begin that have something to do: a run for nothing costs the suite as much as any other.
        """
        is_promised = any(row.state in {ReceiptState.PROMISED, ReceiptState.SENT} for row in self.receipts(po_id))
        sides = (self.at_netsuite, self.at_hotwax) if is_promised else (self.at_hotwax, self.at_netsuite)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._in_turns(sides, lambda: told(self.known_po(po_id)))
        except TimeoutError:
            raise AssertionError(f"{po_id} never got there: {self.known_po(po_id)!r} {self.story(po_id)}") from None
        return self.known_po(po_id)

    async def _in_turns(self, works: Sequence[Callable[[], Awaitable[object]]], holds: Callable[[], bool]) -> None:
        """Work in turns until it holds; what nobody was told of, turn after turn, may come with time."""
        quiet = 0
        for work in cycle(works):
            if holds():
                return
            self._was_told = False
            await work()
            quiet = 0 if self._was_told else quiet + 1
            await asyncio.sleep(PAUSES[min(quiet, len(PAUSES) - 1)])

    async def round(self) -> None:
        """Each run once."""
        await self.at_hotwax()
        await self.at_netsuite()

    async def at_hotwax(self) -> None:
        """The runs at HotWax."""
        await asyncio.gather(self.run(PoRun.IMPORTS), self.run(PoRun.RECEIPTS))

    async def at_netsuite(self) -> None:
        """Receipts go to NetSuite, its importer runs, and what it says is read."""
        await self.run(PoRun.RECEIPT_FILES)
        self.netsuite.good_run("import", self.kind)
        await self.run(PoRun.ANSWERS)

    async def sync(self, po_id: str) -> None:
        """Receipts of the purchase order go to NetSuite, and its answers come back, until nothing is under way."""
        on_the_way = {ReceiptState.NEW, ReceiptState.PROMISED, ReceiptState.SENT}
        await self.run(PoRun.RECEIPTS)

        def is_settled(row: PurchaseOrderRow) -> bool:
            return row.news == row.heard and not any(r.state in on_the_way for r in self.receipts(po_id))

        await self.carry(po_id, is_settled)

    async def sync_all(self, po_id: str) -> None:
        """As `sync`, where receipts may stay that NetSuite is not to be told of: nothing is left that could go."""

        def is_settled(row: PurchaseOrderRow) -> bool:
            on_the_way = {ReceiptState.PROMISED, ReceiptState.SENT}
            is_open = "with the next run" in row.waiting_for or any(r.state in on_the_way for r in self.receipts(po_id))
            return row.news == row.heard and not is_open

        await self.carry(po_id, is_settled)
        await self.round()
        await self.carry(po_id, is_settled)

    def forget(self, po_id: str) -> None:
        """Make the ledger as if it had never heard of the purchase order."""
        with self.ledger.writing() as session:
            for table in (ReceiptRow, ReceiptPartRow, PurchaseOrderRow):
                session.exec(delete(table).where(col(table.po_id) == po_id))

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

    def files(self) -> list[PoFileRow]:
        """The files that were taken, oldest first."""
        with self.ledger.reading() as session:
            return list(po_files.latest(session, self.tenant, EVERYTHING))[::-1]

    def runs(self) -> list[RunRow]:
        """How its runs fare."""
        with self.ledger.reading() as session:
            return list(po_runs.all_of(session, self.tenant))

    def receipt_files(self) -> list[str]:
        """The names of all receipt files that NetSuite was given."""
        found = (name for folder in ("", "/archive", "/error") for name in self.netsuite.files(RECEIPT + folder))
        return sorted(name for name in found if name.endswith(".json"))

    def made(self, po_id: str) -> list[dict[int, str]]:
        """The item receipts in NetSuite, oldest first: what each has by line."""
        found = self.sandbox.get("/admin/netsuite/receipts", poId=po_id)["receipts"]
        return [{line["line"]: line["quantity"] for line in receipt["lines"]} for receipt in found]

    @property
    def po_starter(self) -> PoStarter:
        """What starts and wakes the purchase orders of this depot."""
        return PoStarter(self.client, self.po_settings.waits)

    def story(self, po_id: str) -> list[str]:
        """Its audit trail, in short."""
        with self.ledger.reading() as session:
            entries = journal.timeline(session, self.tenant, po_id, Flow.PURCHASE_ORDER)
            return [f"{entry.kind}: {entry.text}" for entry in entries]

    def po_handle(self, po_id: str) -> WorkflowHandle[Any, PoResult]:
        """Its workflow."""
        return self.client.get_workflow_handle(po_workflow_id(self.tenant, po_id), result_type=PoResult)

    async def po_command(self, po_id: str, verb: str, **fields: Any) -> CommandAnswer:
        """An operator's command, as an update; a refusal by the validator is an answer as well."""
        command = a_command(**fields)
        try:
            answer: CommandAnswer = await self.po_handle(po_id).execute_update(
                verb, command, id=command.id, result_type=CommandAnswer
            )
        except WorkflowUpdateFailedError as error:
            return CommandAnswer(accepted=False, message=str(error.cause))
        return answer

    async def until_po(self, po_id: str, told: Told) -> PurchaseOrderRow:
        """Its row once `told` holds of it."""
        await self.until_true(lambda: told(self.known_po(po_id)), f"{po_id}: {self.story(po_id)}")
        return self.known_po(po_id)

    async def clear(self) -> None:
        """End every workflow of this depot."""
        with self.ledger.reading() as session:
            mine = select(PurchaseOrderRow.po_id).where(PurchaseOrderRow.tenant == self.tenant)
            po_ids = session.exec(mine).all()
        for po_id in po_ids:
            with contextlib.suppress(Exception):
                await self.po_handle(po_id).terminate("the test is over")
        await super().clear()
