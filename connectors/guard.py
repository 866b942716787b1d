"""A lock on every remote write: it opens only inside the effect mechanism, which commits a promise first (design 8)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

WRITING_METHODS: set[str] = set()
"""The names of all methods that write to a remote system, for the test that looks for their call sites."""

_allowed: ContextVar[bool] = ContextVar("remote_writing_allowed", default=False)

Self_ = TypeVar("Self_")
Params = ParamSpec("Params")
Result = TypeVar("Result")


class UnguardedWrite(RuntimeError):  # noqa: N818 - reads as what happened
    """A remote write was tried outside the effect mechanism: it could be made twice, so it was not made."""


@contextmanager
def writing_allowed() -> Iterator[None]:
    """Remote writes are allowed inside this block, in this thread. Only the effect mechanism enters it."""
    token = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(token)


def remote_write(
    method: Callable[Concatenate[Self_, Params], Result],
) -> Callable[Concatenate[Self_, Params], Result]:
    """The method, registered as one that writes, and refusing to run outside `writing_allowed`."""
    WRITING_METHODS.add(method.__name__)

    @wraps(method)
    def guarded(self: Self_, /, *args: Params.args, **kwargs: Params.kwargs) -> Result:
        if not _allowed.get():
            raise UnguardedWrite(f"{method.__qualname__} outside the effect mechanism: promise it in the ledger first")
        return method(self, *args, **kwargs)

    return guarded
