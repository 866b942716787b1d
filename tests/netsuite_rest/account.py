"""An account in the sandbox's NetSuite, and a client of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.guard import writing_allowed
from connectors.http import CallBudget, OnCall
from connectors.netsuite.client import NetSuiteRest
from connectors.netsuite.settings import RestSettings
from domain.outcomes import WriteOutcome
from domain.purchase_order import ReceiptToSend
from tests.netsuite_rest.keys import public_pem, write_key
from tests.support.raw_server import RawServer, an_answer
from tests.support.sandbox import SandboxProcess

CLIENT = "client-1"
AT = datetime(2026, 11, 20, 18, tzinfo=UTC)
LINES: Sequence[Mapping[str, Any]] = (
    {"line": 1, "item": "SHOE-42", "quantity": 24, "location": 17, "expected": "2026-11-30"},
    {"line": 4, "item": "BOOT", "quantity": 3, "unit": "CASE", "unitRate": 12, "location": 17},
    {"line": 7, "item": "BELT", "quantity": 10, "location": 18, "closed": True},
)


class Account:
    """The sandbox's NetSuite with one certificate, number 1, registered as `cert-1`."""

    def __init__(self, sandbox: SandboxProcess, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self._opened: list[NetSuiteRest] = []
        self.register(1)

    def register(self, number: int, **more: Any) -> None:
        """Let the account know a key's certificate."""
        known = {"certificateId": f"cert-{number}", "clientId": CLIENT, "certificate": public_pem(number), **more}
        self.sandbox.post("/admin/netsuite/certificates", known)

    def revoke(self, number: int) -> None:
        """Revoke a certificate, and void the tokens that it has got."""
        assert self.sandbox.admin.delete(f"/admin/netsuite/certificates/cert-{number}").is_success
        self.sandbox.post("/admin/expire-tokens", {"system": "netsuite"})

    def permit(self, *, without: str) -> None:
        """Take a permission from the role."""
        path = "/admin/netsuite/certificates"
        has = self.sandbox.get(path)["certificates"][0]["permissions"]
        left = {"permissions": [each for each in has if each != without]}
        assert self.sandbox.admin.patch(f"{path}/cert-1", json=left).is_success

    def key(self, number: int = 1) -> dict[str, str]:
        """The settings of a key."""
        return {"private_key": str(write_key(self.folder, number)), "certificate_id": f"cert-{number}"}

    def settings(self, **more: Any) -> RestSettings:
        """How the account is reached."""
        given = {"base_url": self.sandbox.hotwax_url, "account": "1234567_SB1", "client_id": CLIENT, "key": self.key()}
        return RestSettings.model_validate({**given, "visible_after": 0, "timeout_read": 60, **more})

    def client(self, budget: CallBudget | None = None, on_call: OnCall | None = None, **more: Any) -> NetSuiteRest:
        """A client; keywords are settings."""
        made = NetSuiteRest("gt", self.settings(**more), budget, on_call)
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Close all clients."""
        for each in self._opened:
            each.close()

    def order(self, po_id: int = 4410021, lines: Sequence[Mapping[str, Any]] = LINES, **more: Any) -> str:
        """Seed a purchase order; its internal id."""
        self.sandbox.post("/admin/netsuite/seed", {"purchaseOrders": [{"poId": po_id, "lines": list(lines), **more}]})
        return str(po_id)

    def act(self, action: str, po_id: str, **more: Any) -> None:
        """Let people do something in NetSuite."""
        self.sandbox.post("/admin/netsuite/acts", {"action": action, "poId": int(po_id), **more})

    def made(self, po_id: str) -> list[dict[str, Any]]:
        """The item receipts of a purchase order, with their quantities by line."""
        receipts = self.sandbox.get("/admin/netsuite/receipts", poId=po_id)["receipts"]
        return [
            {"id": str(r["id"]), "externalId": r["externalId"], "lines": _quantities(r), "date": r["tranDate"]}
            for r in receipts
        ]

    def calls(self, method: str, part: str) -> list[dict[str, Any]]:
        """The calls with this method and this part of the path."""
        return [c for c in self.sandbox.calls(system="netsuite", method=method) if part in c["path"]]


def _quantities(receipt: Mapping[str, Any]) -> dict[str, Decimal]:
    return {str(line["line"]): Decimal(line["quantity"]) for line in receipt["lines"]}


def a_receipt(po_id: str = "4410021", receipt_id: str = "4410021-SH1", **lines: str | None) -> ReceiptToSend:
    """A receipt; lines as `l1="4"`, or None where they are not received."""
    quantities = {name[1:]: None if value is None else Decimal(value) for name, value in lines.items()}
    given = quantities or {"1": Decimal(4), "4": None}
    return ReceiptToSend(receipt_id=receipt_id, po_id=po_id, received_at=AT, quantities=given)


def create(client: NetSuiteRest, body: str) -> WriteOutcome:
    """Make a receipt as the effect mechanism does."""
    with writing_allowed():
        return client.create_receipt(body)


@contextmanager
def answering(folder: Path, *bodies: bytes, status: str = "200 OK") -> Iterator[NetSuiteRest]:
    """A client of a server that gives a token, and then these answers; the last one for ever, with this status."""
    *first, last = bodies
    answers = [an_answer(body) for body in (b'{"access_token":"t","expires_in":"3600"}', *first)]
    with RawServer(*([answer] for answer in answers), [an_answer(last, status)]) as server:
        key = {"private_key": str(write_key(folder)), "certificate_id": "c"}
        given = {"base_url": server.url, "account": "1", "client_id": "x", "key": key, "timeout_read": 5}
        with closing(NetSuiteRest("gt", RestSettings.model_validate(given))) as client:
            yield client
