"""What became of an uploaded file: the job's word, its counts, and the file of what it refused."""

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from connectors import http
from connectors.errors import ConnectorError, Contract, NotFound, Rejected, Throttled, Unauthorized, Unreachable
from connectors.po_ports import ImportProgress, JobState
from connectors.settings import HotWaxSettings
from tests.connectors.purchase_help import EntityServer, a_purchase
from tests.support.raw_server import RawServer, an_answer

ERRORS = b"external-id,item-external-id,error\n4410021,3,Product not found for SKU \xd1-1\n"


def progress_of(*rows: Any) -> ImportProgress:
    """What this log says of upload 10240."""

    def log(wanted: Any) -> list[Any]:
        return [] if wanted["pageIndex"] else list(rows)

    with EntityServer({"DataManagerLog": log}) as server, a_purchase(server.url) as driver:
        return driver.import_progress("10240")


def a_log(**changes: Any) -> dict[str, Any]:
    """A row of the Data Manager's log."""
    return {"logId": "M1", "uploadFileContentId": "10240", "statusId": "SERVICE_FINISHED", **changes}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("SERVICE_PENDING", JobState.PENDING),
        ("SERVICE_QUEUED", JobState.PENDING),
        ("SERVICE_RUNNING", JobState.PENDING),
        ("SERVICE_FINISHED", JobState.FINISHED),
        ("SERVICE_FAILED", JobState.FAILED),
        ("SERVICE_CRASHED", JobState.FAILED),
        ("SERVICE_CANCELLED", JobState.FAILED),
    ],
)
def test_every_word_of_the_data_manager_has_a_meaning(status: str, state: JobState) -> None:
    progress = progress_of(a_log(statusId=status))
    assert (progress.state, progress.status, progress.upload_id) == (state, status, "10240")
    assert progress.is_clean == (state is JobState.FINISHED)


def test_an_upload_that_the_log_does_not_show_yet_is_pending() -> None:
    assert progress_of() == ImportProgress(upload_id="10240", state=JobState.PENDING)


@pytest.mark.parametrize("total", [12, "12", 12.0, " 12 "])
def test_counts_come_as_numbers_or_texts(total: Any) -> None:
    progress = progress_of(a_log(totalRecordCount=total, failedRecordCount=2, errorRecordContentId=10300))
    assert (progress.total, progress.failed, progress.error_content_id) == (12, 2, "10300")


@pytest.mark.parametrize("sign", [{"failedRecordCount": 1}, {"errorRecordContentId": "10300"}])
def test_an_import_with_any_sign_of_trouble_is_not_clean(sign: dict[str, Any]) -> None:
    assert not progress_of(a_log(**sign)).is_clean
    assert progress_of(a_log(totalRecordCount=3, failedRecordCount=0)).is_clean


@pytest.mark.parametrize(
    ("row", "place", "got"),
    [
        (a_log(statusId="SERVICE_ASLEEP"), "entityValueList[0].statusId", "SERVICE_ASLEEP"),
        (a_log(statusId=None), "entityValueList[0].statusId", "nothing"),
        (a_log(totalRecordCount=-1), "entityValueList[0].totalRecordCount", "-1"),
        (a_log(totalRecordCount=1.5), "entityValueList[0].totalRecordCount", "1.5"),
        (a_log(totalRecordCount=True), "entityValueList[0].totalRecordCount", "True"),
        (a_log(failedRecordCount="some"), "entityValueList[0].failedRecordCount", "some"),
        (a_log(failedRecordCount="9" * 40), "entityValueList[0].failedRecordCount", "999"),
        (a_log(uploadFileContentId="1"), "entityValueList[0].uploadFileContentId", "1"),
        ([], "entityValueList[0]", "list"),
    ],
)
def test_a_log_that_makes_no_sense_is_named_by_its_place(row: Any, place: str, got: str) -> None:
    with pytest.raises(Contract) as refused:
        progress_of(row)
    assert refused.value.place == place
    assert got in refused.value.got


def test_two_logs_of_one_upload_are_never_picked_from() -> None:
    with pytest.raises(Contract, match="one log of 10240, got M1, M2"):
        progress_of(a_log(), a_log(logId="M2", statusId="SERVICE_FAILED"))


