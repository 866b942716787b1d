"""The front door: every call to a system is counted, judged by the faults, answered or cut off, and recorded."""

from __future__ import annotations

import asyncio
import sqlite3
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from sandbox.answers import Answer, refusal, spoil
from sandbox.faults import Subject
from sandbox.http import ABORT, APPLIED
from sandbox.netsuite import concurrency
from sandbox.tokens import void_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.calls import Call
    from sandbox.faults import Fault
    from sandbox.world import World

# HotWax's older half lives below /api: what is not Retail Pro's there is HotWax's.
_ROOTS: Final = (
    *(("/rest/s1/", "hotwax"), ("/api/v1/", "retailpro"), ("/api/", "hotwax")),
    ("/services/rest/", "netsuite"),
)


class Gate:
    """The ASGI application in front of all systems and the admin API."""

    def __init__(self, world: World, systems: Mapping[str, ASGIApp], admin: ASGIApp) -> None:
        self._world = world
        self._systems = systems
        self._admin = admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        system = next((name for root, name in _ROOTS if scope["path"].startswith(root)), None)
        if system is None:
            await self._admin(scope, receive, send)
            return
        body = await _read(receive)
        query = scope["query_string"].decode("latin-1")
        call = self._world.calls.open(system, scope["method"], scope["path"], query, body)
        try:
            answer = await self._admitted(call, scope)
            call.status = answer.status if answer else 0
        finally:
            self._world.calls.close(call, self._world.settings)
        if answer is None:
            await _cut(scope, receive)
        else:
            await _send(answer, send)

    async def _admitted(self, call: Call, scope: Scope) -> Answer | None:
        """Answer a call that gets a slot, which it keeps until it is answered; refuse it where all are taken."""
        if not concurrency.is_counted(call):
            return await self._answer(call, scope)
        settings, slots = self._world.settings, self._world.slots
        if not slots.enter(settings.netsuite_concurrency):
            return concurrency.refused(settings.netsuite_limit_status)
        try:
            return await self._answer(call, scope)
        finally:
            slots.leave()

    async def _answer(self, call: Call, scope: Scope) -> Answer | None:
        """Return what the caller gets, or nothing when the connection is cut."""
        verdict = self._world.faults.judge(Subject(call.system, call.method, call.path, call.body))
        call.fault = verdict.shown
        if verdict.delay_s:
            await asyncio.sleep(verdict.delay_s)
        if verdict.fault is None:
            return await self._real(call, scope)
        return await self._faulty(verdict.fault, call, scope)

    async def _faulty(self, fault: Fault, call: Call, scope: Scope) -> Answer | None:
        wanted = fault.definition
        if wanted.kind == "expire_token":
            void_tokens(self._world.database, call.system)
            return spoil(wanted, call.system, None)
        if wanted.kind == "stall":
            return await self._stalled(fault, call, scope)
        real = await self._real(call, scope) if wanted.when == "after" else None
        return None if wanted.kind == "drop" else spoil(wanted, call.system, real)

    async def _stalled(self, fault: Fault, call: Call, scope: Scope) -> Answer | None:
        """Hold a call before or after it is applied; a call dropped while held before is never applied."""
        wanted = fault.definition
        real = await self._real(call, scope) if wanted.when == "after" else None
        if await self._world.hold(call, wanted.when, wanted.seconds) == "drop":
            return None
        return real or await self._real(call, scope)

    async def _real(self, call: Call, scope: Scope) -> Answer | None:
        """Let the system answer and take its answer down; a call from before a reset is cut off instead."""
        if call.age != self._world.calls.age:
            return None
        inner = {**scope, APPLIED: False}
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": call.body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        try:
            await self._systems[call.system](inner, receive, send)
        except (sqlite3.Error, OverflowError, TypeError, ValueError) as error:
            # A value that passes every rule and that the database cannot take, such as half a character.
            return refusal(call.system, 500, f"internal error: {error}")
        call.applied = inner[APPLIED]
        return _collect(sent) if sent[0]["status"] not in (404, 405) else _no_such_path(call, sent)


def _no_such_path(call: Call, sent: list[Message]) -> Answer:
    """Return a 404 or 405 in the system's words where only the router has spoken."""
    answer = _collect(sent)
    if answer.headers.get("content-type") == "application/json":
        return answer
    return refusal(call.system, answer.status, f"{call.method} {call.path} is not a resource here")


def _collect(sent: list[Message]) -> Answer:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    headers.pop("content-length", None)
    return Answer(sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), headers)


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _send(answer: Answer, send: Send) -> None:
    # A 204 has no body, not even an empty one.
    length = {} if answer.status == HTTPStatus.NO_CONTENT else {"content-length": str(len(answer.body))}
    headers = {**answer.headers, **length}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _cut(scope: Scope, receive: Receive) -> None:
    """Cut the connection without a word and wait until the server has noticed."""
    abort: Callable[[], None] | None = scope.get(ABORT)
    if abort is None:
        raise RuntimeError("this server cannot cut connections: run the sandbox by `python -m sandbox`")
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass
