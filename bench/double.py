"""The sandbox as a process of its own, and the few words of its admin API that the bench speaks."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from bench.processes import Program, free_port

UPC = "0740000000011"
STORES = ("GT101", "GT205", "GT307")
_BATCH = 250
_BASICS = {
    "facilities": [{"facilityId": store} for store in STORES],
    "products": [{"productId": "P1", "upc": UPC}],
}


class Double(Program):
    """A sandbox HotWax and Retail Pro without latency, which counts calls and keeps none.

    Args:
        folder: where its state is; a second one on the same folder goes on where the first ended.
        port: its port; the same again after a restart.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = ["-m", "sandbox", "--port", str(self.port), "--state", str(folder), "--set", "record=counts"]
        super().__init__("the sandbox", arguments, folder / "sandbox.log", {})

    async def up(self) -> None:
        """Wait until it answers."""
        await self.ready(f"{self.url}/admin/health")

    async def reset(self) -> None:
        """Forget all orders and documents; make stores and a product."""
        await self.post("/admin/reset", {})
        await self.post("/admin/seed", _BASICS)

    async def seed(self, orders: Sequence[Mapping[str, Any]]) -> None:
        """Make these orders, a batch at a time."""
        for start in range(0, len(orders), _BATCH):
            await self.post("/admin/seed", {"orders": list(orders[start : start + _BATCH])})

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the admin API answers to this request."""
        async with httpx.AsyncClient(base_url=self.url, timeout=120, trust_env=False) as client:
            return (await client.post(path, json=dict(body))).raise_for_status().json()

    async def prove(self) -> None:
        """Make sure that every shipped line was invoiced once and all stock is right.

        Raises:
            RuntimeError: it is not; a speed that was reached by wrong work is worth nothing.
        """
        async with httpx.AsyncClient(base_url=self.url, timeout=120, trust_env=False) as client:
            found = (await client.get("/admin/check")).raise_for_status().json()
        if not found["ok"]:
            raise RuntimeError(f"the sandbox found wrong work: {found['differences'][:5]}")


def fulfilled(order_id: str, stores: int = 1) -> dict[str, Any]:
    """An order whose lines have been shipped, one from each of so many stores."""
    lines = [_line(store, "ITEM_COMPLETED") for store in STORES[:stores]]
    return {"orderId": order_id, "orderName": f"#{order_id}", "shipping": 15, "lines": lines}


def waiting(order_id: str) -> dict[str, Any]:
    """An order with a shipped line and one that is still to be shipped."""
    lines = [_line(STORES[0], "ITEM_COMPLETED"), _line(STORES[1], "ITEM_APPROVED")]
    return {"orderId": order_id, "orderName": f"#{order_id}", "lines": lines}


def _line(store: str, status: str) -> dict[str, Any]:
    return {"upc": UPC, "unitPrice": 100, "facilityId": store, "statusId": status, "taxes": [10.71]}


async def fulfill_all(double: Double, order_ids: Sequence[str], at_once: int = 4) -> None:
    """Let associates ship every open line of these orders now."""
    limit = asyncio.Semaphore(at_once)

    async def fulfill(client: httpx.AsyncClient, order_id: str) -> None:
        async with limit:
            deed = {"action": "fulfill", "orderId": order_id}
            (await client.post("/admin/deeds", json=deed)).raise_for_status()

    async with httpx.AsyncClient(base_url=double.url, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(fulfill(client, order_id) for order_id in order_ids))
