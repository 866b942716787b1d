"""Receipts as HotWax tells them, row by row: a bad one is named, and the others go on (hotwax 2.7, 4.4, 4.5)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.errors import Contract, NotFound, Rejected
from connectors.hotwax.mapping import NOWHERE
from connectors.hotwax.paging import all_rows, batches, pages
from connectors.hotwax.purchase_rows import PurchaseTables
from connectors.hotwax.purchase_wire import WireReceipt, WireShipment, id_in, time_in
from connectors.hotwax.session import Session
from connectors.hotwax.wire import read
from connectors.po_ports import BadReceipt, OmsReceipt, ReceiptPage
from connectors.settings import HotWaxSettings

SHIPMENT_RECEIPT = "org.apache.ofbiz.shipment.receipt.ShipmentReceipt"
SHIPMENT = "org.apache.ofbiz.shipment.shipment.Shipment"

_PURCHASE_ORDERS = "/rest/s1/oms/purchaseOrders"
_ORDER = "datetimeReceived,receiptId"
_BATCH = 200
_NO_LIST = (Rejected, NotFound, Contract)
"""What says of one list that it cannot be had, and of HotWax as a whole nothing."""


class Receipts:
    """Reads receipts, since a time or of one order."""

    def __init__(self, session: Session, settings: HotWaxSettings, tables: PurchaseTables) -> None:
        self._session, self._settings, self._tables = session, settings, tables

    def since(self, since: datetime, page: int) -> ReceiptPage:
        """One page of the receipts from `since` on; the empty page is the last."""
        wanted = {"datetimeReceived_from": int(since.timestamp() * 1000), "orderByField": _ORDER}
        paging = {"pageIndex": page, "pageSize": self._settings.page_size}
        rows = self._session.entity_rows("receipts_since", SHIPMENT_RECEIPT, {**wanted, **paging})
        placed = ((f"entityValueList[{at}]", row) for at, row in enumerate(rows))
        return self._page("receipts_since", placed, last=not rows)

    def of(self, order_id: str) -> ReceiptPage:
        """All receipts that name this order, or no order and came in a shipment of it."""
        if self._settings.receipts_source == "entity":
            wanted = {"orderId": order_id, "orderByField": _ORDER}
            rows = list(all_rows(self._session, "receipts_of", SHIPMENT_RECEIPT, wanted))
        else:
            rows = list(self._from_resource(order_id))
        unread = ""
        try:
            rows += self._from_shipments(order_id)
        except _NO_LIST as error:
            unread = f"receipts of its shipments that name no order: {error.message}"
        page = _all_of(order_id, self._page("receipts_of", rows, last=True), unread)
        if strange := next((receipt for receipt in page.receipts if receipt.order_id != order_id), None):
            place, got = f"receipt {strange.receipt_id}, orderId", strange.order_id or "nothing"
            raise Contract(self._session.name, "receipts_of", place=place, expected=order_id, got=got)
        return page

    def _from_shipments(self, order_id: str) -> Iterator[tuple[str, Any]]:
        """The rows of the order's shipments that name no order: products that are on none of its lines (hotwax 4.4)."""
        for batch in batches(self._shipments_of(order_id), _BATCH):
            wanted = {"shipmentId": batch, "shipmentId_op": "in", "orderByField": _ORDER}
            for place, row in all_rows(self._session, "receipts_of", SHIPMENT_RECEIPT, wanted):
                if isinstance(row, Mapping) and not row.get("orderId"):
                    self._expect(_name(row) or place, "shipmentId", batch, id_in(row, "shipmentId"))
                    yield place, {**row, "orderId": order_id}

    def _shipments_of(self, order_id: str) -> list[str]:
        wanted = {"primaryOrderId": order_id, "orderByField": "shipmentId"}
        found = list[str]()
        for place, row in all_rows(self._session, "receipts_of", SHIPMENT, wanted):
            wire = read(self._session.name, "receipts_of", WireShipment, row, place)
            self._expect(place, "primaryOrderId", [order_id], wire.primary_order_id)
            found.append(wire.shipment_id)
        return found

    def _expect(self, row: str, key: str, wanted: Collection[str], got: str | None) -> None:
        """Raise `Contract` where HotWax did not understand what was asked for: the row is another than was wanted."""
        if got not in wanted:
            expected = ", ".join(sorted(wanted))
            raise Contract(
                self._session.name, "receipts_of", place=f"{row}, {key}", expected=expected, got=got or "nothing"
            )

    def _from_resource(self, order_id: str) -> Iterator[tuple[str, Any]]:
        """The rows of the order's own resource, which need not repeat the order's id."""
        path = f"{_PURCHASE_ORDERS}/{quote(order_id, safe='')}/receipts"

        def page(index: int, size: int) -> list[Any]:
            params: dict[str, str | int] = {"pageIndex": index, "pageSize": size, "orderByField": _ORDER}
            found = self._session.get("receipts_of", path, params)
            return read(self._session.name, "receipts_of", list[Any], found, "receipts")

        for place, row in pages(self._session.name, "receipts_of", "receipts", page):
            yield place, {**row, "orderId": row.get("orderId") or order_id} if isinstance(row, Mapping) else row

    def _page(self, operation: str, rows: Iterable[tuple[str, Any]], *, last: bool) -> ReceiptPage:
        """The rows, each once, in their order."""
        wires, bad = dict[str, WireReceipt](), list[BadReceipt]()
        for place, row in rows:
            try:
                wire = read(self._session.name, operation, WireReceipt, row, _name(row) or place)
            except Contract as error:
                bad.append(_bad(error, row))
            else:
                wires[wire.receipt_id] = wire
        orders: Mapping[str, str | None] = {}
        why = "HotWax shows no such shipment"
        try:
            orders = self._orders(operation, [*wires.values(), *bad])
        except _NO_LIST as error:
            why = error.message
        named = (one.model_copy(update={"order_id": one.order_id or orders.get(one.shipment_id or "")}) for one in bad)
        lost = (_lost(wire, why) for wire in wires.values() if _is_of_shipment(wire) and wire.shipment_id not in orders)
        found = tuple(self._receipts(wires.values(), orders))
        return ReceiptPage(receipts=found, last=last, bad=tuple(dict.fromkeys((*named, *lost))))

    def _receipts(self, wires: Collection[WireReceipt], orders: Mapping[str, str | None]) -> Iterator[OmsReceipt]:
        skus = self._tables.skus({wire.product_id for wire in wires})
        for wire in wires:
            line = wire.order_item_seq_id
            yield OmsReceipt(
                receipt_id=wire.receipt_id,
                order_id=wire.order_id or orders.get(wire.shipment_id or ""),
                seq_id=None if line == NOWHERE else line,
                product_id=wire.product_id,
                sku=skus.get(wire.product_id),
                accepted=wire.quantity_accepted,
                rejected=wire.quantity_rejected,
                at=wire.datetime_received,
                shipment_id=wire.shipment_id,
            )

    def _orders(self, operation: str, wires: Iterable[WireReceipt | BadReceipt]) -> Mapping[str, str | None]:
        """The order of each shipment, None where it has none: a row may name none itself (hotwax 4.4)."""
        shipments = {wire.shipment_id for wire in wires if wire.shipment_id and _is_of_shipment(wire)}
        found: dict[str, str | None] = {}
        for batch in batches(shipments, _BATCH):
            wanted = {"shipmentId": batch, "shipmentId_op": "in", "orderByField": "shipmentId"}
            for place, row in all_rows(self._session, operation, SHIPMENT, wanted):
                wire = read(self._session.name, operation, WireShipment, row, place)
                found[wire.shipment_id] = wire.primary_order_id
        return found


