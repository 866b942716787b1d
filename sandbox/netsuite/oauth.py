"""OAuth 2.0 client credentials: the token endpoint, and who a call's token lets in (reference netsuite.md 10)."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import jwt

from sandbox.clock import now_ms
from sandbox.http import json_answer
from sandbox.netsuite.certificates import find_certificate
from sandbox.netsuite.rest_errors import RestError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from sandbox.netsuite.certificates import Certificate
    from sandbox.world import World

TOKEN_PATH: Final = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - a path
SCOPE: Final = "rest_webservices"
_SCOPES: Final = {SCOPE, "restlets", "suite_analytics"}
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLAIMS: Final = ["iss", "scope", "aud", "iat", "exp"]
_LONGEST_S: Final = 3600
_LEEWAY_S: Final = 10
_INVALID_LOGIN: Final = "Invalid login attempt."


class OAuthError(Exception):
    """The token endpoint refuses, in the words of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclass(frozen=True)
class Login:
    """Whom a token stands for."""

    permissions: frozenset[str]

    def needs(self, permission: str, name: str) -> None:
        """Refuse when the role lacks a permission.

        Raises:
            RestError: It does.
        """
        if permission not in self.permissions:
            raise forbidden(f"Permission Violation: You need the '{name}' permission to access this page.")


def forbidden(detail: str) -> RestError:
    """Return the refusal of what a role or a token may not do."""
    return RestError(HTTPStatus.FORBIDDEN, "INSUFFICIENT_PERMISSION", detail)


class OAuth:
    """Issues tokens and recognizes them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._database = world.database

    async def token(self, request: Request) -> Response:
        """Answer the token endpoint."""
        try:
            form = _form(request.headers.get("content-type", ""), await request.body())
            certificate, scopes = self._trusted(_assertion(form), _own_url(request))
        except OAuthError as refusal:
            is_client = refusal.error == "invalid_client"
            status = HTTPStatus.UNAUTHORIZED if is_client else HTTPStatus.BAD_REQUEST
            return json_answer({"error": refusal.error, "error_description": refusal.description}, status)
        token, lifetime_s = secrets.token_urlsafe(48), self._world.settings.netsuite_token_lifetime_s
        row = {"token": token, "certificateId": certificate.id, "scopes": json.dumps(sorted(scopes))}
        self._database.insert("nsToken", {**row, "expires": now_ms() + int(lifetime_s * 1000)})
        return json_answer({"access_token": token, "expires_in": str(int(lifetime_s)), "token_type": "bearer"})

    def login(self, request: Request) -> Login:
        """Return whom a call's token stands for.

        Raises:
            RestError: There is none, it is unknown or over, or its role or scope has no REST web services.
        """
        given = request.headers.get("authorization", "")
        token = given.removeprefix("Bearer ").strip() if given.startswith("Bearer ") else ""
        sql = "SELECT t.*, c.permissions FROM nsToken t JOIN nsCertificate c ON c.id = t.certificateId WHERE token = ?"
        row = self._database.row(sql, (token,))
        if row is None or row["expires"] <= now_ms():
            refusal = RestError(HTTPStatus.UNAUTHORIZED, "INVALID_LOGIN", _INVALID_LOGIN)
            refusal.headers = {"www-authenticate": 'Bearer error="invalid_token"'}
            raise refusal
        if SCOPE not in json.loads(row["scopes"]):
            raise forbidden(f"The access token was not issued for the scope {SCOPE}.")
        login = Login(frozenset(json.loads(row["permissions"])))
        login.needs("ADMI_RESTWEBSERVICES", "Setup -> REST Web Services")
        return login

    def _trusted(self, assertion: str, url: str) -> tuple[Certificate, set[str]]:
        certificate = self._signer(assertion)
        claims = _claims(assertion, certificate, url)
        if claims["iss"] != certificate.client_id:
            raise OAuthError("invalid_client", "iss is not the client id of the certificate's integration")
        if "ADMI_LOGIN_OAUTH2" not in certificate.permissions:
            raise OAuthError("unauthorized_client", "the role may not log in using OAuth 2.0 access tokens")
        return certificate, _scopes(claims["scope"])

    def _signer(self, assertion: str) -> Certificate:
        """Return the certificate that an assertion names, not yet checked against its signature."""
        try:
            header = jwt.get_unverified_header(assertion)
        except jwt.PyJWTError as error:
            raise OAuthError("invalid_request", f"client_assertion is no JWT: {error}") from error
        if header.get("typ") != "JWT":
            raise OAuthError("invalid_request", "typ must be JWT")
        certificate = find_certificate(self._database, header.get("kid"))
        if certificate is None:
            raise OAuthError("invalid_client", "kid is not the id of a certificate")
        if certificate.revoked is not None:
            raise OAuthError("invalid_client", "the certificate is revoked")
        if certificate.valid_until is not None and certificate.valid_until <= now_ms():
            raise OAuthError("invalid_client", "the certificate has expired")
        if header.get("alg") not in certificate.algorithms:
            raise OAuthError("invalid_client", f"alg must be one of {', '.join(certificate.algorithms)} for this key")
        return certificate


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body must be application/x-www-form-urlencoded")
    try:
        given = parse_qs(body.decode("ascii"), strict_parsing=True)
    except ValueError as error:
        raise OAuthError("invalid_request", f"the body is no form: {error}") from error
    return {name: values[-1] for name, values in given.items()}


def _assertion(form: dict[str, str]) -> str:
    for name in ("grant_type", "client_assertion_type", "client_assertion"):
        if name not in form:
            raise OAuthError("invalid_request", f"{name} is missing")
    if form["grant_type"] != "client_credentials":
        raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials")
    if form["client_assertion_type"] != _ASSERTION_TYPE:
        raise OAuthError("invalid_request", f"client_assertion_type must be {_ASSERTION_TYPE}")
    return form["client_assertion"]


def _claims(assertion: str, certificate: Certificate, url: str) -> dict[str, Any]:
    """Return the claims of an assertion whose signature and times are right."""
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            certificate.key,
            algorithms=list(certificate.algorithms),
            audience=url,
            leeway=_LEEWAY_S,
            options={"require": _CLAIMS},
        )
    except jwt.InvalidSignatureError as error:
        raise OAuthError("invalid_client", "the signature is not of the certificate's key") from error
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_grant", str(error)) from error
    if int(claims["exp"]) - int(claims["iat"]) >= _LONGEST_S:
        raise OAuthError("invalid_grant", "exp must be less than 60 minutes after iat")
    return claims


def _scopes(claim: object) -> set[str]:
    """Return the scopes: a list, or a text with commas or spaces between them."""
    names = claim if isinstance(claim, list) else str(claim).replace(",", " ").split()
    wrong = [name for name in names if name not in _SCOPES]
    if wrong or not names:
        raise OAuthError("invalid_scope", f"scope {claim!r} must name some of {', '.join(sorted(_SCOPES))}")
    return set(names)


def _own_url(request: Request) -> str:
    """Return the endpoint's address as its caller wrote it."""
    return f"{request.url.scheme}://{request.url.netloc}{TOKEN_PATH}"
