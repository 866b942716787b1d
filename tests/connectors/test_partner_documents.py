"""An invoice and a slip in the partner service's words, number for number."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors import exact_json
from connectors.ports import Unfit
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.settings import RetailProSettings
from domain.invoice import Invoice, InvoiceItem, Slip
from domain.money import UnitPrice
from domain.order import Party
from domain.stages import HoldCause

ANA = Party(
    name="Ana Paz",
    email="ana@example.test",
    phone="55550000",
    address1="Calle 1",
    city="Zona 10",
    country="Guatemala",
)
UNIT = UnitPrice(orig_price=Decimal(100), orig_tax=Decimal("10.7143"), price=Decimal(90), tax=Decimal("9.6429"))
ITEMS = (
    InvoiceItem(upc="0740000000011", store="GT101", quantity=1, unit=UNIT),
    InvoiceItem(upc="0740000000028", store="GT205", quantity=1, unit=UNIT),
)
WORKED_EXAMPLE = """
{"InvoicingStore":"GT101","OrderNo":"A10000417","CreatedDate":"2025-02-11T09:14:00","DeliveryType":2,"PaymentType":1,
 "TotalAmt":180.00,"TotalDiscAmt":20.00,"ShippingAmt":0,"FiscalCredit":false,"CompanyId":"","CompanyName":"",
 "CompanyAddress":"",
 "CustomerBilling":{"FirstName":"Ana","LastName":"Paz","Email":"ana@example.test","Address1":"Calle 1","Address2":"",
   "City":"Zona 10","Country":"Guatemala","NoDocument":"1234567890101","TypeDocument":"dpi","Phone":"55550000"},
 "CustomerShipping":{"FirstName":"Ana","LastName":"Paz","Email":"ana@example.test","Address1":"Calle 1","Address2":"",
   "City":"Zona 10","Country":"Guatemala","NoDocument":"1234567890101","TypeDocument":"dpi","Phone":"55550000"},
 "Items":[{"UPC":"0740000000011","OrigPrice":100,"OrigTax":10.7143,"Price":90,"Tax":9.6429,"Qty":1,"StoreOrig":"GT101"},
          {"UPC":"0740000000028","OrigPrice":100,"OrigTax":10.7143,"Price":90,"Tax":9.6429,"Qty":1,"StoreOrig":"GT205"}]}
"""


def an_invoice(**changes: Any) -> Invoice:
    """The invoice of the reference's worked example, with changes."""
    given: dict[str, Any] = {
        "order_no": "A10000417",
        "revision": 0,
        "store": "GT101",
        "reason": "first_shipped",
        "placed_at": datetime(2025, 2, 11, 15, 14, tzinfo=UTC),
        "currency": "GTQ",
        "pickup": False,
        "items": ITEMS,
        "line_ids": ("00101", "00102"),
        "shipping_amount": Decimal(0),
        "order_discount": Decimal(0),
        "total": Decimal("180.00"),
        "billing": ANA,
        "shipping": ANA,
        "payment_methods": ("CREDIT_CARD",),
        "attributes": (("customerId", "1234567890101"),),
    }
    return Invoice.model_validate({**given, **changes})


def a_service(**settings: Any) -> PartnerV1:
    """A driver for a merchant in Guatemala."""
    given = {"base_url": "https://rp.example.test", "timezone": "America/Guatemala", "identity_type_default": "dpi"}
    return PartnerV1(RetailProSettings.model_validate({**given, **settings}))


def sent(invoice: Invoice, **settings: Any) -> Any:
    """The body as the service reads it."""
    return exact_json.loads(a_service(**settings).invoice_body(invoice))


def test_the_worked_example_comes_out_number_for_number() -> None:
    body = a_service().invoice_body(an_invoice())
    assert exact_json.loads(body) == exact_json.loads(WORKED_EXAMPLE)
    assert list(json.loads(body)) == list(json.loads(WORKED_EXAMPLE))
    assert '"Tax":9.6429' in body


def test_the_same_invoice_has_the_same_body_every_time() -> None:
    assert a_service().invoice_body(an_invoice()) == a_service().invoice_body(an_invoice())


def test_an_order_number_over_nine_characters_is_held_and_never_cut() -> None:
    for call in (a_service().invoice_body, a_service().invoice_no):
        with pytest.raises(Unfit, match="OrderNo") as refused:
            call(an_invoice(order_no="A100004170"))
        assert refused.value.cause is HoldCause.FIELD_TOO_LONG


def test_a_supplement_has_a_number_of_its_own() -> None:
    assert a_service().invoice_no(an_invoice(order_no="A1000", revision=2)) == "A1000-2"
    assert (
        sent(an_invoice(order_no="A1000", revision=2), supplement_template="{order_no}S{revision}")["OrderNo"]
        == "A1000S2"
    )


