"""HotWax as a `PurchasePort`: files into its Data Manager, purchase orders read back, receipts (hotwax 2.7, 2.8)."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from itertools import islice

from pydantic import ValidationError

from connectors import exact_json
from connectors.errors import Ambiguous, Contract
from connectors.guard import remote_write
from connectors.hotwax.paging import all_rows
from connectors.hotwax.purchase_orders import PurchaseOrders
from connectors.hotwax.purchase_receipts import Receipts
from connectors.hotwax.purchase_rows import PurchaseTables
from connectors.hotwax.purchase_session import FileSession
from connectors.hotwax.purchase_wire import StoredUpload, WireLog, WireUploaded, text_of
from connectors.hotwax.session import failure_in, refusal_words
from connectors.hotwax.wire import read
from connectors.http import Answer, Download, Upload
from connectors.po_ports import (
    ImportProgress,
    ImportRepeat,
    JobState,
    OmsPurchaseOrder,
    ReceiptPage,
    UnclearPurchaseOrder,
)
from connectors.remote_words import object_of
from connectors.settings import HotWaxSettings
from domain.outcomes import Outcome, WriteOutcome

STATES = {
    "SERVICE_PENDING": JobState.PENDING,
    "SERVICE_QUEUED": JobState.PENDING,
    "SERVICE_RUNNING": JobState.PENDING,
    "SERVICE_FINISHED": JobState.FINISHED,
    "SERVICE_FAILED": JobState.FAILED,
    "SERVICE_CRASHED": JobState.FAILED,
    "SERVICE_CANCELLED": JobState.FAILED,
}
"""What the Data Manager's words for a job mean (hotwax 2.8)."""

_RAW = 4_000


