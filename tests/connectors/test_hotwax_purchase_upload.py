"""A file goes to HotWax's Data Manager exactly as it was stored, and whatever happens says whether it may be there."""

import json
import re
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest

from connectors.errors import Ambiguous, ConnectorError, Contract, Throttled, Unauthorized, Unreachable
from connectors.guard import UnguardedWrite
from connectors.po_ports import ImportRepeat, PurchasePort
from domain.outcomes import Outcome
from tests.connectors.purchase_help import CSV, LOG, NAME, EntityServer, a_purchase, upload
from tests.support.raw_server import RawServer, an_answer

UPLOADED = an_answer(b'{"uploadFileContentId":"10240","filePath":"runtime/datamanager/WB-IMP-1.csv"}')


def form_of(request: bytes) -> list[Message]:
    """The parts of a form as its receiver reads them."""
    head, _, body = request.partition(b"\r\n\r\n")
    kind = re.search(rb"(?i)content-type: [^\r]+", head)
    assert kind
    parts = message_from_bytes(kind[0] + b"\r\n\r\n" + body).get_payload()
    assert isinstance(parts, list)
    return [part for part in parts if isinstance(part, Message)]


def test_a_file_is_uploaded_as_a_form_with_its_configuration_and_exact_bytes() -> None:
    csv = CSV + '4410022,"BOLA ""Ñ"", 5",2,17,1,\r\n'.encode()
    with RawServer([UPLOADED]) as server, a_purchase(server.url) as driver:
        outcome = upload(driver, driver.import_body(NAME, csv))
    config, file = form_of(server.requests[0])
    assert server.requests[0].startswith(b"POST /api/uploadAndImportFile HTTP/1.1\r\n")
    assert b"authorization: bearer t" in server.requests[0].lower()
    assert (config.get_param("name", header="Content-Disposition"), config.get_payload()) == (
        "configId",
        "IMP_ASN_PO_FEED",
    )
    assert file.get_param("name", header="Content-Disposition") == "uploadedFile"
    assert (file.get_filename(), file.get_content_type()) == (NAME, "text/csv")
    assert b"\r\n\r\n" + csv + b"\r\n--" in server.requests[0]
    assert (outcome.outcome, outcome.number, outcome.http_status) == (Outcome.CREATED, "10240", 200)
    assert "filePath" in outcome.raw


def test_a_number_in_the_answer_counts_as_the_uploads_id() -> None:
    with RawServer([an_answer(b'{"uploadFileContentId":10240}')]) as server, a_purchase(server.url) as driver:
        assert upload(driver, driver.import_body(NAME, CSV)).number == "10240"


def test_lines_are_closed_by_an_upload_of_another_configuration() -> None:
    with RawServer([UPLOADED]) as server, a_purchase(server.url, close_config="IMP_CLOSE_MINE") as driver:
        body = driver.close_body(NAME, b"external-id,item-external-id\n4410021,3\n")
        upload(driver, body)
    assert json.loads(body)["config"] == form_of(server.requests[0])[0].get_payload() == "IMP_CLOSE_MINE"


def test_the_stored_body_tells_everything_and_is_the_same_each_time() -> None:
    with a_purchase("http://127.0.0.1:9") as driver:
        body = driver.import_body(NAME, CSV)
        assert body == driver.import_body(NAME, CSV)
    assert json.loads(body) == {"config": "IMP_ASN_PO_FEED", "file_name": NAME, "csv": CSV.decode()}


@pytest.mark.parametrize(
    "name", ["", ".hidden", "a b.csv", "a/b.csv", "..\\b.csv", 'a"b.csv', "a\r\nb.csv", "ñ.csv", "x" * 101]
)
def test_a_name_that_a_server_could_read_otherwise_is_refused(name: str) -> None:
    with a_purchase("http://127.0.0.1:9") as driver, pytest.raises(ValueError, match="file_name"):
        driver.import_body(name, CSV)


@pytest.mark.parametrize("csv", [b"", b"\xff\xfe"])
def test_a_file_that_is_empty_or_no_utf_8_is_refused(csv: bytes) -> None:
    with a_purchase("http://127.0.0.1:9") as driver, pytest.raises(ValueError, match=r"csv|utf-8"):
        driver.import_body(NAME, csv)


