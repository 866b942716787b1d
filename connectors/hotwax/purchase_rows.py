"""What purchase orders refer to: SKUs and facilities, fetched in batches and remembered for a while."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TypeVar

from connectors.errors import Contract
from connectors.hotwax.lookups import GOOD_IDENTIFICATION, Remembered
from connectors.hotwax.paging import all_rows, batches
from connectors.hotwax.purchase_wire import WireExternalFacility
from connectors.hotwax.session import Session
from connectors.hotwax.wire import Wire, WireGoodIdentification, read
from connectors.settings import HotWaxSettings

FACILITY = "org.apache.ofbiz.product.facility.Facility"

_BATCH = 200

Row = TypeVar("Row", bound=Wire)


class PurchaseTables:
    """SKUs of products and external ids of facilities, fetched in batches."""

    def __init__(self, session: Session, settings: HotWaxSettings) -> None:
        self._session, self._settings = session, settings
        keep_s = settings.cache_for.total_seconds()
        self._skus = Remembered(session, keep_s, self._load_skus)
        self._facilities = Remembered(session, keep_s, self._load_facilities)

    def skus(self, products: Collection[str]) -> Mapping[str, str]:
        """The SKU of each of these products, without those that have none."""
        return self._skus.of(products)

    def facilities(self, facility_ids: Collection[str]) -> Mapping[str, str]:
        """NetSuite's id of each of these facilities, without those that have none."""
        return self._facilities.of(facility_ids)

    def _load_skus(self, products: Collection[str]) -> Mapping[str, str]:
        """Among rows that are not expired the newest, then the smallest."""
        kind = {"goodIdentificationTypeId": self._settings.sku_type}
        found = self._batched(GOOD_IDENTIFICATION, WireGoodIdentification, "productId", products, kind)
        rows = [row for row in found if row.thru_date is None]
        rows.sort(key=lambda row: (row.from_date.timestamp() if row.from_date else 0.0, row.id_value))
        return {row.product_id: row.id_value for row in rows}

    def _load_facilities(self, facility_ids: Collection[str]) -> Mapping[str, str]:
        rows = self._batched(FACILITY, WireExternalFacility, "facilityId", facility_ids, {})
        return {row.facility_id: row.external_id for row in rows if row.external_id is not None}

    def _batched(
        self, entity: str, shape: type[Row], key: str, keys: Collection[str], kind: Mapping[str, str]
    ) -> list[Row]:
        found: list[Row] = []
        for batch in batches(keys, _BATCH):
            wanted = {**kind, key: batch, f"{key}_op": "in", "orderByField": key}
            for place, row in all_rows(self._session, "read_tables", entity, wanted):
                # A bad row counts as none: what lacks its SKU is held, and everything else goes on.
                with suppress(Contract):
                    found.append(read(self._session.name, "read_tables", shape, row, place))
        return found
