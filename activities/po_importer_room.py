"""How much NetSuite's stock importer reads in one run: it dies without looking when its units are used up."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from activities.systems import Purchasing
from connectors.po_files.receipts import ReceiptFile
from domain.purchase_order import NetSuiteMode, ReceiptState
from domain.stages import Hold, HoldCause
from ledger.po_tables import ReceiptRow

UNITS_OF_FILE, UNITS_OF_RECEIPT = 220, 30
"""What a file with errors, and each receipt in it, cost NetSuite's stock importer."""


class ImporterRoom:
    """The units of the importer's next run, beside the receipts whose files lie before it, or are about to."""

    def __init__(self, systems: Purchasing, before: Sequence[ReceiptRow]) -> None:
        self._systems, self._before = systems, before
        self._left_out = 0

    def fitting(self, made: Iterable[ReceiptFile]) -> Iterator[ReceiptFile]:
        """As many of these files as the run can read to its end; one alone always goes."""
        is_stock = self._systems.policy.netsuite_mode is NetSuiteMode.STOCK
        used = UNITS_OF_FILE * len({row.file_name for row in self._before}) + UNITS_OF_RECEIPT * len(self._before)
        for file in made:
            is_first = used == 0
            used += UNITS_OF_FILE + UNITS_OF_RECEIPT * len(file.receipt_ids)
            if is_first or not is_stock or used <= self._systems.sizes.units_per_run:
                yield file
            else:
                self._left_out += len(file.receipt_ids)

    def trouble(self, now: datetime) -> Hold | None:
        """What holds a run that left receipts out, since the importer takes nothing for longer than it may."""
        since = now - self._systems.waits.answer
        sent = (row for row in self._before if row.state is not ReceiptState.PROMISED)
        stuck = sorted({row.file_name or "" for row in sent if row.sent_at is None or row.sent_at <= since})
        if not (self._left_out and stuck):
            return None
        more = f" and {len(stuck) - 1} more" if len(stuck) > 1 else ""
        evidence = f"{self._left_out} receipts wait: NetSuite's importer has not taken {stuck[0]}{more} in time"
        return Hold(cause=HoldCause.RECEIPTS_NOT_TAKEN, subject="netsuite", evidence=evidence)
