"""The HotWax driver reads an order whole, asks for the rest once, and fails in exactly one of the known ways."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.errors import (
    ConnectorError,
    Contract,
    NotASalesOrder,
    NotFound,
    Rejected,
    Throttled,
    Unauthorized,
    Unreachable,
)
from connectors.ports import OmsPort
from domain.order import Order
from tests.connectors.conftest import MakeHotWax
from tests.connectors.hotwax_help import ORDERS, a_raw_hotwax, answered
from tests.support.sandbox import SandboxProcess


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
    ({"kind": "latency", "seconds": 5}, Unreachable),
    ({"kind": "stall", "seconds": 5}, Unreachable),
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
        make_hotwax(timeout_read=2).read_order(order_id)
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
    hotwax = make_hotwax(timeout_read=2)
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
