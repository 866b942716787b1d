"""Saying what goes on, and waiting no longer than is sensible."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from time import monotonic

SPEAK_EVERY_S = 2.0


class VoidError(Exception):
    """What was measured means nothing; the message says why."""


class TooSlowError(VoidError):
    """What was waited for did not come in time."""


def say(text: str) -> None:
    """One line of progress, on standard error: standard output is for the results."""
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


async def until(
    holds: Callable[[], Awaitable[bool]],
    what: str,
    *,
    limit_s: float,
    every_s: float = 0.5,
    progress: Callable[[], str] | None = None,
) -> float:
    """Wait until `holds` answers yes; the seconds it took. `progress` says how far it is, every other second.

    Raises:
        TooSlowError: it did not hold within `limit_s`.
    """
    started = spoken = monotonic()
    while not await holds():
        now = monotonic()
        if now - started > limit_s:
            raise TooSlowError(f"waited {limit_s:g} s for {what}" + (f": {progress()}" if progress else ""))
        if now - spoken > SPEAK_EVERY_S:
            say(f"  {what}: {progress() if progress else f'{now - started:.0f} s'}")
            spoken = now
        await asyncio.sleep(every_s)
    return monotonic() - started
