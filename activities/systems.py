"""A tenant's remote systems and rules, as activities see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from connectors.po_ports import PurchasePort
from connectors.ports import OmsPort, PosPort
from connectors.sftp.port import FilePort
from domain.po_messages import PoSizes, PoWaits
from domain.policy import TenantPolicy
from domain.purchase_order import PoPolicy


class NoPurchasingError(LookupError):
    """The tenant has no purchase orders: its configuration names no files of NetSuite."""


@dataclass(frozen=True)
class Purchasing:
    """What a tenant's purchase orders need: rules, HotWax, NetSuite's files, and the sizes of what is sent at once."""

    policy: PoPolicy
    oms: PurchasePort
    files: FilePort
    waits: PoWaits
    sizes: PoSizes


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
