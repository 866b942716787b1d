"""What can be changed: settings, faults, held calls, tokens, and everything at once by a reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import RootModel
from starlette.routing import Route

from sandbox.admin.errors import telling
from sandbox.admin.inputs import ExpireTokens, Release, Reset, read
from sandbox.faults import Fault, FaultDefinition
from sandbox.http import json_answer
from sandbox.problems import NotFoundError
from sandbox.tokens import TOKEN_TABLES, void_tokens

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.world import World


class Changes(RootModel[dict[str, object]]):
    """Any settings by name; they are judged when they are merged."""


class ControlApi:
    """The switches of the admin API."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return its routes."""
        named = [
            ("GET", "settings", self._settings),
            ("PATCH", "settings", self._change_settings),
            ("POST", "reset", self._reset),
            ("GET", "faults", self._faults),
            ("POST", "faults", self._add_fault),
            ("DELETE", "faults", self._remove_faults),
            ("DELETE", "faults/{fault_id:int}", self._remove_fault),
            ("GET", "held", self._held),
            ("POST", "release", self._release),
            ("POST", "expire-tokens", self._expire_tokens),
        ]
        return [Route(f"/admin/{path}", telling(handler), methods=[method]) for method, path, handler in named]

    async def _settings(self, _: Request) -> Response:
        return json_answer(self._world.settings.model_dump(mode="json"))

    async def _change_settings(self, request: Request) -> Response:
        changes = await read(request, Changes)
        return json_answer(self._world.change_settings(changes.root).model_dump(mode="json"))

    async def _reset(self, request: Request) -> Response:
        wanted = await read(request, Reset)
        self._world.reset(settings=wanted.settings)
        return json_answer({"reset": True})

    async def _faults(self, _: Request) -> Response:
        return json_answer({"faults": [_shown(fault) for fault in self._world.faults.all()]})

    async def _add_fault(self, request: Request) -> Response:
        definition = await read(request, FaultDefinition)
        return json_answer(_shown(self._world.faults.add(definition)), 201)

    async def _remove_faults(self, _: Request) -> Response:
        return json_answer({"removed": self._world.faults.remove()})

    async def _remove_fault(self, request: Request) -> Response:
        fault_id = request.path_params["fault_id"]
        if not self._world.faults.remove(fault_id):
            raise NotFoundError(f"there is no fault {fault_id}")
        return json_answer({"removed": 1})

    async def _held(self, _: Request) -> Response:
        calls = [
            {"seq": seq, "at": held.call.at, "system": held.call.system, "path": held.call.path, "when": held.when}
            for seq, held in self._world.held.items()
        ]
        return json_answer({"held": calls})

    async def _release(self, request: Request) -> Response:
        wanted = await read(request, Release)
        released = self._world.release(wanted.seq, wanted.outcome)
        if wanted.seq is not None and not released:
            raise NotFoundError(f"call {wanted.seq} is not held")
        return json_answer({"released": released})

    async def _expire_tokens(self, request: Request) -> Response:
        wanted = await read(request, ExpireTokens)
        systems = [wanted.system] if wanted.system else TOKEN_TABLES
        return json_answer({"expired": sum(void_tokens(self._world.database, name) for name in systems)})


def _shown(fault: Fault) -> Row:
    return {
        "id": fault.id,
        "matched": fault.matched,
        "fired": fault.fired,
        "definition": fault.definition.model_dump(exclude_none=True),
    }
