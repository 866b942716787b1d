"""A running sandbox, and clients of it that are closed at the end of each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from connectors.hotwax.client import HotWax
from connectors.http import CallBudget, OnCall
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.settings import HotWaxSettings, RetailProSettings
from tests.support.sandbox import SandboxProcess

MakeHotWax = Callable[..., HotWax]
MakePartner = Callable[..., PartnerV1]


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all tests of the connectors."""
    state: Path = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(state) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """The sandbox as if it had just been started for the first time."""
    running_sandbox.post("/admin/reset", {"settings": True})
    yield running_sandbox
    running_sandbox.heal()


@pytest.fixture
def closers() -> Iterator[ExitStack]:
    """What is to be closed at the end of a test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def make_hotwax(sandbox: SandboxProcess, closers: ExitStack) -> MakeHotWax:
    """A maker of clients for the sandbox's HotWax; keywords are settings."""

    def make(budget: CallBudget | None = None, on_call: OnCall | None = None, **settings: Any) -> HotWax:
        login = {} if "token" in settings else {"username": "waybill", "password": "waybill"}
        given = {"base_url": sandbox.hotwax_url, "timeout_read": 20, **login, **settings}
        client = HotWax("gt", HotWaxSettings.model_validate(given), budget, on_call)
        return closers.enter_context(closing(client))

    return make


@pytest.fixture
def make_partner(sandbox: SandboxProcess, closers: ExitStack) -> MakePartner:
    """A maker of clients for the sandbox's Retail Pro; keywords are settings."""

    def make(budget: CallBudget | None = None, on_call: OnCall | None = None, **settings: Any) -> PartnerV1:
        given = {
            "base_url": sandbox.retailpro_url,
            "timeout_read": 20,
            "identity_type_default": "dpi",
            "identity_number_default": "CF",
            **settings,
        }
        return closers.enter_context(closing(PartnerV1(RetailProSettings.model_validate(given), budget, on_call)))

    return make


@pytest.fixture
def order_id(sandbox: SandboxProcess) -> str:
    """An order of two lines, the second picked up in another store."""
    (made,) = sandbox.seed(
        facilities=[{"facilityId": "GT101"}, {"facilityId": "GT205"}],
        products=[{"productId": "P1", "upc": "0740000000011"}, {"productId": "P2", "upc": "0740000000028"}],
        shipmentMethods=[{"shipmentMethodTypeId": "CURBSIDE", "parentTypeId": "STOREPICKUP"}],
        orders=[
            {
                "orderName": "#1102",
                "emptyShipGroups": 2,
                "shipping": 3.25,
                "discount": -2,
                "attributes": {"customerId": "123"},
                "lines": [
                    {
                        "productId": "P1",
                        "facilityId": "GT101",
                        "unitPrice": 100.1,
                        "taxes": [7.05, 3.1],
                        "discount": -10.1,
                    },
                    {"productId": "P2", "facilityId": "GT205", "shipmentMethodTypeId": "CURBSIDE"},
                ],
            }
        ],
    )
    return made
