"""Bringing purchase orders into HotWax: many in one upload, followed to its end, read back, told to each."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

import structlog
from sqlmodel import Session
from temporalio import activity

from activities.beating import alone, beat
from activities.effects import Effects, InDoubtError, StillSendingError, Writer
from activities.failures import tells_temporal
from activities.po_noting import hold_of, noted
from activities.po_receipts import OF_ONE_ORDER, OrderReceipts, read_receipts, remember_before
from activities.systems import Purchasing, Tenants
from connectors.errors import ConnectorError, Throttled, Unauthorized, Unreachable
from connectors.po_files.errors import FileRefusedError
from connectors.po_files.import_csv import RefusedRecord, close_csv, import_csv, refused_records
from connectors.po_ports import ImportProgress, JobState, OmsPurchaseOrder, UnclearPurchaseOrder
from domain.keys import hotwax_queue, upload_key
from domain.po_import import difference
from domain.po_messages import PoRunReport, PoRunRequest
from domain.purchase_order import ImportedLine, ImportState
from domain.stages import EffectKind, EffectState
from ledger import effects, po_imports, po_shown, purchase_orders, sequences
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.po_tables import PurchaseOrderRow
from ledger.tables import EffectRow

log = structlog.get_logger()

KINDS = (EffectKind.PO_IMPORT, EffectKind.PO_CLOSE)
BATCHES = "po_import"
AWAY = (Unreachable, Throttled, Unauthorized)
"""What says of HotWax as a whole that it takes no upload now."""
Found = Mapping[str, OmsPurchaseOrder | UnclearPurchaseOrder]


@dataclass(frozen=True)
class _Fate:
    """What became of the uploads of one batch: still under way, or ended with these refusals.

    `failed` says why no record of it can be counted on; the read-back tells what was applied all the same. `unread`
    says why HotWax's words about what it refused could not be read. `doubles` says whether HotWax may have made what it
    does not show yet, and would make it a second time.
    """

    ended: bool
    failed: str = ""
    unknown: bool = False
    refused: Mapping[str, Sequence[RefusedRecord]] | None = None
    unread: str = ""
    doubles: bool = False


class PoImportActivities:
    """The run that carries wanted purchase orders into HotWax, on its queue."""

    def __init__(self, ledger: Ledger, tenants: Tenants, made: Effects) -> None:
        self._ledger, self._tenants, self._effects = ledger, tenants, made

    @activity.defn(no_thread_cancel_exception=True)
    @tells_temporal
    def import_purchase_orders(self, request: PoRunRequest) -> PoRunReport:
        """Uploads under way are followed, and what is wanted since is uploaded."""
        return noted(self._ledger, request, lambda: self._import(request.tenant))

    def _import(self, tenant: str) -> PoRunReport:
        systems = self._tenants.get(tenant).purchasing
        settled, uploaded = 0, 0
        unsent, unfollowed = list[Exception](), list[Exception]()
        self._look_again(tenant, systems, unsent)
        for batch in self._under_way(tenant):
            try:
                is_sent = self._send(tenant, systems, batch)
                beat()
                settled += self._follow(tenant, systems, batch, unfollowed) if is_sent else 0
            except AWAY:
                raise
            except (ConnectorError, InDoubtError) as error:
                unsent.append(error)
            beat()
        while self._look_for_next(tenant, systems, po_imports.never_looked_for):
            beat()
        while sent := self._upload_next(tenant, systems):
            uploaded += sent
            beat()
        if unsent:
            raise unsent[0]
        trouble = hold_of(unfollowed[0]) if unfollowed else None
        return PoRunReport(counts={"settled": settled, "uploaded": uploaded}, trouble=trouble)

    def _under_way(self, tenant: str) -> list[int]:
        with self._ledger.reading() as session:
            return po_imports.batches_under_way(session, tenant)

    # ---- looking before an upload ------------------------------------------------------------------------------------

    def _look_again(self, tenant: str, systems: Purchasing, troubles: list[Exception]) -> None:
        """Look for what was gone or never seen, before uploads are followed: the next run does for what they leave so.

        A look a moment after an upload has failed would say little. No trouble with it keeps one from being followed.
        """
        try:
            while self._look_for_next(tenant, systems, po_imports.looked_for_again):
                beat()
        except AWAY:
            raise
        except ConnectorError as error:
            troubles.append(error)

    def _look_for_next(self, tenant: str, systems: Purchasing, wanted: Callable[[Session, str, int], list[str]]) -> int:
        """Find out which of the next purchase orders HotWax has already or again, and what was received; how many."""
        with self._ledger.reading() as session:
            po_ids = wanted(session, tenant, systems.sizes.orders_per_upload)
        found = alone(partial(systems.oms.read_back, po_ids)) if po_ids else {}
        had: dict[str, OrderReceipts] = {}
        for po_id, told in found.items():
            if isinstance(told, OmsPurchaseOrder):
                had[po_id] = read_receipts(systems.oms, told.order_id)
                beat()
        with self._ledger.writing() as session:
            for po_id, row in purchase_orders.rows_of(session, tenant, po_ids).items():
                if po_shown.is_looked_for_again(row):
                    _note_second_look(session, row, found.get(po_id))
                elif row.looked_at is None:
                    _note_look(session, row, found.get(po_id), had.get(po_id))
        return len(po_ids)

    # ---- uploading ---------------------------------------------------------------------------------------------------

    def _upload_next(self, tenant: str, systems: Purchasing) -> int:
        """Promise and send the next upload; how many purchase orders it carries."""
        with self._ledger.durable() as session:
            waiting = po_imports.wanting_import(session, tenant, systems.sizes.orders_per_upload)
            doubling = [row for row in waiting if _would_double(row, systems)]
            for row in doubling:
                problem = "HotWax makes a second order of what it has (import_repeat), so nothing was uploaded"
                po_imports.record_import(session, row, ImportState.DONE, _now(), problem)
            if doubling:
                return len(doubling)
            rows = _fitting(waiting, systems)
            if not rows:
                return 0
            batch = sequences.next_number(session, tenant, BATCHES)
            for draft in _drafts(tenant, systems, batch, rows):
                effects.promise(session, draft, _now())
            po_imports.send_together(rows, batch)
        self._send(tenant, systems, batch)
        return len(rows)

    def _send(self, tenant: str, systems: Purchasing, batch: int) -> bool:
        """Send what the batch has to send; False where another run may have it on the wire: it is left to the next."""
        for row in self._effects_of(tenant, batch):
            if row.state not in {EffectState.DONE, EffectState.REJECTED}:
                beat()
                try:
                    self._effects.ensure(row.key, self._writer(tenant, systems))
                except StillSendingError as error:
                    log.info("upload left to the next run", tenant=tenant, batch=batch, why=str(error))
                    return False
        return True

    def _writer(self, tenant: str, systems: Purchasing) -> Writer:
        oms = systems.oms
        return Writer(
            system=hotwax_queue(tenant),
            turn=oms.turn,
            send=oms.upload,
            find=oms.find_upload,
            repeat_safe=oms.repeat.is_safe,
        )

    def _effects_of(self, tenant: str, batch: int) -> list[EffectRow]:
        with self._ledger.reading() as session:
            rows = (session.get(EffectRow, upload_key(kind, tenant, batch)) for kind in KINDS)
            return [row for row in rows if row is not None]

    # ---- following ---------------------------------------------------------------------------------------------------

    def _follow(self, tenant: str, systems: Purchasing, batch: int, troubles: list[Exception]) -> int:
        """As `_followed`; what keeps one batch from being followed stops no other batch and no upload."""
        try:
            return self._followed(tenant, systems, batch)
        except ConnectorError as error:
            log.warning("upload not followed", tenant=tenant, batch=batch, problem=str(error))
            troubles.append(error)
            return 0

    def _followed(self, tenant: str, systems: Purchasing, batch: int) -> int:
        """Settle the purchase orders of a batch whose uploads have ended; how many."""
        fate = self._fate(tenant, systems, batch)
        if not fate.ended:
            return 0
        with self._ledger.reading() as session:
            carried = [row.po_id for row in po_imports.carried_by(session, tenant, batch)]
        found = alone(partial(systems.oms.read_back, carried))
        with self._ledger.writing() as session:
            rows = po_imports.carried_by(session, tenant, batch)
            return sum(_settle(session, row, len(rows), fate, found) for row in rows)

    def _fate(self, tenant: str, systems: Purchasing, batch: int) -> _Fate:
        of_batch = self._effects_of(tenant, batch)
        refused = [f"HotWax refused the upload: {row.problem}" for row in of_batch if row.state is EffectState.REJECTED]
        made = [row for row in of_batch if row.state is not EffectState.REJECTED]
        if refused and not made:
            return _Fate(ended=True, failed=refused[0])
        if doubtful := [row for row in made if row.state is not EffectState.DONE]:
            return _Fate(ended=True, unknown=True, failed=f"{doubtful[0].key}: {doubtful[0].problem}")
        waits = systems.waits.import_ended
        is_overdue = all(_now() - (row.settled_at or row.planned_at) > waits for row in made)
        try:
            progress = [alone(partial(systems.oms.import_progress, row.number or "")) for row in made]
        except OF_ONE_ORDER as error:
            if not is_overdue:
                raise
            return _Fate(ended=True, unknown=True, failed=f"HotWax tells no end of its import: {error}")
        if pending := [job for job in progress if job.state is JobState.PENDING]:
            what = f"{pending[0].upload_id} in {waits}: {pending[0].status or 'its log shows nothing of it'}"
            return _Fate(ended=is_overdue, unknown=True, failed=f"HotWax has not ended upload {what}")
        failed = [job for job in progress if job.state is JobState.FAILED]
        if told := [*refused, *(f"HotWax ended upload {job.upload_id} with {job.status}" for job in failed)]:
            return _Fate(ended=True, failed=told[0], doubles=not systems.oms.repeat.is_safe)
        return _refused(systems, progress)


def _refused(systems: Purchasing, progress: Sequence[ImportProgress]) -> _Fate:
    """What HotWax says it refused; its words alone are missing where they cannot be read: the read-back decides."""
    refused, unread = defaultdict[str, list[RefusedRecord]](list), ""
    for content_id in (job.error_content_id for job in progress if job.error_content_id):
        try:
            for record in refused_records(alone(partial(systems.oms.import_errors, content_id))):
                if record.po_id:
                    refused[record.po_id].append(record)
        except (FileRefusedError, ConnectorError) as error:
            log.warning("HotWax's error file left aside", problem=str(error))
            unread = f"; HotWax's error file {content_id} could not be read: {error}"
    return _Fate(ended=True, refused=refused, unread=unread)


def _note_look(
    session: Session,
    row: PurchaseOrderRow,
    told: OmsPurchaseOrder | UnclearPurchaseOrder | None,
    had: OrderReceipts | None,
) -> None:
    """Note what HotWax has of a purchase order that was never uploaded; its workflow decides anew what is owed."""
    problem = _unclear(told) if told else None
    if problem:
        po_imports.record_import(session, row, ImportState.REJECTED, _now(), problem)
        return
    if had and had.unread:
        problem = f"HotWax has it, and what was received of it there cannot be read: {had.unread}"
        po_imports.record_import(session, row, ImportState.REJECTED, _now(), problem)
        return
    row.looked_at = _now()
    if isinstance(told, OmsPurchaseOrder) and had:
        row.import_state, row.import_wanted = ImportState.NONE, ""
        purchase_orders.record_found(session, row, told.order_id, told.by_line_id, _now())
        remember_before(session, row, had.parts(told), had.read_at, _now())


def _note_second_look(
    session: Session, row: PurchaseOrderRow, told: OmsPurchaseOrder | UnclearPurchaseOrder | None
) -> None:
    """Note what HotWax has of one that was gone: only what it surely has no more is made anew."""
    if told is None:
        po_shown.record_absent(session, row, _now())
    elif isinstance(told, OmsPurchaseOrder):
        po_shown.record_back(session, row, _now())
        purchase_orders.record_found(session, row, told.order_id, told.by_line_id, _now())
    else:
        po_imports.record_import(session, row, ImportState.GONE, _now(), told.problem)


def _would_double(row: PurchaseOrderRow, systems: Purchasing) -> bool:
    """Whether HotWax would make this purchase order a second time: its lines are set there by hand."""
    may_double = not (systems.oms.repeat.amends or systems.oms.repeat.is_safe)
    return may_double and row.oms_id is not None and any(not line.closed for line in purchase_orders.wanted_lines(row))


def _fitting(rows: Sequence[PurchaseOrderRow], systems: Purchasing) -> list[PurchaseOrderRow]:
    """As many as may share an upload: bounded in lines, and by what failed together before."""
    fitting: list[PurchaseOrderRow] = []
    lines, together = 0, rows[0].import_together if rows else 0
    for row in rows:
        lines += len(purchase_orders.wanted_lines(row))
        too_long = bool(fitting) and lines > systems.sizes.lines_per_upload
        if too_long or row.import_together != together or (together and len(fitting) == together):
            break
        fitting.append(row)
    return fitting


def _drafts(tenant: str, systems: Purchasing, batch: int, rows: Sequence[PurchaseOrderRow]) -> Sequence[EffectDraft]:
    """The promises of a batch: one upload for what is to be there, one for what is to be closed."""
    wanted = {row.po_id: purchase_orders.wanted_lines(row) for row in rows}
    uploads = (
        (EffectKind.PO_IMPORT, import_csv(wanted), systems.oms.import_body),
        (EffectKind.PO_CLOSE, close_csv(wanted), systems.oms.close_body),
    )
    made = []
    for kind, csv, body_of in uploads:
        if csv:
            # A ledger that begins anew counts from 1 again: the checksum keeps its names apart from the old ones.
            name = f"waybill-{tenant}-{kind}-{batch}-{sha256(csv).hexdigest()[:8]}.csv"
            key, body = upload_key(kind, tenant, batch), body_of(name, csv)
            made.append(EffectDraft(key=key, tenant=tenant, kind=kind, body=body, remote_no=name))
    return made


def _settle(session: Session, row: PurchaseOrderRow, together: int, fate: _Fate, found: Found) -> bool:
    """Write down what became of one purchase order of a batch, unless that is still open; whether it was written down.

    The read-back decides, not the log.
    """
    wanted, now = purchase_orders.wanted_lines(row), _now()
    told = found.get(row.po_id)
    if isinstance(told, OmsPurchaseOrder):
        purchase_orders.record_found(session, row, told.order_id, told.by_line_id, now)
    problem = _problem(wanted, told)
    if problem is None:
        row.import_together = 0
        po_imports.record_import(session, row, ImportState.DONE, now)
    elif fate.unknown:
        po_imports.record_import(session, row, ImportState.UNKNOWN, now, f"{fate.failed}; {problem}")
    elif fate.failed and together > 1:
        row.import_together = together // 2
        if fate.doubles and po_imports.is_unseen(row):
            po_shown.look_again(row)
        else:
            row.import_state, row.import_batch = ImportState.WANTED, None
    else:
        reasons = "; ".join(f"line {r.line_id}: {r.reason}" for r in (fate.refused or {}).get(row.po_id, ()))
        words = reasons or fate.failed or f"{problem}{fate.unread}"
        if words == problem and row.import_problem != words:
            # HotWax refused nothing: what it made may only not show yet. The next run looks once more.
            row.import_problem = words
            return False
        po_imports.record_import(session, row, ImportState.REJECTED, now, words)
    return True


def _problem(wanted: Sequence[ImportedLine], told: OmsPurchaseOrder | UnclearPurchaseOrder | None) -> str | None:
    """Why the purchase order is not in HotWax as it is wanted; None when it is."""
    if told is None:
        return "HotWax has no such purchase order"
    if problem := _unclear(told):
        return problem
    return difference(wanted, told.by_line_id) if isinstance(told, OmsPurchaseOrder) else None


def _unclear(told: OmsPurchaseOrder | UnclearPurchaseOrder) -> str | None:
    """Why nobody can tell what HotWax has of it; None when one can."""
    if isinstance(told, UnclearPurchaseOrder):
        return told.problem
    return f"HotWax has lines twice: {', '.join(told.doubled_lines)}" if told.doubled_lines else None


def _now() -> datetime:
    return datetime.now(UTC)
