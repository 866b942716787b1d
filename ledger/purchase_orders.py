"""Purchase orders in the ledger: told by NetSuite, found in HotWax, assessed, and word of them to their workflows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlmodel import Session, col, insert, or_, select, update

from domain.po_standing import Standing
from domain.purchase_order import ImportedLine, ImportState, PoMemory, PoPlan, PoStage, PoStatus, PurchaseOrder
from ledger import journal, po_files, po_imports, receipt_rows, receipts
from ledger.columns import numbers, texts
from ledger.holding import about, set_stage
from ledger.journal import About, Flow
from ledger.po_tables import PurchaseOrderRow, ReceiptRow

_LINES = TypeAdapter(tuple[ImportedLine, ...])
_IMPORTED = TypeAdapter(dict[str, ImportedLine])


def locked(session: Session, tenant: str, po_id: str) -> PurchaseOrderRow:
    """The purchase order's row, locked before any receipt of it: `ledger.po_locks` tells the order of locks.

    Raises:
        NoResultFound: nobody told of it.
    """
    return session.get_one(PurchaseOrderRow, (tenant, po_id), with_for_update=True)


def rows_of(session: Session, tenant: str, po_ids: Collection[str]) -> dict[str, PurchaseOrderRow]:
    """The rows of those that are known, by id, locked."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, col(PurchaseOrderRow.po_id).in_(list(po_ids))
    )
    found = session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()
    return {row.po_id: row for row in found}


# ---- what NetSuite tells ---------------------------------------------------------------------------------------------


class Told(NamedTuple):
    """What a file tells of a purchase order, and why rows of it could not be read.

    `po` is None where its good rows change nothing: there are none, or the tenant takes whole purchase orders only.
    Then `partly` has them, and `modified_at` is NetSuite's time of the bad ones, as far as they tell it.
    """

    po_id: str
    po: PurchaseOrder | None
    bad: Sequence[str] = ()
    partly: PurchaseOrder | None = None
    modified_at: datetime | None = None
    timeless: bool = False
    """Whether the file's format tells no times: the word is as old as its file."""

    @property
    def at(self) -> datetime | None:
        """When NetSuite changed last what is told; None where nobody says."""
        good = self.po or self.partly
        return good.modified_at if good else self.modified_at

    def without_a_time_after(self, latest: datetime) -> "Told":
        """The same word; where its time is later than that, nobody says when NetSuite changed what is told."""
        if self.at is None or self.at <= latest:
            return self
        po, partly = (po and po.model_copy(update={"modified_at": None}) for po in (self.po, self.partly))
        return self._replace(po=po, partly=partly, modified_at=None)


def record_told(
    session: Session, tenant: str, told: Iterable[Told], po_ids: Collection[str], file_id: int | None, now: datetime
) -> int:
    """Keep what NetSuite told of these purchase orders, in a file or over REST; how many are new or changed.

    One that is told as it was before is no news, and one older than what is known is left aside: by NetSuite's own
    times alone, for our clock says when a word was read, not how old it is. What is asked for over REST (`file_id` is
    None) is never old, though its time may be: the account's clock goes through one hour twice in autumn. Words
    without a time are as old as their file, and leave a trace in the journal where they are left aside. A time that is
    still to come is none. `told` is about `po_ids`, and may be a stream: of each purchase order only what is written
    stays in memory.
    """
    known = rows_of(session, tenant, po_ids)
    younger = po_files.younger(session, file_id, {row.file_id for row in known.values()})
    found, left_aside = dict[str, _News](), dict[str, _News]()
    latest = now + po_files.AHEAD
    for each in (word.without_a_time_after(latest) for word in told):
        row = known.get(each.po_id)
        is_dated = row is not None and row.modified_at is not None and row.modified_at <= latest
        if row and is_dated and file_id is not None and _is_older(session, row, each, file_id):
            continue
        news = _news(row, each, now)
        if row and each.timeless and row.file_id in younger:
            text = f"left aside, since file {row.file_id} is younger, what is told"
            left_aside |= {each.po_id: _News({}, text)} if news else {}
        elif news:
            found[each.po_id] = news
        elif row:
            _told_again(row, each, file_id, now)
    for po_id in found.keys() & known.keys():
        row = known[po_id]
        row.sqlmodel_update({**found[po_id].values, "file_id": file_id, "news": row.news + 1})
    blank = PurchaseOrderRow(tenant=tenant, po_id="", file_id=file_id, news=1, stage_since=now, seen_at=now)
    _add(session, blank, {po_id: news.values for po_id, news in found.items() if po_id not in known})
    entries = ((About(tenant, po_id, Flow.PURCHASE_ORDER), news.text) for po_id, news in (found | left_aside).items())
    how = f"by file {file_id}" if file_id else "over REST"
    journal.write_all(session, now, "file", ((about, f"{text} {how}") for about, text in entries))
    return len(found)


