"""Fixtures for tests that need the real thing: a Temporal server for the session, a sandbox, and towns on both."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol

import pytest
import structlog
from hypothesis import settings
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from operators.set_up import set_up
from operators.settings import Settings
from operators.temporal_server import ServerOptions, TemporalServer
from tests.support.sandbox import SandboxProcess
from tests.support.town import Town, ledger_url

# How long an example takes is the machine's business: on one that does other work a law would fail for nothing else.
settings.register_profile("laws", deadline=None)
settings.load_profile("laws")


ONE_PARTITION = {f"matching.numTaskqueue{way}Partitions": "1" for way in ("Read", "Write")}
"""The queues of a server for tests are short: to look after four parts of each takes a sixth of its time."""


WAITING = {"bench", "chaos", "demo", "histories"}
"""Folders of tests that wait more than they work."""
OTHERS_BETWEEN = 4


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait among the others: side by side they would leave the processors idle."""
    files = {path: list(group) for path, group in groupby(items, key=lambda item: item.path)}
    waiting = [path for path in files if path.parent.name in WAITING]
    others = [path for path in files if path.parent.name not in WAITING]
    for number, path in enumerate(waiting):
        others.insert(number * (OTHERS_BETWEEN + 1), path)
    items[:] = [item for path in others for item in files[path]]


def pytest_collection_finish() -> None:
    """Tests and what they import stay to the end: the collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _loggers_heed_their_newest_configuration() -> Iterator[None]:
    """A logger that was kept at its first use would not see that a later test captures what is logged."""
    configure = structlog.configure

    def without_keeping(**given: Any) -> None:
        configure(**{**given, "cache_logger_on_first_use": False})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structlog, "configure", without_keeping)
        yield


class MakeTown(Protocol):
    """Makes towns that end with the test; keyword arguments go into the tenant's configuration."""

    async def __call__(self, **tenant: Any) -> Town:
        """A town with a tenant of its own."""
        ...


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the SDK does."""
    return "asyncio"


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A real Temporal server, set up once for all tests; towns keep apart by their tenants."""
    folder = tmp_path_factory.mktemp("temporal")
    with TemporalServer(ServerOptions(database=folder / "temporal.db", dynamic_config=ONE_PARTITION)) as server:
        asyncio.run(connect_and_set_up(server.address, folder))
        yield server


async def connect_and_set_up(address: str, folder: Path) -> Client:
    """A client of a Temporal server that has everything Waybill needs; the folder takes a ledger by the way."""
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    await set_up(Settings(ledger_url=ledger_url(folder)), client)
    return client


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox process for the session."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """The session's sandbox, empty and with its default settings."""
    sandbox_process.post("/admin/reset", {"settings": True})
    return sandbox_process


@pytest.fixture
async def make_town(
    temporal_server: TemporalServer, sandbox: SandboxProcess, tmp_path: Path
) -> AsyncIterator[MakeTown]:
    """Makes towns on the session's server and sandbox."""
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    async with AsyncExitStack() as stack:

        async def make(**tenant: Any) -> Town:
            town = Town(sandbox, client, ledger_url(tmp_path), **tenant)
            stack.push_async_callback(town.clear)
            return town

        yield make
