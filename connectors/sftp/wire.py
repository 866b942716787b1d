"""SFTP version 3 over one SSH channel, with as many requests on the way as the caller likes.

Paramiko carries the bytes; its own SFTP client stays out: it drops the answers to pipelined writes, so that a full disk
goes unseen, turns every refusal into one error, and reads no folder that has a name which is not UTF-8.

Work is written as coroutines that await answers. `Wire.drive` runs one, `Wire.drive_all` many side by side on the one
connection, in the caller's thread: threads that share a connection have been seen to hang.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from time import monotonic
from typing import Generic, NamedTuple, Protocol, TypeVar

from connectors.errors import ConnectorError
from connectors.sftp.packets import VERSION, Kind, Reader, integer, raise_if_refused

T = TypeVar("T")
Work = Coroutine["Ticket", None, T]
"""Work that awaits answers: what an `async def` over tickets gives."""

_AT_ONCE = 1 << 17
"""Bytes that are gathered before they are sent without anybody waiting for an answer."""
_PACKET = (1 << 15) - 64
"""Bytes that paramiko sends at once to a server of OpenSSH's size of packets."""
_TAKE = 1 << 22
_LONGEST_ANSWER = 1 << 24
_SHORTEST_ANSWER = 5
_LENGTH = 4
_TICK_S = 0.5
_GREETING = 0
"""The number under which the greeting is waited for: requests count from 1."""


class Lost(Exception):  # noqa: N818 - reads as what became of the answer
    """No answer will come. `sent` says whether the request may have arrived."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Answer(NamedTuple):
    """What came back: which kind of packet, and its content behind the request's number."""

    kind: int
    body: bytes


class Ticket:
    """A request on its way; await it for its answer."""

    __slots__ = ("answer", "lost", "sent")

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.lost: str | None = None
        self.sent = False

    @property
    def settled(self) -> bool:
        """Whether there is nothing more to wait for."""
        return self.answer is not None or self.lost is not None

    def __await__(self) -> Generator["Ticket", None, Answer]:
        """Wait for the answer.

        Raises:
            Lost: none will come.
            Refused: the server said no.
            Garbled: a refusal could not be read.
        """
        while not self.settled:
            yield self
        return self.result()

    def result(self) -> Answer:
        """The answer of a settled ticket; raises as awaiting does."""
        if self.answer is None:
            raise Lost(self.lost or "no answer", sent=self.sent)
        if self.answer.kind == Kind.STATUS:
            raise_if_refused(self.answer.body)
        return self.answer


class Channel(Protocol):
    """What is asked of paramiko's channel."""

    def send(self, s: bytes) -> int:
        """Send some of the bytes, and say how many."""
        ...

    def recv(self, nbytes: int) -> bytes:
        """Wait for bytes; none mean the end."""
        ...

    def settimeout(self, timeout: float) -> None:
        """Raise `TimeoutError` when nothing happens for so many seconds."""
        ...


