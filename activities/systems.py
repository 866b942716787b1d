"""A tenant's remote systems and rules, as activities see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from connectors.ports import OmsPort, PosPort
from domain.policy import TenantPolicy


@dataclass(frozen=True)
class TenantSystems:
    """One tenant: its policy and the connectors to its systems."""

    name: str
    policy: TenantPolicy
    oms: OmsPort
    pos: PosPort
    slip_no_start: int = 1
    feed_overlap: timedelta = timedelta(minutes=5)


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
