"""A server that answers every connection with bytes given in advance: for answers that no sane server would give."""

import contextlib
import socket
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self


class RawServer:
    """Listens on a free loopback port; each connection gets the next of `answers`, the last one for ever.

    An answer is a list of parts. A text is sent as it is, a number waits so many seconds, or until the server ends.
    """

    def __init__(self, *answers: Sequence[bytes | float]) -> None:
        self._answers = answers
        self._ended = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests: list[bytes] = []
        self._threads = [threading.Thread(target=self._serve, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            one = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(one)
            one.start()

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, contextlib.suppress(OSError):
            self.requests.append(_request(connection))
            for part in self._answers[min(len(self.requests), len(self._answers)) - 1]:
                if isinstance(part, bytes):
                    connection.sendall(part)
                elif self._ended.wait(part):
                    return


def _request(connection: socket.socket) -> bytes:
    """The whole request, as far as its Content-Length says; the first bytes of what is no HTTP."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536) or b"\r\n\r\n"
        if not data[:1].isalpha():
            return data
    head, _, body = data.partition(b"\r\n\r\n")
    size = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0)
    while len(body) < size:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def an_answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """An HTTP answer with this body."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
