"""NetSuite in tests: its admin API in short words, and the folders that its scripts read and write."""

import json
from pathlib import Path
from typing import Any

from tests.support.sandbox import SandboxProcess

STORES = [{"facilityId": "GT101", "externalId": "17"}, {"facilityId": "GT205", "externalId": "18"}]
PRODUCTS = [{"productId": f"P{number}", "sku": f"SKU-{number}"} for number in (1, 2, 3)]
FULFILLMENT, RECEIPT = "purchaseorder/fulfillment", "purchaseorder/receipt"


class NetSuite:
    """The sandbox's NetSuite with its SFTP folder on disk."""

    def __init__(self, sandbox: SandboxProcess, folder: Path) -> None:
        self.sandbox = sandbox
        self.base = folder / "netsuite"

    def order(self, *lines: dict[str, Any], **fields: Any) -> str:
        """The internal id of a new purchase order; by default of lines 1 (20 of SKU-1) and 4 (12 of SKU-2)."""
        made = [dict(line) for line in lines] or [
            {"item": "SKU-1", "quantity": 20, "location": 17},
            {"item": "SKU-2", "quantity": 12, "location": 17, "expected": "2026-06-15"},
        ]
        [po_id] = self.sandbox.post("/admin/netsuite/seed", {"purchaseOrders": [{**fields, "lines": made}]})[
            "purchaseOrders"
        ]
        assert isinstance(po_id, str)
        return po_id

    def act(self, action: str, po_id: str, **fields: Any) -> dict[str, Any]:
        """The purchase order after somebody did something to it."""
        done: dict[str, Any] = self.sandbox.post("/admin/netsuite/acts", {"action": action, "poId": po_id, **fields})
        return done

    def read(self, po_id: str) -> dict[str, Any]:
        """A purchase order with its receipts."""
        found: dict[str, Any] = self.sandbox.get(f"/admin/netsuite/purchase-orders/{po_id}")
        return found

    def received(self, po_id: str) -> dict[int, str]:
        """What is received by line."""
        return {line["line"]: line["received"] for line in self.read(po_id)["lines"]}

    def run(self, script: str, kind: str | None = None) -> dict[str, Any]:
        """The report of a run that may have ended badly."""
        report: dict[str, Any] = self.sandbox.post("/admin/netsuite/run", {"script": script, "kind": kind})
        return report

    def good_run(self, script: str, kind: str | None = None) -> list[str]:
        """The files of a run that ended well."""
        report = self.run(script, kind)
        assert report["error"] is None, report
        files: list[str] = report.get("files", [])
        return files

    def fault(self, kind: str, **fields: Any) -> None:
        """Trouble for the next run."""
        self.sandbox.post("/admin/netsuite/faults", {"kind": kind, **fields})

    def put(self, name: str, content: object, folder: str = RECEIPT) -> None:
        """Write a file that NetSuite will find: bytes as they are, anything else as JSON."""
        place = self.base / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())

    def files(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        place = self.base / folder
        return sorted(path.name for path in place.iterdir() if path.is_file()) if place.exists() else []

    def text(self, folder: str, name: str) -> str:
        """A file's text, line ends as they are."""
        return (self.base / folder / name).read_bytes().decode()

    def ack(self, name: str) -> dict[str, Any]:
        """The answer to a receipt file."""
        found: dict[str, Any] = json.loads(self.text(f"{RECEIPT}/ack", f"{name.removesuffix('.json')}.ack.json"))
        return found

    def differences(self, **query: str) -> list[tuple[str, str]]:
        """The kinds and keys of what the sandbox finds wrong."""
        found = self.sandbox.get("/admin/netsuite/check", **query)
        assert found["ok"] is not bool(found["differences"])
        return [(row["kind"], row["key"]) for row in found["differences"]]


def entry(po_id: str, receipt_id: str | None = None, **quantities: Any) -> dict[str, Any]:
    """One receipt for a file; quantities by line id, such as `line_1="20"`."""
    items = [{"line_id": name.removeprefix("line_"), "quantity": value} for name, value in quantities.items()]
    ours = {"receipt_id": receipt_id, "received_at": "2026-11-20T18:00:00Z"} if receipt_id else {}
    return {"order_id": po_id, **ours, "items": items}
