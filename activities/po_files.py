"""Files of purchase orders out of NetSuite: taken when complete, read as a stream, kept in the ledger, put away."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.beating import beat
from activities.po_taking import OF_ONE_FILE, REFUSED_MARK, Taking
from activities.systems import Purchasing
from connectors.errors import ConnectorError, NotFound
from connectors.po_files.assembly import purchase_orders as assembled
from connectors.po_files.error_csv import ErrorCsv
from connectors.po_files.errors import BadRow, FileRefusedError, Refusal
from connectors.po_files.formats import PoFileFormat
from connectors.po_files.reading import FileSummary, PoFileReader
from connectors.sftp.errors import FileChanged
from connectors.sftp.models import ClaimedFile, RemoteFile
from connectors.sftp.names import STAMP
from connectors.sftp.places import below
from connectors.sftp.port import FileSession
from connectors.sftp.settings import InboundFolder, OutboundFolder
from domain.purchase_order import PurchaseOrder
from ledger import po_files, purchase_orders
from ledger.database import Ledger
from ledger.po_files import FileKind, FileState, StagedLine
from ledger.po_tables import PoFileRow
from ledger.purchase_orders import Told

log = structlog.get_logger()

APPLIED_AT_ONCE, TEXT_AT_ONCE = 200, 1_000_000
"""Purchase orders that are taken over in one transaction, and characters of their rows: what is in memory at a time."""

TOLD_ROWS = 3
"""Bad rows of one purchase order that are told by its hold; all of them stand in the error file."""


@dataclass
class _Bad:
    """The bad rows of one file: all of them for the error file, a few of each purchase order for its hold."""

    report: ErrorCsv = field(default_factory=ErrorCsv)
    by_po: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unplaced: list[str] = field(default_factory=list)
    times: dict[str, datetime] = field(default_factory=dict)
    """When NetSuite changed the purchase orders of these rows, as far as they tell it."""

    def take(self, rows: Sequence[BadRow]) -> None:
        """Keep these rows, within bounds."""
        self.report.add(rows)
        for row in rows:
            if row.po_id and row.modified_at:
                self.times[row.po_id] = max(row.modified_at, self.times.get(row.po_id, row.modified_at))
            told = self.by_po[row.po_id] if row.po_id else self.unplaced
            if len(told) < TOLD_ROWS:
                told.append(str(row))


class FileOrders:
    """Takes files of purchase orders, from one run to the next."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._taking = Taking()

    def take(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """Every complete file is read: what it tells is in the ledger, and the file in the archive."""
        counts = dict.fromkeys(("files", "rows", "bad_rows", "changed"), 0)
        with systems.files.session(activity.heartbeat) as files:
            stuck = self._put_away_ended(tenant, systems, files)

            def work(claimed: ClaimedFile) -> Mapping[str, int]:
                if error := stuck.get(claimed.file.name):
                    raise error
                return _Reading(self._ledger, tenant, systems, files, claimed).run()

            for read in self._taking.each(tenant, systems.files.folders.orders, files, work):
                counts = {name: number + read.get(name, 0) for name, number in counts.items()}
        for error in stuck.values():
            raise error
        return counts

    def _put_away_ended(self, tenant: str, systems: Purchasing, files: FileSession) -> Mapping[str, ConnectorError]:
        """Put away what an earlier run had read when it died; a file that was changed since is read once more.

        Those that cannot be put away, by the names they were claimed under, and why: none of them stops the others.
        """
        stuck: dict[str, ConnectorError] = {}
        folder = systems.files.folders.orders
        with self._ledger.reading() as session:
            ended = po_files.not_put_away(session, tenant, FileKind.ORDERS)
        for row in ended:
            beat()
            try:
                _put_away(self._ledger, files, folder, _claimed_before(folder, row), row)
            except FileChanged as error:
                log.warning("file changed after it was read", tenant=tenant, file=row.name, reason=str(error))
            except NotFound as error:
                log.warning("file not put away", tenant=tenant, file=row.name, reason=str(error))
                with self._ledger.writing() as session:
                    po_files.put_away(session, row.id or 0, "")
            except OF_ONE_FILE as error:
                stuck[row.claimed_as] = error
        return stuck


class _Reading:
    """One file, from its claim to the archive; read again from the start where a run died over it.

    Each transaction makes sure that no other attempt has begun since: a run that was only thought dead, and wakes up,
    would take the other's half of the rows for the whole file.
    """

    def __init__(
        self, ledger: Ledger, tenant: str, systems: Purchasing, files: FileSession, claimed: ClaimedFile
    ) -> None:
        self._ledger, self._tenant, self._systems = ledger, tenant, systems
        self._files, self._claimed, self._folder = files, claimed, systems.files.folders.orders
        self._bad = _Bad()
        self._file_id = self._attempt = 0
        self._tells_no_times = False
        self._log = log.bind(tenant=tenant, file=claimed.original)

    def run(self) -> Mapping[str, int]:
        """Stage the rows, then take them over purchase order by purchase order; what it came to, in numbers.

        Raises:
            SupersededError: another attempt began to read the file.
        """
        with self._ledger.writing() as session:
            row = po_files.taken(
                session, self._tenant, FileKind.ORDERS, self._claimed.original, self._claimed.file.name, _now()
            )
            self._file_id, self._attempt = row.id or 0, row.attempt
        try:
            self._check_size()
            summary = self._stage()
        except FileRefusedError as error:
            return self._refuse(error)
        if self._is_repeat(summary):
            return self._end(summary, FileState.REPEAT, "the same bytes were read before")
        changed = self._apply(summary)
        self._report()
        if self._bad.unplaced and not self._holds_any():
            return self._refuse(_nobodys(self._bad.unplaced))
        note = "; ".join([f"{summary.format}, {summary.encoding}", *summary.remarks])
        return {"changed": changed, **self._end(summary, FileState.DONE, note)}

    @contextmanager
    def _writing(self) -> Iterator[tuple[Session, PoFileRow]]:
        """A transaction in which this attempt is the newest one, and the file's row."""
        with self._ledger.writing() as session:
            yield session, po_files.still_mine(session, self._file_id, self._attempt)

    def _check_size(self) -> None:
        """Nothing where it is small enough to be read in a run.

        Raises:
            FileRefusedError: it is larger than any that is read; a file of mere holes may have any size.
        """
        size, most = self._claimed.file.size, self._systems.sizes.largest_po_file
        if size > most:
            problem = f"{size:,} bytes, at most {most:,} are read: deliver it in parts, or raise sizes.largest_po_file"
            raise FileRefusedError(Refusal.TOO_LARGE, problem)

    def _stage(self) -> FileSummary:
        with self._files.read(self._claimed.folder, self._claimed.file) as stream:
            reader = PoFileReader(stream)
            for batch in reader.batches():
                with self._writing() as (session, _):
                    po_files.stage(session, self._file_id, batch.rows)
                self._bad.take(batch.bad)
                beat()
        return reader.summary()

    def _is_repeat(self, summary: FileSummary) -> bool:
        with self._ledger.reading() as session:
            return po_files.read_before(session, self._tenant, FileKind.ORDERS, summary.sha256) is not None

    def _apply(self, summary: FileSummary) -> int:
        """Take the staged rows over; how many purchase orders are new or changed by this file."""
        self._tells_no_times = summary.format is PoFileFormat.STOCK
        changed, after, unheard = 0, "", set(self._bad.by_po)
        while po_ids := self._next(after):
            with self._writing() as (session, _):
                rows = po_files.staged_rows(session, self._file_id, po_ids)
                changed += self._record(session, self._told(rows, summary), po_ids)
            after = po_ids[-1]
            unheard -= set(po_ids)
            beat()
        return changed + self._apply_bad(sorted(unheard))

    def _holds_any(self) -> bool:
        """Whether any purchase order took the file's word, and so waits for its bad rows."""
        with self._ledger.reading() as session:
            return po_files.tells_any(session, self._tenant, self._file_id)

    def _apply_bad(self, unheard: Sequence[str]) -> int:
        """Hold the purchase orders of which no row was good."""
        changed = 0
        for start in range(0, len(unheard), APPLIED_AT_ONCE):
            po_ids = unheard[start : start + APPLIED_AT_ONCE]
            with self._writing() as (session, _):
                told = (self._told_of(po_id, None) for po_id in po_ids)
                changed += self._record(session, told, po_ids)
            beat()
        return changed

    def _next(self, after: str) -> Sequence[str]:
        with self._ledger.reading() as session:
            return po_files.staged_ids(session, self._file_id, after, APPLIED_AT_ONCE, TEXT_AT_ONCE)

    def _told(self, rows: Iterable[StagedLine], summary: FileSummary) -> Iterator[Told]:
        """What these rows tell."""
        for each in assembled(rows, summary.format, self._tenant):
            self._bad.take(each.bad)
            yield self._told_of(each.po_id, each.po)

    def _told_of(self, po_id: str, po: PurchaseOrder | None) -> Told:
        """What is told of one; where rows of it are bad, the others change it only if the tenant goes on with these."""
        why, at = self._why(po_id), self._bad.times.pop(po_id, None)
        if why and not self._systems.policy.partial_pos:
            return Told(po_id, None, why, po, at, timeless=self._tells_no_times)
        return Told(po_id, po, why, modified_at=at, timeless=self._tells_no_times)

    def _record(self, session: Session, told: Iterable[Told], po_ids: Sequence[str]) -> int:
        return purchase_orders.record_told(session, self._tenant, told, po_ids, self._file_id, _now())

    def _why(self, po_id: str) -> list[str]:
        """Why rows of this purchase order could not be read.

        A row that names no purchase order may belong to any. The stock importer receives a line that we do not know in
        full (hotwax 4.7, 7), and HotWax would be told to close it: such a row holds every purchase order of the file.
        Each purchase order is told once: what is known of its bad rows is let go.
        """
        return [*self._bad.by_po.pop(po_id, []), *self._bad.unplaced]

    # ---- putting away ------------------------------------------------------------------------------------------------

    def _report(self) -> None:
        if self._bad.report.rows:
            # Only people read there: a file may be written where it stays, and one folder is made where it is missing.
            folder = OutboundFolder(path=below(self._folder.path, self._folder.error), temporary=".")
            content = self._bad.report.content()
            # A ledger that begins anew counts from 1 again: the checksum keeps its names apart from the old ones.
            name = f"{self._file_id}-{sha256(content).hexdigest()[:8]}-bad-rows.csv"
            for problem in self._files.put(folder, [(name, content)]):
                if isinstance(problem, ConnectorError):
                    raise problem
            self._log.error("bad rows left out", rows=self._bad.report.rows, reported_as=below(folder.path, name))

    def _refuse(self, error: FileRefusedError) -> Mapping[str, int]:
        checksum = "" if error.refusal is Refusal.TOO_LARGE else self._checksum()
        kept = self._finish(FileState.REFUSED, str(error), sha256=checksum)
        self._log.error("file refused", reason=str(error.refusal), problem=str(error), kept_as=kept)
        return {"files": 1}

    def _checksum(self) -> str:
        with self._files.read(self._claimed.folder, self._claimed.file) as stream:
            for _ in stream:
                beat()
        return stream.sha256

    def _end(self, summary: FileSummary, state: FileState, note: str) -> Mapping[str, int]:
        numbers = {"rows": summary.rows, "bad_rows": summary.bad_rows}
        kept = self._finish(state, note, sha256=summary.sha256, **numbers)
        self._log.info("file read", state=state, note=note, kept_as=kept, **numbers)
        return {"files": 1, **numbers}

    def _finish(self, state: FileState, note: str, **told: str | int) -> str:
        """Write down how the file ended, and only then put it away: a run that dies between leaves that to the next."""
        with self._writing() as (session, row):
            po_files.ended(session, row, state, _now(), note)
            row.sqlmodel_update({**told, "size": self._claimed.file.size})
        return _put_away(self._ledger, self._files, self._folder, self._claimed, row)


def _nobodys(unplaced: Sequence[str]) -> FileRefusedError:
    problem = f"it changes no purchase order, and has bad rows that do not tell theirs: {unplaced[0]}"
    return FileRefusedError(Refusal.NOBODYS_ROWS, problem)


def _claimed_before(folder: InboundFolder, row: PoFileRow) -> ClaimedFile:
    """The file as an earlier run claimed it: its name there begins with its time of change."""
    changed_at = datetime.strptime(row.claimed_as.partition("-")[0], STAMP).replace(tzinfo=UTC)
    file = RemoteFile(name=row.claimed_as, size=row.size, modified_at=changed_at)
    return ClaimedFile(folder=below(folder.path, folder.claimed), file=file, original=row.name)


def _put_away(ledger: Ledger, files: FileSession, folder: InboundFolder, claimed: ClaimedFile, row: PoFileRow) -> str:
    """Where the file lies now; the same row gives the same name, however often it is asked.

    Raises:
        FileChanged: it was written to after it was read: the ledger has that, and it is read again once it settles.
    """
    try:
        mark, is_bad = row.sha256 or REFUSED_MARK, row.state == FileState.REFUSED
        kept = files.put_away(folder, claimed, mark, row.ended_at or _now(), bad=is_bad)
    except FileChanged:
        with ledger.writing() as session:
            po_files.changed(session, row.id or 0)
        raise
    with ledger.writing() as session:
        po_files.put_away(session, row.id or 0, kept)
    return kept


def _now() -> datetime:
    return datetime.now(UTC)
