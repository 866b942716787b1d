"""An access token for all threads, by a signed assertion (OAuth 2.0 client credentials, netsuite 10)."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from time import monotonic, time
from typing import Any, NamedTuple
from urllib.parse import urlencode

import jwt
import structlog

from connectors.errors import ConnectorError, Contract, Throttled, Unauthorized
from connectors.http import Answer, RemoteSystem
from connectors.netsuite.answers import Refusal, refusal_in
from connectors.netsuite.keys import KeyFile, KeyUnusableError, SigningKey
from connectors.netsuite.settings import RestSettings
from connectors.remote_words import object_of

_log = structlog.get_logger("connectors")

SCOPE = "rest_webservices"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_HOUR_S = 3600.0
_SHORT_PAUSE = timedelta(seconds=1)
_REFUSED_FOR_S = 30.0
"""How long a refused login is not repeated: every waiting call would ask again."""
_RENEW_AGAIN_S = 15.0
"""How long a token that is good still is used on before its renewal, which failed, is tried again."""
_SETUP = "Setup > Integration > Manage Authentication > OAuth 2.0 Client Credentials (M2M) Setup"
_ADVICE = {
    "invalid_client": f"revoked, expired, or not the certificate of this key: compare it under {_SETUP}",
    "invalid_grant": f"compare the certificate under {_SETUP}, account and token_url, and this machine's clock",
    "unauthorized_client": "give the role Log in using OAuth 2.0 Access Tokens; tick Client Credentials Grant",
    "invalid_scope": "tick REST Web Services on the integration record",
    "access_denied": "give the role Log in using OAuth 2.0 Access Tokens and REST Web Services",
    "invalid_request": "compare client_id, account and token_url with NetSuite, and this machine's clock with the time",
}
_OTHERWISE = f"check client_id and the certificate under {_SETUP}"
_NOT_NETSUITE = (
    "no words of NetSuite's token service: compare base_url, account and token_url with Setup > Company > Company "
    "Information > Company URLs, and look for a proxy in between"
)


class _Token(NamedTuple):
    text: str
    renew_at: float
    ends_at: float

    def __repr__(self) -> str:
        return "_Token(...)"


class TokenSource:
    """The access token of one account, renewed before it ends; one thread asks, the others share what it gets.

    A key that NetSuite refuses gives way to the other one, and the one that was taken last is tried first.
    """

    def __init__(self, settings: RestSettings, system: RemoteSystem) -> None:
        self._settings, self._system = settings, system
        self._keys = [KeyFile(key) for key in (settings.key, settings.next_key) if key]
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._refused: tuple[float, Unauthorized | Throttled] | None = None

    def current(self) -> str:
        """A token that is good: while its renewal fails, the old one to its end.

        Raises:
            Unauthorized: NetSuite takes none of the keys; says for each why and what to do.
            Unreachable, Throttled, Contract: it could not be asked, or gave no token.
        """
        token = self._token
        if token and monotonic() < token.renew_at:
            return token.text
        # While the old one is good still, one thread renews it and the others go on.
        if not self._lock.acquire(blocking=token is None or monotonic() >= token.ends_at):
            return token.text if token else ""
        try:
            return self._renewed_unless_fresh()
        finally:
            self._lock.release()

    def renewed(self, refused: str) -> str:
        """A token that is not the refused one; raises as `current`."""
        with self._lock:
            if self._token and self._token.text == refused:
                self._token = None
            return self._renewed_unless_fresh()

    def _renewed_unless_fresh(self) -> str:
        token = self._token
        if token is None or monotonic() >= token.renew_at:
            self._token = token = self._log_in_beside(token)
        return token.text

    def _log_in_beside(self, old: _Token | None) -> _Token:
        """A new token; the old one, to be renewed in a while, where there is none to be had and it has not ended."""
        try:
            return self._log_in()
        except ConnectorError as error:
            if old is None or monotonic() >= old.ends_at:
                raise
            _log.warning("token not renewed, the old one is used on", system=self._system.name, problem=error.message)
            return old._replace(renew_at=min(monotonic() + _RENEW_AGAIN_S, old.ends_at))

    def _log_in(self) -> _Token:
        if self._refused and monotonic() < self._refused[0]:
            raise self._refused[1]
        refusals: list[str] = []
        for key in list(self._keys):
            try:
                token = self._token_by(key.current())
            except KeyUnusableError as error:
                refusals.append(str(error))
            except Unauthorized as error:
                refusals.append(error.message)
            except Throttled as error:
                self._refused = (monotonic() + (error.retry_after or _SHORT_PAUSE).total_seconds(), error)
                raise
            else:
                self._keys.sort(key=lambda other: other is not key)
                self._refused = None
                return token
        told = Unauthorized(self._system.name, "token", "; ".join(dict.fromkeys(refusals)), HTTPStatus.UNAUTHORIZED)
        self._refused = (monotonic() + _REFUSED_FOR_S, told)
        raise told

    def _token_by(self, key: SigningKey) -> _Token:
        asked = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(key),
        }
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        started, at = monotonic(), self._settings.token_address
        try:
            answer = self._system.call("token", "POST", at, content=urlencode(asked), headers=form)
        except Unauthorized as error:
            raise self._not_let_in(key, error.status, refusal_in(error.said)) from None
        if not answer.ok:
            raise self._not_let_in(key, answer.status, refusal_in(answer.body))
        return self._read(answer, started)

    def _assertion(self, key: SigningKey) -> str:
        now = int(time())
        claims = {
            "iss": self._settings.client_id,
            "scope": [SCOPE],
            "aud": self._settings.token_address,
            "iat": now,
            "exp": now + int(self._settings.assertion_valid.total_seconds()),
        }
        headers = {"typ": "JWT", "kid": key.certificate_id}
        return jwt.encode(claims, key.private_key, algorithm="PS256", headers=headers)

    def _read(self, answer: Answer, started: float) -> _Token:
        said = self._said(answer)
        text, lives = said.get("access_token"), _seconds(said.get("expires_in"))
        if not isinstance(text, str) or not text:
            raise Contract(
                self._system.name, "token", place="access_token", expected="a token", got=type(text).__name__
            )
        margin = min(self._settings.renew_before.total_seconds(), lives / 4)
        return _Token(text, started + lives - margin, started + lives)

    def _said(self, answer: Answer) -> Mapping[str, Any]:
        try:
            return object_of(answer)
        except Contract as error:
            place, expected = self._settings.token_address, f"JSON ({_NOT_NETSUITE})"
            raise Contract(self._system.name, "token", place=place, expected=expected, got=error.got) from None

    def _not_let_in(self, key: SigningKey, status: int, refusal: Refusal) -> Unauthorized:
        if status == HTTPStatus.NOT_FOUND or not refusal.code:
            told = f"{self._settings.token_address}: {status}, {refusal.words}: {_NOT_NETSUITE}"
        else:
            advice = _ADVICE.get(refusal.code, _OTHERWISE)
            told = f"certificate {key.certificate_id}: {status}, {refusal.words}: {advice}"
        return Unauthorized(self._system.name, "token", told, status)


def _seconds(value: object) -> float:
    """How long a token lives; NetSuite writes it as a number or a text."""
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return _HOUR_S
