"""What orders refer to, from a HotWax that gives less at a time than it is asked for."""

from collections.abc import Mapping
from typing import Any

from connectors.hotwax.lookups import LookupTables
from connectors.hotwax.session import Session
from connectors.settings import HotWaxSettings
from tests.connectors.purchase_help import EntityServer

PRODUCTS = [f"P{number:03}" for number in range(60)]
METHODS = [f"METHOD{number:03}" for number in range(60)]


def test_a_server_with_a_bound_of_its_own_loses_no_upc_and_no_shipment_method() -> None:
    kind = {"goodIdentificationTypeId": "UPCA"}
    upcs = [{"productId": product, **kind, "idValue": f"0{product}"} for product in PRODUCTS]
    methods = [{"shipmentMethodTypeId": method, "parentTypeId": "SHIP"} for method in METHODS]

    def twenty(rows: list[dict[str, str]], wanted: Mapping[str, Any]) -> list[dict[str, str]]:
        return rows[wanted["pageIndex"] * 20 :][:20]

    rows = {
        "GoodIdentification": lambda wanted: twenty(upcs, wanted),
        "ShipmentMethodType": lambda wanted: twenty(methods, wanted),
    }
    with EntityServer(rows) as server:
        settings = HotWaxSettings.model_validate({"base_url": server.url, "token": "t"})
        session = Session("hotwax", settings)
        tables = LookupTables(session, settings)
        assert tables._upcs.of(PRODUCTS) == {product: f"0{product}" for product in PRODUCTS}
        assert tables._methods.of(METHODS) == dict.fromkeys(METHODS, "SHIP")
        session.close()
