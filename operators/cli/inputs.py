"""What operators type, checked: tenants, stores, times and spans, each refused with the value and the possible ones."""

import getpass
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from domain.stages import HoldCause
from operators.cli.exits import Exit, Trouble
from operators.settings import Settings

_SPAN = re.compile(r"(\d+)\s*([smhdw])", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Tenant = Annotated[str | None, typer.Option("--tenant", "-t", help="One tenant of waybill.toml; all when left out.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would happen; change nothing.")]
Seen = Annotated[
    str | None, typer.Option("--seen", help="The mark that `show` gives a hold; refused where it has changed.")
]


def login_name() -> str:
    """The name of who is logged in, for the audit trail."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


Operator = Annotated[
    str, typer.Option("--operator", envvar="WAYBILL_OPERATOR", help="Who asks; the login name when left out.")
]


def checked_operator(operator: str) -> str:
    """The operator's name, which every command must have (P5)."""
    name = operator.strip() or login_name()
    if not name:
        raise Trouble(Exit.USAGE, "nobody is logged in by name: say who asks with --operator")
    return name


def tenants_of(settings: Settings, tenant: str | None) -> list[str]:
    """The tenant asked for, or all of them."""
    if not settings.tenants:
        raise Trouble(Exit.USAGE, "waybill.toml has no tenant: add [tenants.NAME], see examples/waybill.toml")
    if tenant is None:
        return list(settings.tenants)
    return [one_of("tenant", tenant, settings.tenants)]


def store_of(settings: Settings, tenants: Collection[str], store: str) -> str:
    """A Retail Pro store code that one of these tenants maps."""
    codes = sorted({code for name in tenants for code in settings.tenants[name].stores.values()})
    return one_of("store", store, codes)


def one_of(what: str, value: str, choices: Collection[str]) -> str:
    """The value, if it is one of the choices."""
    if value not in choices:
        known = ", ".join(sorted(choices)) or "none"
        raise Trouble(Exit.USAGE, f"there is no {what} {value!r}; there are: {known}")
    return value


def span(text: str) -> timedelta:
    """A span such as `90s`, `2h`, `1d12h`."""
    parts = _SPAN.findall(text)
    if not parts or _SPAN.sub("", text).strip():
        raise Trouble(Exit.USAGE, f"{text!r} is no span of time: write 90s, 15m, 2h, 3d, 1w or 1d12h")
    try:
        return sum((timedelta(**{_UNITS[unit.lower()]: int(number)}) for number, unit in parts), timedelta(0))
    except OverflowError:
        raise Trouble(Exit.USAGE, f"{text!r} is too long a span of time") from None


def moment(text: str) -> datetime:
    """A date or time in ISO form; UTC where it names no zone."""
    try:
        found = datetime.fromisoformat(text.strip())
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Trouble(
            Exit.USAGE, f"{text!r} is no date or time: write 2026-11-01 or 2026-11-01T08:30:00-06:00"
        ) from None


@dataclass(frozen=True)
class HoldName:
    """A cause, and the subject of its holds where one was named."""

    cause: HoldCause
    subject: str | None


def hold_name(text: str) -> HoldName:
    """`CAUSE` or `CAUSE:SUBJECT`, as `waybill holds` prints them."""
    cause, colon, subject = text.partition(":")
    one_of("hold cause", cause, list(HoldCause))
    return HoldName(HoldCause(cause), subject if colon else None)
