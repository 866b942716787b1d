"""No customer's name, address or number leaves HotWax and Retail Pro for a history, a search attribute or a log."""

import base64
import json
import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from sqlmodel import select

from domain.stages import Stage
from ledger.tables import EffectRow, JournalRow, LineRow, OrderRow
from operators import logs
from tests.conftest import MakeTown
from tests.support.town import Town, an_order, minutes_ago, open_line, shipped

pytestmark = pytest.mark.anyio

CUSTOMER = {
    "toName": "Xochiquetzal Ixtlilton",
    "email": "xochiquetzal@unmistakable.test",
    "phone": "59917733",
    "address1": "Callejon Tezcatlipoca 44",
    "city": "Huitzilopolis",
}
NEEDLES = ("xochiquetzal", "ixtlilton", "unmistakable", "59917733", "tezcatlipoca", "huitzilopolis", "sandbox-token")


@pytest.fixture
def log_lines() -> Iterator[StringIO]:
    """Everything that the product and its libraries log while the test runs, formatted as in production."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("json", logging.DEBUG)
    written = StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def _found_in(text: str) -> list[str]:
    return [needle for needle in NEEDLES if needle in text.lower()]


async def _everything_temporal_keeps(town: Town, order_id: str) -> str:
    handle = town.handle(order_id)
    description = await handle.describe()
    history = await handle.fetch_history()
    return history.to_json() + _decoded(history.to_json()) + str(description.raw_description)


def _decoded(history: str) -> str:
    """The payloads' own text, since histories keep it in base64."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("data"), str):
                found.append(base64.b64decode(value["data"]).decode(errors="replace"))
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(json.loads(history))
    assert found, "a history without payloads"
    return "\n".join(found)


async def test_no_personal_data_stands_in_a_history_an_attribute_the_details_a_log_line_or_the_journal(
    make_town: MakeTown, log_lines: StringIO
) -> None:
    town = await make_town(retailpro={"repeat": "unknown"}, stores={"GT101": "GT101", "GT205": "GT205"})
    customer = {"customer": CUSTOMER, "billing": CUSTOMER}
    lines = (shipped("GT101", statusDatetime=minutes_ago(5)), shipped("GT205", "P2"))
    town.seed(
        an_order("7001", *lines, **customer),
        an_order("7002", shipped("GT307"), **customer),
        an_order("7003", *lines, grandTotal=1, **customer),
        an_order("7004", *lines, **customer),
        an_order("7005", shipped("GT101"), open_line("GT205"), **customer),
        an_order("7006", shipped("GT101"), orderName="#" + "6" * 50, **customer),
    )
    town.sandbox.fault("drop", system="retailpro", body="W7004", when="after", next=1)
    town.sandbox.fault("status", system="retailpro", body="W7001", status=400, next=1, message="no")
    holds = {"7002": "unmapped_store", "7003": "totals_differ", "7004": "invoice_unknown", "7006": "field_too_long"}
    async with town.working():
        await town.poll()
        await town.until_held("7001", "invoice_rejected")
        await town.command("7001", "resume")
        await town.until_stage("7001", Stage.DONE)
        for order_id, cause in holds.items():
            await town.until_held(order_id, cause)
        kept = [await _everything_temporal_keeps(town, str(number)) for number in range(7001, 7007)]
        details = [await town.details(str(number)) for number in range(7001, 7007)]
    assert _found_in("\n".join(kept)) == []
    assert _found_in("\n".join(details)) == []
    assert "remote call" in log_lines.getvalue()
    assert _found_in(log_lines.getvalue()) == []
    assert _found_in(_books_but_bodies(town)) == []


def _books_but_bodies(town: Town) -> str:
    """The ledger's orders, lines, journal and effects, without the bodies and answers that the effects are."""
    with town.ledger.reading() as session:
        rows = [repr(row) for table in (OrderRow, LineRow, JournalRow) for row in session.exec(select(table)).all()]
        effects = [row.model_dump(exclude={"body", "answer"}) for row in session.exec(select(EffectRow)).all()]
    return "\n".join(rows) + repr(effects)
