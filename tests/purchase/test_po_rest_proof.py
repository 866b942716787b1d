"""The proof where the account is asked: what it tells unreadably, or not at all, is not taken for what we sent."""

import pytest

from connectors.netsuite.client import NetSuiteRest
from domain.purchase_order import PoStage
from tests.purchase.conftest import MakeOwn
from tests.purchase.test_po_deleted import ORDER_READ
from tests.purchase.test_po_rest_changes import wrong
from tests.purchase.test_po_switched import proved
from tests.support.depot import Depot, at

pytestmark = pytest.mark.anyio


async def lost(depot: Depot) -> str:
    """A purchase order whose one item receipt was deleted after NetSuite had confirmed it."""
    po_id = depot.netsuite.order()
    await depot.bring_in(po_id)
    depot.receive(po_id, line_1=20, line_4=12)
    await depot.carry(po_id, at(PoStage.RECEIPT_SYNCED))
    wrong(depot, "lost_receipt", po_id)
    assert depot.made(po_id) == []
    return po_id


async def unreadable(depot: Depot) -> dict[str, str]:
    """What the proof finds unreadable in NetSuite, with the likely cause; it finds nothing verified."""
    verdict = await proved(depot)
    assert (verdict.ok, verdict.netsuite) == (False, "accepted, unverified")
    return {found.key: found.likely_cause for found in verdict.differences if found.kind == "po_unreadable"}


@pytest.mark.parametrize("lines", [{}, {"line": 1}], ids=["every line", "one line of two"])
async def test_an_order_with_an_unreadable_line_is_not_believed_to_have_what_we_sent(
    make_rest: MakeOwn, lines: dict[str, int]
) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await lost(depot)
        depot.netsuite.act("amend", po_id, location="", **lines)
        told = await unreadable(depot)
        await depot.export()
        assert await unreadable(depot) == told
    assert list(told) == [f"PO{po_id}"]
    assert "line 1, facility_id '': " in told[f"PO{po_id}"]


async def test_an_unreadable_order_that_the_ledger_does_not_know_is_named(make_rest: MakeOwn) -> None:
    depot = make_rest()
    po_id = depot.netsuite.order()
    depot.netsuite.act("amend", po_id, location="")
    found = (await proved(depot)).differences
    assert [(each.kind, each.key) for each in found] == [("po_unreadable", po_id)]


async def test_an_order_that_the_account_neither_shows_nor_says_to_be_gone_is_not_believed_either(
    make_rest: MakeOwn, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot = make_rest()
    async with depot.working():
        po_id = await lost(depot)
        monkeypatch.setattr(NetSuiteRest, "orders", lambda *_: {})
        assert "its query does not show it" in (await unreadable(depot))[f"PO{po_id}"]
        depot.sandbox.fault("status", status=403, code="INSUFFICIENT_PERMISSION", **ORDER_READ)
        assert list(await unreadable(depot)) == [f"PO{po_id}"]
