from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import SandboxProcess


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """One sandbox for all tests of the connectors."""
    state: Path = tmp_path_factory.mktemp("sandbox")
    with SandboxProcess(state) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: SandboxProcess) -> SandboxProcess:
    """The sandbox as if it had just been started for the first time."""
    running_sandbox.post("/admin/reset", {"settings": True})
    return running_sandbox
