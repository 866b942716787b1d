"""How lines and orders change, by the rules of reference hotwax.md 1.3 and 1.4; and the associates who change them."""

from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import eventually, order
from tests.sandbox.conftest import TOWN
from tests.support.sandbox import SandboxProcess


@pytest.fixture
def town(sandbox: SandboxProcess) -> SandboxProcess:
    """A sandbox with order HW1: one line at GT101, one at GT205."""
    sandbox.seed(**TOWN, orders=[order()])
    return sandbox


def header(town: SandboxProcess) -> str:
    status: str = town.get("/admin/orders/HW1")["statusId"]
    return status


def items(town: SandboxProcess) -> dict[str, dict[str, Any]]:
    groups = town.get("/admin/orders/HW1")["shipGroups"]
    return {
        item["orderItemSeqId"]: {**item, "facilityId": group["facilityId"]}
        for group in groups
        for item in group.get("items", [])
    }


def test_an_order_completes_with_its_last_line(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1", items=["00101"])
    assert (header(town), items(town)["00101"]["statusId"]) == ("ORDER_APPROVED", "ITEM_COMPLETED")
    town.deed("fulfill", "HW1", items=["00102"])
    assert header(town) == "ORDER_COMPLETED"


def test_every_change_of_status_is_an_event(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1", at=7000)
    late = [row for row in town.get("/admin/orders/HW1")["statuses"] if row["statusDatetime"] == 7000]
    assert [(row.get("orderItemSeqId"), row["statusId"]) for row in late] == [
        ("00101", "ITEM_COMPLETED"),
        ("00102", "ITEM_COMPLETED"),
        (None, "ORDER_COMPLETED"),
    ]


def test_a_cancellation_can_complete_an_order(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1", items=["00102"])
    town.deed("cancel", "HW1", items=["00101"])
    assert header(town) == "ORDER_COMPLETED"


def test_an_order_without_a_remaining_line_is_cancelled(town: SandboxProcess) -> None:
    town.deed("cancel", "HW1")
    assert header(town) == "ORDER_CANCELLED"


def test_cancelling_takes_the_tax_back_and_leaves_the_total(town: SandboxProcess) -> None:
    before = town.get("/admin/orders/HW1")["grandTotal"]
    town.deed("cancel", "HW1", items=["00101"])
    item = items(town)["00101"]
    taxes = [row["amount"] for row in item["adjustments"] if row["orderAdjustmentTypeId"] == "SALES_TAX"]
    assert (item["statusId"], item["cancelQuantity"]) == ("ITEM_CANCELLED", 1)
    assert taxes == [10.7143, 0.5, -11.2143]
    assert town.get("/admin/orders/HW1")["grandTotal"] == before


@pytest.mark.parametrize("action", ["cancel", "fulfill", "reject"])
def test_a_completed_line_is_refused(town: SandboxProcess, action: str) -> None:
    town.deed("fulfill", "HW1", items=["00101"])
    body = {"action": action, "orderId": "HW1", "items": ["00101"]}
    answer = town.admin.post("/admin/deeds", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["value"]) == (400, "00101")


def test_a_rejected_line_goes_to_another_store_in_a_new_ship_group(town: SandboxProcess) -> None:
    town.deed("reject", "HW1", items=["00101"], facilityId="GT309")
    found = items(town)
    assert (found["00101"]["facilityId"], found["00101"]["statusId"]) == ("GT309", "ITEM_APPROVED")
    groups = town.get("/admin/orders/HW1")["shipGroups"]
    assert [(group["facilityId"], "items" in group) for group in groups] == [
        ("GT101", False),
        ("GT205", True),
        ("GT309", True),
    ]


def test_a_line_can_be_reopened_and_completed_again_without_a_second_header_event(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1")
    town.deed("reopen", "HW1", items=["00102"])
    assert (header(town), items(town)["00102"]["statusId"]) == ("ORDER_COMPLETED", "ITEM_APPROVED")
    town.deed("fulfill", "HW1")
    statuses = [row["statusId"] for row in town.get("/admin/orders/HW1")["statuses"]]
    assert statuses.count("ORDER_COMPLETED") == 1


def test_a_reopened_line_can_take_the_header_with_it(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1")
    town.deed("reopen", "HW1", order_too=True)
    assert header(town) == "ORDER_APPROVED"


def test_another_store_can_ship_a_line_and_track_it(town: SandboxProcess) -> None:
    town.deed("fulfill", "HW1", items=["00101"], facilityId="GT309", trackingNumber="TRK1")
    group = town.get("/admin/orders/HW1")["shipGroups"][-1]
    assert (group["facilityId"], group["trackingNumber"]) == ("GT309", "TRK1")
    [row] = town.get("/admin/shipped")["shipped"]
    assert row["store"] == "GT309"


def test_a_line_that_is_seeded_finished_is_evaluated(sandbox: SandboxProcess) -> None:
    line = {"productId": "P1", "facilityId": "GT101", "statusId": "ITEM_COMPLETED", "statusDatetime": 9000}
    sandbox.seed(**TOWN, orders=[order(lines=[line])])
    last = sandbox.get("/admin/orders/HW1")["statuses"][-1]
    assert (last["statusId"], last["statusDatetime"]) == ("ORDER_COMPLETED", 9000)


def test_a_line_ships_by_itself_after_its_time(sandbox: SandboxProcess) -> None:
    lines = [{"productId": "P1", "facilityId": "GT101", "fulfill_after_s": delay} for delay in (0, 0.1)]
    sandbox.seed(**TOWN, orders=[order(lines=lines)])
    assert eventually(lambda: header(sandbox) == "ORDER_COMPLETED")


def test_a_deed_can_be_planned_and_its_failure_is_noted(town: SandboxProcess) -> None:
    town.deed("cancel", "HW1", items=["00101"], after_s=0)
    town.deed("fulfill", "HW1", items=["00101"], after_s=0.05)
    assert eventually(lambda: town.get("/admin/counts")["planned"] == 0)
    done, failed = town.get("/admin/plan")["plan"]
    assert (done["state"], failed["state"]) == ("done", "failed")
    assert "ITEM_CANCELLED" in failed["error"]


def test_playing_ships_every_open_line_over_the_time_given(town: SandboxProcess) -> None:
    assert town.post("/admin/play", {"over_s": 0.2, "seed": 3}) == {"planned": 2}
    assert eventually(lambda: header(town) == "ORDER_COMPLETED")


def test_the_same_seed_plays_the_same_order_of_lines(town: SandboxProcess) -> None:
    played = []
    for _ in range(2):
        town.post("/admin/play", {"over_s": 900, "start_s": 900, "seed": 3})
        played.append([row["action"]["items"] for row in town.get("/admin/plan")["plan"]])
        assert town.admin.delete("/admin/plan").json() == {"removed": 2}
    assert played[0] == played[1]


def test_the_store_can_confirm_by_hand(town: SandboxProcess) -> None:
    assert town.post("/admin/deeds", {"action": "confirm", "orderNo": "A1000417"}) == {"orders": ["HW1"]}
    assert town.get("/admin/orders/HW1")["attributes"][0]["attrValue"] == "Invoiced"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "ship", "orderId": "HW1"}, "action"),
        ({"action": "fulfill"}, "orderId"),
        ({"action": "fulfill", "orderId": "HW1", "items": ["9"]}, "items"),
        ({"action": "attribute", "orderId": "HW1"}, "name, value"),
        ({"action": "fulfill", "orderId": "HW1", "after": 3}, "after"),
    ],
)
def test_a_deed_that_makes_no_sense_is_refused_by_field(town: SandboxProcess, body: dict[str, Any], field: str) -> None:
    answer = town.admin.post("/admin/deeds", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_a_deed_for_an_unknown_order_is_404(town: SandboxProcess) -> None:
    answer = town.admin.post("/admin/deeds", json={"action": "fulfill", "orderId": "none"})
    assert (answer.status_code, "none" in answer.json()["error"]) == (404, True)


@pytest.mark.parametrize(
    ("seed", "field"),
    [
        ({"orders": [{"lines": [{"productId": "none"}]}]}, "productId"),
        ({"orders": [{"lines": [{"productId": "P1", "facilityId": "none"}]}]}, "facilityId"),
        ({"orders": [{"orderId": "HW1", "lines": []}]}, "orderId"),
        ({"orders": [{"lines": [{"productId": "P1", "quantity": 0}]}]}, "orders[0].lines[0].quantity"),
        ({"orders": [{}]}, "orders[0].lines"),
        ({"facilities": [{"facilityId": "TOOLONG"}]}, "storeCode"),
        ({"facilities": [{"facilityId": "A", "facilityTypeId": "SHOP"}]}, "facilityTypeId"),
        ({"order": []}, "order"),
    ],
)
def test_a_seed_that_makes_no_sense_is_refused_whole(town: SandboxProcess, seed: dict[str, Any], field: str) -> None:
    body = {"facilities": [{"facilityId": "NEW"}], **seed}
    answer = town.admin.post("/admin/seed", json=body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].endswith(field)
    with httpx.Client(base_url=town.hotwax_url, headers={"api_key": "sandbox-token"}, trust_env=False) as hotwax:
        assert "NEW" not in hotwax.get("/rest/s1/oms/facilities").text
