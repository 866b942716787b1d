"""What the rest of Waybill may ask of NetSuite over REST: purchase orders, item receipts, and their read-back."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from connectors.po_files.assembly import ToldPo
from domain.base import Frozen
from domain.outcomes import RepeatBehavior, WriteOutcome
from domain.purchase_order import PoStatus, ReceiptToSend


class OrderPage(NamedTuple):
    """Whole purchase orders, by ascending internal id; `after` is where the next page begins, None at the end."""

    told: tuple[ToldPo, ...]
    after: str | None


class ReadBack(Frozen):
    """What NetSuite has after a receipt was made.

    `differs` says in words where the item receipt is not what was promised; empty when it is. `received` is what the
    purchase order has received by now, by line id, in each line's own unit, of the lines that its record tells.
    """

    item_receipt_id: str
    differs: tuple[str, ...] = ()
    status: PoStatus | None = None
    received: Mapping[str, Decimal]


class NetSuitePort(Protocol):
    """One NetSuite account over REST; safe to share between threads.

    Reading raises `Unreachable`, `Throttled`, `Unauthorized`, `Rejected`, `NotFound` or `Contract`; never anything of
    httpx. Everything waits for a slot of the account's budget.
    """

    def turn(self) -> AbstractContextManager[None]:
        """A slot in the account's budget; calls inside the block, in this thread, take no other."""

    def close(self) -> None:
        """Give the connections back."""

    def check(self, *, makes_receipts: bool = True) -> str:
        """What was reached, in words, after logging in and asking for all that the flow needs; nothing is written.

        Args:
            makes_receipts: whether the flow makes receipts this way; otherwise it only reads.

        Raises:
            Unauthorized: a wrong key, a revoked certificate, a role that lacks permissions: says which, and what to do.
        """

    # ---- purchase orders ---------------------------------------------------------------------------------------------

    def pending_orders(self, after: str | None = None) -> OrderPage:
        """Purchase orders with status B, D or E and an open remainder, from behind `after` on.

        Each is told whole, closed lines included, exactly as our own file format tells it; what could not be read of
        one stands among its bad rows (`number` is the line's id there).
        """

    def orders(self, po_ids: Collection[str]) -> Mapping[str, ToldPo]:
        """These purchase orders as they stand now, of any status; those that its query does not show are absent."""

    def deleted(self, po_ids: Collection[str]) -> frozenset[str]:
        """Those of these that NetSuite surely has not any more: each is looked up by its id.

        One that it keeps from us, or will not or cannot tell of, is none of them.
        """

    # ---- item receipts -----------------------------------------------------------------------------------------------

    @property
    def repeat(self) -> RepeatBehavior:
        """What NetSuite does with a second item receipt of the same external id."""

    def receipt_body(
        self,
        receipt: ReceiptToSend,
        received: Mapping[str, Decimal] | None = None,
        unreadable: Collection[str] = (),
    ) -> str:
        """The exact JSON text that makes this item receipt, to be stored before it is sent.

        `received` is what the purchase order has received by now, by line id, as `orders` tells it: then the receipt is
        sent only while that is so, and an earlier sending that was applied keeps a second one from being made even
        where it cannot be found. `unreadable` are lines that could not be read, by id: those that are open when it is
        sent are named as not received, for a line that is not named is received in full.

        Raises:
            UnsafeReceiptError: it names no line, receives nothing, or has an id or quantity that NetSuite has not.
        """

    def create_receipt(self, body: str) -> WriteOutcome:
        """Make this item receipt once; `number` is its internal id. Guarded: see `connectors.guard`.

        `created` also where NetSuite has just this item receipt already: nobody else gives such external ids.
        `rejected` with NetSuite's words, or because its external id has other lines.

        Raises:
            LinesChanged: the open lines are not those that the receipt names, and it is not there; nothing was sent.
            Unreachable, Throttled, Unauthorized, Contract: surely nothing was applied.
            Ambiguous: it may have been applied.
        """

    def find_receipt(self, body: str, sent_at: datetime) -> WriteOutcome | None:
        """`already_exists` when the item receipt is there, None when it is not; `sent_at` is the newest doubtful send.

        Raises:
            Ambiguous: it is not seen, and it is too early to conclude anything from that.
        """

    def receipts(self, receipt_ids: Collection[str]) -> Mapping[str, str]:
        """Receipt id -> internal id of its item receipt, of those that NetSuite has."""

    def read_back(self, body: str, item_receipt_id: str) -> ReadBack:
        """The item receipt and its purchase order as they stand now.

        Raises:
            NotFound: it does not show yet: ask again in a while.
        """

    def describe_receipt(self, body: str) -> str:
        """The call that `create_receipt` would make."""
