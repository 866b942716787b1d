"""The sandbox's admin API (docs/sandbox.md): the demo plays the outside world through it, and reads the outcome."""

import asyncio
import json
from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

_ALL = 1_000_000


class SandboxError(Exception):
    """The sandbox did not do what it was told; the message has its answer, or what came in its place."""


class Door:
    """A client of the admin API at this address."""

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=120, trust_env=False)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.aclose()

    async def get(self, path: str, **params: str | int) -> Any:
        """What the admin API answers."""
        return await _told(self._http.get(f"/admin/{path}", params=params))

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the admin API answers to this body."""
        return await _told(self._http.post(f"/admin/{path}", json=body))

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the admin API answers to these changes."""
        return await _told(self._http.patch(f"/admin/{path}", json=body))

    async def deed(self, deed: Mapping[str, Any]) -> None:
        """Let an associate do something to an order, now or later."""
        await self.post("deeds", deed)

    async def arm(self, fault: Mapping[str, Any]) -> int:
        """Arm a fault; its id."""
        armed = await self.post("faults", fault)
        return int(armed["id"])

    async def fired(self) -> Mapping[int, int]:
        """How many calls each fault hit, by its id."""
        return {int(fault["id"]): int(fault["fired"]) for fault in (await self.get("faults"))["faults"]}

    async def plans_left(self) -> int:
        """How many deeds are still to come."""
        return int((await self.get("counts"))["planned"])

    async def failed_plans(self) -> list[str]:
        """What associates could not do, and why."""
        rows = (await self.get("plan"))["plan"]
        return [f"{row['action']}: {row['error']}" for row in rows if row["state"] == "failed"]

    async def documents(self, kind: str) -> Sequence[Mapping[str, Any]]:
        """All `invoices` or `slips` in Retail Pro."""
        rows: Sequence[Mapping[str, Any]] = (await self.get(kind, limit=_ALL))[kind]
        return rows

    async def stock(self) -> Sequence[Mapping[str, Any]]:
        """Start, change and quantity of each store and UPC."""
        rows: Sequence[Mapping[str, Any]] = (await self.get("stock"))["stock"]
        return rows

    async def export(self) -> dict[str, list[dict[str, Any]]]:
        """What Retail Pro's documents came to, whatever was sent, as the export tells it (`export_v1`)."""
        return {
            "invoices": [_invoice(row) for row in await self.documents("invoices")],
            "slips": [_slip(row) for row in await self.documents("slips")],
            "stock": [
                {"Store": row["store"], "UPC": row["upc"], "Change": row["change"]} for row in await self.stock()
            ],
        }

    async def write_export(self, file: Path) -> None:
        """Write the export to where `waybill prove` reads it, as a merchant's report would."""
        await asyncio.to_thread(file.write_text, json.dumps(await self.export()), "utf-8")


def _invoice(row: Mapping[str, Any]) -> dict[str, Any]:
    number, store = {"OrderNo": row["number"], "DocumentNo": row["documentNo"]}, {"InvoicingStore": row["store"]}
    return {**number, **store, "TotalAmt": row["body"]["TotalAmt"], "Items": _items(row)}


def _slip(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"SlipNo": row["number"], "FromStore": row["store"], "ToStore": row["toStore"], "Items": _items(row)}


def _items(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"UPC": line["upc"], "Qty": line["quantity"], "StoreOrig": line.get("storeOrig")} for line in row["lines"]]


async def _told(call: Awaitable[httpx.Response]) -> Any:
    try:
        answer = await call
    except httpx.HTTPError as error:
        raise SandboxError(f"the sandbox gave no answer: {error!r}") from error
    if not answer.is_success:
        raise SandboxError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
    return answer.json()
