"""An operator's desk with purchase orders: their life is played in the ledger by the engine's own rules."""

import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle

from activities.po_assess import assess
from activities.systems import Purchasing
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_session import FileSession
from connectors.sftp.client import SftpServer
from domain.commands import Command, CommandAnswer
from domain.keys import ORDERS_QUEUE, PO_RUN_WORKFLOW, po_workflow_id
from domain.po_messages import GivenPoCommand, PoAssessRequest, PoRun, PoRunRequest
from domain.purchase_order import ImportState, PoLine, PoStatus, PoVerb, PurchaseOrder, ReceiptState
from ledger import journal, po_files, po_imports, purchase_orders, receipt_rows, receipts
from ledger.database import Ledger
from ledger.journal import Flow
from ledger.po_files import FileKind, FileState
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.purchase_orders import Told
from ledger.receipt_rows import ReceiptPart
from operators.bootstrap import LiveTenants, open_budget
from operators.settings import Settings, TenantSettings
from tests.operators.desk import NOBODY, Desk
from tests.support.ledgers import make_ready
from worker import Parts, build_workers

NOW = datetime.now(UTC)
NOWHERE = {"host": "127.0.0.1", "port": 1, "username": "waybill", "private_key": "/none/key", "host_keys": []}
CONFIGURATION = """
ledger_url = "sqlite:///{ledger}"
temporal_ui = "https://temporal.example"
[worker]
http_port = 0
[tenants.{tenant}.hotwax]
base_url = "{hotwax}"
token_file = "hotwax.token"
timeout_read = 30
[tenants.{tenant}.retailpro]
base_url = "http://127.0.0.1:1"
[tenants.{tenant}.netsuite.sftp]
{sftp}
[tenants.{tenant}.netsuite.policy]
{policy}
"""


def toml(table: Mapping[str, Any]) -> str:
    """Simple values as lines of TOML."""
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items())