def test_amounts_are_per_unit_or_per_line_as_the_merchant_says() -> None:
    five = (ITEMS[0].model_copy(update={"quantity": 5}),)
    assert sent(an_invoice(items=five))["Items"][0]["Tax"] == Decimal("9.6429")
    line = sent(an_invoice(items=five), line_amounts="per_line")["Items"][0]
    assert (line["Qty"], line["OrigPrice"], line["OrigTax"]) == (5, 500, Decimal("53.5715"))
    assert (line["Price"], line["Tax"]) == (450, Decimal("48.2145"))


@pytest.mark.parametrize(("included", "total"), [(True, "190.5"), (False, "180")])
def test_the_total_holds_the_shipping_or_not(included: bool, total: str) -> None:
    invoice = an_invoice(shipping_amount=Decimal("10.50"), total=Decimal("190.50"))
    body = sent(invoice, total_includes_shipping=included)
    assert (body["TotalAmt"], body["ShippingAmt"]) == (Decimal(total), Decimal("10.5"))


def test_the_discount_is_that_of_lines_and_order_together() -> None:
    assert sent(an_invoice(order_discount=Decimal("7.25")))["TotalDiscAmt"] == Decimal("27.25")


def test_a_pickup_order_names_the_store_of_collection() -> None:
    items = tuple(item.model_copy(update={"pickup_store": item.store}) for item in ITEMS)
    body = sent(an_invoice(items=items, pickup=True))
    assert body["DeliveryType"] == 1
    assert [item["StoreDest"] for item in body["Items"]] == ["GT101", "GT205"]


def test_an_order_that_is_also_shipped_names_no_store_of_collection() -> None:
    items = (ITEMS[0].model_copy(update={"pickup_store": "GT101"}), ITEMS[1])
    body = sent(an_invoice(items=items, pickup=False))
    assert body["DeliveryType"] == 2
    assert all("StoreDest" not in item for item in body["Items"])


@pytest.mark.parametrize(
    ("methods", "kind"),
    [((), 1), (("CREDIT_CARD",), 1), (("EXT_SHOP_CASH_ON_DEL",), 2), (("GIFT_CARD", "EXT_SHOP_CASH_ON_DEL"), 2)],
)
def test_anything_to_be_paid_on_delivery_makes_the_order_one_of_cash_on_delivery(
    methods: tuple[str, ...], kind: int
) -> None:
    assert sent(an_invoice(payment_methods=methods))["PaymentType"] == kind


def test_the_date_is_on_the_merchants_clock() -> None:
    placed = datetime(2025, 2, 11, 3, 0, 59, 999_999, tzinfo=UTC)
    assert sent(an_invoice(placed_at=placed))["CreatedDate"] == "2025-02-10T21:00:59"


# ---- identity and tax credit -----------------------------------------------------------------------------------------

COMPANY = {
    "company_id_attribute": "nit",
    "company_name_attribute": "empresa",
    "company_address_attribute": "direccionFiscal",
}
FIRM = (("customerId", "1"), ("nit", "0614-1"), ("empresa", "Paz y Compañía " * 3), ("direccionFiscal", "Calle 9"))


def test_the_identity_comes_from_the_orders_attributes_whatever_their_case() -> None:
    attributes = (("CUSTOMERID", " 99-1 "), ("tipoDoc", "dui"))
    body = sent(an_invoice(attributes=attributes), identity_type_attribute="tipoDoc")
    for party in ("CustomerBilling", "CustomerShipping"):
        assert (body[party]["NoDocument"], body[party]["TypeDocument"]) == ("99-1", "dui")


def test_a_missing_identity_is_held_unless_the_merchant_has_a_default() -> None:
    with pytest.raises(Unfit, match="NoDocument") as refused:
        sent(an_invoice(attributes=()))
    assert refused.value.cause is HoldCause.FIELD_MISSING
    body = sent(an_invoice(attributes=()), identity_number_default="CF")
    assert body["CustomerBilling"]["NoDocument"] == "CF"


def test_an_identity_number_is_never_shortened() -> None:
    with pytest.raises(Unfit, match="NoDocument") as refused:
        sent(an_invoice(attributes=(("customerId", "1" * 21),)))
    assert refused.value.cause is HoldCause.FIELD_TOO_LONG
    assert "1111" not in str(refused.value)


@pytest.mark.parametrize("text", ["true", "TRUE", "yes", "1", "Sí"])
def test_a_tax_credit_names_the_company(text: str) -> None:
    body = sent(an_invoice(attributes=(*FIRM, ("taxCredit?", text))), **COMPANY)
    assert body["FiscalCredit"] is True
    assert (body["CompanyId"], body["CompanyName"]) == ("0614-1", "Paz y Compañía Paz y Compañía")
    assert body["CompanyAddress"] == "Calle 9"


@pytest.mark.parametrize("field", ["CompanyId", "CompanyName", "CompanyAddress"])
def test_a_tax_credit_without_a_whole_company_is_held(field: str) -> None:
    sources = {"CompanyId": "nit", "CompanyName": "empresa", "CompanyAddress": "direccionFiscal"}
    attributes = tuple(pair for pair in FIRM if pair[0] != sources[field])
    with pytest.raises(Unfit, match=field) as refused:
        sent(an_invoice(attributes=(*attributes, ("taxCredit?", "true"))), **COMPANY)
    assert refused.value.cause is HoldCause.FIELD_MISSING


