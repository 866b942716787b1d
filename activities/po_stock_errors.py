"""What the stock importer could not make: its error files, each read once, and laid to the receipt that it is about.

An error file names purchase orders, no receipts and no files. So whatever lies there when a receipt is about to be sent
is read before that, and is about earlier ones; and an error is never laid to a receipt whose file is younger than it,
both by the clock of the SFTP server. One that cannot be read then is about earlier ones all the same, when it can.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from sqlmodel import Session

from activities.beating import beat
from activities.po_taking import OF_ONE_FILE
from activities.systems import Purchasing
from connectors.errors import ConnectorError, NotFound
from connectors.po_files.errors import FileRefusedError, Refusal
from connectors.po_files.limits import DEFAULT_LIMITS
from connectors.po_files.stock_errors import stock_errors
from connectors.sftp.models import RemoteFile
from connectors.sftp.names import STAMP
from connectors.sftp.places import below
from connectors.sftp.port import FileSession
from connectors.sftp.settings import OutboundFolder
from domain.purchase_order import ReceiptState
from ledger import po_files, purchase_orders, receipts
from ledger.database import Ledger
from ledger.po_files import FileKind, SmallFile
from ledger.po_locks import lock_orders
from ledger.po_tables import PoFileRow, ReceiptRow
from ledger.tables import EffectRow

log = structlog.get_logger()

MOVED_WITHIN = timedelta(minutes=10)
"""The importer tells a file's errors right before it moves the file, which some servers (object stores) take for a
change of the file. So much younger than its error a file may look."""
_OPEN = {ReceiptState.PROMISED, ReceiptState.SENT, ReceiptState.UNKNOWN}
_TO_BE_SENT = {ReceiptState.NEW, ReceiptState.PROMISED}


class _Errors(NamedTuple):
    """An error file: when it was written, and purchase order -> NetSuite's words."""

    file: SmallFile
    at: datetime
    words: Mapping[str, str]