class PoDesk(Desk):
    """A desk whose one tenant has purchase orders, and the books behind it.

    Args:
        folder: where its configuration and ledger are.
        temporal: the address of Temporal.
        hotwax: the address of HotWax.
        sftp: how NetSuite's files are reached.
        policy: the tenant's rules for purchase orders.
    """

    def __init__(
        self,
        folder: Path,
        temporal: str = NOBODY,
        *,
        hotwax: str = "http://127.0.0.1:1",
        sftp: Mapping[str, Any] = NOWHERE,
        **policy: Any,
    ) -> None:
        self.tenant = f"t{uuid.uuid4().hex[:8]}"
        path = folder / "waybill.toml"
        written = {"ledger": folder / "po-ledger.db", "tenant": self.tenant, "hotwax": hotwax}
        path.write_text(CONFIGURATION.format(**written, sftp=toml(sftp), policy=toml(policy)), encoding="utf-8")
        path.with_name("hotwax.token").write_text("sandbox-token", encoding="utf-8")
        super().__init__(path, temporal)
        self._tenant = TenantSettings.model_validate(
            {
                "hotwax": {"base_url": hotwax, "token": "sandbox-token", "timeout_read": 30},
                "retailpro": {"base_url": "http://127.0.0.1:1"},
                "netsuite": {"sftp": sftp, "policy": policy},
            }
        )
        self.settings = Settings(ledger_url=f"sqlite:///{folder / 'po-ledger.db'}", tenants={self.tenant: self._tenant})
        self.ledger = Ledger(self.settings.ledger_url)
        make_ready(self.ledger)

    # ---- playing a life ----------------------------------------------------------------------------------------------

    def tell(self, po_id: str, *lines: PoLine, status: str = "B", bad: tuple[str, ...] = ()) -> None:
        """NetSuite's file tells the purchase order `PO` and its id, like this."""
        told = PurchaseOrder(tenant=self.tenant, po_id=po_id, number=f"PO{po_id}", status=PoStatus(status), lines=lines)
        with self.ledger.writing() as session:
            name = f"WB-PO-{uuid.uuid4().hex[:6]}.csv"
            file = po_files.taken(session, self.tenant, FileKind.ORDERS, name, f"claimed-{name}", NOW)
            news = [Told(po_id, told if lines else None, bad)]
            purchase_orders.record_told(session, self.tenant, news, [po_id], file.id or 0, NOW)
            file.rows = len(lines)
            po_files.ended(session, file, FileState.DONE, NOW, "waybill, utf-8")
        self.assess(po_id)

    def imported(self, po_id: str) -> None:
        """HotWax has taken the lines as they were wanted."""
        with self.ledger.writing() as session:
            row = purchase_orders.locked(session, self.tenant, po_id)
            wanted = {line.line_id: line for line in purchase_orders.wanted_lines(row)}
            lines = {**purchase_orders.imported(row), **wanted}
            purchase_orders.record_found(session, row, f"HC{po_id}", lines, NOW)
            po_imports.record_import(session, row, ImportState.DONE, NOW)
        self.assess(po_id)

    def receive(self, po_id: str, shipment: str, unplanned: Mapping[str, int] | None = None, **pieces: int) -> str:
        """A store receives these pieces, `L3=5` of line 3, and products without a line; the receipt's id."""
        receipt_id = receipt_rows.receipt_id_of(po_id, shipment)
        parts = [_part(shipment, receipt_id, line.removeprefix("L"), None, count) for line, count in pieces.items()]
        parts += [_part(shipment, receipt_id, None, sku, count) for sku, count in (unplanned or {}).items()]
        with self.ledger.writing() as session:
            receipt_rows.record_parts(session, self.tenant, po_id, parts, NOW)
            session.flush()
            receipts.take_for_complete(session, self.tenant, NOW)
        self.assess(po_id)
        return receipt_id

    def answer(self, receipt_id: str, state: ReceiptState, problem: str = "") -> None:
        """NetSuite has taken the receipt's file, and this came of it."""
        with self.ledger.writing() as session:
            row = session.get_one(ReceiptRow, (self.tenant, receipt_id))
            row.effect_key, row.file_name, row.sent_at = f"receipt_file/{receipt_id}", f"WB-RCPT-{receipt_id}.json", NOW
            row.state, row.problem = state, problem
            row.due_at = NOW + timedelta(hours=2) if state is ReceiptState.SENT else None
            row.item_receipt_id = "991" if state is ReceiptState.CREATED else None
            po_id = row.po_id
        self.assess(po_id)

    def assess(self, po_id: str) -> None:
        """The engine has looked at it."""
        with self.ledger.writing() as session:
            assess(session, PoAssessRequest(tenant=self.tenant, po_id=po_id), self.purchasing)

    def command(self, po_id: str, verb: str, **details: Any) -> CommandAnswer:
        """What the engine answers to an operator's command."""
        command = Command(id=uuid.uuid4().hex, operator="ana", reason="looked at it", **details)
        given = GivenPoCommand(verb=PoVerb(verb), command=command)
        with self.ledger.writing() as session:
            request = PoAssessRequest(tenant=self.tenant, po_id=po_id, commands=(given,))
            return dict(assess(session, request, self.purchasing).answers)[command.id]

    @property
    def purchasing(self) -> Purchasing:
        """The tenant's rules and connectors; none of them is called."""
        netsuite = self._tenant.netsuite
        assert netsuite is not None
        return Purchasing(
            policy=netsuite.policy,
            oms=HotWaxPurchase(self._tenant.hotwax, FileSession("hotwax", self._tenant.hotwax)),
            sftp=SftpServer("netsuite", netsuite.sftp) if netsuite.sftp else None,
            waits=netsuite.waits,
            sizes=netsuite.sizes,
        )

    # ---- looking -----------------------------------------------------------------------------------------------------

    def row(self, po_id: str) -> PurchaseOrderRow:
        """Its row in the ledger."""
        with self.ledger.reading() as session:
            return session.get_one(PurchaseOrderRow, (self.tenant, po_id))

    def commands_given(self, po_id: str) -> list[tuple[str, str]]:
        """Who asked what of it, by its audit trail."""
        with self.ledger.reading() as session:
            trail = journal.timeline(session, self.tenant, po_id, Flow.PURCHASE_ORDER)
        return [(entry.actor, entry.text) for entry in trail if entry.kind in {"command", "refused"}]

    # ---- workers -----------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def working(self, client: Client) -> AsyncIterator[None]:
        """The workers of one worker process, running in this one."""
        tenants = LiveTenants(self.settings, open_budget(self.settings, self.ledger))
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(tenants.close)
            for worker in build_workers(Parts(client, self.ledger, tenants, self.settings)):
                await stack.enter_async_context(worker)
            yield

    async def start(self, client: Client, run: PoRun) -> WorkflowHandle[Any, Any]:
        """Start one of the tenant's runs."""
        return await client.start_workflow(
            PO_RUN_WORKFLOW,
            PoRunRequest(tenant=self.tenant, run=run),
            id=f"feed/{self.tenant}/{run}/{uuid.uuid4().hex}",
            task_queue=ORDERS_QUEUE,
        )

    def handle(self, client: Client, po_id: str) -> WorkflowHandle[Any, Any]:
        """Its workflow."""
        return client.get_workflow_handle(po_workflow_id(self.tenant, po_id))


def a_line(line_id: str = "1", quantity: int = 10, **more: Any) -> PoLine:
    """A line of so many pieces for facility 17."""
    given = {"line_id": line_id, "sku": f"SKU{line_id}", "quantity": Decimal(quantity), "facility": "17"}
    return PoLine.model_validate({**given, "received": Decimal(0), **more})


def _part(shipment: str, receipt_id: str, line_id: str | None, sku: str | None, count: int) -> ReceiptPart:
    return ReceiptPart(
        part_id=f"{receipt_id}-{line_id or sku}",
        shipment_id=shipment,
        line_id=line_id,
        sku=sku or f"SKU{line_id}",
        accepted=Decimal(count),
        rejected=Decimal(0),
        received_at=NOW - timedelta(hours=1),
    )
