"""What may go wrong at the failing SFTP server: planned by a test, met by the next request that fits."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum

ANY = "*"


class Deed(StrEnum):
    """What happens to a request."""

    CUT_BEFORE = "cut_before"
    """The connection is reset, the request is not carried out."""
    CUT_AFTER = "cut_after"
    """The request is carried out, and the connection is reset instead of an answer."""
    STALL = "stall"
    """The request is neither carried out nor answered, until the server ends."""
    STALL_AFTER = "stall_after"
    """The request is carried out, and not answered until the server ends."""
    FORBID = "forbid"
    """Permission denied."""
    FAIL = "fail"
    """Failure, as servers say when they have no better word."""
    NO_SPACE = "no_space"
    """The disk is full: what fits is written, and the answer is a failure."""
    UNSUPPORTED = "unsupported"
    """The server does not know this request."""
    VANISH = "vanish"
    """The file is removed before the request is carried out."""
    SPOIL = "spoil"
    """Other bytes are written than were sent, and the answer is that all is well."""
    SHORT = "short"
    """Fewer bytes are read than were asked for."""


@dataclass
class Fault:
    """A deed for requests of one operation.

    Args:
        operation: `open`, `read`, `write`, `close`, `lstat`, `fstat`, `rename`, `posix_rename`, `remove`, `mkdir`,
            `scandir`, or `*` for each.
        deed: What happens.
        skip: How many requests that fit go untouched before.
        times: How many are met after these.
        at_byte: For `read` and `write`: the place in the file (counted over all requests of this operation) up to
            which bytes still go through; `skip` does not count then.
        name: A part of the path that must be in it.

    """

    operation: str
    deed: Deed
    skip: int = 0
    times: int = 1
    at_byte: int | None = None
    name: str = ""


@dataclass
class Faults:
    """All planned faults, and all requests that came, for threads on both sides."""

    planned: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    epoch: int = 0
    _passed: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault) -> None:
        """From now on, this fault waits for its request."""
        with self._lock:
            self.planned.append(fault)

    def clear(self) -> None:
        """Nothing goes wrong any more, and nothing has been asked."""
        with self._lock:
            self.planned.clear()
            self.requests.clear()
            self._passed.clear()

    def start_anew(self) -> None:
        """As `clear`, and sessions that began before meet nothing any more, not even while they end."""
        self.clear()
        self.epoch += 1

    def meet(self, operation: str, path: str, epoch: int) -> Deed | None:
        """What happens to a request that has come in a session that began in this epoch."""
        if epoch != self.epoch:
            return None
        with self._lock:
            self.requests.append((operation, path))
            for fault in self.planned:
                if fault.at_byte is None and fault.operation in {operation, ANY} and fault.name in path:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    return self._take(fault)
        return None

    def pass_bytes(self, operation: str, path: str, size: int, epoch: int) -> tuple[int, Deed | None]:
        """How many of so many bytes go through, and what happens then."""
        if epoch != self.epoch:
            return size, None
        with self._lock:
            before = self._passed.get(operation, 0)
            self._passed[operation] = before + size
            for fault in self.planned:
                if fault.at_byte is None or fault.operation != operation or fault.name not in path:
                    continue
                if before <= fault.at_byte < before + size:
                    return fault.at_byte - before, self._take(fault)
        return size, None

    def _take(self, fault: Fault) -> Deed:
        fault.times -= 1
        if fault.times <= 0:
            self.planned.remove(fault)
        return fault.deed
