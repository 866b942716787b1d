"""The demo's purchase orders: enough of them, of every kind that it promises."""

from typing import Any, cast

import pytest

from domain.purchase_order import PoStage
from domain.stages import HoldCause
from operators.demo.door import Door
from operators.demo.goods import LOCATIONS, SKUS
from operators.demo.purchases import AFTERNOON, AMENDED, MORNING, PARTLY, PURCHASES, PoEnd, purchases_of
from operators.demo.wrongs import PO_KINDS, plant

POS = purchases_of()


def test_the_day_has_at_least_thirty_purchase_orders_in_two_waves() -> None:
    assert len(POS) >= 30
    assert {po.kind.wave for po in POS} == {MORNING, AFTERNOON}


def test_the_same_table_gives_the_same_day() -> None:
    assert [(po.po_id, po.seed) for po in purchases_of()] == [(po.po_id, po.seed) for po in POS]


def test_ids_and_names_of_kinds_are_unique() -> None:
    assert len({po.po_id for po in POS}) == len(POS)
    assert len({kind.name for kind in PURCHASES}) == len(PURCHASES)


def test_one_partly_received_one_amended_and_one_held_remain_to_be_looked_at() -> None:
    ends = {kind.name: kind.ends for kind in PURCHASES}
    assert ends[PARTLY] == PoEnd(PoStage.RECEIVED)
    assert ends[AMENDED] == PoEnd(PoStage.IMPORTED)
    assert [end for end in ends.values() if end.hold] == [PoEnd(PoStage.PENDING, HoldCause.BAD_ROWS)]


def test_products_and_places_are_known_to_both_sides() -> None:
    lines = [line for po in POS for line in po.seed["lines"]]
    assert {line["item"] for line in lines} <= set(SKUS.values())
    assert {line["location"] for line in lines if "location" in line} <= set(LOCATIONS.values())


def test_associates_receive_packs_in_exact_parts() -> None:
    assert {item.rate for kind in PURCHASES for item in kind.lines} == {1, 10}


class _Asked:
    """Takes down what the sandbox is asked for."""

    def __init__(self) -> None:
        self.wrongs: list[dict[str, Any]] = []

    async def post(self, _path: str, wrong: dict[str, Any]) -> None:
        self.wrongs.append(wrong)


@pytest.mark.anyio
async def test_each_kind_of_wrong_is_planted_in_an_order_of_its_own() -> None:
    asked = _Asked()
    for kind in PO_KINDS:
        await plant(kind, (), POS, cast("Door", asked))
    assert [wrong["kind"] for wrong in asked.wrongs] == list(PO_KINDS)
    assert len({wrong["poId"] for wrong in asked.wrongs}) == len(PO_KINDS)