def _add(session: Session, blank: PurchaseOrderRow, fresh: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep new purchase orders by their ids: plain rows, since thousands of objects cost more than their insert."""
    if fresh:
        # What is None in all of them is not named: as a parameter of each row it costs as much as a value.
        columns = dict.fromkeys(chain.from_iterable(fresh.values())) | blank.model_dump(exclude_none=True)
        rows = [{**columns, "po_id": po_id, **values} for po_id, values in fresh.items()]
        session.connection().execute(insert(PurchaseOrderRow), rows)


class _News(NamedTuple):
    """What a file changes about a purchase order: columns and their values, and what the journal tells of it."""

    values: Mapping[str, Any]
    text: str


def _news(row: PurchaseOrderRow | None, told: Told, now: datetime) -> _News | None:
    bad, bad_before = list(told.bad), (row and row.bad_rows) or []
    common = {"modified_at": told.at or (row and row.modified_at), "told_partly": _partly(told)}
    if told.po:
        values = _columns_after(row, told.po, now) | common
        if row is None or values["told_digest"] != row.told_digest or bad != bad_before:
            values |= {"number": told.po.number or (row and row.number), "bad_rows": bad or None}
            verb = "amended" if row and row.told_digest else "first told"
            text = "found deleted" if told.po.deleted else f"{verb} with {len(told.po.lines)} lines"
            return _News(values, text)
    if bad and (bad != bad_before or (row and row.told_partly != common["told_partly"])):
        return _News({**common, "bad_rows": bad}, f"{len(bad)} bad rows of it seen")
    return None


def _partly(told: Told) -> str | None:
    return told.partly.model_dump_json() if told.partly else None


def _columns_after(row: PurchaseOrderRow | None, po: PurchaseOrder, now: datetime) -> dict[str, Any]:
    """The columns of what is told now, beside what was told before.

    A line that bad rows may have hidden, or that HotWax has, is none that was added.
    """
    values = _columns(po, now)
    if row and row.told and values["told_digest"] != row.told_digest:
        earlier = PurchaseOrder.model_validate_json(row.told)
        return _columns(po.told_after(earlier, None if row.bad_rows else now, row.imported or ()), now)
    return values


def _columns(po: PurchaseOrder, now: datetime) -> dict[str, Any]:
    body = po.model_dump_json(exclude={"modified_at"})
    return {
        "told": body,
        "told_digest": sha256(body.encode()).hexdigest(),
        "told_at": po.modified_at or now,
        "status": po.status and str(po.status),
    }


def _told_again(row: PurchaseOrderRow, told: Told, file_id: int | None, now: datetime) -> None:
    """Note that it is as it was at a later time too: the proof asks how new NetSuite's word is."""
    row.modified_at = told.at or row.modified_at
    row.file_id = file_id
    if told.bad:
        row.told_partly = _partly(told)
    if told.po:
        row.told_at = told.at or now


def _is_older(session: Session, row: PurchaseOrderRow, told: Told, file_id: int) -> bool:
    """Whether an earlier state is told than the one that is known, whole or broken; only where both have a time.

    Files show no seconds, REST does: of two words of one time, as far as that can be told, that counts which was
    exported later, whichever is read first. A word of REST is not older than the change that it tells.
    """
    if not told.at or not row.modified_at:
        return False
    is_of_file = row.file_id is not None
    earliest = row.modified_at if is_of_file else row.modified_at.replace(second=0, microsecond=0)
    if not earliest <= told.at <= row.modified_at:
        return told.at < earliest
    known = po_files.exported_at(session, row.file_id) if is_of_file else row.modified_at
    this = po_files.exported_at(session, file_id)
    return bool(known and this and this < known)


def take_good_rows(session: Session, row: PurchaseOrderRow, now: datetime) -> None:
    """Have its good rows count as what NetSuite told, where bad ones stood beside them: the tenant allows it now."""
    if not row.told_partly:
        return
    po = PurchaseOrder.model_validate_json(row.told_partly)
    row.sqlmodel_update({**_columns_after(row, po, now), "number": po.number or row.number, "told_partly": None})
    journal.write(session, about(row), now, "file", f"goes on with its {len(po.lines)} good lines")


def told(row: PurchaseOrderRow) -> PurchaseOrder | None:
    """The purchase order as NetSuite told it last; None while only broken rows of it were seen."""
    return PurchaseOrder.model_validate_json(row.told) if row.told else None


def told_or_nothing(row: PurchaseOrderRow) -> PurchaseOrder:
    """As `told`; without lines while only broken rows of it were seen."""
    return told(row) or PurchaseOrder(tenant=row.tenant, po_id=row.po_id, lines=())


def _status_beside(row: PurchaseOrderRow) -> PoStatus | None:
    """NetSuite's status by the good rows beside bad ones, while they do not count otherwise."""
    return PurchaseOrder.model_validate_json(row.told_partly).status if row.told_partly else None


# ---- memory and plan -------------------------------------------------------------------------------------------------


def memory_of(session: Session, row: PurchaseOrderRow) -> PoMemory:
    """Everything the ledger remembers of it."""
    return PoMemory(
        stage=row.stage,
        import_state=row.import_state,
        import_problem=row.import_problem,
        imported=imported(row),
        asked=_asked(row),
        is_unseen=po_imports.is_unseen(row),
        received_before=numbers(row.received_before),
        received_by_others=None if row.received_by_others is None else numbers(row.received_by_others),
        old_pieces=receipt_rows.pieces_before(session, row.tenant, row.po_id),
        receipts=tuple(receipts.fact_of(receipt) for receipt in receipts.of_po(session, row.tenant, row.po_id)),
        unreadable=receipt_rows.unreadable(session, row.tenant, row.po_id),
        closed_in_oms=frozenset(row.closed_in_oms or ()),
        status_after=PoStatus(row.status_after) if row.status_after else None,
        told_after_answer=row.is_told_after_answer,
        bad_rows=tuple(row.bad_rows or ()),
        status_beside=_status_beside(row),
        cancel_wanted=row.cancel_wanted,
        close_wanted=row.close_wanted,
        acknowledged=frozenset(row.acknowledged or ()),
    )


def standing_of(session: Session, row: PurchaseOrderRow) -> Standing:
    """Where it stands; without lines while only broken rows of it were seen."""
    return Standing(told_or_nothing(row), memory_of(session, row))


def imported(row: PurchaseOrderRow) -> dict[str, ImportedLine]:
    """Its lines as HotWax was last found to have them, by line id."""
    return _IMPORTED.validate_python(row.imported or {})


def wanted_lines(row: PurchaseOrderRow) -> tuple[ImportedLine, ...]:
    """Its lines as HotWax shall have them: what the next upload, or the one under way, tells."""
    return _LINES.validate_json(row.import_wanted) if row.import_wanted else ()


def _asked(row: PurchaseOrderRow) -> dict[str, ImportedLine]:
    """What the newest upload told; nothing while the next one is only wanted."""
    if row.import_state in {ImportState.NONE, ImportState.WANTED}:
        return {}
    return {line.line_id: line for line in wanted_lines(row)}


def record_plan(session: Session, row: PurchaseOrderRow, plan: PoPlan, now: datetime) -> None:
    """Write down what it owes: uploads take it from here."""
    row.waiting_for = plan.waiting_for
    if plan.looks:
        row.import_state, row.import_problem = ImportState.GONE, ""
    elif row.import_state not in {ImportState.SENT, ImportState.UNKNOWN}:
        _want(session, row, plan.import_lines, now)
    receipts.withdraw(session, row.tenant, plan.withdraw)
    if plan.send and receipts.promise(session, row.tenant, plan.send, now):
        text = f"receipt {plan.send.receipt_id} wanted in NetSuite"
        journal.write(session, about(row), now, "receipt", text)
    set_stage(session, row, plan.stage, plan.hold, now)


def _want(session: Session, row: PurchaseOrderRow, lines: tuple[ImportedLine, ...], now: datetime) -> None:
    """Have the next upload take these lines along, or none where nothing is owed any more."""
    if not lines:
        if row.import_state is ImportState.WANTED:
            row.import_state, row.import_wanted = ImportState.DONE if row.imported else ImportState.NONE, ""
        return
    wanted = _LINES.dump_json(lines).decode()
    if row.import_state is not ImportState.WANTED or row.import_wanted != wanted:
        row.import_wanted, row.import_state, row.import_problem = wanted, ImportState.WANTED, ""
        row.import_batch = None
        journal.write(session, about(row), now, "import", f"{len(lines)} lines wanted in HotWax")


# ---- word to the workflows -------------------------------------------------------------------------------------------


def with_news(session: Session, tenant: str, after: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those whose workflow has not heard of all that happened, by id, from the one behind `after` on."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        col(PurchaseOrderRow.news) > col(PurchaseOrderRow.heard),
        col(PurchaseOrderRow.po_id) > after,
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).limit(limit)).all()


