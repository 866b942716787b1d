"""The paths whose histories are kept: each a short play on a town whose workers run, that returns the workflow's id."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from domain.keys import order_workflow_id
from domain.stages import Stage
from tests.histories.path import Path
from tests.histories.po_scenarios import PO_PATHS
from tests.support.town import Town, an_order, minutes_ago, open_line, shipped

Play = Callable[[Town], Awaitable[str]]

TWO_STORES = (shipped("GT101", statusDatetime=minutes_ago(9)), shipped("GT205", "P2"))
PARTLY = (shipped("GT101"), open_line("GT205", "P2"))


def _of(town: Town, order_id: str = "1") -> str:
    return order_workflow_id(town.tenant, order_id)


def _straight(*lines: Mapping[str, Any], ends: Stage = Stage.DONE, **order: Any) -> Play:
    """An order that goes to its end without a word from anybody."""

    async def play(town: Town) -> str:
        town.seed(an_order("1", *lines, **order))
        await town.poll()
        assert (await town.ended("1")).stage is ends
        return _of(town)

    return play


async def _waits(town: Town, *lines: Mapping[str, Any]) -> None:
    town.seed(an_order("1", *(lines or PARTLY)))
    await town.poll()
    await town.until("1", lambda row: bool(row.waiting_for))


async def _completed_later(town: Town) -> str:
    await _waits(town)
    town.sandbox.deed("fulfill", "1")
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _completed_by_cancellation(town: Town) -> str:
    await _waits(town)
    town.sandbox.deed("cancel", "1", items=["00102"])
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _all_cancelled(town: Town) -> str:
    await _waits(town)
    town.sandbox.deed("reopen", "1", items=["00101"])
    town.sandbox.deed("cancel", "1")
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _forced_then_completed(town: Town) -> str:
    await _waits(town)
    await town.command("1", "force_invoice", store="GT307")
    await town.until("1", lambda _: town.numbers_in_hotwax("1") != [])
    town.sandbox.deed("fulfill", "1")
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _cancelled(town: Town) -> str:
    await _waits(town)
    await town.command("1", "cancel")
    await town.ended("1")
    return _of(town)


async def _cancelled_by_button(town: Town) -> str:
    await _waits(town)
    await town.handle("1").cancel(reason="fraud")
    await town.ended("1")
    return _of(town)


async def _button_refused(town: Town) -> str:
    await _waits(town)
    await town.command("1", "force_invoice")
    await town.until("1", lambda _: town.numbers_in_hotwax("1") != [])
    await town.handle("1").cancel()
    await town.until_true(lambda: "refused" in {e.kind for e in town.timeline("1")}, "the cancel is refused")
    town.sandbox.deed("fulfill", "1")
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _reopened(town: Town) -> str:
    await _waits(town)
    await town.command("1", "force_invoice")
    await town.until("1", lambda _: town.numbers_in_hotwax("1") != [])
    town.sandbox.deed("reopen", "1", items=["00101"])
    await town.poll()
    await town.until_held("1", "reopened_line")
    await town.signal("1", "resume")
    await town.until_stage("1", Stage.AWAITING_LINES)
    town.sandbox.deed("fulfill", "1")
    await town.poll()
    await town.ended("1")
    return _of(town)


async def _unmapped(town: Town) -> str:
    town.seed(an_order("1", shipped("X9")))
    await town.poll()
    await town.until_held("1", "unmapped_store")
    await town.command("1", "cancel")
    await town.ended("1")
    return _of(town)


async def _rejected_slip(town: Town) -> str:
    town.seed(an_order("1", *TWO_STORES, shipped("GT307", "P3")))
    town.sandbox.fault("status", system="retailpro", path="/api/v1/Transfer", body='"GT205"', status=400, next=1)
    await town.poll()
    await town.until_held("1", "slip_rejected")
    await town.command("1", "resume")
    await town.ended("1")
    return _of(town)


async def _unreachable(town: Town) -> str:
    town.seed(an_order("1", shipped("GT101")))
    town.sandbox.fault("status", system="retailpro", status=429, retry_after=0)
    await town.poll()
    await town.until_held("1", "remote_unreachable")
    town.sandbox.heal()
    await town.ended("1")
    return _of(town)


def _in_doubt(verb: str, when: str, **more: Any) -> Play:
    """An invoice whose answer was lost, until a person has looked."""

    async def play(town: Town) -> str:
        town.seed(an_order("1", *TWO_STORES))
        town.sandbox.fault("drop", system="retailpro", when=when, next=1)
        await town.poll()
        await town.until_held("1", "invoice_unknown")
        await town.command("1", verb, **more)
        await town.ended("1")
        return _of(town)

    return play


async def _confirmed(town: Town) -> str:
    town.seed(an_order("1", *TWO_STORES))
    await town.poll()
    await town.until_true(lambda: town.invoices() != [], "the invoice is there")
    town.sandbox.deed("confirm", "1")
    await town.ended("1")
    return _of(town)


async def _confirmation_overdue(town: Town) -> str:
    town.seed(an_order("1", shipped("GT101")))
    await town.poll()
    await town.until_held("1", "confirmation_overdue")
    await town.command("1", "confirm", number="A-1")
    await town.ended("1")
    return _of(town)


async def _feed(town: Town) -> str:
    town.seed(an_order("1", shipped("GT101")))
    report = await town.poll(feed_id := f"feed/{town.tenant}/recorded")
    assert report.orders == 1
    return feed_id


PERSON = {"retailpro": {"repeat": "unknown"}}
TWO_PHASES = {"policy": {"confirmation": "store"}, "waits": {"confirmation": 1}}

PATHS: Mapping[str, Path] = {
    "single_store": Path(_straight(shipped("GT101"))),
    "multi_store": Path(_straight(*TWO_STORES, shipped("GT307", "P3"))),
    "pickup": Path(_straight(shipped("GT101", shipmentMethodTypeId="STOREPICKUP"))),
    "send_sale": Path(_straight(shipped("GT205"), channel="pos", attributes={"orderFacility": "GT101"}, pos_sale=True)),
    "carried_out": Path(
        _straight(
            shipped("GT101", shipmentMethodTypeId="POS_COMPLETED"),
            ends=Stage.SKIPPED,
            channel="pos",
            attributes={"orderFacility": "GT101"},
            pos_sale=True,
        )
    ),
    "completed_later": Path(_completed_later),
    "completed_by_cancellation": Path(_completed_by_cancellation),
    "all_cancelled": Path(_all_cancelled),
    "forced_then_completed": Path(_forced_then_completed),
    "cancelled": Path(_cancelled),
    "cancelled_by_button": Path(_cancelled_by_button),
    "button_refused": Path(_button_refused),
    "reopened_after_invoice": Path(_reopened),
    "unmapped_store": Path(_unmapped),
    "rejected_slip": Path(_rejected_slip),
    "unreachable": Path(_unreachable, {"waits": {"patience": 1, "hold_retry": 1}}),
    "unknown_then_confirmed": Path(_in_doubt("confirm", "after", number="700001"), PERSON),
    "unknown_then_resent": Path(_in_doubt("resend", "before"), PERSON),
    "confirmed_by_store": Path(_confirmed, {**TWO_PHASES, "waits": {"confirmation": 30}}),
    "confirmation_overdue": Path(_confirmation_overdue, TWO_PHASES),
    "order_feed": Path(_feed),
    **PO_PATHS,
}
"""Every path by the name of its history's file."""
