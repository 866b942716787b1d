"""What operators said to go on without: the keys that holds name, and the pieces that they leave out of NetSuite.

A key of a receipt ends in the number that it is about: another number is another question, and is asked anew. A key of
an older ledger has no number. What it was about is left out as before, and asked once more.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from domain.po_units import plain
from domain.purchase_order import ZERO, PoLine, ReceiptFact

_NUMBERED = re.compile(r"(?P<about>.+):(?P<number>-?\d+(\.\d+)?)")
_SUPERSEDED = ("excess:", "inexact:", "unplanned:", "changed:", "overtaken:")
"""Kinds of keys of which the newest number alone stands."""


def doubt_key(receipt: ReceiptFact) -> str:
    """The acknowledgement that NetSuite has a receipt in doubt: for this reason, and another one is asked anew."""
    return f"doubt:{receipt.receipt_id}" + (f": {receipt.problem}" if receipt.problem else "")


def is_doubt_settled(receipt: ReceiptFact, acknowledged: Collection[str]) -> bool:
    """Whether an operator said that NetSuite has a receipt in doubt; a key of an older ledger has no reason."""
    return not {doubt_key(receipt), f"doubt:{receipt.receipt_id}"}.isdisjoint(acknowledged)


def without_doubts(acknowledged: Iterable[str], receipt_id: str) -> frozenset[str]:
    """All that is acknowledged once a receipt is sent again: what was said of its earlier sending is void."""
    doubt = f"doubt:{receipt_id}"
    return frozenset(key for key in acknowledged if key != doubt and not key.startswith(f"{doubt}: "))


def excess_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that so many pieces of a line are not passed on."""
    return f"excess:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def inexact_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that a line of a receipt was booked by hand, since it has no exact value in its unit."""
    return f"inexact:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def unplanned_key(receipt: ReceiptFact, sku: str, pieces: Decimal) -> str:
    """The acknowledgement that so many pieces of a product without a line are left out of NetSuite."""
    return f"{_unplanned(receipt, sku)}:{plain(pieces)}"


def changed_key(receipt: ReceiptFact, line_id: str, pieces: Decimal) -> str:
    """The acknowledgement that NetSuite was put right, since HotWax counts so many pieces of a line now."""
    return f"changed:{receipt.receipt_id}:{line_id}:{plain(pieces)}"


def overtaken_key(line: PoLine) -> str:
    """The remark that NetSuite was put right by hand since it told so much as received of the line."""
    return f"overtaken:{line.line_id}:{plain(line.received or ZERO)}"


class Agreed:
    """What was acknowledged, by what it is about."""

    def __init__(self, acknowledged: Collection[str]) -> None:
        self._keys = acknowledged
        numbered = (_NUMBERED.fullmatch(key) for key in acknowledged)
        self._numbers = {found["about"]: Decimal(found["number"]) for found in numbered if found}

    def told(self, line: PoLine) -> Decimal | None:
        """What NetSuite told as received of the line; None where it told nothing, or nothing since it was put right."""
        return None if overtaken_key(line) in self._keys else line.received

    def taken_back(self, receipt: ReceiptFact) -> Mapping[str, Decimal]:
        """Line id -> pieces, below nothing, that a receipt took back of others, and NetSuite was put right for."""
        taken = {i: got for i, got in receipt.pieces.items() if got < 0 and i not in receipt.sent}
        return {i: got for i, got in taken.items() if changed_key(receipt, i, got) in self._keys}

    def is_left_out(self, receipt: ReceiptFact, line_id: str, pieces: Decimal) -> bool:
        """Whether an operator said to go on without just so many pieces of a line."""
        keys = {excess_key(receipt, line_id, pieces), inexact_key(receipt, line_id, pieces)}
        return not keys.isdisjoint(self._keys)

    def left_out(self, receipt: ReceiptFact, line_id: str) -> Decimal:
        """Pieces of a line that are never passed on any more: an operator has booked or returned them."""
        all_of_it = receipt.held_back.get(line_id, receipt.pieces.get(line_id, ZERO))
        return max(self._number(f"{kind}:{receipt.receipt_id}:{line_id}", all_of_it) for kind in ("excess", "inexact"))

    def unplanned_left(self, receipt: ReceiptFact) -> Mapping[str, Decimal]:
        """SKU -> pieces of products without a line that no operator said to leave out."""
        left = {sku: got - self._number(_unplanned(receipt, sku), got) for sku, got in receipt.unplanned.items()}
        return {sku: max(ZERO, pieces) for sku, pieces in left.items()}

    def _number(self, about: str, all_of_it: Decimal) -> Decimal:
        return self._numbers.get(about, all_of_it if about in self._keys else ZERO)


def acknowledging(acknowledged: Iterable[str], keys: Iterable[str]) -> frozenset[str]:
    """All that is acknowledged once these keys are too: a new number takes the place of what was said before."""
    new = frozenset(keys)
    anew = {_about(key) for key in new if key.startswith(_SUPERSEDED)}
    return frozenset(key for key in acknowledged if not {key, _about(key)} & anew) | new


def _about(key: str) -> str:
    numbered = _NUMBERED.fullmatch(key)
    return numbered["about"] if numbered else key


def _unplanned(receipt: ReceiptFact, sku: str) -> str:
    return f"unplanned:{receipt.receipt_id}:{sku}"
