"""Settings of the remote systems: where they are, how to log in, and how their documents are spelled.

What the references mark as unknown is a setting here, and its default an assumption for the merchant to confirm.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr, model_validator

from connectors.po_ports import ImportRepeat
from domain.base import Frozen
from domain.outcomes import RepeatBehavior


def _template(*names: str) -> AfterValidator:
    """A check that a template is valid and uses all of these names: two documents must never share a number."""

    def check(template: str) -> str:
        used = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
        if used != set(names):
            raise ValueError(
                f"template {template!r} must use {' and '.join(f'{{{n}}}' for n in names)}, and nothing else"
            )
        return template

    return AfterValidator(check)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return text


Pattern = Annotated[str, AfterValidator(_pattern)]
"""A regular expression, matched anywhere and without regard to case."""

PathOfUrl = Annotated[str, Field(pattern=r"^/[^?#\s]*$")]
"""A path that starts with a slash."""


def is_loopback(host: str) -> bool:
    """Whether this host name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(name: str, address: str, *, allow_http: bool) -> None:
    """Refuse an address that is none, that holds credentials, or that would send everything in clear.

    Raises:
        ValueError: what is wrong with the setting of this name.
    """
    url = urlsplit(address)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(f"{name} must look like https://host:port")
    if url.username or url.password or url.query or url.fragment:
        raise ValueError(f"{name} must have no user, password, query or fragment: credentials have their own keys")
    if url.scheme == "http" and not allow_http and not is_loopback(url.hostname):
        raise ValueError(f"{name} must be https for {url.hostname}; allow_http = true sends everything in clear")


class HttpSettings(Frozen):
    """How a remote system is reached over HTTP. Times are spans, sizes bytes."""

    base_url: str
    """Scheme, host and port, plus a path where the system does not live at the root."""
    allow_http: bool = False
    verify_tls: bool = True
    ca_file: Path | None = None
    """Certificates to trust instead of the public ones."""
    timeout_connect: timedelta = Field(default=timedelta(seconds=10), gt=timedelta(0))
    timeout_read: timedelta = Field(default=timedelta(seconds=120), gt=timedelta(0))
    max_answer_bytes: int = Field(default=10_000_000, gt=0)
    calls_per_second: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=1, gt=0)

    @model_validator(mode="after")
    def _check_url(self) -> Self:
        check_address("base_url", self.base_url, allow_http=self.allow_http)
        return self


class HotWaxSettings(HttpSettings):
    """A tenant's HotWax: credentials (username and password, or a long-lived token) and names of its data."""

    timeout_read: timedelta = Field(default=timedelta(seconds=30), gt=timedelta(0))
    calls_per_second: float | None = Field(default=10, gt=0)
    concurrency: int = Field(default=4, gt=0)
    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    order_no_source: str = "orderName"
    """Where the order number stands: `orderName`, or the id of an identification type such as `SHOPIFY_ORD_NO`."""
    order_no_strip: str = "#"
    """Characters taken off both ends of the order number."""
    upc_type: str = "UPCA"
    page_size: int = Field(default=200, gt=0, le=1000)
    overlap: timedelta = Field(default=timedelta(minutes=5), ge=timedelta(0))
    """How far a feed reads back behind its cursor."""
    cache_for: timedelta = Field(default=timedelta(minutes=10), ge=timedelta(0))
    """How long UPCs, shipment methods and facility types are remembered. What is missing is never remembered."""
    confirmation_attribute: str = "retailProStatus"
    confirmation_value: str = "Invoiced"

    ofbiz_url: str | None = None
    """Where `/api` lives when it is not at `base_url` (hotwax 0). The same token is used there."""
    import_path: PathOfUrl = "/api/uploadAndImportFile"
    import_config: str = Field(default="IMP_ASN_PO_FEED", min_length=1)
    """The Data Manager configuration that imports purchase orders (hotwax 2.8)."""
    close_config: str = Field(default="IMP_CLOSED_PO", min_length=1)
    """The Data Manager configuration that closes lines of purchase orders."""
    import_repeat: ImportRepeat = ImportRepeat.UPSERTS
    """What an import does with a line that HotWax has already; assumed from the stock export, which once sent
    every open purchase order again in every run (hotwax 4.2)."""
    import_log_entity: str = Field(default="co.hotwax.datamanager.DataManagerLog", min_length=1)
    """Where imports are logged."""
    error_file_path: PathOfUrl = "/api/downloadCsvFile"
    """Where the records that an import refused can be downloaded, by `contentId`."""
    error_file_bytes: int = Field(default=50_000_000, gt=0)
    """How large such a file may be."""
    receipts_source: Literal["entity", "purchase_orders"] = "entity"
    """Where the receipts of one order are read: `entityData`, or the resource `/oms/purchaseOrders/{id}/receipts`,
    which only newer versions have (hotwax 2.7). Receipts since a time always come from `entityData`."""
    sku_type: str = Field(default="SKU", min_length=1)
    """The identification type that has the SKU by which purchase orders name a product."""
    timezone: ZoneInfo = ZoneInfo("UTC")
    """The server's zone: HotWax keeps a date as its midnight there."""

    @model_validator(mode="after")
    def _check_ofbiz_url(self) -> Self:
        if self.ofbiz_url is not None:
            check_address("ofbiz_url", self.ofbiz_url, allow_http=self.allow_http)
        return self

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        login = self.username is not None and self.password is not None
        partial = (self.username is None) != (self.password is None)
        if partial or login == (self.token is not None):
            raise ValueError("HotWax needs username and password, or token: one of the two ways, whole")
        return self


