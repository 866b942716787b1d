"""The SuiteQL service: a query in, one page of rows out (reference netsuite.md 8, "SuiteQL")."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.http import json_answer
from sandbox.netsuite.mirror import Mirror
from sandbox.netsuite.rest_errors import bad_request
from sandbox.netsuite.sql_queries import translate
from sandbox.netsuite.sql_words import SqlError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.database import Row
    from sandbox.netsuite.oauth import Login
    from sandbox.netsuite.sql_queries import Translated
    from sandbox.world import World

_MOST_PER_PAGE: Final = 1000
_DECIMALS: Final = 8


class SuiteQl:
    """Answers queries from the mirror of the account's state."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._mirror = Mirror(world)

    def keep_up(self) -> None:
        """Take in what has changed now, so that no later query waits for the changes of many calls."""
        self._mirror.refresh()

    async def answer(self, request: Request, login: Login) -> Response:
        """Answer a query.

        Raises:
            RestError: The request or the query is refused; the text names what is wrong with it.
        """
        login.needs("REPO_ANALYTICS", "Reports -> SuiteAnalytics Workbook")
        if "transient" not in request.headers.get("prefer", ""):
            raise bad_request("INVALID_HEADER", "The header Prefer: transient is required.", header="Prefer")
        limit, offset = self._page(request)
        query = _query(await request.body())
        try:
            rows, total = self._rows(translate(query, login.permissions), limit, offset)
        except (SqlError, RecursionError) as error:
            detail = f"Invalid search query. Detailed unprocessed description follows. {error}."
            raise bad_request("INVALID_PARAMETER", detail, query="q") from error
        return json_answer(_shown(request, rows, (limit, offset, total)))

    def _page(self, request: Request) -> tuple[int, int]:
        most = self._world.settings.netsuite_sql_rows
        given = dict(request.query_params)
        limit = _whole(given.pop("limit", str(_MOST_PER_PAGE)), "limit", range(1, _MOST_PER_PAGE + 1))
        offset = _whole(given.pop("offset", "0"), "offset", range(most))
        for name in given:
            raise bad_request("INVALID_PARAMETER", f"Unknown query parameter: {name}.", query=name)
        return limit, offset

    def _rows(self, query: Translated, limit: int, offset: int) -> tuple[list[Row], int]:
        """Return a page, and how many rows there are in all, as far as they can be read."""
        most = self._world.settings.netsuite_sql_rows
        most = most if query.fetch is None else min(most, query.fetch)
        size = max(0, min(limit, most - offset))
        names, found = self._mirror.rows(f"{query.sql} LIMIT {size} OFFSET {offset}")
        total = offset + len(found)
        if len(found) == size or not found:
            _, [(number,)] = self._mirror.rows(f"SELECT count(*) FROM ({query.sql} LIMIT {most})")  # noqa: S608 - translated
            total = int(str(number))
        return [_row(names, row) for row in found], total


def _query(raw: bytes) -> str:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise bad_request("INVALID_CONTENT", f"Invalid content in the request body: {error}.") from error
    if not isinstance(body, dict) or set(body) != {"q"} or not isinstance(body["q"], str):
        raise bad_request("INVALID_CONTENT", 'The request body must be {"q": "..."}.', path="q")
    return str(body["q"])


def _whole(text: str, name: str, allowed: range) -> int:
    number = int(text) if text.isascii() and text.isdigit() else -1
    if number not in allowed:
        detail = f"{name} must be a whole number from {allowed.start} to {allowed.stop - 1}, not {text}."
        raise bad_request("INVALID_PARAMETER", detail, query=name)
    return number


def _row(names: list[str], values: tuple[object, ...]) -> Row:
    """Return a row as SuiteQL tells it: every value a text, what is empty left out."""
    told: dict[str, Any] = {"links": []}
    told |= {name: _text(value) for name, value in zip(names, values, strict=True) if value is not None}
    return told


def _text(value: object) -> str:
    """Return a value as text; numbers without exponent, idle zeros, and the noise of binary fractions."""
    if not isinstance(value, float):
        return str(value)
    text = f"{value:.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _shown(request: Request, rows: list[Row], page: tuple[int, int, int]) -> Row:
    limit, offset, total = page
    href = f"{request.url.scheme}://{request.url.netloc}{request.url.path}?limit={limit}&offset="
    more = offset + len(rows) < total
    links = [{"rel": "self", "href": f"{href}{offset}"}]
    links += [{"rel": "next", "href": f"{href}{offset + limit}"}] if more else []
    head = {"links": links, "count": len(rows), "hasMore": more, "items": rows}
    return {**head, "offset": offset, "totalResults": total}
