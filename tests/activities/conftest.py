"""A ledger on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.database import Ledger
from tests.support.ledgers import BACKENDS, fresh_ledger


@pytest.fixture(params=BACKENDS)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger with its schema, on each database."""
    ledger = fresh_ledger(request.param, tmp_path)
    yield ledger
    ledger.close()
