"""The HTTP server: uvicorn with connections that can really be cut, on one port for everything."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.http import ABORT

if TYPE_CHECKING:
    from types import FrameType

    from starlette.types import Receive, Scope, Send

    from sandbox.app import Sandbox

_NO_LINGER = struct.pack("ii", 1, 0)
_BACKLOG = 2048


class CuttableProtocol(H11Protocol):
    """Hands the application a way to reset its connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        inner = self.app

        async def cuttable(scope: Scope, receive: Receive, send: Send) -> None:
            scope[ABORT] = self._reset
            await inner(scope, receive, send)

        self.app = cuttable

    def _reset(self) -> None:
        """Close the socket so that the peer sees a reset, not a polite end."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()


class SandboxServer(uvicorn.Server):
    """Says where it listens once it does, and lets held calls go when it is told to end."""

    def __init__(self, sandbox: Sandbox, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                sandbox,
                http=CuttableProtocol,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=2,
                backlog=_BACKLOG,
            )
        )
        self._sandbox = sandbox
        self._listener = listener

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then print one line of JSON on stdout."""
        await super().startup(sockets)
        host, port = self._listener.getsockname()[:2]
        base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        where = {"hotwax": base, "retailpro": base, "netsuite": base, "admin": base, "pid": os.getpid()}
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the shape of a signal handler
        """End with exit status 0, and drop what is held, so that the end need not wait for it."""
        self._sandbox.world.release(None, "drop")
        self.should_exit = True

    def serve_forever(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        with contextlib.suppress(KeyboardInterrupt):
            self.run(sockets=[self._listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named: without it each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    return listener
