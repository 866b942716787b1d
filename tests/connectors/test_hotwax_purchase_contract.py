"""The driver of purchase orders against the sandbox: files in, orders back, receipts, and every fault between."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event
from time import monotonic
from typing import Any

import httpx
import pytest

from connectors.errors import Ambiguous, ConnectorError, NotFound, Rejected, Throttled, Unauthorized, Unreachable
from connectors.hotwax.purchase import HotWaxPurchase
from connectors.po_ports import ImportProgress, JobState, OmsPurchaseOrder, ReceiptPage, UnclearPurchaseOrder
from domain.outcomes import Outcome, WriteOutcome
from tests.connectors.purchase_help import a_purchase, upload
from tests.support.sandbox import SandboxProcess

HEADER = "external-id,product-sku,quantity,external-facility-id,item-external-id,arrival-date"
PO = "4410021"
NAME = "WB-IMP-1.csv"
UPLOAD = "/api/uploadAndImportFile"
_ENDS_WITHIN_S = 60.0

Make = Callable[..., HotWaxPurchase]


@pytest.fixture
def make(sandbox: SandboxProcess, closers: ExitStack) -> Make:
    """A maker of drivers for the sandbox's HotWax, which knows two stores and two products."""
    sandbox.seed(
        facilities=[{"facilityId": "GT101", "externalId": "17"}, {"facilityId": "GT205", "externalId": "18"}],
        products=[{"productId": "P1", "sku": "SHOE-BLK-42"}, {"productId": "P2", "sku": 'BAG, "L" 5"'}],
    )

    def maker(**settings: Any) -> HotWaxPurchase:
        given = {"username": "waybill", "password": "waybill", "timeout_read": 20, **settings}
        return closers.enter_context(a_purchase(sandbox.hotwax_url, **given))

    return maker


def row(line: str, *, po: str = PO, sku: str = "SHOE-BLK-42", pieces: str = "24", due: str = "11/25/2026") -> str:
    """A row of an import file; store 18 receives the bags."""
    quoted = '"' + sku.replace('"', '""') + '"'
    return f"{po},{quoted},{pieces},{17 if sku.startswith('SHOE') else 18},{line},{due}"


def csv_of(*rows: str) -> bytes:
    """An import file."""
    return "\n".join((HEADER, *rows, "")).encode()


def finished(driver: HotWaxPurchase, outcome: WriteOutcome) -> ImportProgress:
    """The progress of an upload when its job has ended; asks until it has."""
    assert outcome.number
    end = monotonic() + _ENDS_WITHIN_S
    while (progress := driver.import_progress(outcome.number)).state is JobState.PENDING:
        assert monotonic() < end, f"the import is still {progress.status}"
        Event().wait(0.02)
    return progress


def imported(driver: HotWaxPurchase, *rows: str, name: str = NAME) -> ImportProgress:
    """Import these rows to the end."""
    return finished(driver, upload(driver, driver.import_body(name, csv_of(*rows))))


def the_order(driver: HotWaxPurchase, po_id: str = PO) -> OmsPurchaseOrder:
    """A purchase order that HotWax has, and that is clear."""
    order = driver.read_back([po_id])[po_id]
    assert isinstance(order, OmsPurchaseOrder)
    return order


def receive(sandbox: SandboxProcess, order_id: str, items: Sequence[dict[str, Any]]) -> None:
    """Receive as the receiving app does."""
    with httpx.Client(base_url=sandbox.hotwax_url, trust_env=False) as app:
        said = app.post("/rest/s1/admin/login", json={"username": "waybill", "password": "waybill"}).json()
        head = {"Authorization": f"Bearer {said['token']}"}
        path = f"/rest/s1/oms/purchaseOrders/{order_id}/receive"
        app.post(path, json={"facilityId": "GT101", "items": items}, headers=head).raise_for_status()


def test_what_is_imported_is_what_is_read_back(make: Make) -> None:
    driver = make()
    progress = imported(driver, row("3"), row("12", sku='BAG, "L" 5"', pieces="2.5", due=""))
    assert (progress.is_clean, progress.total, progress.failed) == (True, 2, 0)
    order = the_order(driver)
    assert [(x.line_id, x.sku, x.pieces, x.facility, x.arrival, x.closed) for x in order.lines] == [
        ("3", "SHOE-BLK-42", Decimal(24), "17", date(2026, 11, 25), False),
        ("12", 'BAG, "L" 5"', Decimal("2.5"), "18", None, False),
    ]


def test_a_file_that_waits_for_its_import_is_pending(sandbox: SandboxProcess, make: Make) -> None:
    driver = make()
    sandbox.change(import_delay_s=3600)
    outcome = upload(driver, driver.import_body(NAME, csv_of(row("3"))))
    assert driver.import_progress(outcome.number or "").state is JobState.PENDING
    assert driver.read_back([PO]) == {}
    sandbox.change(import_delay_s=0.2)
    assert imported(driver, row("3"), name="WB-IMP-2.csv").is_clean


