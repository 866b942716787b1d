"""Waiting for the cue of a scene."""

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_S = 600.0
"""Ten times what the whole day takes on two quick processors: a slow machine plays all scenes too."""
_POLL_S = 0.25


class ScriptError(Exception):
    """A scene could not be played; the message says which and what was missing."""


async def until(come: Callable[[], Awaitable[bool]], cue: str) -> None:
    """Wait until a scene's cue has come.

    Raises:
        ScriptError: it never did.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await come():  # noqa: ASYNC110 - neither ledger nor sandbox has an event to wait for
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise ScriptError(f"within {PATIENCE_S:g} s it never came to this: {cue}") from None
