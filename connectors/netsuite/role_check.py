"""May the integration's role do all that a run needs? Asked of the account itself, with calls that cannot write."""

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from connectors.errors import Contract, NotFound, Rejected, Unauthorized
from connectors.netsuite import suiteql
from connectors.netsuite.receipts import NO_ORDER, Receipts, external_id
from connectors.netsuite.session import RECORDS, ROLE_NEEDS, Session

NOTHING = "waybill-config-check"
"""A receipt that NetSuite does not have: to ask for it needs the permission to see receipts."""
_NO_TABLE = re.compile(r"Record '(\w+)' was not found", re.IGNORECASE)


class RoleCheck:
    """Asks for one thing after another, and keeps what was refused."""

    def __init__(self, session: Session, receipts: Receipts) -> None:
        self._session, self._receipts = session, receipts
        self._missing: dict[str, str] = {}

    def check(self, *, makes_receipts: bool) -> None:
        """Nothing, where the role may do all of it.

        Raises:
            Unauthorized: names every permission that is missing.
        """
        for query, permission in suiteql.PERMISSIONS.items():
            self._ask(permission, partial(self._query, query))
        self._ask("for the query of purchase orders", partial(self._query, suiteql.lines_after(suiteql.PENDING, 0)))
        self._ask("Purchase Order", partial(self._see, f"purchaseOrder/{NO_ORDER}"))
        self._ask("Item Receipt", partial(self._see, f"itemReceipt/eid:{external_id(NOTHING)}"))
        if makes_receipts:
            self._ask("Receive Order", self._receive_nothing)
        if self._missing:
            lacks = "; ".join(f"{permission} ({said})" for said, permission in self._missing.items())
            told = f"the integration's role may not do all of it. Missing: {lacks}: {ROLE_NEEDS}"
            raise Unauthorized(self._session.name, "check", told, HTTPStatus.FORBIDDEN)

    def _ask(self, permission: str, ask: Callable[[], None]) -> None:
        """Ask, and keep a refusal for want of a permission. The same words twice are one refusal, met twice."""
        try:
            ask()
        except Unauthorized as error:
            if error.status != HTTPStatus.FORBIDDEN:
                raise
            self._missing.setdefault(error.message.removesuffix(f": {ROLE_NEEDS}"), permission)
        except Rejected as error:
            if not _NO_TABLE.search(error.message):
                raise
            self._missing.setdefault(error.message, permission)

    def _query(self, query: str) -> None:
        self._session.query("check", query, limit=1)

    def _see(self, record: str) -> None:
        with suppress(NotFound):
            self._session.get("check", f"{RECORDS}/{record}")

    def _receive_nothing(self) -> None:
        answer = self._receipts.impossible("check")
        if answer.ok:
            raise Contract(self._session.name, "check", place="status", expected="a refusal", got=answer.status)
