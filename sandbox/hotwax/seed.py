"""Seeding HotWax: a short form of facilities, products and orders, with sensible defaults and full control."""

# ruff: noqa: N815 - HotWax's own field names are what callers write

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sandbox.clock import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

Moment = Annotated[int, BeforeValidator(to_ms)]
Quantity = Annotated[float, Field(gt=0)]
_STRICT = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

CHANNELS: Mapping[str, str] = {
    "web": "WEB_SALES_CHANNEL",
    "pos": "POS_SALES_CHANNEL",
    "csr": "CSR_SALES_CHANNEL",
    "exchange": "EXCHG_SALES_CHANNEL",
    "marketplace": "MKTP_SALES_CHANNEL",
}
"""Short names for sales channels; any other text is taken as an id."""


class FacilitySeed(BaseModel):
    """A facility, and the Retail Pro store behind it."""

    model_config = _STRICT
    facilityId: str
    facilityName: str | None = None
    facilityTypeId: str = "RETAIL_STORE"
    externalId: str | None = None
    productStoreId: str | None = None
    storeCode: str | None = None
    mapped: bool = True
    """False: Retail Pro has no store for it."""


class ProductSeed(BaseModel):
    """A product with the codes it is known by."""

    model_config = _STRICT
    productId: str
    productName: str | None = None
    upc: str | None = None
    sku: str | None = None
    identifications: dict[str, str] = {}
    stocked: bool = True
    """False: a digital product that no store keeps."""


class MethodSeed(BaseModel):
    """A shipment method; children of STOREPICKUP are pickup too."""

    model_config = _STRICT
    shipmentMethodTypeId: str
    parentTypeId: str | None = None
    description: str | None = None
    sequenceNum: float | None = None


class StoreSeed(BaseModel):
    """A product store."""

    model_config = _STRICT
    productStoreId: str
    storeName: str | None = None


class StockSeed(BaseModel):
    """Stock in Retail Pro before anything happens."""

    model_config = _STRICT
    store: Annotated[str, Field(min_length=1, max_length=5)]
    upc: str
    quantity: float


class AdjustmentSeed(BaseModel):
    """Any adjustment, of a line or of the order."""

    model_config = _STRICT
    orderAdjustmentTypeId: str
    amount: float


class LineSeed(BaseModel):
    """An order line; exploded into lines of quantity 1 unless the order says otherwise. Amounts are per line made."""

    model_config = _STRICT
    productId: str | None = None
    upc: str | None = None
    externalId: str | None = None
    quantity: Quantity = 1.0
    unitPrice: float = 10
    unitListPrice: float | None = None
    discount: float | None = None
    taxes: list[float] = []
    adjustments: list[AdjustmentSeed] = []
    facilityId: str | None = None
    shipmentMethodTypeId: str | None = None
    carrierPartyId: str | None = None
    trackingNumber: str | None = None
    statusId: str = "ITEM_APPROVED"
    statusDatetime: Moment | None = None
    isPromo: Literal["Y", "N"] | None = None
    attributes: dict[str, str] = {}
    fulfill_after_s: Annotated[float, Field(ge=0)] | None = None


class ContactSeed(BaseModel):
    """A person with an address; what is None does not exist in HotWax."""

    model_config = _STRICT
    toName: str | None = "Ana Paz"
    email: str | None = "ana@example.test"
    phone: str | None = "55550000"
    countryCode: str | None = None
    areaCode: str | None = None
    address1: str | None = "Calle 1"
    address2: str | None = None
    city: str | None = "Zona 10"
    countryGeoId: str | None = "GTM"
    postalCode: str | None = "01010"
    stateProvinceGeoId: str | None = None


class PaymentSeed(BaseModel):
    """How an order is paid."""

    model_config = _STRICT
    paymentMethodTypeId: str = "CREDIT_CARD"
    statusId: str = "PAYMENT_SETTLED"
    maxAmount: float | None = None
    manualRefNum: str | None = None


class IdentificationSeed(BaseModel):
    """An id that another system gave the order."""

    model_config = _STRICT
    orderIdentificationTypeId: str
    idValue: str
    fromDate: Moment | None = None
    thruDate: Moment | None = None


class OrderSeed(BaseModel):
    """An order in its short form."""

    model_config = _STRICT
    orderId: str | None = None
    orderName: str | None = None
    externalId: str | None = None
    orderTypeId: str = "SALES_ORDER"
    channel: str = "web"
    statusId: str = "ORDER_APPROVED"
    orderDate: Moment | None = None
    entryDate: Moment | None = None
    productStoreId: str = "STORE"
    originFacilityId: str | None = None
    currencyUom: str = "USD"
    priority: str | None = None
    grandTotal: float | None = None

    lines: list[LineSeed]
    explode: bool = True
    facilityId: str = "_NA_"
    shipmentMethodTypeId: str = "STANDARD"
    emptyShipGroups: Annotated[int, Field(ge=0, le=100)] = 0

    shipping: float | None = None
    shippingTax: float | None = None
    discount: float | None = None
    adjustments: list[AdjustmentSeed] = []

    customer: ContactSeed | None = ContactSeed()
    billing: ContactSeed | None = None
    contactMechs: list[dict[str, Any]] = []
    attributes: dict[str, str] = {}
    identifications: dict[str, str] | list[IdentificationSeed] = {}
    payments: list[PaymentSeed] = [PaymentSeed()]
    roles: dict[str, str] = {}
    pos_sale: bool = False


class Seed(BaseModel):
    """What one call may seed."""

    model_config = _STRICT
    productStores: list[StoreSeed] = []
    facilities: list[FacilitySeed] = []
    products: list[ProductSeed] = []
    shipmentMethods: list[MethodSeed] = []
    stock: list[StockSeed] = []
    orders: list[OrderSeed] = []
