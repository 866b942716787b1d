"""An account in the sandbox."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.netsuite_rest.account import Account
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def account(sandbox: SandboxProcess, tmp_path: Path) -> Iterator[Account]:
    """An empty account with one certificate; its clients are closed at the end."""
    with closing(Account(sandbox, tmp_path)) as made:
        yield made
    sandbox.heal()
