"""Answers as bytes, and the ways in which a fault spoils them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from sandbox.netsuite.rest_errors import error_body

if TYPE_CHECKING:
    from sandbox.faults import FaultDefinition

_JSON = "application/json"
_PROXY_STATUSES = {502, 503, 504}
_CODES: Final = {
    400: "USER_ERROR",
    401: "INVALID_LOGIN",
    403: "INSUFFICIENT_PERMISSION",
    404: "NONEXISTENT_ID",
    429: "CONCURRENCY_LIMIT_EXCEEDED",
}
"""NetSuite's error codes where a fault names only a status."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, ready to be sent."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": _JSON})


def refusal(system: str, status: int, message: str) -> Answer:
    """Return an error in the words of a system."""
    return Answer(status, json.dumps(_error_body(system, status, message)).encode())


def spoil(definition: FaultDefinition, system: str, real: Answer | None) -> Answer:
    """Return what a fault sends instead of the real answer.

    Args:
        definition: A fault of kind status, soft_error, garbage or expire_token.
        system: Whose words to use.
        real: The real answer when the call was applied, else nothing.
    """
    if definition.kind == "status":
        return _failure(definition, system)
    if definition.kind == "soft_error":
        return Answer(200, json.dumps(_soft_body(system, definition.message)).encode())
    if definition.kind == "expire_token":
        return refusal(system, 401, "the token has expired")
    return _garbage(definition, real or Answer(200, _plausible(system)))


def _failure(definition: FaultDefinition, system: str) -> Answer:
    headers = {"content-type": _JSON}
    if definition.retry_after is not None:
        headers["retry-after"] = str(definition.retry_after)
    if definition.status in _PROXY_STATUSES:
        # These come from a proxy in front of the system, which knows nothing of its JSON.
        page = f"<html><body><h1>{definition.status}</h1>{definition.message}</body></html>"
        return Answer(definition.status, page.encode(), {**headers, "content-type": "text/html"})
    return Answer(
        definition.status,
        json.dumps(_error_body(system, definition.status, definition.message, definition.code)).encode(),
        headers,
    )


def _garbage(definition: FaultDefinition, real: Answer) -> Answer:
    match definition.garbage:
        case "not_json":
            body = b"<html><body>It works!</body></html>"
        case "truncated":
            body = real.body[: max(1, len(real.body) // 2)]
        case "wrong_types":
            body = json.dumps(_scramble(_content(real))).encode()
        case "huge":
            body = _huge(real.body, int(definition.size_mb * 1_000_000))
        case "empty":
            body = b""
    # Where the real answer has no body, something must carry this one.
    status = HTTPStatus.OK if real.status == HTTPStatus.NO_CONTENT else real.status
    return Answer(status, body, real.headers)


def _content(real: Answer) -> Any:
    """Return what an answer says; a file is its text."""
    return json.loads(real.body) if real.headers.get("content-type") == _JSON else real.body.decode(errors="replace")


def _huge(body: bytes, size: int) -> bytes:
    """Return valid JSON of at least this size around the real body."""
    return b'{"padding":"' + b"x" * size + b'","answer":' + (body or b"null") + b"}"


def _scramble(value: Any) -> Any:
    """Return a value of the same depth in which every leaf and every list has the wrong type."""
    if isinstance(value, dict):
        return {key: _scramble(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return {"0": _scramble(value[0])} if value else "none"
    if isinstance(value, str):
        return len(value)
    return [value]


def _error_body(system: str, status: int, message: str, code: str | None = None) -> dict[str, Any]:
    if system == "netsuite":
        return error_body(status, code or _CODES.get(status, "UNEXPECTED_ERROR"), message)
    if system == "hotwax":
        return {"errorCode": status, "errors": message}
    return {"success": False, "Message": message}


def _soft_body(system: str, message: str) -> dict[str, Any]:
    if system == "netsuite":
        return error_body(200, "UNEXPECTED_ERROR", message)
    return {"_ERROR_MESSAGE_": message} if system == "hotwax" else {"success": False, "Message": message}


def _plausible(system: str) -> bytes:
    """Return a body that looks right from afar, for a call that was never applied."""
    if system == "netsuite":
        return b'{"links":[],"count":1,"hasMore":false,"items":[{"links":[],"id":"991"}],"offset":0,"totalResults":1}'
    if system == "hotwax":
        return b'{"entityValueList":[{"orderId":"10001","statusId":"ORDER_COMPLETED"}]}'
    return b'{"success":true,"DocumentNo":"700001","Sid":"600000000000000001"}'
