"""Two tenants on one SFTP server: only with folders of their own, for each takes every file that it finds."""

from typing import Any

import pytest
from pydantic import ValidationError

from operators.settings import Settings

SYSTEM = {"base_url": "http://127.0.0.1:1", "token": "t"}
RETAILPRO = {"base_url": "http://127.0.0.1:1", "identity_number_default": "0", "identity_type_default": "dpi"}
HERE = {"orders": {"path": "/acme/po"}, "receipts": {"path": "/acme/receipt"}, "acks": {"path": "/acme/receipt/ack"}}
ELSEWHERE = {"orders": {"path": "/b/po"}, "receipts": {"path": "/b/receipt"}, "acks": {"path": "/b/receipt/ack"}}


def a_tenant(folders: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A tenant with these folders."""
    sftp = {"host": "files.example.com", "username": "w", "private_key": "/none/key", "folders": folders, **fields}
    return {"hotwax": SYSTEM, "retailpro": RETAILPRO, "netsuite": {"sftp": sftp}}


def read(acme: dict[str, Any], beta: dict[str, Any]) -> set[str]:
    """The tenants of a configuration with these two."""
    return set(Settings.model_validate({"tenants": {"acme": acme, "beta": beta}}).tenants)


@pytest.mark.parametrize(
    ("other", "folder"),
    [
        (a_tenant(HERE), "/acme/po"),
        (a_tenant(HERE, host="FILES.Example.com.", port=22, username="beta"), "/acme/po"),
        (a_tenant({**ELSEWHERE, "acks": {"path": "//acme/./receipt/ack/"}}), "/acme/receipt/ack"),
        (a_tenant({**ELSEWHERE, "orders": {"path": "/b/po", "archive": "/acme/receipt"}}), "/acme/receipt"),
        (a_tenant({**ELSEWHERE, "receipts": {"path": "/b/receipt", "temporary": "/acme/po/error"}}), "/acme/po/error"),
    ],
    ids=["all", "spelled otherwise, another login", "one alone", "one's archive", "one's temporary folder"],
)
def test_one_folder_under_two_tenants_is_refused_with_what_to_do(other: dict[str, Any], folder: str) -> None:
    where = f"folder {folder}(/[a-z]+)? on SFTP server files.example.com:22"
    with pytest.raises(ValidationError, match=f"tenants acme and beta both use {where}, .*: give each"):
        read(a_tenant(HERE), other)


def test_the_usual_folders_under_one_login_are_refused_too() -> None:
    with pytest.raises(ValidationError, match="tenants acme and beta both use folder netsuite/purchaseorder/"):
        read(a_tenant({}), a_tenant({}))


@pytest.mark.parametrize(
    ("acme", "beta"),
    [
        (a_tenant(HERE), a_tenant(ELSEWHERE)),
        (a_tenant(HERE), a_tenant(HERE, port=2222)),
        (a_tenant(HERE), a_tenant(HERE, host="other.example.com")),
        (a_tenant({}), a_tenant({}, username="beta")),
    ],
    ids=["other folders", "another port", "another host", "each login's own place"],
)
def test_folders_of_their_own_are_no_trouble(acme: dict[str, Any], beta: dict[str, Any]) -> None:
    assert read(acme, beta) == {"acme", "beta"}
