"""The one HTTP client of all connectors: bounded in time and size, and exact about whether a write may have arrived."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import monotonic
from typing import Any, NoReturn, Protocol

import httpx
import structlog

from connectors import exact_json
from connectors.errors import Ambiguous, ConnectorError, Contract, Throttled, Unauthorized, Unreachable
from connectors.settings import HttpSettings

# They log URLs with query strings, and headers; our own line per call has neither.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_log = structlog.get_logger("connectors")

LONGEST_RETRY_AFTER = timedelta(hours=1)
_PAUSE_WITHOUT_WORD = timedelta(seconds=1)
_SAID = 4_000
_COME_BACK_LATER = frozenset({408, 425, 429})
_NO_ENTRY = frozenset({401, 403})
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

OnCall = Callable[[str, str, str, float], None]
"""Told after each call: system, operation, result ("ok" or the error's class in lower case), seconds."""


class CallBudget(Protocol):
    """The right to call a system: its rate and concurrency hold over all workers."""

    def turn(self, system: str) -> AbstractContextManager[None]:
        """A block in which one call may be made; waits until there is room."""

    def pause(self, system: str, seconds: float) -> None:
        """Nobody calls the system for so long: it asked for it."""


class NoBudget:
    """A budget without bounds."""

    def turn(self, system: str) -> AbstractContextManager[None]:
        """A block that never waits."""
        del system
        return nullcontext()

    def pause(self, system: str, seconds: float) -> None:
        """Nothing: there is nobody to hold back."""


@dataclass(frozen=True, repr=False)
class Answer:
    """A whole answer. Its body is not part of its repr: it may hold personal data."""

    system: str
    operation: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.system} {self.operation}: {self.status}, {len(self.body)} bytes)"

    @property
    def ok(self) -> bool:
        """Whether the status line says success; the body may still say otherwise."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own bounds

    @property
    def text(self) -> str:
        """The body as text, unreadable bytes replaced."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON, with amounts as exact decimals.

        Raises:
            Contract: it is no JSON.
        """
        try:
            return exact_json.loads(self.body)
        except ValueError:
            got = f"{len(self.body)} bytes with status {self.status}"
            raise Contract(self.system, self.operation, place="body", expected="JSON", got=got) from None


@dataclass(frozen=True, repr=False)
class Upload:
    """A form with one file in it, as `multipart/form-data`; `field` is the file's own."""

    fields: Mapping[str, str]
    field: str
    file_name: str
    content: bytes
    media_type: str = "text/csv"


@dataclass(frozen=True)
class Download:
    """What a call asks for that is no JSON: its media type, and how many bytes are too many."""

    media_type: str
    largest: int


class _Held(threading.local):
    turn: ExitStack | None = None
    """The turn that this thread holds; closing it gives it back."""


