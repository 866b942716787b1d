"""The worker's HTTP endpoint: `/healthz`, `/readyz` and `/metrics`."""

import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ledger.database import LedgerUnavailableError

Probe = Callable[[], str | None]
"""None when all is well, else what is wrong."""


class HealthServer:
    """Serves health, readiness and metrics on its own thread.

    `healthy` says why the process should be restarted; `ready` why it cannot work now. `refresh` is called before
    metrics are read.
    """

    def __init__(self, host: str, port: int, *, healthy: Probe, ready: Probe, refresh: Callable[[], None]) -> None:
        probes = {"/healthz": healthy, "/readyz": ready}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/metrics":
                    self._metrics()
                elif self.path in probes:
                    problem = probes[self.path]()
                    status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
                    self._send(status, (problem or "ok").encode() + b"\n", "text/plain; charset=utf-8")
                else:
                    self._send(HTTPStatus.NOT_FOUND, b"try /healthz, /readyz or /metrics\n", "text/plain")

            def _metrics(self) -> None:
                try:
                    refresh()
                except LedgerUnavailableError as error:
                    self._send(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n".encode(), "text/plain; charset=utf-8")
                else:
                    self._send(HTTPStatus.OK, generate_latest(), CONTENT_TYPE_LATEST)

            def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server names it so
                """Nothing: probes every few seconds would drown the log."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def address(self) -> str:
        """Where it listens."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        """Start serving."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
