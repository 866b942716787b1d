"""`waybill config check` of NetSuite's account: each way of not being let in has its own words and its own mend."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.netsuite_rest.account import CLIENT, Account
from tests.netsuite_rest.conftest import account
from tests.netsuite_rest.keys import another_pem
from tests.operators.po_desk import PoDesk

__all__ = ["account"]

REST = """
[tenants.{tenant}.netsuite.rest]
base_url = "{address}"
account = "1234567_SB1"
client_id = "{client}"
timeout_read = 5

[tenants.{tenant}.netsuite.rest.key]
private_key = "{key}"
certificate_id = "cert-1"
"""
NEXT_KEY = """
[tenants.{tenant}.netsuite.rest.next_key]
private_key = "{key}"
certificate_id = "cert-2"
"""


PERMISSIONS = {
    "ADMI_RESTWEBSERVICES": "REST Web Services",
    "ADMI_LOGIN_OAUTH2": r"Log in using OAuth 2\.0",
    "REPO_ANALYTICS": "SuiteAnalytics Workbook",
    "TRAN_FIND": r"Find Transaction \(",
    "TRAN_PURCHORD": r"Purchase Order \(",
    "TRAN_ITEMRCPT": r"Item Receipt \(",
    "TRAN_PURCHORDRECEIVE": r"Receive Order \(",
    "LIST_ITEM": r"Items \(",
    "LIST_LOCATION": r"Locations \(",
    "LIST_UNIT": r"Units \(",
    "LIST_VENDOR": r"Vendors \(",
}
"""All that the sandbox's account can refuse, as the role's page names it."""


def checked(account: Account, folder: Path, mode: str = "rest") -> dict[str, Any]:
    """What the check says of the account."""
    [probe] = checked_by_each_key(account, folder, mode)
    return probe


def checked_by_each_key(
    account: Account, folder: Path, mode: str = "rest", next_key: Path | None = None
) -> list[dict[str, Any]]:
    """What the check says of the account, by the key, and by the next one where there is one."""
    desk = PoDesk(folder)
    about = {"tenant": desk.tenant, "address": account.sandbox.netsuite_url, "client": CLIENT}
    file = folder / "waybill.toml"
    written = file.read_text().replace(".netsuite.policy]", f'.netsuite.policy]\nnetsuite_mode = "{mode}"')
    written += REST.format(**about, key=account.folder / "key1.pem")
    written += NEXT_KEY.format(**about, key=next_key) if next_key else ""
    file.write_text(written, encoding="utf-8")
    found = desk.run("config", "check", "--json").json["connections"]
    return [probe for probe in found if probe["name"].startswith("netsuite of")]


def test_an_account_that_lets_us_in_is_named_with_what_was_read_and_nothing_was_written(
    account: Account, tmp_path: Path
) -> None:
    po_id = account.order()
    account.key()
    probe = checked(account, tmp_path)
    assert probe["ok"]
    assert "purchase orders and item receipts read, and may receive" in probe["detail"]
    assert account.made(po_id) == []


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_a_role_without_a_permission_is_told_its_name(account: Account, tmp_path: Path, permission: str) -> None:
    account.key()
    account.permit(without=permission)
    probe = checked(account, tmp_path)
    assert not probe["ok"]
    named, _, advice = probe["detail"].partition(": give the ")
    assert re.search(PERMISSIONS[permission], f"{named} {advice.partition(',')[0]}")


def test_all_missing_permissions_are_told_at_once_and_each_once(account: Account, tmp_path: Path) -> None:
    account.key()
    for permission in ("LIST_ITEM", "TRAN_PURCHORD", "TRAN_ITEMRCPT"):
        account.permit(without=permission)
    told = checked(account, tmp_path)["detail"].partition(": give the")[0]
    assert [told.count(name) for name in ("Items (", "Purchase Order (", "Item Receipt (", "; ")] == [1, 1, 1, 2]


def test_where_receipts_go_by_file_the_role_need_not_receive(account: Account, tmp_path: Path) -> None:
    account.key()
    account.permit(without="TRAN_PURCHORDRECEIVE")
    probe = checked(account, tmp_path, "files+waybill-scripts")
    assert (probe["ok"], account.calls("POST", "transform")) == (True, [])


def _wrong_key(account: Account) -> None:
    (account.folder / "key1.pem").write_bytes(another_pem())


WRONGS: dict[str, tuple[Callable[[Account], None], str]] = {
    "a wrong key": (_wrong_key, "cert-1"),
    "a revoked certificate": (lambda account: account.revoke(1), "certificate cert-1"),
    "a role without a permission": (lambda account: account.permit(without="TRAN_ITEMRCPT"), "Item Receipt ("),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_each_way_of_not_being_let_in_names_its_mend(account: Account, tmp_path: Path, wrong: str) -> None:
    spoil, words = WRONGS[wrong]
    account.key()
    spoil(account)
    probe = checked(account, tmp_path)
    assert not probe["ok"]
    assert words in probe["detail"]
    assert "netsuite.rest" in probe["what_to_do"]
    assert "PRIVATE KEY" not in str(probe)


def _next_without_a_file(account: Account) -> None:
    (account.folder / "key2.pem").unlink()


def _next_of_no_certificate(account: Account) -> None:
    (account.folder / "key2.pem").write_bytes(another_pem())


ROTATIONS: dict[str, tuple[Callable[[Account], None], list[bool], str]] = {
    "both good": (lambda _: None, [True, True], ""),
    "the next without a file": (_next_without_a_file, [True, False], "key2.pem cannot be read"),
    "the next of no certificate": (_next_of_no_certificate, [True, False], "certificate cert-2: 401"),
    "the first revoked": (lambda account: account.revoke(1), [False, True], "certificate cert-1: 401"),
}


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_each_key_is_tried_and_one_that_works_hides_no_other(account: Account, tmp_path: Path, rotation: str) -> None:
    spoil, works, words = ROTATIONS[rotation]
    account.key()
    account.register(2)
    next_key = Path(account.key(2)["private_key"])
    spoil(account)
    probes = checked_by_each_key(account, tmp_path, next_key=next_key)
    assert [probe["ok"] for probe in probes] == works
    assert [probe["name"].partition(", ")[2] for probe in probes] == ["by key", "by next_key"]
    refused = [probe for probe in probes if not probe["ok"]]
    assert all(words in probe["detail"] and probe["name"].split()[-1] in probe["what_to_do"] for probe in refused)
