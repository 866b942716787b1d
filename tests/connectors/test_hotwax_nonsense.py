"""An order that makes no sense is named by the place and the value, and by the place alone where it is personal."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from connectors.errors import Contract
from tests.connectors.master_shape import (
    item_of,
    mapped,
    master,
)

Change = Callable[[dict[str, Any]], object]
ITEM = "orders[0].shipGroups[1].items[0]"
NONSENSE: list[tuple[str, Change, str, str]] = [
    ("price of a word", lambda o: item_of(o).update(unitPrice="ten"), f"{ITEM}.unitPrice", "ten"),
    ("no price", lambda o: item_of(o).pop("unitPrice"), f"{ITEM}.unitPrice", "nothing"),
    ("price of a truth", lambda o: item_of(o).update(unitPrice=True), f"{ITEM}.unitPrice", "True"),
    ("price of a list", lambda o: item_of(o).update(unitPrice=[1]), f"{ITEM}.unitPrice", "list"),
    ("price without end", lambda o: item_of(o).update(unitPrice="Infinity"), f"{ITEM}.unitPrice", "Infinity"),
    ("unknown status", lambda o: item_of(o).update(statusId="ITEM_LOST"), f"{ITEM}.statusId", "ITEM_LOST"),
    ("status of a number", lambda o: item_of(o).update(statusId=14), f"{ITEM}.statusId", "14"),
    ("half a unit", lambda o: item_of(o).update(quantity=1.5), f"{ITEM}.quantity", "1.5"),
    ("no unit", lambda o: item_of(o).update(quantity=0), f"{ITEM}.quantity", "0"),
    ("fewer than no unit", lambda o: item_of(o).update(quantity=-1), f"{ITEM}.quantity", "-1"),
    ("more units than are", lambda o: item_of(o).update(quantity=3e9), f"{ITEM}.quantity", "3000000000"),
    ("shipped and cancelled", lambda o: item_of(o).update(cancelQuantity=1), f"{ITEM}.cancelQuantity", "1"),
    ("no product", lambda o: item_of(o).pop("productId"), f"{ITEM}.productId", "nothing"),
    ("items of a word", lambda o: o["shipGroups"][1].update(items="none"), "orders[0].shipGroups[1].items", "none"),
    ("product with a NUL", lambda o: item_of(o).update(productId="P\x001"), f"{ITEM}.productId", "P\ufffd1"),
    ("order number with half a character", lambda o: o.update(orderName="#1\ud800"), "orders[0].orderName", "1\ufffd"),
    ("no lines", lambda o: o.update(shipGroups=[]), "orders[0].shipGroups", "nothing"),
    ("no channel", lambda o: o.pop("salesChannelEnumId"), "orders[0].salesChannelEnumId", "nothing"),
    ("no date", lambda o: o.pop("orderDate"), "orders[0].orderDate", "nothing"),
    ("date without zone", lambda o: o.update(orderDate="2025-03-02T10:00:00"), "orders[0].orderDate", "2025-03"),
    ("date of a word", lambda o: o.update(orderDate="soon"), "orders[0].orderDate", "soon"),
    ("date out of this world", lambda o: o.update(orderDate=10**20), "orders[0].orderDate", "1000"),
    ("date of no year", lambda o: o.update(orderDate="0001-01-01T00:00:00Z"), "orders[0].orderDate", "0001-01-01"),
    ("date after all time", lambda o: o.update(orderDate="9999-12-31T23:59:59-06:00"), "orders[0].orderDate", "9999"),
    ("no currency", lambda o: o.pop("currencyUom"), "orders[0].currencyUom", "nothing"),
    ("total of a word", lambda o: o.update(grandTotal="x"), "orders[0].grandTotal", "x"),
    (
        "amount of a word",
        lambda o: item_of(o)["adjustments"][1].update(amount="much"),
        f"{ITEM}.adjustments[1].amount",
        "much",
    ),
    (
        "amount of no kind",
        lambda o: o["adjustments"][3].pop("orderAdjustmentTypeId"),
        "orders[0].adjustments[3].orderAdjustmentTypeId",
        "nothing",
    ),
    (
        "one line twice",
        lambda o: o["shipGroups"].append({"facilityId": "GT205", "items": [copy.deepcopy(item_of(o))]}),
        "orders[0].shipGroups[2].items[0].orderItemSeqId",
        "00101",
    ),
]


@pytest.mark.parametrize(("change", "place", "got"), [row[1:] for row in NONSENSE], ids=[row[0] for row in NONSENSE])
def test_nonsense_is_named_by_its_place_and_value(change: Change, place: str, got: str) -> None:
    order = master()
    change(order)
    with pytest.raises(Contract) as refused:
        mapped(order)
    assert refused.value.place == place
    assert got in refused.value.got


@pytest.mark.parametrize(
    "change",
    [
        lambda o: o["contactMechs"][0].update(postalAddress="Ana Secreta"),
        lambda o: o["contactMechs"][0]["postalAddress"].update(toName=["Ana Secreta"]),
        lambda o: o["attributes"].append("Ana Secreta"),
        lambda o: o["attributes"].append({"attrName": ["Ana Secreta"]}),
    ],
)
def test_nonsense_in_personal_data_is_named_without_its_value(change: Change) -> None:
    order = master()
    change(order)
    with pytest.raises(Contract) as refused:
        mapped(order)
    assert "Secreta" not in str(refused.value) + repr(refused.value)