@pytest.mark.parametrize("text", ["false", "No", "0", ""])
def test_without_a_tax_credit_the_company_stays_empty(text: str) -> None:
    body = sent(an_invoice(attributes=(*FIRM, ("taxCredit?", text))), **COMPANY)
    assert (body["FiscalCredit"], body["CompanyId"], body["CompanyName"]) == (False, "", "")


def test_a_tax_credit_flag_that_says_neither_is_held_without_its_text() -> None:
    with pytest.raises(Unfit, match="neither yes nor no") as refused:
        sent(an_invoice(attributes=(("customerId", "1"), ("taxCredit?", "Ana wants it"))))
    assert "Ana" not in str(refused.value)


@pytest.mark.parametrize(("wanted", "text"), [("true", "true"), ("false", "false")])
def test_the_tax_credit_flag_may_be_sent_as_text(wanted: str, text: str) -> None:
    body = sent(an_invoice(attributes=(*FIRM, ("taxCredit?", wanted))), fiscal_credit_as_string=True, **COMPANY)
    assert body["FiscalCredit"] == text


# ---- people ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("party", "field"),
    [
        ({"name": ""}, "FirstName"),
        ({"email": ""}, "Email"),
        ({"address1": " "}, "Address1"),
    ],
)
def test_a_customer_without_a_required_value_is_held(party: dict[str, str], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        sent(an_invoice(shipping=ANA.model_copy(update=party)))
    assert (refused.value.cause, refused.value.field) == (HoldCause.FIELD_MISSING, f"CustomerShipping.{field}")


def test_a_customer_with_one_name_gets_the_merchants_last_name() -> None:
    body = sent(an_invoice(billing=ANA.model_copy(update={"name": "Ana"})), last_name_default="N/A")
    assert (body["CustomerBilling"]["FirstName"], body["CustomerBilling"]["LastName"]) == ("Ana", "N/A")


def test_long_names_and_addresses_are_shortened_between_words() -> None:
    party = ANA.model_copy(
        update={
            "name": "Ana " + "Hernández " * 5,
            "address1": "Residencial Las Margaritas Pasaje Tres Casa 14",
            "address2": "al fondo del pasaje, portón verde",
        }
    )
    billing = sent(an_invoice(billing=party))["CustomerBilling"]
    assert billing["LastName"] == "Hernández Hernández Hernández"
    assert billing["Address1"] == "Residencial Las Margaritas Pasaje Tres"
    assert billing["Address2"] == "Casa 14 al fondo del pasaje, portón"


# ---- items and slips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "place", "cause"),
    [
        ({"upc": ""}, "Items[1].UPC", HoldCause.FIELD_MISSING),
        ({"upc": "0" * 20}, "Items[1].UPC", HoldCause.FIELD_TOO_LONG),
        ({"store": "GT2050"}, "Items[1].StoreOrig", HoldCause.FIELD_TOO_LONG),
    ],
)
def test_a_line_that_cannot_be_sent_names_its_place(item: dict[str, str], place: str, cause: HoldCause) -> None:
    with pytest.raises(Unfit) as refused:
        sent(an_invoice(items=(ITEMS[0], ITEMS[1].model_copy(update=item))))
    assert (refused.value.field, refused.value.cause) == (place, cause)


def test_a_slip_is_the_references_example() -> None:
    slip = Slip(order_no="A1", revision=0, from_store="GT205", to_store="GT101", units=(("0740000000028", 1),))
    service = a_service()
    body = service.slip_body(slip, service.slip_no(31877), datetime(2025, 2, 12, 0, 2, tzinfo=UTC))
    assert json.loads(body) == {
        "SlipNo": "00031877",
        "FromStore": "GT205",
        "ToStore": "GT101",
        "CreatedDate": "2025-02-11T18:02:00",
        "TotalQty": 1,
        "Items": [{"UPC": "0740000000028", "Qty": 1}],
    }


def test_a_slips_total_is_the_sum_of_its_lines() -> None:
    slip = Slip(order_no="A1", revision=0, from_store="GT205", to_store="GT101", units=(("1", 3), ("2", 4)))
    assert exact_json.loads(a_service().slip_body(slip, "1", datetime.now(UTC)))["TotalQty"] == 7


@pytest.mark.parametrize("change", [{"from_store": ""}, {"to_store": "GT1011"}, {"units": (("", 1),)}])
def test_a_slip_that_cannot_be_sent_is_refused(change: dict[str, Any]) -> None:
    given = {"order_no": "A1", "revision": 0, "from_store": "A", "to_store": "B", "units": (("1", 1),)}
    with pytest.raises(Unfit):
        a_service().slip_body(Slip.model_validate({**given, **change}), "1", datetime.now(UTC))
