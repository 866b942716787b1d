"""The partner driver against a running service: documents made once, repeats, and every way to fail."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import structlog

from connectors.errors import Ambiguous, ConnectorError, Contract, NotFound, Rejected, Throttled, Unauthorized
from connectors.guard import writing_allowed
from connectors.ports import PosPort
from connectors.retailpro.export_v1 import Books, read_books
from connectors.retailpro.partner_v1 import PartnerV1
from connectors.settings import RetailProSettings
from domain.invoice import Slip
from domain.outcomes import Outcome, RepeatBehavior, WriteOutcome
from tests.connectors.conftest import MakePartner
from tests.connectors.test_partner_documents import an_invoice
from tests.sandbox.bodies import eventually
from tests.support.raw_server import RawServer, an_answer
from tests.support.sandbox import SandboxProcess

INVOICE = "/api/v1/Document/Ordertoinvoice"
AT = datetime(2025, 2, 12, 0, 2, tzinfo=UTC)
SLIP = Slip(order_no="A1", revision=0, from_store="GT205", to_store="GT101", units=(("0740000000028", 2),))


@pytest.fixture(autouse=True)
def stores(sandbox: SandboxProcess) -> None:
    """The two stores of the worked example."""
    sandbox.seed(facilities=[{"facilityId": "GT101"}, {"facilityId": "GT205"}])


def invoice(partner: PartnerV1, **changes: Any) -> WriteOutcome:
    """Send the worked example as the effect mechanism does."""
    with writing_allowed():
        return partner.create_invoice(partner.invoice_body(an_invoice(**changes)))


def slip(partner: PartnerV1, number: int = 7) -> WriteOutcome:
    """Send a slip as the effect mechanism does."""
    with writing_allowed():
        return partner.create_slip(partner.slip_body(SLIP, partner.slip_no(number), AT))


def invoices(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """The invoices in Retail Pro."""
    found: list[dict[str, Any]] = sandbox.get("/admin/invoices")["invoices"]
    return found


def stock(sandbox: SandboxProcess) -> dict[tuple[str, str], float]:
    """By how much the stock changed, by store and UPC."""
    return {(row["store"], row["upc"]): row["change"] for row in sandbox.get("/admin/stock")["stock"]}


def test_the_worked_example_makes_one_invoice(sandbox: SandboxProcess, make_partner: MakePartner) -> None:
    partner: PosPort = make_partner()
    body = partner.invoice_body(an_invoice())
    with writing_allowed():
        outcome = partner.create_invoice(body)
    (made,) = invoices(sandbox)
    assert (outcome.outcome, outcome.number, outcome.http_status) == (Outcome.CREATED, made["documentNo"], 200)
    assert json.loads(outcome.raw)["DocumentNo"] == made["documentNo"]
    (call,) = sandbox.calls()
    assert (call["body"], call["path"], call["method"]) == (body, INVOICE, "POST")
    assert stock(sandbox) == {("GT101", "0740000000011"): -1, ("GT101", "0740000000028"): -1}


def test_a_slip_moves_stock_between_stores(sandbox: SandboxProcess, make_partner: MakePartner) -> None:
    outcome = slip(make_partner())
    assert outcome.outcome is Outcome.CREATED
    assert outcome.number is not None
    assert stock(sandbox) == {("GT205", "0740000000028"): -2, ("GT101", "0740000000028"): 2}


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_without_identifiers_has_no_number(
    sandbox: SandboxProcess, make_partner: MakePartner, status: int
) -> None:
    sandbox.change(answer_identifiers=False, success_status=status)
    outcome = invoice(make_partner())
    assert (outcome.outcome, outcome.number) == (Outcome.CREATED, None)


@pytest.mark.parametrize("named", [True, False])
def test_a_repeat_that_is_refused_already_exists(
    sandbox: SandboxProcess, make_partner: MakePartner, named: bool
) -> None:
    sandbox.change(invoice_repeat="rejects", slip_repeat="rejects", repeat_names_document=named)
    partner = make_partner(repeat="rejects")
    for send in (invoice, slip):
        first, second = send(partner), send(partner)
        assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.ALREADY_EXISTS)
        assert second.number == (first.number if named else None)
    assert len(invoices(sandbox)) == 1
    assert partner.repeat is RepeatBehavior.REJECTS


def test_a_repeat_that_is_ignored_is_answered_with_the_same_number(
    sandbox: SandboxProcess, make_partner: MakePartner
) -> None:
    sandbox.change(invoice_repeat="ignores")
    partner = make_partner(repeat="ignores")
    first, second = invoice(partner), invoice(partner)
    assert first == second
    assert len(invoices(sandbox)) == 1


def test_a_refusal_names_the_field_and_makes_nothing(sandbox: SandboxProcess, make_partner: MakePartner) -> None:
    outcome = invoice(make_partner(), store="XX999")
    assert (outcome.outcome, outcome.http_status) == (Outcome.REJECTED, 400)
    assert "InvoicingStore" in outcome.problem
    assert invoices(sandbox) == []


@pytest.mark.parametrize(
    ("service", "client", "wrong"),
    [
        (
            {"kind": "basic", "username": "shop", "password": "s3cret"},
            {"auth": "basic", "username": "shop", "password": "s3cret"},
            {"auth": "basic", "username": "shop", "password": "other"},
        ),
        ({"kind": "bearer", "token": "s3cret"}, {"auth": "bearer", "token": "s3cret"}, {"auth": "none"}),
        (
            {"kind": "api_key", "token": "s3cret", "header": "X-Shop"},
            {"auth": "api_key_header", "token": "s3cret", "api_key_header": "X-Shop"},
            {"auth": "api_key_header", "token": "s3cret"},
        ),
    ],
    ids=["basic", "bearer", "api_key"],
)
def test_the_service_lets_in_who_shows_the_right_credentials(
    sandbox: SandboxProcess,
    make_partner: MakePartner,
    service: dict[str, Any],
    client: dict[str, Any],
    wrong: dict[str, Any],
) -> None:
    sandbox.change(retailpro_auth=service)
    with pytest.raises(Unauthorized) as refused:
        invoice(make_partner(**wrong))
    assert "s3cret" not in str(refused.value)
    assert invoices(sandbox) == []
    assert invoice(make_partner(**client)).outcome is Outcome.CREATED


FAULTS: list[tuple[dict[str, Any], type[ConnectorError], int]] = [
    ({"kind": "drop", "when": "before"}, Ambiguous, 0),
    ({"kind": "drop", "when": "after"}, Ambiguous, 1),
    ({"kind": "stall", "when": "before"}, Ambiguous, 0),
    ({"kind": "stall", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 500, "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 502}, Ambiguous, 0),
    ({"kind": "status", "status": 503, "retry_after": 2}, Ambiguous, 0),
    ({"kind": "status", "status": 504, "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "not_json"}, Ambiguous, 0),
    ({"kind": "garbage", "garbage": "truncated", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "wrong_types", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "empty"}, Ambiguous, 0),
    ({"kind": "garbage", "garbage": "huge", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 408, "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 429}, Throttled, 0),
    ({"kind": "status", "status": 429, "retry_after": 3}, Throttled, 0),
    ({"kind": "status", "status": 401}, Unauthorized, 0),
    ({"kind": "status", "status": 403}, Unauthorized, 0),
]
FAULT_NAMES = ["-".join(map(str, fault.values())) for fault, _, _ in FAULTS]


@pytest.mark.parametrize(("fault", "kind", "made"), FAULTS, ids=FAULT_NAMES)
def test_a_failed_write_is_of_the_exact_kind(
    sandbox: SandboxProcess,
    make_partner: MakePartner,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    made: int,
) -> None:
    sandbox.fault(**fault, system="retailpro", path=INVOICE)
    with pytest.raises(ConnectorError) as refused:
        invoice(make_partner(timeout_read=0.5 if fault["kind"] == "stall" else 20))
    assert type(refused.value) is kind
    assert fault["kind"] != "stall" or eventually(lambda: bool(sandbox.get("/admin/held")["held"]))
    sandbox.post("/admin/release", {"outcome": "drop"})
    assert len(invoices(sandbox)) == made
    for secret in ("Ana", "example.test", "55550000", "Calle"):
        assert secret not in str(refused.value) + repr(refused.value)


def test_neither_personal_data_nor_credentials_reach_a_log(
    sandbox: SandboxProcess, make_partner: MakePartner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    sandbox.change(retailpro_auth={"kind": "bearer", "token": "s3cret"})
    partner = make_partner(auth="bearer", token="s3cret", timeout_read=0.5)
    with structlog.testing.capture_logs() as lines:
        for fault in ({"kind": "latency", "seconds": 0}, *(fault for fault, _, _ in FAULTS[:2])):
            sandbox.fault(**fault, path=INVOICE, next=1)
            with suppress(Ambiguous):
                invoice(partner)
    assert len(lines) == 3
    for secret in ("Ana", "example.test", "55550000", "Calle", "s3cret"):
        assert secret not in caplog.text + str(lines)


@pytest.mark.parametrize("fault", [{"kind": "soft_error"}, {"kind": "status", "status": 422}])
def test_a_plain_refusal_is_an_outcome(
    sandbox: SandboxProcess, make_partner: MakePartner, fault: dict[str, Any]
) -> None:
    sandbox.fault(**fault, path=INVOICE, message="Store closed")
    outcome = invoice(make_partner())
    assert outcome.outcome is Outcome.REJECTED
    assert "Store closed" in outcome.problem


def test_no_document_can_be_looked_up(make_partner: MakePartner) -> None:
    partner = make_partner()
    assert not partner.can_find
    with pytest.raises(Rejected, match="A10000417"):
        partner.find_invoice(partner.invoice_body(an_invoice()))
    with pytest.raises(Rejected, match="00000007"):
        partner.find_slip(partner.slip_body(SLIP, partner.slip_no(7), AT))


def test_the_addresses_are_known_without_a_call(sandbox: SandboxProcess, make_partner: MakePartner) -> None:
    partner = make_partner(transfer_path="/other/Slip")
    assert partner.invoice_url == sandbox.retailpro_url + INVOICE
    assert partner.slip_url == f"{sandbox.retailpro_url}/other/Slip"
    assert sandbox.calls() == []


# ---- the books, for the proof ----------------------------------------------------------------------------------------

SETTINGS = RetailProSettings.model_validate(
    {"base_url": "https://rp.example.test", "auth": "bearer", "token": "s3cret"}
)


def written(tmp_path: Path, export: Any) -> str:
    """The path of an export with this content."""
    path = tmp_path / "export.json"
    path.write_text(export if isinstance(export, str) else json.dumps(export))
    return str(path)


def test_the_books_tell_what_the_service_made(
    sandbox: SandboxProcess, make_partner: MakePartner, tmp_path: Path
) -> None:
    partner = make_partner()
    number = invoice(partner).number
    slip(partner)
    books = read_books(written(tmp_path, sandbox.books()), SETTINGS)
    (made,) = books.invoices
    assert (made.order_no, made.document_no, made.invoicing_store) == ("A10000417", number, "GT101")
    assert (made.total_amt, [(i.upc, i.qty, i.store_orig) for i in made.items]) == (
        Decimal(180),
        [("0740000000011", Decimal(1), "GT101"), ("0740000000028", Decimal(1), "GT205")],
    )
    (moved,) = books.slips
    assert (moved.slip_no, moved.from_store, moved.to_store) == ("00000007", "GT205", "GT101")
    assert [(item.upc, item.qty) for item in moved.items] == [("0740000000028", Decimal(2))]
    assert {(row.store, row.upc): row.change for row in books.stock} == stock(sandbox)
    assert books.bad == ()


def test_bad_rows_are_named_and_the_others_stay(tmp_path: Path) -> None:
    good = {"Store": "GT101", "UPC": 740000000011, "Change": -1.5}
    no_items = {"OrderNo": "A1", "InvoicingStore": "GT101", "TotalAmt": 1}
    export = {
        "invoices": [no_items, "row", {**no_items, "Items": [{"UPC": "1", "Qty": "many"}]}, {**no_items, "Items": []}],
        "slips": [],
        "stock": [good, {**good, "Change": True}],
    }
    books = read_books(written(tmp_path, export), SETTINGS)
    assert [bad.split(":")[0] for bad in books.bad] == [
        "invoices[0].Items",
        "invoices[1]",
        "invoices[2].Items[0].Qty",
        "stock[1].Change",
    ]
    assert len(books.invoices) == 1
    assert (books.stock[0].upc, books.stock[0].change) == ("740000000011", Decimal("-1.5"))


@pytest.mark.parametrize(
    ("export", "place"),
    [("{", "export.json"), ([], "export"), ({"invoices": [], "slips": []}, "stock"), ({"invoices": {}}, "invoices")],
)
def test_an_export_that_is_none_is_refused(tmp_path: Path, export: Any, place: str) -> None:
    with pytest.raises(Contract) as refused:
        read_books(written(tmp_path, export), SETTINGS)
    assert refused.value.place.endswith(place)


def test_a_missing_export_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="proof_export"):
        read_books(str(tmp_path / "none.json"), SETTINGS)


def test_an_export_behind_a_url_is_read_and_only_the_service_sees_its_credentials() -> None:
    export = an_answer(b'{"invoices":[],"slips":[],"stock":[]}')
    with RawServer([export]) as server:
        location = f"{server.url}/books?day=1"
        assert read_books(location, SETTINGS) == Books(invoices=(), slips=(), stock=())
        own = SETTINGS.model_copy(update={"base_url": server.url})
        assert read_books(location, own) == Books(invoices=(), slips=(), stock=())
    stranger, service = server.requests
    assert stranger.startswith(b"GET /books?day=1 ")
    assert b"s3cret" not in stranger
    assert b"Authorization: Bearer s3cret" in service


def test_a_refused_export_is_rejected_without_its_query() -> None:
    with RawServer([an_answer(b"", "404 Not Found")]) as server, pytest.raises(Rejected) as refused:
        read_books(f"{server.url}/books?key=s3cret", SETTINGS)
    assert "s3cret" not in str(refused.value)
