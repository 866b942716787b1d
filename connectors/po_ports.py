"""What the rest of Waybill may ask of an OMS about purchase orders: imports, read-backs and receipts."""

from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from domain.base import Frozen, Moment
from domain.outcomes import WriteOutcome
from domain.purchase_order import ImportedLine


class ImportRepeat(StrEnum):
    """What the OMS does with a purchase order line that it was given before; nobody has published it (hotwax 4.3)."""

    UPSERTS = "upserts"
    IGNORES = "ignores"
    DUPLICATES = "duplicates"
    UNKNOWN = "unknown"

    @property
    def is_safe(self) -> bool:
        """Whether the same file may be imported again without making anything twice."""
        return self in {ImportRepeat.UPSERTS, ImportRepeat.IGNORES}

    @property
    def amends(self) -> bool:
        """Whether an amended line that is imported again replaces the one that is there."""
        return self is ImportRepeat.UPSERTS


class JobState(StrEnum):
    """Where the OMS's own job on an uploaded file stands."""

    PENDING = "pending"
    FINISHED = "finished"
    FAILED = "failed"
    """It failed or was cancelled as a whole: some records may have been applied, read back to know."""


class ImportProgress(Frozen):
    """How far the OMS has come with an uploaded file.

    `status` is its own word, None while it shows no log of the upload yet. Counts are None where it gives none.
    """

    upload_id: str
    state: JobState
    status: str | None = None
    total: int | None = None
    failed: int | None = None
    error_content_id: str | None = None

    @property
    def is_clean(self) -> bool:
        """Whether every record was taken."""
        return self.state is JobState.FINISHED and not self.failed and self.error_content_id is None


class OmsPurchaseLine(Frozen):
    """A line as the OMS has it.

    `line_id` is NetSuite's line id, None where the OMS has none. `pieces` is what was ordered less what was cancelled,
    in base units. `facility` is the facility's external id, `arrival` a date in the OMS's own time zone. `closed` says
    that nothing more can be received.
    """

    seq_id: str
    line_id: str | None
    product_id: str
    sku: str | None
    pieces: Decimal
    facility: str | None
    arrival: date | None
    status: str
    closed: bool


class OmsPurchaseOrder(Frozen):
    """A purchase order as the OMS has it; `po_id` is its external id there, NetSuite's internal id."""

    po_id: str
    order_id: str
    status: str
    lines: tuple[OmsPurchaseLine, ...]

    @property
    def doubled_lines(self) -> tuple[str, ...]:
        """The line ids that more than one line carries, sorted: an import made them twice."""
        times = Counter(line.line_id for line in self.lines if line.line_id is not None)
        return tuple(sorted(line_id for line_id, count in times.items() if count > 1))

    @property
    def by_line_id(self) -> dict[str, ImportedLine]:
        """The lines that NetSuite knows, by NetSuite's line id."""
        known = ((line.line_id, line) for line in self.lines if line.line_id is not None)
        return {
            line_id: ImportedLine(
                line_id=line_id,
                sku=line.sku or line.product_id,
                pieces=line.pieces,
                facility=line.facility or "",
                arrival=line.arrival,
                closed=line.closed,
            )
            for line_id, line in known
        }


class UnclearPurchaseOrder(Frozen):
    """A purchase order that the OMS has, and that cannot be told: two orders carry its id, or a row makes no sense."""

    po_id: str
    order_ids: tuple[str, ...]
    problem: str

    @property
    def is_doubled(self) -> bool:
        """Whether more than one order carries the id."""
        return len(self.order_ids) > 1


class OmsReceipt(Frozen):
    """One product received at one moment, in pieces; `accepted` is negative where a receipt was taken back.

    `seq_id` is None for a product that is not on the purchase order. `order_id` is None where neither the receipt nor
    its shipment names an order. Orders of every kind have receipts: the caller knows which of them are purchase orders.
    """

    receipt_id: str
    order_id: str | None
    seq_id: str | None
    product_id: str
    sku: str | None
    accepted: Decimal
    rejected: Decimal
    at: Moment
    shipment_id: str | None


class BadReceipt(Frozen):
    """A receipt row that makes no sense: why, and as much of whose it is as can be read."""

    told: str
    receipt_id: str | None = None
    order_id: str | None = None
    shipment_id: str | None = None
    at: Moment | None = None


class ReceiptPage(Frozen):
    """One page of receipts, oldest first; `last` when there are no more, `bad` has the rows that cannot be told.

    A row whose order nobody could look up is among `bad` too.
    """

    receipts: tuple[OmsReceipt, ...]
    last: bool
    bad: tuple[BadReceipt, ...] = ()
    unread: str = ""
    """Why rows of the order may be missing; empty where they are all there."""


class PurchasePort(Protocol):
    """An order management system that takes purchase orders as files and receives goods.

    Reading raises `Unreachable`, `Throttled`, `Unauthorized`, `Rejected` or `Contract`; never anything of httpx.
    """

    def turn(self) -> AbstractContextManager[None]:
        """A place in the system's budget of calls; calls inside the block, in this thread, take no other."""

    def close(self) -> None:
        """Give the connections back."""

    @property
    def repeat(self) -> ImportRepeat:
        """What the system does with a line that it was given before."""

    def import_body(self, file_name: str, csv: bytes) -> str:
        """The exact JSON text that imports these purchase orders, to be stored before it is sent.

        The file's name is the only thing that an upload in doubt can be found by: the same for every attempt, and
        never used for other content.

        Raises:
            ValueError: the name is not made of letters, digits, `.`, `_`, `-`, or the file is empty or no UTF-8.
        """

    def close_body(self, file_name: str, csv: bytes) -> str:
        """The exact JSON text that closes these lines; otherwise as `import_body`."""

    def upload(self, body: str) -> WriteOutcome:
        """Upload a file for import; `number` is the upload's id. Guarded: see `connectors.guard`.

        Raises:
            Unreachable, Throttled, Unauthorized: surely nothing was applied.
            Ambiguous: it may have been applied.
        """

    def find_upload(self, body: str) -> WriteOutcome | None:
        """`already_exists` when a file of this name was uploaded, None when none shows.

        None is no proof: the system writes its log after it has answered, so a row may appear later. Only where
        `repeat.is_safe` may the upload be sent again.
        """

    def describe_upload(self, body: str) -> str:
        """The call that `upload` would make: method, address, kind of import and file."""

    def import_progress(self, upload_id: str) -> ImportProgress:
        """How far the system has come with an upload; pending, too, while its log shows nothing of it."""

    def import_errors(self, content_id: str) -> bytes:
        """The file of the records that an import refused, as it came; bounded in size.

        Raises:
            NotFound: there is no such file.
        """

    def read_back(self, po_ids: Collection[str]) -> Mapping[str, OmsPurchaseOrder | UnclearPurchaseOrder]:
        """What the system has of these purchase orders, by NetSuite's internal id; those it has not are absent.

        Two orders under one id are told as unclear, never picked from; one that was cancelled does not count as second.
        """

    def receipts_since(self, since: datetime, page: int) -> ReceiptPage:
        """Page `page` (from 0) of the receipts since `since`, inclusive; the caller takes its overlap off.

        A receipt that was corrected keeps its time: what was corrected is seen by `receipts_of` only.
        """

    def receipts_of(self, order_id: str) -> ReceiptPage:
        """All receipts of this order of the OMS, as they stand now, on one page: those of its shipments too."""
