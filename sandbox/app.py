"""The whole sandbox as one ASGI application."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from sandbox.admin.routes import AdminApi
from sandbox.associates import work
from sandbox.gate import Gate
from sandbox.hotwax.rest import HotWaxApi
from sandbox.retailpro.rest import RetailProApi
from sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


class Sandbox:
    """Both systems and the admin API behind one door, with the associates at work while it runs."""

    def __init__(self, world: World) -> None:
        self.world = world
        systems = {"hotwax": HotWaxApi(world).router(), "retailpro": RetailProApi(world).router()}
        self._gate = Gate(world, systems, AdminApi(world).router())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or follow the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._gate(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        associates = asyncio.create_task(work(self.world))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        associates.cancel()
        await asyncio.gather(associates, return_exceptions=True)
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
