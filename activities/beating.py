"""What a long activity does beside its work: it tells that it lives, and ends between two steps where it shall."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from temporalio import activity
from temporalio.exceptions import CancelledError

T = TypeVar("T")

BEAT_S = 3.0
"""Far below the silence after which a worker counts as dead (`workflows.policies`)."""


def beat() -> None:
    """Tell Temporal that this activity lives; called between two steps of its work.

    The SDK would raise its cancellation into the thread of an activity at any line, in the middle of a transaction or a
    write on the wire. Ours turn that off (`no_thread_cancel_exception`), and end here.

    Raises:
        CancelledError: its worker drains, or this run was cancelled: another attempt goes on from what is done.
    """
    activity.heartbeat()
    if activity.is_cancelled():
        raise CancelledError("ended between two steps: its worker drains, or it was cancelled")


def side_by_side(works: Iterable[Callable[[], T]], at_once: int) -> Iterator[T]:
    """What each of these comes to, as they end; at most `at_once` of them run.

    The first error, or a cancellation, ends it: what runs is waited for, what has not begun is left.
    """
    with ThreadPoolExecutor(at_once) as pool:
        waiting = {pool.submit(copy_context().run, work) for work in works}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=BEAT_S, return_when=FIRST_COMPLETED)
                beat()
                for ended in done:
                    yield ended.result()
        finally:
            waiting = {left for left in waiting if not left.cancel()}
            while waiting:
                _, waiting = wait(waiting, timeout=BEAT_S)
                activity.heartbeat()


def alone(work: Callable[[], T]) -> T:
    """What this one comes to; the activity tells that it lives meanwhile, however long one call to a remote takes."""
    (came_to,) = side_by_side([work], 1)
    return came_to
