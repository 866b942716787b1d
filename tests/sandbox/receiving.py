"""HotWax's purchase side in tests: uploads followed to their end, and read-back."""

from typing import Any

import httpx

from tests.sandbox.bodies import eventually

ORDERS, CLOSES = "IMP_ASN_PO_FEED", "IMP_CLOSED_PO"
HEADER = "external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date"
LOG = "co.hotwax.datamanager.DataManagerLog"
RECEIPT = "org.apache.ofbiz.shipment.receipt.ShipmentReceipt"


def entity(hotwax: httpx.Client, name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of an entity."""
    body = {"selectedEntity": name, "customParametersMap": parameters}
    rows: list[dict[str, Any]] = hotwax.post("/oms/entityData", json=body).json()["entityValueList"]
    return rows


def api(hotwax: httpx.Client, path: str) -> str:
    """The address of an older path."""
    return str(hotwax.base_url).replace("/rest/s1/", f"/api/{path}")


def upload(hotwax: httpx.Client, *rows: str, config: str = ORDERS, name: str = "po.csv") -> httpx.Response:
    """Send a file."""
    header = HEADER if config == ORDERS else "external-id,item-external-id"
    text = "".join(f"{line}\n" for line in (header, *rows))
    files = {"uploadedFile": (name, text.encode(), "text/csv")}
    return hotwax.post(api(hotwax, "uploadAndImportFile"), data={"configId": config}, files=files)


def imported(hotwax: httpx.Client, *rows: str, config: str = ORDERS) -> dict[str, Any]:
    """The log of a file that was imported to its end."""
    content_id = upload(hotwax, *rows, config=config).json()["uploadFileContentId"]

    def log() -> dict[str, Any]:
        return entity(hotwax, LOG, configId=config, uploadFileContentId=content_id)[0]

    assert eventually(lambda: log()["statusId"] in {"SERVICE_FINISHED", "SERVICE_FAILED"})
    return log()


def failed_rows(hotwax: httpx.Client, log: dict[str, Any]) -> list[str]:
    """The lines of a log's error file."""
    params = {"contentId": log["errorRecordContentId"]}
    return hotwax.get(api(hotwax, "downloadCsvFile"), params=params).text.splitlines()


def items(hotwax: httpx.Client, po_id: str) -> list[dict[str, Any]]:
    """The lines of all orders with this external id, with the facility's external id."""
    found = []
    for header in entity(hotwax, "OrderHeader", externalId=po_id, orderTypeId="PURCHASE_ORDER"):
        groups = {
            row["shipGroupSeqId"]: row["facilityId"]
            for row in entity(hotwax, "OrderItemShipGroup", orderId=header["orderId"])
        }
        rows = entity(hotwax, "OrderItem", orderId=header["orderId"])
        found += [{**row, "facilityId": groups[row["shipGroupSeqId"]]} for row in rows]
    return found
