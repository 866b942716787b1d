"""A write whose answer was lost is a state of its own, resolved by look-up, safe repeat or a person; never blindly."""

import pytest

from domain.stages import EffectState, Stage
from tests.conftest import MakeTown
from tests.support.town import Town, an_order, minutes_ago, shipped

pytestmark = pytest.mark.anyio

WRITES = {"invoice": "/api/v1/Document", "slip": "/api/v1/Transfer"}


async def _in_doubt(town: Town, order_id: str, kind: str, *, applied: bool) -> None:
    """An order of two stores whose invoice or slip got no answer."""
    town.seed(an_order(order_id, shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205")))
    when = "after" if applied else "before"
    town.sandbox.fault("drop", system="retailpro", path=WRITES[kind], when=when, next=1)
    await town.poll()
    await town.until_held(order_id, f"{kind}_unknown")


def _key(town: Town, order_id: str, kind: str) -> str:
    return next(e.key for e in town.effects(order_id) if e.kind == kind)


@pytest.mark.parametrize("kind", WRITES)
async def test_a_document_in_doubt_that_a_person_found_is_adopted(make_town: MakeTown, kind: str) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    async with town.working():
        await _in_doubt(town, "4001", kind, applied=True)
        found = town.sandbox.get(f"/admin/{kind}s")[f"{kind}s"][0]["documentNo"]
        answer = await town.command("4001", "confirm", number=found, effect=_key(town, "4001", kind))
        assert answer.accepted
        await town.until_stage("4001", Stage.DONE)
        town.prove()
    (effect,) = [e for e in town.effects("4001") if e.kind == kind]
    assert (effect.state, effect.number, effect.attempt) == (EffectState.DONE, found, 1)


@pytest.mark.parametrize("kind", WRITES)
async def test_a_document_in_doubt_that_a_person_did_not_find_is_sent_again(make_town: MakeTown, kind: str) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    async with town.working():
        await _in_doubt(town, "4002", kind, applied=False)
        assert (await town.command("4002", "resend", reason="not in Retail Pro")).accepted
        await town.until_stage("4002", Stage.DONE)
        town.prove()


async def test_resume_alone_never_repeats_a_write_in_doubt(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    async with town.working():
        await _in_doubt(town, "4003", "invoice", applied=True)
        assert (await town.command("4003", "resume")).accepted
        await town.poll()
        await town.until_held("4003", "invoice_unknown")
    assert len(town.sandbox.calls(system="retailpro")) == 1


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("repeat", ["rejects", "ignores"])
@pytest.mark.parametrize("kind", WRITES)
async def test_doubt_resolves_by_itself_where_a_repeat_is_safe(
    make_town: MakeTown, kind: str, repeat: str, *, applied: bool
) -> None:
    town = await make_town(retailpro={"repeat": repeat})
    town.sandbox.change(invoice_repeat=repeat, slip_repeat=repeat)
    town.seed(an_order("4004", shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205")))
    when = "after" if applied else "before"
    town.sandbox.fault("drop", system="retailpro", path=WRITES[kind], when=when, next=1)
    async with town.working():
        await town.poll()
        await town.until_stage("4004", Stage.DONE)
        town.prove()
    (effect,) = [e for e in town.effects("4004") if e.kind == kind]
    assert (effect.state, effect.attempt) == (EffectState.DONE, 2)


@pytest.mark.parametrize("fault", ["truncated", "not_json", "wrong_types", "empty", "status"])
async def test_an_answer_to_an_invoice_that_makes_no_sense_is_no_proof_and_is_asked_again(
    make_town: MakeTown, fault: str
) -> None:
    town = await make_town()
    town.seed(an_order("4005", shipped("GT101")))
    kind, more = ("status", {"status": 502}) if fault == "status" else ("garbage", {"garbage": fault})
    town.sandbox.fault(kind, system="retailpro", when="after", next=1, **more)
    async with town.working():
        await town.poll()
        await town.until_stage("4005", Stage.DONE)
        town.prove()


async def test_a_stalled_answer_is_given_up_and_asked_for_again(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"timeout_read": 0.5, "timeout_connect": 0.5})
    town.seed(an_order("4006", shipped("GT101")))
    town.sandbox.fault("stall", system="retailpro", when="after", next=1, seconds=3)
    async with town.working():
        await town.poll()
        await town.until_stage("4006", Stage.DONE)
        town.prove()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_write_back_in_doubt_is_looked_up_in_hotwax(make_town: MakeTown, when: str) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    town.seed(an_order("4007", shipped("GT101")))
    town.sandbox.fault("drop", system="hotwax", method="POST", path="/rest/s1/oms/orders/", when=when, next=1)
    async with town.working():
        await town.poll()
        await town.until_stage("4007", Stage.DONE)
        town.prove()
    assert len(town.numbers_in_hotwax("4007")) == 1


async def test_a_write_back_that_was_refused_though_applied_makes_no_second_number(make_town: MakeTown) -> None:
    town = await make_town()
    town.seed(an_order("4010", shipped("GT101")))
    town.sandbox.fault("soft_error", system="hotwax", method="POST", path="/rest/s1/oms/orders/", when="after", next=1)
    async with town.working():
        await town.poll()
        await town.until_held("4010", "write_back_rejected")
        await town.command("4010", "resume")
        await town.until("4010", lambda row: row.stage is Stage.DONE or row.hold_evidence.count("exist") > 0)
    assert len(town.numbers_in_hotwax("4010")) == 1


async def test_a_cancel_while_the_outcome_is_unknown_waits_and_ends_the_order_when_there_was_no_invoice(
    make_town: MakeTown,
) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    async with town.working():
        await _in_doubt(town, "4008", "invoice", applied=False)
        answer = await town.command("4008", "cancel")
        assert answer.accepted
        assert "waits for the truth" in answer.message
        await town.until_held("4008", "invoice_unknown")
        assert (await town.command("4008", "resend")).accepted
        assert (await town.ended("4008")).stage is Stage.CANCELLED
    assert (town.invoices(), town.effects("4008")) == ([], [])


async def test_a_cancel_while_the_outcome_is_unknown_is_void_when_the_invoice_exists(make_town: MakeTown) -> None:
    town = await make_town(retailpro={"repeat": "unknown"})
    async with town.working():
        await _in_doubt(town, "4009", "invoice", applied=True)
        assert (await town.command("4009", "cancel")).accepted
        assert (await town.command("4009", "confirm", number="700001")).accepted
        await town.until_stage("4009", Stage.DONE)
        town.prove()
    assert "cancel is void: the order is invoiced" in [e.text for e in town.timeline("4009")]
