"""Receipt files: JSON that the stock importer reads safely (hotwax 4.5), and that our own answers one by one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple

from pydantic import BeforeValidator, Field, Strict, TypeAdapter, ValidationError

from connectors import exact_json
from connectors.errors import shortened
from connectors.po_files.document import text_of, wrong_shape
from connectors.po_files.errors import FileRefusedError, Refusal, UnsafeReceiptError
from connectors.po_files.limits import ReceiptLimits
from connectors.po_files.values import Identifier, is_identifier, positive
from domain.base import Frozen, Moment
from domain.purchase_order import ReceiptToSend

DEFAULT_LIMITS = ReceiptLimits()
_BRACKETS = 2
_NAME = re.compile(r"WB-RCPT-(\d{8}T\d{6})Z-\d+\.json")
_STAMP = "%Y%m%dT%H%M%S"


class FileName(NamedTuple):
    """The name of a receipt file of ours, and when it was made."""

    at: datetime
    text: str


def file_name(at: datetime, number: int) -> str:
    """The name of a receipt file: when, in UTC, and a number of its own."""
    return f"WB-RCPT-{at:{_STAMP}}Z-{number}.json"


def file_name_in(name: str) -> FileName | None:
    """The name of ours in this one, which its reader may have written more around; None where there is none."""
    found = _NAME.search(name)
    try:
        return FileName(datetime.strptime(found[1], _STAMP).replace(tzinfo=UTC), found[0]) if found else None
    except ValueError:
        return None


class ReceiptFile(Frozen):
    """One file's exact bytes, and the receipts in it, in their order."""

    receipt_ids: tuple[str, ...]
    content: bytes


def receipt_files(receipts: Iterable[ReceiptToSend], limits: ReceiptLimits = DEFAULT_LIMITS) -> Iterator[ReceiptFile]:
    """The files that carry these receipts, in their order, each within the limits.

    The same receipts give the same bytes: keys and lines have a fixed order, quantities are texts in plain digits,
    times are UTC, cut to the second.

    Raises:
        UnsafeReceiptError: a receipt names no line or receives nothing; a receipt or its purchase order comes twice
            (the stock importer reads files in any order, and what the second may name depends on the first); or one
            receipt alone is too large.
    """
    waiting: list[tuple[str, bytes]] = []
    size = _BRACKETS
    for receipt in _each_once(receipts):
        entry = exact_json.dumps(_entry(receipt)).encode()
        if len(entry) + _BRACKETS > limits.file_bytes:
            most = f"{limits.file_bytes:,} bytes, the most that a file may have: raise sizes.bytes_per_file"
            raise UnsafeReceiptError(f"receipt {receipt.receipt_id} alone is over {most}")
        if waiting and (len(waiting) == limits.entries or size + 1 + len(entry) > limits.file_bytes):
            yield _file(waiting)
            waiting, size = [], _BRACKETS
        size += len(entry) + bool(waiting)
        waiting.append((receipt.receipt_id, entry))
    if waiting:
        yield _file(waiting)


def _file(entries: Sequence[tuple[str, bytes]]) -> ReceiptFile:
    content = b"[" + b",".join(entry for _, entry in entries) + b"]"
    return ReceiptFile(receipt_ids=tuple(receipt_id for receipt_id, _ in entries), content=content)


def _each_once(receipts: Iterable[ReceiptToSend]) -> Iterator[ReceiptToSend]:
    seen: set[tuple[str, str]] = set()
    for receipt in receipts:
        keys = {("receipt", receipt.receipt_id), ("purchase order", receipt.po_id)}
        if doubled := keys & seen:
            kind, name = min(doubled)
            raise UnsafeReceiptError(f"{kind} {name} comes twice: one after the other, never together")
        seen |= keys
        yield receipt


def _entry(receipt: ReceiptToSend) -> exact_json.Value:
    problem = _danger(receipt.quantities)
    if not is_identifier(receipt.po_id) or not receipt.receipt_id.strip():
        problem = f"{receipt.po_id!r} is no internal id of NetSuite, or the receipt has no id"
    if problem:
        raise UnsafeReceiptError(f"receipt {receipt.receipt_id} of purchase order {receipt.po_id}: {problem}")
    lines = sorted(receipt.quantities.items(), key=lambda line: int(line[0]))
    return {
        "order_id": receipt.po_id,
        "receipt_id": receipt.receipt_id,
        "received_at": utc_text(receipt.received_at),
        "items": [{"line_id": line_id, "quantity": _text(quantity)} for line_id, quantity in lines],
    }


def _danger(quantities: Mapping[str, Decimal | None]) -> str:
    """Why NetSuite would receive something else than what these quantities mean; empty when it would not."""
    if not quantities:
        return "it names no line, so that the stock importer would receive the whole purchase order"
    for line_id, quantity in quantities.items():
        if not is_identifier(line_id):
            return f"{shortened(line_id)!r} is no line id of NetSuite: the importer would find no line"
        if quantity is not None and not _is_amount(quantity):
            return f"line {line_id} has the quantity {quantity}: expected one above zero, or none"
    if not any(quantities.values()):
        return "it receives nothing, and NetSuite refuses an item receipt without a line"
    return ""


def _is_amount(quantity: Decimal) -> bool:
    try:
        return positive(exact_json.plain(quantity)) == quantity
    except ValueError:
        return False


def _text(quantity: Decimal | None) -> str | None:
    return None if quantity is None else exact_json.plain(quantity)


def utc_text(at: datetime) -> str:
    """The moment as `YYYY-MM-DDThh:mm:ssZ`; `at` is in UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _quantity(text: object) -> Decimal:
    if not isinstance(text, str):
        raise ValueError("is no text")  # noqa: TRY004 - pydantic collects value errors
    return positive(text)


class _Item(Frozen):
    line_id: Identifier
    quantity: Annotated[Decimal, BeforeValidator(_quantity)] | None


StrictMoment = Annotated[Moment, Strict()]
"""A moment as a text; a bare number is none."""


class _Entry(Frozen):
    order_id: Identifier
    receipt_id: Annotated[str, Field(min_length=1)]
    received_at: StrictMoment
    items: Annotated[tuple[_Item, ...], Field(min_length=1)]


_FILE: TypeAdapter[list[_Entry]] = TypeAdapter(list[_Entry])


def read_receipts(content: bytes) -> tuple[ReceiptToSend, ...]:
    """The receipts of a file that `receipt_files` wrote.

    Raises:
        FileRefusedError: it is no such file, or it is not safe to import.
    """
    try:
        entries = _FILE.validate_json(text_of(content))
        receipts = tuple(map(_receipt, entries))
        for receipt in _each_once(receipts):
            _entry(receipt)
    except ValidationError as problem:
        raise wrong_shape(problem, "file") from None
    except UnsafeReceiptError as problem:
        raise FileRefusedError(Refusal.WRONG_SHAPE, str(problem)) from None
    return receipts


def _receipt(entry: _Entry) -> ReceiptToSend:
    quantities = {item.line_id: item.quantity for item in entry.items}
    if len(quantities) < len(entry.items):
        raise UnsafeReceiptError(f"receipt {entry.receipt_id}: a line is named twice, and would not be summed")
    return ReceiptToSend(
        receipt_id=entry.receipt_id, po_id=entry.order_id, received_at=entry.received_at, quantities=quantities
    )
