"""HotWax's REST paths: sign-in, the shapes of an order, lists, identifications."""

import json
from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import P1, eventually, order
from tests.sandbox.conftest import TOWN
from tests.support.sandbox import SandboxProcess

NOBODY: dict[str, str] = {"authorization": ""}


@pytest.fixture
def town(sandbox: SandboxProcess) -> SandboxProcess:
    """A sandbox with three stores, three products and order HW1."""
    sandbox.seed(
        **TOWN, orders=[order(shipping=3, discount=5, emptyShipGroups=2, identifications={"SHOPIFY_ORD_NO": "7"})]
    )
    return sandbox


def read(hotwax: httpx.Client, order_id: str = "HW1") -> dict[str, Any]:
    answer = hotwax.get("/oms/orders", params={"orderId": order_id, "dependentLevels": 1})
    [found] = answer.json()
    assert isinstance(found, dict)
    return found


def entity(hotwax: httpx.Client, name: str, by_date: str | None = None, **parameters: Any) -> Any:
    body = {"selectedEntity": name, "customParametersMap": parameters, "filterByDate": by_date}
    return hotwax.post("/oms/entityData", json=body).json()


def rows(hotwax: httpx.Client, name: str, **parameters: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = entity(hotwax, name, **parameters)["entityValueList"]
    return found


def test_a_login_gives_a_token_that_works_until_it_expires(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(token_lifetime_s=3)
    said = hotwax.post("/admin/login", json={"username": "waybill", "password": "waybill"}, headers=NOBODY).json()
    bearer = {"authorization": f"Bearer {said['token']}"}
    assert hotwax.get("/oms/facilities", headers=bearer).status_code == 200
    assert eventually(lambda: hotwax.get("/oms/facilities", headers=bearer).status_code == 401)
    assert "errors" in hotwax.get("/oms/facilities", headers=bearer).json()


@pytest.mark.parametrize("body", [{"username": "waybill", "password": "no"}, {}, {"username": "waybill"}])
def test_a_wrong_login_is_refused_with_errors(hotwax: httpx.Client, body: dict[str, str]) -> None:
    answer = hotwax.post("/admin/login", json=body, headers=NOBODY)
    assert (answer.status_code, "errors" in answer.json()) == (401, True)


def test_the_token_may_come_in_the_older_header(hotwax: httpx.Client) -> None:
    assert hotwax.get("/oms/facilities", headers={**NOBODY, "api_key": "sandbox-token"}).status_code == 200


def test_no_token_is_401(hotwax: httpx.Client) -> None:
    assert hotwax.get("/oms/facilities", headers=NOBODY).status_code == 401


def test_an_unknown_order_is_an_empty_list(hotwax: httpx.Client) -> None:
    answer = hotwax.get("/oms/orders", params={"orderId": "none", "dependentLevels": 1})
    assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.usefixtures("town")
def test_item_rows_stand_at_the_item_and_at_the_order(hotwax: httpx.Client) -> None:
    found = read(hotwax)
    [item] = found["shipGroups"][2]["items"]
    assert [row["orderAdjustmentTypeId"] for row in item["adjustments"]] == [
        *("EXT_PROMO_ADJUSTMENT", "SALES_TAX", "SALES_TAX"),
    ]
    at_order = [(row["orderItemSeqId"], row["orderAdjustmentTypeId"], row["amount"]) for row in found["adjustments"]]
    assert at_order == [
        ("00101", "EXT_PROMO_ADJUSTMENT", -10),
        ("00101", "SALES_TAX", 10.7143),
        ("00101", "SALES_TAX", 0.5),
        ("_NA_", "SHIPPING_CHARGES", 3),
        ("_NA_", "EXT_PROMO_ADJUSTMENT", -5),
    ]
    assert {row.get("orderItemSeqId") for row in found["statuses"]} == {None, "00101", "00102"}


@pytest.mark.usefixtures("town")
def test_nested_rows_drop_the_parents_keys_nulls_and_empty_lists(hotwax: httpx.Client) -> None:
    found = read(hotwax)
    assert "externalId" not in found
    assert "attributes" not in found
    for group in found["shipGroups"]:
        assert "orderId" not in group
        assert "trackingNumber" not in group
        for item in group.get("items", []):
            assert not {"orderId", "shipGroupSeqId", "attributes"} & item.keys()
    assert [len(group.get("items", [])) for group in found["shipGroups"]] == [0, 0, 1, 1]
    assert None not in json.loads(json.dumps(found)).values()


@pytest.mark.usefixtures("town")
def test_times_are_epoch_milliseconds_and_money_is_numbers(hotwax: httpx.Client) -> None:
    found = read(hotwax)
    assert found["orderDate"] > 1_600_000_000_000
    assert isinstance(found["grandTotal"], float)


@pytest.mark.usefixtures("town")
def test_contacts_are_address_mail_and_phone_without_a_billing_place(hotwax: httpx.Client) -> None:
    mechs = {row["contactMechPurposeTypeId"]: row for row in read(hotwax)["contactMechs"]}
    assert mechs.keys() == {"SHIPPING_LOCATION", "ORDER_EMAIL", "PHONE_SHIPPING"}
    assert mechs["SHIPPING_LOCATION"]["postalAddress"]["toName"] == "Ana Paz"
    assert mechs["ORDER_EMAIL"]["contactMech"]["infoString"] == "ana@example.test"
    assert mechs["PHONE_SHIPPING"]["telecomNumber"]["contactNumber"] == "55550000"


def test_lines_are_exploded_unless_the_order_says_otherwise(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    line = {"productId": "P1", "facilityId": "GT101", "quantity": 3}
    sandbox.seed(**TOWN, orders=[order("A", lines=[line]), order("B", lines=[line], explode=False)])
    quantities = [[item["quantity"] for item in read(hotwax, name)["shipGroups"][0]["items"]] for name in "AB"]
    assert quantities == [[1, 1, 1], [3]]


@pytest.mark.usefixtures("town")
def test_the_channel_has_two_names(hotwax: httpx.Client) -> None:
    detail = hotwax.get("/oms/orders/HW1").json()["orderDetail"]
    assert read(hotwax)["salesChannelEnumId"] == "WEB_SALES_CHANNEL"
    assert detail["salesChannel"] == "WEB_CHANNEL"
    assert not {"salesChannelEnumId", "adjustments", "identifications", "contactMechs"} & detail.keys()


def test_a_pickup_method_can_be_a_child_of_storepickup(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(shipmentMethods=[{"shipmentMethodTypeId": "BOPIS_GT", "parentTypeId": "STOREPICKUP"}])
    found = rows(hotwax, "org.apache.ofbiz.shipment.shipment.ShipmentMethodType", parentTypeId="STOREPICKUP")
    assert [row["shipmentMethodTypeId"] for row in found] == ["BOPIS_GT"]


def test_entity_data_gives_twenty_rows_unless_the_map_asks_for_more(
    hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(facilities=[{"facilityId": f"F{number:03}"} for number in range(130)])
    assert len(rows(hotwax, "Facility")) == 20
    assert len(rows(hotwax, "Facility", pageSize=200)) == 131
    outside = {"selectedEntity": "Facility", "customParametersMap": {}, "pageSize": 50, "pageIndex": 3}
    assert len(hotwax.post("/oms/entityData", json=outside).json()["entityValueList"]) == 20
    second = rows(hotwax, "Facility", pageIndex=1, orderByField="facilityId")
    assert second[0]["facilityId"] == "F020"


def test_a_rest_list_stops_at_a_hundred_unpaged_and_at_twenty_paged(
    hotwax: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(facilities=[{"facilityId": f"F{number:03}"} for number in range(130)])
    sizes = [len(hotwax.get("/oms/facilities", params=p).json()) for p in ({}, {"pageIndex": 0}, {"pageSize": 1000})]
    assert sizes == [100, 20, 131]
    assert hotwax.get("/oms/facilities").headers["x-total-count"] == "131"


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"facilityId": "GT101"}, ["GT101"]),
        ({"facilityId": "GT101,GT205", "facilityId_op": "in"}, ["GT101", "GT205"]),
        ({"facilityId": ["GT101", "GT205"], "facilityId_op": "in"}, ["GT101", "GT205"]),
        ({"facilityId": "GT2%", "facilityId_op": "like"}, ["GT205"]),
        ({"facilityId": "GT101", "facilityId_not": "Y"}, ["GT205", "GT309", "_NA_"]),
        ({"externalId": "E1", "externalId_op": "in", "externalId_not": "Y"}, ["GT205", "GT309", "_NA_"]),
        ({"facilityId_from": "GT205", "facilityId_thru": "GT309"}, ["GT205", "GT309"]),
        ({"facilityId": "GT101", "facilityId_from": "GT205"}, ["GT101"]),
        (
            {"facilityId_op": "empty", "facilityId_not": "Y", "facilityId_from": "X"},
            ["GT101", "GT205", "GT309", "_NA_"],
        ),
        ({"nothingOfTheKind": "x"}, ["GT101", "GT205", "GT309", "_NA_"]),
    ],
)
def test_filters_follow_moqui(
    hotwax: httpx.Client, sandbox: SandboxProcess, parameters: dict[str, Any], expected: list[str]
) -> None:
    sandbox.seed(facilities=[{"facilityId": "GT101", "externalId": "E1"}, *TOWN["facilities"][1:]])
    assert sorted(row["facilityId"] for row in rows(hotwax, "Facility", **parameters)) == expected


@pytest.mark.parametrize("field", ["-facilityId", "facilityId DESC"])
def test_rows_can_be_sorted_downwards(hotwax: httpx.Client, sandbox: SandboxProcess, field: str) -> None:
    sandbox.seed(**TOWN)
    found = [row["facilityId"] for row in rows(hotwax, "Facility", orderByField=field)]
    assert found == sorted(found, reverse=True)


def test_a_range_of_times_is_inclusive_at_both_ends(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order()])
    sandbox.deed("fulfill", "HW1", at=5000)
    name = "org.apache.ofbiz.order.order.OrderStatus"
    wanted = {"statusId": "ORDER_COMPLETED", "orderByField": "statusDatetime,orderStatusId"}
    assert len(rows(hotwax, name, statusDatetime_from=5000, statusDatetime_thru="5000", **wanted)) == 1
    assert len(rows(hotwax, name, statusDatetime_from="1970-01-01T00:00:05", **wanted)) == 1
    assert rows(hotwax, name, statusDatetime_from=5001, **wanted) == []


def test_filter_by_date_needs_and_uses_from_and_thru(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN)
    assert len(entity(hotwax, "GoodIdentification", by_date="Y", idValue=P1)["entityValueList"]) == 1
    assert "filterByDate" in entity(hotwax, "Facility", by_date="Y")["_ERROR_MESSAGE_"]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("org.apache.ofbiz.NoSuch", {}),
        ("OrderStatus", {"statusDatetime_from": "soon"}),
        ("Facility", {"pageSize": "x"}),
    ],
)
def test_a_bad_query_is_a_200_with_an_error_message(
    hotwax: httpx.Client, name: str, parameters: dict[str, Any]
) -> None:
    assert entity(hotwax, name, **parameters).keys() == {"_ERROR_MESSAGE_"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"orderByField": 5},
        {"facilityId": {"a": 1}},
        {"facilityId": "\ud800"},
        {"pageSize": 10**30},
        {"facilityId_op": []},
    ],
)
def test_odd_values_never_break_a_connection(hotwax: httpx.Client, parameters: dict[str, Any]) -> None:
    body = json.dumps({"selectedEntity": "Facility", "customParametersMap": parameters})
    answer = hotwax.post("/oms/entityData", content=body)
    assert answer.json().keys() & {"entityValueList", "errors", "_ERROR_MESSAGE_"}


