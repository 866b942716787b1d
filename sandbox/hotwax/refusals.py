"""How HotWax refuses, and how it reads a JSON body."""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from sandbox.hotwax.entities import QueryError
from sandbox.http import json_answer
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    Handler = Callable[[Request], Awaitable[Response]]


class HotWaxRefusalError(Exception):
    """HotWax answers with a status and `errors`."""

    def __init__(self, status: int, errors: str) -> None:
        super().__init__(errors)
        self.status = status
        self.errors = errors


def refusing(handler: Handler) -> Handler:
    """Turn refusals into HotWax's answers: bad parameters come with status 200 and `_ERROR_MESSAGE_`."""

    @wraps(handler)
    async def safe(request: Request) -> Response:
        try:
            return await handler(request)
        except HotWaxRefusalError as refusal:
            return json_answer({"errorCode": refusal.status, "errors": refusal.errors}, refusal.status)
        except NotFoundError as problem:
            return json_answer({"errorCode": 404, "errors": str(problem)}, 404)
        except BadInputError as problem:
            return json_answer({"errorCode": 400, "errors": f"{problem.field}: {problem.message}"}, 400)
        except QueryError as error:
            return json_answer({"_ERROR_MESSAGE_": str(error)})

    return safe


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, which must be a JSON object.

    Raises:
        HotWaxRefusalError: It is none.
    """
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise HotWaxRefusalError(400, f"The request body is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise HotWaxRefusalError(400, "The request body must be a JSON object")
    return body