class RetailProSettings(HttpSettings):
    """A merchant's Retail Pro partner service: its address, and every belief about it that nobody has published.

    The first customer confirms them (retailpro 13); sources of the defaults: retailpro 2.1, 2.2 and 2.4.
    """

    driver: Literal["partner_v1"] = "partner_v1"
    invoice_path: PathOfUrl = "/api/v1/Document/Ordertoinvoice"
    transfer_path: PathOfUrl = "/api/v1/Transfer/Slip"
    method: Literal["POST", "PUT"] = "POST"
    auth: Literal["none", "basic", "bearer", "api_key_header"] = "none"
    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    """The bearer token, or the value of `api_key_header`."""
    api_key_header: str = "X-Api-Key"
    repeat: RepeatBehavior = RepeatBehavior.UNKNOWN
    """What the service does with a second document of the same number."""

    order_no_template: Annotated[str, _template("order_no")] = "{order_no}"
    supplement_template: Annotated[str, _template("order_no", "revision")] = "{order_no}-{revision}"
    slip_no_template: Annotated[str, _template("number")] = "{number:08d}"
    slip_no_start: int = Field(default=1, gt=0)
    timezone: ZoneInfo = ZoneInfo("UTC")
    """The zone of `CreatedDate`, which carries none itself."""
    line_amounts: Literal["per_unit", "per_line"] = "per_unit"
    total_includes_shipping: bool = True
    payment_type_map: Mapping[str, Literal[1, 2]] = Field(default={"EXT_SHOP_CASH_ON_DEL": 2})
    """HotWax payment method -> 1 card, 2 cash on delivery."""
    payment_type_default: Literal[1, 2] = 1

    identity_attribute: str = "customerId"
    """The order attribute with the customer's identity number."""
    identity_number_default: str | None = Field(default=None, min_length=1)
    identity_type_attribute: str | None = None
    identity_type_default: str | None = Field(default=None, min_length=1)
    fiscal_credit_attribute: str | None = "taxCredit?"
    fiscal_credit_as_string: bool = False
    company_id_attribute: str | None = None
    company_name_attribute: str | None = None
    company_address_attribute: str | None = None
    last_name_default: str = Field(default="-", min_length=1)
    """The last name of a customer who gave one name only."""

    document_no_keys: tuple[str, ...] = ("DocumentNo", "InvoiceNo", "SlipNo")
    sid_keys: tuple[str, ...] = ("Sid", "DocumentSid")
    failure_keys: tuple[str, ...] = ("error", "errors", "_ERROR_MESSAGE_")
    """Keys that mean a failure when they hold anything, besides `success: false`."""
    failure_pattern: Pattern | None = None
    """A text in `Message` that means a failure."""
    duplicate_pattern: Pattern | None = None
    """A text that says the document exists, beside status 409; its group `number` is the document's number."""
    proof_export: str | None = None
    """Where `waybill prove` reads what Retail Pro knows: a JSON file's path, or a URL."""

    @model_validator(mode="after")
    def _check_credentials(self) -> Self:
        needs_login = self.auth == "basic"
        if needs_login and (self.username is None or self.password is None):
            raise ValueError("auth = 'basic' needs username and password")
        if self.auth in {"bearer", "api_key_header"} and self.token is None:
            raise ValueError(f"auth = '{self.auth}' needs token")
        return self
