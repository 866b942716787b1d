"""Receipts on their way into NetSuite: files published once, and what NetSuite made of them read back."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.beating import beat
from activities.effects import Effects, StillSendingError, Writer
from activities.po_earlier_files import EarlierFiles
from activities.po_importer_room import ImporterRoom
from activities.po_noting import hold_of
from activities.po_still_wanted import StillWanted, that_go
from activities.po_stock_errors import StockErrors, files_in, whole
from activities.po_strange_files import StrangeFiles, found_in, is_strange, strange_answers
from activities.po_taking import REFUSED_MARK, Taking
from activities.po_verifying import verify
from activities.systems import Purchasing
from connectors.errors import ConnectorError
from connectors.po_files.ack import AckFile, AckOutcome, AckResult, answered_file, read_ack
from connectors.po_files.errors import FileRefusedError, Refusal, UnsafeReceiptError
from connectors.po_files.limits import ReceiptLimits
from connectors.po_files.receipts import file_name, receipt_files
from connectors.sftp.models import ClaimedFile
from connectors.sftp.places import below
from connectors.sftp.port import FileSession
from connectors.sftp.publication import Publication
from connectors.sftp.settings import InboundFolder
from domain.keys import netsuite_queue, upload_key
from domain.outcomes import EffectResult
from domain.po_messages import PoRunReport
from domain.purchase_order import RECEIPT_KINDS, NetSuiteMode, ReceiptState
from domain.seen import some
from domain.stages import RECEIPT_FILES, EffectKind, EffectState, Hold
from ledger import effects, purchase_orders, receipts, sequences
from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger
from ledger.effects import EffectDraft, NotPromisedError
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow

log = structlog.get_logger()

FILES = "receipt_file"
"""The sequence that numbers receipt files."""
TAKEN_AT_ONCE = 2_000
_TWICE = (
    "it may have arrived before netsuite_mode became files, and HotWax's stock importer would make it again; look for"
    " item receipt WB-RCPT-{}"
)
_BESIDE = (
    "the stock importer has taken {file}, which does not name {lines}, told since it was written: it receives such a"
    " line in full. Look at the purchase order's item receipts and take off what did not come, then resume; is the"
    " receipt itself not there, resend-receipt"
)


class FileReceipts:
    """Publishes receipt files, and reads NetSuite's answers."""

    def __init__(self, ledger: Ledger, made: Effects) -> None:
        self._ledger, self._effects = ledger, made
        self._taking = Taking(folder_may_be_missing=True)
        self._errors, self._earlier, self._wanted = StockErrors(ledger), EarlierFiles(ledger), StillWanted(ledger)
        self._strange = StrangeFiles(ledger)
        self._archived: dict[tuple[str, str], datetime] = {}

    # ---- publishing --------------------------------------------------------------------------------------------------

    def send(self, tenant: str, systems: Purchasing) -> PoRunReport:
        """Every promised receipt lies in a file that NetSuite can read; files of a run that died are finished first."""
        with self._ledger.reading() as session:
            mine = {RECEIPT_KINDS[systems.policy.netsuite_mode]}
            keys = receipts.under_way(session, tenant, mine, {ReceiptState.PROMISED})
        is_stock, sent, troubles = systems.policy.netsuite_mode is NetSuiteMode.STOCK, 0, list[ConnectorError]()
        is_to_look = is_stock and not self._strange.has_looked(tenant)
        if not (keys or is_to_look or self._is_any_promised(tenant)):
            return _report(self._strange.told(tenant, systems), files=0, receipts=0)
        with systems.files.session(activity.heartbeat) as files:
            if is_stock:
                self._errors.read(tenant, systems, files, troubles)  # what lies there is about earlier receipts
                if unread := self._strange.take_up(tenant, systems, files):
                    return _report(unread, files=0, receipts=0)
            self._earlier.look(tenant, files)
            room = self._room(tenant, systems, files)
            keys += self._promise_files(tenant, systems, files, room)
            for key in keys:
                beat()
                sent += self._publish(tenant, systems, files, key)
        stuck = room.trouble(_now())
        troubles += [] if stuck else self._strange.told(tenant, systems)
        return _report(troubles, stuck, files=len(keys), receipts=sent)

    def _is_any_promised(self, tenant: str) -> bool:
        with self._ledger.reading() as session:
            return any(receipts.promised(session, tenant, 1, again=again) for again in (False, True))

    def _room(self, tenant: str, systems: Purchasing, files: FileSession) -> ImporterRoom:
        """What the stock importer has before it: files that lie there still, and those that are about to."""
        if systems.policy.netsuite_mode is not NetSuiteMode.STOCK:
            return ImporterRoom(systems, ())
        lying = {file.name for file in files_in(files, systems.files.folders.receipts.path)}
        with self._ledger.reading() as session:
            unanswered = receipts.unanswered(session, tenant, RECEIPT_FILES)
        return ImporterRoom(
            systems, [row for row in unanswered if row.file_name in lying or row.state is ReceiptState.PROMISED]
        )

    def _promise_files(self, tenant: str, systems: Purchasing, files: FileSession, room: ImporterRoom) -> list[str]:
        """Files for all promised receipts that are owed still, each promised in the transaction that takes them."""
        kind = RECEIPT_KINDS[systems.policy.netsuite_mode]
        is_stock = kind is EffectKind.STOCK_RECEIPT_FILE
        going = self._wanted.ask(tenant, systems.policy, TAKEN_AT_ONCE)
        with self._ledger.durable() as session:
            limits = ReceiptLimits(file_bytes=systems.sizes.bytes_per_file, entries=systems.sizes.receipts_per_file)
            waiting = that_go(session, tenant, going, TAKEN_AT_ONCE)
            strange = found_in(session, tenant) if is_stock else {}
            sure = (row for row in waiting if not (is_stock and _is_doubtful(session, row)))
            clear = (row for row in sure if not is_strange(session, row, strange))
            rows = [row for row in clear if _is_safe(session, row, limits)]
            by_id = {row.receipt_id: row for row in rows}
            keys = []
            for file in room.fitting(receipt_files(map(receipts.wanted, rows), limits)):
                number = sequences.next_number(session, tenant, FILES)
                name = file_name(_now(), number)
                body = files.file_body(systems.files.folders.receipts, name, file.content.decode())
                key = upload_key(kind, tenant, number)
                draft = EffectDraft(key=key, tenant=tenant, kind=kind, body=body, remote_no=name)
                effects.promise(session, draft, _now())
                for receipt_id in file.receipt_ids:
                    by_id[receipt_id].effect_key, by_id[receipt_id].file_name = key, name
                keys.append(key)
        return keys

    def _publish(self, tenant: str, systems: Purchasing, files: FileSession, key: str) -> int:
        writer = Writer(
            system=netsuite_queue(tenant),
            turn=nullcontext,
            send=files.publish_file,
            find=files.find_file,
            # A name of a stored sequence, published by a rename that overwrites nothing: a repeat makes no second file.
            repeat_safe=True,
        )
        try:
            made = self._effects.ensure(key, writer)
        except NotPromisedError:
            return 0  # a run of another way into NetSuite has taken it back
        except StillSendingError as error:
            log.info("receipt file left to the next run", tenant=tenant, effect=key, why=str(error))
            return 0
        with self._ledger.writing() as session:
            # An answer may have come before this is written down: what NetSuite said is not taken back.
            rows = [row for row in receipts.of_effect(session, tenant, key) if row.state is ReceiptState.PROMISED]
            for row in rows:
                _published(row, made, _now() + systems.waits.answer)
            purchase_orders.note_receipts(session, rows, _now())
        return len(rows)

    # ---- answers -----------------------------------------------------------------------------------------------------

    def answers(self, tenant: str, systems: Purchasing) -> PoRunReport:
        """What NetSuite made of the receipts is in the ledger, as far as it answers at all."""
        troubles = list[ConnectorError]()
        answered = self._listen(tenant, systems, troubles)
        return _report(troubles, answered=answered, verified=self._verified(tenant, systems))

    def late_answers(self, tenant: str, systems: Purchasing) -> PoRunReport:
        """What files still tell of receipts that went by file before they went over REST; how many it answers."""
        answered, troubles = 0, list[ConnectorError]()
        try:
            answered = self._listen(tenant, systems, troubles) if systems.sftp else 0
        except ConnectorError as error:
            log.warning("answers in files not read", tenant=tenant, problem=str(error))
        return _report(troubles, of_files=answered + self._verified(tenant, systems))

    def _listen(self, tenant: str, systems: Purchasing, troubles: list[ConnectorError]) -> int:
        """Each receipt is heard of in the way of the importer that it was written for, whichever is in use now."""
        mode, since = systems.policy.netsuite_mode, _now() - systems.waits.swept_after_end
        with self._ledger.reading() as session:
            kinds = receipts.kinds_of_files(session, tenant, since)
        reads_acks = mode is NetSuiteMode.WAYBILL or EffectKind.RECEIPT_FILE in kinds
        watches = mode is NetSuiteMode.STOCK or EffectKind.STOCK_RECEIPT_FILE in kinds
        if not (reads_acks or watches):
            return 0
        with systems.files.session(activity.heartbeat) as files:
            answered = self._read_acks(tenant, systems, files, troubles) if reads_acks else 0
            return answered + (self._watch(tenant, systems, files, troubles) if watches else 0)

    def _verified(self, tenant: str, systems: Purchasing) -> int:
        """What NetSuite's account says beside its files; files go on where it is out of reach."""
        try:
            return verify(self._ledger, tenant, systems)
        except (ConnectorError, BudgetExhaustedError) as error:
            log.warning("receipts not verified", tenant=tenant, problem=str(error))
            return 0

    def _read_acks(self, tenant: str, systems: Purchasing, files: FileSession, troubles: list[ConnectorError]) -> int:
        """Our own scripts answer every file; an answer to one that this ledger did not send stays, and is told."""
        folder, strange = systems.files.folders.acks, list[ClaimedFile]()
        read = partial(self._read_ack, tenant, folder, files, strange)
        answered = sum(self._taking.each(tenant, folder, files, read))
        troubles += strange_answers(tenant, strange)
        return answered

    def _read_ack(
        self,
        tenant: str,
        folder: InboundFolder,
        files: FileSession,
        strange: list[ClaimedFile],
        claimed: ClaimedFile,
    ) -> int:
        """One answer into the ledger, then into the archive; one that makes no sense is put aside and told."""
        try:
            checksum, content = whole(files, claimed.folder, claimed.file)
            ack = read_ack(content)
            with self._ledger.writing() as session:
                is_of_known = bool(receipts.in_files(session, tenant, {ack.file}))
                if not (is_of_known or effects.is_named(session, tenant, RECEIPT_FILES, ack.file)):
                    strange.append(claimed)
                    return 0
                answered = _take_ack(session, tenant, ack)
        except FileRefusedError as error:
            return self._refuse_ack(tenant, folder, files, claimed, error)
        files.put_away(folder, claimed, checksum, _now())
        return answered

    def _refuse_ack(
        self, tenant: str, folder: InboundFolder, files: FileSession, claimed: ClaimedFile, error: FileRefusedError
    ) -> int:
        """Tell the receipts that their answer is lost: nobody knows what NetSuite made of them."""
        sent = answered_file(claimed.original)
        problem = f"NetSuite's answer {claimed.original} is no use, and lies in {folder.error}: {error}"
        log.error("answer refused", tenant=tenant, file=claimed.original, problem=str(error))
        with self._ledger.writing() as session:
            rows = [row for row in receipts.in_files(session, tenant, {sent}) if row.state is ReceiptState.SENT]
            for row in rows:
                row.state, row.problem = ReceiptState.UNKNOWN, problem
            purchase_orders.note_receipts(session, rows, _now())
        files.put_away(folder, claimed, REFUSED_MARK, _now(), bad=True)
        return len(rows)

    def _watch(self, tenant: str, systems: Purchasing, files: FileSession, troubles: list[ConnectorError]) -> int:
        """The stock importer answers nothing: it moves what it has read, and writes what failed into `error`.

        The two happen one after the other, in an order that nobody has published: a word of an error counts at once,
        also after its receipt was taken for accepted, and a file as taken only when it has lain in the archive for a
        while without one. What the ledger was told until then may show that more was received than the file says.
        """
        is_stock = systems.policy.netsuite_mode is NetSuiteMode.STOCK
        kinds = RECEIPT_FILES if is_stock else {EffectKind.STOCK_RECEIPT_FILE}
        with self._ledger.reading() as session:
            waiting = {row.file_name for row in receipts.unanswered(session, tenant, kinds) if row.file_name}
        settled = self._settled(tenant, systems, files, waiting) if waiting else set[str]()
        refused = self._errors.read(tenant, systems, files, troubles)
        with self._ledger.writing() as session:
            silent = (row for row in receipts.in_files(session, tenant, settled) if not receipts.is_doubted(row))
            rows = [row for row in silent if row.state.may_exist and not row.state.counts]
            for row in rows:
                _taken_in_silence(session, row)
            purchase_orders.note_receipts(session, rows, _now())
        return refused + len(rows)

    def _settled(self, tenant: str, systems: Purchasing, files: FileSession, waiting: set[str]) -> set[str]:
        """The files among these that have lain in the archive for long enough."""
        folders = systems.files.folders.receipts
        there = {file.name for file in files_in(files, below(folders.path, folders.archive))} & waiting
        since = {name: self._archived.get((tenant, name), _now()) for name in there}
        others = {key: at for key, at in self._archived.items() if key[0] != tenant}
        self._archived = others | {(tenant, name): at for name, at in since.items()}
        return {name for name, at in since.items() if _now() - at >= systems.waits.archived}


