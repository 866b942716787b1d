"""Receipts on their way into NetSuite: files published once, and what NetSuite made of them read back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.effects import Effects, Writer
from activities.po_stock_errors import StockErrors, files_in, whole
from activities.po_taking import Taking
from activities.po_verifying import verify
from activities.systems import Purchasing
from connectors.errors import ConnectorError
from connectors.po_files.ack import AckFile, AckOutcome, AckResult, read_ack
from connectors.po_files.errors import FileRefusedError, Refusal, UnsafeReceiptError
from connectors.po_files.limits import ReceiptLimits
from connectors.po_files.receipts import ReceiptFile, read_receipts, receipt_files
from connectors.sftp.models import ClaimedFile
from connectors.sftp.port import FileSession
from connectors.sftp.publication import Publication
from connectors.sftp.settings import InboundFolder
from domain.keys import netsuite_queue, upload_key
from domain.outcomes import EffectResult, Outcome, WriteOutcome
from domain.purchase_order import NetSuiteMode, ReceiptState
from domain.stages import EffectKind, EffectState
from ledger import effects, purchase_orders, receipts, sequences
from ledger.budget import BudgetExhaustedError
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.po_tables import PurchaseOrderRow, ReceiptRow
from ledger.tables import EffectRow

log = structlog.get_logger()

FILES = "receipt_file"
ANSWER = ".ack.json"
"""What the name of an answer ends with, where its receipt file's name ends with `.json`."""
REFUSED_MARK = "refused"
"""Stands in the name of a refused answer, in place of a checksum: it may have been too large to be read."""
TAKEN_AT_ONCE = 2_000
UNITS_OF_FILE, UNITS_OF_RECEIPT = 220, 30
"""What a file with errors, and each receipt in it, cost NetSuite's stock importer."""


