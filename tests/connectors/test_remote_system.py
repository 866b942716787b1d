"""Whatever a remote does, the caller learns exactly whether a repeat is safe."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from connectors.errors import Ambiguous, ConnectorError, Contract, Throttled, Unauthorized, Unreachable
from connectors.http import Answer, CallBudget, RemoteSystem
from connectors.settings import HttpSettings
from tests.support.ports import closed_port
from tests.support.raw_server import RawServer, an_answer

OK = an_answer(b"{}")
QUICK: dict[str, Any] = {"timeout_connect": 0.3, "timeout_read": 0.3}
"""For those that never answer; who does answer is waited for, however slow the machine is."""


def a_system(base_url: str, budget: CallBudget | None = None, on_call: Any = None, **settings: Any) -> RemoteSystem:
    """A system at this address."""
    given = {"base_url": base_url, "timeout_connect": 20, "timeout_read": 20, **settings}
    return RemoteSystem("shop", HttpSettings.model_validate(given), budget, on_call)


def call(system: RemoteSystem, *, write: bool = False) -> Answer:
    """One call with a body where it writes."""
    method, content = ("POST", '{"a":1}') if write else ("GET", None)
    with closing(system):
        return system.call("do_it", method, "/thing", params={"secret": "s3cret"}, content=content, write=write)


def refused(system: RemoteSystem, *, write: bool) -> ConnectorError:
    """What the call raises."""
    with pytest.raises(ConnectorError) as error:
        call(system, write=write)
    return error.value


# ---- nothing was sent ------------------------------------------------------------------------------------------------


@contextmanager
def a_port_that_never_answers() -> Iterator[int]:
    """A listening port whose queue of connections is full, so that the next handshake hangs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        try:
            yield port
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize("write", [False, True])
def test_a_refused_connection_is_safe_to_retry(write: bool) -> None:
    with closed_port() as port:
        error = refused(a_system(f"http://127.0.0.1:{port}"), write=write)
    assert type(error) is Unreachable
    assert "nothing was sent" in str(error)


@pytest.mark.parametrize("write", [False, True])
def test_a_connection_that_takes_too_long_is_safe_to_retry(write: bool) -> None:
    with a_port_that_never_answers() as port:
        assert type(refused(a_system(f"http://127.0.0.1:{port}", **QUICK), write=write)) is Unreachable


@pytest.mark.parametrize("write", [False, True])
def test_an_unknown_host_is_safe_to_retry(write: bool) -> None:
    system = a_system("https://no-such-host.invalid", timeout_connect=20)
    assert type(refused(system, write=write)) is Unreachable


@pytest.mark.parametrize("write", [False, True])
def test_a_failed_tls_handshake_is_safe_to_retry(write: bool) -> None:
    with RawServer([b"this is no TLS\r\n"]) as server:
        system = a_system(server.url.replace("http:", "https:"), timeout_connect=5)
        assert type(refused(system, write=write)) is Unreachable


# ---- something was sent ----------------------------------------------------------------------------------------------

LOST: list[tuple[str, list[bytes | float]]] = [
    ("closed without a word", []),
    ("silent for too long", [30.0]),
    ("no HTTP", [b"HELO\r\n\r\n"]),
    ("cut in the head", [b"HTTP/1.1 200 OK\r\nContent-Le"]),
    ("cut in the body", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]),
    ("silent in the body", [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 30.0]),
    ("a length of a word", [b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"]),
    ("a packing that it is not", [an_answer(b"{}", "200 OK", "Content-Encoding: gzip")]),
    ("a status of another age", [b"HTTP/1.1 199 Hm\r\n\r\n", 30.0]),
]


@pytest.mark.parametrize("answer", [row[1] for row in LOST], ids=[row[0] for row in LOST])
def test_a_lost_answer_is_ambiguous_for_a_write_and_harmless_for_a_read(answer: list[bytes | float]) -> None:
    with RawServer(answer) as server:
        assert type(refused(a_system(server.url, **QUICK), write=False)) is Unreachable
        error = refused(a_system(server.url, **QUICK), write=True)
        assert type(error) is Ambiguous
        assert "look before any repeat" in str(error)


def test_a_trickle_of_bytes_does_not_hold_the_caller_for_ever() -> None:
    trickle: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
    for _ in range(300):
        trickle += [b" ", 0.1]
    with RawServer(trickle) as server:
        assert type(refused(a_system(server.url, **QUICK), write=True)) is Ambiguous


@pytest.mark.parametrize("status", ["500 Oops", "501 No", "502 Bad Gateway", "503 Busy", "504 Late", "599 Odd"])
def test_a_server_error_is_ambiguous_for_a_write_and_harmless_for_a_read(status: str) -> None:
    with RawServer([an_answer(b"<html>", status)]) as server:
        assert type(refused(a_system(server.url), write=False)) is Unreachable
        assert type(refused(a_system(server.url), write=True)) is Ambiguous


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "304 Not Modified", "308 Moved"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with RawServer([an_answer(b"", status, "Location: http://127.0.0.1:9/")], [OK]) as server:
        assert type(refused(a_system(server.url), write=False)) is Contract
    with RawServer([an_answer(b"", status, "Location: http://127.0.0.1:9/")], [OK]) as server:
        assert type(refused(a_system(server.url), write=True)) is Ambiguous


@pytest.mark.parametrize("declared", [True, False])
def test_an_answer_beyond_the_bound_is_not_read_and_names_its_size(declared: bool) -> None:
    body = b"x" * 3_000
    length = b"Content-Length: 3000\r\n" if declared else b"Connection: close\r\n"
    with RawServer([b"HTTP/1.1 200 OK\r\n" + length + b"\r\n" + body]) as server:
        error = refused(a_system(server.url, max_answer_bytes=2_999), write=False)
        assert isinstance(error, Contract)
        assert (error.place, error.expected) == ("body", "at most 2999 bytes")
        assert "3000 bytes" in error.got
        error = refused(a_system(server.url, max_answer_bytes=2_999), write=True)
        assert type(error) is Ambiguous
        assert "at most 2999 bytes" in str(error)
        assert len(call(a_system(server.url, max_answer_bytes=3_000)).body) == 3_000


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["401 No", "403 No"])
@pytest.mark.parametrize("write", [False, True])
def test_no_entry_means_that_nothing_was_applied(status: str, write: bool) -> None:
    with RawServer([an_answer(b"", status)]) as server:
        error = refused(a_system(server.url), write=write)
        assert isinstance(error, Unauthorized)
        assert error.status == int(status[:3])


