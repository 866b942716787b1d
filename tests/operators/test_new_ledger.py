"""A ledger that is made anew while Temporal knows orders: most likely the books were lost."""

from pathlib import Path

import pytest

from domain.stages import Stage
from operators.set_up import set_up
from operators.settings import Settings
from tests.conftest import MakeTown
from tests.support.town import an_order, ledger_url, shipped

pytestmark = pytest.mark.anyio


async def test_a_new_ledger_beside_known_orders_is_warned_of(make_town: MakeTown, tmp_path: Path) -> None:
    town = await make_town()
    town.seed(an_order("8801", shipped("GT101")))
    async with town.working():
        await town.poll()
        await town.until_stage("8801", Stage.DONE)

        def anew() -> Settings:
            return town.settings.model_copy(update={"ledger_url": ledger_url(tmp_path / "elsewhere")})

        async def is_warned() -> bool:
            return any(line.startswith("WARNING: this ledger is new") for line in await set_up(anew(), town.client))

        await town.until_async(is_warned, "Temporal's list of workflows shows the order")
        assert not any(line.startswith("WARNING") for line in await set_up(town.settings, town.client))
