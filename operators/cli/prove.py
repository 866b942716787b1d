"""`waybill prove`: the ledger, HotWax, Retail Pro and NetSuite compared, each difference named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType

from domain.po_proof import PoDifference
from domain.proof_report import NOT_VERIFIED, VERIFIED, Difference, Explained, Verdict
from operators import po_prove
from operators import prove as proof
from operators.cli.command import Answer, operator_command, say
from operators.cli.exits import Exit, Trouble
from operators.cli.inputs import Tenant, moment
from operators.cli.office import Office, office
from operators.cli.tables import right, shown, table, warning, wrong
from operators.cli.visible import Text
from operators.po_prove import PoVerdict
from operators.po_reconciliation import Reconciliation, ReconciliationError, read_reconciliation


@dataclass(frozen=True)
class _Proof:
    """What was found for one tenant; `po` is None where it has no purchase orders."""

    orders: Verdict
    po: PoVerdict | None

    @property
    def ok(self) -> bool:
        return self.orders.ok and (self.po is None or self.po.ok)

    @property
    def differences(self) -> tuple[Difference | PoDifference, ...]:
        return (*self.orders.differences, *(self.po.differences if self.po else ()))

    @property
    def explained(self) -> tuple[Explained, ...]:
        return (*self.orders.explained, *(self.po.explained if self.po else ()))

    @property
    def checked(self) -> Mapping[str, int]:
        return {**self.orders.checked, **(self.po.checked if self.po else {})}


@operator_command
def prove(
    tenant: Tenant = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only what happened since then; the export must cover it.")
    ] = None,
    netsuite: Annotated[
        list[Path] | None,
        typer.Option("--netsuite", help="What NetSuite holds of each purchase order line: each file of it, as CSV."),
    ] = None,
) -> Answer:
    """Compare the ledger, HotWax, Retail Pro and NetSuite: units and money of orders, stock, purchase order lines.

    Retail Pro's side comes from `proof_export` in waybill.toml; without it, it is not verified. NetSuite's side comes
    from --netsuite, from its account where REST is configured, or from its answers and its newest files. Where a
    reconciliation is in several files, give --netsuite for each. What waits, is held or was cancelled by an operator is
    explained, not a difference. Ends with 1 when there are differences.

    Example: waybill prove --since 2026-11-01 --json
    """
    start = moment(since) if since else None
    with office() as it:
        names = it.tenants(tenant)
        left_out = it.left_out() if tenant is None else []
        reconciliation = _netsuite(it, names, netsuite or [])
        proofs = {name: _prove(it, name, start, reconciliation) for name in names}
    view = [part for name, found in proofs.items() for part in _screen(name, found)]
    data = _data(proofs, left_out)
    return Answer(data, view, Exit.FINE if data["ok"] else Exit.NOT_RIGHT)


def _netsuite(it: Office, names: list[str], files: Sequence[Path]) -> Reconciliation | None:
    """The reconciliation, which is one tenant's."""
    if not files:
        return None
    if len([name for name in names if it.settings.tenants[name].netsuite]) != 1:
        raise Trouble(Exit.USAGE, "--netsuite is about one tenant with purchase orders: name it with --tenant")
    try:
        return read_reconciliation(files)
    except ReconciliationError as error:
        raise Trouble(Exit.USAGE, str(error)) from None


def _prove(it: Office, tenant: str, since: datetime | None, reconciliation: Reconciliation | None) -> _Proof:
    settings = it.settings.tenants[tenant]
    readers = settings.hotwax.concurrency

    def told(text: str) -> None:
        say(f"{tenant}: {text}")

    with it.systems(tenant) as systems:
        orders = proof.prove(proof.Sides(it.ledger, systems, settings.retailpro, readers), since, told)
        if systems.po is None:
            return _Proof(orders, None)
        sides = po_prove.PoSides(it.ledger, tenant, systems.po, reconciliation, readers)
        return _Proof(orders, po_prove.prove(sides, since, told))


