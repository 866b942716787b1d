"""How NetSuite refuses over REST (reference netsuite.md 8, "Errors")."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Literal

from sandbox.http import json_answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    Handler = Callable[[Request], Awaitable[Response]]

Where = Literal["o:errorPath", "o:urlPath", "o:errorHeader", "o:errorQueryParam"]
_SERVER_ERROR: Final = 500


class RestError(Exception):
    """NetSuite refuses a call: status, code, text, and the place of what is wrong with it."""

    def __init__(self, status: int, code: str, detail: str, where: Mapping[Where, str] | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.where = where or {}
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """Return the JSON that tells it."""
        return error_body(self.status, self.code, self.detail, self.where)


def error_body(status: int, code: str, detail: str, where: Mapping[Where, str] | None = None) -> dict[str, Any]:
    """Return an error as NetSuite writes it."""
    group, first = ("10.5", _SERVER_ERROR) if status >= _SERVER_ERROR else ("10.4", HTTPStatus.BAD_REQUEST)
    section = f"sec{group}.{status - first + 1}" if status >= HTTPStatus.BAD_REQUEST else "sec10"
    return {
        "type": f"https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#{section}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "o:errorDetails": [{"detail": detail, "o:errorCode": code, **(where or {})}],
    }


def bad_request(code: str, detail: str, **where: str) -> RestError:
    """Return a 400; its place is given by one of `path`, `header` and `query`."""
    names: dict[str, Where] = {"path": "o:errorPath", "header": "o:errorHeader", "query": "o:errorQueryParam"}
    return RestError(HTTPStatus.BAD_REQUEST, code, detail, {names[name]: value for name, value in where.items()})


def refusing(handler: Handler) -> Handler:
    """Turn refusals into NetSuite's answers."""

    @wraps(handler)
    async def safe(request: Request) -> Response:
        try:
            return await handler(request)
        except RestError as error:
            return json_answer(error.body(), error.status, error.headers)

    return safe