def mark_heard(session: Session, tenant: str, heard: Mapping[str, int]) -> None:
    """Note that these workflows, by purchase order, were told of so much news; what came since stays news."""
    for po_id, news in sorted(heard.items()):
        mine = (col(PurchaseOrderRow.tenant) == tenant, col(PurchaseOrderRow.po_id) == po_id)
        session.exec(update(PurchaseOrderRow).where(*mine, col(PurchaseOrderRow.heard) < news).values(heard=news))


# ---- what HotWax has -------------------------------------------------------------------------------------------------


def record_found(
    session: Session, row: PurchaseOrderRow, oms_id: str, lines: Mapping[str, ImportedLine], now: datetime
) -> None:
    """Keep what HotWax has; news where it is not what was known. What an earlier order received stays as it was."""
    found = _IMPORTED.dump_python(dict(lines), mode="json")
    if (row.oms_id, row.imported) == (oms_id, found):
        return
    if row.oms_id not in {None, oms_id}:
        receipt_rows.forget_rows(session, row.tenant, row.po_id)
    row.oms_id, row.imported, row.news = oms_id, found, row.news + 1
    journal.write(session, about(row), now, "import", f"HotWax has it as {oms_id} with {len(found)} lines")


def by_oms_id(session: Session, tenant: str, oms_ids: Collection[str]) -> dict[str, PurchaseOrderRow]:
    """Those that HotWax knows by these ids, locked."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant, col(PurchaseOrderRow.oms_id).in_(list(oms_ids))
    )
    found = session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).with_for_update()).all()
    return {row.oms_id: row for row in found if row.oms_id}


def receivable(
    session: Session, tenant: str, ended_since: datetime, after: str, limit: int
) -> Sequence[PurchaseOrderRow]:
    """Those that HotWax has and that have not ended, or only since then, by id, from the one behind `after` on."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        col(PurchaseOrderRow.oms_id).is_not(None),
        col(PurchaseOrderRow.po_id) > after,
        or_(
            col(PurchaseOrderRow.stage).in_([stage for stage in PoStage if not stage.is_end]),
            col(PurchaseOrderRow.stage_since) >= ended_since,
        ),
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).limit(limit)).all()


