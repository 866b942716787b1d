"""Does everything answer? One probe for each connection; none of them writes anything."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.attributes import REGISTERED
from connectors.errors import ConnectorError, NotFound
from connectors.hotwax.client import HotWax
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_session import FileSession
from connectors.netsuite.client import NetSuiteRest
from connectors.netsuite.settings import RestSettings
from connectors.settings import HotWaxSettings, HttpSettings, RetailProSettings
from connectors.sftp.client import SftpServer, SftpSession
from connectors.sftp.settings import SftpSettings
from domain.base import Frozen
from domain.purchase_order import NetSuiteMode
from ledger.database import Ledger
from ledger.migrate import SchemaOutdatedError, check
from operators.bootstrap import connect
from operators.settings import NetSuiteSettings, Settings, TenantSettings

PATIENCE_S = 10.0
NOTHING = "waybill-config-check"
"""An upload that HotWax does not have: to ask for it reads its log."""


class Probe(Frozen):
    """What one connection answered, and what to do where it did not."""

    name: str
    ok: bool
    detail: str
    what_to_do: str = ""


async def probe_all(settings: Settings) -> list[Probe]:
    """One probe for the ledger, Temporal, and each system of each tenant."""
    found = [await asyncio.to_thread(_ledger, settings), await _temporal()]
    for tenant, systems in settings.tenants.items():
        found.append(await asyncio.to_thread(_hotwax, tenant, systems))
        found.append(await asyncio.to_thread(_retailpro, tenant, systems.retailpro))
        if systems.retailpro.proof_export:
            found.append(await asyncio.to_thread(_export, tenant, systems.retailpro))
        if netsuite := systems.netsuite:
            found.append(await asyncio.to_thread(_purchasing, tenant, systems.hotwax))
            found += await asyncio.to_thread(_netsuite, tenant, netsuite)
    return found


def _ledger(settings: Settings) -> Probe:
    url = make_url(settings.ledger_url)
    where = url.render_as_string()
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        # To open it would make it.
        return Probe(name="ledger", ok=False, detail=f"{where} is not there yet", what_to_do="waybill setup")
    ledger = Ledger(settings.ledger_url)
    try:
        check(ledger)
    except SchemaOutdatedError as error:
        return Probe(name="ledger", ok=False, detail=str(error), what_to_do="waybill setup")
    except Exception as error:  # noqa: BLE001 - whatever a database driver raises, the probe names it
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        advice = "start the database, or mend ledger_url or DATABASE_URL"
        return Probe(name="ledger", ok=False, detail=f"{where}: {reason}", what_to_do=advice)
    finally:
        ledger.close()
    return Probe(name="ledger", ok=True, detail=where)


async def _temporal() -> Probe:
    try:
        async with asyncio.timeout(PATIENCE_S):
            client = await connect()
            missing = await what_is_missing(client)
    except (RPCError, RuntimeError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else f"no answer within {PATIENCE_S:g} s"
        advice = "start it (`waybill server` runs a dev server), or set TEMPORAL_ADDRESS and the other TEMPORAL_*"
        return Probe(name="temporal", ok=False, detail=reason, what_to_do=advice)
    if missing:
        return Probe(name="temporal", ok=False, detail=f"there is no {', '.join(missing)}", what_to_do="waybill setup")
    return Probe(name="temporal", ok=True, detail=f"{client.service_client.config.target_host}, {client.namespace}")


async def what_is_missing(client: Client) -> list[str]:
    """What `waybill setup` has not made in Temporal yet."""
    namespace = client.namespace
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=namespace))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return [f"namespace {namespace}"]
        raise
    there = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=namespace))
    return [f"search attribute {name}" for name in REGISTERED if name not in there.custom_attributes]


def _hotwax(tenant: str, settings: TenantSettings) -> Probe:
    """Log in and read one page of events of the last moment."""
    name = f"hotwax of {tenant}"
    oms = HotWax(tenant, settings.hotwax, name=name)
    try:
        oms.events_since(datetime.now(UTC), 0)
    except ConnectorError as error:
        advice = f"check base_url, credentials and permissions under [tenants.{tenant}.hotwax]"
        return Probe(name=name, ok=False, detail=error.message, what_to_do=advice)
    finally:
        oms.close()
    return Probe(name=name, ok=True, detail=f"{settings.hotwax.base_url}: logged in, events read")


def _retailpro(tenant: str, settings: RetailProSettings) -> Probe:
    """Reach it, no more: the partner service has no call that only reads (retailpro 9.2)."""
    name = f"retailpro of {tenant}"
    advice = f"check base_url, firewall and certificates under [tenants.{tenant}.retailpro]"
    return _tried(name, advice, lambda: _reach(settings))


def _export(tenant: str, settings: RetailProSettings) -> Probe:
    name, location = f"proof export of {tenant}", settings.proof_export or ""
    advice = f"mend proof_export under [tenants.{tenant}.retailpro]: `waybill prove` reads it"
    if location.startswith(("http://", "https://")):
        return _tried(name, advice, lambda: _reach(settings.model_copy(update={"base_url": location})))
    found = Path(location).is_file()
    return Probe(
        name=name, ok=found, detail=location if found else f"no file {location}", what_to_do=advice * (not found)
    )


def _purchasing(tenant: str, settings: HotWaxSettings) -> Probe:
    """Read what the purchase order flow reads: receipts, the shipments they belong to, and the log of imports."""
    name = f"purchase orders in hotwax of {tenant}"
    read = f"receipts, shipments and {settings.import_log_entity}"
    oms = HotWaxPurchase(settings, FileSession(name, settings))
    try:
        oms.receipts_since(datetime.now(UTC), 0)
        problem = oms.receipts_of(NOTHING).unread
        oms.import_progress(NOTHING)
    except ConnectorError as error:
        problem = error.message
    finally:
        oms.close()
    if problem:
        advice = f"permit entityData on {read}, or mend [tenants.{tenant}.hotwax]"
        return Probe(name=name, ok=False, detail=problem, what_to_do=advice)
    return Probe(name=name, ok=True, detail=f"{read} read")


def _netsuite(tenant: str, settings: NetSuiteSettings) -> list[Probe]:
    """The ways to NetSuite that are configured, used or not."""
    files = [_files(tenant, settings, settings.sftp)] if settings.sftp else []
    logins = settings.rest.by_each_key if settings.rest else {}
    return [*files, *(_account(tenant, key, rest, settings.policy.netsuite_mode) for key, rest in logins.items())]


def _account(tenant: str, key: str, settings: RestSettings, mode: NetSuiteMode) -> Probe:
    """Log in with this key, and ask for what the flow does this way: where receipts go by file, it only reads."""
    name, place = f"netsuite of {tenant}, by {key}", f"[tenants.{tenant}.netsuite.rest] and its {key}"
    netsuite = NetSuiteRest(tenant, settings)
    try:
        return Probe(name=name, ok=True, detail=netsuite.check(makes_receipts=mode is NetSuiteMode.REST))
    except ConnectorError as error:
        return Probe(name=name, ok=False, detail=error.message, what_to_do=f"check {place}; docs/netsuite-rest.md")
    finally:
        netsuite.close()


def _files(tenant: str, settings: NetSuiteSettings, sftp: SftpSettings) -> Probe:
    """Check the host key, log in, and look into the folders that others must have made."""
    name, place = f"sftp of {tenant}", f"[tenants.{tenant}.netsuite.sftp]"
    where = f"{sftp.host}:{sftp.port}"
    paths = _folders(settings, sftp)
    try:
        with SftpServer(name, sftp).session() as session:
            missing = [path for path in paths if not _is_folder(session, path)]
    except ConnectorError as error:
        advice = f"check host, host_keys and login under {place}; docs/sftp.md tells how"
        return Probe(name=name, ok=False, detail=error.message, what_to_do=advice)
    if missing:
        advice = f"make them on the server, or mend the folders under {place}"
        return Probe(name=name, ok=False, detail=f"{where} has no folder {', '.join(missing)}", what_to_do=advice)
    return Probe(name=name, ok=True, detail=f"{where}: host key is pinned, logged in, read {', '.join(paths)}")


def _folders(settings: NetSuiteSettings, sftp: SftpSettings) -> list[str]:
    folders = sftp.folders
    answers = [folders.acks.path] if settings.policy.netsuite_mode is NetSuiteMode.WAYBILL else []
    return [folders.orders.path, folders.receipts.path, *answers]


def _is_folder(session: SftpSession, path: str) -> bool:
    try:
        session.list_folder(path)
    except NotFound:
        return False
    return True


def _tried(name: str, advice: str, reach: Callable[[], str]) -> Probe:
    try:
        return Probe(name=name, ok=True, detail=reach())
    except (OSError, ValueError) as error:
        return Probe(name=name, ok=False, detail=f"{type(error).__name__}: {error}", what_to_do=advice)


def _reach(settings: HttpSettings) -> str:
    """Open a connection, with TLS where the address asks for it, and close it again."""
    url = urlsplit(settings.base_url)
    host, is_tls = url.hostname or "", url.scheme == "https"
    address = (host, url.port or (443 if is_tls else 80))
    with socket.create_connection(address, timeout=settings.timeout_connect.total_seconds()) as plain:
        if not is_tls:
            return f"{host}:{address[1]} reached (not encrypted); no call was made"
        with _trust(settings).wrap_socket(plain, server_hostname=host) as secure:
            return f"{host}:{address[1]} reached, {secure.version()}; no call was made"


def _trust(settings: HttpSettings) -> ssl.SSLContext:
    trust = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
    if not settings.verify_tls:
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return trust


def redacted(settings: Settings) -> dict[str, Any]:
    """The configuration as plain values, secrets masked."""
    shown: dict[str, Any] = settings.model_dump(mode="json")
    shown["ledger_url"] = make_url(settings.ledger_url).render_as_string()
    return shown


def flat(values: Mapping[str, Any], stem: str = "") -> Iterator[str]:
    """The values as lines `a.b.c = value`, without what is not set."""
    for key, value in values.items():
        name = f"{stem}.{key}" if stem else key
        if isinstance(value, Mapping) and value:
            yield from flat(value, name)
        elif value is not None:
            yield f"{name} = {value}"
