"""The token: signed as the reference says, shared, renewed in time, and keys that change without a restart."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from connectors.errors import Contract, Throttled, Unauthorized, Unreachable
from connectors.http import NoBudget
from connectors.netsuite import oauth, receipts
from connectors.netsuite.settings import TOKEN_PATH, RestSettings
from domain.outcomes import Outcome
from tests.netsuite_rest.account import Account, a_receipt, create
from tests.netsuite_rest.keys import private_pem, public_pem, unknown_pem, write_key
from tests.support.raw_server import RawServer, an_answer


def logins(account: Account) -> list[int]:
    """The statuses of all calls to the token endpoint."""
    return [call["status"] for call in account.calls("POST", TOKEN_PATH)]


def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    pause, deadline = threading.Event(), time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        pause.wait(0.02)


class Pauses(NoBudget):
    """A budget that knows only for how long it was asked to pause."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def pause(self, system: str, seconds: float) -> None:
        """Keep it."""
        del system
        self.asked.append(seconds)


def test_the_assertion_is_ps256_with_the_claims_of_the_reference(account: Account) -> None:
    account.client().check()
    (call,) = account.calls("POST", TOKEN_PATH)
    form = parse_qs(call["body"])
    (assertion,) = form["client_assertion"]
    audience = account.sandbox.hotwax_url + TOKEN_PATH
    claims = jwt.decode(assertion, public_pem(), algorithms=["PS256"], audience=audience)
    assert jwt.get_unverified_header(assertion) == {"typ": "JWT", "alg": "PS256", "kid": "cert-1"}
    assert (claims["iss"], claims["scope"], claims["exp"] - claims["iat"]) == ("client-1", ["rest_webservices"], 300)
    assert form["grant_type"] == ["client_credentials"]


def test_threads_share_one_token(account: Account) -> None:
    client = account.client()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: client.pending_orders(), range(8)))
    assert logins(account) == [200]


def test_a_token_is_renewed_before_it_ends(account: Account) -> None:
    account.sandbox.change(netsuite_token_lifetime_s=2)
    client = account.client()
    client.pending_orders()

    def is_renewed() -> bool:
        client.pending_orders()
        return logins(account) == [200, 200]

    until(is_renewed)
    assert {call["status"] for call in account.calls("POST", "suiteql")} == {200}


def test_while_one_thread_renews_a_token_that_is_still_good_the_others_go_on(account: Account) -> None:
    account.sandbox.change(netsuite_token_lifetime_s=8)
    client = account.client()
    client.pending_orders()
    account.sandbox.fault("stall", path=TOKEN_PATH)
    with ThreadPoolExecutor(1) as pool:

        def is_renewing() -> bool:
            pool.submit(client.pending_orders)
            return bool(account.sandbox.get("/admin/held")["held"])

        until(is_renewing)
        client.pending_orders()
        account.sandbox.post("/admin/release", {"outcome": "continue"})
    assert logins(account)[0] == 200


def a_refusing_service(account: Account) -> None:
    account.sandbox.fault("status", status=503, path=TOKEN_PATH)


def a_key_in_mid_replacement(account: Account) -> None:
    account.settings().key.private_key.write_bytes(private_pem(2))


@pytest.mark.parametrize("trouble", [a_refusing_service, a_key_in_mid_replacement])
def test_a_token_is_used_to_its_end_while_it_cannot_be_renewed(
    account: Account, monkeypatch: pytest.MonkeyPatch, trouble: Callable[[Account], None]
) -> None:
    passed, real = [0.0], time.monotonic
    monkeypatch.setattr(oauth, "monotonic", lambda: real() + passed[0])
    client = account.client()
    client.pending_orders()
    trouble(account)
    for passed[0] in (3600 - 240, 3600 - 239, 3600 - 120):
        client.pending_orders()
    assert logins(account)[1:] == [logins(account)[-1]] * 2
    assert {call["status"] for call in account.calls("POST", "suiteql")} == {200}
    passed[0] = 3601.0
    with pytest.raises((Unreachable, Unauthorized)):
        client.pending_orders()


def test_a_refused_token_is_renewed_once_and_the_call_repeated(account: Account) -> None:
    client = account.client()
    client.pending_orders()
    account.sandbox.post("/admin/expire-tokens", {"system": "netsuite"})
    client.pending_orders()
    assert logins(account) == [200, 200]


def test_a_token_that_ends_in_mid_transform_makes_one_receipt(account: Account) -> None:
    po_id = account.order()
    client = account.client()
    account.sandbox.fault("expire_token", path_regex=".*transform.*", next=1)
    outcome = create(client, client.receipt_body(a_receipt(po_id)))
    assert (outcome.outcome, len(account.made(po_id)), logins(account)) == (Outcome.CREATED, 1, [200, 200])


# ---- rotation --------------------------------------------------------------------------------------------------------


