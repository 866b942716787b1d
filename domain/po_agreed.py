"""What operators said to go on without: the keys that holds name, and the pieces that they leave out of NetSuite.

A key of a receipt ends in the number that it is about: another number is another question, and is asked anew. A key of
an older ledger has no number. What it was about is left out as before, and asked once more.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from domain.po_units import plain
from domain.purchase_order import ZERO, PoMemory, ReceiptFact

_NUMBERED = re.compile(r"(?P<subject>.+):(?P<number>-?\d+(\.\d+)?)")
_SUPERSEDED = ("excess:", "inexact:", "unplanned:", "changed:")
"""Kinds of keys of which the newest number alone stands."""


def doubt_key(receipt: ReceiptFact) -> str:
    """The acknowledgement that NetSuite has a receipt in doubt."""
    return f"doubt:{receipt.receipt_id}"


def excess_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that so many pieces of a line are not passed on."""
    return f"excess:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def inexact_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that a line of a receipt was booked by hand, since it has no exact value in its unit."""
    return f"inexact:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def unplanned_key(receipt: ReceiptFact, sku: str, pieces: Decimal) -> str:
    """The acknowledgement that so many pieces of a product without a line are left out of NetSuite."""
    return f"unplanned:{receipt.receipt_id}:{sku}:{plain(pieces)}"


def changed_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that NetSuite was put right, since HotWax counts so many pieces of a line now."""
    return f"changed:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def is_left_out(receipt: ReceiptFact, line_id: str, pieces: Decimal, memory: PoMemory) -> bool:
    """Whether an operator said to go on without just so many pieces of a line."""
    keys = {excess_key(receipt, line_id, pieces), inexact_key(receipt, line_id, pieces)}
    return not keys.isdisjoint(memory.acknowledged)


def left_out(receipt: ReceiptFact, memory: PoMemory) -> Mapping[str, Decimal]:
    """Line id -> pieces that are never passed on any more: an operator has booked or returned them."""
    found: dict[str, Decimal] = {}
    for kind in ("excess", "inexact"):
        for line_id, number in _agreed(kind, receipt, memory).items():
            all_of_it = receipt.held_back.get(line_id, receipt.pieces.get(line_id, ZERO))
            found[line_id] = max(found.get(line_id, ZERO), all_of_it if number is None else number)
    return found


def unplanned_left(receipt: ReceiptFact, memory: PoMemory) -> Mapping[str, Decimal]:
    """SKU -> pieces of products without a line that no operator said to leave out."""
    said = _agreed("unplanned", receipt, memory)
    out = {sku: receipt.unplanned.get(sku, ZERO) if number is None else number for sku, number in said.items()}
    return {sku: max(ZERO, got - out.get(sku, ZERO)) for sku, got in receipt.unplanned.items()}


def acknowledging(acknowledged: Iterable[str], keys: Iterable[str]) -> frozenset[str]:
    """All that is acknowledged once these keys are too: a new number takes the place of what was said before."""
    new = frozenset(keys)
    subjects = {_subject(key) for key in new if key.startswith(_SUPERSEDED)}
    return frozenset(key for key in acknowledged if not {key, _subject(key)} & subjects) | new


def _agreed(kind: str, receipt: ReceiptFact, memory: PoMemory) -> Mapping[str, Decimal | None]:
    """Line or SKU -> the acknowledged number of a receipt; None where an older ledger has none."""
    prefix = f"{kind}:{receipt.receipt_id}:"
    found: dict[str, Decimal | None] = {}
    for key in sorted(memory.acknowledged):
        if key.startswith(prefix):
            if numbered := _NUMBERED.fullmatch(key, len(prefix)):
                found[numbered["subject"]] = Decimal(numbered["number"])
            else:
                found.setdefault(key.removeprefix(prefix), None)
    return found


def _subject(key: str) -> str:
    numbered = _NUMBERED.fullmatch(key)
    return numbered["subject"] if numbered else key