def not_ended(session: Session, tenant: str, after: str, limit: int) -> Sequence[PurchaseOrderRow]:
    """Those that have not ended, by id, from the one behind `after` on."""
    mine = select(PurchaseOrderRow).where(
        PurchaseOrderRow.tenant == tenant,
        col(PurchaseOrderRow.po_id) > after,
        col(PurchaseOrderRow.stage).in_([stage for stage in PoStage if not stage.is_end]),
    )
    return session.exec(mine.order_by(col(PurchaseOrderRow.po_id)).limit(limit)).all()


def remember_received(row: PurchaseOrderRow, memory: PoMemory) -> None:
    """Remember what NetSuite had received before any receipt of ours, and what it has beside them."""
    row.received_before = texts(memory.received_before)
    row.received_by_others = (texts(memory.received_by_others or {}) or {}) if memory.receipts else None


def forget_others(row: PurchaseOrderRow, line_id: str) -> None:
    """Learn anew from NetSuite's word what others received of a line: what was put right by hand counts as ours now."""
    row.received_by_others = {i: number for i, number in (row.received_by_others or {}).items() if i != line_id}


def note(session: Session, tenant: str, po_id: str, kind: str, text: str, now: datetime) -> None:
    """Write down that something happened to it, and that its workflow is to hear of it."""
    row = locked(session, tenant, po_id)
    row.news += 1
    journal.write(session, about(row), now, kind, text)


def note_receipts(session: Session, rows: Iterable[ReceiptRow], now: datetime) -> None:
    """Note what became of receipts as news of their purchase orders, with a word in their journals."""
    for row in rows:
        made = f" as item receipt {row.item_receipt_id}" if row.item_receipt_id else ""
        file = f" ({row.file_name})" if row.file_name else ""
        problem = f": {row.problem}" if row.problem else ""
        text = f"receipt {row.receipt_id} is {row.state}{made}{file}{problem}"
        note(session, row.tenant, row.po_id, "receipt", text, now)