class RemoteSystem:
    """One remote system over HTTP, safe to share between threads.

    Args:
        name: what the system is called in messages, metrics and the budget.
        settings: where it is and its bounds.
        budget: the right to call it.
        on_call: told about each call, for metrics.
    """

    def __init__(
        self, name: str, settings: HttpSettings, budget: CallBudget | None = None, on_call: OnCall | None = None
    ) -> None:
        self.name = name
        self._settings = settings
        self._budget: CallBudget = budget or NoBudget()
        self._on_call = on_call
        self._held = _Held()
        trust = _trust(settings)
        self._reading = _client(settings, trust, keep_alive=settings.concurrency)
        # A write on a connection that the other side has just closed would be ambiguous: each gets a fresh one.
        self._writing = _client(settings, trust, keep_alive=0)

    def close(self) -> None:
        """Let go of all connections."""
        self._reading.close()
        self._writing.close()

    def url(self, path: str) -> str:
        """The full address of a path; one that is an address already stays as it is."""
        return path if path.startswith(("https://", "http://")) else self._settings.base_url.rstrip("/") + path

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A block in which this thread may call; it may be entered again inside itself, and waits once only.

        The effect mechanism holds it around commit and send, so that nothing promised waits for its turn.
        """
        if self._held.turn is not None:
            yield
            return
        with ExitStack() as turn:
            turn.enter_context(self._budget.turn(self.name))
            self._held.turn = turn
            try:
                yield
            finally:
                self._held.turn = None

    def give_turn_back(self) -> None:
        """Let others call while this thread waits inside its turn; from here on each of its calls takes its own."""
        turn, self._held.turn = self._held.turn, None
        if turn is not None:
            turn.close()

    def call(  # noqa: PLR0913 - the parts of a request, all by name
        self,
        operation: str,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object | None = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
        upload: Upload | None = None,
        download: Download | None = None,
        write: bool = False,
    ) -> Answer:
        """The answer: a success, or a refusal (4xx) that the driver interprets.

        Raises:
            Unreachable: nothing was sent, or a read failed.
            Ambiguous: a write was sent, and its answer was lost or cannot be trusted.
            Throttled: the remote asks to come back later; the budget is paused.
            Unauthorized: it does not let us in.
            Contract: a read was answered with a redirect, or with too many bytes.
        """
        given = {"Content-Type": "application/json"} if content is not None else {}
        given |= {"Accept": download.media_type} if download else {}
        request = (self._writing if write else self._reading).build_request(
            method,
            self.url(path),
            params=params,
            json=json,
            content=content,
            data=upload.fields if upload else None,
            files={upload.field: (upload.file_name, upload.content, upload.media_type)} if upload else None,
            headers={**given, **(headers or {})},
        )
        limit = download.largest if download else self._settings.max_answer_bytes
        with self.turn():
            return self._timed(operation, request, path, limit, write=write)

    def _timed(self, operation: str, request: httpx.Request, path: str, limit: int, *, write: bool) -> Answer:
        started, result, status = monotonic(), "crashed", None
        try:
            answer = self._exchange(operation, request, limit, write=write)
            status = answer.status
            self._refuse(answer, write=write)
            result = "ok" if answer.ok else "rejected"
        except ConnectorError as error:
            result = type(error).__name__.lower()
            raise
        finally:
            seconds = monotonic() - started
            level = logging.INFO if result == "ok" else logging.WARNING
            said = {"system": self.name, "operation": operation, "method": request.method, "path": path}
            _log.log(level, "remote call", **said, status=status, result=result, seconds=round(seconds, 4))
            if self._on_call:
                self._on_call(self.name, operation, result, seconds)
        return answer

    def _exchange(self, operation: str, request: httpx.Request, limit: int, *, write: bool) -> Answer:
        client = self._writing if write else self._reading
        try:
            response = client.send(request, stream=True)
            try:
                body = self._bounded(operation, response, limit)
            finally:
                response.close()
        except _NOTHING_SENT as error:
            raise Unreachable(
                self.name, operation, f"{_words(error)}; nothing was sent, it is safe to retry"
            ) from error
        except httpx.HTTPError as error:
            raise self._lost(operation, _words(error), write=write) from error
        except Contract as error:
            raise (self._lost(operation, error.message, write=True) if write else error) from None
        return Answer(self.name, operation, response.status_code, response.headers, body)

    def _lost(self, operation: str, why: str, *, write: bool) -> Ambiguous | Unreachable:
        if write:
            return Ambiguous(self.name, operation, f"{why}; it was sent and may be applied: look before any repeat")
        return Unreachable(self.name, operation, f"{why}; it was a read, it is safe to retry")

    def _bounded(self, operation: str, response: httpx.Response, limit: int) -> bytes:
        """The whole body, within the bounds of size and time; a trickle of bytes must not hold a thread for ever."""
        deadline = monotonic() + self._settings.timeout_read.total_seconds()
        chunks, size = [], int(response.headers.get("Content-Length", "0"))
        if size <= limit:
            size = 0
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    break
                if monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer did not end in time")
        if size > limit:
            got = f"{size} bytes and more"
            raise Contract(self.name, operation, place="body", expected=f"at most {limit} bytes", got=got)
        return b"".join(chunks)

    def _refuse(self, answer: Answer, *, write: bool) -> None:
        """Raise what a status means by itself; leave successes and plain refusals to the driver."""
        status, operation = answer.status, answer.operation
        if write and status == HTTPStatus.REQUEST_TIMEOUT:
            # Whoever answers this, the service or a gateway in front of it, does not say how far the request came.
            raise self._lost(operation, f"answered {_named(status)}", write=True)
        if status in _COME_BACK_LATER:
            self.throttled(answer)
        if status in _NO_ENTRY:
            advice = "check the credentials and permissions in waybill.toml and its secrets; nothing was applied"
            raise Unauthorized(self.name, operation, f"{_named(status)}; {advice}", status, answer.text[:_SAID])
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self._lost(operation, f"answered {_named(status)}", write=write)
        if not answer.ok and status < HTTPStatus.BAD_REQUEST:
            if write:
                raise self._lost(operation, f"answered {_named(status)}", write=True)
            raise Contract(self.name, operation, place="status", expected="an answer at base_url", got=_named(status))

    def throttled(self, answer: Answer) -> NoReturn:
        """Pause the budget and raise `Throttled`: this answer, whatever its status, asks to come back later."""
        wait = _retry_after(answer.headers.get("Retry-After"), datetime.now(UTC))
        self._budget.pause(self.name, (wait or _PAUSE_WITHOUT_WORD).total_seconds())
        when = f"in {wait.total_seconds():.0f} s" if wait else "later"
        words = f"{_named(answer.status)}; nothing was applied, it is tried again {when}"
        raise Throttled(self.name, answer.operation, words, wait)


def _trust(settings: HttpSettings) -> ssl.SSLContext:
    """Whom to trust; nobody, and at no cost, where nothing is encrypted."""
    if settings.base_url.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if settings.verify_tls and settings.ca_file:
        return ssl.create_default_context(cafile=str(settings.ca_file))
    return httpx.create_ssl_context(verify=settings.verify_tls)


def _client(settings: HttpSettings, trust: ssl.SSLContext, *, keep_alive: int) -> httpx.Client:
    return httpx.Client(
        verify=trust,
        # A session beside our token would be a second identity, shared by all threads: cookies are not kept.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        headers={"User-Agent": "waybill", "Accept": "application/json", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(
            connect=settings.timeout_connect.total_seconds(),
            write=settings.timeout_connect.total_seconds(),
            read=settings.timeout_read.total_seconds(),
            pool=settings.timeout_connect.total_seconds(),
        ),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=keep_alive, keepalive_expiry=3),
    )


def _words(error: httpx.HTTPError) -> str:
    """The error's class and text; httpx puts no URL, header or body into either."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for, in seconds or as a date, bounded; None when it says nothing."""
    if value is None:
        return None
    try:
        wait = timedelta(seconds=int(value)) if value.strip().isdigit() else parsedate_to_datetime(value) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return max(timedelta(0), min(wait, LONGEST_RETRY_AFTER))
