"""What a command works with: the settings, the ledger, a tenant's systems and a connection to Temporal."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from activities.starting import PoStarter, Starter
from activities.systems import TenantSystems
from domain.purchase_order import PoPolicy
from ledger.database import Ledger
from ledger.migrate import check
from operators.bootstrap import connect, open_budget, systems_of
from operators.cli.command import quiet_logs, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import tenants_of
from operators.po_queries import tenants_beside
from operators.settings import NetSuiteSettings, Settings, load

CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Office:
    """An opened configuration and its ledger."""

    settings: Settings
    ledger: Ledger

    def tenants(self, tenant: str | None) -> list[str]:
        """The tenant that a command names, or all; a person is told of those that only the ledger has.

        Raises:
            Trouble: the configuration has no such tenant, or none at all.
        """
        names = tenants_of(self.settings, tenant)
        if tenant is None and (left_out := self.left_out()):
            say(
                f"NOT LOOKED AT: {', '.join(left_out)}: orders in the ledger that have not ended, of a tenant that"
                " waybill.toml does not have. Give it its name back, or put it back until they have ended"
            )
        return names

    def left_out(self) -> list[str]:
        """Tenants of orders and purchase orders that have not ended, which the configuration does not have."""
        with self.ledger.reading() as session:
            return tenants_beside(session, self.settings.tenants)

    @contextmanager
    def systems(self, tenant: str) -> Iterator[TenantSystems]:
        """The tenant's systems, within the budget that all processes share."""
        budget = open_budget(self.settings, self.ledger)
        systems = systems_of(tenant, self.settings.tenants[tenant], budget)
        try:
            yield systems
        finally:
            systems.close()
            budget.close()

    def starter(self, client: Client, tenant: str) -> Starter:
        """Starts and wakes the workflows of this tenant's orders."""
        return Starter(client, self.settings.tenants[tenant].waits)

    def netsuite(self, tenant: str) -> NetSuiteSettings:
        """What the configuration says about this tenant's purchase orders.

        Raises:
            Trouble: it says nothing about them.
        """
        found = self.settings.tenants[tenant].netsuite
        if found is None:
            raise Trouble(Exit.USAGE, f"tenant {tenant} has no purchase orders: add [tenants.{tenant}.netsuite]")
        return found

    def po_policy(self, tenant: str) -> PoPolicy:
        """The tenant's rules for purchase orders; those of nobody where the configuration does not know it any more."""
        found = self.settings.tenants.get(tenant)
        return found.netsuite.policy if found and found.netsuite else PoPolicy()

    def po_starter(self, client: Client, tenant: str) -> PoStarter:
        """Starts and wakes the workflows of this tenant's purchase orders."""
        return PoStarter(client, self.netsuite(tenant).waits)


@contextmanager
def office() -> Iterator[Office]:
    """The configuration and the ledger, which must be set up.

    Raises:
        ConfigurationError: the configuration cannot be used.
        SchemaOutdatedError: `waybill setup` has to run first.
    """
    quiet_logs()
    settings = load()
    ledger = Ledger(settings.ledger_url)
    try:
        check(ledger)
        yield Office(settings, ledger)
    finally:
        ledger.close()


def temporal_target() -> tuple[str, str]:
    """Where Temporal is and which namespace is used, as the environment says."""
    config: dict[str, Any] = dict(ClientConfig.load_client_connect_config())
    return config.get("target_host", "127.0.0.1:7233"), config.get("namespace", "default")


async def temporal() -> Client:
    """A connection to Temporal.

    Raises:
        Trouble: nobody answers there.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await connect()
    except (RPCError, RuntimeError, TimeoutError) as error:
        raise no_temporal(error) from None


def no_temporal(error: BaseException) -> Trouble:
    """What an operator reads when Temporal does not answer, or does not know the namespace."""
    address, namespace = temporal_target()
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        advice = "run `waybill setup`, or mend TEMPORAL_NAMESPACE"
        return Trouble(Exit.USAGE, f"Temporal at {address} has no namespace {namespace}: {advice}")
    reason = str(error).splitlines()[0] if str(error) else f"no answer within {CONNECT_SECONDS:g} s"
    advice = "start it (`waybill server` runs a dev server), or set TEMPORAL_ADDRESS"
    return Trouble(Exit.OUT_OF_REACH, f"Temporal at {address} is out of reach ({reason}): {advice}")
