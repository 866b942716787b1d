"""Depots: towns with purchase orders, on one OpenSSH server for the session."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from operators.temporal_server import TemporalServer
from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import Reach
from tests.support.depot import STOCK, Depot
from tests.support.rest_depot import RestDepot, an_account
from tests.support.sandbox import SandboxProcess
from tests.support.town import ledger_url

MakeOwn = Callable[..., Depot]
"""Makes depots of one kind of NetSuite scripts."""


class MakeDepot(Protocol):
    """Makes depots that end with the test; keyword arguments go into the tenant's configuration."""

    def __call__(self, **tenant: Any) -> Depot:
        """A depot with a tenant and a folder of its own."""
        ...


@pytest.fixture(scope="session")
def openssh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    """A real OpenSSH server on loopback."""
    folder = tmp_path_factory.mktemp("sftp")
    with OpenSshServer(folder / "files", folder / "state") as reach:
        yield reach


@pytest.fixture(scope="session")
def failing_server(openssh: Reach, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingSftpServer]:
    """A server that fails on demand, of the same files."""
    with FailingSftpServer(openssh.folder, tmp_path_factory.mktemp("failing")) as server:
        yield server


@pytest.fixture
def failing(failing_server: FailingSftpServer) -> Iterator[FailingSftpServer]:
    """The server that fails on demand, without a fault before and after the test."""
    failing_server.faults.clear()
    yield failing_server
    failing_server.faults.clear()


@pytest.fixture
async def make_depot(
    temporal_server: TemporalServer, sandbox: SandboxProcess, openssh: Reach, tmp_path: Path
) -> AsyncIterator[MakeDepot]:
    """Makes depots on the session's servers."""
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    async with AsyncExitStack() as stack:

        def make(**tenant: Any) -> Depot:
            depot = Depot(sandbox, client, ledger_url(tmp_path), openssh, **tenant)
            stack.push_async_callback(depot.clear)
            return depot

        yield make


class MakeIn(Protocol):
    """Makes depots in a mode; keyword arguments go into the tenant's `netsuite`."""

    def __call__(self, mode: str, *, beside: bool = False, **netsuite: Any) -> Depot:
        """A depot whose tenant reaches NetSuite in this mode; `beside` files it may ask the account."""
        ...


@pytest.fixture
async def make_in(
    temporal_server: TemporalServer, sandbox: SandboxProcess, openssh: Reach, tmp_path: Path
) -> AsyncIterator[MakeIn]:
    """Makes depots in all three modes."""
    client = await Client.connect(temporal_server.address, data_converter=pydantic_data_converter)
    async with AsyncExitStack() as stack:

        def make(mode: str, *, beside: bool = False, **netsuite: Any) -> Depot:
            of = (sandbox, client, ledger_url(tmp_path), openssh)
            rules = STOCK["policy"] if mode == "files" else {}
            given = {**netsuite, "policy": {**rules, **netsuite.get("policy", {})}}
            given |= {"rest": an_account(sandbox, tmp_path)} if beside else {}
            depot = RestDepot(*of, tmp_path, netsuite=given) if mode == "rest" else Depot(*of, netsuite=given)
            stack.push_async_callback(depot.clear)
            return depot

        yield make


@pytest.fixture
def make_rest(make_in: MakeIn) -> MakeOwn:
    """Makes depots that reach NetSuite over REST."""
    return partial(make_in, "rest")


@pytest.fixture(params=["ours", "stock"])
def make_any(request: pytest.FixtureRequest, make_depot: MakeDepot) -> MakeOwn:
    """Makes depots whose NetSuite runs our scripts, and then again those whose NetSuite runs the stock ones."""
    policy: dict[str, Any] = dict(STOCK["policy"]) if request.param == "stock" else {}

    def make(**netsuite: Any) -> Depot:
        return make_depot(netsuite={**netsuite, "policy": {**policy, **netsuite.get("policy", {})}})

    return make
