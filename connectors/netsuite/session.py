"""Calls to one NetSuite account with one shared token, and what its refusals mean (netsuite 4, 8)."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from http import HTTPStatus
from typing import Any, NamedTuple

from connectors.errors import Ambiguous, Contract, NotFound, Rejected, Unauthorized
from connectors.http import Answer, CallBudget, NoBudget, OnCall, RemoteSystem
from connectors.netsuite.answers import NO_PERMISSION, TOO_MANY, refusal_in, refusal_of
from connectors.netsuite.oauth import TokenSource
from connectors.netsuite.settings import RestSettings
from connectors.remote_words import object_of

SERVICES = "/services/rest"
RECORDS = f"{SERVICES}/record/v1"
_SUITEQL = f"{SERVICES}/query/v1/suiteql"
ROLE_NEEDS = (
    "give the integration's role REST Web Services, Log in using OAuth 2.0 Access Tokens, SuiteAnalytics Workbook, "
    "Purchase Order (view), Receive Order, Item Receipt, Items, Locations, Units, Vendors and Find Transaction"
)
"""The permissions of netsuite 7, as their names stand on a role's page."""


class Page(NamedTuple):
    """One page of a query."""

    rows: list[Mapping[str, Any]]
    has_more: bool


class _PausesOnly:
    """The budget as the login has it: it takes no slot, and is told all the same when NetSuite asks for a pause."""

    def __init__(self, budget: CallBudget) -> None:
        self._budget = budget

    def turn(self, system: str) -> AbstractContextManager[None]:
        """A block that never waits."""
        del system
        return nullcontext()

    def pause(self, system: str, seconds: float) -> None:
        """Nobody calls the account for so long."""
        self._budget.pause(system, seconds)


class Session:
    """An authenticated way to call one account, shared by all threads."""

    def __init__(self, settings: RestSettings, budget: CallBudget | None = None, on_call: OnCall | None = None) -> None:
        self._system = RemoteSystem(settings.budget_name, settings, budget, on_call)
        # A token is asked for without a slot: whoever holds one may be waiting for the token.
        self._login = RemoteSystem(settings.budget_name, settings, _PausesOnly(budget or NoBudget()), on_call)
        self._tokens = TokenSource(settings, self._login)
        self._page_rows = settings.page_rows

    @property
    def name(self) -> str:
        """What this account is called in messages."""
        return self._system.name

    def url(self, path: str) -> str:
        """The full address of a path."""
        return self._system.url(path)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call."""
        return self._system.turn()

    def give_turn_back(self) -> None:
        """Let others call while this thread waits inside its turn; from here on each of its calls takes its own."""
        self._system.give_turn_back()

    def close(self) -> None:
        """Let go of all connections."""
        self._system.close()
        self._login.close()

    def get(self, operation: str, path: str, params: Mapping[str, str | int] | None = None) -> Mapping[str, Any]:
        """The JSON object that NetSuite answers to a read.

        Raises:
            NotFound, Rejected, Unauthorized: it refused.
        """
        return object_of(self._good(self.call(operation, "GET", path, params=params)))

    def query(self, operation: str, suiteql: str, limit: int | None = None) -> Page:
        """The first page of a query; the next one asks for what comes after its last key, never for an offset."""
        asked: dict[str, str | int] = {"limit": limit or self._page_rows, "offset": 0}
        answer = self.call(
            operation, "POST", _SUITEQL, params=asked, json={"q": suiteql}, headers={"Prefer": "transient"}
        )
        said = object_of(self._good(answer))
        rows = said.get("items")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Contract(self.name, operation, place="items", expected="a list of rows", got=type(rows).__name__)
        return Page(rows, has_more=said.get("hasMore") is True)

    def call(self, operation: str, method: str, path: str, **request: Any) -> Answer:
        """The answer, a refusal included; a token that is refused is renewed once, for a 401 was not applied.

        Raises:
            Unauthorized: NetSuite does not let us in, or the role may not do this: says what to do.
            Throttled: too many calls at once; the budget is paused.
            Contract, Ambiguous: it was refused in words that are not NetSuite's own: says nothing about a record.
        """
        given = request.pop("headers", {})
        token, is_write = self._tokens.current(), request.get("write", False)
        try:
            answer = self._system.call(operation, method, path, headers=given | _by(token), **request)
            return self._checked(answer, is_write=is_write)
        except Unauthorized as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise self._explained(error) from None
        token = self._tokens.renewed(token)
        try:
            answer = self._system.call(operation, method, path, headers=given | _by(token), **request)
            return self._checked(answer, is_write=is_write)
        except Unauthorized as error:
            raise self._explained(error) from None

    def _checked(self, answer: Answer, *, is_write: bool) -> Answer:
        if answer.ok:
            return answer
        refusal = refusal_of(answer)
        if refusal.code in TOO_MANY:
            self._system.throttled(answer)
        if refusal.code in NO_PERMISSION:
            raise Unauthorized(self.name, answer.operation, refusal.code, HTTPStatus.FORBIDDEN, answer.text)
        if not refusal.is_its_own:
            raise self._not_its_own(answer, is_write=is_write)
        return answer

    def _not_its_own(self, answer: Answer, *, is_write: bool) -> Ambiguous | Contract:
        """A page of something between NetSuite and us, which may have let a write through."""
        told = f"{answer.status} with {len(answer.body)} bytes"
        if is_write:
            why = f"{told}, and no error of NetSuite's own in them; it may be applied: look before any repeat"
            return Ambiguous(self.name, answer.operation, why)
        expected = "an error of NetSuite's own (o:errorDetails); compare base_url, and look for a proxy in between"
        return Contract(self.name, answer.operation, place="body", expected=expected, got=told)

    def _good(self, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        kind = NotFound if answer.status == HTTPStatus.NOT_FOUND else Rejected
        raise kind(self.name, answer.operation, f"{answer.status}: {refusal_of(answer).words}")

    def _explained(self, error: Unauthorized) -> Unauthorized:
        words = refusal_in(error.said).words
        advice = ROLE_NEEDS if error.status == HTTPStatus.FORBIDDEN else "a new token was refused, too: " + ROLE_NEEDS
        return Unauthorized(self.name, error.operation, f"{error.status}, {words}: {advice}", error.status)


def path_in(location: str) -> str | None:
    """The path below the account's address that a Location names: a token is never sent to another host."""
    _, found, rest = location.partition(f"{SERVICES}/")
    return f"{SERVICES}/{rest}" if found else None


def _by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
