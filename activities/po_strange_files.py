"""Receipt files of ours that this ledger did not send: it was restored from a backup, and sent them after that.

The stock importer makes a receipt as often as it reads it. So before anything goes, such files are taken into the
books; a receipt that one of them has is held, and goes again only when an operator has looked.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import structlog
from sqlmodel import Session

from activities.beating import beat
from activities.po_stock_errors import files_in, whole
from activities.systems import Purchasing
from connectors.errors import ConnectorError
from connectors.po_files.errors import FileRefusedError
from connectors.po_files.receipts import FileName, file_name_in, read_receipts
from connectors.sftp.errors import StrangeFile
from connectors.sftp.models import ClaimedFile, RemoteFile
from connectors.sftp.places import below
from connectors.sftp.port import FileSession
from connectors.sftp.publication import Publication
from domain.keys import strange_file_key
from domain.purchase_order import ReceiptToSend
from domain.stages import RECEIPT_FILES, EffectKind
from ledger import effects, purchase_orders, receipts
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.po_tables import ReceiptRow
from ledger.tables import EffectRow

log = structlog.get_logger()

LOOK = "receipt_files"


class Strange(NamedTuple):
    """A receipt as a strange file has it."""

    file: EffectRow
    receipt: ReceiptToSend


class StrangeFiles:
    """Looks for files of ours that the ledger lacks, where the stock importer reads them and puts them away."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._looked = set[str]()

    def has_looked(self, tenant: str) -> bool:
        """Whether this process has: a ledger is restored while no worker runs."""
        return tenant in self._looked

    def take_up(self, tenant: str, systems: Purchasing, files: FileSession) -> list[ConnectorError]:
        """Have each of them in the books, as a file that was sent.

        What is returned cannot be read, so that nobody knows which receipts are in it: while it lies there, none goes.
        """
        folder, lying = systems.files.folders.receipts, dict[FileName, tuple[str, RemoteFile]]()
        for place in (folder.path, below(folder.path, folder.archive), below(folder.path, folder.error)):
            found = ((file_name_in(file.name), file) for file in files_in(files, place))
            lying |= {name: (place, file) for name, file in found if name}
        with self._ledger.reading() as session:
            known = effects.names_of(session, tenant, RECEIPT_FILES)
        unread = list[ConnectorError]()
        for name, (place, file) in sorted(lying.items()):
            if name.text not in known:
                beat()
                log.error("a receipt file that this ledger did not send", tenant=tenant, file=file.name, folder=place)
                try:
                    self._take_up(tenant, name, files.file_body(folder, name.text, _content(files, place, file)))
                except StrangeFile as error:
                    unread.append(error)
        if not unread:
            self._looked.add(tenant)
        return unread

    def _take_up(self, tenant: str, name: FileName, body: str) -> None:
        kind = EffectKind.STOCK_RECEIPT_FILE
        key = strange_file_key(kind, tenant, name.text)
        draft = EffectDraft(key=key, tenant=tenant, kind=kind, body=body, remote_no=name.text)
        with self._ledger.durable() as session:
            effects.take_up(session, draft, name.at, _now())

    def told(self, tenant: str, systems: Purchasing) -> list[ConnectorError]:
        """What holds the run: those of the last time that tell of purchase orders which the ledger does not know."""
        since = _now() - systems.waits.swept_after_end
        with self._ledger.reading() as session:
            found = found_in(session, tenant, since).values()
            po_ids = {each.receipt.po_id: each.file.remote_no for each in found}
            unknown = sorted(po_ids.keys() - purchase_orders.rows_of(session, tenant, po_ids).keys())
        if not unknown:
            return []
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        text = f"{po_ids[unknown[0]]}, which this ledger did not send, has receipts of purchase order {unknown[0]}"
        return [StrangeFile("netsuite", LOOK, f"{text}{more}, which it does not know")]


def strange_answers(tenant: str, strange: Sequence[ClaimedFile]) -> list[ConnectorError]:
    """What holds the run: answers to files that the ledger did not send, which stay where they were claimed."""
    if not strange:
        return []
    names = [below(claimed.folder, claimed.file.name) for claimed in strange]
    log.error("answers to files that this ledger did not send", tenant=tenant, files=names)
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    text = f"{names[0]}{more}: answers to receipt files that this ledger did not send, so they are left there"
    return [StrangeFile("netsuite", LOOK, text)]


def found_in(session: Session, tenant: str, since: datetime | None = None) -> Mapping[str, Strange]:
    """The receipts that lie in strange files (made since then), by their id, each as the newest of them has it."""
    rows = effects.taken_up(session, tenant, RECEIPT_FILES, since)
    return {
        receipt.receipt_id: Strange(row, receipt)
        for row in rows
        for receipt in read_receipts(Publication.model_validate_json(row.body).data)
    }


def is_strange(session: Session, row: ReceiptRow, found: Mapping[str, Strange]) -> bool:
    """Whether a strange file that is younger than all that is known of the receipt has it; such a one is held."""
    strange = found.get(row.receipt_id)
    if strange is None or (row.sent_at and row.sent_at >= strange.file.planned_at):
        return False
    file = strange.file
    problem = f"{file.remote_no} has it, which this ledger did not send: it may have been restored from a backup"
    receipts.stays_in(row, file.key, strange.receipt, problem)
    # The importer's silence says nothing: its word of an error may have been read before.
    row.file_name, row.sent_at, row.answered_at = file.remote_no, file.planned_at, _now()
    purchase_orders.note_receipts(session, [row], _now())
    return True


def _content(files: FileSession, place: str, file: RemoteFile) -> str:
    """What the file has.

    Raises:
        StrangeFile: it is no receipt file.
    """
    try:
        _, content = whole(files, place, file)
        read_receipts(content)
    except FileRefusedError as error:
        told = f"this ledger did not send {below(place, file.name)}, and which receipts it has cannot be read"
        raise StrangeFile("netsuite", LOOK, f"{told}, so none is sent: {error}") from None
    return content.decode()


def _now() -> datetime:
    return datetime.now(UTC)