class HotWaxPurchase:
    """A `PurchasePort` on one tenant's HotWax; safe to share between threads.

    Args:
        settings: how its data are named.
        session: the way to call it, which may be shared with the tenant's order driver.
    """

    def __init__(self, settings: HotWaxSettings, session: FileSession) -> None:
        self._settings, self._session = settings, session
        tables = PurchaseTables(session, settings)
        self._orders = PurchaseOrders(session, settings, tables)
        self._receipts = Receipts(session, settings, tables)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call."""
        return self._session.turn()

    def close(self) -> None:
        """Let go of all connections of the session."""
        self._session.close()

    @property
    def repeat(self) -> ImportRepeat:
        """What this HotWax does with a line that it was given before."""
        return self._settings.import_repeat

    # ---- imports (hotwax 2.8, 4.3) -----------------------------------------------------------------------------------

    def import_body(self, file_name: str, csv: bytes) -> str:
        """The exact JSON text that imports these purchase orders."""
        return _body(self._settings.import_config, file_name, csv)

    def close_body(self, file_name: str, csv: bytes) -> str:
        """The exact JSON text that closes these lines."""
        return _body(self._settings.close_config, file_name, csv)

    @remote_write
    def upload(self, body: str) -> WriteOutcome:
        """Upload this file once; `number` is the id of the uploaded content."""
        stored = self._stored("upload", body)
        form = Upload({"configId": stored.config}, "uploadedFile", stored.file_name, stored.csv.encode())
        answer = self._session.send_file("upload", self._settings.import_path, form)
        try:
            return self._outcome(answer)
        except Contract as error:
            raise Ambiguous(self._session.name, "upload", f"{error.message}; look before any repeat") from None

    def _outcome(self, answer: Answer) -> WriteOutcome:
        words = failure_in(object_of(answer)) if answer.ok else refusal_words(answer)
        number = None if words else self._number(answer)
        return WriteOutcome(
            outcome=Outcome.REJECTED if words else Outcome.CREATED,
            number=number,
            http_status=answer.status,
            problem=f"{answer.status}: {words}" if words else "",
            raw=answer.text[:_RAW],
        )

    def _number(self, answer: Answer) -> str:
        return read(self._session.name, "upload", WireUploaded, object_of(answer), "body").upload_file_content_id

    def find_upload(self, body: str) -> WriteOutcome | None:
        """`already_exists` when the log has a file of this name, None when it shows none, which is no proof.

        HotWax writes the log after it has answered: a row may appear late. Where several uploads have the name, one
        that did not fail is told, else the first by id.

        Raises:
            Contract: the log does not tell names of files or ids of uploads, so that nothing can be looked up.
        """
        stored = self._stored("find_upload", body)
        wanted = {"configId": stored.config, "fileName": stored.file_name}
        logs = list(self._logs("find_upload", wanted, "fileName", stored.file_name))
        if not logs:
            return None
        best = min(logs, key=lambda log: (STATES.get(log.status_id) is JobState.FAILED, log.log_id))
        if best.upload_file_content_id is None:
            place = f"log {best.log_id}, uploadFileContentId"
            raise self._strange("find_upload", place, "the upload's id", "nothing")
        return WriteOutcome(outcome=Outcome.ALREADY_EXISTS, number=best.upload_file_content_id)

    def _logs(self, operation: str, wanted: Mapping[str, str], key: str, value: str) -> Iterator[WireLog]:
        """The logs that are wanted, each checked for this value: a filter that is not understood gives all."""
        asked = {**wanted, "orderByField": "logId"}
        for place, row in all_rows(self._session, operation, self._settings.import_log_entity, asked):
            log = read(self._session.name, operation, WireLog, row, place)
            if (got := text_of(row, key)) != value:
                raise self._strange(operation, f"{place}.{key}", value, got or "nothing")
            yield log

    def describe_upload(self, body: str) -> str:
        """The call that `upload` would make."""
        stored = self._stored("upload", body)
        return f"POST {self._session.file_url(self._settings.import_path)} {stored.config} {stored.file_name}"

    def _stored(self, operation: str, body: str) -> StoredUpload:
        return read(self._session.name, operation, StoredUpload, exact_json.loads(body), "body")

    def import_progress(self, upload_id: str) -> ImportProgress:
        """How far HotWax has come with this upload; pending while its log shows nothing of it.

        Raises:
            Contract: the log has more than one row of it, or a status that nobody knows.
        """
        by_id = ("uploadFileContentId", upload_id)
        logs = list(islice(self._logs("import_progress", dict([by_id]), *by_id), 2))
        if not logs:
            return ImportProgress(upload_id=upload_id, state=JobState.PENDING)
        log = logs[0]
        if len(logs) > 1:
            got = f"{log.log_id}, {logs[1].log_id}"
            raise self._strange("import_progress", "entityValueList", f"one log of {upload_id}", got)
        if log.status_id not in STATES:
            raise self._strange("import_progress", "entityValueList[0].statusId", "a status of a job", log.status_id)
        return ImportProgress(
            upload_id=upload_id,
            state=STATES[log.status_id],
            status=log.status_id,
            total=log.total_record_count,
            failed=log.failed_record_count,
            error_content_id=log.error_record_content_id,
        )

    def _strange(self, operation: str, place: str, expected: str, got: str) -> Contract:
        return Contract(self._session.name, operation, place=place, expected=expected, got=got)

    def import_errors(self, content_id: str) -> bytes:
        """The file of the records that an import refused, as it came."""
        wanted = Download("text/csv", self._settings.error_file_bytes)
        params = {"contentId": content_id}
        return self._session.fetch_file("import_errors", self._settings.error_file_path, params, wanted)

    # ---- what HotWax has (hotwax 2.7) --------------------------------------------------------------------------------

    def read_back(self, po_ids: Collection[str]) -> Mapping[str, OmsPurchaseOrder | UnclearPurchaseOrder]:
        """What HotWax has of these purchase orders, by external id; those it has not are absent."""
        return self._orders.of(po_ids)

    def receipts_since(self, since: datetime, page: int) -> ReceiptPage:
        """Page `page` of the receipts from `since` on; rows that make no sense are named and left out."""
        return self._receipts.since(since, page)

    def receipts_of(self, order_id: str) -> ReceiptPage:
        """All receipts of this order, as they stand now: by its shipments too, where they name no order."""
        return self._receipts.of(order_id)


def _body(config: str, file_name: str, csv: bytes) -> str:
    try:
        stored = StoredUpload(config=config, file_name=file_name, csv=csv.decode())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ValueError(f"an upload's {first['loc'][0]}: {first['msg']}") from None
    return exact_json.dumps(stored.model_dump())