def test_a_replaced_key_file_and_certificate_id_are_used_without_a_restart(account: Account, tmp_path: Path) -> None:
    file, name = write_key(tmp_path), tmp_path / "certificate-id"
    name.write_text("cert-1\n")
    client = account.client(key={"private_key": str(file), "certificate_id_file": str(name)})
    client.pending_orders()
    account.register(2)
    account.revoke(1)
    file.write_bytes(private_pem(2))
    name.write_text("cert-2\n")
    client.pending_orders()
    assert logins(account) == [200, 200]


def test_the_next_key_is_tried_when_the_first_is_refused_and_is_tried_first_from_then_on(account: Account) -> None:
    account.register(2)
    client = account.client(next_key=account.key(2))
    client.pending_orders()
    account.revoke(1)
    client.pending_orders()
    account.sandbox.post("/admin/expire-tokens", {"system": "netsuite"})
    client.pending_orders()
    assert logins(account) == [200, 401, 200, 200]


def test_a_key_file_that_is_being_replaced_leaves_the_old_key_in_use(account: Account, tmp_path: Path) -> None:
    file = write_key(tmp_path)
    client = account.client()
    client.pending_orders()
    file.write_bytes(private_pem()[:200])
    account.sandbox.post("/admin/expire-tokens", {"system": "netsuite"})
    client.pending_orders()
    assert logins(account) == [200, 200]


def test_a_key_of_a_kind_that_nobody_here_knows_leaves_the_old_key_in_use(account: Account, tmp_path: Path) -> None:
    file = write_key(tmp_path)
    client = account.client()
    client.pending_orders()
    file.write_bytes(unknown_pem())
    account.sandbox.post("/admin/expire-tokens", {"system": "netsuite"})
    client.pending_orders()
    assert logins(account) == [200, 200]