@pytest.mark.parametrize(
    "body",
    ["{}", "[]", '{"config":"A","file_name":"a.csv","csv":"x","more":1}', '{"config":1,"file_name":"a","csv":"x"}'],
)
def test_a_body_that_is_no_upload_is_never_sent(body: str) -> None:
    with RawServer([UPLOADED]) as server, a_purchase(server.url) as driver:
        with pytest.raises(Contract, match="body"):
            upload(driver, body)
        assert server.requests == []


def test_nothing_is_uploaded_outside_the_effect_mechanism() -> None:
    with RawServer([UPLOADED]) as server, a_purchase(server.url) as driver:
        with pytest.raises(UnguardedWrite, match="upload"):
            driver.upload(driver.import_body(NAME, CSV))
        assert server.requests == []


def test_an_upload_is_described_without_being_made() -> None:
    with RawServer([UPLOADED]) as server, a_purchase(server.url) as driver:
        described = driver.describe_upload(driver.import_body(NAME, CSV))
        assert described == f"POST {server.url}/api/uploadAndImportFile IMP_ASN_PO_FEED {NAME}"
        assert server.requests == []


def test_files_may_live_on_a_host_of_their_own() -> None:
    with (
        RawServer([UPLOADED]) as files,
        EntityServer({"DataManagerLog": []}) as moqui,
        a_purchase(moqui.url, ofbiz_url=files.url + "/") as driver,
    ):
        body = driver.import_body(NAME, CSV)
        assert upload(driver, body).number == "10240"
        assert driver.find_upload(body) is None
    assert (len(files.requests), moqui.entities()) == (1, ["DataManagerLog"])


def test_a_token_that_ended_is_renewed_before_the_file_is_sent_again() -> None:
    token = an_answer(b'{"token":"new"}')
    refused = an_answer(b"{}", "401 Unauthorized")
    with (
        RawServer([token], [refused], [token], [UPLOADED]) as server,
        a_purchase(server.url, username="u", password="p") as driver,
    ):
        assert upload(driver, driver.import_body(NAME, CSV)).outcome is Outcome.CREATED
    assert [request.split(b" ")[1] for request in server.requests] == [
        b"/rest/s1/admin/login",
        b"/api/uploadAndImportFile",
    ] * 2


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (an_answer(b'{"_ERROR_MESSAGE_":"configId IMP_X not found"}'), "200: configId IMP_X not found"),
        (an_answer(b'{"_ERROR_MESSAGE_LIST_":["no permission","ask"]}'), "200: no permission; ask"),
        (an_answer(b'{"errors":"too large"}', "413 Content Too Large"), "413: too large"),
        (an_answer(b"<html>", "404 Not Found"), "404: no reason given"),
    ],
)
def test_a_refusal_is_an_outcome_in_hotwaxs_words(answer: bytes, problem: str) -> None:
    with RawServer([answer]) as server, a_purchase(server.url) as driver:
        outcome = upload(driver, driver.import_body(NAME, CSV))
    assert (outcome.outcome, outcome.number, outcome.problem) == (Outcome.REJECTED, None, problem)