@pytest.mark.parametrize("status", ["400 Bad", "404 Not Found", "409 Conflict", "422 Hm"])
def test_other_refusals_are_left_to_the_driver(status: str) -> None:
    with RawServer([an_answer(b"why", status)]) as server:
        answer = call(a_system(server.url), write=True)
        assert (answer.ok, answer.status, answer.text) == (False, int(status[:3]), "why")


class RecordingBudget:
    """A budget that remembers what was asked of it, and lets one thread in at a time."""

    def __init__(self) -> None:
        self.turns = 0
        self.pauses: list[tuple[str, float]] = []
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, system: str) -> Iterator[None]:
        """One at a time; it would hang if it were entered twice by one thread."""
        assert system == "shop"
        assert self._lock.acquire(timeout=5), "a turn inside a turn"
        self.turns += 1
        try:
            yield
        finally:
            self._lock.release()

    def pause(self, system: str, seconds: float) -> None:
        """Remembered."""
        self.pauses.append((system, seconds))


@pytest.mark.parametrize(
    ("status", "write"),
    [("408 Late", False), ("425 Early", False), ("425 Early", True), ("429 Slow", False), ("429 Slow", True)],
)
def test_a_plea_for_patience_is_throttling_and_nothing_was_applied(status: str, write: bool) -> None:
    with RawServer([an_answer(b"", status, "Retry-After: 7")]) as server:
        error = refused(a_system(server.url), write=write)
        assert isinstance(error, Throttled)
        assert error.retry_after == timedelta(seconds=7)


def test_a_write_that_was_given_up_waiting_for_may_be_applied() -> None:
    with RawServer([an_answer(b"", "408 Late")]) as server:
        assert type(refused(a_system(server.url), write=True)) is Ambiguous


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("7", 7), ("999999999999", 3600), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
def test_the_time_of_a_retry_is_within_an_hour(value: str, seconds: int) -> None:
    budget = RecordingBudget()
    with RawServer([an_answer(b"", "429 Slow down", f"Retry-After: {value}")]) as server:
        error = refused(a_system(server.url, budget), write=True)
    assert isinstance(error, Throttled)
    assert error.retry_after == timedelta(seconds=seconds)
    assert budget.pauses == [("shop", seconds or 1)]


def test_the_time_of_a_retry_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=30), usegmt=True)
    with RawServer([an_answer(b"", "429 Slow down", f"Retry-After: {date}")]) as server:
        error = refused(a_system(server.url), write=True)
    assert isinstance(error, Throttled)
    assert error.retry_after is not None
    assert timedelta(minutes=29) < error.retry_after <= timedelta(minutes=30)


@pytest.mark.parametrize("header", [[], ["Retry-After: soon"], ["Retry-After: -5"], ["Retry-After: 2.5"]])
def test_throttling_without_a_time_has_none_and_pauses_a_moment(header: list[str]) -> None:
    budget = RecordingBudget()
    with RawServer([an_answer(b"", "429 Slow down", *header)]) as server:
        error = refused(a_system(server.url, budget), write=True)
    assert isinstance(error, Throttled)
    assert error.retry_after is None
    assert budget.pauses == [("shop", 1)]


