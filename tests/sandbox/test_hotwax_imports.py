"""The Data Manager: uploads, its log, error files, what a row does to an order, and how a repetition is taken."""

import httpx
import pytest

from tests.sandbox.bodies import eventually
from tests.sandbox.erp import PRODUCTS, STORES
from tests.sandbox.receiving import CLOSES, HEADER, LOG, api, entity, failed_rows, imported, items, upload
from tests.support.sandbox import SandboxProcess

LINE_1 = "4410021,SKU-1,24,17,3,06/15/2026"
LINE_2 = "4410021,SKU-2,5,18,10,"


@pytest.fixture
def oms(sandbox: SandboxProcess, hotwax: httpx.Client) -> httpx.Client:
    """HotWax with two stores and three products."""
    sandbox.seed(facilities=STORES, products=PRODUCTS)
    return hotwax


def test_a_file_makes_an_approved_order_with_its_lines_at_their_facilities(oms: httpx.Client) -> None:
    log = imported(oms, LINE_1, LINE_2)
    assert (log["statusId"], log["totalRecordCount"], log["failedRecordCount"]) == ("SERVICE_FINISHED", 2, 0)
    assert ("errorRecordContentId" in log, log["fileName"]) == (False, "po.csv")
    [header] = entity(oms, "org.apache.ofbiz.order.order.OrderHeader", externalId="4410021")
    assert (header["orderTypeId"], header["statusId"]) == ("PURCHASE_ORDER", "ORDER_APPROVED")
    names = ("externalId", "productId", "quantity", "facilityId", "statusId", "estimatedDeliveryDate")
    assert [[item.get(name) for name in names] for item in items(oms, "4410021")] == [
        ["3", "P1", 24, "GT101", "ITEM_APPROVED", 1_781_481_600_000],
        ["10", "P2", 5, "GT205", "ITEM_APPROVED", None],
    ]


def test_an_import_waits_runs_and_ends_in_its_own_time(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.change(import_delay_s=5)
    content_id = upload(oms, LINE_1).json()["uploadFileContentId"]
    seen: list[str] = []

    def is_finished() -> bool:
        [log] = entity(oms, LOG, uploadFileContentId=content_id)
        seen.append(log["statusId"])
        return seen[-1] == "SERVICE_FINISHED"

    assert eventually(is_finished)
    assert list(dict.fromkeys(seen)) == ["SERVICE_PENDING", "SERVICE_RUNNING", "SERVICE_FINISHED"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("4410021,SKU-9,24,17,3,", "product-sku: there is no product SKU-9"),
        ("4410021,SKU-1,24,undefined,3,", "external-facility-id: there is no facility undefined"),
        ("4410021,SKU-1,0,17,3,", "quantity: '0' is no quantity"),
        ("4410021,SKU-1,1,17,3,2026-06-15", "arrival-date: '2026-06-15' is no date MM/DD/YYYY"),
        (",SKU-1,1,17,3,", "external-id: is required"),
        ("4410021,SKU,1,1,17,3,", "the row has 7 columns, the header 6"),
    ],
)
def test_a_row_that_fails_comes_back_with_its_reason_and_stops_no_other(
    oms: httpx.Client, row: str, reason: str
) -> None:
    log = imported(oms, row, LINE_2)
    assert (log["statusId"], log["totalRecordCount"], log["failedRecordCount"]) == ("SERVICE_FINISHED", 2, 1)
    header, failed = failed_rows(oms, log)
    assert (header, failed) == (f"{HEADER},error", f'{row},"{reason}"' if "," in reason else f"{row},{reason}")
    assert [item["externalId"] for item in items(oms, "4410021")] == ["10"]


def test_a_file_with_another_header_fails_as_a_whole(oms: httpx.Client) -> None:
    files = {"uploadedFile": ("x.csv", b"a,b\n1,2\n")}
    answer = oms.post(api(oms, "uploadAndImportFile"), data={"configId": CLOSES}, files=files).json()
    sought = {"uploadFileContentId": answer["uploadFileContentId"]}
    assert eventually(lambda: entity(oms, LOG, **sought)[0]["statusId"] == "SERVICE_FAILED")
    assert "the header lacks" in failed_rows(oms, entity(oms, LOG, **sought)[0])[1]


@pytest.mark.parametrize("date", ["", "null", "06/15/2026"])
def test_quoted_cells_and_missing_dates_are_read(oms: httpx.Client, date: str) -> None:
    assert imported(oms, f'"4410021","SKU-1","2.5",17,3,{date}')["failedRecordCount"] == 0
    assert items(oms, "4410021")[0]["quantity"] == 2.5


@pytest.mark.parametrize(
    ("repeat", "expected"),
    [
        ("upserts", [("3", 30), ("10", 5), ("11", 1)]),
        ("ignores", [("3", 24), ("10", 5)]),
        ("duplicates", [("3", 24), ("10", 5), ("3", 30), ("11", 1)]),
    ],
)
def test_the_switch_decides_what_a_repeated_external_id_does(
    oms: httpx.Client, sandbox: SandboxProcess, repeat: str, expected: list[tuple[str, int]]
) -> None:
    sandbox.change(import_repeat=repeat)
    imported(oms, LINE_1, LINE_2)
    imported(oms, "4410021,SKU-1,30,18,3,", "4410021,SKU-1,1,17,11,")
    assert [(item["externalId"], item["quantity"]) for item in items(oms, "4410021")] == expected