def _data(proofs: Mapping[str, _Proof], left_out: Sequence[str]) -> dict[str, object]:
    """All tenants together; each entry says whose it is. `left_out` are those that only the ledger has."""
    po = {name: found.po for name, found in proofs.items() if found.po}
    return {
        "ok": not left_out and all(found.ok for found in proofs.values()),
        "tenants_not_configured": left_out,
        "retailpro": _together([found.orders.retailpro for found in proofs.values()]),
        "stock": _together([found.orders.stock for found in proofs.values()]),
        "netsuite": _netsuite_together([found.netsuite for found in po.values()]),
        "checked": _summed([found.checked for found in proofs.values()]),
        "invoiced": {name: dict(found.orders.invoiced) for name, found in proofs.items()},
        "purchase_order_lines": [
            {"tenant": name, **line.model_dump(mode="json")} for name, found in po.items() for line in found.lines
        ],
        "differences": [
            {"tenant": name, **row.model_dump(mode="json")}
            for name, found in proofs.items()
            for row in found.differences
        ],
        "explained": [
            {"tenant": name, **row.model_dump(mode="json")} for name, found in proofs.items() for row in found.explained
        ],
    }


def _summed(counts: list[Mapping[str, int]]) -> dict[str, int]:
    names = dict.fromkeys(name for count in counts for name in count)
    return {name: sum(count.get(name, 0) for count in counts) for name in names}


def _together(words: list[str]) -> str:
    return VERIFIED if all(word == VERIFIED for word in words) else NOT_VERIFIED


def _netsuite_together(words: list[str]) -> str | None:
    """The weakest word that says anything; None where no tenant has purchase orders."""
    return next((word for word in (po_prove.ACCEPTED, VERIFIED, po_prove.NOT_ASKED) if word in words), None)


# ---- for people ------------------------------------------------------------------------------------------------------


def _screen(tenant: str, found: _Proof) -> list[RenderableType]:
    invoiced = [(f"invoiced, {currency}", amount) for currency, amount in found.orders.invoiced.items()]
    counts = [*((name.replace("_", " "), count) for name, count in found.checked.items()), *invoiced]
    parts: list[RenderableType] = [Text(f"Tenant {tenant}", style="bold"), table("", ["checked", ">"], counts)]
    parts += [warning(text) for text in _unverified(found)]
    if found.explained:
        columns, rows = (
            ["kind", "key", ">units", "why"],
            [(e.kind, e.key, e.units, e.reason) for e in found.explained],
        )
        parts.append(table(f"\nExplained ({len(rows)})", columns, rows))
    if found.ok:
        return [*parts, right("\nproved: no difference")]
    return [*parts, *_differences(found), wrong(f"\n{len(found.differences)} differences")]


def _unverified(found: _Proof) -> list[str]:
    told = []
    if found.orders.retailpro == NOT_VERIFIED:
        told.append("Retail Pro's side is NOT VERIFIED: set proof_export under [tenants.*.retailpro]")
    elif found.orders.stock == NOT_VERIFIED:
        told.append("stock is NOT VERIFIED: the export has no stock")
    if found.po and found.po.netsuite == po_prove.ACCEPTED:
        lines = sum(line.by == po_prove.NOBODY for line in found.po.lines)
        told.append(f"receipts on {lines} purchase order lines are ACCEPTED, UNVERIFIED: give --netsuite FILE")
    return told


def _differences(found: _Proof) -> list[RenderableType]:
    names = ["kind", "key", "ledger", "HotWax"]
    parts: list[RenderableType] = []
    if rows := found.orders.differences:
        parts.append(table("", [*names, "Retail Pro", "likely cause"], [_row(d, d.retailpro) for d in rows]))
    if found.po and found.po.differences:
        rows_of_pos = [_row(d, d.netsuite) for d in found.po.differences]
        parts.append(table("", [*names, "NetSuite", "likely cause"], rows_of_pos))
    return parts


def _row(d: Difference | PoDifference, other: object) -> tuple[object, ...]:
    return d.kind, d.key, _value(d.ledger), _value(d.hotwax), _value(other), d.likely_cause


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {shown(number)}" for key, number in value.items())
    return shown(value)
