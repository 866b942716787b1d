"""Putting the parts together: from settings to a ledger, tenants' systems, and a connection to Temporal."""

import gc
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import structlog
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.runtime import Runtime

from activities.metrics import count_call
from activities.systems import Purchasing, TenantSystems, UnknownTenantError
from connectors.hotwax.client import HotWax
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_session import FileSession
from connectors.http import CallBudget as Budget
from connectors.netsuite.client import NetSuiteRest
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.sftp.client import SftpServer
from domain.keys import hotwax_queue, netsuite_queue, retailpro_queue
from ledger.budget import Allowance, CallBudget
from ledger.database import Ledger
from ledger.slots import SlotBudget
from operators.settings import ConfigurationError, NetSuiteSettings, Settings, TenantSettings, load

log = structlog.get_logger()


def spare_the_collector() -> None:
    """Have the garbage collector pass over what start-up made: it stays, and is most of what the collector meets."""
    gc.collect()
    gc.freeze()


class Budgets:
    """The budgets of all tenants' systems, shared with every other process on this ledger.

    NetSuite bounds calls side by side and nothing else, so its accounts have slots (docs/decisions/0008).
    """

    def __init__(self, calls: CallBudget, slots: SlotBudget, accounts: Collection[str]) -> None:
        self._calls, self._slots, self._accounts = calls, slots, accounts

    def cover(self, settings: TenantSettings) -> bool:
        """Whether a tenant's systems have budgets: an account that came later has none."""
        rest = settings.netsuite.rest if settings.netsuite else None
        return rest is None or rest.budget_name in self._accounts

    def turn(self, system: str) -> AbstractContextManager[None]:
        """A block in which one call to this system may be made."""
        return self._slots.turn(system) if system in self._accounts else self._calls.turn(system)

    def pause(self, system: str, seconds: float) -> None:
        """Nobody calls the system for so long: it asked for it."""
        (self._slots if system in self._accounts else self._calls).pause(system, seconds)

    def close(self) -> None:
        """Give back what others may use, and leave the ledger alone."""
        self._slots.close()
        self._calls.close()


def open_budget(settings: Settings, ledger: Ledger) -> Budgets:
    """The budgets of all tenants' systems, shared with every other process on this ledger."""
    allowances = {name: allowance for t, s in settings.tenants.items() for name, allowance in _allowances(t, s).items()}
    accounts = _accounts(settings)
    return Budgets(CallBudget(ledger, allowances), SlotBudget(ledger, accounts), accounts)


def _accounts(settings: Settings) -> dict[str, int]:
    """The slots of each NetSuite account; tenants that share one share its slots, as the most careful one says."""
    slots = dict[str, int]()
    for tenant in settings.tenants.values():
        if tenant.netsuite and (rest := tenant.netsuite.rest):
            slots[rest.budget_name] = min(rest.concurrency, slots.get(rest.budget_name, rest.concurrency))
    return slots


def _allowances(tenant: str, settings: TenantSettings) -> dict[str, Allowance]:
    pairs = ((hotwax_queue(tenant), settings.hotwax), (retailpro_queue(tenant), settings.retailpro))
    return {n: Allowance(concurrency=s.concurrency, per_second=s.calls_per_second) for n, s in pairs}


def longest_call(settings: TenantSettings) -> timedelta:
    """Longer than any turn at a tenant's systems: connecting, sending, waiting for an answer, and reading it.

    A turn at HotWax may have three calls: a login, a look-up and the write.
    """
    hotwax, retailpro = ((s.timeout_connect + s.timeout_read) * 2 for s in (settings.hotwax, settings.retailpro))
    return max(3 * hotwax, retailpro) + timedelta(seconds=1)


def longest_at_netsuite(settings: NetSuiteSettings) -> timedelta:
    """Longer than any turn at a tenant's NetSuite: a file that is published, or a receipt that is made over REST."""
    return max(_longest_ways(settings)) + timedelta(seconds=1)


def _longest_ways(settings: NetSuiteSettings) -> Iterator[timedelta]:
    if settings.sftp:
        # A file is written, read back and renamed on a connection that is there already.
        yield 10 * settings.sftp.timeout_read
    if rest := settings.rest:
        # A look for the receipt; three times the purchase order, a transform and its job; a look for the receipt again.
        call, job = (
            2 * (rest.timeout_connect + rest.timeout_read),
            rest.job_wait if rest.respond_async else timedelta(0),
        )
        yield 8 * call + 3 * job


