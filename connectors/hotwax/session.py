"""Calls to HotWax with one shared token, renewed once when it is refused; and what its refusals mean (hotwax 2.1)."""

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from time import monotonic
from typing import Any

from connectors.errors import Contract, NotFound, Rejected, Unauthorized
from connectors.http import Answer, CallBudget, OnCall, RemoteSystem
from connectors.remote_words import in_words, object_of
from connectors.settings import HotWaxSettings

_LOGIN = "/rest/s1/admin/login"
_ENTITY_DATA = "/rest/s1/oms/entityData"
_ERROR_KEYS = ("_ERROR_MESSAGE_", "_ERROR_MESSAGE_LIST_", "errors", "error")
_LOGIN_PAUSE_S = 30.0
"""How long a refused login is not repeated: many orders asking at once could lock the account."""


class Session:
    """An authenticated way to call one HotWax, shared by all threads: nobody logs in for an order of its own."""

    def __init__(
        self, name: str, settings: HotWaxSettings, budget: CallBudget | None = None, on_call: OnCall | None = None
    ) -> None:
        self._settings = settings
        self._system = RemoteSystem(name, settings, budget, on_call)
        self._token = settings.token.get_secret_value() if settings.token else None
        self._lock = threading.Lock()
        self._refused_at: float | None = None

    @property
    def name(self) -> str:
        """What this HotWax is called in messages."""
        return self._system.name

    def url(self, path: str) -> str:
        """The full address of a path."""
        return self._system.url(path)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call."""
        return self._system.turn()

    def close(self) -> None:
        """Let go of all connections."""
        self._system.close()

    def get(self, operation: str, path: str, params: Mapping[str, str | int] | None = None) -> Any:
        """The JSON value that HotWax answers to a read.

        Raises:
            NotFound, Rejected: it refused, by status or inside a 200.
        """
        return self._value(self._call(operation, "GET", path, params=params))

    def entity_rows(self, operation: str, entity: str, parameters: Mapping[str, Any]) -> list[Any]:
        """One page of an entity; paging stands inside the parameters, the only place where it is read (hotwax 2.2)."""
        body = {"selectedEntity": entity, "customParametersMap": dict(parameters), "filterByDate": False}
        said = self._value(self._call(operation, "POST", _ENTITY_DATA, json=body))
        rows = said.get("entityValueList") if isinstance(said, Mapping) else None
        if not isinstance(rows, list):
            raise Contract(self.name, operation, place="entityValueList", expected="a list", got=type(rows).__name__)
        return rows

    def write(self, operation: str, path: str, body: str) -> Answer:
        """The answer to a write of exactly this body, a refusal included."""
        return self._call(operation, "POST", path, content=body, write=True)

    def _call(self, operation: str, method: str, path: str, **request: Any) -> Answer:
        with self.turn():
            token = self._token or self._renewed(None)
            try:
                return self._system.call(operation, method, path, headers=_bearer(token), **request)
            except Unauthorized as error:
                if error.status != HTTPStatus.UNAUTHORIZED or self._settings.token:
                    raise
            return self._system.call(operation, method, path, headers=_bearer(self._renewed(token)), **request)

    def _renewed(self, refused: str | None) -> str:
        """A token that is not the refused one. Only one thread logs in; the others wait, and share what it gets."""
        with self._lock:
            if self._token is None or self._token == refused:
                self._token = None
                self._token = self._log_in()
            return self._token

    def _log_in(self) -> str:
        if self._refused_at is not None and monotonic() - self._refused_at < _LOGIN_PAUSE_S:
            raise self._not_let_in("the login was refused a moment ago")
        password = self._settings.password
        said = {"username": self._settings.username, "password": password.get_secret_value() if password else ""}
        try:
            answer = self._system.call("log_in", "POST", _LOGIN, json=said)
            got = object_of(answer) if answer.ok else {}
        except Unauthorized:
            self._refused_at = monotonic()
            raise
        if not answer.ok or failure_in(got):
            self._refused_at = monotonic()
            raise self._not_let_in(f"the login was answered {answer.status}")
        token = got.get("token")
        if not isinstance(token, str) or not token:
            raise Contract(self.name, "log_in", place="token", expected="a token", got=type(token).__name__)
        self._refused_at = None
        return token

    def _not_let_in(self, why: str) -> Unauthorized:
        advice = "check username and password of this HotWax; nothing was applied"
        return Unauthorized(self.name, "log_in", f"{why}; {advice}", HTTPStatus.UNAUTHORIZED)

    def _value(self, answer: Answer) -> Any:
        if not answer.ok:
            kind = NotFound if answer.status == HTTPStatus.NOT_FOUND else Rejected
            raise kind(self.name, answer.operation, f"{answer.status}: {refusal_words(answer)}")
        said = answer.json()
        if words := failure_in(said):
            raise Rejected(self.name, answer.operation, f"{answer.status} with an error inside: {words}")
        return said


def failure_in(said: Any) -> str:
    """The error that HotWax put into a body, whatever its status (hotwax 2.1); empty when there is none."""
    if not isinstance(said, Mapping):
        return ""
    return in_words([said[key] for key in _ERROR_KEYS if said.get(key)])


def refusal_words(answer: Answer) -> str:
    """What HotWax says in a refusal, in a few words."""
    try:
        return failure_in(answer.json()) or "no reason given"
    except Contract:
        return "no reason given"


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
