"""The admin API as one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, Router

from sandbox.admin.control import ControlApi
from sandbox.admin.netsuite import NetSuiteApi
from sandbox.admin.playing import PlayingApi
from sandbox.admin.reading import ReadingApi
from sandbox.http import json_answer

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.netsuite.runner import Runner
    from sandbox.world import World


class AdminApi:
    """Seed, play, break, read and check."""

    def __init__(self, world: World, runner: Runner) -> None:
        self._parts = (ReadingApi(world), ControlApi(world), PlayingApi(world), NetSuiteApi(world, runner))

    def router(self) -> Router:
        """Return the ASGI application for every `/admin` path."""
        return Router(self.routes(), redirect_slashes=False, default=_unknown)

    def routes(self) -> list[Route]:
        """Return every route."""
        return [route for part in self._parts for route in part.routes()]


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    message = f"there is nothing at {scope['method']} {scope['path']}: see docs/sandbox.md"
    await json_answer({"error": message}, 404)(scope, receive, send)