def _report(troubles: Sequence[Exception], hold: Hold | None = None, **counts: int) -> PoRunReport:
    return PoRunReport(counts=counts, trouble=hold_of(troubles[0]) if troubles else hold)


def _is_doubtful(session: Session, row: ReceiptRow) -> bool:
    """Whether an earlier sending may have arrived, which the stock importer would not see; such a one is held."""
    if not row.in_doubt:
        return False
    row.state, row.problem = ReceiptState.UNKNOWN, _TWICE.format(row.receipt_id)
    purchase_orders.note_receipts(session, [row], _now())
    return True


def _is_safe(session: Session, row: ReceiptRow, limits: ReceiptLimits) -> bool:
    """Whether NetSuite would make just what is meant of the receipt; one that is not safe stops no other."""
    try:
        list(receipt_files([receipts.wanted(row)], limits))
    except UnsafeReceiptError as error:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=str(error))
        purchase_orders.note_receipts(session, [row], _now())
        return False
    return True


def _published(row: ReceiptRow, made: EffectResult, due_at: datetime) -> None:
    match made.state:
        case EffectState.DONE:
            row.state, row.sent_at, row.due_at = ReceiptState.SENT, _now(), due_at
        case EffectState.REJECTED:
            row.state, row.problem = ReceiptState.REJECTED, made.problem
        case _:
            row.state, row.problem = ReceiptState.UNKNOWN, made.problem


