"""How the systems behave where their documents leave it open; every field can be changed while they run."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

if TYPE_CHECKING:
    from sandbox.database import Database

Repeat = Literal["rejects", "ignores", "duplicates"]
Seconds = Annotated[float, Field(ge=0)]


class RetailProAuth(BaseModel):
    """What a caller of Retail Pro must show: nothing, Basic, a bearer token, or a key in a header."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["none", "basic", "bearer", "api_key"] = "none"
    username: str = ""
    password: str = ""
    token: str = ""
    header: str = "X-Api-Key"


class SftpLogin(BaseModel):
    """Where NetSuite's scripts find the SFTP server: one row of the connector's custom record."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    username: str
    password: str | None = None
    private_key: str | None = None
    """A private key in OpenSSH's or PEM's text form."""
    host_key: str
    """The server's public key as `ssh-keyscan` prints it after the host: type and base64."""
    folder: str = "netsuite"
    """The base folder, relative to the user's root."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 20


class Settings(BaseModel):
    """Every switch of the sandbox with its default."""

    model_config = ConfigDict(extra="forbid")

    username: str = "waybill"
    password: str = "waybill"  # noqa: S105 - the made-up login of a double that listens on loopback
    static_token: str | None = "sandbox-token"  # noqa: S105 - as the password
    token_lifetime_s: Seconds = 3600
    identification_types: list[str] = [
        *("SHOPIFY_ORD_ID", "SHOPIFY_ORD_NO", "SHOPIFY_ORD_NAME", "MKT_PLACE", "NETSUITE_ORDER_ID"),
    ]
    duplicate_key_status: Literal[400, 500] = 400
    visibility_delay_s: Seconds = 0

    retailpro_auth: RetailProAuth = RetailProAuth()
    invoice_repeat: Repeat = "rejects"
    slip_repeat: Repeat = "rejects"
    repeat_names_document: bool = True
    answer_identifiers: bool = True
    success_status: Literal[200, 201] = 200
    check_stores: bool = True
    check_upcs: bool = False
    unknown_fields: Literal["refuse", "ignore"] = "refuse"
    fiscal_credit: Literal["boolean", "text", "either"] = "boolean"
    created_date_zone: Literal["allowed", "forbidden"] = "allowed"
    slip_no_max: Annotated[int, Field(ge=1)] | None = None
    confirm_after_s: Seconds | None = None
    order_no_suffix: str = r"[-./A-Za-z]+\d{0,2}"

    import_repeat: Literal["upserts", "duplicates", "ignores"] = "upserts"
    import_delay_s: Seconds = 0
    import_configs: dict[str, Literal["orders", "closes"]] = {"IMP_ASN_PO_FEED": "orders", "IMP_CLOSED_PO": "closes"}
    upload_max_mb: Annotated[float, Field(gt=0, le=256)] = 64
    purchase_orders_offered: bool = True
    unplanned_names_order: bool = True
    complete_received_lines: bool = False

    netsuite_sftp: SftpLogin | None = None
    netsuite_exporter: Literal["stock", "waybill"] = "waybill"
    netsuite_importer: Literal["stock", "waybill"] = "waybill"
    netsuite_every_s: Annotated[float, Field(gt=0)] | None = None
    netsuite_rows_per_file: Annotated[int, Field(ge=1)] = 5000
    netsuite_units: Annotated[int, Field(ge=1)] = 10_000
    netsuite_overage: bool = False
    netsuite_closed_until: date | None = None
    netsuite_zone: str = "America/Los_Angeles"
    netsuite_token_lifetime_s: Seconds = 3600
    netsuite_concurrency: Annotated[int, Field(ge=1)] = 5
    netsuite_limit_status: Literal[429, 400] = 429
    netsuite_visibility_delay_s: Seconds = 0
    netsuite_job_delay_s: Seconds = 0
    netsuite_sql_rows: Annotated[int, Field(ge=1)] = 100_000
    netsuite_line_key: Literal["orderLine", "line"] = "orderLine"
    netsuite_keeps_external_id: bool = True

    record: Literal["full", "counts"] = "full"
    record_body_bytes: Annotated[int, Field(ge=0)] = 16_384

    @field_validator("netsuite_zone")
    @classmethod
    def _must_exist(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("is no time zone, such as America/Los_Angeles") from error
        return value


def load_settings(database: Database, start: dict[str, Any]) -> Settings:
    """Return the start's settings with what was changed in an earlier run over them."""
    stored = {row["name"]: json.loads(row["value"]) for row in database.rows("SELECT name, value FROM setting")}
    return Settings(**{**start, **stored})


def store_settings(database: Database, changed: dict[str, Any]) -> None:
    """Remember changed settings for the next start."""
    database.put("setting", [{"name": name, "value": json.dumps(value)} for name, value in changed.items()])