def test_refused_records_come_back_with_their_reasons_and_the_others_are_there(make: Make) -> None:
    driver = make()
    progress = imported(driver, row("3"), row("4", sku="SHOE-?"), row("1", po="4410022", pieces="-1"))
    assert (progress.state, progress.total, progress.failed, progress.is_clean) == (JobState.FINISHED, 3, 2, False)
    lines = driver.import_errors(progress.error_content_id or "").decode().splitlines()
    assert lines[0] == f"{HEADER},error"
    assert [line.split(",")[0] for line in lines[1:]] == [PO, "4410022"]
    assert "SHOE-?" in lines[1]
    assert [line.line_id for line in the_order(driver).lines] == ["3"]


def test_a_file_that_cannot_be_imported_at_all_fails_as_a_whole(make: Make) -> None:
    driver = make()
    progress = finished(driver, upload(driver, driver.import_body(NAME, b"a,b\n1,2\n")))
    assert (progress.state, progress.is_clean) == (JobState.FAILED, False)


def test_an_error_file_that_is_not_there_is_refused(make: Make) -> None:
    with pytest.raises(Rejected, match="Content 99 not found"):
        make().import_errors("99")


def test_a_configuration_that_hotwax_does_not_know_is_a_rejection(make: Make) -> None:
    driver = make(import_config="IMP_PO_X")
    outcome = upload(driver, driver.import_body(NAME, csv_of(row("3"))))
    assert (outcome.outcome, outcome.number) == (Outcome.REJECTED, None)
    assert "IMP_PO_X" in outcome.problem


def test_an_amended_line_is_changed_and_another_added(make: Make) -> None:
    driver = make()
    imported(driver, row("3"))
    imported(driver, row("3", pieces="30", due="12/01/2026"), row("4"), name="WB-IMP-2.csv")
    assert [(x.line_id, x.pieces, x.arrival) for x in the_order(driver).lines] == [
        ("3", Decimal(30), date(2026, 12, 1)),
        ("4", Decimal(24), date(2026, 11, 25)),
    ]


def test_a_hotwax_that_doubles_is_found_out(sandbox: SandboxProcess, make: Make) -> None:
    sandbox.change(import_repeat="duplicates")
    driver = make()
    for name in (NAME, "WB-IMP-2.csv"):
        imported(driver, row("3"), name=name)
    order = driver.read_back([PO])[PO]
    assert isinstance(order, UnclearPurchaseOrder)
    assert (order.is_doubled, len(order.order_ids)) == (True, 2)


def test_lines_are_closed_by_a_file(make: Make) -> None:
    driver = make()
    imported(driver, row("3"), row("4"))
    closing = driver.close_body("WB-CLOSE-1.csv", f"external-id,item-external-id\n{PO},4\n".encode())
    assert finished(driver, upload(driver, closing)).is_clean
    assert [(line.line_id, line.closed) for line in the_order(driver).lines] == [("3", False), ("4", True)]


