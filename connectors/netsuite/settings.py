"""Settings of NetSuite over REST: the account, its keys, and every belief that only a real account can confirm."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from connectors.settings import HttpSettings, check_address
from domain.base import Frozen
from domain.outcomes import RepeatBehavior

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
_ACCOUNT = re.compile(r"[0-9A-Za-z]+([_-][0-9A-Za-z]+)*")
_SUITETALK = ".suitetalk.api.netsuite.com"
_HOUR = timedelta(hours=1)


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is no account id: expected one such as 1234567 or 1234567_SB1")
    return text.lower().replace("_", "-")


Account = Annotated[str, AfterValidator(_account)]
"""An account's id, spelled as in its host name: `1234567-sb1` (netsuite 8)."""


class KeySettings(Frozen):
    """A private key, and the id of the certificate that NetSuite has for it.

    Both files are read again when they change, so that a key is replaced without a restart: write the key first, then
    the certificate's id.
    """

    private_key: Path
    """A PEM file with the RSA key, 3072 or 4096 bits (netsuite 10)."""
    passphrase: SecretStr | None = None
    certificate_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    certificate_id_file: Path | None = None

    @model_validator(mode="after")
    def _check_one_id(self) -> Self:
        if (self.certificate_id is None) == (self.certificate_id_file is None):
            raise ValueError("a key needs certificate_id or certificate_id_file: one of the two")
        return self


class RestSettings(HttpSettings):
    """A tenant's NetSuite over REST. `base_url` is the account's own SuiteTalk address; a sandbox has another."""

    account: Account
    client_id: str = Field(min_length=1)
    key: KeySettings
    next_key: KeySettings | None = None
    """Tried when the first is refused, and the other way round: rotation without a gap."""
    token_url: str | None = None
    """Where tokens are asked for when it is not below `base_url`; it is the assertion's audience."""
    assertion_valid: timedelta = Field(default=timedelta(minutes=5), gt=timedelta(0), lt=_HOUR)
    renew_before: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(0))
    """How long before its end a token is renewed; a short one after three quarters of its life."""

    timeout_read: timedelta = Field(default=timedelta(seconds=90), gt=timedelta(0))
    concurrency: int = Field(default=5, gt=0, le=100)
    """Calls side by side on the account, over all workers; 5 is what the smallest tier takes (netsuite 9)."""

    page_rows: int = Field(default=1000, gt=0, le=1000)
    query_quantities: Literal["base_unit", "line_unit"] = "base_unit"
    """What SuiteQL counts a line in; the record always counts in the line's own unit (netsuite 2)."""
    query_timezone: ZoneInfo = ZoneInfo("America/Los_Angeles")
    """The zone of times in SuiteQL's answers: server-side text is in Pacific time (netsuite 13)."""

    timezone: ZoneInfo = ZoneInfo("America/Los_Angeles")
    """The account's zone: the day on which a receipt is booked is the day there."""
    line_key: Literal["orderLine", "line"] = "orderLine"
    """How a receipt names a line of its purchase order (netsuite 8, open)."""
    expense_lines: Literal["refused", "left_alone"] = "refused"
    """Purchase orders with expense lines: nobody knows whether a receipt leaves those alone (netsuite 2, open)."""
    repeat: RepeatBehavior = RepeatBehavior.REJECTS
    """What NetSuite does with a second item receipt of the same external id (DUP_RCRD, netsuite 3)."""
    visible_after: timedelta = Field(default=timedelta(minutes=15), ge=timedelta(0))
    """How long after it was sent a receipt may be made and not be found yet: until then a look-up that finds nothing
    proves nothing. NetSuite works on one request for 15 minutes at most (netsuite 8)."""
    respond_async: bool = False
    """Whether receipts are made by asynchronous jobs, with an idempotency key (netsuite 8)."""
    job_wait: timedelta = Field(default=timedelta(minutes=2), gt=timedelta(0))
    """How long a job is followed before the receipt is in doubt."""

    @model_validator(mode="after")
    def _check_token_url(self) -> Self:
        if self.token_url is not None:
            check_address("token_url", self.token_url, allow_http=self.allow_http)
        return self

    @model_validator(mode="after")
    def _check_account(self) -> Self:
        """Slots are shared, and tenants told apart, by the account's id: it must be the one that the calls go to."""
        for name, address in (("base_url", self.base_url), ("token_url", self.token_url or "")):
            host = urlsplit(address).hostname or ""
            named = host.removesuffix(_SUITETALK)
            if named not in {host, self.account}:
                raise ValueError(f"{name} is of the account {named}, and account says {self.account}: mend one of them")
        return self

    @property
    def token_address(self) -> str:
        """Where tokens are asked for."""
        return self.token_url or self.base_url.rstrip("/") + TOKEN_PATH

    @property
    def by_each_key(self) -> Mapping[str, Self]:
        """The same with one key alone, by the key's name: a key that works hides one that does not."""
        keys = {"key": self.key, "next_key": self.next_key}
        return {name: self.model_copy(update={"key": key, "next_key": None}) for name, key in keys.items() if key}

    @property
    def budget_name(self) -> str:
        """The account's name in budget, messages and metrics; tenants on one account share it."""
        return f"netsuite-{self.account}"
