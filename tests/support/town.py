"""A whole town for tests: a real sandbox, a real Temporal server, a real ledger, and workers on demand."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle

from domain.commands import Command, CommandAnswer
from domain.keys import ORDER_FEED_WORKFLOW, ORDERS_QUEUE, order_workflow_id
from domain.messages import FeedReport, FeedRequest, OrderResult
from domain.stages import Stage
from ledger import effects, orders
from ledger.database import Ledger
from ledger.migrate import migrate
from ledger.tables import EffectRow, OrderRow
from operators.bootstrap import LiveTenants, open_budget
from operators.settings import Settings, TenantSettings
from tests.support.sandbox import SandboxProcess
from worker import Parts, build_workers

PATIENCE = 20.0
SHORT_WAITS: Mapping[str, Any] = {
    "call": 5,
    "patience": 20,
    "retry_first": 0.1,
    "retry_longest": 0.5,
    "hold_retry": 2,
    "confirmation": 3,
    "confirmation_poll": 0.2,
}
STORES = {"GT101": "GT101", "GT205": "GT205", "GT307": "GT307"}
UPCS = {"P1": "0740000000011", "P2": "0740000000028", "P3": "0740000000035"}


def basics(stores: Mapping[str, str] = STORES) -> dict[str, Any]:
    """Facilities, products and stock that most tests need; `X9` is a facility that no configuration maps."""
    return {
        "facilities": [
            *({"facilityId": facility, "storeCode": code} for facility, code in stores.items()),
            {"facilityId": "X9", "mapped": False},
        ],
        "products": [{"productId": product, "upc": upc} for product, upc in UPCS.items()],
    }


class Town:
    """One tenant with its systems; every town has a tenant of its own, so that towns share a Temporal server."""

    def __init__(self, sandbox: SandboxProcess, client: Client, ledger_url: str, **tenant: Any) -> None:
        self.sandbox, self.client = sandbox, client
        self.tenant = f"t{uuid.uuid4().hex[:8]}"
        self.settings = Settings(ledger_url=ledger_url, tenants={self.tenant: self._tenant_settings(tenant)})
        self.ledger = Ledger(ledger_url)
        migrate(self.ledger)

    def _tenant_settings(self, tenant: Mapping[str, Any]) -> TenantSettings:
        waits = {key: timedelta(seconds=value) for key, value in {**SHORT_WAITS, **tenant.get("waits", {})}.items()}
        hotwax = {
            "base_url": self.sandbox.hotwax_url,
            "token": "sandbox-token",
            "timeout_read": 2,
            "calls_per_second": None,
        }
        retailpro = {
            "base_url": self.sandbox.retailpro_url,
            "repeat": "rejects",
            "timeout_read": 2,
            "concurrency": 4,
            "identity_number_default": "0000",
            "identity_type_default": "dpi",
        }
        return TenantSettings.model_validate(
            {
                "hotwax": {**hotwax, **tenant.get("hotwax", {})},
                "retailpro": {**retailpro, **tenant.get("retailpro", {})},
                "policy": {"write_back_type": "SHOPIFY_ORD_NO", **tenant.get("policy", {})},
                "stores": tenant.get("stores", STORES),
                "waits": waits,
            }
        )

    # ---- workers -----------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def working(self, **changes: Any) -> AsyncIterator[None]:
        """The workers of one worker process, running in this one."""
        settings = self.settings.model_copy(update=changes)
        tenants = LiveTenants(settings, open_budget(settings, self.ledger))
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(tenants.close)
            for worker in build_workers(Parts(self.client, self.ledger, tenants, settings)):
                await stack.enter_async_context(worker)
            yield

    # ---- the flow ----------------------------------------------------------------------------------------------------

    async def poll(self, **request: Any) -> FeedReport:
        """One run of the order feed."""
        return await self.client.execute_workflow(
            ORDER_FEED_WORKFLOW,
            FeedRequest(tenant=self.tenant, **request),
            id=f"feed/{self.tenant}/{uuid.uuid4().hex}",
            task_queue=ORDERS_QUEUE,
            result_type=FeedReport,
        )

    def handle(self, order_id: str) -> WorkflowHandle[Any, OrderResult]:
        """The order's workflow."""
        return self.client.get_workflow_handle(order_workflow_id(self.tenant, order_id), result_type=OrderResult)

    async def command(self, order_id: str, verb: str, **fields: Any) -> CommandAnswer:
        """An operator's command, as an update."""
        command = Command(**{"id": uuid.uuid4().hex, "operator": "ana", "reason": "test", **fields})
        return await self.handle(order_id).execute_update(verb, command, id=command.id, result_type=CommandAnswer)

    # ---- looking -----------------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> OrderRow | None:
        """The order's row in the ledger."""
        with self.ledger.reading() as session:
            return session.get(OrderRow, (self.tenant, order_id))

    def effects(self, order_id: str) -> list[EffectRow]:
        """The order's effects in the ledger."""
        with self.ledger.reading() as session:
            return list(effects.of_order(session, self.tenant, order_id))

    async def until(self, order_id: str, told: Callable[[OrderRow], bool], patience: float = PATIENCE) -> OrderRow:
        """The order's row once `told` holds of it."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    row = self.order(order_id)
                    if row is not None and told(row):
                        return row
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"order {order_id} never got there; it is {self.order(order_id)!r}") from None

    async def until_stage(self, order_id: str, stage: Stage, patience: float = PATIENCE) -> OrderRow:
        """The order's row once it is in this stage, and not held."""
        return await self.until(order_id, lambda row: row.stage is stage and row.hold_cause is None, patience)

    async def until_held(self, order_id: str, cause: str, patience: float = PATIENCE) -> OrderRow:
        """The order's row once it is held for this cause."""
        return await self.until(order_id, lambda row: row.hold_cause == cause, patience)

    async def clear(self) -> None:
        """End every workflow of this town: the next one shares the server."""
        with self.ledger.reading() as session:
            rows = orders.find(session, orders.OrderFilter(tenant=self.tenant))
        for row in rows:
            with contextlib.suppress(Exception):
                await self.handle(row.order_id).terminate("the test is over")
        self.ledger.close()


def shipped(facility: str, product: str = "P1", price: float = 100, **more: Any) -> dict[str, Any]:
    """An order line that this facility has shipped."""
    return {"upc": UPCS[product], "unitPrice": price, "facilityId": facility, "statusId": "ITEM_COMPLETED", **more}


def open_line(facility: str, product: str = "P1", price: float = 100, **more: Any) -> dict[str, Any]:
    """An order line that is still to be shipped."""
    return {"upc": UPCS[product], "unitPrice": price, "facilityId": facility, **more}


def ledger_url(folder: Path) -> str:
    """A fresh SQLite ledger in this folder."""
    return f"sqlite:///{folder}/ledger-{datetime.now(UTC):%H%M%S%f}.db"