def test_an_upsert_moves_a_line_to_another_facility(oms: httpx.Client) -> None:
    imported(oms, LINE_1)
    imported(oms, "4410021,SKU-1,24,18,3,07/01/2026")
    [item] = items(oms, "4410021")
    assert (item["facilityId"], item["estimatedDeliveryDate"]) == ("GT205", 1_782_864_000_000)


def test_the_close_file_closes_lines_and_with_the_last_one_the_order(oms: httpx.Client) -> None:
    imported(oms, LINE_1, LINE_2)
    assert imported(oms, "4410021,3", config=CLOSES)["failedRecordCount"] == 0
    assert [item["statusId"] for item in items(oms, "4410021")] == ["ITEM_COMPLETED", "ITEM_APPROVED"]
    imported(oms, "4410021,", config=CLOSES)
    assert entity(oms, "OrderHeader", externalId="4410021")[0]["statusId"] == "ORDER_COMPLETED"
    assert imported(oms, "4410021,99", "1,1", config=CLOSES)["failedRecordCount"] == 2


def test_an_upsert_leaves_a_closed_line_closed(oms: httpx.Client) -> None:
    imported(oms, LINE_1)
    imported(oms, "4410021,3", config=CLOSES)
    imported(oms, "4410021,SKU-1,30,17,3,")
    assert [(item["statusId"], item["quantity"]) for item in items(oms, "4410021")] == [("ITEM_COMPLETED", 30)]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n" * 40, "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"{}", "multipart/form-data"),
        (b"{}", f"multipart/form-data; boundary={'x' * 71}"),
    ],
)
def test_a_form_that_cannot_be_read_is_an_error_message_with_status_200(
    oms: httpx.Client, content: bytes, kind: str
) -> None:
    answer = oms.post(api(oms, "uploadAndImportFile"), content=content, headers={"content-type": kind})
    assert (answer.status_code, list(answer.json())) == (200, ["_ERROR_MESSAGE_"])


def test_an_unknown_config_and_an_unknown_content_are_error_messages(oms: httpx.Client) -> None:
    answers = [
        upload(oms, config="IMP_NOTHING"),
        oms.get(api(oms, "downloadCsvFile"), params={"contentId": "1"}),
    ]
    assert [(answer.status_code, list(answer.json())) for answer in answers] == [(200, ["_ERROR_MESSAGE_"])] * 2


def test_an_upload_over_the_bound_is_413_and_one_without_a_token_401(
    oms: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.change(upload_max_mb=0.0005)
    assert upload(oms, *[LINE_1] * 20).status_code == 413
    oms_without = httpx.post(api(oms, "uploadAndImportFile"), trust_env=False)
    assert oms_without.status_code == 401


def test_a_file_is_kept_byte_for_byte(oms: httpx.Client) -> None:
    body = bytes(range(256)) * 40 + b"\r\n--\r\n--x\r\n"
    files = {"uploadedFile": ("a b;c.csv", body)}
    answer = oms.post(api(oms, "uploadAndImportFile"), data={"configId": CLOSES}, files=files).json()
    content = oms.get(api(oms, "downloadCsvFile"), params={"contentId": answer["uploadFileContentId"]})
    assert content.content == body
    assert entity(oms, LOG, uploadFileContentId=answer["uploadFileContentId"])[0]["fileName"] == "a b;c.csv"


def test_an_upload_whose_answer_is_lost_was_applied_and_is_found_by_its_name(
    oms: httpx.Client, sandbox: SandboxProcess
) -> None:
    sandbox.fault("drop", when="after", path="/api/uploadAndImportFile", next=1)
    with pytest.raises(httpx.ReadError):
        upload(oms, LINE_1, name="WB-1.csv")
    assert [row["fileName"] for row in entity(oms, LOG, fileName="WB-1.csv")] == ["WB-1.csv"]
    [call] = sandbox.calls(path="/api/upload")
    assert (call["system"], call["status"], call["fault"], call["applied"]) == ("hotwax", 0, "drop", True)
    assert "WB-1.csv" in call["body"]


@pytest.mark.parametrize("garbage", ["not_json", "truncated", "wrong_types", "empty"])
def test_error_files_can_be_spoiled_as_every_answer(oms: httpx.Client, sandbox: SandboxProcess, garbage: str) -> None:
    log = imported(oms, "4410021,SKU-9,24,17,3,")
    whole = failed_rows(oms, log)
    sandbox.fault("garbage", garbage=garbage, when="after", path="/api/downloadCsvFile", next=1)
    assert failed_rows(oms, log) != whole
    assert failed_rows(oms, log) == whole


def test_the_row_of_the_log_may_come_late(oms: httpx.Client, sandbox: SandboxProcess) -> None:
    sandbox.fault("delayed_visibility", path="DataManagerLog", body="late.csv", seconds=3)
    upload(oms, LINE_1, name="late.csv")
    assert entity(oms, LOG, fileName="late.csv") == []
    assert eventually(lambda: len(entity(oms, LOG, fileName="late.csv")) == 1)
