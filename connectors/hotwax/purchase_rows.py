"""All rows of a list, page by page to the end; and what purchase orders refer to, remembered for a while."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from connectors.errors import Contract
from connectors.hotwax.lookups import GOOD_IDENTIFICATION, Remembered
from connectors.hotwax.purchase_wire import WireExternalFacility
from connectors.hotwax.session import Session
from connectors.hotwax.wire import Wire, WireGoodIdentification, read
from connectors.settings import HotWaxSettings

FACILITY = "org.apache.ofbiz.product.facility.Facility"

_BATCH = 200
_PAGE = 1000
_MOST_PAGES = 1000
_SMALLEST_PAGE = 20
"""What a list gives when its page size is not understood (hotwax 2.2)."""

Row = TypeVar("Row", bound=Wire)


def pages(system: str, operation: str, name: str, page: Callable[[int, int], list[Any]]) -> Iterator[tuple[str, Any]]:
    """Every row, each with its place in the list `name`; `page` gives the rows of an index and a size.

    A page below the smallest size that HotWax has is the last one. A page that is merely shorter than asked for is not:
    a server may have a bound of its own.

    Raises:
        Contract: the pages do not end.
    """
    seen, before = 0, list[Any]()
    for index in range(_MOST_PAGES):
        rows = page(index, _PAGE)
        if rows and rows == before:
            raise Contract(system, operation, place=f"page {index}", expected="other rows", got="the same again")
        yield from ((f"{name}[{at}]", row) for at, row in enumerate(rows, seen))
        if len(rows) < _SMALLEST_PAGE:
            return
        seen, before = seen + len(rows), rows
    raise Contract(system, operation, place=name, expected="an end", got=f"{seen} rows and more")


def all_rows(session: Session, operation: str, entity: str, wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every row of an entity that is wanted, each with its place; `wanted` names the order, or pages would overlap."""

    def page(index: int, size: int) -> list[Any]:
        return session.entity_rows(operation, entity, {**wanted, "pageIndex": index, "pageSize": size})

    return pages(session.name, operation, "entityValueList", page)


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


def batches(keys: Collection[str], size: int) -> Iterator[list[str]]:
    """The keys, each once, in order, so many at a time."""
    ordered = sorted(set(keys))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
