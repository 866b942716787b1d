"""The admin API's errors: a 400 names each field and its value, a 404 what was not found."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sandbox.http import json_answer
from sandbox.problems import BadInputError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pydantic_core import ErrorDetails
    from starlette.requests import Request
    from starlette.responses import Response

    Handler = Callable[[Request], Awaitable[Response]]


def telling(handler: Handler) -> Handler:
    """Turn problems into answers that say what to mend."""

    @wraps(handler)
    async def safe(request: Request) -> Response:
        try:
            return await handler(request)
        except ValidationError as problem:
            return _bad([_told(error) for error in problem.errors(include_url=False, include_context=False)])
        except BadInputError as problem:
            return _bad([{"field": problem.field, "value": problem.value, "error": problem.message}])
        except (OverflowError, UnicodeError) as problem:
            return _bad([{"field": "body", "value": None, "error": f"holds a value that cannot be stored: {problem}"}])
        except NotFoundError as problem:
            return json_answer({"error": str(problem)}, 404)

    return safe


def _told(error: ErrorDetails) -> dict[str, object]:
    return {"field": _path(error["loc"]), "value": error["input"], "error": error["msg"]}


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "body"


def _bad(errors: list[dict[str, object]]) -> Response:
    shown = [{**error, "value": _shortened(error["value"])} for error in errors]
    return json_answer({"error": "; ".join(f"{row['field']}: {row['error']}" for row in shown), "errors": shown}, 400)


def _shortened(value: object) -> object:
    """Return a value that is fit to be shown: big ones as the start of their text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text[:200]
