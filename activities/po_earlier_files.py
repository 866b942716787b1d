"""Receipts that are to be sent again: none goes while its earlier file may still make it, or has made it meanwhile."""

from datetime import UTC, datetime

from sqlmodel import Session
from temporalio import activity

from activities.beating import beat
from activities.systems import Purchasing
from connectors.errors import ConnectorError
from connectors.po_files.receipts import read_receipts
from connectors.sftp.port import FileSession
from connectors.sftp.publication import Publication
from domain.outcomes import Outcome, WriteOutcome
from domain.stages import RECEIPT_FILES
from ledger import effects, purchase_orders, receipts
from ledger.database import Ledger
from ledger.po_locks import lock_orders
from ledger.po_tables import ReceiptRow
from ledger.tables import EffectRow

TAKEN_AT_ONCE = 2_000


class EarlierFiles:
    """Looks for the files that had receipts before, as the stock importer makes a receipt as often as it reads it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def look(self, tenant: str, files: FileSession | None) -> None:
        """Receipts with an earlier file may go again, or are in doubt; without `files` nobody can look."""
        with self._ledger.reading() as session:
            again = receipts.promised(session, tenant, TAKEN_AT_ONCE, again=True)
            earlier = {row.file_name: _file_of(session, row) for row in again}
        for row in again:
            beat()
            effect = earlier[row.file_name]
            found = _found(files, effect.body) if effect and files else None
            with self._ledger.writing() as session:
                purchase_orders.locked(session, tenant, row.po_id)
                mine = session.get_one(ReceiptRow, (tenant, row.receipt_id), with_for_update=True)
                if receipts.waits_for_a_write(mine):
                    _goes_again(session, mine, effect, found, has_looked=files is not None)

    def look_beside_rest(self, tenant: str, systems: Purchasing) -> None:
        """The same where receipts go over REST by now; a server of files that is out of reach stops no other."""
        with self._ledger.reading() as session:
            if not receipts.promised(session, tenant, 1, again=True):
                return
        if systems.sftp is None:
            self.look(tenant, None)
            return
        try:
            with systems.files.session(activity.heartbeat) as files:
                self.look(tenant, files)
        except ConnectorError as error:
            self._wait(tenant, systems, error)

    def _wait(self, tenant: str, systems: Purchasing, why: ConnectorError) -> None:
        """Receipts that nobody could look for are due from now on, and held when nothing comes of it."""
        with self._ledger.reading() as session:
            po_ids = {row.po_id for row in receipts.promised(session, tenant, TAKEN_AT_ONCE, again=True)}
        with self._ledger.writing() as session:
            lock_orders(session, tenant, po_ids)
            for row in receipts.promised(session, tenant, TAKEN_AT_ONCE, again=True):
                if row.due_at is None and row.po_id in po_ids:
                    row.due_at = _now() + systems.waits.answer
                    row.problem = f"it goes when {row.file_name} has been looked for, and: {why.message}"
                    purchase_orders.note_receipts(session, [row], _now())


def _found(files: FileSession, body: str) -> WriteOutcome | None:
    """Where a file lies; None where it lies nowhere.

    Raises:
        NotFound: its whole folder is away, and may come back with the file in it.
    """
    found = files.find_file(body)
    if found is None:
        files.list_folder(Publication.model_validate_json(body).folder.path)
    return found


def _file_of(session: Session, row: ReceiptRow) -> EffectRow | None:
    """The promise of the file that has a receipt; None where it surely never came to the server."""
    return effects.newest_named(session, row.tenant, RECEIPT_FILES, row.file_name or "")


def _goes_again(
    session: Session, row: ReceiptRow, effect: EffectRow | None, found: WriteOutcome | None, *, has_looked: bool
) -> None:
    """Let a receipt go again, unless the earlier file lies unread, or was read since an operator looked."""
    problem = _why_not_again(row, effect, found, has_looked=has_looked) if effect else ""
    if not (effect and problem):
        receipts.forget_file(row)
        return
    inside = read_receipts(Publication.model_validate_json(effect.body).data)
    earlier = next(receipt for receipt in inside if receipt.receipt_id == row.receipt_id)
    receipts.stays_in(row, effect.key, earlier, f"not sent again: {problem}")
    purchase_orders.note_receipts(session, [row], _now())


def _why_not_again(row: ReceiptRow, effect: EffectRow, found: WriteOutcome | None, *, has_looked: bool) -> str:
    path = Publication.model_validate_json(effect.body).path
    if not has_looked:
        return "" if row.answered_at else _nobody_looks(path)
    if found is None or found.outcome is not Outcome.ALREADY_EXISTS:
        return ""
    if found.raw == path:
        return (
            f"{path} lies there unread, and NetSuite would make both; get its importer going, and what becomes of the"
            " file is taken; or remove the file, then resend-receipt"
        )
    taken = f"NetSuite's importer has taken {row.file_name} meanwhile; its silence, or its word of an error, will count"
    return "" if row.answered_at else taken


def _nobody_looks(path: str) -> str:
    return (
        f"{path} may lie there unread, and HotWax's stock importer would make both; there is no netsuite.sftp by which"
        " Waybill could look: give it back, then resend-receipt; or resume, where NetSuite has the receipt"
    )


def _now() -> datetime:
    return datetime.now(UTC)
