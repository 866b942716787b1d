"""A HotWax on purpose: it answers by the entity that is asked for, in pages, and keeps what it was asked."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from connectors.guard import writing_allowed
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.hotwax.purchase_session import FileSession
from connectors.http import CallBudget, OnCall
from connectors.settings import HotWaxSettings
from domain.outcomes import WriteOutcome

LOG = "co.hotwax.datamanager.DataManagerLog"
CSV = (
    b"external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date\n"
    b"4410021,SHOE-BLK-42,24,17,3,11/25/2026\n"
)
NAME = "WB-IMP-1.csv"

Row = Mapping[str, Any]
Rows = Sequence[Any] | Callable[[Mapping[str, Any]], Sequence[Any]]


def a_purchase(
    url: str, budget: CallBudget | None = None, on_call: OnCall | None = None, **settings: Any
) -> AbstractContextManager[HotWaxPurchase]:
    """A driver with a long-lived token, closed at the end of the block."""
    login = {} if "username" in settings else {"token": "t"}
    given = HotWaxSettings.model_validate({"base_url": url, "timeout_read": 5, **login, **settings})
    return closing(HotWaxPurchase(given, FileSession("hotwax", given, budget, on_call)))


def upload(driver: HotWaxPurchase, body: str) -> WriteOutcome:
    """Upload as the effect mechanism does."""
    with writing_allowed():
        return driver.upload(body)


class EntityServer:
    """Answers `entityData` from rows by entity, filtered as HotWax filters (hotwax 2.2); other paths from `resources`.

    Rows may be a function of the parameters, for a server that does not filter or page as it should.
    """

    def __init__(self, rows: Mapping[str, Rows], resources: Mapping[str, Sequence[Any]] | None = None) -> None:
        self.rows, self.resources = dict(rows), dict(resources or {})
        self.asked: list[dict[str, Any]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._answer(server.entity(said))

            def do_GET(self) -> None:
                self._answer(server.resource(self.path))

            def _answer(self, value: Any) -> None:
                body = json.dumps(value).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def entity(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `entityData`."""
        name, wanted = said["selectedEntity"].rsplit(".", 1)[-1], said["customParametersMap"]
        self.asked.append({"entity": name, **wanted})
        if name not in self.rows:
            return {"_ERROR_MESSAGE_": f"Entity {name} not found"}
        rows = self.rows[name]
        found = rows(wanted) if callable(rows) else _page([row for row in rows if _fits(row, wanted)], wanted)
        return {"entityValueList": found}

    def resource(self, path: str) -> list[Any]:
        """The answer to a GET."""
        parts = urlsplit(path)
        params = dict(parse_qsl(parts.query))
        self.asked.append({"path": parts.path, **params})
        return _page(list(self.resources[parts.path]), params)

    def entities(self) -> list[str]:
        """The entities asked for, in order."""
        return [asked["entity"] for asked in self.asked if "entity" in asked]


def _fits(row: Any, wanted: Mapping[str, Any]) -> bool:
    return not isinstance(row, Mapping) or all(_matches(row, key, value, wanted) for key, value in wanted.items())


def _matches(row: Row, key: str, value: Any, wanted: Mapping[str, Any]) -> bool:
    if key in {"orderByField", "pageIndex", "pageSize"} or key.endswith("_op"):
        return True
    if key.endswith("_from"):
        at = row.get(key.removesuffix("_from"))
        return not isinstance(at, int) or at >= int(value)
    if wanted.get(f"{key}_op") == "in":
        return str(row.get(key)) in list(value)
    return str(row.get(key)) == str(value)


def _page(rows: list[Any], wanted: Mapping[str, Any]) -> list[Any]:
    size, index = int(wanted["pageSize"]), int(wanted["pageIndex"])
    return rows[index * size : (index + 1) * size]
