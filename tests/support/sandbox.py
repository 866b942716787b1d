"""The sandbox as a process of its own, with a small client of its admin API (docs/sandbox.md)."""

import json
import selectors
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
_START_S = 60.0


class SandboxProcess:
    """A running sandbox on a free port; a context manager that ends it.

    Args:
        state: the folder that keeps its state; a second process on the same folder goes on where the first ended.
        port: a fixed port, for a restart at the same address.
        settings: its settings at the start, such as `invoice_repeat="ignores"`.
    """

    def __init__(self, state: Path, *, port: int = 0, **settings: object) -> None:
        self._command = [sys.executable, "-m", "sandbox", "--port", str(port), "--state", str(state)]
        for name, value in settings.items():
            self._command += ["--set", f"{name}={json.dumps(value)}"]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603 - our own module
        try:
            said = json.loads(self._first_line())
        except BaseException:
            self._end()
            raise
        self.hotwax_url: str = said["hotwax"]
        self.retailpro_url: str = said["retailpro"]
        self.netsuite_url: str = said["netsuite"]
        self.admin_url: str = said["admin"]
        self.admin = httpx.Client(base_url=self.admin_url, timeout=30, trust_env=False)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.admin.close()
        self._end()

    def get(self, path: str, /, **params: str | int) -> Any:
        """What the admin API answers."""
        return _checked(self.admin.get(path, params=params))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the admin API answers to this request."""
        return _checked(self.admin.post(path, json=body or {}))

    def seed(self, **rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """The ids of the orders that were made; rows by kind, such as `facilities` and `orders`."""
        made: list[str] = self.post("/admin/seed", rows)["orders"]
        return made

    def deed(self, action: str, order_id: str, **details: object) -> Any:
        """Let an associate do something to an order."""
        return self.post("/admin/deeds", {"action": action, "orderId": order_id, **details})

    def fault(self, kind: str, **definition: object) -> Any:
        """Arm a fault."""
        return self.post("/admin/faults", {"kind": kind, **definition})

    def heal(self) -> None:
        """Disarm all faults, and let held calls go."""
        _checked(self.admin.delete("/admin/faults"))
        self.post("/admin/release")

    def change(self, **settings: object) -> None:
        """Change settings of the running sandbox."""
        _checked(self.admin.patch("/admin/settings", json=settings))

    def calls(self, **filters: str | int) -> list[dict[str, Any]]:
        """The calls received, in order."""
        found: list[dict[str, Any]] = self.get("/admin/calls", **filters)["calls"]
        return found

    def books(self) -> dict[str, list[dict[str, Any]]]:
        """What Retail Pro's documents came to, as the merchant's export tells it (`connectors.retailpro.export_v1`)."""
        invoices = [
            {
                "OrderNo": row["number"],
                "DocumentNo": row["documentNo"],
                "InvoicingStore": row["store"],
                "TotalAmt": row["body"]["TotalAmt"],
                "Items": _items(row),
            }
            for row in self.get("/admin/invoices", limit=1_000_000)["invoices"]
        ]
        slips = [
            {"SlipNo": row["number"], "FromStore": row["store"], "ToStore": row["toStore"], "Items": _items(row)}
            for row in self.get("/admin/slips", limit=1_000_000)["slips"]
        ]
        stock = [
            {"Store": r["store"], "UPC": r["upc"], "Change": r["change"]} for r in self.get("/admin/stock")["stock"]
        ]
        return {"invoices": invoices, "slips": slips, "stock": stock}

    def _first_line(self) -> bytes:
        assert self.process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(_START_S), f"the sandbox said nothing for {_START_S} s"
        line = self.process.stdout.readline()
        assert line, f"the sandbox ended with status {self.process.wait()} before it was ready"
        return line

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def _checked(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json()


def _items(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"UPC": line["upc"], "Qty": line["quantity"], "StoreOrig": line.get("storeOrig")} for line in row["lines"]]
