"""The configuration: one `waybill.toml`, environment variables over it, secrets from the environment or files only.

Environment variables are `WAYBILL__` and the path to the key, joined by two underscores and in any case:
`WAYBILL__TENANTS__ACME__HOTWAX__PASSWORD`. A secret may also stand in a file of its own, named by a key that ends in
`_file`. Unknown keys are errors.
"""

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from connectors.netsuite.keys import KeyUnusableError, certificate_id
from connectors.netsuite.settings import KeySettings, RestSettings
from connectors.settings import HotWaxSettings, RetailProSettings
from connectors.sftp.settings import SftpPlace, SftpSettings
from domain.base import Frozen
from domain.messages import Waits
from domain.po_messages import PoSizes, PoWaits
from domain.policy import TenantPolicy, check_stores
from domain.purchase_order import NetSuiteMode, PoPolicy

CONFIG_VARIABLE = "WAYBILL_CONFIG"
ENV_PREFIX = "WAYBILL__"
DEFAULT_CONFIG = Path("waybill.toml")
DEFAULT_LEDGER = "sqlite:///.waybill/ledger.db"
SECRETS = frozenset({"password", "token", "passphrase"})
"""Keys that may never stand in the file itself."""


TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]
"""A tenant's name: it stands in workflow ids, task queues, keys and environment variables."""


_APART = "give each a role that sees its own orders alone, with a certificate of its own; or make them one tenant"

_OWN_FOLDERS = (
    "give each folders of its own; or, with a login of its own that leads to a place of its own, write them relative"
    " (without the first slash)"
)


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names each place, what is wrong, and what to write instead."""


class FeedSettings(Frozen):
    """How often the OMS is asked for changes, and how far back the sweep looks for what the feed missed."""

    interval: timedelta = Field(default=timedelta(seconds=60), ge=timedelta(seconds=1))
    sweep_interval: timedelta = Field(default=timedelta(hours=1), ge=timedelta(seconds=1))
    sweep_back: timedelta = Field(default=timedelta(hours=24), gt=timedelta(0))


class WorkerSettings(Frozen):
    """The worker process: where it answers health and metrics, how it drains, how much it does side by side."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=9464, ge=0, le=65535)
    sdk_metrics_port: int | None = None
    """Port of the SDK's own Prometheus endpoint; None serves none."""
    drain: timedelta = Field(default=timedelta(seconds=30), ge=timedelta(0))
    cached_workflows: int = Field(default=1000, ge=0)
    log_format: str = Field(default="json", pattern="^(json|console)$")


class NetSuiteSettings(Frozen):
    """A tenant's purchase orders: the ways to NetSuite, its rules, its waits, and how often the runs start.

    `policy.netsuite_mode` chooses the way; `rest` beside files lets NetSuite be asked what the files do not tell.
    """

    sftp: SftpSettings | None = None
    rest: RestSettings | None = None
    policy: PoPolicy = PoPolicy()
    waits: PoWaits = PoWaits()
    sizes: PoSizes = PoSizes()
    interval: timedelta = Field(default=timedelta(seconds=60), ge=timedelta(seconds=1))
    sweep_interval: timedelta = Field(default=timedelta(hours=1), ge=timedelta(seconds=1))

    @model_validator(mode="after")
    def _check_way(self) -> Self:
        mode = self.policy.netsuite_mode
        if mode is NetSuiteMode.REST and self.rest is None:
            raise ValueError(f'netsuite_mode = "{mode}" needs a table netsuite.rest')
        if mode is not NetSuiteMode.REST and self.sftp is None:
            raise ValueError(f'netsuite_mode = "{mode}" needs a table netsuite.sftp')
        return self


class TenantSettings(Frozen):
    """One tenant: its systems, its decisions, and how often its feeds run."""

    hotwax: HotWaxSettings
    retailpro: RetailProSettings
    policy: TenantPolicy = TenantPolicy()
    stores: Mapping[str, str] = Field(default_factory=dict)
    """HotWax facility id -> Retail Pro store code."""
    feed: FeedSettings = FeedSettings()
    waits: Waits = Waits()
    netsuite: NetSuiteSettings | None = None
    """Purchase orders; a tenant without this table has none."""

    @field_validator("policy")
    @classmethod
    def _check_policy(cls, policy: TenantPolicy) -> TenantPolicy:
        if policy.stores:
            raise ValueError("stores have a table of their own: write [tenants.NAME.stores]")
        return policy

    @field_validator("stores")
    @classmethod
    def _check_stores(cls, stores: Mapping[str, str]) -> Mapping[str, str]:
        check_stores(stores)
        return stores

    @property
    def rules(self) -> TenantPolicy:
        """The tenant's policy with its stores."""
        return TenantPolicy.model_validate({**self.policy.model_dump(), "stores": dict(self.stores)})