class FileReceipts:
    """Publishes receipt files, and reads NetSuite's answers."""

    def __init__(self, ledger: Ledger, made: Effects) -> None:
        self._ledger, self._effects = ledger, made
        self._taking = Taking(folder_may_be_missing=True)
        self._errors = StockErrors(ledger)
        self._archived: dict[tuple[str, str], datetime] = {}

    # ---- publishing --------------------------------------------------------------------------------------------------

    def send(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """Every promised receipt lies in a file that NetSuite can read; files of a run that died are finished first."""
        with self._ledger.reading() as session:
            keys = receipts.under_way(session, tenant, EffectKind.RECEIPT_FILE)
        sent = 0
        if not keys and not self._is_any_promised(tenant):
            return {"files": 0, "receipts": 0}
        with systems.files.session(activity.heartbeat) as files:
            if systems.policy.netsuite_mode is NetSuiteMode.STOCK:
                self._errors.read(tenant, systems, files)  # what lies there by now is about earlier receipts
            self._look_for_earlier(tenant, files)
            keys += self._promise_files(tenant, systems, files)
            for key in keys:
                sent += self._publish(tenant, systems, files, key)
        return {"files": len(keys), "receipts": sent}

    def _is_any_promised(self, tenant: str) -> bool:
        with self._ledger.reading() as session:
            return bool(receipts.promised(session, tenant, 1))

    def _look_for_earlier(self, tenant: str, files: FileSession) -> None:
        """Receipts that are to be sent again: none goes whose earlier file NetSuite could read besides."""
        with self._ledger.reading() as session:
            again = [row for row in receipts.promised(session, tenant, TAKEN_AT_ONCE) if row.file_name]
            earlier = {row.file_name: _file_of(session, row) for row in again}
        for row in again:
            effect = earlier[row.file_name]
            found = files.find_file(effect.body) if effect else None
            with self._ledger.writing() as session:
                mine = session.get_one(ReceiptRow, (tenant, row.receipt_id), with_for_update=True)
                if mine.state is ReceiptState.PROMISED and mine.effect_key is None:
                    _goes_again(session, mine, effect, found)

    def _promise_files(self, tenant: str, systems: Purchasing, files: FileSession) -> list[str]:
        """Files for all promised receipts, each promised in the transaction that takes its receipts."""
        with self._ledger.durable() as session:
            limits = ReceiptLimits(file_bytes=systems.sizes.bytes_per_file, entries=systems.sizes.receipts_per_file)
            waiting = (row for row in receipts.promised(session, tenant, TAKEN_AT_ONCE) if not row.file_name)
            rows = [row for row in waiting if _is_safe(session, row, limits)]
            by_id = {row.receipt_id: row for row in rows}
            keys = []
            for file in _affordable(session, tenant, systems, receipt_files(map(receipts.wanted, rows), limits)):
                number = sequences.next_number(session, tenant, FILES)
                name = f"WB-RCPT-{_now():%Y%m%dT%H%M%SZ}-{number}.json"
                body = files.file_body(systems.files.folders.receipts, name, file.content.decode())
                key = upload_key(EffectKind.RECEIPT_FILE, tenant, number)
                draft = EffectDraft(key=key, tenant=tenant, kind=EffectKind.RECEIPT_FILE, body=body, remote_no=name)
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
        made = self._effects.ensure(key, writer)
        with self._ledger.writing() as session:
            # An answer may have come before this is written down: what NetSuite said is not taken back.
            rows = [row for row in receipts.of_effect(session, tenant, key) if row.state is ReceiptState.PROMISED]
            for row in rows:
                _published(row, made, _now() + systems.waits.answer)
            purchase_orders.note_receipts(session, rows, _now())
        return len(rows)

    # ---- answers -----------------------------------------------------------------------------------------------------

    def answers(self, tenant: str, systems: Purchasing) -> Mapping[str, int]:
        """What NetSuite made of the receipts is in the ledger, as far as it answers at all."""
        is_ours = systems.policy.netsuite_mode is NetSuiteMode.WAYBILL
        with systems.files.session(activity.heartbeat) as files:
            answered = (self._read_acks if is_ours else self._watch)(tenant, systems, files)
        return {"answered": answered, "verified": self._verified(tenant, systems)}

    def _verified(self, tenant: str, systems: Purchasing) -> int:
        """What NetSuite's account says beside its files; files go on where it is out of reach."""
        try:
            return verify(self._ledger, tenant, systems)
        except (ConnectorError, BudgetExhaustedError) as error:
            log.warning("receipts not verified", tenant=tenant, problem=str(error))
            return 0

    def _read_acks(self, tenant: str, systems: Purchasing, files: FileSession) -> int:
        """Our own scripts answer every file."""
        folder = systems.files.folders.acks
        return sum(self._taking.each(tenant, folder, files, partial(self._read_ack, tenant, folder, files)))

    def _read_ack(self, tenant: str, folder: InboundFolder, files: FileSession, claimed: ClaimedFile) -> int:
        """One answer into the ledger, then into the archive; one that makes no sense is put aside and told."""
        try:
            checksum, content = whole(files, claimed.folder, claimed.file)
            ack = read_ack(content)
            with self._ledger.writing() as session:
                answered = _take_ack(session, tenant, ack)
        except FileRefusedError as error:
            return self._refuse_ack(tenant, folder, files, claimed, error)
        files.put_away(folder, claimed, checksum, _now())
        return answered

    def _refuse_ack(
        self, tenant: str, folder: InboundFolder, files: FileSession, claimed: ClaimedFile, error: FileRefusedError
    ) -> int:
        """Tell the receipts that their answer is lost: nobody knows what NetSuite made of them."""
        file_name = f"{claimed.original.removesuffix(ANSWER)}.json"
        problem = f"NetSuite's answer {claimed.original} is no use, and lies in {folder.error}: {error}"
        log.error("answer refused", tenant=tenant, file=claimed.original, problem=str(error))
        with self._ledger.writing() as session:
            rows = [row for row in receipts.in_file(session, tenant, file_name) if row.state is ReceiptState.SENT]
            for row in rows:
                row.state, row.problem = ReceiptState.UNKNOWN, problem
            purchase_orders.note_receipts(session, rows, _now())
        files.put_away(folder, claimed, REFUSED_MARK, _now(), bad=True)
        return len(rows)

    def _watch(self, tenant: str, systems: Purchasing, files: FileSession) -> int:
        """The stock importer answers nothing: it moves what it has read, and writes what failed into `error`.

        The two happen one after the other, in an order that nobody has published: a word of an error counts at once,
        also after its receipt was taken for accepted, and a file as taken only when it has lain in the archive for a
        while without one.
        """
        with self._ledger.reading() as session:
            waiting = {row.file_name for row in receipts.unanswered(session, tenant) if row.file_name}
        settled = self._settled(tenant, systems, files, waiting) if waiting else set[str]()
        refused = self._errors.read(tenant, systems, files)
        with self._ledger.writing() as session:
            in_files = (row for name in sorted(settled) for row in receipts.in_file(session, tenant, name))
            rows = [row for row in in_files if row.state.may_exist and not row.state.counts]
            for row in rows:
                receipts.answer(row, ReceiptState.UNVERIFIED, _now())
            purchase_orders.note_receipts(session, rows, _now())
        return refused + len(rows)

    def _settled(self, tenant: str, systems: Purchasing, files: FileSession, waiting: set[str]) -> set[str]:
        """The files among these that have lain in the archive for long enough."""
        folders = systems.files.folders.receipts
        there = {file.name for file in files_in(files, f"{folders.path}/{folders.archive}")} & waiting
        since = {name: self._archived.get((tenant, name), _now()) for name in there}
        others = {key: at for key, at in self._archived.items() if key[0] != tenant}
        self._archived = others | {(tenant, name): at for name, at in since.items()}
        return {name for name, at in since.items() if _now() - at >= systems.waits.archived}


def _affordable(
    session: Session, tenant: str, systems: Purchasing, made: Iterable[ReceiptFile]
) -> Iterator[ReceiptFile]:
    """As many of these files as one run of the stock importer can read to its end, beside those that wait for it."""
    waiting = [row for row in receipts.unanswered(session, tenant) if row.state is not ReceiptState.UNKNOWN]
    used = UNITS_OF_FILE * len({row.file_name for row in waiting}) + UNITS_OF_RECEIPT * len(waiting)
    is_stock = systems.policy.netsuite_mode is NetSuiteMode.STOCK
    for file in made:
        cost = UNITS_OF_FILE + UNITS_OF_RECEIPT * len(file.receipt_ids)
        if is_stock and used and used + cost > systems.sizes.units_per_run:
            return
        used += cost
        yield file


def _is_safe(session: Session, row: ReceiptRow, limits: ReceiptLimits) -> bool:
    """Whether NetSuite would make just what is meant of the receipt; one that is not safe stops no other."""
    try:
        list(receipt_files([receipts.wanted(row)], limits))
    except UnsafeReceiptError as error:
        receipts.answer(row, ReceiptState.REJECTED, _now(), problem=str(error))
        purchase_orders.note_receipts(session, [row], _now())
        return False
    return True


def _file_of(session: Session, row: ReceiptRow) -> EffectRow | None:
    """The promise of the file that has a receipt; None where it surely never came to the server."""
    return effects.newest_named(session, row.tenant, EffectKind.RECEIPT_FILE, row.file_name or "")


def _goes_again(session: Session, row: ReceiptRow, effect: EffectRow | None, found: WriteOutcome | None) -> None:
    """Let a receipt go into another file, unless the earlier one lies unread, or was read since an operator looked."""
    problem = _why_not_again(row, effect, found) if effect and found and found.outcome is Outcome.ALREADY_EXISTS else ""
    if not (effect and problem):
        receipts.forget_file(row)
        return
    inside = read_receipts(Publication.model_validate_json(effect.body).data)
    earlier = next(receipt for receipt in inside if receipt.receipt_id == row.receipt_id)
    receipts.stays_in(row, effect.key, earlier, f"not sent again: {problem}")
    purchase_orders.note_receipts(session, [row], _now())


def _why_not_again(row: ReceiptRow, effect: EffectRow, found: WriteOutcome) -> str:
    path = Publication.model_validate_json(effect.body).path
    if found.raw == path:
        return (
            f"{path} lies there unread, and NetSuite would make both; get its importer going, and what becomes of the"
            " file is taken; or remove the file, then resend-receipt"
        )
    taken = f"NetSuite's importer has taken {row.file_name} meanwhile; its silence, or its word of an error, will count"
    return "" if row.answered_at else taken


def _published(row: ReceiptRow, made: EffectResult, due_at: datetime) -> None:
    match made.state:
        case EffectState.DONE:
            row.state, row.sent_at, row.due_at = ReceiptState.SENT, _now(), due_at
        case EffectState.REJECTED:
            row.state, row.problem = ReceiptState.REJECTED, made.problem
        case _:
            row.state, row.problem = ReceiptState.UNKNOWN, made.problem


def _take_ack(session: Session, tenant: str, ack: AckFile) -> int:
    """The receipts of one file, as NetSuite answered each; where it could not read the file, all are rejected.

    A receipt that it does not name waits on, until its deadline. The answer to such a file comes again with each run of
    the importer, so what it has said before is no news.

    Raises:
        FileRefusedError: it answers other bytes or other purchase orders than those that were sent.
    """
    rows = receipts.in_file(session, tenant, ack.file)
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
        _answered(row, order, result, ack.processed_at)
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