def _is_of_shipment(row: WireReceipt | BadReceipt) -> bool:
    """Whether only its shipment tells whose it is."""
    return bool(row.shipment_id) and row.order_id is None


def _name(row: Any) -> str | None:
    """What a row is called wherever it stands in a list; None where it does not even say that it is a receipt."""
    receipt_id = id_in(row, "receiptId")
    return f"receipt {receipt_id}" if receipt_id else "a receipt" if isinstance(row, Mapping) else None


def _bad(error: Contract, row: Any) -> BadReceipt:
    return BadReceipt(
        told=error.message,
        receipt_id=id_in(row, "receiptId"),
        order_id=id_in(row, "orderId"),
        shipment_id=id_in(row, "shipmentId"),
        at=time_in(row, "datetimeReceived"),
    )


def _lost(wire: WireReceipt, why: str) -> BadReceipt:
    """A row that can be read, and of which nobody can tell whose it is."""
    told = f"receipt {wire.receipt_id} names no order, and its shipment {wire.shipment_id} cannot be looked up: {why}"
    return BadReceipt(told=told, receipt_id=wire.receipt_id, shipment_id=wire.shipment_id, at=wire.datetime_received)


def _all_of(order_id: str, page: ReceiptPage, unread: str) -> ReceiptPage:
    """The page with its bad rows as those of the order that was asked for."""
    bad = tuple(bad.model_copy(update={"order_id": order_id}) for bad in page.bad)
    return page.model_copy(update={"bad": bad, "unread": unread})
