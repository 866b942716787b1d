"""The whole sandbox as one ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox import associates
from sandbox.admin.routes import AdminApi
from sandbox.gate import Gate
from sandbox.hotwax import data_manager
from sandbox.hotwax.rest import HotWaxApi
from sandbox.netsuite.rest import NetSuiteApi
from sandbox.netsuite.runner import Runner
from sandbox.retailpro.rest import RetailProApi
from sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


class Sandbox:
    """All systems and the admin API behind one door; people, imports and scripts are at work while it runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        systems = {
            "hotwax": HotWaxApi(world).router(),
            "retailpro": RetailProApi(world).router(),
            "netsuite": NetSuiteApi(world).router(),
        }
        self._runner = Runner(world)
        self._gate = Gate(world, systems, AdminApi(world, self._runner).router())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._gate(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        life = (associates.work(self.world), data_manager.work(self.world), self._runner.work())
        tasks = [asyncio.create_task(part) for part in life]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.world.database.close()
        await send({"type": "lifespan.shutdown.complete"})


def build(state: Path | None = None, settings: dict[str, Any] | None = None) -> Sandbox:
    """Return the sandbox as an ASGI application.

    Args:
        state: The folder that keeps its memory; without one it forgets everything at the end.
        settings: Settings to start with (see `sandbox.settings.Settings`); what an earlier run changed goes before.

    Raises:
        pydantic.ValidationError: A setting is unknown or makes no sense.
    """
    return Sandbox(World(state, settings or {}))