LOST: list[tuple[str, list[bytes | float], type[ConnectorError]]] = [
    ("closed without a word", [], Ambiguous),
    ("silent", [30.0], Ambiguous),
    ("cut in the body", [b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"], Ambiguous),
    ("no JSON", [an_answer(b"<html>please log in</html>")], Ambiguous),
    ("a list", [an_answer(b"[]")], Ambiguous),
    ("no id", [an_answer(b'{"filePath":"x"}')], Ambiguous),
    ("an id that is none", [an_answer(b'{"uploadFileContentId":{"a":1}}')], Ambiguous),
    ("an empty id", [an_answer(b'{"uploadFileContentId":""}')], Ambiguous),
    ("eleven megabytes", [an_answer(b'{"uploadFileContentId":"' + b"1" * 11_000_000 + b'"}')], Ambiguous),
    ("its own trouble", [an_answer(b"{}", "500 Internal Server Error")], Ambiguous),
    ("a redirect", [an_answer(b"", "302 Found", "Location: /login")], Ambiguous),
    ("too busy", [an_answer(b"{}", "429 Too Many Requests")], Throttled),
    ("no entry", [an_answer(b"{}", "403 Forbidden")], Unauthorized),
]


@pytest.mark.parametrize(("answer", "kind"), [row[1:] for row in LOST], ids=[row[0] for row in LOST])
def test_an_upload_without_a_trustworthy_answer_is_in_doubt(
    answer: list[bytes | float], kind: type[ConnectorError]
) -> None:
    with RawServer(answer) as server, a_purchase(server.url, timeout_read=2) as driver:
        with pytest.raises(ConnectorError) as refused:
            upload(driver, driver.import_body(NAME, CSV))
        assert (type(refused.value), len(server.requests)) == (kind, 1)


def test_an_upload_to_nobody_is_safe_to_retry() -> None:
    with a_purchase("http://127.0.0.1:9") as driver, pytest.raises(Unreachable):
        upload(driver, driver.import_body(NAME, CSV))


# ---- doubt resolved by the file's name -------------------------------------------------------------------------------


def a_log(**changes: Any) -> dict[str, Any]:
    """A row of the Data Manager's log."""
    return {
        "logId": "M1",
        "configId": "IMP_ASN_PO_FEED",
        "uploadFileContentId": "10240",
        "statusId": "SERVICE_FINISHED",
        "fileName": NAME,
        **changes,
    }


def found(*rows: Any) -> tuple[str | None, bool]:
    """What a look-up finds in this log."""
    with EntityServer({"DataManagerLog": rows}) as server, a_purchase(server.url) as driver:
        outcome = driver.find_upload(driver.import_body(NAME, CSV))
    return (outcome.number, outcome.outcome is Outcome.ALREADY_EXISTS) if outcome else (None, False)


def test_an_upload_is_found_by_its_name_and_configuration() -> None:
    with EntityServer({"DataManagerLog": [a_log()]}) as server, a_purchase(server.url) as driver:
        outcome = driver.find_upload(driver.import_body(NAME, CSV))
    assert outcome
    assert (outcome.outcome, outcome.number) == (Outcome.ALREADY_EXISTS, "10240")
    asked = {key: server.asked[0][key] for key in ("configId", "fileName", "orderByField", "pageIndex")}
    assert asked == {"configId": "IMP_ASN_PO_FEED", "fileName": NAME, "orderByField": "logId", "pageIndex": 0}
    assert LOG.endswith(server.asked[0]["entity"])


def test_a_log_without_the_name_finds_nothing() -> None:
    assert found(a_log(fileName="WB-IMP-2.csv"), a_log(configId="IMP_CLOSED_PO")) == (None, False)
    assert found() == (None, False)


def test_of_two_uploads_one_that_did_not_fail_is_told() -> None:
    failed = a_log(logId="M0", uploadFileContentId="1", statusId="SERVICE_FAILED")
    assert found(failed, a_log()) == ("10240", True)
    assert found(a_log(logId="M2", uploadFileContentId="2"), failed, a_log()) == ("10240", True)
    assert found(failed) == ("1", True)


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (a_log(fileName=None), r"entityValueList\[0\].fileName: expected WB-IMP-1.csv, got nothing"),
        (a_log(fileName="other.csv"), r"entityValueList\[0\].fileName: expected WB-IMP-1.csv, got other.csv"),
        (a_log(uploadFileContentId=None), r"log M1, uploadFileContentId"),
        (a_log(statusId=None), r"entityValueList\[0\].statusId"),
        ("row", r"entityValueList\[0\]"),
    ],
)
def test_a_log_in_which_nothing_can_be_looked_up_is_no_proof_of_absence(row: Any, place: str) -> None:
    def unfiltered(wanted: Any) -> list[Any]:
        return [] if wanted["pageIndex"] else [row]

    with EntityServer({"DataManagerLog": unfiltered}) as server, a_purchase(server.url) as driver:
        body = driver.import_body(NAME, CSV)
        with pytest.raises(Contract, match=place):
            driver.find_upload(body)


def test_whether_a_repeat_is_safe_is_a_setting() -> None:
    safe = {}
    for repeat in ImportRepeat:
        with a_purchase("http://127.0.0.1:9", import_repeat=repeat) as driver:
            port: PurchasePort = driver
            safe[port.repeat.value] = (port.repeat.is_safe, port.repeat.amends)
    assert safe == {
        "upserts": (True, True),
        "ignores": (True, False),
        "duplicates": (False, False),
        "unknown": (False, False),
    }