class Wire:
    """An SFTP session on a channel, for one thread.

    Args:
        channel: Open, with its `sftp` subsystem started.
        patience: Seconds without a single byte after which the server counts as gone.
        on_progress: Called about twice a second while something is waited for; what it raises ends the wait.

    Raises:
        Lost: the server did not greet.
        Garbled: it speaks something else.
    """

    def __init__(self, channel: Channel, patience: float, on_progress: Callable[[], None] | None = None) -> None:
        self._channel, self._patience, self._on_progress = channel, patience, on_progress
        self._waiting: dict[int, Ticket] = {}
        self._unsent: list[Ticket] = []
        self._out: list[bytes] = []
        self._out_size = 0
        self._in = bytearray()
        self._number = 0
        self._broken: str | None = None
        self._heard = self._told = monotonic()
        channel.settimeout(min(_TICK_S, patience))
        self.extensions = self._greet()

    def ask(self, kind: Kind, *fields: bytes) -> Ticket:
        """A request on its way; many may be, and answers are awaited in any order."""
        ticket = Ticket()
        if self._broken:
            ticket.lost = self._broken
            return ticket
        self._number = self._number % 0xFFFFFFFF + 1
        self._waiting[self._number] = ticket
        self._unsent.append(ticket)
        self._pack(kind, integer(self._number), *fields)
        if self._out_size >= _AT_ONCE:
            self._flush()
        return ticket

    def wait(self, ticket: Ticket) -> Answer:
        """The answer to one request; raises as awaiting it does."""
        while not ticket.settled:
            self._turn()
        return ticket.result()

    def drive(self, work: Work[T]) -> T:
        """What one piece of work comes to."""
        while True:
            try:
                ticket = work.send(None)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # a coroutine's value is its T
            try:
                while not ticket.settled:
                    self._turn()
            except BaseException:
                work.close()
                raise

    def drive_all(self, works: Iterable[Work[T]], width: int) -> Iterator[T | ConnectorError]:
        """What each piece of work comes to, in their order, `width` of them side by side.

        A `ConnectorError` of one is its result and stops no other; anything else is raised.
        """
        running: deque[_Running[T]] = deque()
        source = iter(works)
        try:
            while True:
                while len(running) < width and (work := next(source, None)) is not None:
                    running.append(_Running(work))
                if not running:
                    return
                while not running[0].advance():
                    for other in running:
                        other.advance()
                    if not running[0].done:
                        self._turn()
                yield running.popleft().result()
        finally:
            for left in running:
                left.close()

    def _pack(self, kind: Kind, *fields: bytes) -> None:
        size = 1 + sum(map(len, fields))
        self._out += (integer(size) + bytes((kind,)), *fields)
        self._out_size += size

    def _greet(self) -> dict[bytes, bytes]:
        """The extensions that the server offers."""
        hello = Ticket()
        self._unsent.append(hello)
        self._waiting[_GREETING] = hello
        self._pack(Kind.INIT, integer(VERSION))
        while not hello.settled:
            self._turn()
        reader = Reader(hello.result().body)
        offered: dict[bytes, bytes] = {}
        while reader.more:
            name = reader.string()
            offered[name] = reader.string()
        return offered

    def _turn(self) -> None:
        """Send what is there to be sent, then take in what has come, or fail all that is waited for."""
        self._flush()
        if self._broken:
            return
        try:
            came = self._channel.recv(_TAKE)
        except TimeoutError:
            self._tick()
            return
        except Exception as error:  # noqa: BLE001 - paramiko raises what its thread met, of many types
            self._break(f"the connection was cut ({type(error).__name__})")
            return
        self._heard = monotonic()
        if not came:
            self._break("the server ended the connection")
            return
        self._in += came
        self._settle_all()
        self._tell()

    def _flush(self) -> None:
        if not self._out or self._broken:
            return
        out = b"".join(self._out)
        self._forget_unsent()
        for ticket in self._unsent:
            ticket.sent = True
        self._unsent.clear()
        at = 0
        while at < len(out) and not self._broken:
            at += self._send(out[at : at + _PACKET])
            self._tell()

    def _send(self, piece: bytes) -> int:
        try:
            sent = self._channel.send(piece)
        except TimeoutError:
            self._tick()
            return 0
        except Exception as error:  # noqa: BLE001 - as in _turn
            self._break(f"the connection was cut ({type(error).__name__})")
            return 0
        if sent == 0:
            self._break("the server ended the connection")
        self._heard = monotonic()
        return sent

    def _tick(self) -> None:
        """Nothing happened for a moment."""
        if monotonic() - self._heard > self._patience:
            self._break(f"no answer within {self._patience:g} s")
        self._tell()

    def _tell(self) -> None:
        if self._on_progress and monotonic() - self._told > _TICK_S:
            self._told = monotonic()
            self._on_progress()

    def _break(self, reason: str) -> None:
        self._broken = reason
        for ticket in self._waiting.values():
            ticket.lost = reason
        self._waiting.clear()
        self._unsent.clear()
        self._forget_unsent()

    def _forget_unsent(self) -> None:
        self._out.clear()
        self._out_size = 0

    def _settle_all(self) -> None:
        """Hand out every answer that is whole."""
        data, at = self._in, 0
        while len(data) - at >= _LENGTH:
            size = int.from_bytes(data[at : at + _LENGTH], "big")
            if not _SHORTEST_ANSWER <= size <= _LONGEST_ANSWER:
                self._break(f"the server's bytes are no SFTP (an answer of {size} bytes)")
                break
            end = at + _LENGTH + size
            if len(data) < end:
                break
            kind, number = data[at + 4], int.from_bytes(data[at + 5 : at + 9], "big")
            ticket = self._waiting.pop(_GREETING if kind == Kind.VERSION else number, None)
            if ticket is not None:
                ticket.answer = Answer(kind, bytes(memoryview(data)[at + 9 : end]))
            at = end
        del data[:at]


class _Running(Generic[T]):
    """Work under way, and what it came to."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._ticket: Ticket | None = None
        self._came_to: list[T | ConnectorError] = []

    @property
    def done(self) -> bool:
        return bool(self._came_to)

    def advance(self) -> bool:
        """Whether it is done, once it went on as far as answers are there."""
        while not self.done and (self._ticket is None or self._ticket.settled):
            try:
                self._ticket = self._work.send(None)
            except StopIteration as done:
                self._came_to.append(done.value)
            except ConnectorError as error:
                self._came_to.append(error)
        return self.done

    def result(self) -> T | ConnectorError:
        return self._came_to[0]

    def close(self) -> None:
        self._work.close()
