"""The partner service against the field tables of the reference (retailpro.md 2.1 and 2.2)."""

from typing import Any

import httpx
import pytest

from tests.sandbox.bodies import invoice, slip
from tests.support.sandbox import SandboxProcess

PERSON_LENGTHS = {
    "FirstName": 30,
    "LastName": 30,
    "Email": 60,
    "Address1": 40,
    "Address2": 40,
    "City": 40,
    "Country": 40,
    "NoDocument": 20,
    "TypeDocument": 40,
}
LENGTHS = {
    "OrderNo": 9,
    "CompanyId": 20,
    "CompanyName": 30,
    "CompanyAddress": 80,
    "Items_0_UPC": 19,
    **{f"CustomerBilling_{name}": length for name, length in PERSON_LENGTHS.items()},
    **{f"CustomerShipping_{name}": length for name, length in PERSON_LENGTHS.items()},
}
STORE_FIELDS = ["InvoicingStore", "Items_0_StoreOrig", "Items_0_StoreDest"]
REQUIRED_PERSON = ["FirstName", "LastName", "Email", "Address1", "NoDocument", "TypeDocument"]
REQUIRED = [
    *("InvoicingStore", "OrderNo", "CreatedDate", "DeliveryType", "PaymentType", "TotalAmt", "FiscalCredit"),
    *("CustomerBilling", "CustomerShipping", "Items"),
    *(f"{who}_{name}" for who in ("CustomerBilling", "CustomerShipping") for name in REQUIRED_PERSON),
    *(f"Items_0_{name}" for name in ("UPC", "OrigPrice", "OrigTax", "Price", "Tax", "Qty", "StoreOrig")),
]
OPTIONAL = ["TotalDiscAmt", "ShippingAmt", "CustomerBilling_Phone", "CustomerShipping_Phone"]
DECIMALS = [
    *("TotalAmt", "TotalDiscAmt", "ShippingAmt"),
    *(f"Items_0_{name}" for name in ("OrigPrice", "OrigTax", "Price", "Tax", "Qty")),
]
TEXTS = ["OrderNo", "InvoicingStore", "CustomerBilling_Email", "CustomerShipping_City", "Items_0_UPC"]


def send_invoice(client: httpx.Client, body: Any) -> httpx.Response:
    return client.post("/Document/Ordertoinvoice", json=body)


def send_slip(client: httpx.Client, body: Any) -> httpx.Response:
    return client.post("/Transfer/Slip", json=body)


def refused_fields(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["success"] is False
    assert body["Message"]
    return [error["field"] for error in body["errors"]]


def dotted(path: str) -> str:
    """Items_0_UPC as the service names it: Items[0].UPC."""
    return path.replace("Items_0_", "Items[0].").replace("_", ".")


@pytest.mark.parametrize(("path", "length"), LENGTHS.items())
def test_a_text_of_the_documented_length_is_accepted(retailpro: httpx.Client, path: str, length: int) -> None:
    assert send_invoice(retailpro, invoice(**{path: "7" * length})).status_code == 200


@pytest.mark.parametrize(("path", "length"), LENGTHS.items())
def test_a_text_one_longer_is_refused(retailpro: httpx.Client, path: str, length: int) -> None:
    answer = send_invoice(retailpro, invoice(**{path: "7" * (length + 1)}))
    assert refused_fields(answer) == [dotted(path)]


@pytest.mark.parametrize("path", STORE_FIELDS)
def test_a_store_code_has_at_most_five_characters(retailpro: httpx.Client, sandbox: SandboxProcess, path: str) -> None:
    sandbox.change(check_stores=False)
    assert send_invoice(retailpro, invoice(**{path: "A" * 5})).status_code == 200
    assert refused_fields(send_invoice(retailpro, invoice(**{path: "A" * 6}))) == [dotted(path)]


@pytest.mark.parametrize("path", REQUIRED)
def test_a_required_field_must_be_there(retailpro: httpx.Client, path: str) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(**{path: None}))) == [dotted(path)]


@pytest.mark.parametrize("path", OPTIONAL)
def test_an_optional_field_may_be_missing(retailpro: httpx.Client, path: str) -> None:
    assert send_invoice(retailpro, invoice(**{path: None})).status_code == 200


@pytest.mark.parametrize("path", TEXTS)
@pytest.mark.parametrize("value", [7, True, ["x"], {"x": 1}])
def test_a_text_must_be_text(retailpro: httpx.Client, path: str, value: Any) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(**{path: value}))) == [dotted(path)]


def test_an_empty_required_text_counts_as_missing(retailpro: httpx.Client) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(OrderNo=""))) == ["OrderNo"]


@pytest.mark.parametrize("path", DECIMALS)
@pytest.mark.parametrize("value", [999999.9999, 1, 0.0001])
def test_a_decimal_of_ten_digits_with_four_places_is_accepted(retailpro: httpx.Client, path: str, value: float) -> None:
    assert send_invoice(retailpro, invoice(**{path: value})).status_code == 200


@pytest.mark.parametrize("path", DECIMALS)
@pytest.mark.parametrize("value", [1000000, 1.00001, "1.5", True])
def test_a_decimal_beyond_its_digits_or_of_another_type_is_refused(
    retailpro: httpx.Client, path: str, value: Any
) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(**{path: value}))) == [dotted(path)]


def test_a_number_with_an_exponent_is_refused(retailpro: httpx.Client) -> None:
    raw = httpx.Request("POST", "http://x", json=invoice(TotalAmt=123456)).content.replace(b"123456", b"1.5E+3")
    answer = retailpro.post("/Document/Ordertoinvoice", content=raw)
    assert refused_fields(answer) == ["TotalAmt"]


