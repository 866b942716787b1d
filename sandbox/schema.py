"""What the sandbox stores: HotWax entities under their own field names, Retail Pro documents, faults and calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sandbox.netsuite.tables import NETSUITE_DDL, NETSUITE_TABLES

_ORDER = "org.apache.ofbiz.order.order"
_PRODUCT = "org.apache.ofbiz.product.product"


@dataclass(frozen=True)
class Entity:
    """A HotWax entity that REST can list: its full name, fields, and what kind of value each field takes."""

    full_name: str
    key: tuple[str, ...]
    text: tuple[str, ...]
    times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Columns that the sandbox needs and HotWax does not show; each starts with `x_`."""

    @property
    def name(self) -> str:
        """The entity's short name, which is also its table."""
        return self.full_name.rsplit(".", 1)[-1]

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that a client may filter and sort by."""
        return self.text + self.times + self.numbers

    @property
    def dated(self) -> bool:
        """Whether `filterByDate` makes sense for this entity."""
        return {"fromDate", "thruDate"} <= set(self.times)

    def ddl(self) -> str:
        """The statement that makes this entity's table."""
        columns = [f"{name} TEXT" for name in self.text] + [f"{name} INTEGER" for name in self.times]
        columns += [f"{name} REAL" for name in self.numbers] + [f"{name} NUMERIC" for name in self.hidden]
        key = ", ".join(self.key)
        return f"CREATE TABLE IF NOT EXISTS {self.name} ({', '.join(columns)}, PRIMARY KEY ({key}));"


ENTITIES: Final = (
    Entity(
        f"{_ORDER}.OrderHeader",
        ("orderId",),
        (
            *("orderId", "orderTypeId", "orderName", "externalId", "salesChannelEnumId", "statusId"),
            *("originFacilityId", "productStoreId", "currencyUom", "priority"),
        ),
        ("orderDate", "entryDate", "lastUpdatedStamp"),
        ("grandTotal", "remainingSubTotal"),
        ("x_visible",),
    ),
    Entity(
        f"{_ORDER}.OrderItem",
        ("orderId", "orderItemSeqId"),
        ("orderId", "orderItemSeqId", "shipGroupSeqId", "productId", "externalId", "statusId", "isPromo"),
        ("estimatedDeliveryDate",),
        ("quantity", "cancelQuantity", "unitPrice", "unitListPrice"),
    ),
    Entity(
        f"{_ORDER}.OrderItemShipGroup",
        ("orderId", "shipGroupSeqId"),
        (
            *("orderId", "shipGroupSeqId", "facilityId", "shipmentMethodTypeId", "carrierPartyId"),
            *("trackingNumber", "contactMechId", "maySplit"),
        ),
    ),
    Entity(
        f"{_ORDER}.OrderStatus",
        ("orderStatusId",),
        ("orderStatusId", "orderId", "orderItemSeqId", "statusId", "statusUserLogin", "changeReason"),
        ("statusDatetime",),
        hidden=("x_visible",),
    ),
    Entity(
        f"{_ORDER}.OrderIdentification",
        ("orderId", "orderIdentificationTypeId", "fromDate"),
        ("orderId", "orderIdentificationTypeId", "idValue"),
        ("fromDate", "thruDate"),
    ),
    Entity(
        f"{_ORDER}.OrderAttribute",
        ("orderId", "attrName"),
        ("orderId", "attrName", "attrValue", "attrDescription"),
        ("lastUpdatedStamp",),
    ),
    Entity(
        f"{_ORDER}.OrderItemAttribute",
        ("orderId", "orderItemSeqId", "attrName"),
        ("orderId", "orderItemSeqId", "attrName", "attrValue"),
    ),
    Entity(
        f"{_ORDER}.OrderAdjustment",
        ("orderAdjustmentId",),
        ("orderAdjustmentId", "orderId", "orderItemSeqId", "orderAdjustmentTypeId", "comments"),
        numbers=("amount",),
    ),
    Entity(
        f"{_ORDER}.OrderPaymentPreference",
        ("orderPaymentPreferenceId",),
        ("orderPaymentPreferenceId", "orderId", "paymentMethodTypeId", "statusId", "manualRefNum"),
        numbers=("maxAmount",),
    ),
    Entity(f"{_ORDER}.OrderRole", ("orderId", "partyId", "roleTypeId"), ("orderId", "partyId", "roleTypeId")),
    Entity(
        f"{_ORDER}.OrderContactMech",
        ("orderId", "contactMechPurposeTypeId", "contactMechId"),
        ("orderId", "contactMechPurposeTypeId", "contactMechId"),
        hidden=("x_detail",),
    ),
    Entity(f"{_PRODUCT}.Product", ("productId",), ("productId", "productName"), hidden=("x_stocked",)),
    Entity(
        f"{_PRODUCT}.GoodIdentification",
        ("productId", "goodIdentificationTypeId", "fromDate"),
        ("productId", "goodIdentificationTypeId", "idValue"),
        ("fromDate", "thruDate"),
    ),
    Entity(
        "org.apache.ofbiz.product.facility.Facility",
        ("facilityId",),
        (
            *("facilityId", "facilityName", "facilityTypeId", "parentTypeId", "typeDescription"),
            *("externalId", "productStoreId", "parentFacilityId"),
        ),
        hidden=("x_storeCode",),
    ),
    Entity("org.apache.ofbiz.product.store.ProductStore", ("productStoreId",), ("productStoreId", "storeName")),
    Entity(
        "org.apache.ofbiz.shipment.shipment.ShipmentMethodType",
        ("shipmentMethodTypeId",),
        ("shipmentMethodTypeId", "parentTypeId", "description"),
        numbers=("sequenceNum",),
    ),
    Entity(
        "org.apache.ofbiz.shipment.shipment.Shipment",
        ("shipmentId",),
        ("shipmentId", "shipmentTypeId", "statusId", "primaryOrderId", "destinationFacilityId"),
        ("createdDate",),
    ),
    Entity(
        "org.apache.ofbiz.shipment.receipt.ShipmentReceipt",
        ("receiptId",),
        (
            *("receiptId", "shipmentId", "orderId", "orderItemSeqId", "productId", "facilityId"),
            *("locationSeqId", "receivedByUserLoginId"),
        ),
        ("datetimeReceived",),
        ("quantityAccepted", "quantityRejected"),
        ("x_visible",),
    ),
    Entity(
        "co.hotwax.datamanager.DataManagerLog",
        ("logId",),
        ("logId", "configId", "uploadFileContentId", "statusId", "fileName", "errorRecordContentId"),
        ("createdDate", "startDateTime", "finishDateTime"),
        ("totalRecordCount", "failedRecordCount"),
        ("x_visible", "x_due"),
    ),
    Entity("moqui.basic.Enumeration", ("enumId",), ("enumId", "enumTypeId", "enumCode", "description")),
)

