"""NetSuite over REST as a `NetSuitePort`."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal

from connectors.guard import remote_write
from connectors.http import CallBudget, OnCall
from connectors.netsuite.orders import Orders
from connectors.netsuite.port import OrderPage, ReadBack
from connectors.netsuite.receipts import Receipts
from connectors.netsuite.role_check import RoleCheck
from connectors.netsuite.session import Session
from connectors.netsuite.settings import RestSettings
from connectors.po_files.assembly import ToldPo
from domain.outcomes import RepeatBehavior, WriteOutcome
from domain.purchase_order import ReceiptToSend


class NetSuiteRest:
    """A `NetSuitePort` on one tenant's account; safe to share between threads.

    Args:
        tenant: whose purchase orders these are.
        settings: where the account is, its keys, and how its data are spelled.
        budget: the account's slots; none means no bounds.
        on_call: told about each call.
    """

    def __init__(
        self, tenant: str, settings: RestSettings, budget: CallBudget | None = None, on_call: OnCall | None = None
    ) -> None:
        self._settings = settings
        self._session = Session(settings, budget, on_call)
        self._orders = Orders(tenant, settings, self._session)
        self._receipts = Receipts(settings, self._session)

    def turn(self) -> AbstractContextManager[None]:
        """A block in which this thread may call."""
        return self._session.turn()

    def close(self) -> None:
        """Let go of all connections."""
        self._session.close()

    def check(self, *, makes_receipts: bool = True) -> str:
        """What was reached, in words; nothing is written."""
        with self._session.turn():
            RoleCheck(self._session, self._receipts).check(makes_receipts=makes_receipts)
        may = ", and may receive" if makes_receipts else ""
        return f"{self._settings.base_url}: logged in, purchase orders and item receipts read{may}"

    def pending_orders(self, after: str | None = None) -> OrderPage:
        """Purchase orders with an open remainder, from behind `after` on."""
        return self._orders.pending(after)

    def orders(self, po_ids: Collection[str]) -> Mapping[str, ToldPo]:
        """These purchase orders as they stand now, of any status."""
        return self._orders.of(po_ids)

    def deleted(self, po_ids: Collection[str]) -> frozenset[str]:
        """Those of these that NetSuite surely has not any more."""
        return self._orders.deleted(po_ids)

    @property
    def repeat(self) -> RepeatBehavior:
        """What NetSuite does with a second item receipt of the same external id."""
        return self._settings.repeat

    def receipt_body(
        self,
        receipt: ReceiptToSend,
        received: Mapping[str, Decimal] | None = None,
        unreadable: Collection[str] = (),
    ) -> str:
        """The exact JSON text that makes this item receipt, to be sent while so much is received."""
        return self._receipts.body(receipt, received or {}, unreadable)

    @remote_write
    def create_receipt(self, body: str) -> WriteOutcome:
        """Make this item receipt once."""
        return self._receipts.create(body)

    def find_receipt(self, body: str, sent_at: datetime) -> WriteOutcome | None:
        """`already_exists` when the item receipt is there, None when it is surely not."""
        return self._receipts.find(body, sent_at)

    def receipts(self, receipt_ids: Collection[str]) -> Mapping[str, str]:
        """Receipt id -> internal id of its item receipt, of those that NetSuite has."""
        return self._receipts.there(receipt_ids)

    def read_back(self, body: str, item_receipt_id: str) -> ReadBack:
        """The item receipt and its purchase order as they stand now."""
        return self._receipts.read_back(body, item_receipt_id)

    def describe_receipt(self, body: str) -> str:
        """The call that `create_receipt` would make."""
        return self._receipts.describe(body)