def identify(hotwax: httpx.Client, value: str, from_date: int, kind: str = "RETAILPRO_NO") -> httpx.Response:
    body = {"orderIdentificationTypeId": kind, "idValue": value, "fromDate": from_date}
    return hotwax.post("/oms/orders/HW1/identifications", json=body)


def test_an_identification_needs_a_known_type(hotwax: httpx.Client, town: SandboxProcess) -> None:
    assert "errors" in identify(hotwax, "700001", 5).json()
    town.change(identification_types=["RETAILPRO_NO"])
    assert identify(hotwax, "700001", 5).status_code == 200
    assert "RETAILPRO_NO" in json.dumps(read(hotwax)["identifications"])


@pytest.mark.parametrize("status", [400, 500])
def test_the_same_key_again_is_an_error_and_another_date_a_second_row(
    hotwax: httpx.Client, town: SandboxProcess, status: int
) -> None:
    town.change(identification_types=["RETAILPRO_NO"], duplicate_key_status=status)
    assert [identify(hotwax, "7", date).status_code for date in (5, 5, 6)] == [200, status, 200]
    found = town.get("/admin/identifications", type="RETAILPRO_NO")["identifications"]
    assert [row["fromDate"] for row in found] == [5, 6]
    assert town.get("/admin/check")["differences"][0]["kind"] == "doubled_identification"


