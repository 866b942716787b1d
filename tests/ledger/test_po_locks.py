"""Transactions that are about the same purchase orders wait for each other, and none is ended for it."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session
from temporalio.testing import ActivityEnvironment

from activities.po_earlier_files import EarlierFiles
from activities.po_still_wanted import Going, that_go
from connectors.po_files.receipts import receipt_files
from connectors.sftp.publication import Publication
from connectors.sftp.settings import OutboundFolder
from domain.purchase_order import ImportState, PoLine, PurchaseOrder, ReceiptState, ReceiptToSend
from domain.stages import EffectKind
from ledger import effects, po_imports, purchase_orders, receipt_rows, receipts
from ledger.database import Ledger
from ledger.effects import EffectDraft
from ledger.po_tables import ReceiptRow
from ledger.purchase_orders import Told
from ledger.receipt_rows import ReceiptPart
from tests.support.ledgers import NOW, TENANT, fresh_ledger

FIRST, SECOND = "1", "2"
KEY, FILE = "receipt_file/gt/1", "WB-RCPT-1.json"
Work = Callable[[Ledger], object]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A PostgreSQL with two purchase orders of one receipt each, both in one file: SQLite has one writer at a time."""
    ledger = fresh_ledger("postgresql", tmp_path)
    with ledger.writing() as session:
        told = [Told(po_id, _order(po_id)) for po_id in (FIRST, SECOND)]
        purchase_orders.record_told(session, TENANT, told, [FIRST, SECOND], None, NOW)
    with ledger.writing() as session:
        for po_id in (FIRST, SECOND):
            receipt_rows.record_parts(session, TENANT, po_id, [_part(po_id)], NOW)
            row = purchase_orders.locked(session, TENANT, po_id)
            row.import_state, row.looked_at = ImportState.WANTED, NOW
            # Of the two, that of the later id has its turn first.
            row.import_together = 1 if po_id == SECOND else 0
    yield ledger
    ledger.close()


def _order(po_id: str) -> PurchaseOrder:
    line = PoLine(line_id="1", sku="SHOE", quantity=Decimal(5), facility="17")
    return PurchaseOrder(tenant=TENANT, po_id=po_id, lines=(line,))


def _part(po_id: str, accepted: int = 1, name: str = "") -> ReceiptPart:
    part_id = name or f"R{po_id}"
    return ReceiptPart(
        part_id=part_id, shipment_id="S", line_id="1", sku="SHOE", accepted=Decimal(accepted), received_at=NOW
    )


def _in_file(ledger: Ledger, *, again: bool = False) -> None:
    """Have a file carry both receipts; `again`: they are to be sent once more."""
    with ledger.writing() as session:
        rows = [row for po_id in (FIRST, SECOND) for row in receipts.of_po(session, TENANT, po_id)]
        for row in rows:
            owed = ReceiptToSend(
                receipt_id=row.receipt_id, po_id=row.po_id, received_at=NOW, quantities={"1": Decimal(1)}
            )
            row.state, row.wanted = ReceiptState.PROMISED, owed.model_dump_json()
            row.effect_key, row.file_name = None if again else KEY, FILE
        [file] = receipt_files([receipts.wanted(row) for row in rows])
        body = Publication(folder=OutboundFolder(path="r"), name=FILE, content=file.content.decode())
        kind = EffectKind.RECEIPT_FILE
        draft = EffectDraft(key=KEY, tenant=TENANT, kind=kind, body=body.model_dump_json(), remote_no=FILE)
        effects.promise(session, draft, NOW)


def _complete(ledger: Ledger) -> None:
    with ledger.writing() as session:
        receipts.take_for_complete(session, TENANT, NOW)


def _published(ledger: Ledger) -> None:
    with ledger.writing() as session:
        purchase_orders.note_receipts(session, receipts.of_effect(session, TENANT, KEY), NOW)


def _answered(ledger: Ledger) -> None:
    with ledger.writing() as session:
        purchase_orders.note_receipts(session, receipts.in_files(session, TENANT, {FILE}), NOW)


def _look_for_earlier(ledger: Ledger) -> None:
    ActivityEnvironment().run(EarlierFiles(ledger).look, TENANT, None)


def _until_it_waits(ledger: Ledger, work: Future[object]) -> None:
    """Until the work waits for a lock of another transaction; it may also have ended without."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ledger.engine.connect() as connection:
        while not (work.done() or connection.execute(waiting).scalar_one()):
            pass


def _beside(ledger: Ledger, work: Work, po_id: str, then: Callable[[Session], object]) -> None:
    """Do the work while another transaction holds a purchase order, and `then` goes on to what belongs to it."""
    with ThreadPoolExecutor(1) as pool:
        with ledger.writing() as session:
            purchase_orders.locked(session, TENANT, po_id)
            done: Future[object] = pool.submit(work, ledger)
            _until_it_waits(ledger, done)
            then(session)
        done.result()


@pytest.mark.parametrize(
    ("work", "again"),
    [(_complete, False), (_published, False), (_answered, False), (_look_for_earlier, True)],
    ids=["complete", "published", "answered", "looked for"],
)
def test_receipts_are_locked_behind_their_purchase_orders(ledger: Ledger, work: Work, *, again: bool) -> None:
    _in_file(ledger, again=again)

    def keep(session: Session) -> None:
        assert receipt_rows.record_parts(session, TENANT, FIRST, [_part(FIRST, 2)], NOW)

    _beside(ledger, work, FIRST, keep)
    with ledger.reading() as session:
        assert session.get_one(ReceiptRow, (TENANT, f"{FIRST}-S")).pieces == {"1": "2"}


def test_purchase_orders_whose_uploads_have_turns_are_locked_by_their_ids(ledger: Ledger) -> None:
    def upload(ledger: Ledger) -> list[str]:
        with ledger.writing() as session:
            return [row.po_id for row in po_imports.wanting_import(session, TENANT, 2)]

    _beside(ledger, upload, FIRST, lambda session: purchase_orders.locked(session, TENANT, SECOND))
    assert upload(ledger) == [SECOND, FIRST]


def test_receipts_that_go_hold_no_receipt_of_another_purchase_order(ledger: Ledger) -> None:
    _in_file(ledger, again=True)
    with ledger.writing() as session:
        for po_id in (FIRST, SECOND):
            receipts.forget_file(session.get_one(ReceiptRow, (TENANT, f"{po_id}-S")))
        news = purchase_orders.locked(session, TENANT, SECOND).news

    with ledger.writing() as session:
        [going] = that_go(session, TENANT, {SECOND: Going(f"{SECOND}-S", news)}, 10)
        with ledger.writing() as other:
            other.execute(text("SET LOCAL lock_timeout = 1000"))
            purchase_orders.locked(other, TENANT, FIRST)
            assert receipt_rows.record_parts(other, TENANT, FIRST, [_part(FIRST, 2)], NOW)
    assert going.po_id == SECOND
