"""The sandbox for its own tests."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.erp import PRODUCTS, STORES, NetSuite
from tests.sandbox.rest_client import Rest
from tests.sandbox.sftp_server import SftpServer
from tests.support.sandbox import SandboxProcess

TOWN: dict[str, Sequence[Mapping[str, Any]]] = {
    "facilities": [{"facilityId": "GT101"}, {"facilityId": "GT205"}, {"facilityId": "GT309"}],
    "products": [
        {"productId": "P1", "upc": "0740000000011"},
        {"productId": "P2", "upc": "0740000000028"},
        {"productId": "CARD", "upc": "0740000000099", "stocked": False},
    ],
}


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads for calls that wait."""
    with ThreadPoolExecutor(15) as executor:
        yield executor


@pytest.fixture(scope="session")
def hotwax_client(sandbox_process: SandboxProcess) -> Iterator[httpx.Client]:
    """One client for all tests: making one costs more than most tests."""
    headers = {"authorization": "Bearer sandbox-token"}
    with httpx.Client(
        base_url=f"{sandbox_process.hotwax_url}/rest/s1", headers=headers, trust_env=False, timeout=30
    ) as client:
        yield client


@pytest.fixture(scope="session")
def retailpro_client(sandbox_process: SandboxProcess) -> Iterator[httpx.Client]:
    """As `hotwax_client`."""
    with httpx.Client(base_url=f"{sandbox_process.retailpro_url}/api/v1", trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture
def hotwax(sandbox: SandboxProcess, hotwax_client: httpx.Client) -> httpx.Client:
    """A client that is signed in at HotWax."""
    assert sandbox.process.poll() is None
    return hotwax_client


@pytest.fixture
def retailpro(sandbox: SandboxProcess, retailpro_client: httpx.Client) -> httpx.Client:
    """A client of Retail Pro, whose stores and products exist."""
    sandbox.seed(**TOWN)
    return retailpro_client


@pytest.fixture(scope="session")
def netsuite_client(sandbox_process: SandboxProcess) -> Iterator[httpx.Client]:
    """As `hotwax_client`."""
    with httpx.Client(base_url=sandbox_process.admin_url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture
def rest(sandbox: SandboxProcess, netsuite_client: httpx.Client) -> Rest:
    """An integration that has a token of NetSuite's."""
    return Rest(sandbox, netsuite_client)


@pytest.fixture
def books(sandbox: SandboxProcess, tmp_path: Path) -> NetSuite:
    """NetSuite's orders without its files."""
    return NetSuite(sandbox, tmp_path)


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """One SFTP server for all tests."""
    with SftpServer(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture
def erp(sandbox: SandboxProcess, sftp_server: SftpServer) -> NetSuite:
    """NetSuite with empty folders on an SFTP server; HotWax knows two stores (17 and 18) and three products."""
    shutil.rmtree(sftp_server.folder / "netsuite", ignore_errors=True)
    sandbox.change(netsuite_sftp=sftp_server.login)
    sandbox.seed(facilities=STORES, products=PRODUCTS)
    return NetSuite(sandbox, sftp_server.folder)
