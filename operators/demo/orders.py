"""From the day's table to its orders, in the words that the sandbox's admin API takes (docs/sandbox.md)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operators.demo.cases import Case, Deed, Line, When
from operators.demo.goods import AIRPORT, AIRPORT_STORE, LOCATIONS, PRODUCTS, SKUS, STORES

FIRST_NUMBER = 1001
SHIPPING_BEGINS_S, SHIPPING_ENDS_S = 1.5, 21.0
SPARE = 2
"""Units that a store has beyond what it is asked for, since it may ship for another one."""
_GOLDEN = 0.618034
"""Multiples of it, modulo 1, are spread evenly however many there are."""


@dataclass(frozen=True)
class DayOrder:
    """One order of the day: its number in the shop, its id in HotWax, and what the sandbox is told about it."""

    number: str
    order_id: str
    case: Case
    seed: Mapping[str, Any]
    deeds: tuple[Mapping[str, Any], ...]

    @property
    def fault(self) -> Mapping[str, Any] | None:
        """What goes wrong with its invoice, or None."""
        if self.case.fault is None:
            return None
        return {**self.case.fault, "path": "/api/v1/Document", "body": f'"{self.number}"'}


def orders_of(day: Sequence[Case]) -> tuple[DayOrder, ...]:
    """All orders of a day, in the order of its table; the same table gives the same day."""
    orders: list[DayOrder] = []
    numbers: dict[str, str] = {}
    for place, case in enumerate(day):
        for turn in range(case.times):
            serial = FIRST_NUMBER + len(orders)
            number = numbers[case.twin_of] if case.twin_of else str(serial)
            numbers[case.name] = number
            orders.append(_Maker(case, number, f"M{serial}", place + turn).order())
    return tuple(orders)


class _Maker:
    """Makes one order; `turn` decides which stores it is about."""

    def __init__(self, case: Case, number: str, order_id: str, turn: int) -> None:
        self._case, self._number, self._id, self._turn = case, number, order_id, turn

    def order(self) -> DayOrder:
        deeds = tuple(self._deed(deed) for deed in self._case.deeds)
        return DayOrder(self._number, self._id, self._case, self._seed(), deeds)

    def _seed(self) -> dict[str, Any]:
        case = self._case
        seed: dict[str, Any] = {
            "orderId": self._id,
            "orderName": f"#{self._number}",
            "channel": case.channel,
            "lines": [self._line(place, line) for place, line in enumerate(case.lines)],
            **case.details,
        }
        if case.sold_at is not None:
            seller = self._facility(case.sold_at)
            seed |= {"pos_sale": True, "originFacilityId": seller, "attributes": {"orderFacility": seller}}
        return seed

    def _line(self, place: int, line: Line) -> dict[str, Any]:
        product = PRODUCTS[line.product]
        made = line.units if self._case.details.get("explode") is False else 1
        taxed = product.price * made - line.discount
        seed: dict[str, Any] = {
            "productId": line.product,
            "quantity": line.units,
            "unitPrice": product.price,
            "taxes": [round(taxed * rate, 2) for rate in line.tax_rates],
            "facilityId": self._facility(line.at),
            "shipmentMethodTypeId": line.method,
        }
        if line.discount:
            seed["discount"] = line.discount
        return seed | self._shipping(place, line)

    def _shipping(self, place: int, line: Line) -> dict[str, Any]:
        match line.ships:
            case When.NEVER:
                return {}
            case When.AT_THE_TILL:
                return {"statusId": "ITEM_COMPLETED"}
            case When.SOME_TIME:
                spread = (_GOLDEN * (int(self._id[1:]) + 7 * place)) % 1
                return {"fulfill_after_s": SHIPPING_BEGINS_S + spread * (SHIPPING_ENDS_S - SHIPPING_BEGINS_S)}
            case moment:
                return {"fulfill_after_s": moment}

    def _facility(self, at: int | str) -> str:
        return at if isinstance(at, str) else list(STORES)[(self._turn + at) % len(STORES)]

    def _deed(self, deed: Deed) -> dict[str, Any]:
        body: dict[str, Any] = {"action": deed.action, "orderId": self._id, "after_s": deed.after_s}
        if deed.lines is not None:
            body["items"] = [item for line in deed.lines for item in self.items(line)]
        if deed.to is not None:
            body["facilityId"] = self._facility(deed.to)
        return body

    def items(self, wanted: int) -> list[str]:
        """HotWax's line ids of one line of the case: as many as it was exploded into."""
        units = [line.units for line in self._case.lines]
        first = 101 + sum(units[:wanted])
        return [f"{number:05}" for number in range(first, first + units[wanted])]


def morning(orders: Sequence[DayOrder]) -> dict[str, Any]:
    """What is there before the day begins: stores, products, methods, and enough of each product."""
    stores = {**STORES, AIRPORT: AIRPORT_STORE}
    return {
        "facilities": [
            {"facilityId": facility, "storeCode": code, "externalId": LOCATIONS.get(facility)}
            for facility, code in stores.items()
        ],
        "products": [_product(name) for name in PRODUCTS],
        "shipmentMethods": [{"shipmentMethodTypeId": "CURBSIDE", "parentTypeId": "STOREPICKUP"}],
        "stock": [
            {"store": stores[facility], "upc": PRODUCTS[product].upc, "quantity": units + SPARE}
            for (facility, product), units in sorted(_planned(orders).items())
            if facility in stores
        ],
    }


def _product(name: str) -> dict[str, Any]:
    product = PRODUCTS[name]
    named = {"productId": name, "productName": name.title(), "upc": product.upc, "stocked": not product.digital}
    return {**named, "sku": SKUS[name]} if name in SKUS else named


def _planned(orders: Sequence[DayOrder]) -> Counter[tuple[str, str]]:
    units: Counter[tuple[str, str]] = Counter()
    for facility, line in _lines(orders):
        units[facility, line["productId"]] += line["quantity"]
    return units


def _lines(orders: Sequence[DayOrder]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from ((line["facilityId"], line) for order in orders for line in order.seed["lines"])
