"""The HotWax driver against a running HotWax: reads, events, the number's way back, and every way to fail."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import exact_json
from connectors.errors import (
    Ambiguous,
    ConnectorError,
    Contract,
    NotASalesOrder,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
)
from connectors.guard import writing_allowed
from connectors.hotwax.client import WATCHED, HotWax
from connectors.ports import EventPage, OmsPort, StatusEvent
from connectors.settings import HotWaxSettings
from domain.order import Order
from domain.outcomes import Outcome, WriteOutcome
from tests.connectors.conftest import MakeHotWax
from tests.support.raw_server import RawServer, an_answer
from tests.support.sandbox import SandboxProcess

ORDERS = "/rest/s1/oms/orders"
LOGIN = "/rest/s1/admin/login"
KIND = "NETSUITE_ORDER_ID"
AT = datetime(2025, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


@pytest.fixture
def order_id(sandbox: SandboxProcess) -> str:
    """An order of two lines, the second picked up in another store."""
    (made,) = sandbox.seed(
        facilities=[{"facilityId": "GT101"}, {"facilityId": "GT205"}],
        products=[{"productId": "P1", "upc": "0740000000011"}, {"productId": "P2", "upc": "0740000000028"}],
        shipmentMethods=[{"shipmentMethodTypeId": "CURBSIDE", "parentTypeId": "STOREPICKUP"}],
        orders=[
            {
                "orderName": "#1102",
                "emptyShipGroups": 2,
                "shipping": 3.25,
                "discount": -2,
                "attributes": {"customerId": "123"},
                "lines": [
                    {
                        "productId": "P1",
                        "facilityId": "GT101",
                        "unitPrice": 100.1,
                        "taxes": [7.05, 3.1],
                        "discount": -10.1,
                    },
                    {"productId": "P2", "facilityId": "GT205", "shipmentMethodTypeId": "CURBSIDE"},
                ],
            }
        ],
    )
    return made


def logins(sandbox: SandboxProcess) -> int:
    """How often somebody logged in."""
    return len(sandbox.calls(path=LOGIN))


# ---- reading an order ------------------------------------------------------------------------------------------------


def test_an_order_is_read_whole(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    sandbox.deed("fulfill", order_id)
    port: OmsPort = make_hotwax()
    order = port.read_order(order_id)
    first, second = order.lines
    assert (order.tenant, order.order_id, order.order_no, order.status) == ("gt", order_id, "1102", "ORDER_COMPLETED")
    assert (first.upc, first.facility_id, first.pickup, first.digital) == ("0740000000011", "GT101", False, False)
    assert (second.upc, second.facility_id, second.pickup) == ("0740000000028", "GT205", True)
    assert (first.unit_price, [a.amount for a in first.adjustments]) == (
        Decimal("100.1"),
        [Decimal("-10.1"), Decimal("7.05"), Decimal("3.1")],
    )
    assert sorted(a.amount for a in order.adjustments) == [Decimal(-2), Decimal("3.25")]
    assert first.completed_at is not None
    assert abs(datetime.now(UTC) - first.completed_at) < timedelta(minutes=1)
    assert (order.billing.name, order.billing.email, order.billing.phone) == ("Ana Paz", "ana@example.test", "55550000")


def test_a_second_order_costs_one_read(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    hotwax = make_hotwax()
    hotwax.read_order(order_id)
    before = len(sandbox.calls())
    hotwax.read_order(order_id)
    assert [call["path"] for call in sandbox.calls()[before:]] == [ORDERS]


def test_what_is_remembered_is_asked_again_when_it_is_old(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax(cache_for=0)
    hotwax.read_order(order_id)
    sandbox.seed(products=[{"productId": "P1", "upc": "0749999999999"}])
    assert hotwax.read_order(order_id).lines[0].upc == "0749999999999"


def test_a_missing_upc_is_seen_as_soon_as_it_is_there(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.seed(products=[{"productId": "P1"}])
    hotwax = make_hotwax()
    assert hotwax.read_order(order_id).lines[0].upc is None
    sandbox.seed(products=[{"productId": "P1", "upc": "0740000000011"}])
    assert hotwax.read_order(order_id).lines[0].upc == "0740000000011"


def test_the_kind_of_product_code_is_a_setting(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    sandbox.seed(products=[{"productId": "P1", "upc": "1", "identifications": {"EAN": "2"}}])
    assert make_hotwax(upc_type="EAN").read_order(order_id).lines[0].upc == "2"


def test_an_order_of_many_products_gets_every_upc(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    names = [f"Q{number}" for number in range(130)]
    (order_id,) = sandbox.seed(
        facilities=[{"facilityId": "GT101"}],
        products=[{"productId": name, "upc": f"U{name}"} for name in names],
        orders=[{"facilityId": "GT101", "lines": [{"productId": name} for name in names]}],
    )
    lines = make_hotwax().read_order(order_id).lines
    assert {line.product_id: line.upc for line in lines} == {name: f"U{name}" for name in names}


def test_facilities_beyond_the_first_page_are_known(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    (order_id,) = sandbox.seed(
        facilities=[
            *({"facilityId": f"F{number:04}"} for number in range(1_001)),
            {"facilityId": "ZWEB", "facilityTypeId": "PRE_ORDER"},
        ],
        products=[{"productId": "P1", "upc": "1"}],
        orders=[{"facilityId": "ZWEB", "lines": [{"productId": "P1"}]}],
    )
    assert make_hotwax().read_order(order_id).lines[0].digital


def test_an_unknown_order_is_not_found(make_hotwax: MakeHotWax) -> None:
    with pytest.raises(NotFound, match="no order 99999") as refused:
        make_hotwax().read_order("99999")
    assert not isinstance(refused.value, NotASalesOrder)


def test_an_order_that_nobody_invoices_says_so(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    (order_id,) = sandbox.seed(
        products=[{"productId": "P1"}], orders=[{"orderTypeId": "PURCHASE_ORDER", "lines": [{"productId": "P1"}]}]
    )
    with pytest.raises(NotASalesOrder, match="PURCHASE_ORDER"):
        make_hotwax().read_order(order_id)


def answered(*bodies: Any) -> RawServer:
    """A HotWax that answers these values, one after the other."""
    return RawServer(*([an_answer(exact_json.dumps(body).encode())] for body in bodies))


def a_raw_hotwax(server: RawServer) -> HotWax:
    """A client with a long-lived token."""
    return HotWax("gt", HotWaxSettings.model_validate({"base_url": server.url, "token": "t", "timeout_read": 5}))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ([{"orderId": "2", "statusId": "X", "currencyUom": "USD"}], "orders"),
        ([{"orderId": "1", "statusId": "X", "currencyUom": "USD"}] * 2, "orders"),
        ({"orderId": "1"}, "orders"),
        (["1"], "orders[0]"),
        ([{"orderId": "1", "statusId": "X"}], "orders[0].currencyUom"),
        ([{"orderId": ["1"], "statusId": "X", "currencyUom": "USD"}], "orders[0].orderId"),
    ],
)
def test_an_answer_that_is_not_the_order_is_named(body: Any, place: str) -> None:
    with answered(body) as server, closing(a_raw_hotwax(server)) as hotwax, pytest.raises(Contract) as refused:
        hotwax.read_order("1")
    assert refused.value.place == place


# ---- every way to fail -----------------------------------------------------------------------------------------------

READ_FAULTS: list[tuple[dict[str, Any], type[ConnectorError]]] = [
    ({"kind": "drop", "when": "before"}, Unreachable),
    ({"kind": "drop", "when": "after"}, Unreachable),
    ({"kind": "latency", "seconds": 1.5}, Unreachable),
    ({"kind": "stall", "seconds": 1.5}, Unreachable),
    ({"kind": "status", "status": 500}, Unreachable),
    ({"kind": "status", "status": 502}, Unreachable),
    ({"kind": "status", "status": 503}, Unreachable),
    ({"kind": "status", "status": 504}, Unreachable),
    ({"kind": "status", "status": 429}, Throttled),
    ({"kind": "status", "status": 429, "retry_after": 3}, Throttled),
    ({"kind": "status", "status": 403}, Unauthorized),
    ({"kind": "status", "status": 400}, Rejected),
    ({"kind": "status", "status": 404}, NotFound),
    ({"kind": "soft_error"}, Rejected),
    ({"kind": "garbage", "garbage": "not_json"}, Contract),
    ({"kind": "garbage", "garbage": "truncated", "when": "after"}, Contract),
    ({"kind": "garbage", "garbage": "wrong_types", "when": "after"}, Contract),
    ({"kind": "garbage", "garbage": "empty"}, Contract),
    ({"kind": "garbage", "garbage": "huge"}, Contract),
]
FAULT_NAMES = ["-".join(map(str, fault.values())) for fault, _ in READ_FAULTS]


@pytest.mark.parametrize(("fault", "kind"), READ_FAULTS, ids=FAULT_NAMES)
def test_a_failed_read_is_of_the_exact_kind(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, fault: dict[str, Any], kind: type[ConnectorError]
) -> None:
    sandbox.fault(**fault, system="hotwax", path=ORDERS)
    with pytest.raises(ConnectorError) as refused:
        make_hotwax(timeout_read=0.5).read_order(order_id)
    assert type(refused.value) is kind


@pytest.mark.parametrize(("fault", "kind"), READ_FAULTS[:12], ids=FAULT_NAMES[:12])
@pytest.mark.parametrize("path", ["/rest/s1/oms/entityData", "/rest/s1/oms/facilities"])
def test_a_failed_look_up_is_of_the_same_kind(
    sandbox: SandboxProcess,
    make_hotwax: MakeHotWax,
    order_id: str,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    path: str,
) -> None:
    sandbox.fault(**fault, system="hotwax", path=path, next=1)
    hotwax = make_hotwax(timeout_read=0.5)
    with pytest.raises(kind):
        hotwax.read_order(order_id)
    sandbox.heal()
    assert isinstance(hotwax.read_order(order_id), Order)


def test_an_answer_of_ten_megabytes_names_its_size(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.fault("garbage", garbage="huge", size_mb=11, path=ORDERS)
    with pytest.raises(Contract, match="at most 10000000 bytes, got 11"):
        make_hotwax().read_order(order_id)


# ---- logging in ------------------------------------------------------------------------------------------------------


def test_many_threads_share_one_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    hotwax = make_hotwax()
    read: list[Order] = []
    threads = [threading.Thread(target=lambda: read.append(hotwax.read_order(order_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 8
    assert logins(sandbox) == 1


def test_an_expired_token_is_renewed_once_for_all_threads(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    hotwax.read_order(order_id)
    sandbox.post("/admin/expire-tokens")
    read: list[Order] = []
    threads = [threading.Thread(target=lambda: read.append(hotwax.read_order(order_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == 8
    assert logins(sandbox) == 2


def test_a_token_that_expires_under_a_write_is_renewed_and_the_write_made_once(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.fault("expire_token", path=f"{ORDERS}/{order_id}/identifications", next=1)
    assert write(make_hotwax(), order_id).outcome is Outcome.CREATED
    assert len(numbers(sandbox, order_id)) == 1


def test_a_token_that_is_refused_again_and_again_is_not_renewed_for_ever(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    sandbox.fault("expire_token", path=ORDERS)
    with pytest.raises(Unauthorized):
        make_hotwax().read_order(order_id)
    assert logins(sandbox) == 2


def test_a_wrong_password_is_not_tried_again_at_once(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax(username="waybill", password="s3cret")
    for _ in range(3):
        with pytest.raises(Unauthorized) as refused:
            hotwax.read_order(order_id)
        assert refused.value.operation == "log_in"
        assert "s3cret" not in str(refused.value)
    assert logins(sandbox) == 1


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "drop"}])
def test_a_login_that_does_not_get_through_is_tried_again(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, fault: dict[str, Any]
) -> None:
    sandbox.fault(**fault, path=LOGIN, next=1)
    hotwax = make_hotwax()
    with pytest.raises(Unreachable):
        hotwax.read_order(order_id)
    assert hotwax.read_order(order_id).order_id == order_id


def test_a_login_answered_with_nonsense_is_named(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    sandbox.fault("garbage", garbage="wrong_types", when="after", path=LOGIN)
    with pytest.raises(Contract) as refused:
        make_hotwax().read_order("1")
    assert (refused.value.operation, refused.value.place) == ("log_in", "token")


def test_a_login_refused_inside_a_200_is_no_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    sandbox.fault("soft_error", path=LOGIN)
    with pytest.raises(Unauthorized):
        make_hotwax().read_order("1")


def test_a_long_lived_token_needs_no_login(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    assert make_hotwax(token="sandbox-token").read_order(order_id).order_id == order_id
    with pytest.raises(Unauthorized):
        make_hotwax(token="old-token").read_order(order_id)
    assert logins(sandbox) == 0


# ---- events ----------------------------------------------------------------------------------------------------------


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


def test_a_full_page_may_be_followed_by_an_empty_last_one(
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
    assert page.last
    assert [bad.split(":")[0] for bad in page.bad] == [
        "entityValueList[1].statusDatetime",
        "entityValueList[2]",
        "entityValueList[3].orderId",
    ]


@pytest.mark.parametrize("body", [{}, [], {"entityValueList": {"0": {}}}, {"entityValueList": None}])
def test_an_answer_without_rows_is_no_end_of_the_feed(body: Any) -> None:
    with answered(body) as server, closing(a_raw_hotwax(server)) as hotwax, pytest.raises(Contract) as refused:
        hotwax.events_since(datetime(2025, 1, 1, tzinfo=UTC), 0)
    assert refused.value.place == "entityValueList"


# ---- the invoice number's way back -----------------------------------------------------------------------------------


def write(hotwax: HotWax, order_id: str, kind: str = KIND, number: str = "700001") -> WriteOutcome:
    """Write a number as the effect mechanism does."""
    with writing_allowed():
        return hotwax.write_number(hotwax.number_body(order_id, kind, number, AT))


def numbers(sandbox: SandboxProcess, order_id: str) -> list[dict[str, Any]]:
    """What the order is called elsewhere."""
    found: list[dict[str, Any]] = sandbox.get("/admin/identifications", orderId=order_id)["identifications"]
    return found


def test_a_number_is_written_once_and_found_afterwards(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    body = hotwax.number_body(order_id, KIND, "700001", AT)
    assert hotwax.find_number(body) is None
    outcome = write(hotwax, order_id)
    assert (outcome.outcome, outcome.number, outcome.http_status) == (Outcome.CREATED, "700001", 200)
    found = hotwax.find_number(body)
    assert found is not None
    assert (found.outcome, found.number) == (Outcome.ALREADY_EXISTS, "700001")
    (row,) = numbers(sandbox, order_id)
    assert (row["orderIdentificationTypeId"], row["idValue"]) == (KIND, "700001")
    assert row["fromDate"] == int(AT.timestamp() * 1000)


def test_the_body_is_sent_exactly_as_it_was_stored(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    hotwax = make_hotwax()
    write(hotwax, order_id)
    (call,) = sandbox.calls(path=f"{ORDERS}/{order_id}/identifications")
    assert call["body"] == hotwax.number_body(order_id, KIND, "700001", AT)


@pytest.mark.parametrize(("kind", "number"), [(KIND, "700002"), ("SHOPIFY_ORD_ID", "700001")])
def test_another_number_or_type_is_not_ours(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, kind: str, number: str
) -> None:
    hotwax = make_hotwax()
    write(hotwax, order_id)
    assert hotwax.find_number(hotwax.number_body(order_id, kind, number, AT)) is None
    assert len(numbers(sandbox, order_id)) == 1


def test_an_expired_number_is_not_found(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    (order_id,) = sandbox.seed(
        products=[{"productId": "P1"}],
        orders=[
            {
                "lines": [{"productId": "P1"}],
                "identifications": [
                    {"orderIdentificationTypeId": KIND, "idValue": "700001", "fromDate": 1, "thruDate": 1740000000000}
                ],
            }
        ],
    )
    hotwax = make_hotwax()
    assert hotwax.find_number(hotwax.number_body(order_id, KIND, "700001", AT)) is None


def test_a_number_is_found_among_more_than_a_hundred(sandbox: SandboxProcess, make_hotwax: MakeHotWax) -> None:
    rows = [{"orderIdentificationTypeId": KIND, "idValue": str(at), "fromDate": at} for at in range(1, 131)]
    (order_id,) = sandbox.seed(
        products=[{"productId": "P1"}], orders=[{"lines": [{"productId": "P1"}], "identifications": rows}]
    )
    hotwax = make_hotwax()
    assert hotwax.find_number(hotwax.number_body(order_id, KIND, "130", AT)) is not None


def test_a_type_that_is_not_seeded_is_rejected_with_its_name(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str
) -> None:
    outcome = write(make_hotwax(), order_id, kind="NO_SUCH_TYPE")
    assert (outcome.outcome, outcome.http_status, outcome.number) == (Outcome.REJECTED, 400, None)
    assert "NO_SUCH_TYPE" in outcome.problem
    assert numbers(sandbox, order_id) == []


def test_an_order_that_is_gone_is_a_rejection(make_hotwax: MakeHotWax) -> None:
    outcome = write(make_hotwax(), "99999")
    assert (outcome.outcome, outcome.http_status) == (Outcome.REJECTED, 404)


@pytest.mark.parametrize("status", [400, 500])
def test_a_repeat_of_the_same_body_makes_no_second_row(
    sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str, status: int
) -> None:
    sandbox.change(duplicate_key_status=status)
    hotwax = make_hotwax()
    write(hotwax, order_id)
    if status == 400:
        assert write(hotwax, order_id).outcome is Outcome.REJECTED
    else:
        with pytest.raises(Ambiguous):
            write(hotwax, order_id)
    assert len(numbers(sandbox, order_id)) == 1


WRITE_FAULTS: list[tuple[dict[str, Any], type[ConnectorError], int]] = [
    ({"kind": "drop", "when": "before"}, Ambiguous, 0),
    ({"kind": "drop", "when": "after"}, Ambiguous, 1),
    ({"kind": "stall", "when": "before", "seconds": 1.5}, Ambiguous, 0),
    ({"kind": "stall", "when": "after", "seconds": 1.5}, Ambiguous, 1),
    ({"kind": "status", "status": 500}, Ambiguous, 0),
    ({"kind": "status", "status": 504, "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "not_json"}, Ambiguous, 0),
    ({"kind": "garbage", "garbage": "truncated", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "empty", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "huge", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 429, "retry_after": 3}, Throttled, 0),
    ({"kind": "status", "status": 403}, Unauthorized, 0),
]
WRITE_NAMES = ["-".join(map(str, fault.values())) for fault, _, _ in WRITE_FAULTS]


@pytest.mark.parametrize(("fault", "kind", "rows"), WRITE_FAULTS, ids=WRITE_NAMES)
def test_a_failed_write_is_of_the_exact_kind_and_the_look_up_tells_the_truth(
    sandbox: SandboxProcess,
    make_hotwax: MakeHotWax,
    order_id: str,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    rows: int,
) -> None:
    sandbox.fault(**fault, method="POST", path=f"{ORDERS}/{order_id}/identifications")
    hotwax = make_hotwax(timeout_read=0.5)
    with pytest.raises(ConnectorError) as refused:
        write(hotwax, order_id)
    assert type(refused.value) is kind
    sandbox.post("/admin/release", {"outcome": "drop"})
    assert len(numbers(sandbox, order_id)) == rows
    found = hotwax.find_number(hotwax.number_body(order_id, KIND, "700001", AT))
    assert (found is not None) == bool(rows)


def test_a_refusal_inside_a_200_is_a_rejection(sandbox: SandboxProcess, make_hotwax: MakeHotWax, order_id: str) -> None:
    sandbox.fault("soft_error", method="POST", path=ORDERS, message="no permission")
    outcome = write(make_hotwax(), order_id)
    assert (outcome.outcome, outcome.problem) == (Outcome.REJECTED, "200: no permission")


def test_a_write_is_described_without_being_made(make_hotwax: MakeHotWax, sandbox: SandboxProcess) -> None:
    hotwax = make_hotwax()
    described = hotwax.describe_write(hotwax.number_body("A/1", KIND, "7", AT))
    assert described == f"POST {sandbox.hotwax_url}{ORDERS}/A%2F1/identifications"
    assert sandbox.calls() == []
