"""What the tests of the HotWax driver share."""

from datetime import UTC, datetime
from typing import Any

from connectors import exact_json
from connectors.guard import writing_allowed
from connectors.hotwax.client import HotWax
from connectors.settings import HotWaxSettings
from domain.outcomes import WriteOutcome
from tests.support.raw_server import RawServer, an_answer
from tests.support.sandbox import SandboxProcess

ORDERS = "/rest/s1/oms/orders"
LOGIN = "/rest/s1/admin/login"
KIND = "NETSUITE_ORDER_ID"
AT = datetime(2025, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def answered(*bodies: Any) -> RawServer:
    """A HotWax that answers these values, one after the other."""
    return RawServer(*([an_answer(exact_json.dumps(body).encode())] for body in bodies))


def a_raw_hotwax(server: RawServer) -> HotWax:
    """A client with a long-lived token."""
    return HotWax("gt", HotWaxSettings.model_validate({"base_url": server.url, "token": "t", "timeout_read": 5}))


def logins(sandbox: SandboxProcess) -> int:
    """How often somebody logged in."""
    return len(sandbox.calls(path=LOGIN))


def write_number(hotwax: HotWax, order_id: str, kind: str = KIND, number: str = "700001") -> WriteOutcome:
    """Write a number as the effect mechanism does."""
    with writing_allowed():
        return hotwax.write_number(hotwax.number_body(order_id, kind, number, AT))


def numbers(sandbox: SandboxProcess, order_id: str) -> list[dict[str, Any]]:
    """What the order is called elsewhere."""
    found: list[dict[str, Any]] = sandbox.get("/admin/identifications", orderId=order_id)["identifications"]
    return found
