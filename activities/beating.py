"""Calls side by side in one activity, which goes on telling that it lives while they wait."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from temporalio import activity

T = TypeVar("T")

BEAT_S = 3.0
"""Far below the silence after which a worker counts as dead (`workflows.policies`)."""


def side_by_side(works: Iterable[Callable[[], T]], at_once: int) -> Iterator[T]:
    """What each of these comes to, as they end; at most `at_once` of them run.

    The first error ends it: what runs is waited for, what has not begun is left.
    """
    with ThreadPoolExecutor(at_once) as pool:
        waiting = {pool.submit(copy_context().run, work) for work in works}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=BEAT_S, return_when=FIRST_COMPLETED)
                activity.heartbeat()
                for ended in done:
                    yield ended.result()
        finally:
            for left in waiting:
                left.cancel()


def alone(work: Callable[[], T]) -> T:
    """What this one comes to."""
    (came_to,) = side_by_side([work], 1)
    return came_to