def _logins(tenant: TenantSettings) -> set[tuple[str, str]]:
    """Account and certificate by which purchase orders are taken; a certificate is of one role (netsuite 10)."""
    netsuite = tenant.netsuite
    if netsuite is None or netsuite.rest is None or netsuite.policy.netsuite_mode is not NetSuiteMode.REST:
        return set()
    rest = netsuite.rest
    keys = (key for key in (rest.key, rest.next_key) if key)
    return {(rest.account, _certificate(key)) for key in keys}


def _places(tenant: TenantSettings) -> frozenset[SftpPlace]:
    """The folders that the tenant's runs read and write; with REST too, for what went by file before."""
    return tenant.netsuite.sftp.places if tenant.netsuite and tenant.netsuite.sftp else frozenset()


def _certificate(key: KeySettings) -> str:
    """The certificate's id, however it is spelled; of a file that cannot be read yet, its place."""
    try:
        return certificate_id(key)
    except KeyUnusableError:
        return str(key.certificate_id_file and key.certificate_id_file.resolve())


class Settings(BaseSettings):
    """The whole configuration, checked."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, case_sensitive=False
    )

    ledger_url: str = DEFAULT_LEDGER
    temporal_ui: str = "http://127.0.0.1:8233"
    """Where operators' links to the Temporal Web UI point."""
    namespace_retention: timedelta = timedelta(days=7)
    worker: WorkerSettings = WorkerSettings()
    tenants: Mapping[TenantName, TenantSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_accounts(self) -> Self:
        """Who logs in as the same role sees the same purchase orders: two tenants would both take all of them."""
        taken: dict[tuple[str, str], str] = {}
        for name, tenant in self.tenants.items():
            for account, certificate in _logins(tenant):
                if (other := taken.setdefault((account, certificate), name)) != name:
                    told = (
                        f"tenants {other} and {name} both reach NetSuite account {account} by certificate {certificate}"
                    )
                    raise ValueError(f"{told}, and each would take all of its purchase orders: {_APART}")
        return self

    @model_validator(mode="after")
    def _check_folders(self) -> Self:
        """Who takes files out of a folder leaves none for another: each tenant would lose what the other one took."""
        taken: dict[SftpPlace, str] = {}
        for name, tenant in self.tenants.items():
            for place in sorted(_places(tenant)):
                if (other := taken.setdefault(place, name)) != name:
                    where = f"folder {place.path} on SFTP server {place.host}:{place.port}"
                    told = f"tenants {other} and {name} both use {where}"
                    raise ValueError(f"{told}, and each would take the other's files: {_OWN_FOLDERS}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment variables over the file, which `load` passes to the constructor."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def config_path() -> Path:
    """The configuration file: `WAYBILL_CONFIG`, or `waybill.toml` in the working folder."""
    return Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))


def load(path: Path | None = None) -> Settings:
    """The configuration of this file and the environment.

    Raises:
        ConfigurationError: the file is missing or unreadable, or a value in it or in the environment is wrong.
    """
    path = path or config_path()
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"{path} does not exist: copy examples/waybill.toml, or set {CONFIG_VARIABLE}"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from None
    values = _with_secrets(written, path, ())
    if url := os.environ.get("DATABASE_URL"):
        values["ledger_url"] = url
    return _checked(values, path)


def _checked(values: dict[str, Any], path: Path) -> Settings:
    known = {f"{ENV_PREFIX}{name}".upper() for name in Settings.model_fields}
    for variable in os.environ:
        if variable.upper().startswith(ENV_PREFIX) and "__".join(variable.upper().split("__")[:2]) not in known:
            raise ConfigurationError(f"the environment variable {variable} names no key: take it away or mend its name")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise ConfigurationError(f"{path}:\n" + "\n".join(_explained(error))) from None


def _explained(error: ValidationError) -> list[str]:
    """One line for each mistake: its place and what is wrong. Values stay out, they may be secrets."""
    return [f"  {'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors()]


def _with_secrets(table: Mapping[str, Any], path: Path, place: tuple[str, ...]) -> dict[str, Any]:
    """The table with each `*_file` of a secret replaced by the file's content; refuses secrets in the file itself."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        here = (*place, key)
        if isinstance(value, dict):
            values[key] = _with_secrets(value, path, here)
        elif key in SECRETS:
            variable = ENV_PREFIX + "__".join(here).upper()
            raise ConfigurationError(
                f"{path}: {'.'.join(here)} is a secret: give it as {variable}, or put it in a file named by {key}_file"
            )
        elif key.removesuffix("_file") in SECRETS:
            values[key.removesuffix("_file")] = _secret_in(Path(str(value)), path, here)
        else:
            values[key] = value
    return values


def _secret_in(file: Path, path: Path, place: tuple[str, ...]) -> str:
    try:
        return (path.parent / file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"{path}: {'.'.join(place)}: {file} cannot be read: {error.strerror}") from None