def _taken_in_silence(session: Session, row: ReceiptRow) -> None:
    """Believe that the stock importer made just this receipt, unless lines may be open that its file does not name."""
    if beside := _told_beside(session, row):
        problem = _BESIDE.format(file=row.file_name, lines=some(beside))
        receipts.answer(row, ReceiptState.UNKNOWN, _now(), problem=problem)
    else:
        receipts.answer(row, ReceiptState.UNVERIFIED, _now())


def _told_beside(session: Session, row: ReceiptRow) -> list[str]:
    """What NetSuite may still receive that the file does not name; a row that cannot be read may be a new line."""
    order = purchase_orders.locked(session, row.tenant, row.po_id)
    named = receipts.wanted(row).quantities
    lines = [f"line {line_id}" for line_id in purchase_orders.standing_of(session, order).open_beside(named)]
    return [*lines, *(f"what this row tells: {bad}" for bad in order.bad_rows or ())]


def _take_ack(session: Session, tenant: str, ack: AckFile) -> int:
    """The receipts of one file, as NetSuite answered each; where it could not read the file, all are rejected.

    A receipt that it does not name waits on, until its deadline. The answer to such a file comes again with each run of
    the importer, so what it has said before is no news.

    Raises:
        FileRefusedError: it answers other bytes or other purchase orders than those that were sent.
    """
    rows = receipts.in_files(session, tenant, {ack.file})
    _check_fits(session, ack, rows)
    by_id = ack.by_receipt()
    told = [row for row in rows if _is_news(session, row, ack, by_id.get(row.receipt_id))]
    purchase_orders.note_receipts(session, told, _now())
    return len(told)


