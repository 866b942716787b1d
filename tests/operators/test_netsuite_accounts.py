"""Two tenants on one NetSuite account: only with roles of their own, for each takes every order that it sees."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from operators.settings import Settings

SYSTEM = {"base_url": "http://127.0.0.1:1", "token": "t"}
RETAILPRO = {"base_url": "http://127.0.0.1:1", "identity_number_default": "0", "identity_type_default": "dpi"}
SFTP = {"host": "127.0.0.1", "username": "w", "private_key": "/none/key", "host_keys": []}


def a_tenant(account: str, certificate: dict[str, str], mode: str = "rest", **rest: Any) -> dict[str, Any]:
    """A tenant that may ask this account."""
    key = {"private_key": "netsuite.pem", **certificate}
    login = {"base_url": "http://127.0.0.1:1", "account": account, "client_id": "w", "key": key, **rest}
    netsuite = {"policy": {"netsuite_mode": mode}, "rest": login, "sftp": None if mode == "rest" else SFTP}
    return {"hotwax": SYSTEM, "retailpro": RETAILPRO, "netsuite": netsuite}


ONE = a_tenant("1234567_SB1", {"certificate_id": "cert-1"})


@pytest.mark.parametrize(
    "other",
    [
        a_tenant("1234567-sb1", {"certificate_id": "cert-1"}),
        a_tenant(
            "1234567_SB1",
            {"certificate_id": "cert-2"},
            next_key={"private_key": "next.pem", "certificate_id": "cert-1"},
        ),
    ],
    ids=["the same certificate", "the same certificate as the next one"],
)
def test_one_login_under_two_tenants_is_refused_and_both_are_named(other: dict[str, Any]) -> None:
    with pytest.raises(
        ValidationError, match=r"tenants acme and beta both reach NetSuite account 1234567-sb1.* cert-1"
    ):
        Settings.model_validate({"tenants": {"acme": ONE, "beta": other}})


def test_one_certificate_is_known_however_it_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "id").write_text("cert-1\n", encoding="utf-8")
    spellings = [
        {"certificate_id": "cert-1 "},
        {"certificate_id_file": str(tmp_path / "id")},
        {"certificate_id_file": str(tmp_path / "keys" / ".." / "id")},
    ]
    for spelled in spellings:
        with pytest.raises(ValidationError, match=r"tenants acme and beta .* by certificate cert-1,"):
            Settings.model_validate({"tenants": {"acme": ONE, "beta": a_tenant("1234567_SB1", spelled)}})


def test_one_file_under_two_paths_is_one_certificate_before_its_id_is_in_it(tmp_path: Path) -> None:
    paths = (tmp_path / "id", tmp_path / "keys" / ".." / "id")
    acme, beta = (a_tenant("1234567_SB1", {"certificate_id_file": str(path)}) for path in paths)
    with pytest.raises(ValidationError, match=r"tenants acme and beta .* by certificate .*/id,"):
        Settings.model_validate({"tenants": {"acme": acme, "beta": beta}})


@pytest.mark.parametrize(
    "other",
    [
        a_tenant("7654321", {"certificate_id": "cert-1"}),
        a_tenant("1234567_SB1", {"certificate_id": "cert-2"}),
        a_tenant("1234567_SB1", {"certificate_id": "cert-1"}, mode="files"),
    ],
    ids=["another account", "another role", "files beside it"],
)
def test_another_login_or_one_that_takes_no_orders_is_no_trouble(other: dict[str, Any]) -> None:
    assert set(Settings.model_validate({"tenants": {"acme": ONE, "beta": other}}).tenants) == {"acme", "beta"}
