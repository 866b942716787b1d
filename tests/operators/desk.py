"""The `waybill` command as an operator uses it, run in this process on a configuration of its own."""

import asyncio
import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import SQLModel
from typer.testing import CliRunner

from domain.stages import EffectKind, EffectState, Hold, HoldCause, Stage
from ledger.database import Ledger
from ledger.tables import EffectRow, LineRow, OrderRow
from operators.cli import app
from tests.support.ledgers import make_ready

NOBODY = "127.0.0.1:1"
"""An address where no server answers."""

NOW = datetime.now(UTC)

CONFIGURATION = """
ledger_url = "sqlite:///{ledger}"
temporal_ui = "https://temporal.example"
[tenants.acme.hotwax]
base_url = "http://127.0.0.1:1"
username = "waybill"
[tenants.acme.retailpro]
base_url = "http://127.0.0.1:1"
{more}
[tenants.acme.stores]
F1 = "S1"
F2 = "S2"
F3 = "S3"
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which must be JSON alone."""
        return json.loads(self.out)


class Desk:
    """Runs `waybill` with one configuration."""

    def __init__(self, configuration: Path, temporal: str = NOBODY, **environment: str) -> None:
        self.configuration = configuration
        self._environment = {
            "WAYBILL_CONFIG": str(configuration),
            "TEMPORAL_ADDRESS": temporal,
            "WAYBILL_OPERATOR": "ana",
            **environment,
        }

    def run(self, *arguments: str) -> Ran:
        """Run it and return how it ended."""
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            ended = CliRunner().invoke(app, list(arguments), env=self._environment)
        finally:
            root.handlers[:], root.level = handlers, level
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ran(ended.exit_code, ended.stdout, ended.stderr)

    async def ask(self, *arguments: str) -> Ran:
        """Run it beside the workers of this process."""
        return await asyncio.to_thread(self.run, *arguments)


def a_desk(folder: Path, more: str = "") -> Desk:
    """A desk on an empty ledger, with systems where nobody answers."""
    path = folder / "waybill.toml"
    path.write_text(CONFIGURATION.format(ledger=folder / "ledger.db", more=more), encoding="utf-8")
    ledger = a_ledger(folder)
    make_ready(ledger)
    ledger.close()
    return Desk(path, WAYBILL__TENANTS__ACME__HOTWAX__PASSWORD="secret-of-acme")


def a_ledger(folder: Path) -> Ledger:
    """The ledger of the desk in this folder."""
    return Ledger(f"sqlite:///{folder / 'ledger.db'}")


def keep(folder: Path, *rows: SQLModel) -> None:
    """Write these rows into the desk's ledger."""
    ledger = a_ledger(folder)
    for kind in (OrderRow, LineRow, EffectRow):
        with ledger.writing() as session:
            session.add_all(row for row in rows if isinstance(row, kind))
    ledger.close()


def order_row(order_id: str, stage: Stage = Stage.AWAITING_LINES, hold: Hold | None = None, **more: Any) -> OrderRow:
    """An order of the web shop in the ledger, an hour in its stage."""
    hour = NOW - timedelta(hours=1)
    given: dict[str, Any] = {
        "tenant": "acme",
        "order_id": order_id,
        "order_no": f"W{order_id}",
        "channel": "WEB_SALES_CHANNEL",
        "stage": stage,
        "stage_since": hour,
        "seen_at": hour,
        "currency": "USD",
    }
    if hold:
        given |= {"hold_cause": str(hold.cause), "hold_subject": hold.subject, "hold_evidence": hold.evidence}
        given["hold_since"] = hour
    return OrderRow(**{**given, **more})


def unmapped(order_id: str, facility: str = "X9", **more: Any) -> OrderRow:
    """An order that is held for a facility without a store."""
    hold = Hold(cause=HoldCause.UNMAPPED_STORE, subject=facility, evidence=f"no Retail Pro store for {facility}")
    return order_row(order_id, Stage.INVOICING, hold, **more)


def reopened(order_id: str, **more: Any) -> OrderRow:
    """An order that is held for an invoiced line that is not fulfilled any more."""
    hold = Hold(cause=HoldCause.REOPENED_LINE, evidence=f"line {order_id}0 was settled as fulfilled by F1, now gone")
    return order_row(order_id, Stage.INVOICING, hold, **more)


def line_row(order_id: str, line_id: str = "1", **more: Any) -> LineRow:
    """A line that facility F1 has shipped."""
    given: dict[str, Any] = {
        "tenant": "acme",
        "order_id": order_id,
        "line_id": line_id,
        "product_id": "P1",
        "upc": "0740000000011",
        "facility_id": "F1",
        "store": "S1",
        "quantity": 1,
        "status": "ITEM_COMPLETED",
        "unit_price": "100",
        "completed_at": NOW,
    }
    return LineRow(**{**given, **more})


def invoice_row(order_id: str, state: EffectState = EffectState.DONE, **more: Any) -> EffectRow:
    """An invoice of the order's line 1 at store S1; its body has a customer's name."""
    items = '[{"UPC": "0740000000011", "Qty": 1, "StoreOrig": "S1"}]'
    body = f'{{"OrderNo": "W{order_id}", "InvoicingStore": "S1", "TotalAmt": 100, "Name": "Ana Paz", "Items": {items}}}'
    given: dict[str, Any] = {
        "key": f"invoice/acme/W{order_id}/0",
        "tenant": "acme",
        "order_id": order_id,
        "order_no": f"W{order_id}",
        "kind": EffectKind.INVOICE,
        "revision": 0,
        "store": "S1",
        "state": state,
        "body": body,
        "remote_no": f"W{order_id}",
        "lines": {"1": "F1"},
        "amount": "100",
        "planned_at": NOW,
        "settled_at": NOW,
        "number": "700001",
    }
    return EffectRow(**{**given, **more})
