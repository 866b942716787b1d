"""A run that died with a write on the wire: that write waits until nothing can come of it, and nothing else does."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from activities.effects import Effects
from domain.outcomes import EffectResult
from domain.po_messages import PoRun
from domain.purchase_order import ImportState, PoStage, ReceiptState
from domain.stages import EffectKind, EffectState
from ledger.tables import EffectRow
from tests.purchase.conftest import MakeDepot
from tests.support.depot import Depot, at

pytestmark = pytest.mark.anyio

SLOW = 60
"""Seconds that an answer may take: what is on the wire may be there for minutes."""


class KilledError(Exception):
    """The run is gone, and says nothing more."""


def kill_first(monkeypatch: pytest.MonkeyPatch, kind: EffectKind) -> None:
    """The first run that has begun to send a write of this kind dies of it."""
    attempt, killed = Effects._attempt, list[str]()

    def attempt_or_die(effects: Effects, row: EffectRow, *args: Any, **options: Any) -> EffectResult:
        if row.kind == kind and not killed:
            killed.append(row.key)
            raise KilledError
        return attempt(effects, row, *args, **options)

    monkeypatch.setattr(Effects, "_attempt", attempt_or_die)


def end_lease(depot: Depot) -> None:
    """So much time has gone by that nothing can be on the wire any more."""
    with depot.ledger.durable() as session:
        sending = select(EffectRow).where(EffectRow.tenant == depot.tenant)
        [row] = session.exec(sending.where(col(EffectRow.state) == EffectState.SENDING))
        assert row.lease_until
        assert row.lease_until > datetime.now(UTC)
        row.lease_until = datetime.now(UTC)


async def test_an_upload_on_the_wire_keeps_no_other_purchase_order_waiting(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(hotwax={"timeout_read": SLOW})
    kill_first(monkeypatch, EffectKind.PO_IMPORT)
    async with depot.working():
        po_id = depot.netsuite.order()
        await depot.export()
        await depot.run(PoRun.IMPORTS)
        other = depot.netsuite.order()
        await depot.export()
        await depot.into_hotwax(other)
        assert depot.known_po(po_id).import_state is ImportState.SENT
        end_lease(depot)
        await depot.carry(po_id, at(PoStage.IMPORTED))
    assert len(depot.sandbox.calls(path="/api/uploadAndImportFile")) == 2


async def test_a_receipt_file_on_the_wire_keeps_no_other_receipt_waiting(
    make_depot: MakeDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_depot(netsuite={"sftp": {"timeout_read": SLOW}})
    kill_first(monkeypatch, EffectKind.RECEIPT_FILE)
    po_id, other = depot.netsuite.order(), depot.netsuite.order()
    async with depot.working():
        await depot.bring_in(po_id, other)
        for received in (po_id, other):
            depot.receive(received, line_1=20)
            await depot.run(PoRun.RECEIPTS)
            await depot.run(PoRun.RECEIPT_FILES)
        [lost], [sent] = depot.receipts(po_id), depot.receipts(other)
        assert (lost.state, sent.state) == (ReceiptState.PROMISED, ReceiptState.SENT)
        end_lease(depot)
        for each in (po_id, other):
            await depot.carry(each, lambda _, po=each: depot.receipts(po)[0].state is ReceiptState.CREATED)  # type: ignore[misc]
    assert (depot.made(po_id), depot.made(other)) == ([{1: "20"}], [{1: "20"}])