def test_a_key_with_a_passphrase_is_opened(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pem"
    file.write_bytes(private_pem(1, "hunter2"))
    account.client(key={"private_key": str(file), "passphrase": "hunter2", "certificate_id": "cert-1"}).check()


# ---- errors that name the fix ----------------------------------------------------------------------------------------


def test_a_wrong_key_is_told_with_its_certificate_and_where_to_compare(account: Account, tmp_path: Path) -> None:
    wrong = {"private_key": str(write_key(tmp_path, 2)), "certificate_id": "cert-1"}
    with pytest.raises(
        Unauthorized, match=r"certificate cert-1: 401, .*signature.*not the certificate of this key.*M2M"
    ):
        account.client(key=wrong).check()


def test_a_revoked_certificate_is_told(account: Account) -> None:
    account.revoke(1)
    with pytest.raises(Unauthorized, match=r"certificate cert-1: 401, .*revoked.*compare it under Setup"):
        account.client().check()


def test_both_keys_refused_are_both_told(account: Account) -> None:
    account.revoke(1)
    with pytest.raises(Unauthorized, match=r"certificate cert-1: .*certificate cert-2: "):
        account.client(next_key=account.key(2)).check()


@pytest.mark.parametrize("permission", ["ADMI_RESTWEBSERVICES", "REPO_ANALYTICS", "TRAN_ITEMRCPT", "LIST_VENDOR"])
def test_a_role_without_a_permission_is_told_with_all_it_needs(account: Account, permission: str) -> None:
    account.permit(without=permission)
    with pytest.raises(
        Unauthorized, match=r"Missing: .*40[03].*: give the integration's role .*SuiteAnalytics Workbook"
    ):
        account.client().check()


def test_a_role_that_may_not_log_in_is_told(account: Account) -> None:
    account.permit(without="ADMI_LOGIN_OAUTH2")
    with pytest.raises(Unauthorized, match=r"unauthorized_client.*: give the role Log in using OAuth 2\.0"):
        account.client().check()


def test_a_check_that_works_says_what_was_reached(account: Account) -> None:
    assert "purchase orders and item receipts read, and may receive" in account.client().check()


def test_the_check_asks_to_receive_no_order_and_makes_nothing_even_of_one_that_is_there(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    po_id, client = account.order(), account.client()
    client.check()
    monkeypatch.setattr(receipts, "NO_ORDER", po_id)
    client.check()
    asked = [call["path"].split("/")[-3] for call in account.calls("POST", "transform")]
    assert (asked, account.made(po_id)) == (["0", po_id], [])


NO_SERVICE = r"token service: compare base_url, account and token_url with Setup"


@pytest.mark.parametrize("wrong", ["token_url", "base_url"])
def test_an_address_where_no_tokens_are_given_is_told_and_no_certificate_is_blamed(
    account: Account, wrong: str
) -> None:
    given: dict[str, Any] = {wrong: f"{account.sandbox.hotwax_url}/wrong", "next_key": account.key(2)}
    with pytest.raises(Unauthorized, match=rf"/wrong[\w/]*: 404, .*{NO_SERVICE}") as told:
        account.client(**given).check()
    assert ("certificate" in str(told.value), str(told.value).count(": 404,")) == (False, 1)


@pytest.mark.parametrize(
    ("status", "kind"), [("200 OK", Contract), ("400 Bad Request", Unauthorized), ("403 Forbidden", Unauthorized)]
)
def test_a_page_in_place_of_a_token_is_told_with_its_address(
    account: Account, status: str, kind: type[Exception]
) -> None:
    with RawServer([an_answer(b"<html>Welcome</html>", status)]) as server:
        client = account.client(base_url=server.url)
        with pytest.raises(kind, match=rf"{server.url}{TOKEN_PATH}: .*{NO_SERVICE}"):
            client.pending_orders()


def test_a_wrong_base_url_beside_a_right_token_url_is_told(account: Account) -> None:
    right = account.sandbox.hotwax_url
    with pytest.raises(Contract, match="compare base_url"):
        account.client(base_url=f"{right}/wrong", token_url=right + TOKEN_PATH).check()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read: No such file"),
        (b"not a key", "is no private key in PEM that can be opened"),
        (b"", "is no private key in PEM that can be opened"),
        (unknown_pem(), "is no private key in PEM that can be opened"),
    ],
)
def test_a_key_file_that_is_no_use_is_told_by_its_name(
    account: Account, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "broken.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unauthorized, match=rf"broken\.pem {why}"):
        account.client(key={"private_key": str(file), "certificate_id": "cert-1"}).check()


def test_a_sealed_key_without_its_passphrase_is_told(account: Account, tmp_path: Path) -> None:
    file = tmp_path / "sealed.pem"
    file.write_bytes(private_pem(1, "hunter2"))
    with pytest.raises(Unauthorized, match="its passphrase is missing"):
        account.client(key={"private_key": str(file), "certificate_id": "cert-1"}).check()


def test_a_refused_login_is_not_repeated_at_once(account: Account) -> None:
    account.revoke(1)
    client = account.client()
    for _ in range(5):
        with pytest.raises(Unauthorized):
            client.pending_orders()
    assert logins(account) == [401]


def test_a_login_that_is_turned_away_pauses_everybody_and_is_not_repeated_meanwhile(account: Account) -> None:
    account.sandbox.fault("status", status=429, retry_after=60, path_regex="/oauth2/v1/token")
    budget = Pauses()
    client = account.client(budget)
    for _ in range(3):
        with pytest.raises(Throttled):
            client.pending_orders()
    assert (logins(account), budget.asked) == ([429], [60.0])


def test_an_answer_without_a_token_is_refused(account: Account) -> None:
    with RawServer([an_answer(b'{"token_type":"bearer"}')]) as server:
        client = account.client(base_url=server.url)
        with pytest.raises(Contract, match="access_token: expected a token"):
            client.pending_orders()


def test_nothing_secret_is_logged_or_told(
    account: Account, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    client = account.client()
    client.pending_orders()
    (call,) = account.calls("POST", TOKEN_PATH)
    token = account.calls("POST", "suiteql")
    account.revoke(1)
    with pytest.raises(Unauthorized) as caught:
        client.pending_orders()
    said = caplog.text + "".join(capsys.readouterr()) + str(caught.value) + repr(client.__dict__)
    assertion = parse_qs(call["body"])["client_assertion"][0]
    assert token
    assert [secret in said for secret in (assertion, "PRIVATE KEY", "Bearer ")] == [False, False, False]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"account": "https://x"}, "is no account id"),
        ({"assertion_valid": 3600}, "assertion_valid"),
        ({"key": {"private_key": "k"}}, "needs certificate_id or certificate_id_file"),
        ({"token_url": "http://example.com/token"}, "token_url must be https"),
        ({"base_url": "http://1234567.suitetalk.api.netsuite.com"}, "must be https"),
        ({"account": "1_SB1"}, "base_url is of the account 1, and account says 1-sb1: mend one of them"),
        (
            {"token_url": "https://2.suitetalk.api.netsuite.com/token"},
            "token_url is of the account 2",
        ),
    ],
)
def test_settings_that_can_not_work_are_refused(given: dict[str, object], why: str) -> None:
    known = {"base_url": "https://1.suitetalk.api.netsuite.com", "account": "1", "client_id": "c"}
    key = {"private_key": "k", "certificate_id": "c"}
    with pytest.raises(ValueError, match=why):
        RestSettings.model_validate({**known, "key": key, **given})


def test_tenants_on_one_account_share_its_budget_however_they_spell_it() -> None:
    key = {"private_key": "k", "certificate_id": "c"}
    known = {"base_url": "https://1234567-SB1.suitetalk.api.netsuite.com", "client_id": "c", "key": key}
    names = {
        RestSettings.model_validate({**known, "account": spelled}).budget_name
        for spelled in ("1234567_SB1", "1234567-sb1")
    }
    assert names == {"netsuite-1234567-sb1"}