WRITE_FAULTS: list[tuple[dict[str, Any], type[ConnectorError], int]] = [
    ({"kind": "drop", "when": "before"}, Ambiguous, 0),
    ({"kind": "drop", "when": "after"}, Ambiguous, 1),
    ({"kind": "stall", "when": "after", "seconds": 5}, Ambiguous, 1),
    ({"kind": "status", "status": 500}, Ambiguous, 0),
    ({"kind": "status", "status": 504, "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "not_json", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "empty", "when": "after"}, Ambiguous, 1),
    ({"kind": "garbage", "garbage": "huge", "when": "after"}, Ambiguous, 1),
    ({"kind": "status", "status": 429, "retry_after": 3}, Throttled, 0),
    ({"kind": "status", "status": 403}, Unauthorized, 0),
]


@pytest.mark.parametrize(
    ("fault", "kind", "uploads"), WRITE_FAULTS, ids=["-".join(map(str, fault.values())) for fault, _, _ in WRITE_FAULTS]
)
def test_a_failed_upload_is_of_the_exact_kind_and_the_look_up_tells_the_truth(
    sandbox: SandboxProcess, make: Make, fault: dict[str, Any], kind: type[ConnectorError], uploads: int
) -> None:
    sandbox.fault(**fault, method="POST", path=UPLOAD)
    driver = make(timeout_read=2)
    body = driver.import_body(NAME, csv_of(row("3")))
    with pytest.raises(ConnectorError) as refused:
        upload(driver, body)
    assert type(refused.value) is kind
    sandbox.post("/admin/release", {"outcome": "drop"})
    sandbox.heal()
    found = driver.find_upload(body)
    assert (found is not None) == bool(uploads)
    if found:
        assert finished(driver, found).is_clean


def test_an_upload_whose_log_is_late_is_not_found_yet_and_counts_as_pending(
    sandbox: SandboxProcess, make: Make
) -> None:
    sandbox.fault("delayed_visibility", seconds=3600)
    driver = make()
    body = driver.import_body(NAME, csv_of(row("3")))
    outcome = upload(driver, body)
    assert driver.find_upload(body) is None
    assert driver.import_progress(outcome.number or "") == ImportProgress(
        upload_id=outcome.number or "", state=JobState.PENDING
    )


# ---- receipts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["entity", "purchase_orders"])
def test_what_a_store_receives_is_told_per_line_with_its_shipment(
    sandbox: SandboxProcess, make: Make, source: str
) -> None:
    driver = make(receipts_source=source)
    imported(driver, row("3"), row("4"))
    order = the_order(driver)
    first, second = (line.seq_id for line in order.lines)
    receive(sandbox, order.order_id, [{"orderItemSeqId": first, "quantityAccepted": 20, "quantityRejected": 1}])
    receive(
        sandbox, order.order_id, [{"orderItemSeqId": second, "quantityAccepted": 2.5, "statusId": "ITEM_COMPLETED"}]
    )
    page = driver.receipts_since(datetime.now(UTC) - timedelta(minutes=5), 0)
    assert [(r.order_id, r.seq_id, r.sku, r.accepted, r.rejected) for r in page.receipts] == [
        (order.order_id, first, "SHOE-BLK-42", Decimal(20), Decimal(1)),
        (order.order_id, second, "SHOE-BLK-42", Decimal("2.5"), Decimal(0)),
    ]
    assert len({receipt.shipment_id for receipt in page.receipts}) == 2
    assert driver.receipts_of(order.order_id).receipts == page.receipts
    assert [line.closed for line in the_order(driver).lines] == [False, True]


@pytest.mark.parametrize("named", [True, False])
def test_a_product_that_is_not_on_the_purchase_order_is_told_with_its_order(
    sandbox: SandboxProcess, make: Make, named: bool
) -> None:
    sandbox.change(unplanned_names_order=named)
    driver = make()
    imported(driver, row("3"))
    order = the_order(driver)
    receive(sandbox, order.order_id, [{"productId": "P2", "quantityAccepted": 4}])
    page = driver.receipts_since(datetime.now(UTC) - timedelta(minutes=5), 0)
    assert [(r.order_id, r.seq_id, r.sku, r.accepted) for r in page.receipts] == [
        (order.order_id, None, 'BAG, "L" 5"', Decimal(4))
    ]


def test_receipts_come_in_pages_and_all_of_them(sandbox: SandboxProcess, make: Make) -> None:
    driver = make(page_size=4)
    imported(driver, row("3"))
    order = the_order(driver)
    for _ in range(9):
        receive(sandbox, order.order_id, [{"orderItemSeqId": order.lines[0].seq_id, "quantityAccepted": 1}])
    since, pages = datetime.now(UTC) - timedelta(minutes=5), list[ReceiptPage]()
    while not pages or not pages[-1].last:
        pages.append(driver.receipts_since(since, len(pages)))
    assert [len(page.receipts) for page in pages] == [4, 4, 1, 0]
    assert len({receipt.receipt_id for page in pages for receipt in page.receipts}) == 9


def test_a_hotwax_without_the_resource_says_so(sandbox: SandboxProcess, make: Make) -> None:
    driver = make(receipts_source="purchase_orders")
    imported(driver, row("3"))
    order_id = the_order(driver).order_id
    sandbox.change(purchase_orders_offered=False)
    with pytest.raises(NotFound, match="purchaseOrders"):
        driver.receipts_of(order_id)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "drop", "when": "before"}, Unreachable),
        ({"kind": "stall", "seconds": 5}, Unreachable),
        ({"kind": "status", "status": 503}, Unreachable),
        ({"kind": "status", "status": 429}, Throttled),
        ({"kind": "soft_error"}, Rejected),
    ],
)
def test_a_failed_read_is_of_the_exact_kind(
    sandbox: SandboxProcess, make: Make, fault: dict[str, Any], kind: type[ConnectorError]
) -> None:
    driver = make(timeout_read=2)
    imported(driver, row("3"))
    sandbox.fault(**fault, system="hotwax", path="/rest/s1/oms/entityData")
    reads: list[Callable[[], object]] = [
        lambda: driver.read_back([PO]),
        lambda: driver.receipts_since(datetime.now(UTC), 0),
        lambda: driver.import_progress("1"),
    ]
    for one in reads:
        with pytest.raises(ConnectorError) as refused:
            one()
        assert type(refused.value) is kind
