"""An asyncio loop in a thread of its own, for servers that tests start beside themselves."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
TIMEOUT_S = 10


class LoopThread:
    """A loop that runs from `start` to `stop`, and takes work from other threads."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def start(self) -> None:
        """Run."""
        self._thread.start()

    def do(self, work: Coroutine[object, object, T]) -> T:
        """What the work comes to, once it is done in the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT_S)

    def soon(self, deed: Callable[[], object]) -> None:
        """Let the loop do something at its next turn."""
        self._loop.call_soon_threadsafe(deed)

    def stop(self) -> None:
        """End, once everything that runs has come to its end."""
        self.do(_others_done())
        self.soon(self._loop.stop)
        self._thread.join(TIMEOUT_S)
        self._loop.close()


async def _others_done() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