class StockErrors:
    """Reads the stock importer's error files."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def read(self, tenant: str, systems: Purchasing, files: FileSession, troubles: list[ConnectorError]) -> int:
        """How many receipts are answered by error files that nobody has read yet.

        One that cannot be read adds to the troubles, stops no other, and is tried again by the next run.
        """
        folders = systems.files.folders.receipts
        found = list(self._unread(tenant, files, below(folders.path, folders.error), troubles))
        if not found:
            return 0
        published = _published(files, folders) if any(errors.words for errors in found) else {}
        since = _now() - systems.waits.swept_after_end
        with self._ledger.writing() as session:
            noted = [(e, po_files.first_read(session, tenant, FileKind.STOCK_ERRORS, e.file, _now())) for e in found]
            new = [(errors, file) for errors, file in noted if file]
            lock_orders(session, tenant, {po_id for errors, _ in new for po_id in errors.words})
            rows = [row for errors, file in new for row in _judged(session, errors, file, published, since)]
            purchase_orders.note_receipts(session, rows, _now())
        return len(rows)

    def _unread(self, tenant: str, files: FileSession, path: str, troubles: list[ConnectorError]) -> Iterator[_Errors]:
        """The files that were not read before; nobody removes them, so those that were are told by their looks.

        What lies there before the first receipt of ours is about receipts of others, and is not even opened.
        """
        with self._ledger.reading() as session:
            known = po_files.looks_of(session, tenant, FileKind.STOCK_ERRORS)
            is_ours = receipts.any_sent(session, tenant)
        for file in files_in(files, path):
            looks = f"{file.modified_at:{STAMP}}-{file.size}-{file.name}"
            if looks in known:
                continue
            if not is_ours:
                yield _Errors(SmallFile(file.name, looks, ""), file.modified_at, {})
                continue
            beat()
            try:
                sha256, content = whole(files, path, file)
            except FileRefusedError as error:
                log.warning("NetSuite's error file left aside", tenant=tenant, file=file.name, problem=str(error))
                continue
            except NotFound:  # somebody has removed it since it was listed
                continue
            except OF_ONE_FILE as error:
                self._could_not_read(tenant, SmallFile(file.name, looks, ""), error)
                troubles.append(error)
                continue
            yield _Errors(SmallFile(file.name, looks, sha256), file.modified_at, _words(tenant, file.name, content))

    def _could_not_read(self, tenant: str, file: SmallFile, error: ConnectorError) -> None:
        log.error("NetSuite's error file cannot be read", tenant=tenant, file=file.name, problem=str(error))
        with self._ledger.durable() as session:  # before any receipt is sent that it is not about
            po_files.could_not_read(session, tenant, FileKind.STOCK_ERRORS, file, _now(), str(error))


def _words(tenant: str, name: str, content: bytes) -> Mapping[str, str]:
    try:
        return {error.po_id: error.message for error in stock_errors(content)}
    except FileRefusedError as error:
        log.warning("NetSuite's error file left aside", tenant=tenant, file=name, problem=str(error))
        return {}


def _published(files: FileSession, folders: OutboundFolder) -> Mapping[str, datetime]:
    """When each file that NetSuite has, or may read, was written."""
    places = (folders.path, below(folders.path, folders.archive))
    return {file.name: file.modified_at for place in places for file in files_in(files, place)}


def _judged(
    session: Session, errors: _Errors, file: PoFileRow, published: Mapping[str, datetime], since: datetime
) -> Iterator[ReceiptRow]:
    """The receipts that this file answers: rejected, or in doubt where it may as well be about another one."""
    for po_id, words in errors.words.items():
        sent = receipts.ever_sent(session, file.tenant, po_id)
        earlier = [row for row in sent if not _was_promised_since(session, row, file.taken_at)]
        row, is_sure = _subject(earlier, errors.at, published)
        is_sure = is_sure and len(earlier) == len(sent)
        if row is None or not _is_open(session, row, since):
            log.warning("NetSuite's error is about no receipt of ours", tenant=file.tenant, po=po_id, file=file.name)
            continue
        doubt = f" (in {errors.file.name}, which may be about another receipt of this purchase order)"
        state = ReceiptState.REJECTED if is_sure else ReceiptState.UNKNOWN
        receipts.answer(row, state, _now(), problem=words if is_sure else words + doubt)
        yield row


def _subject(
    newest_first: Sequence[ReceiptRow], at: datetime, published: Mapping[str, datetime]
) -> tuple[ReceiptRow | None, bool]:
    """The newest receipt that NetSuite could read when it told an error, and whether it is surely this one.

    It is not sure where the file of a receipt is gone from the server, and where a younger receipt was sent.
    """
    is_sure = True
    for row in newest_first:
        written_at = published.get(row.file_name or "")
        if written_at is not None and written_at <= at + MOVED_WITHIN:
            return row, is_sure
        if written_at is None and row.state not in _TO_BE_SENT:
            return row, False
        is_sure = False
    return None, False


def _was_promised_since(session: Session, row: ReceiptRow, found_at: datetime) -> bool:
    """Whether a file has taken the receipt along only when the error lay there already, by our own clock."""
    effect = session.get(EffectRow, row.effect_key) if row.effect_key else None
    return effect is not None and effect.planned_at > found_at


def _is_open(session: Session, row: ReceiptRow, since: datetime) -> bool:
    """Whether an error may still change what is believed; what the importer took in silence, for a while only."""
    session.refresh(row, with_for_update=True)
    is_late = row.state is ReceiptState.UNVERIFIED and row.answered_at is not None and row.answered_at >= since
    return (row.state in _OPEN and not receipts.waits_for_a_write(row)) or is_late


def files_in(files: FileSession, path: str) -> Sequence[RemoteFile]:
    """The files of a folder that NetSuite makes when it first needs it; none before."""
    try:
        return files.list_folder(path).files
    except NotFound:
        return ()


def whole(files: FileSession, folder: str, file: RemoteFile) -> tuple[str, bytes]:
    """Checksum and bytes of a small file.

    Raises:
        FileRefusedError: it is too large to be one; nothing of it was read.
    """
    if file.size > DEFAULT_LIMITS.document_bytes:
        raise FileRefusedError(
            Refusal.TOO_LARGE, f"{file.size} bytes, at most {DEFAULT_LIMITS.document_bytes} are read"
        )
    with files.read(folder, file) as stream:
        content = b"".join(stream)
    return stream.sha256, content


def _now() -> datetime:
    return datetime.now(UTC)
