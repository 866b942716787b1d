"""Both SFTP servers of the sandbox, started once, and a folder of its own for each test."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.sftp.failing import FailingSftpServer
from sandbox.sftp.openssh import OpenSshServer
from sandbox.sftp.reach import Reach
from tests.sftp.stand import Stand

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def openssh_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    """The real OpenSSH."""
    folder = tmp_path_factory.mktemp("openssh")
    with OpenSshServer(folder / "files", folder / "state") as reach:
        yield reach


@pytest.fixture(scope="session")
def failing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingSftpServer]:
    """The server that fails on demand."""
    folder = tmp_path_factory.mktemp("failing")
    with FailingSftpServer(folder / "files", folder / "state") as server:
        yield server


@pytest.fixture
def openssh(openssh_server: Reach) -> Stand:
    """A folder on the real OpenSSH."""
    return Stand(openssh_server, f"t{next(_NUMBERS)}")


@pytest.fixture
def failing(failing_server: FailingSftpServer) -> Iterator[Stand]:
    """A folder on the server that fails on demand; no fault is planned."""
    failing_server.faults.start_anew()
    yield Stand(failing_server.reach, f"t{next(_NUMBERS)}", failing_server.faults)
    failing_server.faults.start_anew()


@pytest.fixture
def fresh(failing_server: FailingSftpServer) -> Iterator[Callable[[], Stand]]:
    """Makes folders on the server that fails on demand, each without faults."""

    def make() -> Stand:
        failing_server.faults.start_anew()
        return Stand(failing_server.reach, f"t{next(_NUMBERS)}", failing_server.faults)

    yield make
    failing_server.faults.start_anew()


@pytest.fixture(params=["openssh", "failing"])
def stand(request: pytest.FixtureRequest) -> Stand:
    """A folder on each of the two servers."""
    found: Stand = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where a server of one test keeps its keys."""
    return tmp_path / "state"