# ---- budget, telling, secrecy ----------------------------------------------------------------------------------------


def test_a_call_takes_a_turn_and_a_held_turn_serves_all_calls_inside() -> None:
    budget = RecordingBudget()
    with RawServer([OK]) as server, closing(a_system(server.url, budget)) as system:
        with system.turn(), system.turn():
            system.call("a", "GET", "/a")
            system.call("b", "GET", "/b")
        assert budget.turns == 1
        system.call("c", "GET", "/c")
        assert budget.turns == 2


def test_a_turn_that_is_given_back_serves_others_and_each_call_after_it_takes_its_own() -> None:
    budget = RecordingBudget()
    with RawServer([OK]) as server, closing(a_system(server.url, budget)) as system:
        with system.turn():
            system.call("a", "GET", "/a")
            system.give_turn_back()
            other = threading.Thread(target=system.call, args=("b", "GET", "/b"))
            other.start()
            other.join(timeout=5)
            assert budget.turns == 2
            system.call("c", "GET", "/c")
            system.call("d", "GET", "/d")
            assert budget.turns == 4
        with system.turn():
            system.call("e", "GET", "/e")
    assert budget.turns == 5


def test_a_turn_held_by_one_thread_is_not_held_by_another() -> None:
    budget = RecordingBudget()
    with RawServer([OK]) as server, closing(a_system(server.url, budget)) as system:
        other = threading.Thread(target=system.call, args=("a", "GET", "/a"))
        with system.turn():
            other.start()
            other.join(timeout=0.2)
            assert other.is_alive()
            assert server.requests == []
        other.join(timeout=5)
    assert budget.turns == 2


def test_a_turn_is_given_back_when_the_call_fails() -> None:
    budget = RecordingBudget()
    with closed_port() as port, closing(a_system(f"http://127.0.0.1:{port}", budget)) as system:
        for _ in range(2):
            with pytest.raises(Unreachable):
                system.call("a", "GET", "/a")
    assert budget.turns == 2


@pytest.mark.parametrize(
    ("status", "write", "result"),
    [
        ("200 OK", True, "ok"),
        ("400 Bad", True, "rejected"),
        ("403 No", False, "unauthorized"),
        ("429 Slow", False, "throttled"),
        ("500 Oops", False, "unreachable"),
        ("500 Oops", True, "ambiguous"),
        ("302 Found", False, "contract"),
    ],
)
def test_each_call_is_told_once_with_its_result(status: str, write: bool, result: str) -> None:
    told: list[tuple[str, str, str]] = []
    with RawServer([an_answer(b"{}", status)]) as server, structlog.testing.capture_logs() as lines:
        system = a_system(server.url, on_call=lambda name, what, how, _: told.append((name, what, how)))
        with suppress(ConnectorError):
            call(system, write=write)
    assert told == [("shop", "do_it", result)]
    (line,) = lines
    assert (line["system"], line["operation"], line["path"], line["result"]) == ("shop", "do_it", "/thing", result)
    assert line["status"] == int(status[:3])


def test_no_query_and_no_body_reaches_a_log_or_an_error(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    faulty: list[bytes | float] = [an_answer(b"Ana Secreta", "500 Oops")]
    refusal: list[bytes | float] = [an_answer(b"Ana Secreta", "400 Bad")]
    with RawServer(faulty, refusal, []) as server, structlog.testing.capture_logs() as lines:
        errors = [refused(a_system(server.url), write=True)]
        answer = call(a_system(server.url), write=True)
        errors.append(refused(a_system(server.url), write=True))
    shown = f"{lines} {errors} {[str(e) for e in errors]} {[e.__cause__ for e in errors]} {answer} {caplog.text}"
    for secret in ("s3cret", "Secreta", '{"a":1}'):
        assert secret not in shown


def test_a_write_never_uses_a_connection_again() -> None:
    # The server leaves each connection open and reads nothing more from it: only a fresh one gets an answer.
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with RawServer([first, 30.0]) as server, closing(a_system(server.url)) as system:
        for _ in range(3):
            assert system.call("w", "POST", "/w", content="{}", write=True).ok
        assert len(server.requests) == 3


def test_cookies_are_not_kept() -> None:
    with RawServer([an_answer(b"{}", "200 OK", "Set-Cookie: JSESSIONID=1; Path=/")]) as server:
        with closing(a_system(server.url)) as system:
            for write in (False, False, True):
                assert system.call("a", "GET", "/a", write=write).ok
        assert len(server.requests) == 3
        assert not any(b"cookie" in request.lower() for request in server.requests)


def test_a_private_authority_may_be_trusted(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("")
    with pytest.raises(OSError, match=re.compile("no certificate|NO_CERTIFICATE|PEM", re.IGNORECASE)):
        a_system("https://127.0.0.1", ca_file=empty)
