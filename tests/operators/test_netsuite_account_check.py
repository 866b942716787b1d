"""`waybill config check` of NetSuite's account: each way of not being let in has its own words and its own mend."""

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


def checked(account: Account, folder: Path) -> dict[str, Any]:
    """What the check says of the account."""
    desk = PoDesk(folder)
    about = {"tenant": desk.tenant, "address": account.sandbox.netsuite_url, "client": CLIENT}
    with (folder / "waybill.toml").open("a", encoding="utf-8") as text:
        text.write(REST.format(**about, key=account.folder / "key1.pem"))
    found = desk.run("config", "check", "--json").json["connections"]
    [probe] = [probe for probe in found if probe["name"].startswith("netsuite of")]
    assert isinstance(probe, dict)
    return probe


def test_an_account_that_lets_us_in_is_named_with_what_was_read(account: Account, tmp_path: Path) -> None:
    account.key()
    probe = checked(account, tmp_path)
    assert probe["ok"]
    assert "purchase orders and item receipts read" in probe["detail"]


def _wrong_key(account: Account) -> None:
    (account.folder / "key1.pem").write_bytes(another_pem())


WRONGS: dict[str, tuple[Callable[[Account], None], str]] = {
    "a wrong key": (_wrong_key, "cert-1"),
    "a revoked certificate": (lambda account: account.revoke(1), "certificate cert-1"),
    "a role without a permission": (lambda account: account.permit(without="TRAN_ITEMRCPT"), "Item Receipt"),
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