def test_the_entity_of_the_log_is_a_setting() -> None:
    with (
        EntityServer({"MyLog": [a_log()]}) as server,
        a_purchase(server.url, import_log_entity="co.hotwax.datamanager.MyLog") as driver,
    ):
        assert driver.import_progress("10240").state is JobState.FINISHED


# ---- the file of what was refused ------------------------------------------------------------------------------------


def test_the_error_file_comes_as_it_is() -> None:
    with RawServer([an_answer(ERRORS)]) as server, a_purchase(server.url) as driver:
        assert driver.import_errors("10300/ñ&x=1") == ERRORS
    first = server.requests[0].lower()
    assert first.startswith(b"get /api/downloadcsvfile?contentid=10300%2f%c3%b1%26x%3d1 http/1.1")
    assert b"\r\naccept: text/csv\r\n" in first


def test_the_path_of_error_files_is_a_setting() -> None:
    with RawServer([an_answer(ERRORS)]) as server, a_purchase(server.url, error_file_path="/api/errors") as driver:
        driver.import_errors("1")
    assert server.requests[0].startswith(b"GET /api/errors?contentId=1 ")


def test_an_error_file_may_be_larger_than_other_answers_and_is_bounded_all_the_same() -> None:
    big = b"a,error\n" + b"x" * 11_000_000
    with RawServer([an_answer(big)]) as server:
        with a_purchase(server.url) as driver:
            assert len(driver.import_errors("1")) == len(big)
        with (
            a_purchase(server.url, error_file_bytes=10_000_000) as driver,
            pytest.raises(Contract, match="at most 10000000 bytes, got 11000008"),
        ):
            driver.import_errors("1")


def test_a_file_that_begins_like_json_and_is_none_is_a_file() -> None:
    with RawServer([an_answer(b'{"a","b"\n')]) as server, a_purchase(server.url) as driver:
        assert driver.import_errors("1") == b'{"a","b"\n'


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (an_answer(b'{"_ERROR_MESSAGE_":"Content 1 not found"}'), Rejected, "200 with an error inside: Content 1"),
        (an_answer(b" <!DOCTYPE html><p>log in</p>"), Contract, "a page for browsers"),
        (an_answer(b"", "404 Not Found"), NotFound, "404"),
        (an_answer(b'{"errors":"bad id"}', "400 Bad Request"), Rejected, "400: bad id"),
        (an_answer(b"", "403 Forbidden"), Unauthorized, "403"),
        (an_answer(b"", "429 Too Many Requests"), Throttled, "429"),
        (an_answer(b"", "502 Bad Gateway"), Unreachable, "502"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na,b", Unreachable, "safe to retry"),
        (b"", Unreachable, "safe to retry"),
    ],
)
def test_an_error_file_that_cannot_be_had_fails_in_one_of_the_known_ways(
    answer: bytes, kind: type[ConnectorError], words: str
) -> None:
    with RawServer([answer]) as server, a_purchase(server.url) as driver:
        with pytest.raises(ConnectorError, match=words) as refused:
            driver.import_errors("1")
        assert type(refused.value) is kind


def test_an_error_file_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "monotonic", itertools.count(0, 10).__next__)  # each look at the clock is 10 s later
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    with (
        RawServer([head + b"x", 30.0]) as server,
        a_purchase(server.url) as driver,
        pytest.raises(Unreachable, match="did not end in time"),
    ):
        driver.import_errors("1")


# ---- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ofbiz_url", "http://files.example.test"),
        ("ofbiz_url", "https://u:p@files.example.test"),
        ("ofbiz_url", "files"),
        ("import_config", ""),
        ("close_config", ""),
        ("import_path", "api/x"),
        ("error_file_path", "/api?x=1"),
        ("error_file_bytes", 0),
        ("import_repeat", "sometimes"),
        ("receipts_source", "files"),
        ("timezone", "America/Nowhere"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=key):
        HotWaxSettings.model_validate({"base_url": "https://h.example.test", "token": "t", key: value})