def systems_of(tenant: str, settings: TenantSettings, budget: Budget) -> TenantSystems:
    """The connectors and rules of one tenant."""
    return TenantSystems(
        name=tenant,
        policy=settings.rules,
        oms=HotWax(tenant, settings.hotwax, budget, count_call, name=hotwax_queue(tenant)),
        pos=PartnerV1(settings.retailpro, budget, count_call, name=retailpro_queue(tenant)),
        slip_no_start=settings.retailpro.slip_no_start,
        feed_overlap=settings.hotwax.overlap,
        po=_purchasing_of(tenant, settings, budget),
    )


def _purchasing_of(tenant: str, settings: TenantSettings, budget: Budget) -> Purchasing | None:
    netsuite = settings.netsuite
    if netsuite is None:
        return None
    session = FileSession(hotwax_queue(tenant), settings.hotwax, budget, count_call)
    return Purchasing(
        policy=netsuite.policy,
        oms=HotWaxPurchase(settings.hotwax, session),
        sftp=SftpServer(netsuite_queue(tenant), netsuite.sftp) if netsuite.sftp else None,
        rest=NetSuiteRest(tenant, netsuite.rest, budget, count_call) if netsuite.rest else None,
        slots=netsuite.rest.concurrency if netsuite.rest else 1,
        waits=netsuite.waits,
        sizes=netsuite.sizes,
    )


class LiveTenants:
    """Tenants that follow the configuration file: an edited mapping or template works without a restart.

    A file that no longer makes sense is reported and changes nothing. Budgets, waits and new tenants need a restart of
    the worker, since its queues are made at the start.
    """

    def __init__(self, settings: Settings, budget: Budgets, path: Path | None = None) -> None:
        self._path, self._lock, self._budget = path, threading.Lock(), budget
        self._outlived: list[TenantSystems] = []
        self._systems = {name: systems_of(name, t, budget) for name, t in settings.tenants.items()}
        self._stamp = self._stamp_of_file()

    def get(self, tenant: str) -> TenantSystems:
        """The tenant's systems, with its rules as the file has them now.

        Raises:
            UnknownTenantError: the worker was started without this tenant.
        """
        if self._stamp_of_file() != self._stamp:
            self._reload()
        if tenant not in self._systems:
            raise UnknownTenantError(tenant)
        return self._systems[tenant]

    def close(self) -> None:
        """Close the connections to all systems."""
        for systems in (*self._systems.values(), *self._outlived):
            systems.close()
        self._budget.close()

    def _stamp_of_file(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat() if self._path else None
        except OSError:
            return self._stamp
        return (found.st_mtime_ns, found.st_size) if found else None

    def _reload(self) -> None:
        """Take the file over; whoever asks meanwhile waits, so that nobody decides by rules that were just replaced."""
        with self._lock:
            stamp = self._stamp_of_file()
            if stamp == self._stamp:
                return
            try:
                self._renew(load(self._path).tenants)
            except ConfigurationError as error:
                log.warning("configuration not taken over", problem=str(error), next="mend it; the old rules stay")
            finally:
                self._stamp = stamp

    def _renew(self, fresh: Mapping[str, TenantSettings]) -> None:
        mine = {n: s for n, s in fresh.items() if n in self._systems}
        if left := sorted(n for n, s in mine.items() if not self._budget.cover(s)):
            told = "restart the workers: these tenants' NetSuite accounts are new to them; their old rules stay"
            log.warning("configuration not taken over", tenants=left, next=told)
        renewed = {n: systems_of(n, s, self._budget) for n, s in mine.items() if n not in left}
        # Calls under way still use the old connections: they are closed with the worker.
        self._outlived += [self._systems[name] for name in renewed]
        self._systems |= renewed
        log.info("configuration taken over", tenants=sorted(renewed))


async def connect(runtime: Runtime | None = None) -> Client:
    """A connection to Temporal as its standard environment configuration says (`TEMPORAL_*`, `temporal.toml`)."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(**config, data_converter=pydantic_data_converter, runtime=runtime)
