"""`waybill prove`: the ledger, HotWax and Retail Pro compared, each difference named."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from domain.proof_report import NOT_VERIFIED, VERIFIED, Difference, Verdict
from operators import prove as proof
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit
from operators.cli.inputs import Tenant, moment, tenants_of
from operators.cli.office import Office, office
from operators.cli.tables import right, shown, table, warning, wrong


@operator_command
def prove(
    tenant: Tenant = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what happened since then; the export must cover it.")
    ] = None,
) -> Answer:
    """Compare the ledger, HotWax and Retail Pro: units and money of each order, stock of each store and UPC.

    Retail Pro's side comes from `proof_export` in waybill.toml; without it, it is not verified. What waits, is held or
    was cancelled by an operator is explained, not a difference. Ends with 1 when there are differences.

    Example: waybill prove --since 2026-11-01 --json
    """
    start = moment(since) if since else None
    with office() as it:
        verdicts = {name: _verdict(it, name, start) for name in tenants_of(it.settings, tenant)}
    ok = all(verdict.ok for verdict in verdicts.values())
    view = [part for name, verdict in verdicts.items() for part in _screen(name, verdict)]
    return Answer(_data(verdicts), view, Exit.FINE if ok else Exit.NOT_RIGHT)


def _verdict(it: Office, tenant: str, since: datetime | None) -> Verdict:
    settings = it.settings.tenants[tenant]
    with it.systems(tenant) as systems:
        sides = proof.Sides(it.ledger, systems, settings.retailpro, settings.hotwax.concurrency)
        return proof.prove(sides, since, lambda text: say(f"{tenant}: {text}"))


def _data(verdicts: dict[str, Verdict]) -> dict[str, object]:
    """All tenants together; each entry says whose it is."""
    told = {name: verdict.model_dump(mode="json") for name, verdict in verdicts.items()}
    return {
        "ok": all(verdict.ok for verdict in verdicts.values()),
        "retailpro": _together([verdict.retailpro for verdict in verdicts.values()]),
        "stock": _together([verdict.stock for verdict in verdicts.values()]),
        "checked": _summed([verdict.checked for verdict in verdicts.values()]),
        "invoiced": {name: verdict["invoiced"] for name, verdict in told.items()},
        "differences": [{"tenant": name, **row} for name, verdict in told.items() for row in verdict["differences"]],
        "explained": [{"tenant": name, **row} for name, verdict in told.items() for row in verdict["explained"]],
    }


def _summed(counts: list[Mapping[str, int]]) -> dict[str, int]:
    return {name: sum(count[name] for count in counts) for name in counts[0]}


def _together(words: list[str]) -> str:
    return VERIFIED if all(word == VERIFIED for word in words) else NOT_VERIFIED


def _screen(tenant: str, verdict: Verdict) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(f"Tenant {tenant}", style="bold")]
    invoiced = [(f"invoiced, {currency}", amount) for currency, amount in verdict.invoiced.items()]
    parts.append(
        table("", ["checked", ">"], [*((k.replace("_", " "), v) for k, v in verdict.checked.items()), *invoiced])
    )
    if verdict.retailpro == NOT_VERIFIED:
        parts.append(warning("Retail Pro's side is NOT VERIFIED: set proof_export under [tenants.*.retailpro]"))
    elif verdict.stock == NOT_VERIFIED:
        parts.append(warning("stock is NOT VERIFIED: the export has no stock"))
    if verdict.explained:
        columns, rows = (
            ["kind", "key", ">units", "why"],
            [(e.kind, e.key, e.units, e.reason) for e in verdict.explained],
        )
        parts.append(table(f"\nExplained ({len(rows)})", columns, rows))
    if verdict.ok:
        return [*parts, right("\nproved: no difference")]
    names = ["kind", "key", "ledger", "HotWax", "Retail Pro", "likely cause"]
    return [
        *parts,
        table("", names, map(_row, verdict.differences)),
        wrong(f"\n{len(verdict.differences)} differences"),
    ]


def _row(d: Difference) -> tuple[object, ...]:
    return d.kind, d.key, _value(d.ledger), _value(d.hotwax), _value(d.retailpro), d.likely_cause


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(number)}" for key, number in value.items())
    return shown(value)
