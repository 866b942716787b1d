"""Purchase orders read back from HotWax: one that makes no sense is told so, and the others go on."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from connectors.errors import Contract
from connectors.hotwax.paging import all_rows, batches
from connectors.hotwax.purchase_rows import PurchaseTables
from connectors.hotwax.purchase_wire import WirePurchaseGroup, WirePurchaseHeader, WirePurchaseItem, text_of
from connectors.hotwax.session import Session
from connectors.hotwax.wire import Wire, read
from connectors.po_ports import OmsPurchaseLine, OmsPurchaseOrder, UnclearPurchaseOrder
from connectors.settings import HotWaxSettings
from domain.order import DROPPED, LineStatus

ORDER_HEADER = "org.apache.ofbiz.order.order.OrderHeader"
ORDER_ITEM = "org.apache.ofbiz.order.order.OrderItem"
ORDER_SHIP_GROUP = "org.apache.ofbiz.order.order.OrderItemShipGroup"

_CLOSED = DROPPED | {LineStatus.COMPLETED}
_CANCELLED = frozenset({"ORDER_CANCELLED", "ORDER_REJECTED"})
_BATCH = 100
_SHOWN = 5
_OPERATION = "read_back"

Row = TypeVar("Row", bound=Wire)
Told = OmsPurchaseOrder | UnclearPurchaseOrder


@dataclass(frozen=True)
class _Kind(Generic[Row]):
    """A kind of row: `owner` is the field that says whose it is, `own` the one that tells it from its siblings."""

    entity: str
    shape: type[Row]
    owner: str
    own: str
    only: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Gathered(Generic[Row]):
    """Rows by owner and own id, each once, and for some owners why a row of theirs could not be read."""

    rows: Mapping[str, Mapping[str, Row]]
    problems: Mapping[str, str]


_HEADERS = _Kind(ORDER_HEADER, WirePurchaseHeader, "externalId", "orderId", (("orderTypeId", "PURCHASE_ORDER"),))
_ITEMS = _Kind(ORDER_ITEM, WirePurchaseItem, "orderId", "orderItemSeqId")
_GROUPS = _Kind(ORDER_SHIP_GROUP, WirePurchaseGroup, "orderId", "shipGroupSeqId")


@dataclass(frozen=True)
class _Details:
    """What a batch of headers needs to become purchase orders."""

    items: _Gathered[WirePurchaseItem]
    groups: _Gathered[WirePurchaseGroup]
    skus: Mapping[str, str]
    facilities: Mapping[str, str]
    zone: ZoneInfo

    def problem_of(self, order_id: str) -> str:
        """Why this order cannot be told; empty when it can."""
        return self.items.problems.get(order_id) or self.groups.problems.get(order_id, "")

    def order(self, po_id: str, header: WirePurchaseHeader) -> OmsPurchaseOrder:
        """The purchase order, its lines by their sequence ids."""
        lines = self.items.rows.get(header.order_id, {})
        return OmsPurchaseOrder(
            po_id=po_id,
            order_id=header.order_id,
            status=header.status_id,
            lines=tuple(self._line(lines[seq_id]) for seq_id in sorted(lines)),
        )

    def _line(self, item: WirePurchaseItem) -> OmsPurchaseLine:
        group = self.groups.rows.get(item.order_id, {}).get(item.ship_group_seq_id or "")
        due = item.estimated_delivery_date
        return OmsPurchaseLine(
            seq_id=item.order_item_seq_id,
            line_id=item.external_id,
            product_id=item.product_id,
            sku=self.skus.get(item.product_id),
            pieces=item.quantity - item.cancel_quantity,
            facility=self.facilities.get(group.facility_id or "") if group else None,
            arrival=due.astimezone(self.zone).date() if due else None,
            status=item.status_id,
            closed=item.status_id in _CLOSED,
        )


class PurchaseOrders:
    """Reads purchase orders by NetSuite's internal id, in batches."""

    def __init__(self, session: Session, settings: HotWaxSettings, tables: PurchaseTables) -> None:
        self._session, self._zone, self._tables = session, settings.timezone, tables

    def of(self, po_ids: Collection[str]) -> Mapping[str, Told]:
        """What HotWax has of these; those it has not are absent."""
        return {po_id: told for batch in batches(po_ids, _BATCH) for po_id, told in self._batch(batch).items()}

    def _batch(self, po_ids: list[str]) -> Mapping[str, Told]:
        headers = self._gather(_HEADERS, po_ids)
        orders = {po_id: _standing(rows) for po_id, rows in headers.rows.items()}
        details = self._details({order_id for rows in orders.values() for order_id in rows if len(rows) == 1})
        told: dict[str, Told] = {}
        for po_id in sorted({*orders, *headers.problems}):
            rows = orders.get(po_id, {})
            problem = headers.problems.get(po_id) or _doubled(po_id, rows) or details.problem_of(next(iter(rows)))
            told[po_id] = (
                UnclearPurchaseOrder(po_id=po_id, order_ids=tuple(sorted(rows)), problem=problem)
                if problem
                else details.order(po_id, next(iter(rows.values())))
            )
        return told

    def _details(self, order_ids: Collection[str]) -> _Details:
        items, groups = self._gather(_ITEMS, order_ids), self._gather(_GROUPS, order_ids)
        products = {item.product_id for rows in items.rows.values() for item in rows.values()}
        places = {group.facility_id for rows in groups.rows.values() for group in rows.values() if group.facility_id}
        return _Details(items, groups, self._tables.skus(products), self._tables.facilities(places), self._zone)

    def _gather(self, kind: _Kind[Row], owners: Collection[str]) -> _Gathered[Row]:
        """All rows of these owners; a row that two pages show counts once."""
        rows: dict[str, dict[str, Row]] = defaultdict(dict)
        problems: dict[str, str] = {}
        if not owners:
            return _Gathered(rows, problems)
        wanted = {kind.owner: sorted(owners), f"{kind.owner}_op": "in", **dict(kind.only)}
        order = {"orderByField": f"{kind.owner},{kind.own}"}
        for place, raw in all_rows(self._session, _OPERATION, kind.entity, {**wanted, **order}):
            owner = self._owner(kind, raw, place, owners)
            try:
                row = read(self._session.name, _OPERATION, kind.shape, raw, place)
                rows[owner][text_of(raw, kind.own) or place] = row
            except Contract as error:
                problems.setdefault(owner, error.message)
        return _Gathered(rows, problems)

    def _owner(self, kind: _Kind[Row], raw: object, place: str, owners: Collection[str]) -> str:
        """Whose row it is.

        Raises:
            Contract: nobody's who was asked for: then HotWax did not understand the filter.
        """
        owner = text_of(raw, kind.owner)
        if owner is None or owner not in owners:
            wanted, got = "one of those asked for", owner or "nothing"
            raise Contract(self._session.name, _OPERATION, place=f"{place}.{kind.owner}", expected=wanted, got=got)
        return owner


def _standing(orders: Mapping[str, WirePurchaseHeader]) -> Mapping[str, WirePurchaseHeader]:
    """Of several orders those that were not cancelled, if any: cancelling is how a double is put right."""
    if len(orders) == 1:
        return orders
    return {order_id: order for order_id, order in orders.items() if order.status_id not in _CANCELLED} or orders


def _doubled(po_id: str, orders: Mapping[str, WirePurchaseHeader]) -> str:
    """That more than one order carries the id; empty when one does."""
    if len(orders) == 1:
        return ""
    shown = ", ".join(sorted(orders)[:_SHOWN])
    return f"{len(orders)} orders in HotWax have the external id {po_id} ({shown}): cancel all but one of them there"
