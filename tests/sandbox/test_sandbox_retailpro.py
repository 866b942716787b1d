"""What the partner service does with documents that are right."""

import httpx
import pytest

from tests.sandbox.bodies import CARD, P1, P2, eventually, invoice, order, slip
from tests.support.sandbox import SandboxProcess

INVOICE, SLIP = "/Document/Ordertoinvoice", "/Transfer/Slip"


def stock(sandbox: SandboxProcess) -> dict[tuple[str, str], float]:
    return {(row["store"], row["upc"]): row["quantity"] for row in sandbox.get("/admin/stock")["stock"]}


def test_an_invoice_lowers_stock_at_the_invoicing_store_even_below_zero(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.seed(stock=[{"store": "GT101", "upc": P1, "quantity": 5}])
    assert retailpro.post(INVOICE, json=invoice(Items_0_Qty=2)).status_code == 200
    assert stock(sandbox) == {("GT101", P1): 3, ("GT101", P2): -1}


def test_a_slip_moves_stock_from_one_store_to_the_other(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    assert retailpro.post(SLIP, json=slip()).status_code == 200
    assert stock(sandbox) == {("GT205", P2): -1, ("GT101", P2): 1}


def test_a_digital_product_moves_no_stock(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    retailpro.post(INVOICE, json=invoice(Items_0_UPC=CARD)).raise_for_status()
    assert stock(sandbox) == {("GT101", P2): -1}


def test_a_sale_at_the_till_lowers_stock_of_the_selling_store(sandbox: SandboxProcess) -> None:
    sandbox.post("/admin/pos-sales", {"store": "GT309", "items": [{"upc": P1, "quantity": 3}]})
    assert stock(sandbox) == {("GT309", P1): -3}


def test_success_carries_a_number_and_an_eighteen_digit_sid(retailpro: httpx.Client) -> None:
    answer = retailpro.post(INVOICE, json=invoice()).json()
    assert answer["success"] is True
    assert answer["DocumentNo"].isdigit()
    assert len(answer["Sid"]) == 18


def test_success_can_come_without_identifiers_and_with_201(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(answer_identifiers=False, success_status=201)
    answer = retailpro.post(SLIP, json=slip())
    assert (answer.status_code, answer.json()) == (201, {"success": True})


@pytest.mark.parametrize(("path", "body", "kind"), [(INVOICE, invoice(), "invoice"), (SLIP, slip(), "slip")])
def test_a_service_that_rejects_repeats_says_409_and_names_the_document(
    retailpro: httpx.Client, sandbox: SandboxProcess, path: str, body: dict[str, object], kind: str
) -> None:
    first = retailpro.post(path, json=body).json()["DocumentNo"]
    again = retailpro.post(path, json=body)
    assert again.status_code == 409
    assert "already exists" in again.json()["Message"]
    assert first in again.json()["Message"]
    assert len(sandbox.get(f"/admin/{kind}s")[f"{kind}s"]) == 1


def test_a_rejection_can_keep_the_document_to_itself(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(repeat_names_document=False)
    first = retailpro.post(INVOICE, json=invoice()).json()["DocumentNo"]
    assert first not in retailpro.post(INVOICE, json=invoice()).text


def test_a_service_that_ignores_repeats_answers_as_before_and_applies_nothing(
    retailpro: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.change(invoice_repeat="ignores")
    first, second = (retailpro.post(INVOICE, json=invoice()).json() for _ in range(2))
    assert first == second
    assert stock(sandbox) == {("GT101", P1): -1, ("GT101", P2): -1}
    assert [call["applied"] for call in sandbox.calls(system="retailpro")] == [True, False]


def test_a_service_that_duplicates_makes_a_second_document(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(slip_repeat="duplicates")
    first, second = (retailpro.post(SLIP, json=slip()).json()["DocumentNo"] for _ in range(2))
    assert first != second
    assert stock(sandbox)["GT205", P2] == -2


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ({"kind": "basic", "username": "u", "password": "p"}, {"authorization": "Basic dTpw"}),
        ({"kind": "bearer", "token": "t"}, {"authorization": "Bearer t"}),
        ({"kind": "api_key", "header": "X-Key", "token": "t"}, {"x-key": "t"}),
    ],
)
def test_the_service_can_demand_credentials(
    retailpro: httpx.Client, sandbox: SandboxProcess, auth: dict[str, str], headers: dict[str, str]
) -> None:
    sandbox.change(retailpro_auth=auth)
    assert retailpro.post(SLIP, json=slip()).status_code == 401
    assert retailpro.post(SLIP, json=slip(), headers=headers).status_code == 200


def test_the_store_confirms_an_accepted_invoice_after_a_while(retailpro: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(confirm_after_s=0.05)
    sandbox.seed(orders=[order()])
    retailpro.post(INVOICE, json=invoice()).raise_for_status()
    assert eventually(lambda: "attributes" in sandbox.get("/admin/orders/HW1"))
    [attribute] = sandbox.get("/admin/orders/HW1")["attributes"]
    assert (attribute["attrName"], attribute["attrValue"]) == ("retailProStatus", "Invoiced")


def test_only_the_two_documented_calls_exist(retailpro: httpx.Client) -> None:
    assert retailpro.get(INVOICE).status_code == 405
    answer = retailpro.get("/Document/A1000417")
    assert (answer.status_code, answer.json()["success"]) == (404, False)