def test_put_expires_an_identification(hotwax: httpx.Client, town: SandboxProcess) -> None:
    town.change(identification_types=["RETAILPRO_NO"])
    identify(hotwax, "7", 5)
    body = {"orderIdentificationTypeId": "RETAILPRO_NO", "orderId": "HW1", "fromDate": 5, "thruDate": 9}
    assert hotwax.put("/oms/orders/HW1/identifications", json=body).status_code == 200
    [row] = hotwax.get("/oms/orders/HW1/identifications", params={"orderIdentificationTypeId": "RETAILPRO_NO"}).json()
    assert (row["thruDate"], row["idValue"]) == (9, "7")
    assert hotwax.put("/oms/orders/HW1/identifications", json={**body, "fromDate": 6}).status_code == 404


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("part", ["attributes", "status", "identifications", "items", "shipGroups", "adjustments"])
def test_parts_of_an_order_are_raw_lists(hotwax: httpx.Client, part: str) -> None:
    found = hotwax.get(f"/oms/orders/HW1/{part}").json()
    assert all(row["orderId"] == "HW1" for row in found)
    assert hotwax.get(f"/oms/orders/none/{part}").status_code == 404


def test_status_ids_have_two_forms_that_tell_no_order_in_time(hotwax: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.seed(**TOWN, orders=[order(f"O{number}") for number in range(3)])
    ids = [row["orderStatusId"] for name in ("O0", "O1", "O2") for row in read(hotwax, name)["statuses"]]
    assert any(name.startswith("M") for name in ids)
    assert any(name.isdigit() for name in ids)
    assert ids != sorted(ids)


@pytest.mark.parametrize("content", [b"", b"[]", b"{"])
def test_a_body_that_is_no_json_object_is_refused(hotwax: httpx.Client, content: bytes) -> None:
    assert hotwax.post("/oms/entityData", content=content).status_code == 400


def test_a_path_that_does_not_exist_is_404_with_errors(hotwax: httpx.Client) -> None:
    answer = hotwax.get("/oms/transferOrders")
    assert (answer.status_code, "errors" in answer.json()) == (404, True)
