"""Small helpers that both systems and the admin API share for reading requests and writing answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

APPLIED = "sandbox.applied"
ABORT = "sandbox.abort"
"""Keys in the ASGI scope: what a handler reports, and how the connection is cut."""


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return compact JSON, as both systems send it."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(body, status, headers, "application/json")


def mark_applied(scope: Scope) -> None:
    """Note in the call record that this call changed something."""
    scope[APPLIED] = True
