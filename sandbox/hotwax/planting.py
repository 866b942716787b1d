"""Turning seeds into rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.associates import schedule
from sandbox.clock import now_ms
from sandbox.hotwax import lifecycle
from sandbox.hotwax.defaults import FACILITY_PARENTS, NO_FACILITY, VIRTUAL_PARENT
from sandbox.hotwax.seed import CHANNELS, IdentificationSeed
from sandbox.problems import BadInputError
from sandbox.retailpro import documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.database import Row
    from sandbox.hotwax.seed import ContactSeed, FacilitySeed, LineSeed, OrderSeed, ProductSeed, Seed
    from sandbox.world import World

_CODE_LENGTH: Final = 5
_SELLER_ATTRIBUTES: Final = ("OrderFacility", "orderFacility")


def plant(world: World, seed: Seed) -> Row:
    """Write everything that a seed names and return the ids of the orders made.

    Raises:
        BadInputError: A product or facility does not exist, or an order id is taken; nothing was written.
    """
    database = world.database
    with database.transaction():
        database.put("ProductStore", [store.model_dump() for store in seed.productStores])
        database.put("Facility", [_facility(facility) for facility in seed.facilities])
        for product in seed.products:
            _product(world, product)
        database.put("ShipmentMethodType", [method.model_dump() for method in seed.shipmentMethods])
        database.put("stockStart", [row.model_dump() for row in seed.stock])
        orders = [_Planter(world, order).plant() for order in seed.orders]
    return {"orders": orders}


def _facility(seed: FacilitySeed) -> Row:
    parent = FACILITY_PARENTS.get(seed.facilityTypeId)
    if parent is None:
        raise BadInputError("facilityTypeId", seed.facilityTypeId, f"must be one of {sorted(FACILITY_PARENTS)}")
    row = seed.model_dump(exclude={"storeCode", "mapped"})
    row |= {"parentTypeId": parent, "typeDescription": seed.facilityTypeId.replace("_", " ").title()}
    row["facilityName"] = seed.facilityName or seed.facilityId
    row["x_storeCode"] = (seed.storeCode or seed.facilityId) if seed.mapped and parent != VIRTUAL_PARENT else None
    if len(row["x_storeCode"] or "") > _CODE_LENGTH:
        raise BadInputError(
            "storeCode", row["x_storeCode"], f"Retail Pro's codes have at most {_CODE_LENGTH} characters"
        )
    return row


def _product(world: World, seed: ProductSeed) -> None:
    row = {"productId": seed.productId, "productName": seed.productName, "x_stocked": int(seed.stocked)}
    world.database.put("Product", [row])
    world.database.run("DELETE FROM GoodIdentification WHERE productId = ?", (seed.productId,))
    codes = {"UPCA": seed.upc, "SKU": seed.sku, **seed.identifications}
    for kind, value in codes.items():
        if value is not None:
            key = {"productId": seed.productId, "goodIdentificationTypeId": kind, "idValue": value}
            world.database.put("GoodIdentification", [{**key, "fromDate": 0}])


class _Planter:
    """Writes one order."""

    def __init__(self, world: World, seed: OrderSeed) -> None:
        self._world = world
        self._database = world.database
        self._seed = seed
        self._id = seed.orderId or str(10_000 + world.database.next_number("order"))
        self._groups: dict[tuple[object, ...], str] = {}
        self._total = 0.0
        self._now = now_ms()
        self._ordered = self._now if seed.orderDate is None else seed.orderDate

    def plant(self) -> str:
        """Write the order and return its id."""
        self._check_free()
        self._header()
        for _ in range(self._seed.emptyShipGroups):
            self._group(NO_FACILITY, self._seed.shipmentMethodTypeId, None, None, fresh=True)
        items = [self._item(number, line) for number, line in enumerate(self._lines(), start=1)]
        self._order_level()
        self._people()
        self._close_header(items)
        return self._id

    def _check_free(self) -> None:
        if self._database.row("SELECT 1 FROM OrderHeader WHERE orderId = ?", (self._id,)):
            raise BadInputError("orderId", self._id, "is taken by another order")

    def _lines(self) -> Iterator[LineSeed]:
        for line in self._seed.lines:
            whole = line.quantity.is_integer()
            if not (self._seed.explode and whole):
                yield line
                continue
            for _ in range(int(line.quantity)):
                yield line.model_copy(update={"quantity": 1.0})

    def _header(self) -> None:
        seed = self._seed
        same = (
            "orderTypeId",
            "externalId",
            "statusId",
            "productStoreId",
            "originFacilityId",
            "currencyUom",
            "priority",
        )
        row = {name: getattr(seed, name) for name in same}
        row |= {
            "orderId": self._id,
            "orderName": seed.orderName or f"#{self._id}",
            "salesChannelEnumId": CHANNELS.get(seed.channel, seed.channel),
            "orderDate": self._ordered,
            "entryDate": self._ordered if seed.entryDate is None else seed.entryDate,
            "lastUpdatedStamp": self._now,
        }
        self._database.insert("OrderHeader", row)
        lifecycle.write_status(self._world, self._id, None, "ORDER_CREATED", self._ordered)
        if seed.statusId != "ORDER_CREATED":
            lifecycle.write_status(self._world, self._id, None, seed.statusId, self._ordered)

    def _item(self, number: int, line: LineSeed) -> Row:
        item = self._item_row(f"{100 + number:05}", line)
        self._database.insert("OrderItem", item)
        self._total += line.quantity * line.unitPrice
        for kind, amount in _line_adjustments(line):
            self._adjust(item["orderItemSeqId"], kind, amount)
        key = {"orderId": self._id, "orderItemSeqId": item["orderItemSeqId"]}
        self._database.put(
            "OrderItemAttribute",
            [{**key, "attrName": name, "attrValue": value} for name, value in line.attributes.items()],
        )
        self._item_status(item, line)
        return item

    def _item_row(self, item_id: str, line: LineSeed) -> Row:
        seed = self._seed
        facility, method = line.facilityId or seed.facilityId, line.shipmentMethodTypeId or seed.shipmentMethodTypeId
        return {
            "orderId": self._id,
            "orderItemSeqId": item_id,
            "shipGroupSeqId": self._group(facility, method, line.carrierPartyId, line.trackingNumber),
            "productId": self._product_id(line),
            "externalId": line.externalId or f"{self._id}-{int(item_id)}",
            "statusId": line.statusId,
            "isPromo": line.isPromo,
            "quantity": line.quantity,
            "unitPrice": line.unitPrice,
            "unitListPrice": line.unitPrice if line.unitListPrice is None else line.unitListPrice,
        }

    def _item_status(self, item: Row, line: LineSeed) -> None:
        key, at = (self._id, item["orderItemSeqId"]), line.statusDatetime
        lifecycle.write_status(self._world, *key, "ITEM_APPROVED", self._ordered)
        if line.statusId != "ITEM_APPROVED":
            lifecycle.write_status(self._world, *key, line.statusId, self._now if at is None else at)
        if line.fulfill_after_s is not None:
            deed = {"action": "fulfill", "orderId": self._id, "items": [item["orderItemSeqId"]]}
            schedule(self._world, deed, line.fulfill_after_s)

    def _product_id(self, line: LineSeed) -> str:
        by_upc = "SELECT productId FROM GoodIdentification WHERE idValue = ? AND goodIdentificationTypeId = 'UPCA'"
        by_id = "SELECT productId FROM Product WHERE productId = ?"
        sql, value = (by_id, line.productId) if line.productId else (by_upc, line.upc)
        found = self._database.value(sql, (value,))
        if found is None:
            field = "productId" if line.productId else "upc"
            raise BadInputError(f"orders[{self._id}].lines[].{field}", value, "no such product was seeded")
        return str(found)

    def _group(
        self, facility: str, method: str, carrier: str | None, tracking: str | None, *, fresh: bool = False
    ) -> str:
        """Return the ship group of this kind, made when it is the first, or when a fresh one is wanted."""
        key = (facility, method, carrier, tracking, len(self._groups) if fresh else None)
        if key not in self._groups:
            self._check_facility(facility)
            self._groups[key] = f"{len(self._groups) + 1:05}"
            self._database.insert(
                "OrderItemShipGroup",
                {
                    "orderId": self._id,
                    "shipGroupSeqId": self._groups[key],
                    "facilityId": facility,
                    "shipmentMethodTypeId": method,
                    "carrierPartyId": carrier or "_NA_",
                    "trackingNumber": tracking,
                    "contactMechId": f"{self._id}-SHIP",
                    "maySplit": "Y",
                },
            )
        return self._groups[key]

    def _check_facility(self, facility: str) -> None:
        if not self._database.row("SELECT 1 FROM Facility WHERE facilityId = ?", (facility,)):
            raise BadInputError(f"orders[{self._id}].facilityId", facility, "no such facility was seeded")

    def _adjust(self, item: str, kind: str, amount: float) -> None:
        lifecycle.add_adjustment(self._world, self._id, item, kind, amount)
        self._total += amount

    def _order_level(self) -> None:
        seed = self._seed
        named = {"SHIPPING_CHARGES": seed.shipping, "SHIPPING_SALES_TAX": seed.shippingTax}
        named["EXT_PROMO_ADJUSTMENT"] = None if seed.discount is None else -abs(seed.discount)
        rows = [(kind, amount) for kind, amount in named.items() if amount is not None]
        rows += [(row.orderAdjustmentTypeId, row.amount) for row in seed.adjustments]
        for kind, amount in rows:
            self._adjust(NO_FACILITY, kind, amount)

    def _people(self) -> None:
        seed, key = self._seed, {"orderId": self._id}
        rows = [{**key, "attrName": name, "attrValue": value} for name, value in seed.attributes.items()]
        self._database.put("OrderAttribute", [{**row, "lastUpdatedStamp": self._now} for row in rows])
        roles = [{**key, "roleTypeId": role, "partyId": party} for role, party in seed.roles.items()]
        self._database.put("OrderRole", roles)
        self._database.put("OrderIdentification", [self._identification(row) for row in self._identifications()])
        for payment in seed.payments:
            number = self._database.next_number("payment")
            row = {"orderPaymentPreferenceId": str(20_000 + number), **key, **payment.model_dump()}
            self._database.insert("OrderPaymentPreference", row)
        self._database.put("OrderContactMech", [self._contact(mech) for mech in self._contacts()])

    def _identifications(self) -> list[IdentificationSeed]:
        given = self._seed.identifications
        if isinstance(given, list):
            return given
        return [IdentificationSeed(orderIdentificationTypeId=kind, idValue=value) for kind, value in given.items()]

    def _identification(self, seed: IdentificationSeed) -> Row:
        from_date = self._now if seed.fromDate is None else seed.fromDate
        return {"orderId": self._id, **seed.model_dump(), "fromDate": from_date}

    def _contacts(self) -> Iterator[dict[str, Any]]:
        if self._seed.customer:
            yield from _mechs(self._seed.customer, "SHIPPING_LOCATION", "PHONE_SHIPPING", f"{self._id}-SHIP")
        if self._seed.billing:
            yield from _mechs(self._seed.billing, "BILLING_LOCATION", "PHONE_BILLING", f"{self._id}-BILL")
        yield from self._seed.contactMechs

    def _contact(self, mech: dict[str, Any]) -> Row:
        names = ("contactMechPurposeTypeId", "contactMechId")
        missing = [name for name in names if not isinstance(mech.get(name), str)]
        if missing:
            raise BadInputError(f"orders[{self._id}].contactMechs[].{missing[0]}", mech.get(missing[0]), "is needed")
        detail = {name: value for name, value in mech.items() if name not in names}
        return {"orderId": self._id, **{name: mech[name] for name in names}, "x_detail": json.dumps(detail)}

    def _close_header(self, items: list[Row]) -> None:
        """Write the total, play the sale at the till, and evaluate the order when a line is finished already."""
        total = round(self._total, 6) if self._seed.grandTotal is None else self._seed.grandTotal
        sql = "UPDATE OrderHeader SET grandTotal = ?, remainingSubTotal = ? WHERE orderId = ?"
        self._database.run(sql, (total, total, self._id))
        if self._seed.pos_sale:
            self._sell(items)
        finished = [item for item in items if item["statusId"] not in lifecycle.OPEN_ITEM]
        if finished:
            last = max((line.statusDatetime or self._now for line in self._seed.lines), default=self._now)
            lifecycle.evaluate(self._world, self._id, last)

    def _sell(self, items: list[Row]) -> None:
        seed = self._seed
        facility = next((seed.attributes[name] for name in _SELLER_ATTRIBUTES if name in seed.attributes), None)
        facility = facility or seed.originFacilityId or seed.facilityId
        store = self._database.value("SELECT x_storeCode FROM Facility WHERE facilityId = ?", (facility,))
        if store is None:
            raise BadInputError(
                f"orders[{self._id}].pos_sale", facility, "the selling facility has no Retail Pro store"
            )
        for item in items:
            documents.sell(self._database, store, upc_of(self._world, item["productId"]), item["quantity"], self._id)


def upc_of(world: World, product_id: str) -> str:
    """Return the UPC of a product, or its id when it has none."""
    sql = "SELECT idValue FROM GoodIdentification WHERE productId = ? AND goodIdentificationTypeId = 'UPCA'"
    return str(world.database.value(sql, (product_id,)) or product_id)


def _line_adjustments(line: LineSeed) -> Iterator[tuple[str, float]]:
    if line.discount is not None:
        yield "EXT_PROMO_ADJUSTMENT", -abs(line.discount)
    for tax in line.taxes:
        yield "SALES_TAX", tax
    for row in line.adjustments:
        yield row.orderAdjustmentTypeId, row.amount


def _mechs(contact: ContactSeed, location: str, phone: str, stem: str) -> Iterator[dict[str, Any]]:
    """Return the contact rows of one person, in the order shape's words."""
    address = contact.model_dump(exclude={"email", "phone", "countryCode", "areaCode"}, exclude_none=True)
    if contact.address1 is not None:
        yield {"contactMechPurposeTypeId": location, "contactMechId": stem, "postalAddress": address}
    if contact.email is not None and location == "SHIPPING_LOCATION":
        row = {"contactMechPurposeTypeId": "ORDER_EMAIL", "contactMechId": f"{stem}-E"}
        yield {**row, "contactMech": {"infoString": contact.email}}
    if contact.phone is not None:
        number = {"countryCode": contact.countryCode, "areaCode": contact.areaCode, "contactNumber": contact.phone}
        given = {name: value for name, value in number.items() if value is not None}
        yield {"contactMechPurposeTypeId": phone, "contactMechId": f"{stem}-P", "telecomNumber": given}
