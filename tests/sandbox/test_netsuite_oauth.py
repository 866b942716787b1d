"""Tokens by client credentials, and what a role may do (reference netsuite.md 7 and 10)."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.sandbox.erp import NetSuite
from tests.sandbox.rest_client import CLIENT_ID, Rest, ec_key, public_pem, rsa_key, told
from tests.support.sandbox import SandboxProcess


def error(answer: Any) -> tuple[int, str]:
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]


def x509_pem(key: ec.EllipticCurvePrivateKey, days: int, start: datetime | None = None) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "waybill")])
    start = start or datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=days))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("alg", ["PS256", "PS384", "PS512"])
def test_a_signature_by_the_registered_rsa_key_gets_a_bearer_token_of_an_hour(rest: Rest, alg: str) -> None:
    kid = rest.register(rsa_key())
    body = rest.ask_token(rest.assertion(key=rsa_key(), kid=kid, alg=alg)).json()
    assert (body["expires_in"], body["token_type"], set(body) - {"expires_in", "token_type"}) == (
        *("3600", "bearer"),
        {"access_token"},
    )


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_each_curve_has_its_algorithm(rest: Rest, curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    alg = {256: "ES256", 384: "ES384", 521: "ES512"}[curve.key_size]
    assert rest.ask_token(rest.assertion(key=key, kid=rest.register(key), alg=alg)).status_code == 200


def test_rs256_does_not_work_any_more(rest: Rest) -> None:
    kid = rest.register(rsa_key())
    assert error(rest.ask_token(rest.assertion(key=rsa_key(), kid=kid, alg="RS256"))) == (401, "invalid_client")


def test_a_token_opens_the_record_service(rest: Rest, books: NetSuite) -> None:
    assert rest.get(f"/record/v1/purchaseOrder/{books.order()}").status_code == 200


@pytest.mark.parametrize("scope", ["rest_webservices", ["restlets", "rest_webservices"], "restlets,rest_webservices"])
def test_a_scope_is_a_list_or_a_text(rest: Rest, scope: object) -> None:
    assert rest.ask_token(rest.assertion(scope=scope)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"kid": "unknown"}, (401, "invalid_client")),
        ({"key": ec.derive_private_key(7, ec.SECP256R1())}, (401, "invalid_client")),
        ({"iss": "another-client"}, (401, "invalid_client")),
        ({"typ": "JOSE"}, (400, "invalid_request")),
        ({"aud": "https://elsewhere.example/services/rest/auth/oauth2/v1/token"}, (400, "invalid_grant")),
        ({"iat": 1_700_000_000, "exp": 1_700_000_600}, (400, "invalid_grant")),
        ({"iat": 4_000_000_000, "exp": 4_000_000_600}, (400, "invalid_grant")),
        ({"exp": None}, (400, "invalid_grant")),
        ({"iat": None}, (400, "invalid_grant")),
        ({"scope": None}, (400, "invalid_grant")),
        ({"scope": "everything"}, (400, "invalid_scope")),
        ({"scope": []}, (400, "invalid_scope")),
    ],
)
def test_a_wrong_assertion_gets_no_token(rest: Rest, changes: dict[str, Any], wanted: tuple[int, str]) -> None:
    assert error(rest.ask_token(rest.assertion(**changes))) == wanted


def test_an_assertion_lives_less_than_an_hour(rest: Rest) -> None:
    now = int(time.time())
    assert error(rest.ask_token(rest.assertion(iat=now, exp=now + 3600))) == (400, "invalid_grant")
    assert rest.ask_token(rest.assertion(iat=now, exp=now + 3599)).status_code == 200


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "invalid_request"),
        ({"client_assertion_type": "jwt"}, "invalid_request"),
        ({"client_assertion": "no.jwt"}, "invalid_request"),
    ],
)
def test_a_wrong_form_gets_no_token(rest: Rest, form: dict[str, str | None], wanted: str) -> None:
    assert error(rest.ask_token(rest.assertion(), **form)) == (400, wanted)


def test_json_is_no_form(rest: Rest) -> None:
    assert error(rest.client.post(rest.token_url, json={})) == (400, "invalid_request")


def test_a_revoked_certificate_gets_no_new_token_and_what_it_got_lives_on(rest: Rest) -> None:
    path = f"/admin/netsuite/certificates/{rest.certificate_id}"
    [row] = rest.sandbox.admin.delete(path).json()["certificates"]
    assert (row["revoked"] > 0, error(rest.ask_token(rest.assertion()))) == (True, (401, "invalid_client"))
    assert rest.query("SELECT id FROM item").status_code == 200


def test_a_second_certificate_takes_over_from_the_first(rest: Rest) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    kid = rest.register(key)
    rest.sandbox.admin.delete(f"/admin/netsuite/certificates/{rest.certificate_id}")
    assert rest.ask_token(rest.assertion(key=key, kid=kid)).status_code == 200


def test_an_x509_certificate_is_taken_and_an_expired_one_signs_nothing(rest: Rest, sandbox: SandboxProcess) -> None:
    ids = []
    for pem in (x509_pem(ec_key(), 700), x509_pem(ec_key(), 30, datetime.now(UTC) - timedelta(days=40))):
        body = {"clientId": CLIENT_ID, "certificate": pem}
        ids.append(sandbox.post("/admin/netsuite/certificates", body)["certificateId"])
    statuses = [rest.ask_token(rest.assertion(kid=kid)).status_code for kid in ids]
    assert statuses == [200, 401]


@pytest.mark.parametrize("weakness", ["2048 bits", "three years", "no key"])
def test_a_weak_overlong_or_unreadable_certificate_cannot_be_registered(sandbox: SandboxProcess, weakness: str) -> None:
    if weakness == "no key":
        pem = "-----BEGIN PUBLIC KEY-----"
    else:
        pem = public_pem(rsa_key(2048)) if weakness == "2048 bits" else x509_pem(ec_key(), 1095)
    answer = sandbox.admin.post("/admin/netsuite/certificates", json={"clientId": CLIENT_ID, "certificate": pem})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "certificate")


def test_certificates_are_told_without_their_keys(rest: Rest) -> None:
    [row] = rest.sandbox.get("/admin/netsuite/certificates")["certificates"]
    assert set(row) == {"certificateId", "clientId", "permissions", "validUntil", "revoked"}
    assert rest.sandbox.admin.delete("/admin/netsuite/certificates/none").status_code == 404


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic eDp5"}])
def test_without_a_good_token_every_call_is_401(rest: Rest, header: dict[str, str]) -> None:
    rest.headers = header
    assert told(rest.get("/record/v1/purchaseOrder/1")) == (401, "INVALID_LOGIN", "")


def test_a_token_ends_after_its_lifetime(rest: Rest, sandbox: SandboxProcess) -> None:
    sandbox.change(netsuite_token_lifetime_s=0)
    answer = rest.ask_token(rest.assertion()).json()
    rest.headers = {"authorization": f"Bearer {answer['access_token']}"}
    assert (answer["expires_in"], rest.query("SELECT id FROM item").status_code) == ("0", 401)


def test_tokens_can_be_made_void_for_one_system(rest: Rest, sandbox: SandboxProcess) -> None:
    assert sandbox.post("/admin/expire-tokens", {"system": "hotwax"}) == {"expired": 0}
    assert rest.query("SELECT id FROM item").status_code == 200
    assert sandbox.post("/admin/expire-tokens", {"system": "netsuite"}) == {"expired": 1}
    assert rest.query("SELECT id FROM item").status_code == 401


def test_a_token_may_expire_in_mid_transform_and_nothing_is_received(rest: Rest, books: NetSuite) -> None:
    po_id = books.order()
    rest.sandbox.fault("expire_token", system="netsuite", path_regex="!transform", next=1)
    assert told(rest.transform(po_id, externalId="R1"))[:2] == (401, "INVALID_LOGIN")
    assert told(rest.transform(po_id, externalId="R1"))[:2] == (401, "INVALID_LOGIN")
    rest.headers = {"authorization": f"Bearer {rest.sign_in()}"}
    assert (rest.transform(po_id, externalId="R1").status_code, len(books.read(po_id)["receipts"])) == (204, 1)


def test_a_token_for_restlets_opens_no_rest_service(rest: Rest) -> None:
    rest.headers = {"authorization": f"Bearer {rest.sign_in(scope='restlets')}"}
    assert told(rest.query("SELECT id FROM item"))[:2] == (403, "INSUFFICIENT_PERMISSION")


def without(rest: Rest, permission: str) -> None:
    [row] = rest.sandbox.get("/admin/netsuite/certificates")["certificates"]
    kept = [name for name in row["permissions"] if name != permission]
    assert len(kept) < len(row["permissions"])
    path = f"/admin/netsuite/certificates/{rest.certificate_id}"
    assert rest.sandbox.admin.patch(path, json={"permissions": kept}).is_success


def test_a_role_that_may_not_log_in_gets_no_token(rest: Rest) -> None:
    without(rest, "ADMI_LOGIN_OAUTH2")
    assert error(rest.ask_token(rest.assertion())) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("permission", "refused"),
    [
        ("ADMI_RESTWEBSERVICES", "query order receipt transform"),
        ("REPO_ANALYTICS", "query"),
        ("TRAN_PURCHORD", "order"),
        ("TRAN_ITEMRCPT", "receipt transform"),
        ("TRAN_PURCHORDRECEIVE", "transform"),
    ],
)
def test_a_role_without_a_permission_is_refused_what_needs_it(
    rest: Rest, books: NetSuite, permission: str, refused: str
) -> None:
    po_id = books.order()
    made = rest.transform(po_id, {"orderLine": 1, "quantity": 1}, externalId="R1").headers["location"].rsplit("/")[-1]
    without(rest, permission)
    calls = {
        "query": rest.query("SELECT id FROM item"),
        "order": rest.get(f"/record/v1/purchaseOrder/{po_id}"),
        "receipt": rest.get(f"/record/v1/itemReceipt/{made}"),
        "transform": rest.transform(po_id, externalId="R2"),
    }
    assert [name for name, answer in calls.items() if answer.status_code == 403] == refused.split()
    assert {told(calls[name])[1] for name in refused.split()} == {"INSUFFICIENT_PERMISSION"}


@pytest.mark.parametrize(
    ("permission", "sql"),
    [
        ("LIST_ITEM", "SELECT id FROM item"),
        ("LIST_LOCATION", "SELECT id FROM location"),
        ("LIST_UNIT", "SELECT internalid FROM unitstypeuom"),
        ("TRAN_FIND", "SELECT id FROM transactionline"),
    ],
)
def test_a_table_that_the_role_may_not_see_does_not_exist(rest: Rest, permission: str, sql: str) -> None:
    assert rest.query(sql).status_code == 200
    without(rest, permission)
    assert told(rest.query(sql)) == (400, "INVALID_PARAMETER", "q")


def test_transactions_that_the_role_may_not_see_are_not_among_the_rows(rest: Rest, books: NetSuite) -> None:
    rest.transform(books.order(), externalId="R1")
    sql = "SELECT DISTINCT type FROM transaction ORDER BY type"
    assert rest.rows(sql) == [{"type": "ItemRcpt"}, {"type": "PurchOrd"}]
    without(rest, "TRAN_PURCHORD")
    assert rest.rows(sql) == [{"type": "ItemRcpt"}]
    assert rest.rows("SELECT COUNT(*) AS lines FROM transactionline WHERE mainline = 'T'") == [{"lines": "1"}]
