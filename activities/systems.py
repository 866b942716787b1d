"""A tenant's remote systems and rules, as activities see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from connectors.netsuite.port import NetSuitePort
from connectors.po_ports import PurchasePort
from connectors.ports import OmsPort, PosPort
from connectors.sftp.port import FilePort
from domain.po_messages import PoSizes, PoWaits
from domain.policy import TenantPolicy
from domain.purchase_order import PoPolicy


class NoPurchasingError(LookupError):
    """The tenant has no purchase orders, or no such way to NetSuite: its configuration does not name it."""


@dataclass(frozen=True)
class Purchasing:
    """What a tenant's purchase orders need: rules, HotWax, the ways to NetSuite, and the sizes of what is sent at once.

    `slots` is how many calls over REST may run side by side.
    """

    policy: PoPolicy
    oms: PurchasePort
    waits: PoWaits
    sizes: PoSizes
    sftp: FilePort | None = None
    rest: NetSuitePort | None = None
    slots: int = 1

    @property
    def files(self) -> FilePort:
        """NetSuite's files.

        Raises:
            NoPurchasingError: the configuration names no server of files.
        """
        if self.sftp is None:
            raise NoPurchasingError(f"netsuite_mode is {self.policy.netsuite_mode}, and there is no netsuite.sftp")
        return self.sftp

    @property
    def netsuite(self) -> NetSuitePort:
        """NetSuite over REST.

        Raises:
            NoPurchasingError: the configuration names no account.
        """
        if self.rest is None:
            raise NoPurchasingError(f"netsuite_mode is {self.policy.netsuite_mode}, and there is no netsuite.rest")
        return self.rest


@dataclass(frozen=True)
class TenantSystems:
    """One tenant: its policy and the connectors to its systems."""

    name: str
    policy: TenantPolicy
    oms: OmsPort
    pos: PosPort
    slip_no_start: int = 1
    feed_overlap: timedelta = timedelta(minutes=5)
    po: Purchasing | None = None

    def close(self) -> None:
        """Let go of all connections."""
        self.oms.close()
        self.pos.close()
        if self.po:
            self.po.oms.close()
        if self.po and self.po.rest:
            self.po.rest.close()

    @property
    def purchasing(self) -> Purchasing:
        """What the tenant's purchase orders need.

        Raises:
            NoPurchasingError: the configuration has no purchase orders for this tenant.
        """
        if self.po is None:
            raise NoPurchasingError(f"tenant {self.name} has no [tenants.{self.name}.netsuite] in waybill.toml")
        return self.po


class UnknownTenantError(KeyError):
    """The worker was started without this tenant."""


class Tenants(Protocol):
    """Where activities find a tenant; the answer may change when the configuration was edited."""

    def get(self, tenant: str) -> TenantSystems:
        """The tenant's systems.

        Raises:
            UnknownTenantError: the configuration knows no such tenant.
        """
        ...


@dataclass(frozen=True)
class FixedTenants:
    """Tenants that never change, for one-off commands and tests."""

    tenants: Mapping[str, TenantSystems]

    def get(self, tenant: str) -> TenantSystems:
        """The tenant's systems."""
        if tenant not in self.tenants:
            raise UnknownTenantError(tenant)
        return self.tenants[tenant]