def _check_fits(session: Session, ack: AckFile, rows: Sequence[ReceiptRow]) -> None:
    """A file that could not be read as a whole may well have had other bytes: then nothing was made of it."""
    if ack.problem is not None:
        return
    for key in {row.effect_key for row in rows}:
        sent = session.get(EffectRow, key) if key else None
        if sent and sha256(Publication.model_validate_json(sent.body).data).hexdigest() != ack.sha256:
            said = f"it answers other bytes (SHA-256 {ack.sha256}) than those that were sent as {ack.file}"
            raise FileRefusedError(Refusal.WRONG_SHAPE, said)
    by_id = ack.by_receipt()
    for row in rows:
        result = by_id.get(row.receipt_id)
        if result and result.result is not AckOutcome.REJECTED and result.order_id != row.po_id:
            said = f"it tells receipt {row.receipt_id} of purchase order {result.order_id}, not of {row.po_id}"
            raise FileRefusedError(Refusal.WRONG_SHAPE, said)


def _is_news(session: Session, row: ReceiptRow, ack: AckFile, result: AckResult | None) -> bool:
    """Write down what an answer says of a receipt; whether that was not known yet."""
    order = purchase_orders.locked(session, row.tenant, row.po_id)
    before = (row.state, row.problem, row.item_receipt_id, order.status_after)
    if result is not None:
        # A clock ahead is no reason to hear no later answer, nor one of this second: answers tell whole ones.
        _answered(row, order, result, min(ack.processed_at, _now().replace(microsecond=0)))
    elif ack.problem:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=ack.problem)
    return before != (row.state, row.problem, row.item_receipt_id, order.status_after)


def _answered(row: ReceiptRow, order: PurchaseOrderRow, result: AckResult, at: datetime) -> None:
    """Write down a receipt's answer; the status in one that is older than another is no longer the purchase order's."""
    if result.result is AckOutcome.REJECTED:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=result.reason or "rejected without a word")
    else:
        receipts.answer(row, ReceiptState.CREATED, _now(), item_receipt_id=result.item_receipt_id)
    if result.po_status and (order.status_after_at is None or at >= order.status_after_at):
        order.status_after, order.status_after_at = result.po_status, at


def _now() -> datetime:
    return datetime.now(UTC)