@pytest.mark.parametrize("path", ["DeliveryType", "PaymentType"])
@pytest.mark.parametrize(("value", "status"), [(1, 200), (2, 200), (0, 400), (3, 400), ("1", 400), (1.5, 400)])
def test_an_enumeration_takes_its_two_values(retailpro: httpx.Client, path: str, value: Any, status: int) -> None:
    assert send_invoice(retailpro, invoice(**{path: value})).status_code == status


@pytest.mark.parametrize(
    ("form", "good", "bad"), [("boolean", False, "false"), ("text", "false", False), ("either", "False", 0)]
)
def test_fiscal_credit_takes_the_form_that_the_settings_name(
    retailpro: httpx.Client, sandbox: SandboxProcess, form: str, good: Any, bad: Any
) -> None:
    sandbox.change(fiscal_credit=form)
    assert send_invoice(retailpro, invoice(FiscalCredit=good)).status_code == 200
    assert refused_fields(send_invoice(retailpro, invoice(FiscalCredit=bad))) == ["FiscalCredit"]


def test_fiscal_credit_makes_the_company_fields_mandatory(retailpro: httpx.Client) -> None:
    company = {"CompanyId": "1", "CompanyName": "Acme", "CompanyAddress": "Calle 2"}
    assert refused_fields(send_invoice(retailpro, invoice(FiscalCredit=True))) == list(company)
    assert send_invoice(retailpro, invoice(FiscalCredit=True, **company)).status_code == 200


@pytest.mark.parametrize("value", ["2025-02-11", "11/02/2025 09:14", "2025-02-30T09:14:00", 1739265240])
def test_a_created_date_must_be_a_date_and_time(retailpro: httpx.Client, value: Any) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(CreatedDate=value))) == ["CreatedDate"]


def test_a_zone_in_the_created_date_can_be_forbidden(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(created_date_zone="forbidden")
    assert refused_fields(send_invoice(retailpro, invoice(CreatedDate="2025-02-11T09:14:00Z"))) == ["CreatedDate"]
    assert send_invoice(retailpro, invoice()).status_code == 200


def test_an_unknown_field_is_refused_or_ignored_by_setting(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(orderNo="1"))) == ["orderNo"]
    sandbox.change(unknown_fields="ignore")
    assert send_invoice(retailpro, invoice(orderNo="1")).status_code == 200


def test_a_destination_is_only_for_orders_collected_in_a_store(retailpro: httpx.Client) -> None:
    answer = send_invoice(retailpro, invoice(DeliveryType=2, Items_0_StoreDest="GT205"))
    assert refused_fields(answer) == ["Items[0].StoreDest"]
    assert send_invoice(retailpro, invoice(DeliveryType=1, Items_0_StoreDest="GT205")).status_code == 200


@pytest.mark.parametrize("path", STORE_FIELDS)
def test_an_unknown_store_is_refused(retailpro: httpx.Client, path: str) -> None:
    assert refused_fields(send_invoice(retailpro, invoice(**{path: "XX999"}))) == [dotted(path)]


def test_an_unknown_upc_is_refused_where_the_service_checks(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    assert send_slip(retailpro, slip(Items_0_UPC="999")).status_code == 200
    sandbox.change(check_upcs=True)
    assert refused_fields(send_invoice(retailpro, invoice(Items_0_UPC="999"))) == ["Items[0].UPC"]


@pytest.mark.parametrize("path", ["SlipNo", "FromStore", "ToStore", "CreatedDate", "TotalQty", "Items"])
def test_every_field_of_a_slip_is_required(retailpro: httpx.Client, path: str) -> None:
    assert refused_fields(send_slip(retailpro, slip(**{path: None}))) == [path]


@pytest.mark.parametrize("path", ["Items_0_UPC", "Items_0_Qty"])
def test_every_field_of_a_slip_line_is_required(retailpro: httpx.Client, path: str) -> None:
    assert refused_fields(send_slip(retailpro, slip(**{path: None}))) == [dotted(path)]


def test_the_total_of_a_slip_is_the_sum_of_its_lines(retailpro: httpx.Client) -> None:
    assert refused_fields(send_slip(retailpro, slip(TotalQty=2))) == ["TotalQty"]


def test_a_slip_goes_to_another_store(retailpro: httpx.Client) -> None:
    assert refused_fields(send_slip(retailpro, slip(ToStore="GT205"))) == ["ToStore"]


def test_the_length_of_slip_numbers_is_a_setting(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(slip_no_max=8)
    assert refused_fields(send_slip(retailpro, slip(SlipNo="000318771"))) == ["SlipNo"]
    assert send_slip(retailpro, slip(SlipNo="00031877")).status_code == 200


@pytest.mark.parametrize("quantity", [0, -1])
def test_a_quantity_is_positive(retailpro: httpx.Client, quantity: int) -> None:
    assert refused_fields(send_slip(retailpro, slip(Items_0_Qty=quantity, TotalQty=quantity))) == ["Items[0].Qty"]


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"TotalAmt": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(retailpro: httpx.Client, content: bytes) -> None:
    answer = retailpro.post("/Document/Ordertoinvoice", content=content)
    assert refused_fields(answer) == [""]


@pytest.mark.parametrize("items", [[], "none", [7], {}])
def test_items_must_be_a_list_of_lines(retailpro: httpx.Client, items: Any) -> None:
    fields = refused_fields(send_invoice(retailpro, {**invoice(), "Items": items}))
    assert all(field.startswith("Items") for field in fields)


def test_every_error_of_a_body_is_named_at_once(retailpro: httpx.Client) -> None:
    answer = send_invoice(retailpro, invoice(OrderNo="X" * 10, PaymentType=9, CustomerBilling_Email=None))
    assert refused_fields(answer) == ["OrderNo", "PaymentType", "CustomerBilling.Email"]
