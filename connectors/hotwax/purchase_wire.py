"""HotWax's own shapes around purchase orders, read leniently (hotwax 1.1, 2.7, 2.8)."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from connectors.hotwax.wire import BROKEN, Amount, Id, Time, Wire

_COUNT = re.compile(r"(\d{1,12})(\.0*)?")


def _count(value: object) -> int:
    """A whole number from 0 on; HotWax writes counts as numbers or as texts."""
    found = None if isinstance(value, bool) else _COUNT.fullmatch(str(value).strip())
    if found is None:
        raise ValueError("a whole number from 0 on")
    return int(found[1])


Count = Annotated[int, BeforeValidator(_count)]
Pieces = Annotated[Amount, Field(max_digits=20, decimal_places=6)]
"""A quantity, bounded as a column is: the difference of two of them is exact."""

_TIME = TypeAdapter[datetime](Time)


class StoredUpload(BaseModel):
    """The body of an upload as the ledger keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    config: str = Field(min_length=1)
    file_name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    csv: str = Field(min_length=1)


class WireUploaded(Wire):
    """The answer to an upload."""

    upload_file_content_id: str


class WireLog(Wire):
    """A row of the Data Manager's log: what became of one uploaded file."""

    log_id: str
    status_id: str
    upload_file_content_id: str | None = None
    file_name: str | None = None
    total_record_count: Count | None = None
    failed_record_count: Count | None = None
    error_record_content_id: str | None = None


class WirePurchaseHeader(Wire):
    """The header of an order that carries an id of NetSuite's."""

    order_id: Id
    external_id: Id
    status_id: str


class WirePurchaseItem(Wire):
    """A line of a purchase order."""

    order_id: Id
    order_item_seq_id: Id
    ship_group_seq_id: Id | None = None
    external_id: Id | None = None
    product_id: Id
    quantity: Pieces
    cancel_quantity: Pieces = Decimal(0)
    status_id: str
    estimated_delivery_date: Time | None = None


class WirePurchaseGroup(Wire):
    """Where lines of a purchase order are to be received."""

    order_id: Id
    ship_group_seq_id: Id
    facility_id: str | None = None


class WireReceipt(Wire):
    """A row of ShipmentReceipt; quantities that are missing are none."""

    receipt_id: Id
    order_id: Id | None = None
    order_item_seq_id: Id | None = None
    product_id: Id
    quantity_accepted: Pieces = Decimal(0)
    quantity_rejected: Pieces = Decimal(0)
    datetime_received: Time
    shipment_id: Id | None = None


class WireShipment(Wire):
    """A shipment with the order it is about."""

    shipment_id: Id
    primary_order_id: Id | None = None


class WireExternalFacility(Wire):
    """A facility with its id in NetSuite."""

    facility_id: str
    external_id: str | None = None


def text_of(row: Any, key: str) -> str | None:
    """What stands under this key of a row that may be anything, as text; None when there is nothing."""
    value = row.get(key) if isinstance(row, dict) else None
    return None if value is None else str(value)


def id_in(row: Any, key: str) -> str | None:
    """The id under this key of a row that may be anything; None when there is none that could be one."""
    value = row.get(key) if isinstance(row, dict) else None
    is_id = isinstance(value, str | int) and not isinstance(value, bool)
    text = str(value) if is_id else ""
    return text if text and not BROKEN.search(text) else None


def time_in(row: Any, key: str) -> datetime | None:
    """The moment under this key of a row that may be anything; None when there is none that could be one."""
    try:
        return _TIME.validate_python(row.get(key) if isinstance(row, dict) else None)
    except ValidationError:
        return None
