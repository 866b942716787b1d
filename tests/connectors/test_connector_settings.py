"""Settings that make no sense are refused where they are written, with what to do."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.settings import HotWaxSettings, HttpSettings, RetailProSettings
from domain.outcomes import RepeatBehavior

SHOP = "https://shop.example.test"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.9.9.9", "localhost:1", "[::1]:80"])
def test_http_is_fine_on_this_machine(host: str) -> None:
    assert HttpSettings(base_url=f"http://{host}")


def test_http_to_another_machine_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"https for shop\.example\.test"):
        HttpSettings(base_url="http://shop.example.test")


def test_http_to_another_machine_may_be_allowed_explicitly() -> None:
    assert HttpSettings(base_url="http://shop.example.test", allow_http=True)


@pytest.mark.parametrize(
    "url", ["ftp://x", "shop.example.test", "https://", "https://u:p@x", "https://x?a=b", "https://x#a"]
)
def test_an_address_that_is_none_or_holds_more_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="base_url must"):
        HttpSettings(base_url=url)


@pytest.mark.parametrize("shape", [HttpSettings, RetailProSettings])
def test_an_unknown_key_is_refused(shape: type[HttpSettings]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        shape.model_validate({"base_url": SHOP, "timeout": 3})


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"username": "u"},
        {"password": "p"},
        {"username": "u", "token": "t"},
        {"username": "u", "password": "p", "token": "t"},
    ],
)
def test_hotwax_takes_one_whole_way_to_log_in(credentials: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="username and password, or token"):
        HotWaxSettings.model_validate({"base_url": SHOP, **credentials})


@pytest.mark.parametrize(
    ("auth", "rest"),
    [("basic", {"username": "u"}), ("basic", {}), ("bearer", {}), ("api_key_header", {})],
)
def test_retail_pro_auth_needs_its_credentials(auth: str, rest: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match=f"auth = '{auth}' needs"):
        RetailProSettings.model_validate({"base_url": SHOP, "auth": auth, **rest})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("order_no_template", "A"),
        ("order_no_template", "{number}"),
        ("supplement_template", "{revision}"),
        ("slip_no_template", "{order_no}"),
        ("duplicate_pattern", "("),
        ("timezone", "America/Nowhere"),
        ("invoice_path", "api/invoice"),
        ("invoice_path", "/api?key=1"),
        ("payment_type_map", {"CASH": 3}),
        ("repeat", "duplicates"),
        ("timeout_read", 0),
    ],
)
def test_a_value_that_cannot_work_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=key):
        RetailProSettings.model_validate({"base_url": SHOP, key: value})


def test_defaults_are_those_of_the_references() -> None:
    hotwax = HotWaxSettings.model_validate({"base_url": SHOP, "token": "t"})
    retailpro = RetailProSettings(base_url=SHOP)
    assert (hotwax.timeout_connect, hotwax.timeout_read) == (timedelta(seconds=10), timedelta(seconds=30))
    assert (retailpro.timeout_connect, retailpro.timeout_read) == (timedelta(seconds=10), timedelta(seconds=120))
    assert (hotwax.calls_per_second, hotwax.concurrency) == (10, 4)
    assert (retailpro.calls_per_second, retailpro.concurrency) == (None, 1)
    assert retailpro.repeat is RepeatBehavior.UNKNOWN
    assert (retailpro.method, retailpro.invoice_path) == ("POST", "/api/v1/Document/Ordertoinvoice")


def test_secrets_are_not_shown() -> None:
    shown = repr(HotWaxSettings.model_validate({"base_url": SHOP, "username": "u", "password": "s3cret"}))
    assert "s3cret" not in shown