NUMBER_IN_NAME: Final = "substr(orderName, instr(orderName, '#') + 1)"
"""What follows the `#` of an order name, in SQL: 1001 for both `#1001` and `DM#1001`."""

_OWN_TABLES: Final = f"""
CREATE TABLE IF NOT EXISTS sequence (name TEXT PRIMARY KEY, last INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS token (token TEXT PRIMARY KEY, expires INTEGER);
CREATE TABLE IF NOT EXISTS document (
  id INTEGER PRIMARY KEY, kind TEXT, number TEXT, documentNo TEXT, sid TEXT, store TEXT, toStore TEXT, at INTEGER,
  origin TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS document_number ON document (kind, number);
CREATE TABLE IF NOT EXISTS documentLine (documentId INTEGER, upc TEXT, quantity REAL, storeOrig TEXT);
CREATE INDEX IF NOT EXISTS documentLine_document ON documentLine (documentId);
CREATE TABLE IF NOT EXISTS stockStart (store TEXT, upc TEXT, quantity REAL, PRIMARY KEY (store, upc));
CREATE TABLE IF NOT EXISTS stockMove (
  id INTEGER PRIMARY KEY, at INTEGER, store TEXT, upc TEXT, quantity REAL, cause TEXT, documentId INTEGER);
CREATE INDEX IF NOT EXISTS stockMove_document ON stockMove (documentId);
CREATE TABLE IF NOT EXISTS posSale (
  id INTEGER PRIMARY KEY, at INTEGER, store TEXT, upc TEXT, quantity REAL, orderId TEXT);
CREATE TABLE IF NOT EXISTS fault (id INTEGER PRIMARY KEY, definition TEXT, created INTEGER, matched INTEGER,
  fired INTEGER);
CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY, at INTEGER, system TEXT, method TEXT, path TEXT, query TEXT, body TEXT, bodySize INTEGER,
  status INTEGER, fault TEXT, faultId INTEGER, applied INTEGER, inFlight INTEGER, durationMs REAL);
CREATE TABLE IF NOT EXISTS callCount (
  system TEXT, method TEXT, route TEXT, status INTEGER, fault TEXT, count INTEGER, peakInFlight INTEGER,
  PRIMARY KEY (system, method, route, status, fault));
CREATE TABLE IF NOT EXISTS plan (
  id INTEGER PRIMARY KEY, due INTEGER, action TEXT, state TEXT, error TEXT, doneAt INTEGER);
CREATE INDEX IF NOT EXISTS plan_due ON plan (state, due);
CREATE TABLE IF NOT EXISTS content (contentId TEXT PRIMARY KEY, name TEXT, body BLOB);
CREATE INDEX IF NOT EXISTS ShipmentReceipt_order ON ShipmentReceipt (orderId, orderItemSeqId);
CREATE INDEX IF NOT EXISTS ShipmentReceipt_time ON ShipmentReceipt (datetimeReceived);
CREATE INDEX IF NOT EXISTS DataManagerLog_due ON DataManagerLog (x_due) WHERE x_due IS NOT NULL;
CREATE INDEX IF NOT EXISTS OrderStatus_order ON OrderStatus (orderId);
CREATE INDEX IF NOT EXISTS OrderStatus_time ON OrderStatus (statusId, statusDatetime);
CREATE INDEX IF NOT EXISTS OrderAdjustment_order ON OrderAdjustment (orderId);
CREATE INDEX IF NOT EXISTS OrderPaymentPreference_order ON OrderPaymentPreference (orderId);
CREATE INDEX IF NOT EXISTS OrderHeader_status ON OrderHeader (statusId);
CREATE INDEX IF NOT EXISTS OrderHeader_name ON OrderHeader (orderName);
CREATE INDEX IF NOT EXISTS OrderHeader_number ON OrderHeader ({NUMBER_IN_NAME});
CREATE INDEX IF NOT EXISTS OrderHeader_external ON OrderHeader (externalId);
CREATE INDEX IF NOT EXISTS OrderIdentification_value ON OrderIdentification (idValue);
CREATE INDEX IF NOT EXISTS GoodIdentification_value ON GoodIdentification (idValue);
"""

DDL: Final = "\n".join(entity.ddl() for entity in ENTITIES) + _OWN_TABLES + NETSUITE_DDL

DATA_TABLES: Final = (
    *(entity.name for entity in ENTITIES),
    *("sequence", "token", "document", "documentLine", "stockStart", "stockMove", "posSale"),
    *("fault", "call", "callCount", "plan", "content"),
    *NETSUITE_TABLES,
)
"""What a reset empties; settings stay unless asked for."""
