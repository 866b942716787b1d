"""A ledger on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Ledger
from tests.support.ledgers import BACKENDS, fresh_ledger, fresh_url


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The two databases a ledger can live in."""
    name: str = request.param
    return name


@pytest.fixture
def empty(backend: str, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in a new database, without a schema."""
    ledger = Ledger(fresh_url(backend, tmp_path))
    yield ledger
    ledger.close()


@pytest.fixture
def ledger(backend: str, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger with its schema."""
    ledger = fresh_ledger(backend, tmp_path)
    yield ledger
    ledger.close()
