"""NetSuite over REST in tests: a key with its certificate, a token, and short words for the calls."""

import time
from functools import cache
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.sandbox import SandboxProcess

CLIENT_ID = "client-1"
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"
STRICT = {"X-NetSuite-PropertyNameValidation": "Error", "X-NetSuite-PropertyValueValidation": "Error"}
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_NOT_CLAIMS = ("key", "kid", "alg", "typ")

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def rsa_key(bits: int = 3072) -> rsa.RSAPrivateKey:
    """A key, made once: making one takes a while."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """As `rsa_key`."""
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: PrivateKey) -> str:
    """The public half."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Rest:
    """An integration with a certificate; its client sends its token."""

    def __init__(self, sandbox: SandboxProcess, client: httpx.Client) -> None:
        self.sandbox = sandbox
        self.client = client
        self.token_url = f"{sandbox.netsuite_url}{TOKEN_PATH}"
        self.certificate_id = self.register(ec_key())
        self.headers = {"authorization": f"Bearer {self.sign_in()}"}

    def register(self, key: PrivateKey, **fields: Any) -> str:
        """The id of a new certificate."""
        body = {"clientId": CLIENT_ID, "certificate": public_pem(key), **fields}
        made: str = self.sandbox.post("/admin/netsuite/certificates", body)["certificateId"]
        return made

    def assertion(self, **changes: Any) -> str:
        """A right assertion with other claims, `key`, `kid`, `alg` or `typ`; a claim that is None is left out."""
        now, key = int(time.time()), changes.get("key", ec_key())
        claims = {"iss": CLIENT_ID, "scope": "rest_webservices", "aud": self.token_url, "iat": now, "exp": now + 600}
        claims |= {name: value for name, value in changes.items() if name not in _NOT_CLAIMS}
        headers = {"kid": changes.get("kid", self.certificate_id), "typ": changes.get("typ", "JWT")}
        alg = changes.get("alg", "PS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256")
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, alg, headers)

    def ask_token(self, assertion: str, **form: str | None) -> httpx.Response:
        """The answer to a request for a token; a form field that is None is left out."""
        given: dict[str, str | None] = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION_TYPE}
        given |= {"client_assertion": assertion, **form}
        return self.client.post(TOKEN_PATH, data={name: value for name, value in given.items() if value is not None})

    def sign_in(self, **changes: Any) -> str:
        """A token."""
        answer = self.ask_token(self.assertion(**changes))
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def get(self, path: str, **params: str) -> httpx.Response:
        """The answer to a GET below `/services/rest`."""
        return self.client.get(f"/services/rest{path}", params=params, headers=self.headers)

    def query(self, sql: str, **params: str) -> httpx.Response:
        """The answer to a query."""
        headers = {**self.headers, "prefer": "transient"}
        return self.client.post("/services/rest/query/v1/suiteql", params=params, json={"q": sql}, headers=headers)

    def rows(self, sql: str, **params: str) -> list[dict[str, str]]:
        """The rows of a query, without their links."""
        answer = self.query(sql, **params)
        assert answer.status_code == 200, answer.text
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]]

    def order(self, po_id: str) -> dict[str, Any]:
        """A purchase order with its lines."""
        record: dict[str, Any] = self.get(f"/record/v1/purchaseOrder/{po_id}", expandSubResources="true").json()
        return record

    def receipt(self, name: str) -> dict[str, Any]:
        """An item receipt with its lines, by internal id or `eid:`."""
        record: dict[str, Any] = self.get(f"/record/v1/itemReceipt/{name}", expandSubResources="true").json()
        return record

    def transform(
        self, po_id: str, *lines: dict[str, Any], headers: dict[str, str] | None = None, **body: Any
    ) -> httpx.Response:
        """The answer to a transform into an item receipt; without lines the body names none."""
        content = {**body, "item": {"items": list(lines)}} if lines else body
        path = f"/services/rest/record/v1/purchaseOrder/{po_id}/!transform/itemReceipt"
        return self.client.post(path, json=content, headers={**self.headers, **(headers or {})})


def told(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and place of a refusal, whose shape is checked."""
    body = answer.json()
    assert set(body) == {"type", "title", "status", "o:errorDetails"}
    [detail] = body["o:errorDetails"]
    places = [value for name, value in detail.items() if name not in ("detail", "o:errorCode")]
    assert (body["status"], detail["detail"] > "", len(places) <= 1) == (answer.status_code, True, True)
    return answer.status_code, detail["o:errorCode"], "".join(places)


def why(answer: httpx.Response) -> str:
    """The text of a refusal."""
    text: str = answer.json()["o:errorDetails"][0]["detail"]
    return text
