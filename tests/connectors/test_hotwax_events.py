"""Status events come in pages, oldest first, all of them; a bad row is named and the others go on."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.errors import (
    Contract,
)
from connectors.hotwax.client import WATCHED, HotWax
from connectors.ports import EventPage, StatusEvent
from tests.connectors.conftest import MakeHotWax
from tests.connectors.hotwax_help import a_raw_hotwax, answered
from tests.support.sandbox import SandboxProcess


def pages(hotwax: HotWax, since: datetime) -> list[EventPage]:
    """All pages of events."""
    found = [hotwax.events_since(since, 0)]
    while not found[-1].last:
        found.append(hotwax.events_since(since, len(found)))
    return found


def test_events_come_in_pages_oldest_first_and_all_of_them(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    orders = sandbox.seed(
        facilities=[{"facilityId": "GT101"}],
        products=[{"productId": "P1", "upc": "1"}],
        orders=[{"facilityId": "GT101", "lines": [{"productId": "P1", "quantity": 3}]} for _ in range(15)],
    )
    for order in orders:
        sandbox.deed("fulfill", order)
    found = pages(make_hotwax(page_size=7), datetime.now(UTC) - timedelta(minutes=5))
    events = [event for page in found for event in page.events]
    assert all(len(page.events) == 7 for page in found[:-1])
    assert {event.status for event in events} == {"ITEM_APPROVED", "ITEM_COMPLETED", "ORDER_COMPLETED"} <= set(WATCHED)
    assert len({event.event_id for event in events}) == len(events)
    assert [event.at for event in events] == sorted(event.at for event in events)
    completed = [event for event in events if event.status == "ITEM_COMPLETED"]
    assert {(event.order_id, event.line_id) for event in completed} == {
        (order, line) for order in orders for line in ("00101", "00102", "00103")
    }
    assert {event.order_id for event in events if event.line_id is None} == set(orders)
    assert not any(page.bad for page in found)


def test_events_begin_at_the_given_moment_inclusive(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    sandbox.deed("fulfill", order_id, at=int(moment.timestamp() * 1000))
    hotwax = make_hotwax()
    assert {event.at for event in hotwax.events_since(moment, 0).events} == {moment}
    assert hotwax.events_since(moment + timedelta(milliseconds=1), 0).events == ()


def test_the_last_page_is_an_empty_one_since_a_server_may_give_less_than_asked_for(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.deed("fulfill", order_id)
    everything = make_hotwax().events_since(datetime(2020, 1, 1, tzinfo=UTC), 0)
    found = pages(make_hotwax(page_size=len(everything.events)), datetime(2020, 1, 1, tzinfo=UTC))
    assert [(len(page.events), page.last) for page in found] == [(len(everything.events), False), (0, True)]


def test_a_bad_row_is_named_and_the_others_go_on() -> None:
    good = {"orderStatusId": "M110868", "orderId": 10001, "statusId": "ITEM_COMPLETED", "statusDatetime": 1740000000000}
    rows = [
        {**good, "orderItemSeqId": "00101"},
        {**good, "statusDatetime": "soon"},
        "row",
        {**good, "orderId": None},
        {**good, "orderItemSeqId": "_NA_"},
        {**good, "statusDatetime": "9999-12-31T23:59:59-06:00"},
        {**good, "orderId": "1\ufffd2"},
        {**good, "orderStatusId": "1\x002"},
    ]
    with answered({"entityValueList": rows}) as server, closing(a_raw_hotwax(server)) as hotwax:
        page = hotwax.events_since(datetime(2025, 1, 1, tzinfo=UTC), 0)
    event = StatusEvent(
        event_id="M110868",
        order_id="10001",
        line_id="00101",
        status="ITEM_COMPLETED",
        at=datetime.fromtimestamp(1740000000, UTC),
    )
    assert page.events == (event, event.model_copy(update={"line_id": None}))
    assert not page.last
    assert [bad.split(":")[0] for bad in page.bad] == [
        "entityValueList[1].statusDatetime",
        "entityValueList[2]",
        "entityValueList[3].orderId",
        "entityValueList[5].statusDatetime",
        "entityValueList[6].orderId",
        "entityValueList[7].orderStatusId",
    ]


@pytest.mark.parametrize("body", [{}, [], {"entityValueList": {"0": {}}}, {"entityValueList": None}])
def test_an_answer_without_rows_is_no_end_of_the_feed(body: Any) -> None:
    with answered(body) as server, closing(a_raw_hotwax(server)) as hotwax, pytest.raises(Contract) as refused:
        hotwax.events_since(datetime(2025, 1, 1, tzinfo=UTC), 0)
    assert refused.value.place == "entityValueList"
