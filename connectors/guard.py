"""A lock on every remote write: it opens only inside the effect mechanism, which commits a promise first (design 8)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

WRITING_METHODS: set[str] = set()
"""The names of all methods that write to a remote system, for the test that looks for their call sites."""

Still = Callable[[], bool]

_allowed: ContextVar[Still | None] = ContextVar("remote_writing_allowed", default=None)

Self_ = TypeVar("Self_")
Params = ParamSpec("Params")
Result = TypeVar("Result")


class UnguardedWrite(RuntimeError):  # noqa: N818 - reads as what happened
    """A remote write was tried outside the effect mechanism: it could be made twice, so it was not made."""


@contextmanager
def writing_allowed(still: Still = lambda: True) -> Iterator[None]:
    """Remote writes are allowed inside this block, in this thread. Only the effect mechanism enters it.

    `still` says whether the write is still this attempt's to make.
    """
    token = _allowed.set(still)
    try:
        yield
    finally:
        _allowed.reset(token)


def still_allowed() -> bool:
    """Whether the write under way is still ours: asked right before the one step of many that cannot be taken back."""
    still = _allowed.get()
    return still is not None and still()


def remote_write(
    method: Callable[Concatenate[Self_, Params], Result],
) -> Callable[Concatenate[Self_, Params], Result]:
    """The method, registered as one that writes, and refusing to run outside `writing_allowed`."""
    WRITING_METHODS.add(method.__name__)

    @wraps(method)
    def guarded(self: Self_, /, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        if _allowed.get() is None:
            raise UnguardedWrite(f"{method.__qualname__} outside the effect mechanism: promise it in the ledger first")
        return method(self, *args, **kwargs)

    return guarded
