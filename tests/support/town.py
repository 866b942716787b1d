"""A whole town for tests: a real sandbox, a real Temporal server, a real ledger, and workers on demand."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

from activities.starting import Starter
from domain.commands import Command, CommandAnswer
from domain.keys import ORDER_FEED_WORKFLOW, ORDERS_QUEUE, order_workflow_id
from domain.messages import FeedReport, FeedRequest, OrderResult
from domain.stages import Stage
from ledger import effects, journal, orders
from ledger.database import Ledger
from ledger.tables import EffectRow, JournalRow, OrderRow
from operators.bootstrap import LiveTenants, open_budget
from operators.settings import Settings, TenantSettings
from tests.support.ledgers import make_ready
from tests.support.sandbox import SandboxProcess
from worker import Parts, build_workers

PATIENCE = 180.0
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
        self.configured = self._configured(tenant)
        tenants = {self.tenant: TenantSettings.model_validate(self.configured)}
        self.settings = Settings(ledger_url=ledger_url, tenants=tenants)
        self.ledger = Ledger(ledger_url)
        make_ready(self.ledger)

    def _configured(self, tenant: Mapping[str, Any]) -> dict[str, Any]:
        """The tenant's part of a configuration file; times are seconds."""
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
        return {
            "hotwax": {**hotwax, **tenant.get("hotwax", {})},
            "retailpro": {**retailpro, **tenant.get("retailpro", {})},
            "policy": {"write_back_type": "SHOPIFY_ORD_NO", **tenant.get("policy", {})},
            "stores": dict(tenant.get("stores", STORES)),
            "waits": {**SHORT_WAITS, **tenant.get("waits", {})},
            **({"netsuite": tenant["netsuite"]} if "netsuite" in tenant else {}),
        }

    def write_configuration(self, path: Path, **changes: Mapping[str, Any]) -> Path:
        """This town's configuration as a file, with the secret beside it; `changes` go into its tables by name."""
        tables = {name: {**table, **changes.get(name, {})} for name, table in self.configured.items()}
        process = {"http_port": 0, "drain": 2, **changes.get("worker", {})}
        secret = path.with_name("hotwax.token")
        secret.write_text(tables["hotwax"].pop("token"), encoding="utf-8")
        tables["hotwax"]["token_file"] = secret.name
        lines = [f"ledger_url = {json.dumps(self.settings.ledger_url)}"]
        for name, table in {"worker": process, **{f"tenants.{self.tenant}.{n}": t for n, t in tables.items()}}.items():
            lines += _as_toml(name, table)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    # ---- workers -----------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def working(self, configuration: Path | None = None, **changes: Any) -> AsyncIterator[None]:
        """The workers of one worker process, running in this one; rules follow the configuration file where given."""
        settings = self.settings.model_copy(update=changes)
        tenants = LiveTenants(settings, open_budget(settings, self.ledger), configuration)
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(tenants.close)
            for worker in build_workers(Parts(self.client, self.ledger, tenants, settings)):
                await stack.enter_async_context(worker)
            yield

    def seed(self, *orders: Mapping[str, Any]) -> None:
        """Facilities, products and these orders in the sandbox."""
        self.sandbox.post("/admin/seed", {**basics(), "orders": list(orders)})

    # ---- the flow ----------------------------------------------------------------------------------------------------

    async def poll(self, workflow_id: str | None = None, **request: Any) -> FeedReport:
        """One run of the order feed."""
        report: FeedReport = await self.client.execute_workflow(
            ORDER_FEED_WORKFLOW,
            FeedRequest(tenant=self.tenant, **request),
            id=workflow_id or f"feed/{self.tenant}/{uuid.uuid4().hex}",
            task_queue=ORDERS_QUEUE,
            result_type=FeedReport,
        )
        return report

    async def start_missing(self, order_id: str) -> bool:
        """Start the order's workflow from the ledger, as `waybill recover` does; whether none ran."""
        return await self.starter.start_missing(self.known(order_id))

    async def tell(self, order_id: str) -> None:
        """Say that the order changed, as the feed does."""
        await self.starter.tell(self.known(order_id), "test")

    @property
    def starter(self) -> Starter:
        """What starts and wakes the orders of this town."""
        return Starter(self.client, self.settings.tenants[self.tenant].waits)

    def handle(self, order_id: str) -> WorkflowHandle[Any, OrderResult]:
        """The order's workflow."""
        return self.client.get_workflow_handle(order_workflow_id(self.tenant, order_id), result_type=OrderResult)

    async def command(self, order_id: str, verb: str, **fields: Any) -> CommandAnswer:
        """An operator's command, as an update."""
        command = a_command(**fields)
        handle = self.handle(order_id)
        answer: CommandAnswer = await handle.execute_update(verb, command, id=command.id, result_type=CommandAnswer)
        return answer

    async def refused(self, order_id: str, verb: str, **fields: Any) -> str:
        """Why this command is refused: by the validator, or by the books where the order was just asking them."""
        try:
            answer = await self.command(order_id, verb, **fields)
        except WorkflowUpdateFailedError as error:
            return str(error.cause)
        assert not answer.accepted, f"{verb} was not refused: {answer!r}"
        return answer.message

    async def signal(self, order_id: str, verb: str, **fields: Any) -> None:
        """An operator's command, as a signal."""
        await self.handle(order_id).signal(verb, a_command(**fields))

    async def ended(self, order_id: str, patience: float = PATIENCE) -> OrderResult:
        """What the order's workflow ended with."""
        async with asyncio.timeout(patience):
            return await self.handle(order_id).result()

    # ---- looking -----------------------------------------------------------------------------------------------------

    def order(self, order_id: str) -> OrderRow | None:
        """The order's row in the ledger."""
        with self.ledger.reading() as session:
            return session.get(OrderRow, (self.tenant, order_id))

    def known(self, order_id: str) -> OrderRow:
        """The row of an order that the ledger must know."""
        row = self.order(order_id)
        assert row is not None, f"the ledger does not know order {order_id}"
        return row

    def effects(self, order_id: str) -> list[EffectRow]:
        """The order's effects in the ledger."""
        with self.ledger.reading() as session:
            return list(effects.of_order(session, self.tenant, order_id))

    def timeline(self, order_id: str) -> list[JournalRow]:
        """The order's audit trail."""
        with self.ledger.reading() as session:
            return list(journal.timeline(session, self.tenant, order_id))

    async def details(self, order_id: str) -> str:
        """What the Web UI shows about the order."""
        metadata = await self.handle(order_id).query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
        return str(metadata.current_details)

    def invoices(self) -> list[tuple[str, str]]:
        """Number and store of every invoice in Retail Pro."""
        return [(row["number"], row["store"]) for row in self.sandbox.get("/admin/invoices")["invoices"]]

    def slips(self) -> list[tuple[str, str]]:
        """From and to of every slip in Retail Pro."""
        return sorted((row["store"], row["toStore"]) for row in self.sandbox.get("/admin/slips")["slips"])

    def numbers_in_hotwax(self, order_id: str) -> list[str]:
        """The invoice numbers that HotWax has for the order."""
        rows = self.sandbox.get("/admin/identifications", orderId=order_id, type="SHOPIFY_ORD_NO")["identifications"]
        return [row["idValue"] for row in rows]

    def calls_in_the_air(self) -> list[dict[str, Any]]:
        """The calls that the sandbox holds in mid-air."""
        held: list[dict[str, Any]] = self.sandbox.get("/admin/held")["held"]
        return held

    def prove(self, exclude: Sequence[str] = ()) -> None:
        """Fail unless every line is invoiced once and stock is right, by the sandbox's own word."""
        differences = self.sandbox.get("/admin/check", exclude=",".join(exclude))["differences"]
        # Two numbers on one order are right where it has a supplement: what must not be is one number twice.
        found = [d for d in differences if d["kind"] != "doubled_identification"]
        rows = self.sandbox.get("/admin/identifications", limit=100_000)["identifications"]
        numbers = [(row["orderId"], row["orderIdentificationTypeId"], row["idValue"]) for row in rows]
        assert (found, sorted(numbers)) == ([], sorted(set(numbers)))

    async def until_true(self, holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Return once it holds."""

        async def asked() -> bool:
            return holds()

        await self.until_async(asked, what, patience)

    async def until_async(self, holds: Callable[[], Awaitable[bool]], what: str, patience: float = PATIENCE) -> None:
        """Return once it holds, by the word of somebody who is asked over the network."""
        try:
            async with asyncio.timeout(patience):
                while not await holds():  # noqa: ASYNC110 - what other processes do raises no event here
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"never came true within {patience} s: {what}") from None

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


def _as_toml(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    yield f"[{name}]"
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    yield from (f"{k} = {json.dumps(v)}" for k, v in table.items() if k not in inner and v is not None)
    for key, value in inner.items():
        yield from _as_toml(f"{name}.{key}", value)


def a_command(**fields: Any) -> Command:
    """A command by some operator, with an id of its own."""
    return Command(**{"id": uuid.uuid4().hex, "operator": "ana", "reason": "test", **fields})


def an_order(order_id: str, *lines: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An order as the sandbox takes it; its number is `W` and its id."""
    return {"orderId": order_id, "orderName": f"#W{order_id}", "lines": list(lines), **more}


def minutes_ago(minutes: float) -> int:
    """A moment of the recent past, as HotWax spells it."""
    return int((time.time() - minutes * 60) * 1000)


def shipped(facility: str, product: str = "P1", price: float = 100, **more: Any) -> dict[str, Any]:
    """An order line that this facility has shipped."""
    return {"upc": UPCS[product], "unitPrice": price, "facilityId": facility, "statusId": "ITEM_COMPLETED", **more}


def open_line(facility: str, product: str = "P1", price: float = 100, **more: Any) -> dict[str, Any]:
    """An order line that is still to be shipped."""
    return {"upc": UPCS[product], "unitPrice": price, "facilityId": facility, **more}


def ledger_url(folder: Path) -> str:
    """A fresh SQLite ledger in this folder."""
    return f"sqlite:///{folder}/ledger-{datetime.now(UTC):%H%M%S%f}.db"
