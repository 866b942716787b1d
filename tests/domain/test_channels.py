"""Which life an order leads is read off its channel, in both of HotWax's spellings (hotwax 1.2, 5.1)."""

import pytest

from domain.channel import OrderKind, kind_of, lines_to_transfer, selling_facility
from tests.support.making_orders import a_line, an_order, cancelled_line, digital_line, open_line


@pytest.mark.parametrize(
    "channel", ["WEB_SALES_CHANNEL", "WEB_CHANNEL", "CSR_SALES_CHANNEL", "CSR_CHANNEL", "MARKETPLACE_CHANNEL", "API"]
)
def test_an_order_of_any_other_channel_is_invoiced(channel: str) -> None:
    assert kind_of(an_order(a_line(), channel=channel)) is OrderKind.INVOICED


@pytest.mark.parametrize("channel", ["POS_SALES_CHANNEL", "POS_CHANNEL"])
@pytest.mark.parametrize(
    ("methods", "kind"),
    [
        (["STANDARD"], OrderKind.SEND_SALE),
        (["POS_COMPLETED"], OrderKind.CARRIED_OUT),
        (["POS_COMPLETED", "POS_COMPLETED"], OrderKind.CARRIED_OUT),
        (["POS_COMPLETED", "STANDARD"], OrderKind.SEND_SALE),
    ],
)
def test_a_pos_order_is_a_send_sale_as_soon_as_one_line_is_shipped(
    channel: str, methods: list[str], kind: OrderKind
) -> None:
    lines = [a_line(str(number), shipment_method=method) for number, method in enumerate(methods)]
    assert kind_of(an_order(*lines, channel=channel)) is kind


def test_a_cancelled_line_makes_no_send_sale() -> None:
    lines = [a_line("1", shipment_method="POS_COMPLETED"), cancelled_line("2", shipment_method="STANDARD")]
    assert kind_of(an_order(*lines, channel="POS_CHANNEL")) is OrderKind.CARRIED_OUT


@pytest.mark.parametrize("channel", ["EXCHG_SALES_CHANNEL", "EXCHANGE_CHANNEL"])
def test_an_exchange_is_known_by_both_spellings(channel: str) -> None:
    assert kind_of(an_order(a_line(), channel=channel)) is OrderKind.EXCHANGE


def test_only_fulfilled_shipped_goods_are_transferred_for_a_send_sale() -> None:
    shipped = a_line("1", shipment_method="STANDARD")
    carried = a_line("2", shipment_method="POS_COMPLETED")
    order = an_order(shipped, carried, digital_line("3"), open_line("4"), cancelled_line("5"), channel="POS_CHANNEL")
    assert lines_to_transfer(order) == (shipped,)


@pytest.mark.parametrize("name", ["OrderFacility", "orderFacility", "ORDERFACILITY"])
def test_the_selling_store_is_found_however_its_attribute_is_spelled(name: str) -> None:
    order = an_order(a_line(), attributes={"other": "F9", name: "F2"})
    assert selling_facility(order, "orderFacility") == "F2"


@pytest.mark.parametrize("attributes", [{}, {"orderFacility": ""}, {"facility": "F1"}])
def test_a_missing_or_empty_attribute_names_no_selling_store(attributes: dict[str, str]) -> None:
    assert selling_facility(an_order(a_line(), attributes=attributes), "orderFacility") is None
