"""What orders refer to: UPCs, shipment methods and facility types, fetched in batches and remembered for a while."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from time import monotonic
from typing import TypeVar

from connectors.hotwax.mapping import Lookups
from connectors.hotwax.paging import all_rows, batches
from connectors.hotwax.session import Session
from connectors.hotwax.wire import (
    WireFacility,
    WireGoodIdentification,
    WireMethod,
    WireOrder,
    read,
)
from connectors.settings import HotWaxSettings

GOOD_IDENTIFICATION = "org.apache.ofbiz.product.product.GoodIdentification"
SHIPMENT_METHOD = "org.apache.ofbiz.shipment.shipment.ShipmentMethodType"
_FACILITIES = "/rest/s1/oms/facilities"

_BATCH = 100
_PAGE = 1000

Row = TypeVar("Row")
Load = Callable[[Collection[str]], Mapping[str, str]]


class Remembered:
    """Values by key, loaded together when one is missing or old. A key that has no value is asked for again."""

    def __init__(self, session: Session, keep_s: float, load: Load) -> None:
        self._session = session
        self._keep_s = keep_s
        self._load = load
        self._lock = threading.Lock()
        self._values: dict[str, tuple[float, str]] = {}

    def of(self, keys: Collection[str]) -> Mapping[str, str]:
        """The values of these keys, without those that have none."""
        if missing := self._missing(keys):
            # The turn comes first: a thread that holds one and waits for the lock must not keep the loader waiting.
            with self._session.turn(), self._lock:
                if missing := self._missing(keys):
                    now = monotonic()
                    self._values.update({key: (now, value) for key, value in self._load(missing).items()})
        values = self._values
        return {key: values[key][1] for key in keys if key in values}

    def _missing(self, keys: Collection[str]) -> list[str]:
        oldest = monotonic() - self._keep_s
        return sorted({key for key in keys if self._values.get(key, (oldest, ""))[0] <= oldest})


class LookupTables:
    """Everything that an order in the master shape does not say itself."""

    def __init__(self, session: Session, settings: HotWaxSettings) -> None:
        self._session = session
        self._settings = settings
        keep_s = settings.cache_for.total_seconds()
        self._upcs = Remembered(session, keep_s, self._load_upcs)
        self._methods = Remembered(session, keep_s, self._load_methods)
        self._facilities = Remembered(session, keep_s, self._load_facilities)

    def of(self, order: WireOrder) -> Lookups:
        """What this order refers to."""
        groups = [group for group in order.ship_groups if group.items]
        return Lookups(
            upcs=self._upcs.of({item.product_id for group in groups for item in group.items}),
            method_parents=self._methods.of({group.shipment_method_type_id for group in groups} - {""}),
            facility_parents=self._facilities.of({group.facility_id for group in groups if group.facility_id}),
        )

    def _load_upcs(self, products: Collection[str]) -> Mapping[str, str]:
        """The UPC of each product: among rows that are not expired the newest, then the smallest."""
        found = (row for batch in batches(products, _BATCH) for row in self._upc_rows(batch))
        rows = [row for row in found if row.thru_date is None]
        rows.sort(key=lambda row: (row.from_date.timestamp() if row.from_date else 0.0, row.id_value))
        return {row.product_id: row.id_value for row in rows}

    def _upc_rows(self, products: list[str]) -> Iterator[WireGoodIdentification]:
        wanted = {"productId": products, "productId_op": "in", "goodIdentificationTypeId": self._settings.upc_type}
        return self._all(
            "read_upcs", GOOD_IDENTIFICATION, WireGoodIdentification, {**wanted, "orderByField": "productId"}
        )

    def _load_methods(self, _: Collection[str]) -> Mapping[str, str]:
        rows = self._all("read_methods", SHIPMENT_METHOD, WireMethod, {"orderByField": "shipmentMethodTypeId"})
        return {row.shipment_method_type_id: row.parent_type_id or "" for row in rows}

    def _load_facilities(self, _: Collection[str]) -> Mapping[str, str]:
        return {row.facility_id: row.parent_type_id or "" for row in self._facility_rows()}

    def _facility_rows(self) -> Iterator[WireFacility]:
        """All facilities; of this list only the page size is known (hotwax 2.6), so a short page is the last."""
        for index in count():
            params: dict[str, str | int] = {"pageIndex": index, "pageSize": _PAGE, "orderByField": "facilityId"}
            found = self._session.get("read_facilities", _FACILITIES, params)
            rows = read(self._session.name, "read_facilities", list[object], found, "facilities")
            for at, row in enumerate(rows, index * _PAGE):
                yield read(self._session.name, "read_facilities", WireFacility, row, f"facilities[{at}]")
            if len(rows) < _PAGE:
                return

    def _all(self, operation: str, entity: str, shape: type[Row], wanted: Mapping[str, object]) -> Iterator[Row]:
        for place, row in all_rows(self._session, operation, entity, wanted):
            yield read(self._session.name, operation, shape, row, place)
